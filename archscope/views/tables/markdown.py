"""A table for a README or an issue."""

from archscope.model.report import Report
from archscope.views import Options
from archscope.views.tables import view
from archscope.views.templates import fill_summary


@view("markdown")
def markdown(report: Report, options: Options) -> str:
    """The rows of the table, the totals as a list."""
    return fill_summary("summary.md", report, options)
