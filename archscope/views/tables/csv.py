"""One line a layer with exact numbers, for spreadsheets and data frames."""

from archscope.model import units
from archscope.model.report import Report
from archscope.views import Options
from archscope.views.data import to_csv
from archscope.views.tables import view
from archscope.views.tables.rows import check_columns

SAID = ("name", "kind", "operation", "inputs", "output_shape", "kernel", "groups")


@view("csv")
def as_csv(report: Report, options: Options) -> str:
    """Every layer and every column. Options do not apply: it is data."""
    check_columns(report, options.columns)
    lines = []
    for layer in report.graph.layers:
        said = [layer.name, layer.kind, layer.operation, " ".join(layer.inputs), units.shape(layer.output_shape)]
        values = [report.columns[name].values.get(layer.name) for name in report.table_columns]
        lines.append([*said, units.windows(layer), layer.groups, *values])
    return to_csv([[*SAID, *report.table_columns], *lines])
