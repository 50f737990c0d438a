"""A table for notebooks and web pages."""

from archscope.report import Report
from archscope.views import Options, view
from archscope.views.footer import footer
from archscope.views.rows import headings, rows
from archscope.views.templates import fill


@view("html", ".html")
def html(report: Report, options: Options) -> str:
    """One self-contained fragment: no script, nothing from elsewhere."""
    return fill(
        "summary.html",
        report=report,
        rows=rows(report, options),
        headings=headings(options.columns),
        footer=footer(report),
    )
