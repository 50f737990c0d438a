"""Accuracy against cost: a bubble a network, as papers draw it. Loads matplotlib."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log, sqrt
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from archscope.comparison.report import Comparison
from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.model.text import listed
from archscope.papers.accuracy import Accuracy
from archscope.views.comparison.grids import DAGGER
from archscope.views.comparison.labels import Box, Disc, Label, Line, Placing, Point
from archscope.views.comparison.plot_style import WIDTH, in_lines, styled
from archscope.views.diagram.paint.palette import LIGHT
from archscope.views.diagram.place.text import text_width

LABEL, NOTE = 7.0, 6.0
"""Sizes of the type, in points."""

NOTE_LINE = 0.115
"""From a line of the notes to the next, in inches."""

NOTES_FROM, NOTES_WIDE = 0.012, 0.94
"""Where the notes begin and how wide they are, as shares of the width; another font makes them some percent wider."""

PLOT, TALL = 3.7, 5.2
"""Height of the axes with their labels, in inches; of many networks."""

MANY = 25
"""So many networks all have their names; of more those on the front, and whatever others have room."""

FEWEST_TICKS = 3
LARGEST = 20.0
"""Radius of the network with most parameters, in points; areas are as the parameters. Many are drawn smaller."""

KEY_WIDTH, KEY_HEIGHT = 160.0, 59.0
"""In points."""

FILL, EDGE = LIGHT.kinds["conv"]


class Bubble(NamedTuple):
    label: str
    macs: float
    accuracy: Accuracy
    params: float
    radius: float
    best: bool


def tradeoff(comparison: Comparison) -> Figure:
    """MACs across (logarithmic), published top-1 accuracy upwards, parameters as the area; sources below.

    Raises ArchscopeError where no network has a published accuracy.
    """
    bubbles, left_out = _bubbles(comparison)
    notes = _notes(comparison, bubbles, left_out)
    below = NOTE_LINE * len(notes) + 0.05
    plot = TALL if len(bubbles) > MANY else PLOT
    height = plot + below
    with styled():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((0.072, (below + 0.42) / height, 0.918, (plot - 0.5) / height))
        _set_axes(axes, bubbles)
        _draw(axes, bubbles)
        for i, line in enumerate(reversed(notes)):
            figure.text(NOTES_FROM, (0.05 + NOTE_LINE * i) / height, line, fontsize=NOTE, color=LIGHT.muted)
    return figure


def _bubbles(comparison: Comparison) -> tuple[list[Bubble], list[str]]:
    """What is drawn, and the labels of what is not: no accuracy, one on another dataset, or no MACs."""
    accuracies = comparison.accuracies[1]
    known = [accuracy.data for accuracy in accuracies if accuracy]
    if not known:
        raise ArchscopeError("no published top-1 accuracy of any of these networks at this input: nothing to plot")
    data = max(known, key=known.count)
    most = max(report.totals["params"] for report in comparison.reports)
    largest = LARGEST * min(1, 3.5 / sqrt(len(comparison.reports)))
    drawn, left_out = [], []
    each = zip(comparison.names, comparison.reports, accuracies, comparison.front, strict=True)
    for label, report, accuracy, best in each:
        params, macs = report.totals["params"], report.totals["macs"]
        if accuracy and accuracy.data == data and macs:
            name = label + DAGGER * accuracy.saw_other_data
            radius = largest * sqrt(params / most)
            drawn.append(Bubble(name, macs, accuracy, params, radius, best))
        else:
            left_out.append(label)
    return drawn, left_out


def _notes(comparison: Comparison, bubbles: Sequence[Bubble], left_out: Sequence[str]) -> list[str]:
    """Where every accuracy comes from, in lines that fit the figure; of a file's, which row it is."""
    by_source: dict[str, list[str]] = {}
    for bubble in bubbles:
        label, source = bubble.label, bubble.accuracy.said()
        if comparison.results:
            row = bubble.accuracy.claim.source.removeprefix(f"{comparison.results.source}, ")
            label, source = f"{label} ({row})", source.replace(f", {row}", "", 1)
        by_source.setdefault(source, []).append(label)
    said = "; ".join(f"{listed(labels)}: {source}" for source, labels in by_source.items())
    notes = [f"Accuracies as published, not recomputed. {said}."]
    notes += [f"Not shown, for want of such an accuracy: {listed(left_out)}."] if left_out else []
    return [line for note in notes for line in _wrapped(note)]


def _wrapped(text: str) -> Iterator[str]:
    """Lines that fit the figure."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".lstrip()
        if line and text_width(longer, NOTE) > 72 * WIDTH * NOTES_WIDE:
            yield line
            longer = word
        line = longer
    yield line


def _set_axes(axes: Axes, bubbles: Sequence[Bubble]) -> None:
    macs, percents = [bubble.macs for bubble in bubbles], [bubble.accuracy.percent for bubble in bubbles]
    margin = max((max(macs) / min(macs)) ** 0.13, 1.25)
    axes.set_xscale("log")
    axes.set_xlim(min(macs) / margin, max(macs) * margin)
    pad = max((0.1 if len(bubbles) > MANY else 0.2) * (max(percents) - min(percents)), 0.5)
    axes.set_ylim(min(percents) - pad, max(percents) + pad)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(*axes.get_xlim())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: units.scaled(value, 1)))
    axes.set_xlabel("Multiply-accumulates of one image")
    axes.set_ylabel(f"Top-1 accuracy on {bubbles[0].accuracy.data} (%)")
    axes.grid()


def _ticks(low: float, high: float) -> list[int]:
    """Round numbers in between: 1, 2 and 5 of each power of ten, all digits where those are few."""
    usual, every = (
        [number for power in range(16) for digit in digits if low < (number := digit * 10**power) < high]
        for digits in ((1, 2, 5), range(1, 10))
    )
    return usual if len(usual) >= FEWEST_TICKS else every


def _draw(axes: Axes, bubbles: Sequence[Bubble]) -> None:
    """Bubbles, the largest first, the front that no other beats, labels, and a key."""
    front = sorted((bubble.macs, bubble.accuracy.percent) for bubble in bubbles if bubble.best)
    if len(front) > 1:
        axes.plot(*zip(*front, strict=True), color=LIGHT.kinds["add"][1], linewidth=0.8, zorder=0.5)
    frame, discs = _discs(axes, bubbles)
    best = [i for i, bubble in enumerate(bubbles) if bubble.best]
    along = sorted((discs[i].x, discs[i].y) for i in best)
    key = _key_place(discs, frame)
    labels = Placing(
        discs, frame, [key], [Line(*pair) for pair in pairwise(along)], best if len(bubbles) > MANY else None
    ).place()
    for bubble in sorted(bubbles, key=lambda bubble: -bubble.radius):
        fill, line = (FILL, "-") if bubble.accuracy.is_single_crop else (LIGHT.ground, "--")
        at = bubble.macs, bubble.accuracy.percent
        axes.scatter(*at, (2 * bubble.radius) ** 2, fill, edgecolors=EDGE, linewidths=0.8, linestyles=line, alpha=0.8)
        axes.scatter(*at, 3, EDGE, linewidths=0, zorder=3)
    for bubble, label in zip(bubbles, labels, strict=True):
        if label:
            _draw_label(axes, bubble.label, label, frame)
    _draw_key(axes, key, frame, bubbles, unnamed=None in labels)


def _discs(axes: Axes, bubbles: Sequence[Bubble]) -> tuple[Box, list[Disc]]:
    """The axes and what is in them, in points."""
    extent, dpi = axes.get_window_extent(), axes.figure.dpi
    frame = Box(0, 0, 72 * extent.width / dpi, 72 * extent.height / dpi)
    (left, right), (low, top) = axes.get_xlim(), axes.get_ylim()
    return frame, [
        Disc(
            frame.right * log(bubble.macs / left) / log(right / left),
            frame.top * (bubble.accuracy.percent - low) / (top - low),
            bubble.radius, max(text_width(line, LABEL) for line in lines) + 2, (LABEL + 1) * len(lines),
        )
        for bubble in bubbles
        for lines in [in_lines(bubble.label, LABEL)]
    ]  # fmt: skip


def _draw_label(axes: Axes, text: str, label: Label, frame: Box) -> None:
    box, line = label.box, label.line
    if line:
        across, along = zip(_share(frame, line.start), _share(frame, line.stop), strict=True)
        axes.plot(across, along, transform=axes.transAxes, color=LIGHT.muted, linewidth=0.5, zorder=3)
    middle = _share(frame, ((box.left + box.right) / 2, (box.bottom + box.top) / 2))
    said = "\n".join(in_lines(text, LABEL))
    axes.text(*middle, said, transform=axes.transAxes, fontsize=LABEL, ha="center", va="center_baseline", zorder=4,
              linespacing=1)  # fmt: skip


def _share(frame: Box, point: Point) -> Point:
    """A point of the frame as matplotlib's share of the axes."""
    return point[0] / frame.right, point[1] / frame.top


# ---- the key ---------------------------------------------------------------------------------------------------


def _key_place(discs: Sequence[Disc], frame: Box) -> Box:
    """The corner that covers fewest discs: seldom is a network large and poor."""
    lefts, bottoms = (frame.right - KEY_WIDTH, 0), (0, frame.top - KEY_HEIGHT)
    corners = [Box(left, bottom, left + KEY_WIDTH, bottom + KEY_HEIGHT) for bottom in bottoms for left in lefts]
    return min(corners, key=lambda box: sum(map(box.covers, discs)))


def _draw_key(axes: Axes, key: Box, frame: Box, bubbles: Sequence[Bubble], unnamed: bool) -> None:
    """What areas and outlines mean."""
    largest = max(bubbles, key=lambda bubble: bubble.params)
    lines = [f"area: parameters, {units.scaled(largest.params, 3)} in {largest.label}"]
    if not all(bubble.accuracy.is_single_crop for bubble in bubbles):
        lines += ["filled: single crop", "dashed: another protocol, or not stated"]
    if sum(bubble.best for bubble in bubbles) > 1:
        lines += ["line: none has fewer MACs and is more accurate"]
    if any(bubble.accuracy.saw_other_data for bubble in bubbles):
        lines += [f"{DAGGER}: its weights saw other data than ImageNet-1k"]
    if unnamed:
        lines += ["without a name: those below that had no room"]
    for i, line in enumerate(reversed(lines)):
        at = _share(frame, (key.right - 4, key.bottom + 8 + 9 * i))
        axes.text(*at, line, transform=axes.transAxes, fontsize=NOTE, ha="right", va="center", color=LIGHT.muted)
