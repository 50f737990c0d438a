"""The checker finds what is planted, or its silence would mean nothing."""

from copy import deepcopy

import pytest

import archscope
from archscope.views.diagram.drawing import DiagramOptions, draw
from archscope.views.diagram.place.picture import Line, Piece
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import drawn_edges, drawn_ops


@pytest.fixture(scope="module")
def placed() -> Piece:
    return draw(archscope.summarize("googlenet"), DiagramOptions(block="inception_3a")).drawing.piece


def test_it_is_silent_on_a_good_picture(placed: Piece) -> None:
    assert faults(placed) == []


def test_it_finds_a_box_on_a_box(placed: Piece) -> None:
    bad = deepcopy(placed)
    bad.boxes[1].left += 70
    bad.boxes[1].right += 70
    assert any("lies on box" in fault for fault in faults(bad))


def test_it_finds_a_line_through_a_box(placed: Piece) -> None:
    bad = deepcopy(placed)
    bad.lines.append(Line([(bad.boxes[1].x, -20.0), (bad.boxes[1].x, 400.0)], "a", "b"))
    assert any("crosses box" in fault for fault in faults(bad))


def test_it_finds_a_text_wider_than_its_box(placed: Piece) -> None:
    bad = deepcopy(placed)
    bad.boxes[1].title = "A convolution with far too much to say"
    assert any("wider than its box" in fault for fault in faults(bad))


@pytest.mark.parametrize("direction", ["TB", "LR", "BT"])
def test_it_finds_a_shape_on_a_box_on_a_shape_and_on_a_line(direction: str) -> None:
    placed = draw(archscope.summarize("vgg16"), DiagramOptions(direction=direction)).drawing.piece
    assert faults(placed) == []
    bad = deepcopy(placed)
    first, second = bad.rows[:2]
    box = next(box for box in bad.boxes if abs((box.x if first.upright else box.y) - first.y) < 1)
    first.at = box.y if first.upright else box.x
    assert f"shape {first.text} lies on box {box.name}" in faults(bad)
    first.y, first.at = second.y, second.at
    assert f"shape {first.text} lies on shape {second.text}" in faults(bad)
    x, y = (second.y, second.at) if second.upright else (second.at, second.y)
    bad.lines.append(Line([(x - 5, y), (x + 5, y)], "a", "b"))
    assert f"shape {second.text} lies on line a to b" in faults(bad)


def test_rebuilding_misses_a_line_and_a_box_that_are_taken_away(placed: Piece) -> None:
    bad = deepcopy(placed)
    bad.lines.pop(3)
    assert drawn_edges(bad) != drawn_edges(placed)
    bad.boxes.pop(2)
    assert drawn_ops(bad) != drawn_ops(placed)
