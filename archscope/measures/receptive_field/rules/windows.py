"""Convolutions, poolings, interpolation and padding: what reads a few neighbours along each spatial axis."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from archscope.measures.receptive_field import taps
from archscope.measures.receptive_field.field import Field, Parts, moves
from archscope.measures.receptive_field.reach import PositionLost, Taps
from archscope.measures.receptive_field.rules.common import Call, Rule, read_through, reordered, with_rest
from archscope.measures.receptive_field.rules.parts import taken
from archscope.measures.receptive_field.term import (
    Term,
    contracted,
    plain,
    reshaped,
    simple,
    windowed,
)
from archscope.model.graph import Window
from archscope.model.operations import CATEGORY

STILL = taps.sliding(1, 1, 0, 1)
"""A window of one position, which moves nothing: 1x1 convolutions are half of many networks."""


def read(call: Call, field: Field, each: Sequence[Taps | None]) -> Field:
    """Each of the last axes by its taps; None leaves an axis as it is."""
    shape = call.shape
    first = len(shape) - len(each)
    along = field.parts.along if field.parts else -1
    way = each[along - first] if along >= first else None
    if way and not moves(field, along) and max(map(len, way.offsets)) < field.shape[along]:
        raise PositionLost  # parts that were stacked, of which no window reads all: less is seen than all see
    if field.parts and (along < 0 or way):
        field = field._replace(parts=Parts(along, ()))  # an element may now see more than one of them

    def change(term: Term) -> Term:
        for place, way in enumerate(each, first):
            if way is not None:
                term = windowed(term, place, way, shape[place])
        return term

    return field.windowed(change, shape)


def window(call: Call) -> Field | list[Field]:
    """A convolution mixes channels besides; a pooling keeps them apart."""
    layer, field = call.layer, call.input
    if layer.window is None:
        raise PositionLost
    category = CATEGORY.get(layer.operation)
    each = taps_of(layer.window, category == "transposed convolution")
    channels = call.rank - len(each) - 1
    if channels not in (0, 1):
        raise PositionLost
    if category == "pooling":
        return pool(call, each)
    out = call.shape[channels]
    shape = (*field.shape[:channels], out, *field.shape[channels + 1 :])
    mixed = even(field, layer.groups, channels).windowed(
        lambda term: mix_channels(term, channels, layer.groups, out, field.pixels), shape
    )
    if layer.groups > 1 and field.parts and field.parts.along == channels:
        mixed = mixed._replace(parts=parts_of_groups(field.parts, layer.groups, out, channels))
    return with_rest(call, read(call, mixed, each) if field.terms else Field(call.shape, (), call.pixels), field)


@cache
def taps_of(window: Window, transposed: bool) -> tuple[Taps | None, ...]:
    """Along each axis; None where it moves nothing."""
    slide = taps.transposed if transposed else taps.sliding
    sides = zip(window.kernel_size, window.stride, window.padding, window.dilation, strict=True)
    return tuple([way if (way := slide(*side)) != STILL else None for side in sides])


def even(field: Field, groups: int, place: int) -> Field:
    """As a convolution over channels reads it, by all of them."""
    if field.parts is None or field.parts.along != place:
        return field
    return field._replace(parts=None if groups == 1 else Parts(place, ()))


def parts_of_groups(parts: Parts, groups: int, out: int, place: int) -> Parts:
    """A depthwise convolution keeps the parts of a concatenation apart, and so does one whose groups end with them."""
    if not parts.fields:
        return parts if groups == out else Parts(place, ())
    size = sum(parts.sizes) // groups
    if any(part.shape[place] % size for part in parts.fields):
        return Parts(place, ())

    def channels(part: Field) -> Field:
        own = part.shape[place] // size
        after = own * out // groups
        shape = (*part.shape[:place], after, *part.shape[place + 1 :])
        return even(part, own, place).windowed(lambda term: mix_channels(term, place, own, after, part.pixels), shape)

    return Parts(place, tuple([channels(part) for part in parts.fields]))


def pool(call: Call, each: Sequence[Taps | None]) -> list[Field]:
    """A pooling; one window that takes all of an axis is global, as written by its size or not."""
    field, first = call.input, call.rank - len(each)
    kernel = call.layer.window.kernel_size if call.layer.window else ()
    sizes = list(zip(field.shape[first:], call.shape[first:], kernel, strict=True))
    whole = [first + i for i, (before, after, size) in enumerate(sizes) if after == 1 < before <= size]
    pooled = read_through(field, whole) if whole else field
    return [read(call, pooled, [None if first + i in whole else way for i, way in enumerate(each)])] * len(call.shapes)


def unpool(call: Call) -> Field:
    """Each value goes to one place of its window, which only a run knows: any may see it."""
    window = call.layer.window
    settings = call.settings
    sides = [settings.get(name) for name in ("kernel_size", "stride", "padding")] if window is None else [
        window.kernel_size, window.stride, window.padding]  # fmt: skip
    count = int(call.layer.operation[-2])
    kernel, stride, padding = (side if isinstance(side, list | tuple) else [side] * count for side in sides)
    each = [taps.transposed(k, s, p, 1) for k, s, p in zip(kernel, stride or kernel, padding, strict=True)]
    return read(call, call.input, each)


def mix_channels(term: Term, place: int, groups: int, out: int, pixels: Sequence[int]) -> Term:
    """Every channel sees what all of its group saw."""
    axis, ways = term.axes[place], len(term.reaches)
    after = plain(out, ways)
    if axis == after:
        return term
    if any(any(digit.steps) for digit in axis):
        channels = term.shape[place]
        grouped = Term((axis,), term.reaches)
        outer, inner = reshaped(grouped, (groups, channels // groups)).axes
        term = Term((*term.axes[:place], outer, inner, *term.axes[place + 1 :]), term.reaches)
        term = contracted(term, [place + 1], tuple(pixels))
        after = (*outer, *plain(out // groups, ways))
        return simple(Term((*term.axes[:place], after, *term.axes[place + 2 :]), term.reaches))
    return Term((*term.axes[:place], after, *term.axes[place + 1 :]), term.reaches)


def adaptive_pool(call: Call) -> list[Field]:
    """Windows of the input's size over the output's; of one position they are the whole axis."""
    field, name = call.input, call.layer.operation
    count = int(name[name.index("pool") + 4])
    sizes = list(zip(field.shape[-count:], call.shape[-count:], strict=True))
    first = len(field.shape) - count
    whole = [first + place for place, (_, after) in enumerate(sizes) if after == 1]
    pooled = read_through(field, whole) if whole else field
    each = [None if after in (1, before) else taps.adaptive(before, after) for before, after in sizes]
    return [read(call, pooled, each)] * len(call.shapes)


def interpolate(call: Call) -> Field:
    field, settings = call.input, dict(call.settings)
    count = call.rank - 2
    scales = settings.get("scale_factor")
    each = scales if isinstance(scales, list) else [scales] * count
    given: list[dict[str, Any]] = [{**settings, "scale": scale} for scale in each]
    sizes = zip(field.shape[2:], call.shape[2:], given, strict=True)
    return read(call, field, [taps.interpolated(*size) for size in sizes])


def pad(call: Call) -> Field:
    """Zeros or copies around: beyond the border the field goes on as within."""
    pads = call.settings["pad"]
    lefts = [taps.shift(-left) if left or right else None for left, right in zip(pads[::2], pads[1::2], strict=True)]
    return read(call, call.input, lefts[::-1])  # torch lists the last axis first


def roll(call: Call) -> Field:
    settings = call.settings
    axes = call.axes(settings.get("dims"))
    shifts = settings["shifts"] if isinstance(settings["shifts"], list) else [settings["shifts"]]
    each: list[Taps | None] = [None] * call.rank
    for axis, by in zip(axes, shifts, strict=True):
        seam = by % call.shape[axis] / call.shape[axis]
        if 1 / 4 < seam < 3 / 4 and moves(call.input, axis):  # not at a border: what lies on both sides is far apart
            raise PositionLost
        each[axis] = taps.shift(-by)
    return read(call, call.input, each)


def flip(call: Call) -> Field:
    field = call.input
    for axis in call.axes(call.settings.get("dims", {"fliplr": 1, "flipud": 0}.get(call.layer.operation))):
        field = taken(field, axis, range(field.shape[axis])[::-1])
    return field


def diff(call: Call) -> Field:
    """The difference of neighbours, n times over."""
    each: list[Taps | None] = [None] * call.rank
    each[call.axis(call.settings["dim"])] = Taps(1, (range(call.settings["n"] + 1),))
    if len(call.seeing) > 1:  # what is set before or behind
        raise PositionLost
    return read(call, call.input, each)


def rot90(call: Call) -> Field:
    """Quarter turns from the first of two axes towards the second."""
    turns, (first, second) = call.settings["k"] % 4, call.axes(call.settings["dims"])
    field, order = call.input, list(range(call.rank))
    if turns % 2:
        order[first], order[second] = second, first
    turned = reordered(field, order)
    each: list[Taps | None] = [None] * call.rank
    for axis in {0: [], 1: [first], 2: [first, second], 3: [second]}[turns]:
        each[axis] = Taps(-1, ((call.shape[axis] - 1,),))
    return read(call, turned, each)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("pad", "constant_pad_nd"), pad),
    **dict.fromkeys(("interpolate", "upsample", "upsample_nearest", "upsample_bilinear"), interpolate),
    **dict.fromkeys(("flip", "fliplr", "flipud"), flip),
    "roll": roll,
    "rot90": rot90,
    "diff": diff,
    **dict.fromkeys(("max_unpool1d", "max_unpool2d", "max_unpool3d"), unpool),
}
OF_CATEGORY: dict[str, Rule] = {
    **dict.fromkeys(("convolution", "transposed convolution", "pooling"), window),
    "global pooling": adaptive_pool,
}
