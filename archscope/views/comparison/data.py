"""A comparison for programs and spreadsheets."""

import csv
import json
from io import StringIO

from archscope.comparison.breakdown import COLUMNS, breakdown
from archscope.comparison.report import Comparison
from archscope.model import units
from archscope.views import Options


def as_json(comparison: Comparison, options: Options) -> str:
    """Everything that the reports know; `archscope compare` reads it back."""
    return json.dumps(comparison.to_dict(options.by), indent=1, ensure_ascii=False, default=float) + "\n"


def as_csv(comparison: Comparison, options: Options) -> str:
    """One line a network, exact; with `by`, one a part of a network. An unknown value is empty."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(_parts(comparison, options.by) if options.by else _networks(comparison))
    return out.getvalue()


def _networks(comparison: Comparison) -> list[list[object]]:
    heading: list[object] = ["network", *(row.quantity.name for row in comparison.rows)]
    return [
        heading,
        *([label, *(_cell(row.values[i]) for row in comparison.rows)] for i, label in enumerate(comparison.labels)),
    ]


def _parts(comparison: Comparison, by: str) -> list[list[object]]:
    columns = [name for name in COLUMNS if any(name in report.table_columns for report in comparison.reports)]
    return [
        ["network", by, *columns],
        *(
            [label, part.name, *(_cell(part.values.get(name)) for name in columns)]
            for label, report in zip(comparison.labels, comparison.reports, strict=True)
            for part in breakdown(report, by)
        ),
    ]


def _cell(value: object) -> object:
    if isinstance(value, list):
        return units.shape(value)
    return "" if value is None else value
