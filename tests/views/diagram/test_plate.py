"""The plate of a paper: its schema, its modules, the widths of each; the figures of the papers are the reference."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import nn

import archscope
import archscope.views.diagram.plate as views
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.fuse import absorbed
from archscope.views.diagram.ops.inputs import SEVERAL
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.panel import Opened, _with_own_inputs, opened, panel
from archscope.views.diagram.place.picture import Frame, Piece
from archscope.views.diagram.place.style import SMALL, Style
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.place.text import text_width
from archscope.views.diagram.plan.closing import closed, closed_groups
from archscope.views.diagram.plan.forms import Form, Numbers, forms
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.printed import unit_paths
from archscope.views.diagram.plan.shrunk import without_loose
from archscope.views.diagram.plan.titles import _label_rows, _stride, named
from archscope.views.diagram.plate import TRIED, Setting, _by_weight
from archscope.views.diagram.schema import Parts, _holding, _is_schema, _with_own_titles, schemas
from archscope.views.diagram.sketch import COUNTS, View
from tests.conftest import EVERYTHING
from tests.views.diagram.checker import faults, misfits
from tests.views.diagram.encoders import Unit
from tests.views.diagram.rebuild import differences as read_back
from tests.views.diagram.rebuild_plate import differences
from tests.views.diagram.test_repeats import Refined
from tests.zoo import NETWORKS


@cache
def report(name: str) -> Report:
    return archscope.summarize(name)


@cache
def plate(name: str) -> Diagram:
    return draw(report(name), DiagramOptions(level="plate"))


def panels(piece: Piece) -> dict[str, Frame]:
    return {frame.title: frame for frame in piece.frames if frame.heading}


def table_of(piece: Piece, title: str) -> list[list[str]]:
    """The rows of the table in a panel, its headings first."""
    frame = panels(piece)[title]
    (found,) = [table for table in piece.tables if _is_within(table, frame)]
    return [list(row) for row in found.rows]


def _is_within(table: Table, frame: Frame) -> bool:
    across = frame.left <= table.left and table.left + table.width <= frame.right
    return across and frame.top <= table.top and table.top + table.height <= frame.bottom


def test_inception_v3_has_the_modules_of_its_table_1_and_the_widths_of_its_four_inception_b() -> None:
    piece = plate("inception_v3").drawing.piece
    assert {title: frame.repeat for title, frame in panels(piece).items()} == {
        "Inception-A": 3, "Reduction-A": 1, "Inception-B": 4, "Reduction-B": 1, "Inception-C": 2,
    }  # fmt: skip
    assert table_of(piece, "Inception-B") == [["", "a"], ["1", "128"], ["2 to 3", "160"], ["4", "192"]]
    schema = [(box.title, box.details, box.repeat) for box in piece.boxes if box.kind == "module"]
    assert ("Inception-B", ("a = 160",), 2) in schema


def test_googlenet_has_table_1_of_its_paper() -> None:
    rows = table_of(plate("googlenet").drawing.piece, "Inception")
    assert rows[0] == ["", "a", "b", "c", "d", "e", "f"]
    assert rows[1] == ["3a", "64", "96", "128", "16", "32", "32"]
    assert rows[-1] == ["5b", "384", "192", "384", "48", "128", "128"]


def test_resnet50_has_table_1_of_its_paper() -> None:
    piece = plate("resnet50").drawing.piece
    assert table_of(piece, "Bottleneck, identity")[1:] == [
        [f"conv{i + 2}_x", str(64 * 2**i), str(256 * 2**i)] for i in range(4)
    ]
    assert [row[:2] for row in table_of(piece, "Bottleneck, projection")] == [
        ["", "s"], ["conv2_x", "1"], ["conv3_x", "2"], ["conv4_x", "2"], ["conv5_x", "2"],
    ]  # fmt: skip


def test_a_unit_is_not_called_as_the_stage_that_holds_it() -> None:
    """The first one of ShuffleNet is unlike all others: its first convolution has no groups."""
    found = {title: frame.repeat for title, frame in panels(plate("shufflenet_v1").drawing.piece).items()}
    assert found == {"Unit 1": 1, "Unit, identity": 13, "Unit 2": 2}


def test_nasnet_has_the_normal_and_the_reduction_cell_of_its_figure_4() -> None:
    """Of each its blocks: what two operations, each applied twice if separable, are added; what is concatenated."""
    piece = plate("nasnet_a_mobile").drawing.piece
    assert {title: frame.repeat for title, frame in panels(piece).items()} == {"Cell 4": 9, "Cell 5, stride 2": 2}
    told = {title: Counter(_said(op) for op in frame.ops) for title, frame in panels(piece).items()}
    shared = {"Input": 1, "Earlier input": 1, "Conv 1×1 a pre-act": 2, "+": 5, "Concat": 1}
    assert told["Cell 4"] == {
        **shared, "SeparableConv 5×5, a-a": 2, "SeparableConv 3×3, a-a": 3, "AvgPool 3×3": 3,
    }  # fmt: skip
    assert told["Cell 5, stride 2"] == {
        **shared, "SeparableConv 5×5, a-a s2": 2, "SeparableConv 7×7, a-a s2": 2, "SeparableConv 3×3, a-a": 1,
        "MaxPool 3×3 s2": 2, "AvgPool 3×3 s2": 1, "AvgPool 3×3": 1,
    }  # fmt: skip
    assert misfits(plate("nasnet_a_mobile")) == [] == faults(piece)


def _said(op: Op) -> str:
    return " ".join(filter(None, [op.word, op.kernel, *op.facts]))


def test_a_cell_whose_branches_run_beside_each_other_is_no_stage() -> None:
    """Of PNASNet's branches one reads another: they are no row of modules all the same."""
    graph = report("pnasnet5_mobile?cells=2").graph
    found = unit_paths(Modules(drawn(graph, "")[0], graph.blocks))
    assert found == [path for path in graph.blocks if re.fullmatch(r"\w+\.cell\d", path)]


@pytest.mark.parametrize("name", ["inception_v3", "inception_resnet_v2_released", "efficientnet_b0"])
def test_a_plate_is_one_page_to_be_read(name: str) -> None:
    made = plate(name)
    assert faults(made.drawing.piece) == []
    assert [fault for fault in misfits(made) if "boxes" not in fault] == []


@pytest.mark.parametrize("name", NETWORKS if EVERYTHING else NETWORKS[::4])
def test_schema_and_panels_read_back_are_the_network(name: str) -> None:
    """Each operation once, tensors as traced, and every module as its panel and the rows of its table say."""
    assert differences(plate(name)) == []


def test_what_a_plate_does_not_say_of_a_module_is_found() -> None:
    made = draw(report("inception_v3"), DiagramOptions(level="plate"))
    piece = made.drawing.piece
    table_of(piece, "Inception-B")  # there is one
    piece.tables[-1].rows[1][1] = "129"
    piece.lines = [line for line in piece.lines if line.target != "reduction_b.cat"]
    told = differences(made)
    assert [one for one in told if one.startswith("Inception-B: ") and one.endswith(" is another")]
    assert [one for one in told if one.startswith("Reduction-B: no line leads from reduction_b.")]


class Position(nn.Module):
    """The same weights for whatever is given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.BatchNorm2d(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.norm(self.conv(x).sin()) + x
        return y


class SeveralCalls(nn.Module):
    """Several scales, each through the one module again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.position, self.head = Position(), nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        scales = [x[:, :, ::stride, ::stride] for stride in (2, 3, 4)]
        return [self.head(self.position(one)) for one in scales]


def test_a_module_that_is_called_again_has_one_call_in_its_panel() -> None:
    made = draw(archscope.summarize(SeveralCalls(), (8, 32, 32)), DiagramOptions(level="plate"))
    assert differences(made) == [] == faults(made.drawing.piece)
    frame = made.drawing.piece.frames[-1]
    assert (frame.title, frame.repeat, len(frame.copies)) == ("Position, one of 3 calls", 1, 2)


class Update(nn.Module):
    """As RAFT's: what it remembers goes from call to call."""

    def __init__(self) -> None:
        super().__init__()
        self.motion, self.gate, self.flow = (
            nn.Conv2d(2, 8, 3, 1, 1),
            nn.Conv2d(16, 8, 3, 1, 1),
            nn.Conv2d(8, 2, 3, 1, 1),
        )

    def forward(self, memory: torch.Tensor, flow: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gate = torch.sigmoid(self.gate(torch.cat([memory, self.motion(flow)], 1)))
        memory = gate * memory + (1 - gate) * memory.tanh()
        return memory, self.flow(memory)


class Upsampling(nn.Sequential):
    """It has a name."""


class Iterated(nn.Module):
    """Shared modules in the steps of a loop, each of which gives a result. Between two calls is an operation of
    the network's own."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.update, self.steps = Update(), steps
        self.upsampling = Upsampling(nn.ConvTranspose2d(2, 8, 2, 2), nn.Conv2d(8, 2, 1))

    def forward(self, memory: torch.Tensor, flow: torch.Tensor) -> list[torch.Tensor]:
        found = []
        for _ in range(self.steps):
            memory, change = self.update(memory, flow.sin())
            flow = flow + change
            found.append(self.upsampling(flow))
        return found


def test_a_shared_module_in_the_steps_of_a_loop_is_closed_for_each_of_them() -> None:
    found = archscope.summarize(Iterated(6), ["8x16x16", "2x16x16"])
    modules = Modules(drawn(found.graph, "")[0], found.graph.blocks)
    assert [len(modules.calls(path)) for path in ("update", "upsampling")] == [6, 6]
    made = draw(found, DiagramOptions(level="plate"))
    assert "Update, one of 6 calls" in [frame.title for frame in made.drawing.piece.frames]
    steps = [box for box in made.drawing.piece.boxes if box.title == "Step"]
    assert [(box.details, box.repeat) for box in steps] == [(("Update, Upsampling",), 6)]


class FromNothing(nn.Module):
    """As RAFT's own loop: the first call reads a constant for the flow, each later one what the one before has made.
    After the first something is done that is no step's; else all begin alike."""

    def __init__(self) -> None:
        super().__init__()
        self.update = Update()

    def forward(self, memory: torch.Tensor) -> torch.Tensor:
        flow = torch.zeros(1, 2, 16, 16)
        for step in range(4):
            memory, flow = self.update(memory, flow)
            memory = memory if step else memory.sigmoid()
        return flow


class FromZeros(FromNothing):
    """The same with nothing after the first call."""

    def forward(self, memory: torch.Tensor) -> torch.Tensor:
        flow = torch.zeros(1, 2, 16, 16)
        for _ in range(4):
            memory, flow = self.update(memory, flow)
        return flow


def test_a_module_whose_first_call_is_given_zeros_is_the_same_in_all_calls() -> None:
    made = draw(archscope.summarize(FromZeros(), (8, 16, 16)), DiagramOptions(level="plate"))
    assert list(panels(made.drawing.piece)) == ["Update, one of 4 calls"]
    assert "Constant" in [box.title for box in made.drawing.piece.boxes]
    assert differences(made) == [] == faults(made.drawing.piece)


def test_of_calls_that_differ_the_usual_one_is_shown_and_how_many_are_like_it() -> None:
    made = draw(archscope.summarize(FromNothing(), (8, 16, 16)), DiagramOptions(level="plate"))
    assert list(panels(made.drawing.piece)) == ["Update, 3 of 4 calls"]
    assert differences(made) == [] == faults(made.drawing.piece)


class Scaled(nn.Module):
    """As DAB-DETR's encoder: layers of their own between the calls of one that is shared."""

    def __init__(self) -> None:
        super().__init__()
        self.layers, self.scale = nn.ModuleList(nn.Conv2d(4, 4, 1) for _ in range(2)), nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(self.scale(x))
        return x


def test_a_module_that_calls_another_again_is_called_once() -> None:
    found = archscope.summarize(nn.Sequential(Scaled()), (4, 8, 8))
    assert len(Modules(drawn(found.graph, "")[0], found.graph.blocks).calls("0")) == 1


class TwoResults(nn.Module):
    """A block that gives what it made half-way too."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        half = self.one(x)
        return half, self.two(half.sin()) + x + half


class TwoResultsTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = TwoResults(), TwoResults(), nn.Conv2d(16, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        half, whole = self.first(x)
        return self.head(torch.cat([half, *self.second(whole)[1:]], 1))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("options", "told"), [(DiagramOptions(level="plate"), differences), (DiagramOptions(block="first"), read_back)]
)
def test_each_result_of_a_module_ends_in_a_box(options: DiagramOptions, told: Callable[[Diagram], list[str]]) -> None:
    made = draw(archscope.summarize(TwoResultsTwice(), (8, 32, 32)), options)
    piece = made.drawing.piece
    ends = {box.title: box.op.inputs for box in piece.boxes if box.op and box.name.startswith("first>")}
    assert ends == {"Output 1": ("first.one",), "Output 2": ("first.add_1",)}
    assert told(made) == [] == faults(piece)


class LoopAndUnlikeLayers(nn.Module):
    """Too many boxes for a page, one of which stands for the steps of a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 2 * i + 1, 1, i) for i in range(35))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = given = x + 1
        for _ in range(9):
            y = (y * 2).sin() + given / 3
        for i, layer in enumerate(self.layers, 2):
            y = (layer(y) * i).sin() + x / i
        return y


def test_the_steps_of_a_loop_are_closed_with_what_stands_beside_it() -> None:
    made = draw(archscope.summarize(LoopAndUnlikeLayers(), (3, 8, 8)), DiagramOptions(level="plate"))
    assert differences(made) == [] == faults(made.drawing.piece)


@pytest.mark.parametrize("name", ["inception_v3", "xception", "efficientnet_b0", "googlenet"])
def test_letters_and_tables_give_the_numbers_of_every_module(name: str) -> None:
    """Each module of a form, with its row's values for letters, has the numbers that the trace has."""
    made = plate(name)
    graph = made.report.graph
    piece = made.drawing.piece
    counted = 0
    for frame in panels(piece).values():
        tables = [table for table in piece.tables if _is_within(table, frame)]
        if not tables:
            continue
        letters = tables[0].rows[0][1:]
        values = dict(zip(letters, tables[0].rows[1][1:], strict=True))  # the first module's, which is drawn
        for op in frame.ops:
            width = op.facts[0] if op.facts else ""
            if op.kind != "conv" or (width not in letters and not width.isdecimal()):
                continue
            traced = next(graph.layer[layer] for layer in op.layers if graph.layer[layer].window)
            assert values.get(width, width) == str(traced.output_shape[0])
            counted += width in letters
    assert counted > 0


def test_a_network_without_modules_is_its_schema() -> None:
    made = plate("alexnet").drawing.piece
    assert made.frames == [] and made.tables == []


@pytest.mark.parametrize("name", ["inception_v3", "efficientnet_b0"])
def test_dot_and_mermaid_have_every_line_of_schema_and_panels(name: str) -> None:
    made = plate(name)
    lines = sum(bool(line.points) for line in made.drawing.piece.lines)
    assert lines > 40
    assert made.to_dot().count(" -> ") == made.to_mermaid().count("-->") == lines


def test_a_plate_of_a_block() -> None:
    made = draw(report("inception_v3"), DiagramOptions(level="plate", block="inception_b"))
    assert [title for title in panels(made.drawing.piece)] == ["Inception-B"]


@pytest.mark.parametrize("options", [{"show": ("params",)}, {"fold": False}, {"depth": 2}, {"direction": "LR"}])
def test_what_a_plate_does_not_take_is_said(options: dict[str, object]) -> None:
    with pytest.raises(ArchscopeError, match=re.escape("a plate takes no --")):
        draw(report("alexnet"), DiagramOptions(level="plate", **options))  # type: ignore[arg-type]


def test_the_last_schema_that_is_tried_is_the_network_level_s() -> None:
    """What is closed by sorts may leave a loop of a detector, and all that stands around it, in more boxes."""
    found = archscope.summarize(Refined(8), (8, 16, 16))
    ops, outputs = drawn(found.graph, "")
    *_, (last, _) = schemas(ops, found.graph.blocks, View(outputs, Style(), True, "", plain=False))
    shown = draw(found, DiagramOptions(level="network")).drawing.plan.ops  # with its results
    assert [op.name for op in last.schema] == [op.name for op in shown]


class Head(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(8, 4, 1), nn.Sigmoid(), nn.Conv2d(4, 8, 3))


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.one, self.two = nn.Conv2d(3, 8, 1), Head(), Head()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y: torch.Tensor = self.one(x) + self.two(x)
        return y


def test_equal_modules_beside_each_other_are_said_to_be() -> None:
    made = draw(archscope.summarize(TwoHeads(), (3, 8, 8)), DiagramOptions(level="plate"))
    assert differences(made) == []
    assert [box.details for box in made.drawing.piece.boxes if box.repeat == 2] == [("beside each other",)]


class Deep(nn.Module):
    def __init__(self, layers: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(nn.Conv2d(4, 4, 3, 1, 1) for _ in range(layers)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.layers(x)
        return y


def never_twice() -> str:
    """A word of three letters in which nothing stands twice in a row."""
    word = "1"
    for _ in range(6):
        word = "".join({"1": "123", "2": "13", "3": "2"}[letter] for letter in word)
    return word


class Chooser(nn.Module):
    """Far more operations than a panel has room for, in no module within."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([(x * i + 1).exp() / i for i in range(2, 72)], 1)


class Detector(nn.Module):
    """Stages of blocks that are of three forms, more than a page has room for."""

    def __init__(self) -> None:
        super().__init__()
        blocks = [Deep(int(letter)) for letter in never_twice()]
        self.stages = nn.Sequential(*(nn.Sequential(*blocks[i : i + 22]) for i in (0, 22, 44)))
        self.stem, self.chooser = nn.Conv2d(3, 4, 1), Chooser()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.chooser(self.stages(self.stem(x)))
        return y


def test_a_schema_of_closed_stages_has_panels_of_what_these_hold() -> None:
    """A module that is too large for any panel denies none to others."""
    made = draw(archscope.summarize(Detector(), (3, 32, 32)), DiagramOptions(level="plate"))
    piece = made.drawing.piece
    assert differences(made) == [] == faults(piece)
    assert {title.rpartition(" ")[0] for title in panels(piece)} == {"Deep"}
    told = [(box.title, *box.details) for box in piece.boxes if box.kind == "module"]
    assert told[0] == ("Stage 0", "8 × Deep 1, 7 × Deep 2, 7 × Deep 3")
    assert told[3:] == [("Chooser",)]


def test_rows_of_a_table_count_modules_in_the_order_of_their_names() -> None:
    form = Form("b.0", [], [Numbers(("1",), ["b.2", "b.3", "a.0", "a.1"]), Numbers(("2",), ["b.0", "b.1"])])
    _label_rows(form)
    assert [row.label for row in form.rows] == ["1 to 2, 5 to 6", "3 to 4"]


class Dropped(nn.Sequential):
    def __init__(self, width: int, rate: float) -> None:
        super().__init__(nn.Conv2d(4, width, 1), nn.Dropout(rate), nn.Conv2d(width, 4, 1))


def test_rates_of_dropout_that_rise_make_no_row_of_a_table() -> None:
    net = nn.Sequential(*(Dropped(width, rate / 10) for width, rate in ((8, 1), (8, 2), (16, 3), (16, 4))))
    made = draw(archscope.summarize(net, (4, 8, 8)), DiagramOptions(level="plate"))
    assert differences(made) == []
    assert table_of(made.drawing.piece, "Dropped") == [["", "a"], ["1 to 2", "8"], ["3 to 4", "16"]]
    assert {op.facts for op in made.drawing.piece.frames[-1].ops if op.word == "Dropout"} == {()}
    alike = nn.Sequential(*(Dropped(8, rate / 10) for rate in range(1, 5)))
    made = draw(archscope.summarize(alike, (4, 8, 8)), DiagramOptions(level="plate"))
    assert [(box.title, box.details, box.repeat) for box in made.drawing.piece.boxes if box.kind == "module"] == [
        ("Dropped", (), 4)
    ]


class Unread(nn.Module):
    """What it computes last nothing reads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body, self.beside = nn.Sequential(nn.Conv2d(4, width, 1), nn.Conv2d(width, 4, 1)), nn.Conv2d(4, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(x + self.body(x))
        self.beside(y)
        return y


def test_no_line_of_a_panel_leads_nowhere() -> None:
    made = draw(archscope.summarize(nn.Sequential(*map(Unread, (8, 16))), (4, 8, 8)), DiagramOptions(level="plate"))
    assert list(panels(made.drawing.piece)) == ["Unread"]
    points = {box.name for box in made.drawing.piece.boxes if box.form == "point"}
    lines = made.drawing.piece.lines
    assert not points.intersection(line.target for line in lines) - {line.source for line in lines}


class Scales(nn.Module):
    """A backbone of three scales."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.downs = nn.Conv2d(3, 8, 3, 2, 1), nn.ModuleList(nn.Conv2d(8, 8, 3, 2, 1) for _ in range(2))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        found = [self.first(x).relu()]
        for down in self.downs:
            found.append(down(found[-1]).relu())
        return found


class Boxes(nn.Module):
    """It chooses among its maps by many operations of no module, and gives results of every step."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.neck, self.heads = Scales(), Mixed(), nn.ModuleList(Head() for _ in range(2))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = self.neck(self.backbone(x))
        found = {f"a_rather_long_name_of_a_map_{'xyz'[i]}": one for i, one in enumerate(maps)}
        tokens = torch.cat([one.flatten(2) for one in maps], 2)
        for i in range(9):
            tokens = (tokens * (i + 2)).exp() / (i + 3)
            if i % 2:
                found[f"a_rather_long_name_of_tokens_{'abcdefghi'[i]}"] = tokens
        low = maps[0] * tokens.mean()
        return found | {f"another_{i}": head(low) for i, head in zip("xy", self.heads, strict=True)}


class Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sides = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(3))

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        return [side(one) + maps[0].mean() for side, one in zip(self.sides, maps, strict=True)]


def test_where_results_leave_no_room_those_of_a_box_stand_together_and_what_is_loose_is_a_box() -> None:
    found = archscope.summarize(Boxes(), (3, 64, 64))
    ops, outputs = drawn(found.graph, "")
    seen = list(schemas(ops, found.graph.blocks, View(outputs, Style(), True, "", plain=False)))
    parts, view = next((parts, view) for parts, view in seen if view.together)
    told = [(op.word, op.facts) for op in view.sketch(Plan(parts.schema)).plan.ops]
    assert [word for word, _ in told if word.endswith("operations")] == ["30 operations"]
    assert [one for one in told if "outputs" in one[0]][:2] == [("3 outputs", (SEVERAL,)), ("4 outputs", ())]
    assert "3 outputs" not in [op.word for op in seen[0][1].sketch(Plan(seen[0][0].schema)).plan.ops]


class Split(nn.Module):
    """As a block of Res2Net: convolutions of a list, each of which reads what the one before has made."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(8 * width, 8 * width, 1), nn.Conv2d(8 * width, 8 * width, 1)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in range(7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        *parts, last = self.first(x).chunk(8, 1)
        found = [last]
        for conv, part in zip(self.convs, parts, strict=True):
            found.append(conv(found[-1] + part).relu().neg())
        y: torch.Tensor = self.last(torch.cat(found, 1)) + x
        return y


def test_a_list_of_operations_is_no_figure_and_a_long_panel_has_its_steps_once() -> None:
    net = nn.Sequential(Split(2), Split(2), nn.Conv2d(16, 32, 1), Split(4))
    found = archscope.summarize(net, (16, 8, 8))
    modules = Modules(drawn(found.graph, "")[0], found.graph.blocks)
    assert unit_paths(modules) == ["0", "1", "3"]
    (form,) = named(modules, forms(modules, unit_paths(modules)))
    ops = drawn(found.graph, "")[0]
    sketch = opened(form, ops, found.graph.blocks, View((), Style(), True, "", plain=False)).within(14)
    assert [(op.word, len(op.copies)) for op in sketch.plan.ops if op.kind == "module"] == [("Step", 5)]


class Apart(nn.Module):
    """More than a figure has room for, in parts that do not follow each other."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.one, self.two = Deep(layers), Deep(layers + 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.one(x.sin()) * self.two(x.cos())
        return y


def test_what_no_figure_has_room_for_is_opened_whatever_it_holds() -> None:
    def shown(layers: int) -> list[str]:
        graph = archscope.trace(nn.Sequential(Apart(layers), nn.Conv2d(4, 4, 1)), (4, 8, 8))
        return unit_paths(Modules(drawn(graph, "")[0], graph.blocks))

    assert (shown(20), shown(40)) == (["0"], ["0.one.layers", "0.two.layers"])


class Tokens(nn.Module):
    """A strided convolution, and what it makes as tokens."""

    def __init__(self, image: bool) -> None:
        super().__init__()
        self.patches, self.mix, self.image = nn.Conv2d(4, 4, 2, 2), nn.Linear(4, 4), image

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.mix(self.patches(x).sin().flatten(2).transpose(1, 2))
        return y.transpose(1, 2).reshape(1, 4, 8, 8).cos() if self.image else y


def test_how_many_tokens_a_module_makes_of_an_image_is_no_stride() -> None:
    for image, stride in ((True, 2), (False, 1)):
        graph = archscope.trace(nn.Sequential(nn.Conv2d(4, 4, 1), Tokens(image)), (4, 16, 16))
        assert _stride(Modules(drawn(graph, "")[0], graph.blocks), "1") == stride


def test_small_modules_that_stand_alone_are_closed_with_what_is_around_them() -> None:
    class Sums(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.small, self.head = Deep(9), Deep(2), Deep(8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.head(self.small(self.stem(x).sin()).cos() * 3)
            return y

    graph = archscope.trace(Sums(), (4, 8, 8))
    ops = closed(drawn(graph, "")[0], [(path, path, ()) for path in ("stem", "small", "head")])
    words = {small: [op.word for op in without_loose(Plan(ops), graph.blocks, 3, small).ops] for small in (0, 6)}
    assert words[0] == ["Input", "stem", "Sin", "small", "Cos", "Scale", "head"]
    assert words[6] == ["Input", "stem", "6 operations", "head"]


class Pyramid(nn.Module):
    """From the smallest of its maps up, each added to what is made of the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.sides = nn.Conv2d(8, 8, 3, 1, 1), nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(2))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        y: torch.Tensor = self.first(maps[-1]).relu()
        for side, one in zip(self.sides, maps[-2::-1], strict=True):
            y = (side(one) + nn.functional.interpolate(y, size=one.shape[-2:])).relu()
        return y


def test_no_line_leads_to_what_a_panel_begins_with() -> None:
    net = nn.Sequential(Scales(), Pyramid(), nn.Conv2d(8, 4, 1))
    piece = draw(archscope.summarize(net, (3, 64, 64)), DiagramOptions(level="plate")).drawing.piece
    begins = {box.name for box in piece.boxes if box.op and not box.op.inputs}
    assert list(panels(piece)) == ["Scales", "Pyramid"] and len(begins) == 5
    assert begins.isdisjoint(line.target for line in piece.lines)


def test_a_box_of_no_module_that_holds_most_of_the_network_is_no_schema() -> None:
    graph = archscope.trace(nn.Sequential(Deep(9), Deep(3)), (4, 8, 8))
    ops = drawn(graph, "")[0]
    for count, told in ((4, True), (9, False)):
        schema = closed_groups(ops, [(ops[1 : count + 1], "", "operations", "")])
        assert _is_schema(Parts(schema, [], ops, graph.blocks)) == told


def test_module_is_closed_as_far_as_is_asked_for_and_sketched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[Op(str(i), "conv", "Conv", str(i), (), (str(i - 1),), (8, 9, 9), facts=(str(i),)) for i in range(many)]
            for many in (9, 5, 3, 1)]  # fmt: skip
    sketched: list[int] = []
    original = View.sketch
    monkeypatch.setattr(View, "sketch", lambda view, plan: sketched.append(len(plan.ops)) or original(view, plan))
    view = View((), Style(), True, "", plain=True)
    held = Opened(view, iter([Plan(ops) for ops in rows]))
    assert len(held.within(5).plan.ops) == 5
    assert len(held.plans) == 2  # the others are not made yet
    assert [len(held.within(most).plan.ops) for most in (9, 5, 4, 0, 9)] == [9, 5, 3, 3, 9]  # one box tells nothing
    assert sketched == [5, 9, 3]  # what has more boxes than are asked for however it is folded is none of them


def test_a_form_whose_operations_are_told_already_waits_for_one_that_tells_others() -> None:
    def form(*words: str) -> Form:
        ops = [Op(f"{word}{i}", "conv", word, "", (), (), ()) for i, word in enumerate(words)]
        return Form("".join(words), ops, [Numbers((), ["".join(words)])])

    large, like_it, other = form(*"aaabbb"), form(*"aaabb"), form(*"dde")
    assert [form.path for form in _by_weight(Parts([], [other, like_it, large], [], {}))] == ["aaabbb", "dde", "aaabb"]


def test_the_tensor_that_was_made_last_is_the_input_of_a_panel() -> None:
    def op(name: str, kind: str, *inputs: str) -> Op:
        return Op(name, kind, kind, "", (), inputs, ())

    read = [op(name, "tensor") for name in ("last", "first", "second")]
    ops = _with_own_inputs([*read, op("sum", "add", "second", "last", "first")], "block", ["first", "second", "last"])
    words = {one.name: one.word for one in ops if one.kind == "tensor"}
    assert words == {"block<last": "Input", "block<first": "Earlier input 2", "block<second": "Earlier input 1"}
    assert ops[-1].inputs == ("block<second", "block<last", "block<first")


def test_sentences_above_a_plate_are_reckoned_with_where_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    words: set[float] = set()
    original = views.arrangement
    monkeypatch.setattr(
        views, "arrangement", lambda pieces, paper, *more: words.add(paper.words) or original(pieces, paper, *more)
    )
    found = report("resnet50")
    said = absorbed(drawn(found.graph, "")[0], found.graph)
    draw(found, DiagramOptions(level="plate"))
    assert words == {COUNTS + text_width(said, SMALL)}
    words.clear()
    draw(found, DiagramOptions(level="plate", show_title=False, show_legend=False))
    assert words == {0.0}


def test_panels_of_a_few_operations_in_a_row_make_no_plate_whole() -> None:
    def form(layers: list[nn.Module]) -> Form:
        row = nn.Sequential(*layers)
        graph = archscope.trace(nn.Sequential(row, nn.ReLU(), row), (4, 8, 8))
        return forms(Modules(drawn(graph, "")[0], graph.blocks), ["0"])[0]

    def setting(*found: Form) -> Setting:
        return Setting(
            Parts([], list(found), [], {}), TRIED[0], found, None, [(Piece(), form.ops) for form in found], None
        )  # type: ignore[arg-type]

    short, long = form([nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, 1, 1)]), form([nn.Conv2d(4, 4, 1) for _ in range(12)])
    joined = form([Summed(4)])
    assert [setting(one).is_whole for one in (short, long, joined)] == [False, True, True]
    assert setting(short, joined).is_whole and setting().is_whole
    assert [setting(one).told > 0 for one in (short, long, joined)] == [False, True, True]


class Summed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        added: torch.Tensor = x + self.two(torch.relu(self.one(x)))
        return added


class Down(nn.Module):
    """Two blocks in a list, and a step of its own: no stage of a figure."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Summed(8), Summed(8)])
        self.step = nn.Conv2d(8, 8, 3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return self.step(x).sigmoid()


def test_a_panel_counts_its_modules_within_other_panels_too() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), Summed(8), Down(), nn.Conv2d(8, 4, 1), nn.Sequential(Summed(4)))
    made = draw(archscope.summarize(net, (3, 32, 32)), DiagramOptions(level="plate"))
    assert {title: frame.repeat for title, frame in panels(made.drawing.piece).items()} == {"Summed": 4, "Down": 1}
    assert table_of(made.drawing.piece, "Summed") == [["", "a"], ["1 to 3", "8"], ["4", "4"]]
    assert not [*differences(made)]


class Mixing(nn.Module):
    """As MixNet's: every convolution is of several windows; it adds what it reads where it can."""

    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        self.first, self.last, self.stride = Windows(1, (1, 3)), Windows(1, (3, 1)), stride
        self.slid = Windows(stride, (3, 5, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.last(self.slid(self.first(x)))
        return x + y if self.stride == 1 else y


class Windows(nn.Module):
    def __init__(self, stride: int, kernels: tuple[int, ...]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Conv2d(12, 12 // len(kernels), k, stride, k // 2) for k in kernels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([part(x) for part in self.parts], 1)


def test_blocks_that_have_no_shortcut_because_they_are_strided_are_no_stages_either() -> None:
    net = nn.Sequential(nn.Conv2d(3, 12, 3), Mixing(2), Mixing(), Mixing(), Mixing(2), nn.Conv2d(12, 4, 1))
    made = draw(archscope.summarize(net, (3, 64, 64)), DiagramOptions(level="plate"))
    found = {title: frame.repeat for title, frame in panels(made.drawing.piece).items()}
    assert found == {"Mixing, no shortcut": 2, "Mixing, identity": 2}
    assert differences(made) == [] == faults(made.drawing.piece)


@pytest.mark.parametrize(("last", "printed"), [(3, ["1", "2"]), (5, [])])
def test_a_module_is_opened_where_it_has_more_operations_than_a_panel_has_boxes(last: int, printed: list[str]) -> None:
    """OneFormer's decoder layer, of 25, stands in its panel whole. Short rows are drawn in the schema itself."""

    def long() -> nn.Module:
        parts = [nn.Sequential(*(nn.Conv2d(4, 4, 2 * i + 1, 1, i) for _ in range(6))) for i in range(4)]
        return Plain(*parts, nn.Sequential(*(nn.Conv2d(4, 4, 1) for _ in range(last)), nn.Sigmoid()))

    graph = archscope.trace(nn.Sequential(nn.Conv2d(3, 4, 1), long(), long()), (3, 16, 16))
    assert unit_paths(Modules(drawn(graph, "")[0], graph.blocks)) == printed


class Plain(nn.Sequential):
    """It has a name."""


def test_a_box_that_holds_modules_says_which_panel_is_theirs() -> None:
    """`3 × Block` sends nobody to Block 2."""
    found = [
        Form(paths[0], [], [Numbers((), paths)], title=title, kind="Block")
        for title, paths in (("Block 1, stride 2", ["a.0"]), ("Block 2", ["a.1", "a.2"]), ("Block 3", ["a.3"]))
    ]
    held = [found[0], found[1], found[1], found[2]]
    box = Op("a/", "module", "A", "a", (), (), ())
    assert _holding(box, held, found[:2]).facts == ("Block 1, 2 × Block 2, Block",)
    assert _holding(box, held, []).facts == ()


def test_no_other_box_is_called_as_a_panel_is() -> None:
    form = Form("extra.0", [], [Numbers((), ["extra.0"])], title="Extra")
    own, other, third = (
        Op(f"{path}/", "module", "Extra", path, (), (), (), inner=path) for path in ("extra.0", "extra", "c")
    )
    told = _with_own_titles([own, other, third, own], {"extra.0": (form, form.rows[0])})
    assert [op.word for op in told] == ["Extra", "Extra 2", "Extra 3", "Extra"]


class Shortcut(nn.Module):
    """The same with a shortcut around it."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.body(x)
        return y


class Gated(nn.Module):
    """A convolution and a gate."""

    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        self.conv, self.gate = nn.Conv2d(8, 8, 3, stride, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x)
        return y * self.gate(y).sigmoid()


def test_what_is_drawn_within_a_shortcut_is_counted_there_alone_and_a_table_says_strides_that_differ() -> None:
    blocks = [Gated(2), Shortcut(Gated()), Shortcut(Gated()), Gated(), Shortcut(Gated())]
    made = draw(
        archscope.summarize(nn.Sequential(nn.Conv2d(3, 8, 3), *blocks), (3, 32, 32)), DiagramOptions(level="plate")
    )
    assert {title: frame.repeat for title, frame in panels(made.drawing.piece).items()} == {"Gated": 2, "Shortcut": 3}
    assert table_of(made.drawing.piece, "Gated") == [["", "s"], ["1", "2"], ["2", "1"]]


class Two(nn.Module):
    """Two parts of one class, one after the other, with a shortcut around both."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Inner(8, width), Inner(width, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.second(self.first(x))
        return y


class Inner(nn.Module):
    """A gate."""

    def __init__(self, width: int, after: int) -> None:
        super().__init__()
        self.conv, self.gate = nn.Conv2d(width, after, 1), nn.Conv2d(width, after, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x) * self.gate(x).sigmoid()
        return y


def test_a_block_is_printed_whole_with_its_shortcut_and_a_table_has_no_letter_that_stands_in_no_box() -> None:
    found = archscope.trace(nn.Sequential(nn.Conv2d(3, 8, 3), Two(16), Two(24), nn.Conv2d(8, 4, 3)), (3, 32, 32))
    ops, _ = drawn(found, "")
    modules = Modules(ops, found.blocks)
    (form,) = named(modules, forms(modules, unit_paths(modules)))
    assert (form.title, form.letters, len(form.paths)) == ("Two", ["a"], 2)
    form.letters.append("k")  # of a box that is closed
    for row in form.rows:
        row.values = (*row.values, "3")
    held = opened(form, ops, found.blocks, View((), Style(), True, "", plain=False))
    piece, _ = panel(form, held, 28, Style())
    assert [table.rows for table in piece.tables] == [[["", "a"], ["1", "16"], ["2", "24"]]]


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 64, 3, padding=1)
        widths = pairwise((64, 64, 128, 256, 512))
        self.layers = nn.ModuleList(nn.Sequential(Unit(a, b, 2), Unit(b, b, 1)) for a, b in widths)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        found = [self.stem(x)]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return found


class TopDown(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sides = nn.ModuleList(nn.Conv2d(width, 64, 1) for width in (64, 64, 128, 256, 512))
        self.smooth = nn.ModuleList(nn.Conv2d(64, 64, 3, padding=1) for _ in range(4))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        *sides, x = [side(each) for side, each in zip(self.sides, maps, strict=True)]
        for side, smooth in zip(reversed(sides), self.smooth, strict=True):
            x = smooth(nn.functional.interpolate(x, scale_factor=2.0) + side)
        return x


class Segmenter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder, self.head = Encoder(), TopDown(), nn.Conv2d(64, 2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.head(self.decoder(self.encoder(x)))
        return found


def test_a_schema_that_has_room_for_no_panel_is_the_network_level_where_that_says_more() -> None:
    """A column had encoder and decoder as two upright bars beside each other, and nothing of what is in them."""
    plate, network = (archscope.diagram(Segmenter(), level=level, page="column", input_size=256)  # type: ignore[arg-type]
                      for level in ("plate", "network"))  # fmt: skip
    titles = [box.title for box in plate.drawing.piece.boxes]
    assert titles == [box.title for box in network.drawing.piece.boxes]
    assert plate.letters >= 6.0
