"""What is too wide or too long for its page is folded: branches in rows, a column in parts beside each other."""

from collections import Counter, OrderedDict
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.views.diagram import sketch
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.place.cut import cut
from archscope.views.diagram.place.fitting import scale
from archscope.views.diagram.place.paper import PAPERS
from archscope.views.diagram.place.picture import Box, Line, Piece, Point, Row
from archscope.views.diagram.place.style import SMALL, Style
from archscope.views.diagram.place.text import text_width
from archscope.views.diagram.plan.items import Series
from tests.views.diagram.checker import faults, misfits
from tests.views.diagram.rebuild import differences
from tests.views.diagram.test_lanes import UNetPlusPlus, conv


class Branches(nn.Module):
    """Fifty branches of different widths, joined."""

    def __init__(self, join: str) -> None:
        super().__init__()
        self.join, widths = join, range(8, 58)
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Conv2d(8, width, 1), nn.Conv2d(width, width if join == "cat" else 8, 3, padding=1))
            for width in widths
        )
        self.head = nn.Conv2d(sum(widths) if join == "cat" else 8, 10, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        found = [branch(x) for branch in self.branches]
        return self.head(torch.cat(found, 1) if self.join == "cat" else torch.stack(found).sum(0))


class Sources(nn.Module):
    """Twenty inputs, each with layers of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(4 + i, 8 + i), nn.Linear(8 + i, 8)) for i in range(20))

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        return torch.cat([layer(tensor) for layer, tensor in zip(self.layers, tensors, strict=True)], 1)


class Added(Branches):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        found = self.branches[0](x)
        for branch in list(self.branches)[1:]:
            found = found + branch(x)
        return self.head(found)  # type: ignore[no-any-return]


class Between(nn.Sequential):
    """Stages that are unlike each other, and three operations of no module after each."""

    def __init__(self) -> None:
        windows = [1 + 2 * (i % 3) for i in range(18)]
        stages = [
            nn.Sequential(conv(3 + i, 4 + i), nn.Conv2d(4 + i, 4 + i, k, 1, k // 2)) for i, k in enumerate(windows)
        ]
        super().__init__(OrderedDict(zip("abcdefghijklmnopqr", stages, strict=True)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage in self:
            x = stage(x).sin().exp().tanh()
        return x


def drawn(module: nn.Module, size: object = (3, 16, 16), **options: object) -> Diagram:
    return draw(archscope.summarize(module, size), DiagramOptions(**options))  # type: ignore[arg-type]


def letters(made: Diagram, page: str = "a4") -> float:
    return scale(made.drawing.piece, PAPERS[page]) * SMALL


@pytest.mark.parametrize("module", [Branches("cat"), Added("add")], ids=["concatenated", "added"])
def test_many_branches_of_different_widths_stand_in_rows(module: nn.Module) -> None:
    made = drawn(module, level="network")
    piece = made.drawing.piece
    assert not faults(piece) + differences(made) + misfits(made)
    branches = [box for box in piece.boxes if box.title.startswith("branches.")]
    assert len(branches) == 50 and 3 <= len({box.top for box in branches}) <= 10
    assert len({box.details for box in branches}) == 50  # each says its width


def test_few_operations_between_modules_are_closed_before_the_modules_are_with_them() -> None:
    made = drawn(Between(), (3, 64, 64), level="network")
    titles = Counter(box.title for box in made.drawing.piece.boxes)

    assert titles["3 operations"] == 18 and {*"ABCDEFGHIJKLMNOPQR"} <= titles.keys()
    assert not faults(made.drawing.piece) + differences(made) + misfits(made)


def test_many_inputs_with_layers_of_their_own_stand_in_rows() -> None:
    sizes = [(4 + i,) for i in range(20)]
    for level in ("network", "plate"):
        made = drawn(Sources(), sizes, level=level)
        assert letters(made) >= 6 and not faults(made.drawing.piece)
    assert not differences(drawn(Sources(), sizes, level="network"))


@pytest.mark.parametrize("page", ["a4", "slide"])
def test_many_lanes_from_left_to_right_go_on_below(page: str) -> None:
    made = drawn(UNetPlusPlus(5), (3, 64, 64), level="network", direction="LR", page=page)
    assert letters(made, page) >= 6 and not faults(made.drawing.piece) + differences(made)


class Nodes(UNetPlusPlus):
    """Each node two convolutions, all in a table."""

    def __init__(self, levels: int) -> None:
        nn.Module.__init__(self)
        self.levels, self.pool, self.up = levels, nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.nodes = nn.ModuleDict()
        for i in range(levels):
            for j in range(levels - i):
                given = j * 32 * 2**i + 32 * 2 ** (i + 1) if j else 32 * 2 ** (i - 1) if i else 3
                self.nodes[f"{i}_{j}"] = nn.Sequential(conv(given, 32 * 2**i), conv(32 * 2**i, 32 * 2**i))

    def get_submodule(self, target: str) -> nn.Module:
        return self.nodes[f"{target[1]}_{target[2]}"]


def test_every_node_of_six_levels_has_a_box_and_letters_that_can_be_read() -> None:
    with torch.device("meta"):
        made = drawn(Nodes(6), (3, 256, 256))
    assert differences(made) == [] and faults(made.drawing.piece) == [] and misfits(made) == []
    piece = made.drawing.piece
    titles = {one.title for one in (*piece.boxes, *piece.frames)}
    assert titles >= {f"{i}_{j}" for i in range(6) for j in range(6 - i)}


class Down(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(conv(4 * 2**i, 8 * 2**i, 2) for i in range(5))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [x := layer(x) for layer in self.layers]


class Up(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(24 * 2**i, 8 * 2**i, 1) for i in range(4))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        *maps, x = maps
        for layer, kept in zip(reversed(self.layers), reversed(maps), strict=True):
            x = layer(torch.cat([kept, F.interpolate(x, scale_factor=2)], 1))
        return x


class Spanning(nn.Module):
    """One module gives tensors of five resolutions, one reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.encoder, self.decoder, self.head = conv(3, 4), Down(), Up(), nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.decoder(self.encoder(self.stem(x))))
        return y


def test_lanes_that_are_too_wide_for_a_column_run_from_left_to_right() -> None:
    made = drawn(Spanning(), (3, 256, 256), level="network", page="column")
    assert letters(made, "column") >= 6 and not faults(made.drawing.piece) + differences(made)


class Pyramid(nn.Module):
    """Each stage's result is kept for a decoder; the last two steps are one module with a long description."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(conv(3 if not i else 8 * 2**i, 16 * 2**i, 2), conv(16 * 2**i, 16 * 2**i)) for i in range(5)
        )
        self.decoder = Merging()
        self.head = nn.Sequential(OrderedDict((f"a{i}", conv(64, 64, 1 + i % 3)) for i in range(9)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = [x := stage(x) for stage in self.stages]
        y: torch.Tensor = self.head(self.decoder(maps))
        return y


class Merging(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(16 * 2**i, 64, 1) for i in range(5))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        *maps, x = [layer(x) for layer, x in zip(self.lateral, maps, strict=True)]
        for kept in reversed(maps):
            x = kept + F.interpolate(x, scale_factor=2.0)
        return x


class Exchange(nn.Module):
    """Each resolution gets what the others found."""

    def __init__(self, kept: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(conv(8 * 2**i, 8 * 2**i) for i in range(kept))
        self.raised = nn.ModuleList(nn.Conv2d(8 * 2**i, 8, 1) for i in range(1, kept))

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        found = [layer(x) for layer, x in zip(self.layers, maps, strict=True)]
        first = found[0]
        for one, x in zip(self.raised, found[1:], strict=True):
            first = first + F.interpolate(one(x), size=first.shape[-2:])
        return [first, *found[1:]]


class Exchanging(nn.Module):
    """Four stages, each with one more resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 8, 2)
        self.stages = nn.ModuleList(Exchange(2 + i) for i in range(4))
        self.lower = nn.ModuleList(conv(8 * 2**i, 16 * 2**i, 2) for i in range(4))
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = [self.stem(x)]
        for stage, lower in zip(self.stages, self.lower, strict=True):
            maps = stage([*maps, lower(maps[-1])])
        y: torch.Tensor = self.head(maps[0])
        return y


@pytest.mark.parametrize("level", ["network", "flow"])
def test_lanes_that_no_column_has_room_for_stand_under_each_other(level: str) -> None:
    made = drawn(Pyramid(), (3, 256, 256), level=level, page="column")
    assert letters(made, "column") >= 6 and not faults(made.drawing.piece) + differences(made)
    boxes = [box for box in made.drawing.piece.boxes if box.form != "point"]
    assert len({round(box.x) for box in boxes}) == 1
    assert all(box.right - box.left < 300 for box in boxes)
    assert drawn(Pyramid(), (3, 256, 256), level=level).letters > 6  # on A4 in lanes


def test_all_sizes_of_a_narrow_box_stand_in_it() -> None:
    made = draw(archscope.summarize(Exchanging(), (3, 256, 256)), DiagramOptions(level="network", page="column"))
    texts = [text for box in made.drawing.piece.boxes for text in box.details]
    assert "64×64×16, 128×128×8" in texts and all(", " not in row.text for row in made.drawing.piece.rows)
    assert letters(made, "column") >= 6 and not faults(made.drawing.piece) + differences(made)


def test_a_size_below_a_lane_is_not_cut_sideways() -> None:
    boxes = [Box(f"{y}", "conv", -20, y, 20, y + 20) for y in (0, 100)]
    column = Piece(boxes, [Line([(0, 20), (0, 100)], "0", "100")], rows=[Row(60, 0, "1024×1024×1024", fixed=True)],
                   left=20, right=20, height=120, head="0", tails=[("100", 0, 120)])  # fmt: skip
    assert cut(column, 70.0, sideways=True).height == 120


def test_a_column_is_cut_where_only_upright_lines_run_and_none_of_these_cross() -> None:
    boxes = [Box(f"{x} {y}", "conv", x - 20, y, x + 20, y + 20) for y in (0, 100) for x in (0, 50, 100)]
    lines = [Line([(x, 20), (x, 100)], f"{x} 0", f"{x} 100") for x in (0, 50, 100)]
    column = Piece(boxes, lines, left=20, right=120, height=120, head="0 0", tails=[("0 100", 0, 120)])
    made = cut(column, 70.0)
    above, below = boxes[:3], boxes[3:]
    assert not faults(made) and made.height < 120 and all(box.left > 120 for box in below)
    assert [box.left for box in above] == [-20, 30, 80] and made.tails == [("0 100", below[0].x, below[0].bottom)]
    assert not any(_cross(a, b, c, d) for one, two in combinations(made.lines, 2)
                   for a, b in pairwise(one.points) for c, d in pairwise(two.points))  # fmt: skip


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Do a level and an upright part cross?"""
    (left, low), (right, high) = (min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1]))
    return left <= max(c[0], d[0]) and min(c[0], d[0]) <= right and low <= max(c[1], d[1]) and min(c[1], d[1]) <= high


def test_a_column_that_cannot_be_cut_stays_whole() -> None:
    box = Box("a", "conv", -20, 0, 20, 300)
    assert cut(Piece([box], height=300), 100.0).height == 300


class Stages(nn.Module):
    """Two stages, then a layer that has far more to say than any in them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(*(nn.Conv2d(3, 3, i) for i in (3, 1, 5)), nn.MaxPool2d(2), nn.Conv2d(3, 4, 1))
        self.second = nn.Sequential(*(nn.Conv2d(4, 4, i) for i in (3, 1, 5)), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1))
        self.last = nn.Conv2d(4, 1024, 3, 2, 4, dilation=2, groups=4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.second(self.first(x)))  # type: ignore[no-any-return]


def test_no_shape_below_the_last_stage_reaches_beyond_the_picture() -> None:
    made = drawn(Stages(), (3, 512, 512))
    piece = made.drawing.piece
    assert made.drawing.flows
    assert all(row.at + text_width(row.text, SMALL) <= piece.right for row in piece.rows)


class Rising(nn.Module):
    """Whose resolution falls and rises again beside its input."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.query, self.key, self.value, self.near = (nn.Conv2d(8, 8, 3, s, 1) for s in (2, 1, 1, 1, 1))
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.down(x)
        value = self.value(y)
        z: torch.Tensor = x + self.up(self.query(y) @ self.key(y) @ value + self.near(value))
        return z


def test_a_stage_whose_paths_cross_resolutions_is_joined_to_its_tensors() -> None:
    plain = nn.Sequential(*(nn.Conv2d(8, 8, size, padding="same") for size in (1, 3, 5, 7, 9, 11, 13)))
    made = drawn(nn.Sequential(OrderedDict(first=plain, second=Rising(), third=Rising())), (8, 32, 32), level="flow")
    assert made.drawing.flows
    assert differences(made) == [] == faults(made.drawing.piece)


@pytest.mark.parametrize(("level", "ways"), [("flow", 4), ("plate", 2)])
def test_nothing_is_placed_twice_in_one_way(monkeypatch: pytest.MonkeyPatch, level: str, ways: int) -> None:
    made: list[tuple[Series, Style]] = []
    place = sketch._piece

    def placed(series: Series, flows: bool, u_shaped: bool, style: Style) -> Piece:
        made.append((series, style))
        return place(series, flows, u_shaped, style)

    monkeypatch.setattr(sketch, "_piece", placed)
    with torch.device("meta"):
        report = archscope.summarize(Branches("add"), (3, 8, 8))
    draw(report, DiagramOptions(level=level))
    assert len({style.room for _, style in made}) >= ways  # it is folded
    assert not [one for one, other in combinations(made, 2) if one == other]


def test_rooms_that_fold_nothing_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Style] = []
    place = sketch._piece

    def placed(series: Series, flows: bool, u_shaped: bool, style: Style) -> Piece:
        tried.append(style)
        return replace(place(series, flows, u_shaped, style), widest=800.0, longest=0.0)

    monkeypatch.setattr(sketch, "_piece", placed)
    with torch.device("meta"):
        report = archscope.summarize(Branches("add"), (3, 8, 8))
    draw(report, DiagramOptions(level="flow"))
    assert max(width for width, _ in {style.room for style in tried} - {Style().room}) < 800.0
