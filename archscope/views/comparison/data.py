"""A comparison for programs and spreadsheets."""

from typing import Any

from archscope.comparison.breakdown import COLUMNS, breakdown
from archscope.comparison.report import Comparison
from archscope.views import Options
from archscope.views.data import to_csv, to_json


def as_json(comparison: Comparison, options: Options) -> str:
    """Everything that the reports know; `archscope compare` reads it back."""
    return to_json(comparison.to_dict(options.by))


def as_csv(comparison: Comparison, options: Options) -> str:
    """One line a network, exact; with `by`, one a part of a network. An unknown value is empty."""
    return to_csv(_parts(comparison, options.by) if options.by else _networks(comparison))


def _networks(comparison: Comparison) -> list[list[Any]]:
    heading: list[Any] = ["network", *(row.quantity.name for row in comparison.rows)]
    return [
        heading,
        *([label, *(row.values[i] for row in comparison.rows)] for i, label in enumerate(comparison.labels)),
    ]


def _parts(comparison: Comparison, by: str) -> list[list[Any]]:
    columns = [name for name in COLUMNS if any(name in report.table_columns for report in comparison.reports)]
    return [
        ["network", by, *columns],
        *(
            [label, part.name, *(part.values.get(name) for name in columns)]
            for label, report in zip(comparison.labels, comparison.reports, strict=True)
            for part in breakdown(report, by)
        ),
    ]
