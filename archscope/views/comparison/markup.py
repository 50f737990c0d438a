"""A comparison for READMEs, papers and web pages."""

from archscope.comparison.report import Comparison
from archscope.views import Options
from archscope.views.comparison.grids import grids
from archscope.views.comparison.notes import notes
from archscope.views.comparison.parts import part_grids
from archscope.views.comparison.plot import as_svg
from archscope.views.templates import fill


def as_markdown(comparison: Comparison, options: Options) -> str:
    return _filled("compare.md", comparison, options.by)


def as_latex(comparison: Comparison, options: Options) -> str:
    """Tables for a paper; needs \\usepackage{booktabs}."""
    return _filled("compare.tex", comparison, options.by)


def as_html(comparison: Comparison, options: Options) -> str:
    """One self-contained fragment, plot and tables: no script, nothing from elsewhere."""
    svg = as_svg(comparison, options)
    return _filled("compare.html", comparison, options.by, svg[svg.index("<svg") :])


def _filled(template: str, comparison: Comparison, by: str, svg: str = "") -> str:
    tables = [*grids(comparison), *(part_grids(comparison, by) if by else ())]
    return fill(template, labels=comparison.labels, tables=tables, notes=notes(comparison), svg=svg)
