"""The Xception paper's Figures 1 to 4 side by side: an Inception module on its way to a depthwise separable one."""

from collections.abc import Mapping
from dataclasses import replace

from archscope.continuum.paper_figures import PaperFigures
from archscope.continuum.points import Block
from archscope.model import units
from archscope.model.graph import Layer, is_pointwise
from archscope.model.operations import CATEGORY
from archscope.model.report import Report
from archscope.views import Options, View
from archscope.views.diagram.paint.png import to_pdf, to_png
from archscope.views.diagram.place.text import text_width
from archscope.views.spectrum.canvas import BOLD, SMALL, Canvas, Color, Panel, picture
from archscope.views.spectrum.panels import INNER, panel

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
    block = traced.segmented.block or Block()
    third, fourth = traced.segmented.points
    weights, extreme = third.values["params"], fourth.values["params"]
    channels, count = block.channels, len(third.partition)
    simplified = traced.simplified.totals["params"]
    panels = [
        towers(traced.canonical, "Figure 1", "an Inception module (Inception-v3)",
               ("towers of several kernels", "and one that pools")),
        towers(traced.simplified, "Figure 2", "simplified: one kernel size, no pooling",
               (f"{simplified:,} weights", f"{count} towers of {channels // count} channels"), colored=True),
        replace(panel(block, third, "Figure 3", "Figure 2 reformulated: one large 1×1"), notes=(
            f"{weights:,} weights", "as many as Figure 2, and the same function" if weights == simplified else "")),
        replace(panel(block, fourth, "Figure 4", "extreme: a 3×3 for each output channel"), notes=(
            f"{extreme:,} weights", "almost a depthwise separable convolution")),
    ]  # fmt: skip
    title = "From an Inception module to a depthwise separable convolution"
    subtitle = "The argument of the Xception paper (Chollet, CVPR 2017), Figures 1 to 4"
    return picture(title, subtitle, panels, options.theme)


def branches(report: Report) -> list[list[Layer]]:
    """The convolutions and poolings of each branch, in order."""
    found: dict[str, list[Layer]] = {}
    for layer in report.graph.layers:
        if CATEGORY.get(layer.operation) in {"convolution", "pooling"}:
            found.setdefault(layer.name.partition(".")[0], []).append(layer)
    return list(found.values())


def towers(report: Report, title: str, subtitle: str, notes: tuple[str, ...], colored: bool = False) -> Panel:
    """A module of parallel branches as a panel; `colored` gives their spatial convolutions the colours of segments."""

    def paint(canvas: Canvas, x: float, y: float) -> float:
        columns = branches(report)
        step = INNER / len(columns)
        longest = max(map(len, columns))
        bottom = y + BOX + STEP + longest * (BOX + STEP)
        canvas.box(x + INNER / 2, y, INNER, BOX, canvas.kind("tensor"), "Input")
        for i, layers in enumerate(columns):
            color = canvas.segment(i, len(columns)) if colored else canvas.kind("conv")
            _tower(canvas, layers, x + step * (i + 0.5), step - 7.0, y + BOX, bottom, color)
        canvas.box(x + INNER / 2, bottom, INNER, BOX, canvas.kind("concat"), "Concat")
        return bottom + BOX

    return Panel(title, subtitle, paint, notes)


def _tower(
    canvas: Canvas, layers: list[Layer], x: float, width: float, y: float, bottom: float, spatial: Color
) -> None:
    for layer in layers:
        canvas.arrow(x, y, y + STEP)
        pooling = CATEGORY[layer.operation] == "pooling"
        said = units.class_words(layer.kind) if pooling else units.windows(layer).replace("x", "×")
        color = canvas.kind("pool" if pooling else "conv") if pooling or is_pointwise(layer) else spatial
        size = BOLD if text_width(said, BOLD, True) < width - 6.0 else SMALL
        canvas.box(x, y + STEP, width, BOX, color, said, bold=size)
        y += STEP + BOX
    canvas.arrow(x, y, bottom)
