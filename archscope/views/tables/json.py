"""The report for programs: stable, versioned, read back by `archscope summary report.json`."""

from archscope.model.report import Report
from archscope.views import Options
from archscope.views.data import to_json
from archscope.views.tables import view


@view("json")
def as_json(report: Report, options: Options) -> str:
    """Everything the report knows, whatever the options."""
    return to_json(report.to_dict())
