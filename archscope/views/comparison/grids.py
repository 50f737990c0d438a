"""The tables of a comparison, in words, as every format shows them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archscope.comparison.quantities import Group, Row
from archscope.comparison.report import Comparison
from archscope.model import units
from archscope.views.headings import broken_headings

BESIDE = 4
"""Up to so many networks stand side by side, a column each; more get a row each."""

GROUPS: dict[Group, str] = {
    "shape": "Shape", "counts": "Cost of one image", "memory": "Memory", "time": "Time",
    "outputs": "Outputs beside torch's", "accuracy": "Published accuracy",
}  # fmt: skip
DAGGER = "†"
OF_BATCH: tuple[Group, ...] = ("memory", "time", "outputs")
WITHOUT_RATIO: tuple[Group, ...] = ("setting", "outputs")
TWICE = {"flops"}
"""Left out where each network has a row: twice another column."""

NETWORK = "Network"


@dataclass(frozen=True)
class Grid:
    """A table: the first column is read from the left, numbers from the right."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def is_of_networks(self) -> bool:
        """Has each network a row?"""
        return self.headings[0] == NETWORK

    @property
    def heads(self) -> list[list[str]]:
        """The headings as lines: one that is wider than its column breaks at its spaces."""
        return broken_headings(self.headings, self.rows)

    @property
    def widths(self) -> list[int]:
        """Characters of each column."""
        return [max(map(len, column)) for column in zip(*self.heads, *self.rows, strict=True)]

    @property
    def width(self) -> int:
        """Characters of a line, with two between columns."""
        return sum(self.widths) + 2 * (len(self.widths) - 1)


def cell(unit: str, value: Any) -> str:
    """A value as it is read: `8.357 G`, `87.4 MiB`, `79 %`, `299x299`, `global`; `-` where there is none, and for a
    time below 0: profiled steps were slower than timed ones, and nothing is left over."""
    if value is None or (unit == "ms" and value < 0):
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " ".join(map(units.shape, value)) if value and isinstance(value[0], list) else units.shape(value)
    if unit == "bytes":
        return units.size(value)
    if unit == "ms":
        return units.milliseconds(value)
    if unit.endswith("/s"):
        return units.rate(value)
    if unit == "%":
        return f"{_decimals(value)} %"
    if unit in ("J", "difference"):
        return f"{value:.2g}" + " J" * (unit == "J")
    return f"{value:.3f}" if isinstance(value, float) else units.count(value)


def _decimals(percent: float) -> str:
    """All that are published, and one at least."""
    return f"{percent:.1f}" if round(percent, 1) == percent else f"{percent:g}"


def relation(row: Row, i: int) -> str:
    """Its ratio to the first network, `0.683`, or the difference of an accuracy, `-0.8`."""
    found = row.ratios[i]
    if found is None or i == 0:
        return ""
    if row.quantity.group == "accuracy":
        return f"{'+' if found > 0 else ''}{_decimals(found)}"
    return f"{found:.3f}" if found < 10 else f"{found:.1f}"


def marked(comparison: Comparison) -> list[str]:
    """The labels: with a star those on the front of accuracy against MACs, where there are many to choose from; with a
    dagger those whose weights saw other data."""
    stars = comparison.front if marks(comparison) else [False] * len(comparison.names)
    each = zip(comparison.names, stars, daggers(comparison), strict=True)
    return [f"{label}{'*' * best}{DAGGER * more}" for label, best, more in each]


def daggers(comparison: Comparison) -> list[bool]:
    """Whose accuracy, if any is shown, is of weights that saw other data than ImageNet-1k."""
    shown = any(row.quantity.group == "accuracy" for row in comparison.rows)
    return [
        shown and any(own and own.saw_other_data for own in accuracies)
        for accuracies in zip(*comparison.accuracies.values(), strict=True)
    ]


def marks(comparison: Comparison) -> bool:
    """Is there a choice?"""
    known = sum(accuracy is not None for accuracy in comparison.accuracies[1])
    return known > (1 if comparison.results else BESIDE) and len(comparison.by_batch()) == 1


def grids(comparison: Comparison, width: int = 0) -> Iterator[Grid]:
    """A table whose columns are the networks; tables whose rows are, where these are too many or too wide.

    Each further batch has tables of its own, of what depends on it.
    """
    first, *others = comparison.by_batch()
    yield from _of_batch(first, GROUPS, _batch(first) if others else "", width)
    for one in others:
        yield from _of_batch(one, OF_BATCH, _batch(one), width)


def in_rows(comparison: Comparison) -> Iterator[Grid]:
    """A row a network, however many there are, without ratios; a table a batch."""
    batches = comparison.by_batch()
    for one in batches:
        headings = (NETWORK, *(row.quantity.heading.partition(", published")[0] for row in one.rows))
        rows = [
            (label, *(cell(row.quantity.unit, row.values[i]) for row in one.rows))
            for i, label in enumerate(marked(one))
        ]
        yield Grid(_batch(one) if len(batches) > 1 else "", headings, tuple(rows))


def _batch(comparison: Comparison) -> str:
    return f"Batch {comparison.reports[0].setting['batch']}"


def _of_batch(comparison: Comparison, groups: Collection[Group], title: str, width: int) -> Iterator[Grid]:
    rows = [row for row in comparison.rows if _group(row) in groups]
    labels = marked(comparison)
    grid = _side_by_side(labels, rows, title)
    fits = not width or grid.width <= width
    yield from [grid] if len(labels) <= BESIDE and fits else _below(labels, rows, title)


def _side_by_side(labels: Sequence[str], rows: Sequence[Row], title: str) -> Grid:
    headings = ("", labels[0], *(text for label in labels[1:] for text in (label, "ratio")))
    lines = []
    for row in rows:
        cells = [cell(row.quantity.unit, value) for value in row.values]
        beside = [text for i in range(1, len(labels)) for text in (cells[i], relation(row, i))]
        lines.append((row.quantity.heading, cells[0], *beside))
    return Grid(title, headings, tuple(lines))


def _below(labels: Sequence[str], rows: Sequence[Row], title: str) -> Iterator[Grid]:
    """A table a group, a row a network."""
    for group, heading in GROUPS.items():
        own = [row for row in rows if _group(row) == group and row.quantity.name not in TWICE]
        if own:
            headings = (NETWORK, *(text for row in own for text in _headings(row)))
            lines = [(label, *(text for row in own for text in _cells(row, i))) for i, label in enumerate(labels)]
            yield Grid(", ".join(filter(None, [title, heading])), headings, tuple(lines))


def _group(row: Row) -> Group:
    own: Group = "shape" if row.quantity.name == "input_shape" else "memory"
    return own if row.quantity.group == "setting" else row.quantity.group


def _headings(row: Row) -> Sequence[str]:
    if row.quantity.group in WITHOUT_RATIO:
        return [row.quantity.heading]
    return row.quantity.heading.partition(", published")[0], "" if row.quantity.group == "accuracy" else "ratio"


def _cells(row: Row, i: int) -> Sequence[str]:
    value = cell(row.quantity.unit, row.values[i])
    return [value] if row.quantity.group in WITHOUT_RATIO else (value, relation(row, i))
