"""Pieces of a page stand as large as they can."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from archscope.views.diagram.place.arrange import Columns, Size, _in_a_row, _sized, _ways, arrangement
from archscope.views.diagram.place.paper import A4
from archscope.views.diagram.place.picture import Piece


def test_no_way_that_is_left_out_is_larger() -> None:
    chance = Random(15)
    for _ in range(12):
        pieces = [Piece(right=chance.uniform(40, 400), height=chance.uniform(20, 600)) for _ in range(6)]
        sizes = [(piece.right, piece.height) for piece in pieces]
        ways = [_whole(sizes, columns) for columns in _ways(sizes, many=True)]
        said = A4.head[1] + 20.0
        most = max(A4.scale(width + 40.0, height + said + 32.0 * (0 < width - 356.0 < 500.0)) for width, height in ways)
        assert abs(arrangement(pieces, A4, 0.0).scale - most) < 0.001
        assert arrangement(pieces, A4, most - 0.002, soon=True).scale >= most - 0.002
        assert arrangement(pieces, A4, most + 0.002, soon=True).scale < most + 0.002


def _whole(sizes: Sequence[Size], columns: Columns) -> Size:
    widths, heights = zip(*[_sized(sizes, column) for column in columns], strict=True)
    return _in_a_row(widths), max(heights)


def test_sentences_above_take_the_lines_that_they_need() -> None:
    piece = Piece(right=1000.0, height=1400.0)
    assert arrangement([piece], replace(A4, words=2500.0), 0.0).scale == A4.scale(
        1040.0, 1400.0 + 90.0 + 2 * 16.0 + 20.0
    )
