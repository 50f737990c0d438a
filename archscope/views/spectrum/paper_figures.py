"""The Xception paper's Figures 1 to 4 side by side: an Inception module on its way to a depthwise separable one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from archscope.continuum.paper_figures import CHANNELS, TOWERS, PaperFigures
from archscope.continuum.points import Block, Point
from archscope.model import units
from archscope.model.operations import CATEGORY
from archscope.model.report import Report
from archscope.model.segments import name_of
from archscope.views import Options, View
from archscope.views.diagram.paint.png import to_pdf, to_png
from archscope.views.diagram.place.text import text_width
from archscope.views.spectrum.canvas import BOLD, SMALL, Canvas, Color, Panel, picture
from archscope.views.spectrum.panels import INNER, panel

Towers = tuple[tuple[str, ...], ...]
"""The parallel branches of a module: what the boxes of each say."""

CANONICAL: Towers = (("1×1",), ("1×1", "3×3"), ("1×1", "3×3", "3×3"), ("AvgPool", "1×1"))
SIMPLIFIED: Towers = (("1×1", "3×3"),) * TOWERS
"""Figures 1 and 2; tests hold them against the modules that are traced."""

BOX = 30.0
STEP = 22.0
"""Height of a box, and of the arrow before it."""


def formats() -> Mapping[str, View]:
    return {
        "svg": as_svg,
        "png": lambda traced, options: to_png(as_svg(traced, options)),
        "pdf": lambda traced, options: to_pdf(as_svg(traced, options)),
    }


def as_svg(traced: PaperFigures, options: Options) -> str:
    """All four."""
    third, fourth = traced.segmented.points
    simplified = traced.simplified.totals["params"]
    figures = panels(branches(traced.canonical), branches(traced.simplified), simplified, third, fourth)
    title = "From an Inception module to a depthwise separable convolution"
    subtitle = "The argument of the Xception paper (Chollet, CVPR 2017), Figures 1 to 4"
    return picture(title, subtitle, figures, options.theme)


def at_stops(theme: str) -> dict[str, str]:
    """Figures 1 to 3, and 4, by the name of the point that they are of, from what is written here alone."""
    block = Block(CHANNELS)
    third, fourth = (_point(block, (CHANNELS // count,) * count) for count in (TOWERS, CHANNELS))
    *first, last = panels(CANONICAL, SIMPLIFIED, third.values["params"], third, fourth)
    shown = {third.name: first, fourth.name: [last]}
    return {name: picture("", "", figures, theme, turns=False) for name, figures in shown.items()}


def _point(block: Block, partition: tuple[int, ...]) -> Point:
    """What continuum.of_block traces, of a block of as many channels in as out."""
    spatial = block.kernel_size**2 * sum(size * size for size in partition)
    params = spatial + block.channels**2
    values = {"spatial_params": spatial, "params": params, "macs": params * prod(block.input_size[1:])}
    return Point(len(partition), name_of(partition), values, partition)


def panels(canonical: Towers, simplified: Towers, weights: int, third: Point, fourth: Point) -> list[Panel]:
    """The figures, of modules of these towers; those of the second have so many weights."""
    block, channels, count = Block(CHANNELS), CHANNELS, len(third.partition)
    same = third.values["params"] == weights
    return [
        towers(canonical, "Figure 1", "an Inception module (Inception-v3)",
               ("towers of several kernels", "and one that pools")),
        towers(simplified, "Figure 2", "simplified: one kernel size, no pooling",
               (f"{weights:,} weights", f"{count} towers of {channels // count} channels"), colored=True),
        replace(panel(block, third, "Figure 3", "Figure 2 reformulated: one large 1×1"), notes=(
            f"{third.values['params']:,} weights", "as many as Figure 2, and the same function" if same else "")),
        replace(panel(block, fourth, "Figure 4", "extreme: a 3×3 for each output channel"), notes=(
            f"{fourth.values['params']:,} weights", "almost a depthwise separable convolution")),
    ]  # fmt: skip


def branches(report: Report) -> Towers:
    """The convolutions and poolings of each branch, in order."""
    found: dict[str, list[str]] = {}
    for layer in report.graph.layers:
        category = CATEGORY.get(layer.operation)
        said = units.class_words(layer.kind) if category == "pooling" else units.windows(layer).replace("x", "×")
        if category in {"convolution", "pooling"}:
            found.setdefault(layer.name.partition(".")[0], []).append(said)
    return tuple(map(tuple, found.values()))


def towers(columns: Towers, title: str, subtitle: str, notes: tuple[str, ...], colored: bool = False) -> Panel:
    """A module of parallel branches as a panel; `colored` gives their spatial convolutions the colours of segments."""

    def paint(canvas: Canvas, x: float, y: float) -> float:
        step = INNER / len(columns)
        longest = max(map(len, columns))
        bottom = y + BOX + STEP + longest * (BOX + STEP)
        canvas.box(x + INNER / 2, y, INNER, BOX, canvas.kind("tensor"), "Input")
        for i, boxes in enumerate(columns):
            color = canvas.segment(i, len(columns)) if colored else canvas.kind("conv")
            _tower(canvas, boxes, x + step * (i + 0.5), step - 7.0, y + BOX, bottom, color)
        canvas.box(x + INNER / 2, bottom, INNER, BOX, canvas.kind("concat"), "Concat")
        return bottom + BOX

    return Panel(title, subtitle, paint, notes)


def _tower(
    canvas: Canvas, boxes: Sequence[str], x: float, width: float, y: float, bottom: float, spatial: Color
) -> None:
    for said in boxes:
        canvas.arrow(x, y, y + STEP)
        color = canvas.kind("conv") if said == "1×1" else spatial if said[0].isdecimal() else canvas.kind("pool")
        size = BOLD if text_width(said, BOLD, True) < width - 6.0 else SMALL
        canvas.box(x, y + STEP, width, BOX, color, said, bold=size)
        y += STEP + BOX
    canvas.arrow(x, y, bottom)
