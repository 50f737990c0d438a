"""A table for a README or an issue."""

from archscope.report import Report
from archscope.views import Options, view
from archscope.views.footer import footer
from archscope.views.rows import headings, rows
from archscope.views.templates import fill


@view("markdown", ".md")
def markdown(report: Report, options: Options) -> str:
    """The rows of the table, the totals as a list."""
    return fill(
        "summary.md",
        report=report,
        rows=rows(report, options),
        headings=headings(options.columns),
        footer=footer(report),
    )
