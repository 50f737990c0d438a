"""No label covers another or leaves the frame, however crowded the discs are."""

from itertools import combinations
from random import Random

import pytest

from archscope.views.comparison.labels import Box, Disc, Label, Line, Placing

FRAME = Box(0, 0, 480, 230)


def placed(discs: list[Disc], taken: list[Box] | None = None) -> list[Label]:
    return [label for label in Placing(discs, FRAME, taken or []).place() if label]


def crowd(count: int, spread: float, seed: int = 0) -> list[Disc]:
    random = Random(seed)
    return [
        Disc(240 + random.gauss(0, spread), 115 + random.gauss(0, spread / 2), random.uniform(2, 15), 60, 8)
        for _ in range(count)
    ]


@pytest.mark.parametrize(("count", "spread"), [(1, 0), (10, 5), (30, 30), (40, 60)])
def test_labels_keep_apart_and_inside(count: int, spread: float) -> None:
    taken = [Box(320, 0, 480, 32)]
    boxes = [label.box for label in placed(crowd(count, spread), taken)]
    assert len(boxes) == count
    assert not [pair for pair in combinations([*boxes, *taken], 2) if pair[0].overlaps(pair[1])]
    assert all(box.within(FRAME) for box in boxes)


def test_a_lone_disc_has_its_label_to_the_right() -> None:
    disc = Disc(100, 100, 10, 40, 8)
    (label,) = placed([disc])
    assert label.line is None
    assert (label.box.left, label.box.bottom) == pytest.approx((112, 96))


def test_a_disc_at_the_right_edge_has_it_to_the_left() -> None:
    (label,) = placed([Disc(470, 100, 5, 40, 8)])
    assert label.box.right == pytest.approx(463)


def test_a_label_away_from_its_disc_has_a_line_to_its_centre() -> None:
    discs = crowd(20, 10)
    for disc, label in zip(discs, placed(discs), strict=True):
        x, y = label.box.nearest(disc.x, disc.y)
        if label.line:
            assert label.line.stop == (disc.x, disc.y)
        else:
            assert ((x - disc.x) ** 2 + (y - disc.y) ** 2) ** 0.5 <= disc.radius + 8


def test_the_same_discs_give_the_same_labels() -> None:
    assert placed(crowd(20, 10)) == placed(crowd(20, 10))


def test_no_room() -> None:
    assert Placing([Disc(100, 100, 5, 500, 8)], FRAME).place() == [None]


def test_of_many_those_that_are_needed_are_named_and_others_where_there_is_room() -> None:
    discs = [*crowd(60, 40), Disc(20, 20, 3, 60, 8)]
    labels = Placing(discs, FRAME, needed=range(5)).place()
    assert all(labels[:5]) and labels[-1]
    assert 5 < len([label for label in labels if label]) < len(discs)
    for label in filter(None, labels[5:]):
        assert not any(map(label.box.covers, discs))


def test_a_label_keeps_off_a_line_of_the_plot() -> None:
    disc, line = Disc(100, 100, 5, 40, 8), Line((100, 100), (200, 100))
    (label,) = Placing([disc], FRAME, lines=[line]).place()
    assert label and not label.box.is_crossed(line)


@pytest.mark.parametrize(
    ("start", "stop", "crossed"),
    [((0, 5), (20, 5), True), ((0, 15), (20, 15), False), ((12, 0), (12, 20), True), ((0, 0), (4, 4), False)],
)
def test_lines_over_boxes(start: tuple[float, float], stop: tuple[float, float], crossed: bool) -> None:
    assert Box(5, 0, 15, 10).is_crossed(Line(start, stop)) is crossed


def test_lines_over_discs() -> None:
    disc = Disc(10, 10, 3, 0, 0)
    assert Line((0, 10), (20, 10)).crosses(disc)
    assert not Line((0, 14), (20, 14)).crosses(disc)
    assert not Line((0, 10), (6, 10)).crosses(disc)
