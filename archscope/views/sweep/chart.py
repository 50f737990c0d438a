"""A sweep as panels, one a quantity: an option across, a line for each combination of the others. Loads matplotlib."""

from collections.abc import Sequence
from math import ceil, log2
from typing import Any

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.sweeping.points import Measured, Sweep
from archscope.views.comparison.plot_style import WIDTH, styled
from archscope.views.diagram.paint.palette import LIGHT
from archscope.views.sweep.rows import NOTHING_TO_DRAW, heading, place_on_axis

PANEL_HEIGHT = 2.2
"""In inches; two panels stand beside each other."""

MOST_NAMED = 12
"""More lines than this have no name of their own."""

Lines = dict[tuple[Any, ...], list[tuple[float, Measured]]]


def chart(found: Sweep, quantities: Sequence[str]) -> Figure:
    """Raises ArchscopeError where no option is a number, or nothing is known of any point."""
    across = _across(found)
    shown = [name for name in quantities if any(_number(point.values.get(name)) is not None for point in found.known)]
    if not across or not shown:
        raise ArchscopeError(NOTHING_TO_DRAW)
    lines = _lines(found, across)
    rows = -(-len(shown) // 2)
    with styled():
        figure = Figure(figsize=(WIDTH, PANEL_HEIGHT * rows + 0.4), layout="constrained")
        grid = figure.subplots(rows, 2 if len(shown) > 1 else 1, squeeze=False).flatten()
        for axes, name in zip(grid, shown, strict=False):
            _panel(axes, found, lines, across, name)
        for axes in grid[len(shown) :]:
            axes.axis("off")
        if 1 < len(lines) <= MOST_NAMED:
            handles, names = grid[0].get_legend_handles_labels()
            figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=7)
        figure.suptitle(found.target, x=0.01, ha="left", fontsize=10, weight="bold")
    return figure


def _across(found: Sweep) -> str:
    """The option with most numbers."""

    def count(name: str) -> int:
        values = {point.place.named().get(name) for point in found.known}
        return len(values) if all(place_on_axis(name, value) is not None for value in values) else 0

    best = max(found.axes, key=count, default="")
    return best if best and count(best) > 1 else ""


def _lines(found: Sweep, across: str) -> Lines:
    """The points of each combination of the other options, from left to right."""
    others = [name for name in found.axes if name != across]
    lines: Lines = {}
    for point in found.known:
        named = point.place.named()
        place = place_on_axis(across, named[across])
        if place is not None:
            lines.setdefault(tuple(named.get(name) for name in others), []).append((place, point))
    return {key: sorted(line, key=lambda pair: pair[0]) for key, line in lines.items()}


def _panel(axes: Axes, found: Sweep, lines: Lines, across: str, name: str) -> None:
    others = [option for option in found.axes if option != across]
    for i, (key, line) in enumerate(lines.items()):
        known = [(place, value) for place, point in line if (value := _number(point.values.get(name))) is not None]
        color = LIGHT.kinds["conv"][1] if len(lines) == 1 else colormaps["viridis"](0.85 * i / (len(lines) - 1))
        label = ", ".join(f"{option} {value}" for option, value in zip(others, key, strict=True))
        axes.plot(
            *zip(*known, strict=True) if known else ([], []), color=color, lw=1.2, marker="o", ms=2.6, label=label
        )
    unit = found.unit(name)
    axes.set_title(heading(name), loc="left", fontsize=8)
    axes.set_xlabel(across.replace("_", " "), fontsize=7)
    axes.set_ylim(bottom=0)
    if unit == "bytes":  # powers of two, as they are counted in
        axes.yaxis.set_major_locator(MultipleLocator(2 ** ceil(log2(axes.get_ylim()[1] / 6))))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _amount(unit, value)))
    axes.grid(True, axis="y")


def _amount(unit: str, value: float) -> str:
    if unit == "bytes":
        return units.size(value)
    return units.milliseconds(value) if unit == "ms" else units.scaled(value, 3)


def _number(value: Any) -> float | None:
    found = max(value) if isinstance(value, list) else value
    return found if isinstance(found, int | float) else None
