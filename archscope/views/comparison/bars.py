"""Bars side by side: what each network costs, stacked by kind of layer. Loads matplotlib."""

from collections.abc import Mapping, Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from archscope.comparison.breakdown import IN_NO_LAYER
from archscope.comparison.report import Comparison
from archscope.views.comparison.grids import cell
from archscope.views.comparison.plot_style import WIDTH, in_lines, ink_on, styled
from archscope.views.comparison.stacks import FEATURE_MAPS, Panel, panels
from archscope.views.diagram.paint.palette import DARK, LIGHT
from archscope.views.diagram.place.text import fitted, text_width

COLORS = {
    "depthwise": LIGHT.kinds["depthwise"][1], "grouped": DARK.kinds["depthwise"][1],
    "1x1": LIGHT.kinds["conv"][1], "3x3": DARK.kinds["conv"][1], "1xn, nx1": LIGHT.badge, "other kernels": DARK.badge,
    "linear": LIGHT.kinds["linear"][1], "pooling": DARK.kinds["pool"][1], "normalisation": DARK.kinds["add"][1],
    "activation": LIGHT.kinds["other"][1], "concat, add": DARK.kinds["concat"][1], "other": LIGHT.edge,
    IN_NO_LAYER: LIGHT.panel, FEATURE_MAPS: LIGHT.panel_border,
}  # fmt: skip
"""By kind, in the order of the stack and of the legend."""

NAME, LABEL = 8.0, 6.5
"""Sizes of the type, in points."""

BAR = 0.27
"""Height of a network's bar with its gap, in inches."""

LINE = 0.14
"""Inches for each line of a name."""

HEAD, LEGEND, GAP = 0.3, 0.19, 0.34
"""Inches: a panel's title, a row of the legend, and from a panel's bars to what is below."""

IN_LEGEND_ROW = 7
LEAST = 0.004
"""A kind that is nowhere more than this share of the longest bar is not in the legend."""


def bars(comparison: Comparison) -> Figure:
    """A panel a quantity, a bar a network."""
    shown = panels(comparison.reports)
    kinds = [kind for kind in COLORS if any(_is_seen(kind, panel) for panel in shown)]
    columns = 2 if len(shown) == 4 else len(shown)
    rows = len(shown) // columns
    legend = LEGEND * ceil(len(kinds) / IN_LEGEND_ROW) + 0.06
    labels = [in_lines(label, NAME) for label in comparison.names]
    body = max(BAR, LINE * max(map(len, labels))) * len(comparison.reports)
    height = rows * (HEAD + body + GAP) + legend - 0.1
    left = (max(text_width(line, NAME) for label in labels for line in label) + 10) / 72
    with styled():
        figure = Figure(figsize=(WIDTH, height))
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        figure.subplots_adjust(
            left=left / WIDTH, right=0.99, wspace=0.12, hspace=(HEAD + GAP) / body,
            top=1 - HEAD / height, bottom=(legend + GAP - 0.1) / height,
        )  # fmt: skip
        for axes, panel in zip(grid.flat, shown, strict=True):
            _draw(axes, panel, labels, title=_size_of_titles(shown, grid.flat[0]))
        across = min(len(kinds), IN_LEGEND_ROW)
        handles = [Patch(facecolor=COLORS[kind], label=kind) for i in range(across) for kind in kinds[i::across]]
        figure.legend(handles=handles, loc="lower center", ncols=across, fontsize=7, handlelength=1,
                      handleheight=1, columnspacing=1.4, borderpad=0.1)  # fmt: skip
    return figure


def _is_seen(kind: str, panel: Panel) -> bool:
    return any(stack.get(kind, 0) > LEAST * max(panel.totals) for stack in panel.stacks)


def _title(panel: Panel) -> str:
    unit = panel.axis[1]
    return f"{panel.title} ({unit})" if unit else panel.title


def _size_of_titles(shown: Sequence[Panel], axes: Axes) -> float:
    """At which each fits above its panel; equal in all."""
    widest = max(text_width(_title(panel), NAME, bold=True) for panel in shown)
    return max(min(NAME, NAME * axes.get_position().width * WIDTH * 72 / widest), LABEL)


def _draw(axes: Axes, panel: Panel, labels: Sequence[Sequence[str]], title: float) -> None:
    one, _ = panel.axis
    totals = [cell(panel.unit, total) for total in panel.totals]
    width = axes.get_position().width * WIDTH * 72  # points
    room = max(text_width(total, LABEL) for total in totals) + 6
    points = (width - room) / (max(panel.totals) or 1)  # the length of one
    axes.set_xlim(0, width / points / one)
    for y, stack in enumerate(panel.stacks):
        _draw_stack(axes, y, stack, points, one)
        end = panel.totals[y] / one, y
        axes.annotate(totals[y], end, (3, 0), textcoords="offset points", va="center", fontsize=LABEL)
    said = fitted(_title(panel), title, width, bold=True)
    axes.set_title(said, loc="left", fontsize=title, fontweight="bold", pad=4)
    names = ["\n".join(lines) for lines in labels]
    axes.set_yticks(range(len(names)), names, fontsize=NAME, color=LIGHT.ink, linespacing=1)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))


def _draw_stack(axes: Axes, y: int, stack: Mapping[str, float], points: float, one: float) -> None:
    start = 0.0
    for kind, color in COLORS.items():
        value = stack.get(kind, 0)
        if value:
            axes.barh(y, value / one, 0.7, start / one, color=color, edgecolor=LIGHT.ground, linewidth=0.4)
        if value * points > text_width(kind, LABEL) + 4:
            middle = (start + value / 2) / one
            axes.text(middle, y, kind, ha="center", va="center", fontsize=LABEL, color=ink_on(color))
        start += value
