"""A spectrum as a page: a row a point."""

from archscope.continuum.points import Spectrum
from archscope.views import Options
from archscope.views.page import Line, Page, Table
from archscope.views.spectrum.rows import cells, headings, notes, sizes, title


def page(spectrum: Spectrum, options: Options) -> Page:
    named = ["Segments", "Point"] + (["Sizes"] if spectrum.block else [])
    lines = [
        Line([*[str(point.segments), point.name, sizes(point)][: len(named)], *cells(spectrum, point)])
        for point in spectrum.points
    ]
    said = notes(spectrum)
    table = Table([*named, *headings(spectrum)], lines, range(1, len(named)), caption=said)
    return Page(spectrum.target, title(spectrum), [table], said)
