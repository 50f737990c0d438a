"""A table for notebooks and web pages."""

from archscope.model.report import Report
from archscope.views import Options
from archscope.views.tables import view
from archscope.views.templates import fill_summary


@view("html")
def html(report: Report, options: Options) -> str:
    """One self-contained fragment: no script, nothing from elsewhere."""
    return fill_summary("summary.html", report, options)
