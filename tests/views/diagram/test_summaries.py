"""What a closed stage says that it holds: its parts by their classes, with widths that are true of each of them."""

from time import process_time

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.fuse import fused_ops
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.ops.rewrites import with_spans
from archscope.views.diagram.plan.contents import contents, in_words
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.repeats import with_memory
from archscope.views.diagram.plan.summaries import _held, _in_row, summary
from tests.views.diagram.test_repeats import conv
from tests.views.diagram.test_said import said


class Translating(nn.Module):
    """A decoder with a memory in a module of its own, and both stacks in one."""

    def __init__(self, layers: int, before: int = 1) -> None:
        super().__init__()
        self.stem = nn.Sequential(*[nn.Linear(8, 8) for _ in range(before)])
        self.head, self.last = nn.Linear(8, 5), nn.Softmax(-1)
        self.transformer = nn.Transformer(8, 2, layers, layers, 16, 0.0, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y: torch.Tensor = self.last(self.head(self.transformer(x, x * 0.5)))
        return y


def test_a_decoder_with_a_memory_says_how_many_layers_it_has() -> None:
    words = said(Translating(3), (4, 8), level="network")
    assert "Decoder: TransformerDecoder 3 × TransformerDecoderLayer 8-8-16-8, LayerNorm" in words


def test_a_stage_with_too_many_widths_says_what_repeats_further_down() -> None:
    words = said(Translating(6, before=60), (4, 8), level="network")
    assert "Transformer 6 × TransformerEncoderLayer, 6 × TransformerDecoderLayer" in words


@pytest.mark.parametrize(
    ("parts", "held"),
    [
        (["64-256", "64-256"], "64-256"),
        (["5×5, 8-8", "3×3, 8-8"], "8-8"),
        (["8-8", "3×3, 8-8", "3×3, 8-8"], "3×3, 8-8"),
        (["3×3, 96-24, SE", "3×3, 144-24, SE", "3×3, 144-24, SE"], "3×3, 144-24, SE, first 96-24"),
        (["104-26-pool-256", "104-26-256", "104-26-256"], "104-26-256, first with pool"),
        (["8-8-8-16", "8-16"], "8-16, first with 8-8"),
        (["8-8-8-8-16", "8-16"], ""),  # too much more
        (["8-16", "8-8-16"], ""),  # less
        (["3×3, 128-128", "3×3, 128"], "of 128"),
        (["3×3, 128-128", "3×3, 256-256", "3×3, 128"], "of 128/256/128"),
        (["128, SE", "256, SE", "512, SE"], ""),
        (["16 convolutions", "9 convolutions", "9 convolutions"], ""),
        (["64-256", "64-128", "64-256"], ""),
        (["48", "", ""], ""),
    ],
)
def test_widths_are_true_of_each_part(parts: list[str], held: str) -> None:
    assert _held(parts) == held


def test_layers_in_a_row_say_each_width() -> None:
    assert _in_row(["3×3, 32", "3×3, 64"]) == "3×3, 32-64"
    assert _in_row(["3×3, 32", "1×1, 32"]) == "32"
    assert _in_row([""]) == ""


class Turns(nn.Sequential):
    """Two kinds of blocks that take turns."""

    class Wide(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))

    class Deep(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(8, 8), nn.Linear(8, 8))

    def __init__(self, times: int) -> None:
        super().__init__(*[kind() for _ in range(times) for kind in (self.Wide, self.Deep)])


def test_blocks_that_take_turns_are_counted_in_turns() -> None:
    stages = [nn.Linear(4, 8), Turns(3), nn.Linear(8, 8), Turns(2), nn.Linear(8, 2)]
    words = said(nn.Sequential(*stages), (4,), level="network")
    assert {"Turns 3 × (Wide, Deep)", "Turns 2 × (Wide, Deep)"} <= {*words}


def test_a_module_at_a_depth_says_its_parts_where_it_would_be_a_count() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
    net = nn.Sequential(nn.Linear(4, 8), nn.TransformerEncoder(layer, 6, enable_nested_tensor=False), nn.Linear(8, 2))
    assert any("6 × TransformerEncoderLayer 8-16-8" in word for word in said(net, (5, 4), level="flow", depth=1))


class Gate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.own, self.other, self.weigh = conv(4, 2, 1), conv(4, 2, 1), conv(2, 1, 1)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        z: torch.Tensor = x * self.weigh(F.relu(self.own(x) + self.other(y))).sigmoid()
        return z


class Routing(nn.Module):
    """Capsules: a parameter times vectors, and much arithmetic."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(6, 3, 5, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = (self.weight @ x[:, :, None, :, None]).squeeze(-1)
        size = (y**2).sum(-1, keepdim=True)
        z: torch.Tensor = y * size / (1 + size) / size.sqrt()
        return z.sum(1)


class Steps(nn.Module):
    """Calls of one layer, between them a factor that changes and one that does not."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i in range(2, 5):
            x = self.layer(x * 0.5).sigmoid() * i
        return x * 0.5


def ops_of(module: nn.Module, *sizes: str) -> list[Op]:
    return [op for op in fused_ops(archscope.trace(module, list(sizes))) if op.kind != "tensor"]


def test_what_is_all_gate_says_its_widths() -> None:
    assert contents(ops_of(Gate(), "4x8x8", "4x8x8"), {}) == "1×1, 2-1"


def test_what_a_box_of_no_module_holds_is_told_in_one_pass() -> None:
    """As often as operations, not as often as pairs of them: 26,000 took ten seconds."""
    wide = [Op(f"wide{i}", "linear", "Linear", "", (), (), (4,), facts=("4",)) for i in range(2_000)]
    others = [Op(f"other{i}", "other", "Sin", "", (), (), (4,)) for i in range(8_000)]
    started = process_time()
    assert in_words([*wide, *others], {}) == "Linear 4, Sin"
    assert process_time() - started < 2


def test_a_dilation_of_all_windows_is_told() -> None:
    layers = [nn.Conv1d(4, 4, 3, padding=2, dilation=2), nn.Conv1d(4, 6, 3, padding=2, dilation=2)]
    assert contents(ops_of(nn.Sequential(*layers), "4x9"), {}) == "3, 4-6, dilation 2"
    layers.append(nn.Conv1d(6, 6, 3, padding=4, dilation=4))
    assert contents(ops_of(nn.Sequential(*layers), "4x9"), {}) == "3, 4-6-6"


def test_rows_of_a_parameter_are_its_width_and_few_widths_are_told_among_words() -> None:
    ops = ops_of(Routing(), "6x4")
    assert in_words(ops, {}) == "MatMul 5, Pow, Sum, …"
    assert contents(ops_of(nn.Sequential(nn.Linear(4, 3)), "4"), {}) == "3"


def test_constants_of_a_loop_are_a_span_only_where_they_change() -> None:
    ops = ops_of(Steps(), "4")
    assert [op.facts for op in with_spans(ops) if op.word == "Scale"] == [
        ("×0.5",), ("×2 … ×4",), ("×0.5",), ("×2 … ×4",), ("×0.5",), ("×2 … ×4",), ("×0.5",)
    ]  # fmt: skip


class ResnetBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv(64, 64), conv(64, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.two(self.one(x).relu())
        return y


class WindowedChannelAttention(ResnetBlock):
    """It has more to say than there is room for beside others."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv(64, 1024, 1), conv(1024, 64, 5)


def test_what_stands_among_what_repeats_is_named_though_its_widths_have_no_room() -> None:
    made = nn.Sequential(
        conv(64, 64), nn.Sequential(ResnetBlock(), ResnetBlock(), WindowedChannelAttention()), conv(64, 8)
    )
    graph = archscope.trace(made, (64, 8, 8))
    assert summary(Modules(fused_ops(graph), graph.blocks), "1") == (
        "2 × ResnetBlock 3×3 64-64", "WindowedChannelAttention"
    )  # fmt: skip


class Cell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv(4, 4), conv(4, 4, 1)

    def forward(self, x: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.one(x).relu() + self.two(before)
        return y


class Cells(nn.Module):
    """As in NASNet: each cell reads the last two."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.cells, self.head = conv(3, 4), nn.ModuleList([Cell() for _ in range(4)]), conv(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        before = x = self.stem(x)
        for cell in self.cells:
            before, x = x, cell(x, before)
        y: torch.Tensor = self.head(x)
        return y


@pytest.mark.parametrize("level", ["network", "flow"])
def test_cells_that_read_the_last_two_are_one_box(level: str) -> None:
    assert "Cell 4, reads the last two" in " ".join(said(Cells(), (3, 8, 8), level=level))


class Listed(nn.Module):
    """A layer of lists alone, as T5's: what runs is in a list within it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])

    def forward(self, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layer[0](x) + self.layer[1](memory)
        return y


def test_a_layer_that_only_holds_a_list_is_called_by_its_class() -> None:
    class Reading(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList([Listed() for _ in range(3)])

        def forward(self, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
            for block in self.blocks:
                x = block(x, memory)
            return x

    graph = archscope.trace(Reading(), ["4x8", "4x8"])
    assert [op.word for op in with_memory(fused_ops(graph), graph.blocks) if op.copies] == ["Listed"]


def test_a_stage_of_modules_without_a_class_says_its_widths_and_their_number_only_where_these_are_too_many() -> None:
    graph = archscope.summarize("inception_v4").graph
    modules = Modules(drawn(graph, "")[0], graph.blocks)
    assert summary(modules, "stem") == ()
    assert summary(modules, "inception_a") == ("4 modules",)
