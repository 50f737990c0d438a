"""A table for a paper: booktabs, with the totals in the caption."""

from archscope.report import Report
from archscope.views import Options, view
from archscope.views.footer import footer
from archscope.views.rows import headings, rows
from archscope.views.templates import fill


@view("latex", ".tex")
def latex(report: Report, options: Options) -> str:
    """The rows of the table; needs \\usepackage{booktabs}."""
    return fill(
        "summary.tex",
        report=report,
        rows=rows(report, options),
        headings=headings(options.columns),
        footer=footer(report),
    )
