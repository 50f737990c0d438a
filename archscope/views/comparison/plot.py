"""A comparison as a picture: bars, or the tradeoff of accuracy against cost."""

from typing import TYPE_CHECKING

from archscope.comparison.report import Comparison
from archscope.registry import unknown
from archscope.views import Options
from archscope.views.comparison.grids import BESIDE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(comparison: Comparison, options: Options) -> "Figure":
    from archscope.views.comparison.bars import bars
    from archscope.views.comparison.tradeoff import tradeoff

    plots = {"bars": bars, "tradeoff": tradeoff}
    name = options.plot or _usual(comparison)
    if name not in plots:
        raise unknown("plot of a comparison", name, plots)
    return plots[name](comparison)


def _usual(comparison: Comparison) -> str:
    """Bars side by side for a few networks, the tradeoff for many of which papers say how good they are."""
    known = sum(accuracy is not None for accuracy in comparison.accuracies[1])
    return "tradeoff" if known > BESIDE else "bars"
