"""What repeats is drawn once, wherever it stands, and says what is in it."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from time import process_time
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.views.diagram import compose as composing
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.ops.functions import _calls
from archscope.views.diagram.ops.fuse import fused_ops
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan import closing
from archscope.views.diagram.plan import repeats as of_steps
from archscope.views.diagram.plan.closing import closed, closed_groups, with_called
from archscope.views.diagram.plan.folding import fold
from archscope.views.diagram.plan.items import Panel
from archscope.views.diagram.plan.levels import Plan, flow_plan
from archscope.views.diagram.plan.shrunk import fewest_boxes, fewest_closed, without_loose
from archscope.views.diagram.plan.smaller import smaller_plans
from archscope.views.diagram.plan.structure import structure
from tests.graphs import Net, report_of
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import are_steps, differences

Size = tuple[int, ...]


def conv(a: int, b: int, kernel: int = 3, **more: Any) -> nn.Conv2d:
    return nn.Conv2d(a, b, kernel, padding=kernel // 2, **more)


class Gated(nn.Module):
    """It ends in a product."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.value, self.gate = conv(width, width), conv(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.value(x) * self.gate(x).sigmoid()


class Wasteful(nn.Module):
    """One of its results is read by nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.used, self.unused = conv(width, width), conv(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.unused(x)
        return x + self.used(x).relu()


class Squeezed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.down, self.mid, self.up = (
            conv(width, width // 2, 1),
            conv(width // 2, width // 2),
            conv(width // 2, width, 1),
        )
        self.squeeze, self.excite = nn.AdaptiveAvgPool2d(1), conv(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.up(self.mid(self.down(x).relu()).relu())
        return x + y * self.excite(self.squeeze(y)).sigmoid()


class SqueezedByMean(Squeezed):
    """The mean of each channel, taken by hand."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.up(self.mid(self.down(x).relu()).relu())
        return x + y * self.excite(y.mean((2, 3), keepdim=True)).sigmoid()


class Averaged(Squeezed):
    """A product that a mean is taken of, and one of two means: no gate."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.up(self.mid(self.down(x).relu()).relu())
        z = (x * y).mean((2, 3), keepdim=True)
        return self.excite(z * y.mean((2, 3), keepdim=True))


class Halves(nn.Module):
    """Two boxes in a row: a convolution, and the product of the two halves of what it gives."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.both = conv(width, 2 * width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, two = self.both(x).chunk(2, 1)
        return one * two


class Deep(nn.Module):
    """A stage whose blocks stand one level further down."""

    def __init__(self, block: Callable[[int], nn.Module], width: int, count: int) -> None:
        super().__init__()
        self.reduce, self.blocks = conv(width, width, 1), nn.Sequential(*[block(width) for _ in range(count)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.blocks(self.reduce(x))
        return y


class Again(nn.Module):
    """One block, called again and again, each time with the network's input too where `reads_input`."""

    def __init__(self, times: int, reads_input: bool = False) -> None:
        super().__init__()
        self.stem, self.block, self.more = conv(3, 8, 1), conv(8, 8), conv(3, 8, 1)
        self.times, self.reads_input = times, reads_input

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.stem(x)
        for _ in range(self.times):
            y = y + self.block(y).relu() + (self.more(x) if self.reads_input else 0)
        return y


class Flat(nn.Module):
    """No modules within: what figures of old ports have to do with."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        for i in range(count):
            self.add_module(f"a{i}", conv(8, 8))
            self.add_module(f"b{i}", conv(8, 8, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i in range(self.count):
            x = (self.get_submodule(f"a{i}")(x) + self.get_submodule(f"b{i}")(x)).relu()
        return x


class Pointwise(nn.Module):
    """A function of its own: one box."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(1.5 * x)


class Summed(nn.Module):
    """Blocks of a list, with what `forward` does around each of them."""

    def __init__(self, around: Callable[[nn.Module, torch.Tensor], torch.Tensor], blocks: list[nn.Module]) -> None:
        super().__init__()
        self.stem, self.blocks, self.head, self.around = conv(3, 8), nn.ModuleList(blocks), conv(8, 4, 1), around

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = self.around(block, x)
        return self.head(x)


def of_two(block: Any, x: torch.Tensor) -> torch.Tensor:
    x = x + block["one"](x)
    return x + block["two"](x)


class Among(nn.Module):
    """Two calls in turn, and other paths that cross beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.side, self.last, self.block = conv(3, 8), conv(8, 8), conv(8, 8, 1), conv(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x = self.stem(x)
        side = self.side(x)
        for _ in range(3):
            y = self.block(y.exp())
        return torch.cat([side + y, self.last(side)], 1)


def stages(block: Callable[[int], nn.Module], *counts: int) -> nn.Module:
    made = [nn.Sequential(*[block(8) for _ in range(count)]) for count in counts]
    return nn.Sequential(conv(3, 8, 1), *made, conv(8, 4, 1))


def drawn(net: nn.Module, size: Size = (3, 16, 16), **choices: Any) -> Diagram:
    return draw(archscope.summarize(net, size), DiagramOptions(**choices))


def repeats(made: Diagram) -> list[int]:
    """The numbers in the badges of a picture, the largest first."""
    piece = made.drawing.piece
    return sorted([one.repeat for one in (*piece.boxes, *piece.frames) if one.repeat > 1], reverse=True)


NETS: dict[str, tuple[nn.Module, Size, list[int]]] = {
    "equal width, unequal depth": (stages(Squeezed, 6, 3), (3, 16, 16), [6, 3]),
    "three depths": (stages(Squeezed, 2, 4, 3), (3, 16, 16), [4, 3, 2]),
    "products": (stages(Gated, 4, 2), (3, 16, 16), [4, 2]),
    "unread results": (stages(Wasteful, 3, 5), (3, 16, 16), [5, 3]),
    "blocks one level down": (nn.Sequential(conv(3, 8), Deep(Squeezed, 8, 4), Deep(Gated, 8, 2)), (3, 16, 16), [4, 2]),
    "pairs that alternate": (
        nn.Sequential(conv(3, 8), nn.Sequential(*[block(8) for _ in range(4) for block in (Gated, Squeezed)])),
        (3, 16, 16), [4],
    ),
    "sums around modules": (
        Summed(lambda block, x: block(x).relu() + x, [nn.Sequential(conv(8, 8), conv(8, 8)) for _ in range(5)]),
        (3, 16, 16), [5],
    ),
    "sums within and around dictionaries of modules": (
        Summed(of_two, [nn.ModuleDict({"one": Gated(8), "two": Squeezed(8)}) for _ in range(4)]), (3, 16, 16), [4],
    ),
    "pairs among paths that cross": (Among(), (3, 16, 16), [3]),
    "one block called again": (Again(7), (3, 16, 16), [7]),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_what_repeats_is_drawn_once_and_read_back(name: str) -> None:
    net, size, expected = NETS[name]
    for level in ("flow", "network", "layer"):
        made = drawn(net, size, level=level)
        assert differences(made) == [], level
        assert faults(made.drawing.piece) == [], level
    assert repeats(drawn(net, size)) == expected


@pytest.mark.parametrize("name", [name for name in NETS if name.startswith("sums")])
def test_modules_that_a_sum_lies_between_are_called_alike_and_folded(name: str) -> None:
    net, size, expected = NETS[name]
    assert repeats(drawn(net, size, level="network")) == expected


@pytest.mark.parametrize("level", ["network", "flow"])
@pytest.mark.parametrize("count", [2, 8])
def test_short_modules_in_a_row_are_folded_the_last_too(level: str, count: int) -> None:
    bare = nn.Sequential(conv(3, 8, 1), *[Halves(8) for _ in range(count)])
    held = nn.Sequential(conv(3, 8, 1), nn.Sequential(*[Halves(8) for _ in range(count)]), conv(8, 4, 1))

    assert repeats(drawn(bare, level=level)) == repeats(drawn(held, level=level)) == [count]


@pytest.mark.parametrize("level", ["network", "flow"])
def test_a_flat_network_folds_by_repetition(level: str) -> None:
    made = drawn(Flat(40), (8, 16, 16), level=level)
    assert differences(made) == []
    assert repeats(made) == [40]
    assert len(made.drawing.piece.boxes) < 12


@pytest.mark.parametrize("level", ["network", "flow", "block"])
def test_steps_that_read_one_input_are_one_box(level: str) -> None:
    made = drawn(Again(60, reads_input=True), level="" if level == "block" else level)
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    assert max(repeats(made)) >= 59
    assert len([box for box in made.drawing.piece.boxes if box.form != "point"]) <= 60
    assert sorted(name for op in made.drawing.ops for name in op.layers) == sorted(made.report.graph.layer)


def test_what_has_no_repetition_at_all_is_closed_in_a_row() -> None:
    widths = [8 + i % 7 + i // 7 for i in range(120)]
    layers = [conv(a, b) for a, b in zip([3, *widths], widths, strict=False)]
    made = drawn(nn.Sequential(*layers), (3, 4, 4))
    assert differences(made) == []
    assert len(made.drawing.piece.boxes) <= 60


class Fanned(nn.Sequential):
    """Its last result is read by operations of no module."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = super().forward(x)
        return torch.stack([x.sin(), x.cos(), x.exp(), x.tanh(), x.log(), x.sqrt(), x.abs(), x.neg(), 2 * x, 3 + x])


def test_a_last_resort_closes_each_operation_once() -> None:
    """Modules in a row that nothing closes, and operations of no module that are one box."""
    widths = [1 + i + i * i % 17 for i in range(141)]
    layers = [nn.Conv2d(widths[i], widths[i + 1], 1 + i % 3 * 2, padding=i % 3) for i in range(140)]
    made = drawn(Fanned(*layers), (1, 4, 4))
    assert differences(made) == []
    assert 20 < len(made.drawing.piece.boxes) <= 60
    assert sorted(name for op in made.drawing.ops for name in op.layers) == sorted(made.report.graph.layer)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (Squeezed, "4-4-8, SE"),
        (SqueezedByMean, "4-4-8, SE"),
        (Averaged, "4-4-8-8"),
        (lambda width: nn.Sequential(conv(width, 2 * width), conv(2 * width, 2 * width)), "3×3, 8 → 16"),
        (lambda width: nn.Sequential(conv(width, 16, 1), conv(16, 16, groups=16), conv(16, 5, 1)), "3×3, 16-5"),
    ],
)
def test_a_closed_module_says_what_is_in_it(block: Callable[[int], nn.Module], said: str) -> None:
    made = drawn(nn.Sequential(conv(3, 8), block(8)), depth=1)
    assert said in [detail for box in made.drawing.piece.boxes if box.kind == "module" for detail in box.details]


def test_a_function_is_one_box_and_shared_weights_are_told() -> None:
    made = drawn(nn.Sequential(conv(3, 8), Pointwise(), conv(8, 8)))
    assert [box.title for box in made.drawing.piece.boxes] == ["Input", "Conv", "Pointwise", "Conv", "Output"]
    assert "shared weights" in str(drawn(Again(7)))
    assert "shared weights" not in str(drawn(Again(1)))


class Sizes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.read = nn.Embedding(100, 12), nn.LSTM(12, 6, 2, bidirectional=True, batch_first=True)
        self.attend = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, _ = self.read(self.words(x))
        y: torch.Tensor = self.attend(x, x, x)[0]
        return y


def test_recurrent_layers_attention_and_embeddings_say_their_sizes() -> None:
    made = draw(archscope.summarize(Sizes(), "7:int64"))
    said = {box.title: box.details for box in made.drawing.piece.boxes}
    assert said["Embedding"] == ("100×12",)
    assert said["LSTM"] == ("6, 2 layers, bidirectional",)
    assert said["MultiheadAttention"] == ("12, 3 heads",)


class Layer(nn.Module):
    """Of a decoder: it reads the memory beside what the layer before gives."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.cross = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
        y = self.own(x).relu()
        return x + y + (y @ self.cross(memory).transpose(1, 2)) @ memory


class Decoder(nn.Module):
    def __init__(self, layers: int, swaps: bool = False) -> None:
        super().__init__()
        self.encoder, self.layers, self.swaps = nn.Linear(8, 8), nn.ModuleList(Layer() for _ in range(layers)), swaps

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        memory = self.encoder(source)
        for i, layer in enumerate(self.layers):
            target = layer(memory, target) if self.swaps and i % 2 else layer(target, memory)
        return target


def test_a_decoder_with_a_memory_is_one_box_that_one_line_leads_to() -> None:
    made = draw(archscope.summarize(Decoder(6), ["4x8", "5x8"]), DiagramOptions())
    piece = made.drawing.piece
    assert [box.repeat for box in piece.boxes if box.title == "Layer"] == [6]
    assert sum(line.source == "encoder" for line in piece.lines) == 1
    assert differences(made) == []


class Recalling(nn.Module):
    """Its layers read what it is given beside what the layer before gives."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.layers = nn.Linear(8, 8), nn.ModuleList(Layer() for _ in range(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        for layer in self.layers:
            y = layer(y, x)
        return y


def test_steps_within_modules_that_repeat_are_counted_with_them() -> None:
    made = draw(archscope.summarize(nn.Sequential(*[Recalling() for _ in range(12)]), (4, 8)), DiagramOptions())
    assert differences(made) == []
    steps = [box for box in made.drawing.piece.boxes if box.op and box.op.copies]
    assert [(box.repeat, len(box.alike)) for box in steps] == [(5, 60)]


@pytest.mark.parametrize("layers", [2, 4])
def test_layers_that_read_the_memory_in_another_place_are_not_repeated(layers: int) -> None:
    made = draw(archscope.summarize(Decoder(layers, swaps=True), ["4x8", "4x8"]), DiagramOptions())
    assert all(box.repeat == 1 for box in made.drawing.piece.boxes)
    assert differences(made) == []


def test_a_step_stands_for_all_layers_of_those_that_are_one_box_within_it() -> None:
    graph = archscope.trace(Decoder(3), ["4x8", "5x8"])
    ops = of_steps.with_memory(fused_ops(graph), graph.blocks)
    assert max(len(op.copies) for op in ops) == 2
    assert sorted(of_steps._as_step(ops, graph.blocks).layers) == sorted(graph.layer)


class Pasted(nn.Module):
    """Every result is worked on by itself, in one step or in several, by operations of no module."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.masks = nn.Sequential(conv(3, 8), nn.ReLU(), conv(8, 8)), conv(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        masks, kept = self.masks(self.backbone(x)), []
        for i in range(60):
            mask = masks.sin()
            for _ in range(1 + (i * i * 7919 >> 5) % 5):
                mask = mask.cos().exp()
            kept.append(mask)
        return torch.stack(kept, 1)


def test_steps_of_no_module_are_closed_with_other_operations_of_none() -> None:
    graph = archscope.trace(Pasted(), (3, 8, 8))
    ops = of_steps.with_steps(fused_ops(graph), graph.blocks)
    assert any(op.copies for op in ops)
    closed = without_loose(Plan(ops), graph.blocks, steps=True).ops
    assert [(op.word.endswith(" operations"), op.facts) for op in closed[4:]] == [(True, ("Sin, Cos, Exp, …",))]


class PerClass(nn.Module):
    """Boxes and scores are looked at for each class apart, by operations of no module."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = nn.Sequential(*[Squeezed(8) for _ in range(3)], conv(8, 8))
        self.boxes, self.scores, self.classes = conv(8, 4, 1), conv(8, 1, 1), classes

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.backbone(x)
        boxes, scores = self.boxes(x), self.scores(x)
        kept, told = [], []
        for _ in range(self.classes):
            score = scores.sin().exp()
            kept.append((boxes * score).cos())
            told.append(score.abs())
        return torch.cat(kept, 1), torch.cat(told, 1)


def test_equal_steps_beside_each_other_are_one_box_that_says_so() -> None:
    made = drawn(PerClass(20), (8, 16, 16))
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    (steps,) = [op for op in made.drawing.ops if op.copies]
    assert (len(steps.each), steps.facts) == (20, ("Sin, Exp, ×, …", of_steps.BESIDE))
    assert "<title>sin to abs_19 (20 alike)" in str(made)  # where it is, of no module
    assert {frame.title for frame in made.drawing.piece.frames} >= {"Backbone"}


class Refined(nn.Module):
    """A long loop over what one module predicts, with functions of no module between; each step gives a result."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.encoder, self.update, self.times = nn.Sequential(*[Gated(8) for _ in range(3)]), Gated(8), times

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = hidden = self.encoder(x)
        given = []
        for _ in range(self.times):
            for i in range(2, 24):
                hidden = (hidden * i).sin() + x / i
            x = x + self.update(hidden)
            given.append(x.exp())
        return given


@pytest.mark.parametrize("level", ["network", "flow"])
def test_a_loop_of_long_steps_is_one_box_that_says_which_modules_it_calls(level: str) -> None:
    made = drawn(Refined(8), (8, 16, 16), level=level)
    assert differences(made) == []
    (steps,) = [op for op in made.drawing.ops if op.copies]
    assert (steps.word, len(steps.each) >= 7, "Gated" in steps.facts[0]) == ("Step", True, True)


class Siblings(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(Gated(4) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([head(x) for head in self.heads], 1)


def test_equal_modules_beside_each_other_are_no_steps() -> None:
    made = draw(archscope.summarize(Siblings(), (4, 8, 8)), DiagramOptions())
    assert differences(made) == []
    assert not any(op.copies for op in made.drawing.ops)


def test_a_run_that_becomes_one_box_costs_its_own_operations_and_what_reads_them() -> None:
    net = Net(input=(8, 4, 4))
    before = "input"
    for width in range(9, 109):
        for place in range(8):
            before = net.conv(f"stage{width}_{place}", before, width, 1)
    ops = fused_ops(net.graph())
    collapsing = of_steps.Collapsing(ops)
    kept = {name: op for name, op in collapsing.by_name.items() if not name.startswith(("stage50_", "stage51_"))}
    assert collapsing.collapse([[op] for op in ops if op.name.startswith("stage50_")][1:], {})

    assert all(collapsing.by_name[name] is op for name, op in kept.items())
    assert sum(bool(op.copies) for op in of_steps.with_steps(ops, {})) == 100


def test_steps_that_each_read_the_last_two_are_one_box_that_says_so() -> None:
    net = Net(input=(8, 4, 4))
    one, two = net.conv("a", "input", 8, 1), net.conv("b", "input", 8, 1)
    for i in range(9):
        one, two = two, net.add(f"cell{i}", "mul", one, two)
    found = of_steps.with_steps(fused_ops(net.graph()), {})
    (steps,) = [op for op in found if op.copies]
    assert len(steps.each) >= 8
    assert of_steps.READS_TWO in steps.facts
    assert are_steps(steps)


def test_what_is_closed_twice_is_drawn_once() -> None:
    net = Net(input=(8, 4, 4))
    before = "input"
    for i in range(10):  # of no module
        before = net.conv(f"loose{i}", before, 8 + i, 1)
    for i in range(70):
        for part in "ab":
            before = net.conv(f"stage{i}.{part}", before, 20 + i, 1)
    graph = replace(net.graph(), blocks={f"stage{i}": f"Kind{i}" for i in range(70)})
    made = draw(report_of(graph), DiagramOptions(level="network"))
    assert differences(made) == []
    assert sorted(name for op in made.drawing.ops for name in op.layers) == sorted(graph.layer)


class Cells(nn.Module):
    """What each layer holds stands in a list, its sums do not."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 1)
        self.layers = nn.ModuleList(nn.ModuleList([Gated(8), Gated(8)]) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        for one, two in self.layers:  # type: ignore[misc]
            x = x + one(x)
            x = x + two(x)
        return x


def test_a_plate_opens_lists_of_modules() -> None:
    frames = [frame for frame in drawn(Cells(), level="plate").drawing.piece.frames if frame.heading]
    assert [(frame.title, frame.repeat) for frame in frames] == [("Gated", 8)]


def test_a_module_does_not_hold_a_step_of_a_loop_that_others_run_in() -> None:
    def op(name: str, *inputs: str) -> Op:
        return Op(name, "conv", "Conv", name, (name,), inputs, (8,))

    held = (op("a.2", "a.1"), op("b.1", "a.2"))
    step = Op("a.2/step", "module", "Step", "", ("a.2", "b.1"), ("a.1",), (8,), members=held)
    own = [op("a.1", "input"), op("a.3", "a.2/step"), op("a.4", "a.3")]
    every = [own[0], step, *own[1:]]
    assert with_called(own, every, ["b"]) == own
    assert with_called(own, every, ["c"]) == every


class Twice(nn.Module):
    """Each level does what it holds two times, and begins with that."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.inner = nn.ModuleList(Twice(depth - 1) if depth else conv(4, 4) for _ in range(3))
        self.last = nn.ModuleList(conv(4, 4, 1 + 2 * depth) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for inner, last in zip(self.inner, self.last, strict=True):
            x = last(inner(x).sin()).cos()
        return x


def test_what_repeats_within_what_repeats_has_a_frame_of_its_own() -> None:
    made = draw(archscope.summarize(Twice(1), (4, 8, 8)), DiagramOptions(level="layer"))
    frames = [frame.name for frame in made.drawing.piece.frames]
    assert len(frames) == len(set(frames))
    assert differences(made) == []


class Standardised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.last = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.conv.weight
        x = F.conv2d(x, weight - weight.mean((1, 2, 3), keepdim=True), self.conv.bias)
        y: torch.Tensor = self.last(x.relu())
        return y


def test_what_makes_a_weight_belongs_to_its_convolution() -> None:
    made = drawn(Standardised())
    assert [(op.word, op.facts[:1]) for op in made.drawing.ops if op.kind == "conv"] == [("Conv", ("8",))] * 2
    assert "computed weight" in made.drawing.ops[1].facts
    assert not {"Mean", "Sub"}.intersection(op.word for op in made.drawing.ops)
    assert differences(made) == []


class Shifting(nn.Module):
    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift, self.a, self.b = shift, nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.b(self.a(x.roll(self.shift, 0) if self.shift else x))
        return y


def test_closed_modules_that_would_read_alike_say_what_one_has_alone() -> None:
    net = nn.Sequential(nn.Linear(8, 8), *[Shifting(i % 2) for i in range(2)], nn.Linear(8, 5))
    made = draw(archscope.summarize(net, (16, 8)), DiagramOptions(depth=1))
    told = [box.details for box in made.drawing.piece.boxes if box.title.endswith("Shifting")]
    assert told == [("8",), ("8, with Roll",)]


class Called(nn.Module):
    """Each block calls a module in its middle that is called before the first and after the last too."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.positions = conv(3, 8), Gated(8)
        self.stages = nn.ModuleList(nn.ModuleList([Gated(8), conv(8, 8, 1)]) for _ in range(3))
        self.last = conv(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.positions(self.first(x))
        for block, mixed in self.stages:  # type: ignore[misc]
            x = mixed(self.positions(block(x)))
        return self.last(self.positions(x))  # type: ignore[no-any-return]


def test_a_module_that_others_call_is_a_box_a_call_and_theirs_within_them() -> None:
    made = drawn(Called(), level="network")
    assert differences(made) == []
    closed = [(op.word, len(op.layers)) for op in made.drawing.ops if op.kind == "module"]
    assert closed == [("Positions: Gated", 4), *[("Stages", 9)] * 3, ("Positions: Gated", 4)]


def unlike_blocks(count: int) -> nn.Module:
    """Blocks that each repeat two operations, of different widths: no page has room for a box of each."""
    return nn.Sequential(
        *(nn.Sequential(conv(i, i + 1), *(one for _ in range(4) for one in (conv(i + 1, i + 1), nn.ReLU(), nn.Tanh())))
          for i in range(3, 3 + count))
    )  # fmt: skip


@pytest.mark.parametrize("level", ["network", "flow"])
def test_what_is_never_small_enough_is_not_closed_step_by_step(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    monkeypatch.setattr(composing, "smaller_plans", lambda *given: tried.append(given) or ())
    with torch.device("meta"):
        made = archscope.diagram(archscope.summarize(unlike_blocks(70), (3, 8, 8)), level=level)
    assert not tried and differences(made) == [] and len(made.drawing.piece.boxes) <= 60


@pytest.mark.parametrize("name", ["inception_v3", "nasnet_a_large", "efficientnet_b0", "densenet121"])
def test_no_plan_has_fewer_boxes_than_parts_that_look_different(name: str) -> None:
    graph = archscope.summarize(name).graph
    plan = flow_plan(fused_ops(graph), graph.blocks)
    least = min(fewest_boxes(smaller.ops) for smaller in smaller_plans(plan, graph.blocks))
    assert 0 < fewest_closed(plan.ops, "") <= least


def test_rows_of_stages_are_closed_though_the_module_that_holds_them_is_called_as_they_are() -> None:
    """`stages`, a Sequential, holds `stages.0` and `stages.1`."""
    stages = nn.Sequential(nn.Sequential(conv(4, 4), conv(4, 4, 1)), nn.Sequential(conv(4, 4), conv(4, 4)))
    graph = archscope.trace(nn.Sequential(OrderedDict(stem=conv(3, 4), stages=stages)), (3, 8, 8))
    plans = smaller_plans(flow_plan(fused_ops(graph), graph.blocks), graph.blocks)
    assert next(one.closed for one in plans if one.closed) == ("stages.0", "stages.1")


def test_rows_that_begin_in_one_module_and_go_on_in_the_next_are_no_steps_of_their_own() -> None:
    def row(width: int) -> nn.Module:
        convolutions = [nn.Conv2d(width + (i > 0), width + 1, 1) for i in range(5)]
        return nn.Sequential(*[layer for one in convolutions for layer in (one, nn.MaxPool2d(1))])

    made = drawn(nn.Sequential(*map(row, range(4, 66))), (4, 8, 8), level="network")
    assert differences(made) == []
    first = made.drawing.ops[1]
    assert (first.word, first.facts) == ("20 operations", ("1×1, 10 convolutions",))


def test_a_group_that_ends_in_a_copy_of_a_step_is_where_the_step_is() -> None:
    net = Net(input=(8, 4, 4))
    before = net.conv("first", "input", 8, 1)
    for i in range(6):
        before = net.conv(f"narrow{i}", net.conv(f"wide{i}", before, 16, 1), 8, 3)
    net.conv("after", before, 9, 1)
    first, steps, last = of_steps.with_steps(fused_ops(net.graph()), {})[1:]
    made = closed_groups([first, steps, last], [([first, *steps.each], "", "13 operations", "")])
    assert [op.word for op in made] == ["13 operations", last.word]
    assert made[1].inputs == (made[0].name,)


def test_a_module_is_tried_among_what_stands_around_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two modules that call each other stay open; whether another can be closed, the whole need not tell each time."""
    net = Net(input=(4, 8, 8))
    before = "input"
    for name in ("one.a", "two.a", "one.b", "two.b", *(f"row{i}.{part}" for i in range(9) for part in "ab")):
        before = net.conv(name, before, 4, 3)
    tried: list[int] = []
    test = closing.is_acyclic
    monkeypatch.setattr(closing, "is_acyclic", lambda ops: tried.append(len(ops)) or test(ops))
    made = closed(fused_ops(net.graph()), [(path, path, ()) for path in ("one", "two", *(f"row{i}" for i in range(9)))])
    assert [op.path for op in made[1:]] == ["one.a", "two.a", "one.b", "two.b", *(f"row{i}" for i in range(9))]
    assert all(two.inputs == (one.name,) for one, two in pairwise(made))
    assert tried == [12, 2, 2, *[1] * 9]


def test_a_module_of_many_steps_is_read_in_one_pass() -> None:
    """As often as layers, not as often as pairs of them: 20,000 steps of one loop took half a minute."""
    names = [f"loop.{number}" for number in range(20_000)]
    chain = [SimpleNamespace(name=name, inputs=(before,)) for before, name in pairwise(["input", *names])]
    started = process_time()
    assert len(_calls(chain)) == 1  # type: ignore[arg-type]
    assert process_time() - started < 1


def test_what_reads_elsewhere_is_not_made_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of skips within skips any two stretches look alike, and there are as many as Ops times lengths."""
    made: list[int] = []
    as_step = of_steps._as_step

    def counted(*arguments: Any) -> Any:
        made.append(1)
        return as_step(*arguments)

    monkeypatch.setattr(of_steps, "_as_step", counted)
    net = Net(input=(8, 4, 4))
    skips = ["input"]
    for i in range(40):
        skips.append(net.conv(f"down{i}.conv", skips[-1], 8 + i, 1))
    before = skips.pop()
    for i in range(40):
        before = net.conv(f"up{i}.conv", net.add(f"up{i}.add", "add", before, skips.pop()), 8, 1)
    of_steps.with_steps(fused_ops(net.graph()), {})

    assert len(made) < 20


class Stage(nn.Module):
    """Equal blocks in a row, one of another form between them, and one like the first at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*map(Gated, [8] * 4), Wasteful(8), Gated(8))
        self.last = conv(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.blocks(x))  # type: ignore[no-any-return]


def test_structure_of_what_repeats_is_worked_out_once() -> None:
    graph = archscope.summarize(nn.Sequential(OrderedDict(stage=Stage())), (8, 16, 16)).graph
    ops = fused_ops(graph)
    plan = flow_plan(ops, graph.blocks)
    (stage,) = fold(structure(plan.ops, plan.frames, plan.titles, [ops[-1].name]), run=2)[1:]
    assert isinstance(stage, Panel)
    panels = [item for item in stage.body if isinstance(item, Panel)]
    first, _, last = panels
    assert [len(panel.copies) for panel in panels] == [3, 0, 0]
    assert last.like is first and last.key != first.key
    assert last.body and all("body" in vars(panel) for panel in panels)
    assert not any("body" in vars(copy) for copy in first.copies)


class Wide(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.narrow(self.wide(x).relu())
        return y


class Adding(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.mlp = nn.LayerNorm(width), Wide(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.mlp(self.norm(x))
        return y


class Merging(nn.Module):
    """A few operations in a row between two stages."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.reduce = nn.LayerNorm(width), nn.Linear(width, 2 * width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.reduce(self.norm(nn.functional.pad(x, (0, 0, 0, 1))))
        return y


def test_what_stands_between_stages_is_closed_before_what_they_are_made_of() -> None:
    stages = [nn.Sequential(*(Adding(8 << i) for _ in range(2 + i))) for i in range(4)]
    mixed = [one for i, stage in enumerate(stages) for one in ((Merging(4 << i),) if i else ()) + (stage,)]
    graph = archscope.trace(nn.Sequential(*mixed), (32, 8))
    plan = flow_plan(fused_ops(graph), graph.blocks)
    assert {"1", "3", "5"} <= {*plan.frames}
    closing = next(smaller for smaller in smaller_plans(plan, graph.blocks) if smaller.closed)
    assert [graph.blocks[path] for path in closing.closed] == ["Merging"] * 3
