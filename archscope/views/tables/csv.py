"""One line a layer with exact numbers, for spreadsheets and data frames."""

import csv
from io import StringIO

from archscope.model import units
from archscope.model.report import Report
from archscope.views import Options
from archscope.views.tables import view
from archscope.views.tables.rows import check_columns


@view("csv")
def as_csv(report: Report, options: Options) -> str:
    """Every layer and every column, exact; an unknown value is empty. Options do not apply: it is data."""
    check_columns(report, options.columns)
    columns = report.table_columns
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", "kind", "operation", "inputs", "output_shape", "kernel", "groups", *columns])
    for layer in report.graph.layers:
        values = [_cell(report.columns[name].values.get(layer.name)) for name in columns]
        said = [layer.name, layer.kind, layer.operation, " ".join(layer.inputs), units.shape(layer.output_shape)]
        writer.writerow([*said, units.windows(layer), layer.groups, *values])
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        return units.shape(value)
    return "" if value is None else value
