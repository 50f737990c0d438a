"""A sweep as a picture."""

from typing import TYPE_CHECKING

from archscope.sweeping.points import Sweep
from archscope.views import Options
from archscope.views.sweep.rows import columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def as_svg(found: Sweep, options: Options) -> str:
    from archscope.views.comparison.plot_style import to_svg

    return to_svg(_figure(found, options))


def as_png(found: Sweep, options: Options) -> bytes:
    from archscope.views.comparison.plot_style import to_png

    return to_png(_figure(found, options))


def as_pdf(found: Sweep, options: Options) -> bytes:
    from archscope.views.comparison.plot_style import to_pdf

    return to_pdf(_figure(found, options))


def _figure(found: Sweep, options: Options) -> "Figure":
    from archscope.views.sweep.chart import chart

    return chart(found, columns(found, options))
