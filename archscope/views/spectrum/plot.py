"""A spectrum as a picture: panels of a block's points, or a curve."""

from typing import TYPE_CHECKING

from archscope.continuum.points import Spectrum
from archscope.registry import unknown
from archscope.views import Options

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLOTS = ("panels", "curve")


def as_svg(spectrum: Spectrum, options: Options) -> str:
    from archscope.views.comparison.plot_style import to_svg

    return to_svg(_curve(spectrum)) if _is_curve(spectrum, options) else _panels(spectrum, options)


def as_png(spectrum: Spectrum, options: Options) -> bytes:
    from archscope.views.comparison import plot_style
    from archscope.views.diagram.paint.png import to_png

    if _is_curve(spectrum, options):
        return plot_style.to_png(_curve(spectrum))
    return to_png(_panels(spectrum, options))


def as_pdf(spectrum: Spectrum, options: Options) -> bytes:
    from archscope.views.comparison import plot_style
    from archscope.views.diagram.paint.png import to_pdf

    if _is_curve(spectrum, options):
        return plot_style.to_pdf(_curve(spectrum))
    return to_pdf(_panels(spectrum, options))


def _is_curve(spectrum: Spectrum, options: Options) -> bool:
    """By default panels of a block; a curve of a network, and of what was measured."""
    usual = "panels" if spectrum.block and "latency_ms" not in spectrum.columns else "curve"
    name = options.plot or usual
    if name not in PLOTS:
        raise unknown("plot of a spectrum", name, PLOTS)
    return name == "curve"


def _curve(spectrum: Spectrum) -> "Figure":
    from archscope.views.spectrum.curve import curve

    return curve(spectrum)


def _panels(spectrum: Spectrum, options: Options) -> str:
    from archscope.views.spectrum.panels import panels

    return panels(spectrum, options.theme)
