"""The report for programs: stable, versioned, read back by `archscope summary report.json`."""

import json

from archscope.model.report import Report
from archscope.views import Options
from archscope.views.tables import view


@view("json")
def as_json(report: Report, options: Options) -> str:
    """Everything the report knows, whatever the options."""
    return json.dumps(report.to_dict(), indent=1, ensure_ascii=False, default=float) + "\n"
