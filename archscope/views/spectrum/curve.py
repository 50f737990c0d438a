"""The spectrum as curves over the count of segments, in ratio to the fewest, on logarithmic axes. Loads matplotlib.

What theory promises (parameters, MACs, bytes) and what the device does (latency) have one axis: where they part ways
is shaded.
"""

from collections.abc import Sequence
from itertools import groupby
from math import log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from archscope.continuum.points import Point, Spectrum
from archscope.model import units
from archscope.views.comparison.plot_style import WIDTH, styled
from archscope.views.diagram.paint.palette import LIGHT
from archscope.views.spectrum.rows import milliseconds, setting_words, title

LINES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "params": ("Parameters", LIGHT.kinds["conv"][1], {"lw": 3.2, "alpha": 0.55}),
    "macs": ("MACs", LIGHT.kinds["concat"][1], {"lw": 1.3, "ls": (0, (4, 2))}),
    "bytes_moved": ("Bytes moved", LIGHT.kinds["other"][1], {"lw": 1.1, "ls": (0, (1, 1.6))}),
    "bound_ms": ("Lower bound", LIGHT.kinds["pool"][1], {"lw": 1.2}),
    "latency_ms": ("Latency", LIGHT.kinds["add"][1], {"lw": 1.9, "marker": "o", "ms": 3.6}),
}  # fmt: skip
"""Name, colour and stroke of each quantity."""

APART = 0.055
"""Labels at the right are so far apart at least, as a part of the axis' height."""


def curve(spectrum: Spectrum) -> Figure:
    """Parameters, MACs, bytes and, where it was measured, latency."""
    with styled():
        figure = Figure(figsize=(WIDTH, 4.0), layout="constrained")
        axes = figure.add_subplot()
        points = [point for point in spectrum.points if not point.partition or _is_even(point.partition)]
        points = points if len(points) > 1 else list(spectrum.points)
        drawn = [name for name in LINES if all(point.values.get(name) for point in points)]
        places = positions(points)
        ratios = {name: [point.values[name] / points[0].values[name] for point in points] for name in drawn}
        for name in drawn:
            _, color, stroke = LINES[name]
            axes.plot(places, ratios[name], color=color, zorder=3, **stroke)
        if "latency_ms" in drawn:
            _gap(axes, places, ratios)
        _axes(axes, points, places, ratios)
        _names(axes, points, places)
        _labels(axes, places[-1], ratios, points)
        _head(figure, spectrum)
    return figure


def _is_even(partition: Sequence[int]) -> bool:
    return max(partition) - min(partition) <= 1


def positions(points: Sequence[Point]) -> list[float]:
    """Where each stands on the axis; a word stands as far behind the last number as two doublings."""
    last = max([float(point.segments) for point in points if isinstance(point.segments, int)], default=1.0)
    return [float(point.segments) if isinstance(point.segments, int) else 4 * last for point in points]


def _gap(axes: Axes, places: Sequence[float], ratios: dict[str, list[float]]) -> None:
    """Between what the MACs promise and what was measured."""
    color = LIGHT.kinds["add"][0]
    axes.fill_between(places, ratios["macs"], ratios["latency_ms"], color=color, alpha=0.55, lw=0, zorder=1)
    i = max(range(len(places)), key=lambda i: abs(log10(ratios["latency_ms"][i] / ratios["macs"][i])))
    middle = (ratios["latency_ms"][i] * ratios["macs"][i]) ** 0.5
    times = ratios["latency_ms"][i] / ratios["macs"][i]
    if max(times, 1 / times) > 1.2:
        said = f"{times:.2g}× what\nthe MACs promise"
        axes.annotate(said, (places[i], middle), (-6, 0), textcoords="offset points", ha="right", va="center",
                      color=LIGHT.kinds["add"][1], fontsize=7)  # fmt: skip


def _axes(axes: Axes, points: Sequence[Point], places: Sequence[float], ratios: dict[str, list[float]]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlim(places[0] / 1.15, places[-1] * 1.12)
    values = [value for line in ratios.values() for value in line]
    axes.set_ylim(min(values) / 1.35, max(values) * 1.9)
    said = {place: str(point.segments) for place, point in zip(places, points, strict=True)}
    axes.xaxis.set_major_locator(FixedLocator(list(said)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: said.get(place, "")))
    axes.xaxis.set_minor_locator(NullLocator())
    ticks = [tick for power in range(-5, 4) for tick in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)]
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if min(values) / 1.3 < tick < max(values) * 1.5]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(True, axis="y")
    axes.set_xlabel("Segments")
    axes.set_ylabel(f"Ratio to {points[0].segments} segment" + ("s" if points[0].segments != 1 else ""))


def _names(axes: Axes, points: Sequence[Point], places: Sequence[float]) -> None:
    """What the literature calls the points: a band over neighbours of one name, the widest of a name labelled."""
    named = [point.name.partition(",")[0] for point in points]
    bands = [
        (name, [place for place, _ in run])
        for name, run in groupby(zip(places, named, strict=True), key=lambda pair: pair[1])
    ]
    for name in dict.fromkeys(named):
        if name != "uneven groups":
            of_name = [band for other, band in bands if other == name]
            for band in of_name:
                axes.axvspan(band[0] / 1.06, band[-1] * 1.06, color=LIGHT.panel_border, alpha=0.22, lw=0, zorder=0)
            _name(axes, name, max(reversed(of_name), key=len), places)


def _name(axes: Axes, name: str, band: Sequence[float], places: Sequence[float]) -> None:
    left, right = band[0] / 1.06, band[-1] * 1.06
    align = "left" if band[0] == places[0] else "right" if band[-1] == places[-1] else "center"
    x = {"left": left, "right": right, "center": (left * right) ** 0.5}[align]
    said = name.replace(" ", "\n").replace("-like", "-\nlike")
    where: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "ha": align, "va": "top"}
    axes.text(x, 0.985, said, fontsize=7, color=LIGHT.muted, **where)


def _labels(axes: Axes, last: float, ratios: dict[str, list[float]], points: Sequence[Point]) -> None:
    """Each line's name at its right end, with what it is there; no two on top of each other."""
    low, high = (log10(limit) for limit in axes.get_ylim())
    ends = sorted((((log10(line[-1]) - low) / (high - low)), name) for name, line in ratios.items())
    height = -1.0
    for place, name in ends:
        height = max(place, height + APART)
        said, color, _ = LINES[name]
        text = f"{said} {_amount(name, points[-1].values[name])}"
        axes.annotate(text, (1.0, height), (6, 0), xycoords="axes fraction", textcoords="offset points", ha="left",
                      va="center", color=color, fontsize=7.5, annotation_clip=False)  # fmt: skip


def _amount(name: str, value: float) -> str:
    if name == "bytes_moved":
        return units.size(value)
    return milliseconds(value) if name.endswith("_ms") else units.count(value)


def _head(figure: Figure, spectrum: Spectrum) -> None:
    held = f", all with {spectrum.held:,} parameters as nearly as widths allow" if spectrum.hold else ""
    (axes,) = figure.get_axes()
    figure.suptitle("From regular to depthwise separable convolution", x=0.01, ha="left", fontsize=11, weight="bold")
    said = f"{title(spectrum)}{held}\n{setting_words(spectrum.setting)}"
    axes.set_title(said, loc="left", fontsize=7.5, color=LIGHT.muted)
