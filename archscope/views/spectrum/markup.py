"""A spectrum for a README, a paper, a notebook."""

from archscope.continuum.points import Spectrum
from archscope.views import Options
from archscope.views.spectrum.rows import cells, headings, notes, sizes, title
from archscope.views.templates import fill


def as_markdown(spectrum: Spectrum, options: Options) -> str:
    return _filled("spectrum.md", spectrum)


def as_latex(spectrum: Spectrum, options: Options) -> str:
    """Needs \\usepackage{booktabs}."""
    return _filled("spectrum.tex", spectrum)


def as_html(spectrum: Spectrum, options: Options) -> str:
    """One self-contained fragment: no script, nothing from elsewhere."""
    return _filled("spectrum.html", spectrum)


def _filled(template: str, spectrum: Spectrum) -> str:
    named = ["Segments", "Point"] + (["Sizes"] if spectrum.block else [])
    rows = [
        ([str(point.segments), point.name, sizes(point)][: len(named)], cells(spectrum, point))
        for point in spectrum.points
    ]
    about = {"name": spectrum.target, "title": title(spectrum), "notes": notes(spectrum)}
    return fill(template, named=named, headings=headings(spectrum), rows=rows, **about)
