"""One line a layer with exact numbers, for spreadsheets and data frames."""

from collections.abc import Sequence

from archscope.model import units
from archscope.model.graph import Layer
from archscope.model.report import Report
from archscope.views import Options
from archscope.views.data import to_csv
from archscope.views.tables import view
from archscope.views.tables.rows import check_columns


@view("csv")
def as_csv(report: Report, options: Options) -> str:
    """Every layer and every column, exact; an unknown value is empty. Options do not apply: it is data."""
    check_columns(report, options.columns)
    columns = report.table_columns
    heading = ["name", "kind", "operation", "inputs", "output_shape", "kernel", "groups", *columns]
    return to_csv([heading, *(_line(layer, report, columns) for layer in report.graph.layers)])


def _line(layer: Layer, report: Report, columns: Sequence[str]) -> list[object]:
    said = [layer.name, layer.kind, layer.operation, " ".join(layer.inputs), units.shape(layer.output_shape)]
    values = [report.columns[name].values.get(layer.name) for name in columns]
    return [*said, units.windows(layer), layer.groups, *values]
