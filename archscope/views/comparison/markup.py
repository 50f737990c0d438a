"""A comparison for READMEs, papers and web pages."""

from archscope.comparison import Comparison
from archscope.views import Options
from archscope.views.comparison.grids import grids
from archscope.views.comparison.notes import notes
from archscope.views.comparison.parts import part_grids
from archscope.views.templates import fill


def as_markdown(comparison: Comparison, by: str, options: Options) -> str:
    return _filled("compare.md", comparison, by)


def as_latex(comparison: Comparison, by: str, options: Options) -> str:
    """Tables for a paper; needs \\usepackage{booktabs}."""
    return _filled("compare.tex", comparison, by)


def as_html(comparison: Comparison, by: str, options: Options) -> str:
    """One self-contained fragment: no script, nothing from elsewhere."""
    return _filled("compare.html", comparison, by)


def _filled(template: str, comparison: Comparison, by: str) -> str:
    tables = [*grids(comparison), *(part_grids(comparison, by) if by else ())]
    return fill(template, labels=comparison.labels, tables=tables, notes=notes(comparison))
