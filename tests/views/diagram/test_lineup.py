"""Several networks in one picture: each whole, and level where they have the same share of the input's resolution."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.views import render
from archscope.views.diagram.lineup import Lineup, line_up
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.place.picture import Box
from tests.views.diagram.checker import faults, size

NAMES = ["googlenet", "inception_v4", "xception"]


@pytest.fixture(scope="module")
def made() -> Lineup:
    drawn = archscope.diagram(NAMES, level="network")
    assert isinstance(drawn, Lineup)
    return drawn


def boxes(made: Lineup, number: int) -> list[Box]:
    return [box for box in made.drawing.piece.boxes if box.name.startswith(f"{number}|") and box.op]


def top_at(made: Lineup, number: int, word: str) -> float:
    return next(box.y for box in boxes(made, number) if box.title == word)


def test_each_network_is_as_it_is_alone(made: Lineup) -> None:
    for number, name in enumerate(NAMES):
        alone = archscope.diagram(name, level="network").drawing.piece
        assert [box.title for box in boxes(made, number)] == [box.title for box in alone.boxes if box.op]


def test_equal_shares_of_the_resolution_are_level(made: Lineup) -> None:
    v4, xception = 1, 2
    assert top_at(made, v4, "Reduction-A") == pytest.approx(top_at(made, xception, "Entry flow"))  # 1/16
    assert top_at(made, v4, "GlobalAvgPool") == pytest.approx(top_at(made, 0, "GlobalAvgPool"))
    assert [row.text for row in made.drawing.piece.rows[-7:]] == [
        "input",
        "1/2",
        "1/4",
        "1/8",
        "1/16",
        "1/32",
        "vector",
    ]


def shares(made: Lineup) -> dict[str, float]:
    names = {"input", "vector", *(f"1/{2**i}" for i in range(1, 9))}
    return {row.text: row.y for row in made.drawing.piece.rows if row.text in names}


def test_bands_of_which_no_network_has_both_are_not_level() -> None:
    once, thrice = (nn.Sequential(nn.Conv2d(3, 8, 3, stride, 1), nn.AdaptiveAvgPool2d(1)) for stride in (4, 8))
    made = archscope.diagram([once, thrice], (3, 64, 64), level="network")
    assert isinstance(made, Lineup)
    level = shares(made)
    assert level["input"] < level["1/4"] < level["1/8"] < level["vector"]
    tops = [next(box.y for box in boxes(made, i) if box.title == "Conv") for i in (0, 1)]
    assert tops == pytest.approx([level["1/4"], level["1/8"]])
    assert faults(made.drawing.piece) == []


class WithAge(nn.Module):
    """What is known besides the image is a vector from the first."""

    def __init__(self) -> None:
        super().__init__()
        self.known, self.conv, self.pool = nn.Linear(4, 8), nn.Conv2d(3, 8, 3, 2, 1), nn.AdaptiveAvgPool2d(1)

    def forward(self, age: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return self.known(age) + self.pool(self.conv(x)).flatten(1)


class BesideAge(WithAge):
    """The two stand beside each other."""

    def forward(self, age: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.pool(self.conv(x)).flatten(1), self.known(age)], 1)


def test_a_vector_that_a_network_is_given_begins_no_band() -> None:
    made = line_up([archscope.summarize(BesideAge(), ["4", "3x64x64"])] * 2, DiagramOptions(level="network"))
    level = shares(made)
    assert {box.y for box in boxes(made, 0) if box.title in {"age", "x"}} == {level["input"]}
    assert top_at(made, 0, "Conv") == level["1/2"] < level["vector"]


@pytest.mark.parametrize("shape", [(3, 64, 64), (3, 16, 64)])
def test_every_network_begins_with_its_inputs_whatever_their_shape(shape: tuple[int, ...]) -> None:
    """Of wide images, and volumes of few slices, the longest side counts."""
    nets = [archscope.summarize(WithAge(), ["4", "x".join(map(str, shape))]), archscope.summarize("lenet5")]
    made = line_up(nets, DiagramOptions(level="network"))
    level = shares(made)
    assert min(box.y for box in boxes(made, 0)) == pytest.approx(level["input"])
    assert top_at(made, 0, "Conv") == pytest.approx(level["1/2"])
    assert {box.bottom - box.top for box in boxes(made, 0) if not box.op or not box.op.join} == {26.0}  # none is cut


def test_nothing_lies_on_anything(made: Lineup) -> None:
    assert faults(made.drawing.piece) == []
    frames = [frame for frame in made.drawing.piece.frames if frame.heading]
    assert all(one.right < two.left for one, two in pairwise(frames))


def test_every_format_holds_all_of_them(made: Lineup) -> None:
    for text in (made.to_svg(), made.to_dot(), made.to_mermaid(), made.to_drawio(), made.to_latex()):
        assert text.count("Linear") >= len(NAMES)
    assert made.to_dot().count(" -> ") >= sum(len(boxes(made, number)) - 1 for number in range(len(NAMES)))


def test_nodes_tell_of_their_own_network(made: Lineup) -> None:
    report = made.reports[2]
    entry = [layer.name for layer in report.graph.layers if layer.name.startswith("entry_flow")]
    assert f"{report.value('params', entry):,} parameters" in made.svg


@pytest.mark.parametrize("options", [{"block": "stem"}, {"level": "plate"}, {"show": ["params"]}, {"direction": "LR"}])
def test_what_is_one_networks_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ArchscopeError, match="several networks in one picture take no --"):
        archscope.diagram(["lenet5", "alexnet"], **options)  # type: ignore[arg-type]


def test_networks_of_one_name_bear_their_targets() -> None:
    one = archscope.summarize("lenet5")
    reports = [replace(one, target=target) for target in ("timm:lenet", "torchvision:lenet")]
    made = line_up(reports, DiagramOptions(level="network"))
    assert [frame.title for frame in made.drawing.piece.frames if frame.heading] == ["timm:lenet", "torchvision:lenet"]
    assert made.options.title == "timm:lenet and torchvision:lenet"


def test_networks_of_one_class_are_told_apart_as_elsewhere() -> None:
    made = archscope.diagram([nn.Sequential(nn.Conv2d(3, 8, size)) for size in (1, 3)], (3, 8, 8))
    names = ["Sequential, no. 1", "Sequential, no. 2"]
    assert [frame.title for frame in made.drawing.piece.frames if frame.heading] == names


def test_a_long_name_is_no_wider_than_other_pictures() -> None:
    nets = [type(f"ALongNameOfAClass{i}" * 12, (nn.Conv2d,), {})(3, 8, 3) for i in range(2)]
    single, several = archscope.diagram(nets[0], (3, 8, 8)).to_svg(), archscope.diagram(nets, (3, 8, 8)).to_svg()
    difference = str(render(archscope.diff(*nets, (3, 8, 8)), "svg"))
    assert all(size(made)[0] < 900 for made in (single, several, difference))


FAMILY = ["googlenet", "inception_v3", "inception_v4", "xception"]
MANY = [*FAMILY, "resnet50", "densenet121", "mobilenet_v1", "vgg16"]


@pytest.mark.parametrize("page", ["a4", "slide"])
@pytest.mark.parametrize(("names", "level"), [(FAMILY, "network"), (MANY, "network"), (FAMILY, "flow")])
def test_letters_can_be_read_on_a_page(names: list[str], level: str, page: str) -> None:
    made = archscope.diagram(names, level=level, page=page)  # type: ignore[arg-type]
    assert isinstance(made, Lineup)
    assert made.letters >= 6 and faults(made.drawing.piece) == []
    frames = [frame for frame in made.drawing.piece.frames if frame.heading]
    assert len(frames) == len(names)
    assert all(boxes(made, number)[0].title == "Input" for number in range(len(names)))


def test_on_a_page_modules_are_closed_only_where_there_is_no_room_without_that() -> None:
    made = archscope.diagram(FAMILY, level="network", page="a4")
    assert isinstance(made, Lineup)
    for number, name in enumerate(FAMILY):
        alone = archscope.diagram(name, level="network").drawing.piece
        assert [box.title for box in boxes(made, number)] == [box.title for box in alone.boxes if box.op]


def test_further_rows_have_bands_of_their_own() -> None:
    made = archscope.diagram(MANY, level="network", page="a4")
    assert isinstance(made, Lineup)
    frames = [frame for frame in made.drawing.piece.frames if frame.heading]
    assert len({frame.top for frame in frames}) > 1
    for upper, row in ((frame.top, [box for i in range(len(MANY)) for box in boxes(made, i)[:1]]) for frame in frames):
        inputs = {box.top for box in row if upper <= box.top < upper + 60}
        assert len(inputs) == 1
        assert any(one.text == "input" and abs(one.y - min(inputs) - 13) < 1 for one in made.drawing.piece.rows)


def test_where_bands_are_made_level_lines_still_begin_at_their_boxes() -> None:
    piece = archscope.diagram(MANY, level="network", page="a4").drawing.piece
    box = {box.name: box for box in piece.boxes if box.repeat > 1}
    lines = [line for line in piece.lines if line.source in box]
    assert len(lines) > 3
    assert all(line.points[0][1] - box[line.source].bottom <= 4 for line in lines)


def test_networks_drawn_as_flows_stand_in_one_column_too() -> None:
    made = archscope.diagram(["xception", "lenet5"], level="flow")
    assert isinstance(made, Lineup)
    titles = [frame.title for frame in made.drawing.piece.frames]
    assert "Entry flow" in titles and "Xception" in titles and faults(made.drawing.piece) == []
    assert "parameters" in made.svg


def test_letters_that_are_asked_for_close_what_takes_their_room() -> None:
    made = archscope.diagram(FAMILY, level="network", page="a4", font_size=7.5)
    assert made.letters == pytest.approx(7.5, abs=0.05) and faults(made.drawing.piece) == []
