"""Which picture a reader asked for, as SVG, PNG or PDF."""

from archscope.continuum.paper_figures import PaperFigures
from archscope.continuum.points import Spectrum
from archscope.errors import ArchscopeError
from archscope.views.diagram.paint.palette import THEMES

FORMATS = ("svg", "png", "pdf")
PLOTS = ("panels", "curve", "figures")
THEME_NAMES = tuple(THEMES)


def format_of(path: str | None) -> str:
    """The picture's format that a file's suffix asks for; empty where it asks for none."""
    suffix = (path or "").lower().rpartition(".")[2]
    return suffix if suffix in FORMATS else ""


def usual(spectrum: Spectrum) -> str:
    """Panels of a block; curves of a network, and of what was measured."""
    return "panels" if spectrum.block and "latency_ms" not in spectrum.columns else "curve"


def render(made: Spectrum | PaperFigures, plot: str, name: str, theme: str) -> bytes:
    """The picture in this format. Raises ArchscopeError where there is nothing to draw so."""
    if isinstance(made, PaperFigures):
        return _painted(made.to_svg(theme), name)
    if (plot or usual(made)) == "curve":
        return _plotted(made, name)
    if made.block is None:
        raise ArchscopeError("panels show a block: of a network there is a curve, --plot curve")
    from archscope.views.spectrum.panels import panels

    return _painted(panels(made, theme), name)


def _painted(svg: str, name: str) -> bytes:
    from archscope.views.diagram.paint.png import to_pdf, to_png

    return svg.encode("utf-8") if name == "svg" else to_png(svg) if name == "png" else to_pdf(svg)


def _plotted(spectrum: Spectrum, name: str) -> bytes:
    from archscope.views.comparison.plot_style import to_png, to_svg
    from archscope.views.diagram.paint.png import to_pdf
    from archscope.views.spectrum.curve import curve

    figure = curve(spectrum)
    if name == "png":
        return to_png(figure)
    return to_svg(figure).encode("utf-8") if name == "svg" else to_pdf(to_svg(figure))
