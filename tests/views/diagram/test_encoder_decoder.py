"""A network whose resolution falls and rises with skip connections between equal resolutions is a U."""

import pytest
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.place.picture import Box, Line, Piece, Row
from archscope.views.diagram.place.u_shape import _shapes
from tests.views.diagram.checker import faults, size
from tests.views.diagram.encoders import Autoencoder, Doubled, LinkNet, Nested, Pyramid, UNet, Unpadded
from tests.views.diagram.rebuild import differences

SKIPS = {UNet: 3, Unpadded: 3, LinkNet: 3, Pyramid: 3, Nested: 2}


def drawn(net: type[nn.Module], **options: str) -> Diagram:
    return draw(archscope.summarize(net(), (3, 124, 124) if net is Unpadded else (3, 128, 128)),
                DiagramOptions(**options))  # type: ignore[arg-type]  # fmt: skip


def skips(made: Diagram) -> list[Line]:
    """The long lines that lie level."""
    flat = [line for line in made.drawing.piece.lines if len({y for _, y in line.points}) == 1]
    boxes = {box.name: box for box in made.drawing.piece.boxes}
    return [line for line in flat if boxes[line.target].form == "circle" or boxes[line.target].kind == "concat"]


@pytest.mark.parametrize("level", ["network", "flow"])
@pytest.mark.parametrize("net", [*SKIPS, Autoencoder, Doubled])
def test_the_picture_is_the_network_and_fits_a_page(net: type[nn.Module], level: str) -> None:
    made = drawn(net, level=level)
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    width, height = size(str(made))
    assert 1 / 2.2 <= height / width <= 2.2


@pytest.mark.parametrize("direction", ["LR", "BT"])
@pytest.mark.parametrize("net", SKIPS)
def test_nothing_overlaps_in_another_direction(net: type[nn.Module], direction: str) -> None:
    assert faults(drawn(net, direction=direction).drawing.piece) == []


@pytest.mark.parametrize("net", SKIPS)
def test_skip_connections_lie_level_between_the_way_down_and_the_way_up(net: type[nn.Module]) -> None:
    made = drawn(net)
    assert len(skips(made)) == SKIPS[net]
    boxes = {box.name: box for box in made.drawing.piece.boxes}
    joins = sorted([boxes[line.target] for line in skips(made)], key=lambda box: box.y)
    heights = [box.op.shape[1] for box in joins if box.op]
    assert heights == sorted(heights, reverse=True)
    axis = {round(box.x, 2) for box in joins}
    assert len(axis) == 1
    (first, *_) = made.drawing.piece.boxes
    assert first.kind == "tensor" and first.x < joins[0].x


def test_the_coarsest_resolution_is_lowest_and_between_the_two_ways() -> None:
    boxes = [box for box in drawn(UNet).drawing.piece.boxes if box.op]
    lowest = max(boxes, key=lambda box: box.y)
    assert resolution(lowest) == min(map(resolution, boxes)) == 16
    assert min(box.x for box in boxes) < lowest.x < max(box.x for box in boxes)


def test_upsampling_says_by_how_much() -> None:
    upsampled = [box for box in drawn(Pyramid).drawing.piece.boxes if box.title == "Upsample"]
    assert upsampled and all(box.details == ("×2",) for box in upsampled)


def resolution(box: Box) -> int:
    assert box.op
    return box.op.shape[1]


def test_an_autoencoder_without_skip_connections_stays_one_trunk() -> None:
    assert len({round(box.x, 2) for box in drawn(Autoencoder).drawing.piece.boxes}) == 1


def test_gates_and_residual_blocks_are_no_levels() -> None:
    for name in ("seresnet50", "mobilenet_v1", "efficientnet_b0"):
        made = draw(archscope.summarize(name))
        assert not [line for line in made.drawing.piece.lines if len(line.points) == 2 and line.label]


def test_shapes_below_a_box_that_gives_two_stay_there() -> None:
    bottom = Piece(rows=[Row(5.0, 10.0, "8×8", 10.0, fixed=True), Row(5.0, 60.0, "4×4", 60.0, fixed=True)], right=90.0)
    assert [row.at for row in _shapes([Piece()], bottom, [Piece()], [])] == [10.0, 60.0]
