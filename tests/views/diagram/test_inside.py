"""What a box or a frame says of its inside, and what it must not: words of networks that nobody wrote for papers."""

import itertools
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.views.diagram.drawing import DiagramOptions, draw
from archscope.views.diagram.ops.fuse import fused_ops
from archscope.views.diagram.ops.names import joined_title, part_title
from archscope.views.diagram.plan.contents import contents
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences
from tests.views.diagram.test_repeats import conv, drawn, repeats
from tests.views.explorer.test_explorer import Skips


def test_a_module_that_only_counts_is_called_as_what_holds_it_by_name() -> None:
    assert part_title("blocks.1.0", "Sequential") == "Blocks"
    assert part_title("1.0", "Sequential") == "Sequential"
    assert joined_title("blocks.0", "Blocks") == "blocks.0"


def test_a_stage_of_many_parts_of_which_none_repeats_says_all_its_widths() -> None:
    piece = archscope.diagram("xception", level="network").drawing.piece
    assert ("Exit flow", "3×3, 728-1024-1536-2048") in [(box.title, *box.details) for box in piece.boxes]


class Experts(nn.Module):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(8, width), nn.Linear(width, 8)) for width in widths)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([expert(x) for expert in self.experts]).amax(0)


@pytest.mark.parametrize(
    ("widths", "said"), [((16, 16, 16), "3 branches of 16-8"), ((16, 32), "2 branches"), ((16,), "16-8")]
)
def test_a_closed_module_of_paths_beside_each_other_says_how_many(widths: tuple[int, ...], said: str) -> None:
    ops = fused_ops(archscope.trace(Experts(widths), (8,)))
    assert contents([op for op in ops if op.path.startswith("experts.")], {}) == said


def mixed(before: int, kernels: tuple[int, ...], groups: int = 1) -> nn.Module:
    """Convolutions of several windows beside each other, of eight channels each."""
    return Beside(*(nn.Conv2d(before, 8, kernel, padding=kernel // 2, groups=groups) for kernel in kernels))


class Beside(nn.Module):
    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


class Plus(nn.Sequential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + super().forward(x)
        return y


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([mixed(8, (1, 3))], "8-8"),
        ([conv(8, 8), mixed(8, (1, 3)), conv(16, 16), mixed(16, (1, 5))], "8-(8-8)-16-(8-8)"),
        ([Plus(mixed(8, (1,))), mixed(8, (1, 3)), mixed(16, (1, 3))], "8-(8-8)-(8-8)"),
        ([conv(8, 4), Beside(mixed(4, (1, 3)), conv(4, 8))], "4-((8-8)-8)"),
        ([Plus(mixed(8, (1, 3)), conv(16, 8)), nn.ReLU()], "(8-8)-8"),
        ([Beside(conv(8, 8), nn.Sequential(conv(8, 4), mixed(4, (1, 3)))), conv(24, 8)], "(8-4·(8-8))-8"),
        ([conv(8, 8, 1), mixed(8, (3, 5, 7), 8), conv(24, 8, 1)], "8-(3×3-5×5-7×7)-8"),
        ([conv(8, 8, 1), mixed(8, (3, 3), 8), conv(16, 8, 1)], "8-8"),
    ],
)
def test_branches_within_a_longer_series_are_told_as_branches(made: list[nn.Module], said: str) -> None:
    """`36-36-12-12` were four convolutions in a row; MixNet's two rows of branches are no such thing."""
    ops = fused_ops(archscope.trace(nn.Sequential(*made), (8, 16, 16)))
    assert contents([op for op in ops if op.kind != "tensor"], {}) == said


def test_parentheses_do_not_make_widths_too_many() -> None:
    wide = [nn.Sequential(conv(8, 1000), conv(1000, 1000)) for _ in range(4)]
    ops = fused_ops(archscope.trace(nn.Sequential(conv(8, 8), Beside(*wide)), (8, 16, 16)))
    said = contents([op for op in ops if op.kind != "tensor"], {})
    assert said == "8-(1000·1000-1000·1000-1000·1000-1000·1000)"


def test_convolutions_of_each_channel_apart_are_counted_without_a_width() -> None:
    apart = [nn.Conv2d(8, 8, 3, padding=1, groups=8) for _ in range(9)]
    widths = [16, *range(100, 115)]
    linear = [nn.Linear(a, b) for a, b in itertools.pairwise(widths)]
    ops = fused_ops(archscope.trace(nn.Sequential(*apart, *linear), (8, 16, 16)))
    assert contents(ops[1:], {}) == "3×3, 9 convolutions"


def test_skips_within_skips_are_gone_through_once() -> None:
    """Not twice each: of forty that would be never."""
    with torch.device("meta"):
        ops = fused_ops(archscope.trace(Skips(40), (4, 8, 8)))
    assert contents(ops[1:], {}) == "80 convolutions of 4"


class GatedUnit(nn.Module):
    """The activation of the one, and not of the other, is what makes it a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.gate, self.down = nn.Linear(8, 32), nn.Linear(8, 32), nn.Linear(16, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.down(F.glu(self.up(x), -1)) + F.glu(F.silu(self.gate(x)) * self.up(x), -1)[..., :8]
        return y


def test_the_activation_of_a_gate_is_told_though_most_have_it() -> None:
    told = {op.name: op.facts for op in fused_ops(archscope.trace(GatedUnit(), (4, 8)))}
    assert told["gate"] == ("32", "silu")
    assert "glu" in told["up"]


class Highway(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate, self.made = conv(8, 8), conv(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = self.gate(x).sigmoid()
        y: torch.Tensor = gate * self.made(x).relu() + (1 - gate) * x
        return y


def test_what_most_convolutions_have_is_no_gate() -> None:
    told = {op.name: op.facts for op in fused_ops(archscope.trace(Highway(), (8, 8, 8)))}
    assert (told["gate"], told["made"]) == (("8", "sigmoid"), ("8",))


class DeadEnds(nn.Module):
    """Two results that nothing reads, one of them beside all else."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = conv(8, 8), conv(8, 8, 1), conv(8, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.one(x).relu()
        self.three(y)
        self.two(x)
        return x + y


def test_no_line_leaves_a_frame_below_what_nothing_reads() -> None:
    made = drawn(nn.Sequential(DeadEnds(), DeadEnds(), nn.Conv2d(8, 2, 1)), (8, 16, 16))
    assert differences(made) == [] == faults(made.drawing.piece)
    assert repeats(made) == [2]
    (leaving,) = [line for line in made.drawing.piece.lines if line.source == "0/" and line.role == ""]
    (inside,) = [line for line in made.drawing.piece.lines if line.target == "0/" and line.role == "leave"]
    assert leaving.points[0] == inside.points[-1]


class Dense(nn.Module):
    """DenseNet without a module for its layers."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(conv(8 + 4 * i, 4) for i in range(count))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = [x]
        for layer in self.layers:
            kept.append(layer(torch.cat(kept, 1)).relu())
        return torch.cat(kept, 1)


def test_a_module_that_is_open_has_operations_that_repeat_as_one() -> None:
    made = drawn(nn.Sequential(OrderedDict(stem=conv(3, 8), dense=Dense(24), head=conv(104, 2, 1))))
    assert differences(made) == [] == faults(made.drawing.piece)
    assert repeats(made) == [24]


class Reading(nn.Module):
    """Each step of a long loop reads what the loop is given."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for _ in range(260):
            y = y.sin() + x.cos()
        return y


@pytest.mark.parametrize("level", ["flow", "volume"])
def test_a_loop_of_any_length_is_drawn(level: str) -> None:
    made = drawn(Reading(), level=level)
    assert len(made.drawing.piece.boxes) <= 60
    assert level == "volume" or repeats(made) == [260]


class Clips(nn.Module):
    """Frames of clips, which are joined to the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x.flatten(0, 1)).mean((2, 3))
        return y


def test_channels_of_clips_are_those_of_their_frames() -> None:
    made = draw(archscope.summarize(Clips(), input_data=torch.empty(2, 6, 3, 32, 32)), DiagramOptions())
    boxes = {box.title: box.details for box in made.drawing.piece.boxes}
    assert boxes["Input"] == ("2×6×32×32×3",)


class Timed(nn.Module):
    """Vectors of a time stand in the lane of the finest images, and over these."""

    def __init__(self) -> None:
        super().__init__()
        self.time, self.one, self.two = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 8)), conv(3, 8), conv(8, 8)

    def forward(self, time: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        t = self.time(time.sin())[:, :, None, None]
        fine = self.one(x) + t
        coarse = self.two(F.avg_pool2d(fine, 2)) + t
        return fine * F.interpolate(coarse, scale_factor=2) + t


def test_the_size_of_a_lane_stands_over_what_has_it() -> None:
    made = draw(archscope.summarize(Timed(), (["4", "3x16x16"])), DiagramOptions())
    over = {row.text: row.y for row in made.drawing.piece.rows if row.text in {"16×16", "8×8"}}
    top = {box.name: box.top for box in made.drawing.piece.boxes}
    assert over["16×16"] > top["time.1"] and over["16×16"] < top["one"]


def test_of_modules_of_which_none_repeats_the_first_is_open_with_all_that_it_holds() -> None:
    """4e and 5a of GoogLeNet are equal, but a reader begins with 3a, Figure 2b of the paper."""
    piece = draw(archscope.summarize("googlenet"), DiagramOptions()).drawing.piece
    assert [frame.title for frame in piece.frames] == ["Inception-3a"]
    assert not [box.title for box in piece.boxes if box.kind == "module" and not box.title.startswith("Inception-")]


def test_what_does_not_repeat_is_closed_before_what_does() -> None:
    piece = draw(archscope.summarize("inception_resnet_v2_released"), DiagramOptions()).drawing.piece
    opened = {frame.title for frame in piece.frames}
    assert opened == {"Inception-ResNet-A", "Inception-ResNet-B", "Inception-ResNet-C"}
    closed = [box.title for box in piece.boxes if box.kind == "module"]
    assert closed == ["Stem", "Mixed", "Reduction-A", "Reduction-B"]


class Functional(nn.Module):
    """Weights of the module itself; what is added is told, what a convolution has is not."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(8, 4, 3, 3)), nn.Parameter(torch.zeros(8))
        self.shift = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.weight, self.bias) + self.shift


def test_weights_of_a_convolution_go_without_saying() -> None:
    told = [(op.word, op.facts) for op in fused_ops(archscope.trace(Functional(), (4, 9, 9)))][1:]
    assert told == [("Conv", ("8", "V")), ("Add", ("with shift",))]
