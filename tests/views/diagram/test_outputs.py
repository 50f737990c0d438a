"""Every result ends in a box with its name and shape, from which no line leads on."""

from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.ops.fuse import fused_ops
from archscope.views.diagram.ops.outputs import ends_of, results, with_outputs
from archscope.views.diagram.plan.shrunk import largest_core
from archscope.views.diagram.plan.structure import structure
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences


class Heads(nn.Module):
    def __init__(self, form: Any) -> None:
        super().__init__()
        self.trunk, self.aux = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(3)), nn.Conv2d(3, 7, 1)
        self.form = form

    def forward(self, x: torch.Tensor) -> Any:
        first = self.trunk[0](x).relu()
        second = self.trunk[1](first)
        return self.form(self.trunk[2](second), self.aux(first), second)


class Nothing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class Constant(nn.Module):
    """It takes no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(4, 8))
        self.fc = nn.Linear(8, 2)

    def forward(self) -> torch.Tensor:
        y: torch.Tensor = self.fc(self.table)
        return y


def outputs(made: Diagram) -> list[str]:
    return [" ".join([box.title, *box.details]) for box in made.drawing.piece.boxes if box.title.startswith("Output")]


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
@pytest.mark.parametrize("direction", ["TB", "LR", "BT"])
def test_results_have_their_names(level: str, direction: str) -> None:
    net = Heads(lambda a, b, c: {"out": a, "aux": b, "features": [c]})
    made = draw(archscope.summarize(net, (3, 8, 8)), DiagramOptions(level=level, direction=direction))
    assert sorted(outputs(made)) == ["Output aux 8×8×7", "Output features.0 8×8×3", "Output out 8×8×3"]
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    ends = {box.name for box in made.drawing.piece.boxes if box.title.startswith("Output")}
    assert not [line for line in made.drawing.piece.lines if line.source in ends]


def test_results_without_names_are_numbered_and_one_is_the_output() -> None:
    made = archscope.diagram(Heads(lambda a, b, c: (a, b)), (3, 8, 8))
    assert sorted(outputs(made)) == ["Output 1 8×8×3", "Output 2 8×8×7"]
    assert outputs(archscope.diagram(Heads(lambda a, b, c: a), (3, 8, 8))) == ["Output 8×8×3"]


def test_places_in_nested_results_are_counted_as_the_others_are() -> None:
    made = archscope.diagram(Heads(lambda a, b, c: (a, b, [c, {"x": c + 1}])), (3, 8, 8))
    told = ["Output 1 8×8×3", "Output 2 8×8×7", "Output 2.1.x 8×8×3", "Output 3.1 8×8×3"]
    assert sorted(outputs(made)) == told


class Anchored(Heads):
    """It returns a parameter, a buffer and a constant too."""

    def __init__(self) -> None:
        super().__init__(lambda a, b, c: {"out": a, "scale": self.scale, "anchors": self.anchors, "sizes": self.sizes,
                                          "scales": self.scale, "ones": torch.ones(1, 2)})  # fmt: skip
        self.scale = nn.Parameter(torch.zeros(5))
        self.register_buffer("anchors", torch.zeros(1, 6, 4))
        self.sizes = torch.arange(9)


@pytest.mark.parametrize("level", ["network", "flow", "layer", "plate"])
def test_results_that_are_stored_are_boxes_that_no_line_leads_to(level: str) -> None:
    made = draw(archscope.summarize(Anchored(), (3, 8, 8)), DiagramOptions(level=level))
    assert sorted(outputs(made)) == [
        "Output anchors 6×4", "Output ones 2", "Output out 8×8×3", "Output scale, scales 5", "Output sizes 9",
    ]  # fmt: skip
    assert faults(made.drawing.piece) == []
    assert level == "plate" or differences(made) == []
    (out,) = [box.name for box in made.drawing.piece.boxes if box.title == "Output out"]
    assert {line.target for line in made.drawing.piece.lines if line.target.startswith("output:")} == {out}


def test_a_box_that_is_called_output_is_it() -> None:
    made = archscope.diagram("lenet5", level="network")
    titles = [box.title for box in made.drawing.piece.boxes]
    assert titles == ["Input", "C1", "S2", "C3", "S4", "C5", "F6", "Output: RadialBasis"]  # the paper's Figure 2
    assert "1.7159 tanh(2x/3)" in str(made)


@pytest.mark.parametrize(("net", "size"), [(Nothing(), (3, 8, 8)), (Constant(), ())])
def test_networks_without_operation_or_input(net: nn.Module, size: Any) -> None:
    made = archscope.diagram(net, size) if size else archscope.diagram(net, {})
    assert differences(made) == []
    assert len(outputs(made)) == 1


class Joined(nn.Module):
    """What a second input gives comes in late."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*[nn.Conv2d(3, 3, 3, padding=1) for _ in range(steps)])

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (self.trunk(x) + y).relu()


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("level", ["network", "flow", "layer"])
def test_an_input_that_is_added_late_stands_above_its_line(steps: int, level: Any) -> None:
    made = archscope.diagram(Joined(steps), ["x=3x8x8", "y=3x8x8"], level=level)
    assert faults(made.drawing.piece) == []


class Watched(nn.Module):
    """A stage that computes something that nothing reads; two results come of what it gives."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stage, self.head = nn.Conv2d(3, 8, 1), Watching(), nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.stage(self.stem(x))
        return self.head(x), x.mean()


class Watching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.two(self.one(x))
        share = y.softmax(1)
        (share * share.log()).sum().exp()
        return y


def test_a_frame_is_left_where_something_goes_on() -> None:
    made = archscope.diagram(Watched(), (3, 16, 16))
    assert [frame.title for frame in made.drawing.piece.frames] == ["Stage: Watching"]
    assert differences(made) == [] and faults(made.drawing.piece) == []


def test_a_closed_module_has_the_shape_of_what_is_read_of_it() -> None:
    made = archscope.diagram(Watched(), (3, 16, 16), level="network")
    assert [op.shape for op in made.drawing.ops if op.word == "Stage: Watching"] == [(8, 12, 12)]


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.two(self.one(x))  # type: ignore[no-any-return]


class Blocks(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(8, 8, 1), Block(), Block())


class Deeper(nn.Module):
    """An encoder that goes on after the result that is read of it."""

    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(kind() for _ in range(4))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        found = [x]
        for stage in self.stages:
            found.append(stage(found[-1]))
        return found


class Shallow(nn.Module):
    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.stem, self.encoder, self.head = nn.Conv2d(3, 8, 1), Deeper(kind), nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.stem(x))[2])  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [Block, Blocks])
@pytest.mark.parametrize("level", ["network", "flow", "layer"])
def test_from_what_is_folded_and_nothing_reads_no_line_leads_on(kind: type[nn.Module], level: Any) -> None:
    made = archscope.diagram(Shallow(kind), (3, 16, 16), level=level)
    assert differences(made) == [] and faults(made.drawing.piece) == []


class TwoSizes(nn.Module):
    """A stage of which two results are read, the first of them before it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stage = nn.Conv2d(3, 3, 1), Halving()
        self.fine, self.coarse = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        fine, coarse = self.stage(self.stem(x))
        return self.fine(fine), self.coarse(coarse)


class Halving(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 9, 1), nn.Conv2d(9, 8, 2, 2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        fine = self.one(x)
        return fine, self.three(self.two(fine))


def test_all_that_is_read_of_a_closed_module_is_told_of_it() -> None:
    made = archscope.diagram(TwoSizes(), (3, 16, 16), level="network")
    assert "<title>stage\n16×16×3 → 16×16×8, 8×8×8\n" in str(made)


class Auxiliary(nn.Module):
    """As GoogLeNet in training: a small classifier on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.rest = nn.Sequential(
            *[nn.Sequential(nn.Conv2d(4, 4, 3 - i % 2 * 2, 1 + i % 2), nn.Tanh()) for i in range(6)]
        )
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.first(x)
        return self.rest(x), self.head(x)


def test_auxiliary_heads_hang_on_the_left_of_a_straight_trunk() -> None:
    made = draw(archscope.summarize(Auxiliary(), (3, 64, 64)), DiagramOptions())
    boxes = {box.name: box for box in made.drawing.piece.boxes}
    assert boxes["rest.0.0"].x == pytest.approx(boxes["first"].x)
    assert boxes["head"].right < boxes["first"].x


class Refined(nn.Module):
    """A result after each step of a loop, as of networks that estimate motion."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps, self.first = steps, nn.Conv2d(3, 4, 3, padding=1)
        self.mix, self.last = nn.Conv2d(6, 4, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        state, flow, found = self.first(x), x[:, :2] * 0, []
        for _ in range(self.steps):
            state = self.mix(torch.cat([state, flow], 1)).tanh()
            flow = flow + self.last(state)
            found.append(flow)
        return found


def test_numbered_results_of_one_box_are_one_box() -> None:
    report = archscope.summarize(Refined(8), (3, 8, 8))
    made = draw(report, DiagramOptions(level="network"))
    words = [box.op.word for box in made.drawing.piece.boxes if box.op and box.op.path.startswith("output:")]
    apart = draw(report, DiagramOptions(level="layer"))

    assert differences(made) == []
    assert words in (["Output 1", "Outputs 2 to 8"], ["Outputs 1 to 8"])
    assert sum("Output" in box.title for box in apart.drawing.piece.boxes) == 8


class ReadTogether(nn.Module):
    """Very many tensors that one operation reads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(240, 4, 3)

    def forward(self, images: list[torch.Tensor]) -> torch.Tensor:
        return self.conv(torch.cat(images, 1))


class Towers(nn.Module):
    """Very many tensors, and an operation of its own on each."""

    def __init__(self) -> None:
        super().__init__()
        self.towers = nn.ModuleList(nn.Conv2d(3, 1 + i % 70, 1) for i in range(80))

    def forward(self, images: list[torch.Tensor]) -> torch.Tensor:
        return torch.cat([tower(image) for tower, image in zip(self.towers, images, strict=True)], 1)


class Parts(nn.Module):
    def __init__(self, change: bool, named: bool) -> None:
        super().__init__()
        self.conv, self.change, self.named = nn.Conv2d(3, 80, 1), change, named

    def forward(self, images: list[torch.Tensor]) -> Any:
        parts = self.conv(images[0]).chunk(80, 1)
        made = [part + i for i, part in enumerate(parts)] if self.change else parts
        return {"ab"[i % 2] * (i + 1): one for i, one in enumerate(made)} if self.named else made


@pytest.mark.parametrize("level", ["network", "flow"])
@pytest.mark.parametrize(
    ("module", "said"),
    [
        (ReadTogether(), "Input ×80"),
        (Towers(), "Input ×80"),
        (Parts(change=False, named=False), "Outputs 1 to 80"),
        (Parts(change=True, named=False), "Outputs 1 to 80"),
        (Parts(change=False, named=True), "80 outputs"),
        (Parts(change=True, named=True), "80 outputs"),
    ],
    ids=["joined", "towers", "chunks", "changed", "named", "changed-named"],
)
def test_very_many_tensors_of_one_box_are_one_box(module: nn.Module, said: str, level: Any) -> None:
    images = [torch.zeros(1, 3, 8, 8) for _ in range(80)]
    made = draw(archscope.summarize(module, input_data=[images]), DiagramOptions(level=level))
    words = [f"{box.op.word} ×{box.repeat}" for box in made.drawing.piece.boxes if box.op and box.op.kind == "tensor"]

    assert said in words or f"{said} ×1" in words
    assert len(made.drawing.piece.boxes) <= 60 and differences(made) == [] and faults(made.drawing.piece) == []


class Autoencoder(nn.Module):
    """It gives what two paths make before they are joined, and what comes of that."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.mean, self.spread, self.decode = (nn.Linear(8, 8) for _ in range(4))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.encode(x)
        mean, spread = self.mean(x), self.spread(x)
        return self.decode(mean + (spread * 0.5).exp()), mean, spread


def test_results_that_leave_one_of_several_paths_make_no_paths_cross() -> None:
    graph = archscope.trace(Autoencoder(), (8,))
    given = results(graph)
    ops = with_outputs(fused_ops(graph), given)
    assert largest_core(structure(ops, (), {}, ends_of(ops, given))) == 0


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_result_that_leaves_a_path_hangs_beside_it(level: Any, direction: Any) -> None:
    made = draw(archscope.summarize(Autoencoder(), (8,)), DiagramOptions(level=level, direction=direction))
    assert faults(made.drawing.piece) == [] == differences(made)
    place = {" ".join([box.title, *box.details]).strip(): box for box in made.drawing.piece.boxes}
    spread, go_on, end = place["Output 3 8"], place["Scale ×0.5"], place["Output 1 8"]
    if direction == "TB":
        assert spread.left > go_on.x and spread.bottom < end.top


class MeetingConstants(nn.Module):
    """What two parameters make meets before what is read joins it, with several results."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.other = nn.Linear(8, 8), nn.Linear(8, 8)
        self.gate, self.table = nn.Parameter(torch.zeros(8)), nn.Parameter(torch.zeros(8, 8))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        position = self.other(self.table)[0].softmax(-1)
        y = self.fc(x).softmax(-1) + self.gate.sigmoid() * position
        return y.relu(), x.sigmoid()


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
def test_constants_that_meet_stand_in_the_order_in_which_they_are_read(level: Any) -> None:
    made = draw(archscope.summarize(MeetingConstants(), (8,)), DiagramOptions(level=level))
    assert faults(made.drawing.piece) == [] == differences(made)


class WrittenBack(nn.Module):
    """It adds in place to a view of what nothing reads any more."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.table, self.fc = nn.Conv2d(3, 8, 1), nn.Parameter(torch.zeros(8, 16)), nn.Linear(16, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x).flatten(2)
        y += self.table
        z: torch.Tensor = self.fc(y)
        return z


def test_what_is_written_into_a_tensor_that_nothing_reads_is_no_box() -> None:
    report = archscope.summarize(WrittenBack(), (3, 4, 4))
    assert "setitem" in [layer.operation for layer in report.graph.layers]
    made = draw(report, DiagramOptions(level="flow"))
    assert [box.op.word for box in made.drawing.piece.boxes if box.op] == ["Input", "Conv", "Add", "Linear", "Output"]
    assert {box.op.word: box.op.shape for box in made.drawing.piece.boxes if box.op}["Add"] == (8, 16)
    assert differences(made) == []


class Skipping(nn.Module):
    """A block that gives one tensor to what follows, another one to a sum at the end."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.on, self.skip = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            x = self.one(x).relu()
            return self.on(x), self.skip(x)

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = self.Block(), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, skip = self.first(x)
        y: torch.Tensor = self.last(self.second(x).sigmoid() + skip)
        return y


def test_another_tensor_of_a_module_is_no_identity() -> None:
    made = draw(archscope.summarize(Skipping(), (8,)), DiagramOptions(level="network"))
    assert differences(made) == [] and "identity" not in {line.label for line in made.drawing.piece.lines}
