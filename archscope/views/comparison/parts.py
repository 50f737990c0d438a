"""Where the costs go, as tables: by kind, stage or layer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archscope.comparison.breakdown import COLUMNS, KINDS, Part, breakdown
from archscope.comparison.report import Comparison
from archscope.model import units
from archscope.model.report import Report
from archscope.views.comparison.grids import BESIDE, Grid, cell
from archscope.views.tables.rows import HEADINGS

MOST_LAYERS = 15
"""So many layers of each network are listed, the most costly first; the rest are one line."""

Parts = Mapping[str, Part]


def part_grids(comparison: Comparison, by: str) -> Iterator[Grid]:
    """Networks side by side, a table a column, where they share most parts; else a table a network."""
    reports = comparison.reports
    found = [{part.name: part for part in breakdown(report, by)} for report in reports]
    if len(reports) <= BESIDE and by != "layer" and _alike(found):
        for column in _columns(reports):
            yield _side_by_side(column, by, comparison, found)
    else:
        for label, report, parts in zip(comparison.names, reports, found, strict=True):
            yield _of_one(label, by, report, _costly(report, parts) if by == "layer" else list(parts.values()))


def _columns(reports: Sequence[Report]) -> list[str]:
    return [name for name in COLUMNS if any(name in report.table_columns for report in reports)]


def _alike(found: Sequence[Parts]) -> bool:
    """Is half of all parts, or more, in every network?"""
    return 2 * len(set.intersection(*map(set, found))) >= len(set.union(*map(set, found)))


def _side_by_side(column: str, by: str, comparison: Comparison, found: Sequence[Parts]) -> Grid:
    order = [*KINDS, *(name for parts in sorted(found, key=len, reverse=True) for name in parts)]
    rows = []
    for name in dict.fromkeys(order):
        parts = [own.get(name) for own in found]
        if any(part and part.values.get(column) != 0 for part in parts):
            pairs = (_pair(report, column, part) for report, part in zip(comparison.reports, parts, strict=True))
            rows.append((name, *(text for pair in pairs for text in pair)))
    totals = (text for report in comparison.reports for text in (_total(report, column), ""))
    headings = (by.capitalize(), *(text for label in comparison.names for text in (label, "share")))
    return Grid(f"{HEADINGS.get(column, column)} by {by}", headings, (*rows, ("total", *totals)))


def _of_one(label: str, by: str, report: Report, parts: Sequence[Part]) -> Grid:
    columns = _columns([report])
    headings = (by.capitalize(), *(text for column in columns for text in (HEADINGS.get(column, column), "share")))
    rows = [(part.name, *(text for name in columns for text in _pair(report, name, part))) for part in parts]
    totals = (text for column in columns for text in (_total(report, column), ""))
    return Grid(label, headings, (*rows, ("total", *totals)))


def _costly(report: Report, parts: Parts) -> list[Part]:
    """The most costly layers by time, or else by MACs, those that are alike as one; and all others as one."""
    groups: dict[tuple[Any, ...], list[Part]] = {}
    for part in parts.values():
        groups.setdefault(_likeness(report, part), []).append(part)
    cost = "latency_ms" if "latency_ms" in report.table_columns else "macs"
    summed = [_sum(_name(report, alike), alike) for alike in groups.values()]
    ordered = sorted(summed, key=lambda part: part.values[cost] or 0, reverse=True)
    listed, rest = ordered[:MOST_LAYERS], ordered[MOST_LAYERS:]
    return [*listed, _sum("all others", rest)] if rest else listed


def _likeness(report: Report, part: Part) -> tuple[Any, ...]:
    """Equal for two layers that do the same with tensors of the same sizes."""
    layer = report.graph.layer.get(part.name)
    return (units.layer_words(layer), layer.input_shapes, layer.output_shapes) if layer else (part.name,)


def _name(report: Report, alike: Sequence[Part]) -> str:
    """`24 x Conv 1x1, 728: middle_flow.block1.body.separableconv1.pointwise ...`"""
    layer = report.graph.layer.get(alike[0].name)
    if layer is None:
        return alike[0].name
    times, more = (f"{len(alike)} x ", " ...") if len(alike) > 1 else ("", "")
    return f"{times}{units.layer_words(layer)}: {layer.name}{more}"


def _sum(name: str, parts: Sequence[Part]) -> Part:
    return Part(name, {column: sum(part.values[column] or 0 for part in parts) for column in parts[0].values})


def _pair(report: Report, column: str, part: Part | None) -> tuple[str, str]:
    """A value and its share of the total."""
    value, total = part and part.values.get(column), report.totals.get(column)
    if not value or not total:
        return ("-" if value == 0 or part is None else "?"), ""
    return cell(report.columns[column].unit, value), f"{100 * value / total:.1f} %"


def _total(report: Report, column: str) -> str:
    return cell(report.columns[column].unit, report.totals[column]) if column in report.columns else "-"
