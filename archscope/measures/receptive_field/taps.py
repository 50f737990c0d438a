"""Which positions each operation reads along one axis. The sources are torch's documentation of each operation."""

from fractions import Fraction
from functools import cache
from math import ceil, floor, gcd
from typing import Any

from archscope.measures.receptive_field.reach import LONGEST_PERIOD, PositionLost, Taps, phases

SUPPORT = {"linear": 1, "bilinear": 1, "trilinear": 1, "bicubic": 2}
"""How far, in source positions, an interpolation's kernel is not zero."""


def shift(by: int) -> Taps:
    """Position `i` reads `i + by`."""
    return Taps(1, ((by,),))


@cache
def sliding(kernel_size: int, stride: int, padding: int, dilation: int) -> Taps:
    """A convolution or pooling."""
    return Taps(stride, (range(-padding, dilation * (kernel_size - 1) - padding + 1, dilation),))


@cache
def transposed(kernel_size: int, stride: int, padding: int, dilation: int) -> Taps:
    """A transposed convolution: input `j` writes to `j * stride - padding + dilation * tap`."""
    every = stride // gcd(stride, dilation)  # of the taps one in so many writes to a position
    first = {(dilation * tap - padding) % stride: tap for tap in phases(every)}

    def read(phase: int) -> range:
        if phase not in first:
            return range(0)
        start = (phase + padding - dilation * first[phase]) // stride
        by, count = -(dilation * every // stride), len(range(first[phase], kernel_size, every))
        return range(start, start + by * count, by)

    return Taps(1, tuple([read(phase) for phase in phases(stride)]))


def adaptive(before: int, after: int) -> Taps:
    """Adaptive pooling: as many windows as positions are wanted, overlapping where they do not divide."""
    common = gcd(before, after)
    windows = [
        range(position * before // after, -(-(position + 1) * before // after)) for position in phases(after // common)
    ]
    return Taps(before // common, tuple(windows))


def repeated(times: int) -> Taps:
    """Each position `times` times in a row."""
    return Taps(1, ((0,),) * len(phases(times)))


def interpolated(before: int, after: int, settings: dict[str, Any]) -> Taps:
    """torch's interpolation from `before` to `after` positions."""
    mode = str(settings.get("mode", "nearest"))
    if mode == "area":
        return adaptive(before, after)
    corners = bool(settings.get("align_corners")) and mode in SUPPORT
    scale = Fraction(before - 1, max(after - 1, 1)) if corners else Fraction(before, after)
    if not corners and settings.get("scale") and not settings.get("recompute_scale_factor"):
        scale = 1 / Fraction(str(settings["scale"]))
    if scale == 0:  # one position in, or one out
        return Taps(0, ((0,),))
    if scale.denominator > 4 * after:
        raise PositionLost
    positions = phases(scale.denominator)
    if mode == "nearest":
        return Taps(scale.numerator, tuple((floor(i * scale),) for i in positions))
    if mode == "nearest-exact":
        return Taps(scale.numerator, tuple((floor((i + Fraction(1, 2)) * scale),) for i in positions))
    if mode not in SUPPORT:
        raise PositionLost
    half = Fraction(0) if corners else Fraction(1, 2)
    stretch = max(scale, Fraction(1)) if settings.get("antialias") else Fraction(1)
    if stretch > LONGEST_PERIOD:
        raise PositionLost
    return Taps(scale.numerator, tuple(_around((i + half) * scale - half, SUPPORT[mode], stretch) for i in positions))


def _around(source: Fraction, support: int, stretch: Fraction) -> tuple[int, ...]:
    """The positions to which the kernel around `source` gives a weight: it is zero at whole distances but its own."""
    near = range(ceil(source - support * stretch), floor(source + support * stretch) + 1)
    distances = {position: (position - source) / stretch for position in near}
    return tuple(i for i, distance in distances.items() if distance == 0 or distance.denominator != 1)
