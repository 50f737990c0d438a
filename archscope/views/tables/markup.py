"""A report as a page: the rows of the table, and the totals below it."""

from archscope.model.report import Report
from archscope.views import PAGE, Options
from archscope.views.page import Line, Page, Table, page_formats
from archscope.views.tables import view
from archscope.views.tables.footer import footer
from archscope.views.tables.rows import Row, headings, rows

IN_CAPTION = ("Parameters", "MACs", "Receptive field")


def page(report: Report, options: Options) -> Page:
    notes = footer(report)
    lines = [
        Line((row.name, operation(row), *row.cells), len(row.lines) // 2, row.node.path)
        for row in rows(report, options)
    ]
    titles = ["Layer", "Operation", *headings(options.columns)]
    table = Table(titles, lines, range(2), caption=[(name, said) for name, said in notes if name in IN_CAPTION])
    return Page(report.graph.name, report.title, [table], notes)


def operation(row: Row) -> str:
    """`SeparableConv 3x3 ×3, each` where a row stands for three."""
    return row.operation + (f" ×{row.repeat}, each" if row.repeat > 1 else "")


for name, as_page in page_formats(page).items():
    if name != PAGE:  # a report's is the one to walk through its network with
        view(name)(as_page)
