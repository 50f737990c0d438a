"""A table for a paper: booktabs, with the totals in the caption."""

from archscope.model.report import Report
from archscope.views import Options
from archscope.views.tables import view
from archscope.views.templates import fill_summary


@view("latex")
def latex(report: Report, options: Options) -> str:
    """The rows of the table; needs \\usepackage{booktabs}."""
    return fill_summary("summary.tex", report, options)
