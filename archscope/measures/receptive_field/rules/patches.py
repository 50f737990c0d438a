"""Windows as elements of their own: cut out of an image, or of any axis, and summed where they overlap."""

from typing import Any

from archscope.measures.receptive_field import taps
from archscope.measures.receptive_field.field import Field
from archscope.measures.receptive_field.reach import PositionLost, Reach, Taps, phases
from archscope.measures.receptive_field.rules.common import Call, Rule
from archscope.measures.receptive_field.term import Axis, Digit, Term, reshaped, windowed


def unfold(call: Call) -> Field:
    """Of an image the patches as channels x places; of any axis its windows along a last axis (`Tensor.unfold`)."""
    field, settings = call.input, call.settings
    if "dimension" in settings:
        place = call.axis(settings["dimension"])
        size, step = settings["size"], settings["step"]
        count = (field.shape[place] - size) // step + 1

        def cut(term: Term) -> Term:
            outer, inner = _places(term.axes[place], count, step), _places(term.axes[place], size, 1)
            return Term((*term.axes[:place], outer, *term.axes[place + 1 :], inner), term.reaches)

        return field.each(cut)
    each = [_pairs(settings.get(name, default)) for name, default in PATCHES]
    sizes = [
        (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        for n, kernel, dilation, padding, stride in zip(field.shape[-2:], *each, strict=True)
    ]

    def patch(term: Term) -> Term:
        outer, inner = [], []
        for place, kernel, dilation, padding, stride, size in zip((-2, -1), *each, sizes, strict=True):
            term = windowed(term, len(term.axes) + place, taps.shift(-padding), field.shape[place])
            outer.append(_places(term.axes[place], size, stride))
            inner.append(_places(term.axes[place], kernel, dilation))
        return Term((*term.axes[:-3], term.axes[-3] + inner[0] + inner[1], outer[0] + outer[1]), term.reaches)

    return field.each(patch)


PATCHES = (("kernel_size", 1), ("dilation", 1), ("padding", 0), ("stride", 1))


def _pairs(value: Any) -> list[int]:
    return list(value) * (2 // len(value)) if isinstance(value, list | tuple) else [value, value]


def _places(axis: Axis, size: int, step: int) -> Axis:
    if len(axis) != 1:
        raise PositionLost
    return (Digit(size, tuple([move * step for move in axis[0].steps])),)


def fold(call: Call) -> Field:
    """Patches summed where they overlap: the way back from `unfold`."""
    field, settings = call.input, call.settings
    kernel, dilation, padding, stride = (_pairs(settings.get(name, default)) for name, default in PATCHES)
    height, width = call.shape[-2:]
    places = [
        (n + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i, n in enumerate((height, width))
    ]
    batch, channels = field.shape[:-2], call.shape[-3]

    def lay(term: Term) -> Term:
        apart = reshaped(term, (*batch, channels, *kernel, *places))
        *before, rows, columns, down, across = apart.axes
        for i, (inner, outer) in enumerate(((rows, down), (columns, across))):
            sides = kernel[i], stride[i], padding[i], dilation[i]
            apart, axis = _laid(apart, inner, outer, sides, (height, width)[i])
            before.append(axis)
        return Term(tuple(before), apart.reaches)

    return field.each(lay)


def _laid(term: Term, inner: Axis, outer: Axis, sides: tuple[int, int, int, int], size: int) -> tuple[Term, Axis]:
    """The reach and the axis of sums over patches, from the digits within a patch and between them."""
    kernel, stride, padding, dilation = sides
    reaches, steps = list(term.reaches), [0] * len(term.reaches)
    for way, reach in enumerate(reaches):
        moving = term.movers(way)
        own = [digit for digit in (*inner, *outer) if digit.steps[way]]
        if not own:
            continue
        if not isinstance(reach, Reach) or len(inner) > 1 or len(outer) > 1 or len(own) < len(moving):
            raise PositionLost
        by, within = (axis[0].steps[way] if axis else 0 for axis in (outer, inner))
        offsets = tuple(
            tuple(
                by * ((phase + padding - dilation * tap) // stride) + within * tap
                for tap in phases(kernel)
                if (phase + padding - dilation * tap) % stride == 0
            )
            for phase in phases(stride)
        )
        reaches[way], steps[way] = reach.through(Taps(by, offsets)), 1
    return Term(term.axes, tuple(reaches)), (Digit(size, tuple(steps)),)


RULES: dict[str, Rule] = {"unfold": unfold, "fold": fold}
