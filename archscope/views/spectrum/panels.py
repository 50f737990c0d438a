"""Panels of points: the 1x1 convolution, its channels as strips, a k x k convolution over each segment."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from archscope.continuum.points import Block, Point, Spectrum
from archscope.errors import ArchscopeError
from archscope.model import units
from archscope.model.segments import name_of, partition_of_up_to
from archscope.model.text import shown
from archscope.views.diagram.place.text import text_width
from archscope.views.spectrum.canvas import BOLD, PAD, PANEL, SMALL, TINY, Canvas, Panel, picture
from archscope.views.spectrum.rows import ACTIVATIONS

INNER = PANEL - 2 * PAD
MOST = 12
"""More segments than this are not drawn one by one."""

ENDS = 5
"""So many of the first and of the last are drawn then, and one strip for all between."""

NARROWEST = 15.0
STRIP, CONV = 20.0, 36.0


@dataclass(frozen=True)
class Strip:
    """A segment on paper, or all those `between` that are not drawn one by one."""

    channels: int
    left: float
    right: float
    number: int
    between: int = 0

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def panels(spectrum: Spectrum, theme: str) -> str:
    """Every point of a block as a panel, or of the convolution that a network has most often, as SVG. Raises
    ArchscopeError where that is not told."""
    if spectrum.block is None:
        return _panels_of_network(spectrum, theme)
    block = spectrum.block
    kernel, channels = f"{block.kernel_size}×{block.kernel_size}", block.segmented_channels
    first = f"One 1×1 convolution, then {kernel} convolutions over segments of its {channels} channels, concatenated"
    if block.order == "depthwise-first":
        first = f"{kernel} convolutions over segments of the input's {channels} channels, concatenated, then a 1×1"
    title = "From regular to depthwise separable convolution"
    return picture(title, first, [panel(block, point) for point in spectrum.points], theme)


def _panels_of_network(spectrum: Spectrum, theme: str) -> str:
    drawn = [made for point in spectrum.points if (made := commonest(spectrum, point))]
    if not spectrum.commonest or not drawn:
        raise ArchscopeError(
            "panels show a block, or a convolution of a network whose widths are not held: --plot curve"
        )
    block = spectrum.commonest
    said = (
        f"Its {block.kernel_size}×{block.kernel_size} convolutions of {block.channels} channels, over segments of them"
    )
    title = f"From regular to depthwise separable convolutions of {shown(spectrum.target)}"
    return picture(title, said, [panel for _, panel in drawn], theme)


def panel(block: Block, point: Point, title: str = "", subtitle: str = "") -> Panel:
    count = len(point.partition)
    parts = [_input, _pointwise, _between, _segments] if block.order == "pointwise-first" else [
        _input, _segments, _between, _pointwise]  # fmt: skip

    def paint(canvas: Canvas, x: float, y: float) -> float:
        for i, part in enumerate(parts):
            y = part(canvas, block, point, x, y, i == len(parts) - 1)
        return y

    return Panel(title or segments_said(count), subtitle or point.name, paint, notes(block, point))


def commonest(spectrum: Spectrum, point: Point) -> tuple[Point, Panel] | None:
    """What the convolution that a network divides most often is at a point of it, without the 1x1 beside it, which
    stays as it is. None where that is not told, or its segments are no count, nor depthwise."""
    block, count = spectrum.commonest, point.segments
    if not block or not (count == "depthwise" or (isinstance(count, int) and count)):
        return None
    partition = partition_of_up_to(block.channels, count if isinstance(count, int) else block.channels)
    weights = block.kernel_size**2 * sum(size * size for size in partition)
    inside = Point(len(partition), name_of(partition), {"spatial_params": weights}, partition)

    def paint(canvas: Canvas, x: float, y: float) -> float:
        return _segments(canvas, block, inside, x, _input(canvas, block, inside, x, y, False), True)

    where = f"one of the network's {spectrum.times} of {units.shape(block.input_size)}"
    return inside, Panel(segments_said(len(partition)), inside.name, paint, (*spatial_notes(block, inside), where))


def segments_said(count: int) -> str:
    return f"{count} segment{'s' if count > 1 else ''}"


def notes(block: Block, point: Point) -> tuple[str, ...]:
    macs = units.scaled(point.values["macs"], 4)
    return (*spatial_notes(block, point), f"with the 1×1: {point.values['params']:,} weights, {macs} MACs")


def spatial_notes(block: Block, point: Point) -> tuple[str, str]:
    """What the segments weigh, against the regular convolution's weights."""
    kernel = f"{block.kernel_size}×{block.kernel_size}"
    total = sum(point.partition)
    share = Fraction(sum(size * size for size in point.partition), total * total)
    said = f"1/{share.denominator}" if share.numerator == 1 else f"{float(share):.3g}"
    against = "all channels and space mapped jointly" if share == 1 else f"{said} of the regular convolution's"
    return f"{point.values['spatial_params']:,} weights in the {kernel}", against


# ---- the parts of a panel, from top to bottom -----------------------------------------------------------------


def _input(canvas: Canvas, block: Block, point: Point, x: float, y: float, last: bool) -> float:
    middle = x + INNER / 2
    canvas.box(middle, y, 92.0, 24.0, canvas.kind("tensor"), "Input")
    return y + 24.0


def _pointwise(canvas: Canvas, block: Block, point: Point, x: float, y: float, last: bool) -> float:
    middle, filters = x + INNER / 2, point.values.get("channels", block.channels)
    canvas.arrow(middle, y, y + 20.0)
    canvas.box(middle, y + 20.0, 116.0, CONV, canvas.kind("conv"), "Conv 1×1", f"{filters} filters")
    return y + 20.0 + CONV


def _between(canvas: Canvas, block: Block, point: Point, x: float, y: float, last: bool) -> float:
    if block.activation == "none":
        return y
    middle = x + INNER / 2
    canvas.arrow(middle, y, y + 18.0)
    canvas.box(middle, y + 18.0, 60.0, 22.0, canvas.kind("other"), ACTIVATIONS[block.activation])
    return y + 40.0


def _segments(canvas: Canvas, block: Block, point: Point, x: float, y: float, last: bool) -> float:
    """The channels as strips, their convolutions, and what these give as strips."""
    strips = strips_of(point.partition, x, x + INNER)
    total, count = sum(point.partition), len(point.partition)
    canvas.arrow(x + INNER / 2, y, y + 20.0)
    said = f"{total} channels in {segments_said(count)}"
    canvas.text(said, x + INNER / 2, y + 34.0, SMALL, muted=True)
    top = y + 41.0
    _row(canvas, strips, count, top)
    slim = count > 6
    for strip in strips:
        if not strip.between:
            canvas.arrow(strip.middle, top + STRIP, top + STRIP + 22.0, slim)
            canvas.arrow(strip.middle, top + STRIP + 22.0 + CONV, top + STRIP + 44.0 + CONV, slim)
        _conv(canvas, block, strip, count, top + STRIP + 22.0)
    bottom = top + STRIP + 44.0 + CONV
    _row(canvas, strips, count, bottom, block.depth_multiplier)
    canvas.text(
        "Concat" if count > 1 else "Output" if last else "", x + INNER / 2, bottom + STRIP + 15.0, SMALL, muted=True
    )
    return bottom + STRIP + (18.0 if last else 20.0)


def strips_of(partition: Sequence[int], left: float, right: float) -> list[Strip]:
    """The segments from left to right, as wide as their channels are many; of more than MOST, those at the ends."""
    count = len(partition)
    if count > MOST:
        unit = (right - left) / (2 * ENDS + 2)
        sizes = [*partition[:ENDS], sum(partition[ENDS:-ENDS]), *partition[-ENDS:]]
        widths = [unit] * ENDS + [2 * unit] + [unit] * ENDS
    else:
        sizes = list(partition)
        room = right - left - NARROWEST * count
        widths = [NARROWEST + room * size / sum(partition) for size in partition]
    strips = []
    for i, (size, width) in enumerate(zip(sizes, widths, strict=True)):
        between = count - 2 * ENDS if count > MOST and i == ENDS else 0
        number = i if count <= MOST or i <= ENDS else count - len(sizes) + i
        strips.append(Strip(size, left, left + width, number, between))
        left += width
    return strips


def _row(canvas: Canvas, strips: Sequence[Strip], count: int, top: float, times: int = 1) -> None:
    for strip in strips:
        channels = strip.channels * times
        said = f"segment {strip.number + 1} of {count}" if not strip.between else f"{strip.between} segments between"
        canvas.group(f"{said}: {channels} channel{'s' if channels > 1 else ''}", channels=channels)
        color = canvas.kind("other") if strip.between else _color(canvas, strip, count)
        canvas.painter.rect((strip.left, top, strip.right, top + STRIP), 0.0, *color, ' stroke-width="1.2"')
        width = strip.right - strip.left
        if strip.between:
            canvas.text("…", strip.middle, top + STRIP * 0.6, BOLD, bold=True, muted=True)
        elif 1 < channels <= width / 5.0:
            for i in range(1, channels):
                canvas.rule(strip.left + width * i / channels, top, top + STRIP, color[1])
        elif text_width(f"{channels}", SMALL) < width - 3.0 and channels > 1:
            canvas.text(f"{channels}", strip.middle, top + STRIP * 0.5 + 3.7, SMALL)
        canvas.end()


def _conv(canvas: Canvas, block: Block, strip: Strip, count: int, top: float) -> None:
    if strip.between:
        canvas.text(f"{strip.between}", strip.middle, top + CONV / 2 - 2.0, SMALL, muted=True)
        canvas.text("more", strip.middle, top + CONV / 2 + 10.0, SMALL, muted=True)
        return
    kernel = f"{block.kernel_size}×{block.kernel_size}"
    width = strip.right - strip.left - (8.0 if strip.right - strip.left > 40.0 else 2.5)
    detail = f"{strip.channels} ch" if count > 1 else f"all {strip.channels} channels"
    color = _color(canvas, strip, count)
    size = next((size for size in (BOLD, SMALL, TINY, 6.0) if text_width(kernel, size, True) < width - 2.0), 5.0)
    lines = [kernel] + ([detail] if text_width(detail, SMALL) < width - 6.0 else [])
    canvas.box(strip.middle, top, min(width, 170.0), CONV, color, *lines, bold=size)


def _color(canvas: Canvas, strip: Strip, count: int) -> tuple[str, str]:
    shown = min(count, 2 * ENDS + 1) if count > MOST else count
    i = strip.number if strip.number <= ENDS or count <= MOST else strip.number - count + shown
    return canvas.segment(i, shown)
