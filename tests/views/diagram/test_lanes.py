"""Networks with several resolutions at once lie in lanes by resolution, their lines at right angles."""

import itertools
import time
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.nodes import LONG_NAME
from archscope.views.diagram.place.picture import Line
from archscope.views.diagram.plan.in_rows import in_rows, with_last
from archscope.views.diagram.plan.items import Core, Leaf, Split
from archscope.views.diagram.plan.lanes import _Levels, lanes_of
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences


def conv(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, stride, 1), nn.BatchNorm2d(out_channels), nn.ReLU())


class UNetPlusPlus(nn.Module):
    """Figure 1a of the paper: node (i, j) reads all before it on its level and the one below."""

    def __init__(self, levels: int = 4) -> None:
        super().__init__()
        self.levels, self.pool, self.up = levels, nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        for i in range(levels):
            for j in range(levels - i):
                given = j * 4 * 2**i + 4 * 2 ** (i + 1) if j else 4 * 2 ** (i - 1) if i else 3
                self.add_module(f"x{i}{j}", conv(given, 4 * 2**i))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: dict[tuple[int, int], torch.Tensor] = {}
        for i in range(self.levels):
            found[i, 0] = self.get_submodule(f"x{i}0")(self.pool(found[i - 1, 0]) if i else x)
        for j in range(1, self.levels):
            for i in range(self.levels - j):
                read = [*(found[i, k] for k in range(j)), self.up(found[i + 1, j - 1])]
                found[i, j] = self.get_submodule(f"x{i}{j}")(torch.cat(read, 1))
        return found[0, self.levels - 1]


class FeaturePyramid(nn.Module):
    """A result of each resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(conv(3 if i == 0 else 4 * 2 ** (i - 1), 4 * 2**i, 2) for i in range(4))
        self.side = nn.ModuleList(nn.Conv2d(4 * 2**i, 8, 1) for i in range(4))
        self.smooth = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(4))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        kept = []
        for down in self.down:
            x = down(x)
            kept.append(x)
        y = self.side[3](kept[3])
        found = {"p5": self.smooth[3](y)}
        for i in (2, 1, 0):
            y = self.side[i](kept[i]) + F.interpolate(y, scale_factor=2)
            found[f"p{2 + i}"] = self.smooth[i](y)
        return found


class HighResolution(nn.Module):
    """Two branches that exchange what they found, twice, and a third."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.start = conv(3, 4), conv(4, 8, 2)
        self.fine = nn.ModuleList(nn.Sequential(conv(4, 4), conv(4, 4)) for _ in range(2))
        self.coarse = nn.ModuleList(nn.Sequential(conv(8, 8), conv(8, 8)) for _ in range(2))
        self.up = nn.ModuleList(nn.Conv2d(8, 4, 1) for _ in range(2))
        self.down = nn.Conv2d(4, 8, 3, 2, 1)
        self.third, self.last = conv(8, 16, 2), nn.Conv2d(16, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        fine, coarse = self.fine[0](x), self.coarse[0](self.start(x))
        fine, coarse = fine + F.interpolate(self.up[0](coarse), scale_factor=2), coarse + self.down(fine)
        third = self.last(self.third(coarse))
        fine, coarse = self.fine[1](fine), self.coarse[1](coarse)
        return fine + F.interpolate(self.up[1](coarse), scale_factor=2) + F.interpolate(third, scale_factor=4)


class AttentionGates(nn.Module):
    """What is kept is weighted by what comes up."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(conv(3 if i == 0 else 4 * 2 ** (i - 1), 4 * 2**i) for i in range(3))
        self.up = nn.ModuleList(nn.ConvTranspose2d(8 * 2**i, 4 * 2**i, 2, 2) for i in range(2))
        self.gate = nn.ModuleList(nn.Conv2d(4 * 2**i, 1, 1) for i in range(2))
        self.join = nn.ModuleList(conv(8 * 2**i, 4 * 2**i) for i in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for i, down in enumerate(self.down):
            x = down(F.max_pool2d(x, 2) if i else x)
            kept.append(x)
        for i in (1, 0):
            up = self.up[i](x)
            gated = kept[i] * torch.sigmoid(self.gate[i](F.relu(kept[i] + up)))
            x = self.join[i](torch.cat([gated, up], 1))
        return x


class Framed(nn.Module):
    """Lanes within a module that has a frame, with a result there that nothing reads."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.body, self.head = conv(3, 3), AttentionGates(), nn.Conv2d(4, 2, 1)
        self.unread = nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.body(self.stem(x))
        self.unread(y)
        return self.head(y)


class Projected(nn.Module):
    """Lanes within a frame, whose kernels are normalised anew each time: long chains of what reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.relu() * 0.5
        one, two = (normalised(conv.weight) for conv in (self.one, self.two))
        return F.conv2d(y, one) + F.interpolate(F.conv2d(F.avg_pool2d(y, 2), two), scale_factor=2)


def normalised(weight: torch.Tensor) -> torch.Tensor:
    scaled = F.batch_norm((weight * 2).view(1, len(weight), -1), None, None, training=True)
    return scaled.reshape_as(weight)


NETS = [UNetPlusPlus, FeaturePyramid, HighResolution, AttentionGates, Framed]


def drawn(net: type[nn.Module], **options: object) -> Diagram:
    return draw(archscope.summarize(net(), (3, 64, 64)), DiagramOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{}, {"level": "layer"}, {"direction": "LR"}, {"engine": "own", "direction": "BT"}])
@pytest.mark.parametrize("net", NETS)
def test_the_picture_is_the_network_and_nothing_lies_on_anything(net: type[nn.Module], options: dict[str, str]) -> None:
    made = drawn(net, **options)
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    assert along(made) == []


def test_what_reads_nothing_does_not_stand_where_a_frame_is_entered() -> None:
    net = nn.Sequential(nn.Conv2d(3, 8, 1), Projected(), nn.Conv2d(8, 8, 3))
    made = draw(archscope.summarize(net, (3, 64, 64)), DiagramOptions(level="layer"))
    assert faults(made.drawing.piece) == []
    (frame,) = made.drawing.piece.frames
    held = [box for box in made.drawing.piece.boxes if frame.top < box.top < frame.bottom]
    assert min(held, key=lambda box: box.top).title == "ReLU"


class Blended(nn.Module):
    """Two resolutions that exchange what they have."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = conv(8, 8), conv(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine, coarse = self.fine(x), self.coarse(F.max_pool2d(x, 2))
        both = coarse + F.max_pool2d(fine, 2)
        return fine + F.interpolate(coarse, scale_factor=2) + F.interpolate(both, scale_factor=2)


@pytest.mark.parametrize("stride", [1, 2])
def test_lanes_that_are_drawn_once_for_several_modules_say_the_size_that_all_have(stride: int) -> None:
    between = nn.MaxPool2d(stride, stride)
    net = nn.Sequential(nn.Conv2d(3, 8, 1), *(nn.Sequential(between, Blended()) for _ in range(3)))
    made = draw(archscope.summarize(net, (3, 64, 64)), DiagramOptions(level="flow"))
    assert [frame.repeat for frame in made.drawing.piece.frames if frame.repeat > 1] == [3]
    assert faults(made.drawing.piece) == [] and differences(made) == []
    assert [row.text for row in made.drawing.piece.rows if row.fixed] == (["64×64", "32×32"] if stride == 1 else [])


class Narrow(nn.Module):
    """The boxes of its lanes are narrower than what is said of their sizes."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        half = F.max_pool3d(x, 2)
        fine, coarse, coarsest = x.exp(), half.exp().sin(), F.max_pool3d(half, 2).cos()
        y = coarse.tan() + F.max_pool3d(fine, 2) + F.interpolate(coarsest, scale_factor=2)
        z = fine.tanh() + F.interpolate(coarse, scale_factor=2) + F.interpolate(coarsest.exp(), scale_factor=4)
        return z + F.interpolate(y + half, scale_factor=2)


@pytest.mark.parametrize("level", ["flow", "layer"])
def test_the_size_of_a_lane_is_clear_of_lines_and_within_the_picture(level: str) -> None:
    made = draw(archscope.summarize(Narrow(), (3, 512, 512, 512)), DiagramOptions(level=level))
    assert {row.text for row in made.drawing.piece.rows if row.fixed} >= {"128×128×128"}
    assert faults(made.drawing.piece) == []


def test_a_last_item_is_under_all_in_its_lane() -> None:
    lane = {"a": 0, "b": 1, "last": 0, "result": 0, "other": 1}
    rows = {"a": 0, "b": 0, "last": 1, "result": 2, "other": 2}
    assert with_last(rows, lane, ["last"]) == {"a": 0, "b": 0, "result": 1, "other": 1, "last": 2}
    assert with_last(rows, lane, ["result"]) == rows


def test_rows_take_time_in_proportion() -> None:
    """Each row looked at all that waits for one."""
    many = 10_000
    items = ["first", *(f"{kind}{i}" for i in range(many) for kind in ("constant", "sum"))]
    edges = [(f"constant{i}", f"sum{i}") for i in range(many)]
    edges += [(f"sum{i - 1}" if i else "first", f"sum{i}") for i in range(many)]
    start = time.process_time()
    rows = in_rows(items, edges, dict.fromkeys(items, 0), {}, set())
    assert time.process_time() - start < 5
    assert sorted(rows.values()) == list(range(len(items)))
    assert all(rows[source] < rows[target] for source, target in edges)


class Named(FeaturePyramid):
    """Its results have long names."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {f"hidden_states_of_the_pyramid_at_{name}": found for name, found in super().forward(x).items()}


def test_a_long_name_of_a_result_takes_two_lines_in_a_lane_too() -> None:
    made = drawn(Named)
    results = [box for box in made.drawing.piece.boxes if box.title == "Output"]

    assert len(results) == 4 and faults(made.drawing.piece) == [] and differences(made) == []
    assert all(box.right - box.left < LONG_NAME for box in results)


def along(made: Diagram) -> list[str]:
    """Lines that are not level or upright, and those that run along the line of another tensor."""
    parts = [(line, part) for line in made.drawing.piece.lines for part in itertools.pairwise(line.points)]
    told = [f"{line.source} to {line.target} slants" for line, ((x1, y1), (x2, y2)) in parts
            if min(abs(x1 - x2), abs(y1 - y2)) > 0.01]  # fmt: skip
    for (one, first), (two, second) in itertools.combinations(parts, 2):
        if one.source != two.source and any(share(first, second)):
            told.append(f"{one.source} to {one.target} runs along {two.source} to {two.target}")
    return told


def share(one: tuple, two: tuple) -> Iterator[bool]:  # type: ignore[type-arg]
    """Do two straight parts lie on each other for more than a point?"""
    for axis in (0, 1):
        level = {round(point[axis], 1) for point in (*one, *two)}
        spans = [sorted(point[1 - axis] for point in part) for part in (one, two)]
        yield len(level) == 1 and min(spans[0][1], spans[1][1]) - max(spans[0][0], spans[1][0]) > 1.0


@pytest.mark.parametrize("net", [UNetPlusPlus, FeaturePyramid])
def test_each_resolution_has_a_lane(net: type[nn.Module]) -> None:
    """Boxes on one axis have one resolution; finer ones are further left."""
    piece = drawn(net).drawing.piece
    lanes: dict[float, set[int]] = {}
    for box in piece.boxes:
        if box.op and box.op.kind in {"conv", "pool"} and box.op.word not in {"UpConv", "Upsample", "Interpolate"}:
            lanes.setdefault(round(box.x, 1), set()).add(box.op.spatial[0])
    assert all(len(sizes) <= (2 if x == min(lanes) else 1) for x, sizes in lanes.items())
    assert [min(lanes[x]) for x in sorted(lanes)] == sorted((min(sizes) for sizes in lanes.values()), reverse=True)


def test_a_coarser_lane_is_entered_by_a_line_with_one_turn() -> None:
    lines = {(line.source, line.target): line for line in drawn(FeaturePyramid).drawing.piece.lines}
    assert [turns(lines["down.0.0", "down.1.0"]), turns(lines["side.0", "add_2"])] == [1, 0]


def turns(line: Line) -> int:
    return len(line.points) - 2


class Exchange(nn.Module):
    """A module of three resolutions, which gives as many."""

    def __init__(self) -> None:
        super().__init__()
        self.own = nn.ModuleList(nn.Conv2d(c, c, 3, padding=1) for c in (4, 8, 16))
        self.down, self.lower = nn.Conv2d(4, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1)
        self.up = nn.Conv2d(8, 4, 1)

    def forward(self, xs: list[torch.Tensor]) -> list[torch.Tensor]:
        a, b, c = (own(x) for own, x in zip(self.own, xs, strict=True))
        return [a + F.interpolate(self.up(b), scale_factor=2), b + self.down(a), c + self.lower(b)]


class Exchanges(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.starts = nn.ModuleList(conv(a, b, 2) for a, b in ((3, 4), (4, 8), (8, 16)))
        self.stages = nn.ModuleList(Exchange() for _ in range(5))
        self.heads = nn.ModuleList(nn.Conv2d(c, 2, 1) for c in (4, 8, 16))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        xs = []
        for start in self.starts:
            x = start(x)
            xs.append(x)
        for stage in self.stages:
            xs = stage(xs)
        return tuple(head(x) for head, x in zip(self.heads, xs, strict=True))


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_module_of_several_resolutions_lies_across_their_lanes(direction: str) -> None:
    made = draw(archscope.summarize(Exchanges(), (3, 64, 64)), DiagramOptions(depth=2, direction=direction))
    piece = made.drawing.piece
    (bar,) = [box for box in piece.boxes if box.repeat == 5]
    assert bar.upright == (direction == "LR")
    heads = [box for box in piece.boxes if box.name.startswith("heads.")]
    assert len(heads) == 3
    for head in heads:  # each in a lane of its own, straight below or right of the bar
        (line,) = [line for line in piece.lines if (line.source, line.target) == (bar.name, head.name)]
        assert len(line.points) == 2
    assert {row.text for row in piece.rows} >= {"32×32×4", "16×16×8", "8×8×16"}
    assert not any(line.curved for line in piece.lines)
    assert faults(piece) == []
    assert differences(made) == []


class Pyramid(nn.Module):
    """Its results are those of a module of three resolutions, two of which go on to a head."""

    def __init__(self) -> None:
        super().__init__()
        self.starts = nn.ModuleList(conv(a, b, 2) for a, b in ((3, 4), (4, 8), (8, 16)))
        self.neck, self.heads = Exchange(), nn.ModuleList(nn.Conv2d(c, 2, 1) for c in (4, 8))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        xs = list(itertools.accumulate(self.starts, lambda x, start: start(x), initial=x))[1:]
        fine, middle, coarse = self.neck(xs)
        return {"fine": fine, "coarse": coarse, "one": self.heads[0](fine), "two": self.heads[1](middle)}


def test_a_result_leaves_a_module_where_its_resolution_does() -> None:
    made = draw(archscope.summarize(Pyramid(), (3, 64, 64)), DiagramOptions(depth=1))
    piece = made.drawing.piece
    axis = {row.text: row.at - 6 for row in piece.rows}
    starts = {line.target: line.points[0][0] for line in piece.lines if line.source.startswith("neck")}
    assert abs(starts["output:fine"] - axis["32×32×4"]) < 1
    assert abs(starts["output:coarse"] - axis["8×8×16"]) < 1
    assert differences(made) == []
    assert faults(piece) == []


class Heads(nn.Module):
    """Two heads with the same weights at each of four resolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(conv(3 if i == 0 else 8, 8, 2) for i in range(4))
        self.side = nn.ModuleList(conv(8, 8) for _ in range(4))
        self.classes, self.boxes = (nn.Sequential(conv(8, 8), nn.Conv2d(8, n, 1)) for n in (5, 4))

    def forward(self, x: torch.Tensor) -> dict[str, list[torch.Tensor]]:
        kept = []
        for down in self.down:
            x = down(x)
            kept.append(x)
        kept = [side(one) for side, one in zip(self.side, kept, strict=True)]
        return {"classes": [self.classes(one) for one in kept], "boxes": [self.boxes(one) for one in kept]}


def test_results_of_a_module_across_lanes_stand_right_below_it() -> None:
    made = draw(archscope.summarize(Heads(), (3, 64, 64)), DiagramOptions(level="network"))
    piece = made.drawing.piece
    assert faults(piece) == [] == differences(made)
    for head in ("Classes", "Boxes"):
        (bar,) = [box for box in piece.boxes if box.title == head]
        lines = [line for line in piece.lines if line.source == bar.name]
        assert len(lines) == 4
        assert all(turns(line) == 0 for line in lines)


def test_all_results_of_a_resolution_stand_below_it_before_the_next_module() -> None:
    lanes = dict.fromkeys(("stem", "bar", "one", "two", "next", "three"), 0)
    edges = [("stem", "bar"), ("bar", "one"), ("bar", "two"), ("stem", "next"), ("next", "three")]
    rows = in_rows(lanes, edges, lanes, {"bar": ["bar"], "next": ["next"]}, {"one", "two", "three"})
    assert sorted(lanes, key=rows.__getitem__) == ["stem", "bar", "one", "two", "next", "three"]


@pytest.mark.parametrize(
    ("sizes", "lanes"),
    [
        ([(64, 64), (32, 32), (16, 16), ()], [0, 1, 2, 0]),
        ([(149, 149), (147, 147), (73, 73), (71, 71)], [0, 0, 1, 1]),
        ([(400,), (200,), (100,)], [0, 1, 2]),
        ([(240, 240), (20, 20), (401,), (14, 14), (197,)], [0, 1, 1, 2, 2]),  # tokens of patches, and one more
        ([(28, 28), (14, 14), (1029,), (300,), (2, 300)], [0, 1, 0, 1, 1]),
    ],
)
def test_sequences_lie_with_images_of_as_many_positions(sizes: list[tuple[int, ...]], lanes: list[int]) -> None:
    levels = _Levels(sizes)
    assert [levels.of(size) for size in sizes] == lanes


def test_a_part_is_entered_above_what_reads_nothing() -> None:
    """Else the line that enters it would lead through that."""
    ops = [
        Op(name, "linear", "Linear", name, (), read, (4, 8), channels=1)
        for name, read in {"a": (), "b": ("a",), "c": ("b", "x"), "d": ("c", "b"), "e": ("x", "d")}.items()
    ]
    lanes = lanes_of([Split("in", False), Core([Leaf(op) for op in ops], [])], always=True)
    assert lanes and lanes.row["in"] == 0
