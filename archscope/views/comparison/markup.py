"""A comparison as a page: the plot of a web page, the tables, and what to know of the numbers."""

from archscope.comparison.report import Comparison
from archscope.views import Options
from archscope.views.comparison.grids import grids
from archscope.views.comparison.notes import notes
from archscope.views.comparison.parts import part_grids
from archscope.views.comparison.plot import as_svg
from archscope.views.page import Line, Page, Table


def page(comparison: Comparison, options: Options) -> Page:
    said = notes(comparison)
    published = [note for note in said if note[0] == "Published"]
    parts = part_grids(comparison, options.by) if options.by else ()
    tables = [
        Table(grid.headings, [Line(row) for row in grid.rows], title=grid.title, caption=published if i else said)
        for i, grid in enumerate([*grids(comparison), *parts])
    ]
    return Page(", ".join(comparison.labels), "", tables, said, lambda: inlined(as_svg(comparison, options)))


def inlined(svg: str) -> str:
    """A picture as a part of a page: without the declaration of a file."""
    return svg[svg.index("<svg") :]
