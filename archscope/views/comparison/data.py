"""A comparison for programs and spreadsheets."""

from archscope.comparison.breakdown import COLUMNS, breakdown
from archscope.comparison.report import Comparison
from archscope.views import Options
from archscope.views.data import to_csv, to_json


def as_json(comparison: Comparison, options: Options) -> str:
    """Everything that the reports know; `archscope compare` reads it back."""
    return to_json(comparison.to_dict(options.by))


def as_csv(comparison: Comparison, options: Options) -> str:
    """One line a network; with `by`, one a part of a network."""
    if options.by:
        return _parts(comparison, options.by)
    headings = ["network", *(row.quantity.name for row in comparison.rows)]
    lines = enumerate(comparison.labels)
    return to_csv([headings, *([label, *(row.values[i] for row in comparison.rows)] for i, label in lines)])


def _parts(comparison: Comparison, by: str) -> str:
    columns = [name for name in COLUMNS if any(name in report.table_columns for report in comparison.reports)]
    lines = (
        [label, part.name, *(part.values.get(name) for name in columns)]
        for label, report in zip(comparison.labels, comparison.reports, strict=True)
        for part in breakdown(report, by)
    )
    return to_csv([["network", by, *columns], *lines])
