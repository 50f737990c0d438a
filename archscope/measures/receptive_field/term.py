"""Where the elements of a tensor lie in the input: one way from the input to it.

An axis of a tensor is a number in mixed radix: flattened to tokens it has a digit for the row and one for the column,
cut into windows the row has a digit for the window and one within it. Each digit moves, along each axis of the input,
by so many steps; the sum of the moves is the position that a `Reach` turns into pixels. Views and permutations so only
regroup digits, and nothing is lost until an operation reads all of them.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from math import gcd, prod
from typing import Literal, NamedTuple

from archscope.measures.receptive_field.reach import PositionLost, Reach, Scattered, Taps, ends, phases
from archscope.model.graph import Shape

Whole = Literal["global"] | Scattered
"""Global: all of the input's axis."""


class Digit(NamedTuple):
    """One digit of an axis, and the steps that it makes along each axis of the input."""

    size: int
    steps: tuple[int, ...]


Axis = tuple[Digit, ...]


class Term(NamedTuple):
    """One way from the input to a tensor: the digits of each axis, and a reach along each axis of the input."""

    axes: tuple[Axis, ...]
    reaches: tuple[Reach | Whole, ...]

    @property
    def shape(self) -> Shape:
        return tuple([prod([digit.size for digit in axis]) for axis in self.axes])

    @property
    def digits(self) -> list[Digit]:
        return [digit for axis in self.axes for digit in axis]

    def movers(self, way: int) -> list[Digit]:
        """The digits that move along one axis of the input."""
        return [digit for axis in self.axes for digit in axis if digit.steps[way]]

    def spacing(self, way: int) -> list[Fraction]:
        """Pixels between the neighbours along each digit that moves along one axis of the input."""
        reach = self.reaches[way]
        if isinstance(reach, Scattered):
            return [reach.spacing]
        steps = [abs(digit.steps[way]) for digit in self.movers(way)] if reach != "global" else []
        if isinstance(reach, Reach) and any([isinstance(own, Reach) and own.wraps for own in self.reaches]):
            usual = [abs(reach.usual_move(step)) for step in steps]  # rows in a row: the end of one is beside the next
            return [Fraction(move) for move in usual if move]
        return [Fraction(step * reach.step, reach.period) for step in steps if isinstance(reach, Reach)]

    def positions(self, way: int) -> range:
        """From the lowest position along an axis of the input to the highest."""
        low = high = 0
        for digit in self.movers(way):
            end = digit.steps[way] * (digit.size - 1)
            low, high = (low + end, high) if end < 0 else (low, high + end)
        return range(low, high + 1)


@cache
def plain(size: int, ways: int) -> Axis:
    """An axis that does not move in the input."""
    return (Digit(size, (0,) * ways),) if size > 1 else ()


# ---- one tensor --------------------------------------------------------------------------------------------------


def simple(term: Term) -> Term:
    """Digits that stand for nothing go, neighbours that count on are one, and steps get as short as they can."""
    axes = tuple([axis if len(axis) == 1 and axis[0].size > 1 else _joined(axis) for axis in term.axes])
    reaches = list(term.reaches)
    for way, reach in enumerate(reaches):
        moves = [digit.steps[way] for axis in axes for digit in axis if digit.steps[way]]
        common = gcd(*moves)
        if moves and all(move < 0 for move in moves):
            common = -common
        if common in (0, 1):
            continue
        axes = tuple([tuple([_shorter(digit, way, common) for digit in axis]) for axis in axes])
        if isinstance(reach, Reach):
            reaches[way] = reach.through(Taps(common, ((0,),)))
    return Term(axes, tuple(reaches))


def _joined(axis: Axis) -> Axis:
    found: list[Digit] = []
    for digit in axis:
        if digit.size == 1 and not any(digit.steps):
            continue
        if found and all(a == b * digit.size for a, b in zip(found[-1].steps, digit.steps, strict=True)):
            found.append(Digit(found.pop().size * digit.size, digit.steps))
        else:
            found.append(digit)
    return tuple(found)


def _shorter(digit: Digit, way: int, by: int) -> Digit:
    return Digit(digit.size, tuple([step // by if i == way else step for i, step in enumerate(digit.steps)]))


def reshaped(term: Term, shape: Shape) -> Term:
    """The elements in the same order, with other axes. Raises PositionLost where an axis would be cut across."""
    digits = term.digits[::-1]  # the next one last
    axes = [_taken(digits, size) for size in shape]
    if digits and axes:  # of size 1: their places are free
        axes[-1] += tuple(digits[::-1])
    return Term(tuple(axes), term.reaches)


def _taken(digits: list[Digit], size: int) -> Axis:
    """The next digits, as many as make an axis of this size; the last of them may have to be cut."""
    if size == 1:
        return (digits.pop(),) if digits and digits[-1].size == 1 else ()
    axis: list[Digit] = []
    while size > 1:
        if not digits:
            raise PositionLost
        digit = digits.pop()
        if size % digit.size:
            if digit.size % size:
                raise PositionLost
            inner = digit.size // size
            digits.append(Digit(inner, digit.steps))
            digit = Digit(size, tuple([step * inner for step in digit.steps]))
        axis.append(digit)
        size //= digit.size
    return tuple(axis)


def contracted(term: Term, axes: Iterable[int], pixels: Shape) -> Term:
    """Every element now sees what all along these axes saw; they stay with size 1."""
    axes = set(axes)
    read = [digit for place in axes for digit in term.axes[place]]
    left = [() if place in axes else axis for place, axis in enumerate(term.axes)]
    rest = Term(tuple(left), term.reaches)
    reaches = [_over(term, rest, way, read, pixels[way]) for way in range(len(pixels))]
    return Term(rest.axes, tuple(reaches))


def mixed(term: Term, axes: Iterable[int], pixels: Shape) -> Term:
    """The same, with every element in its place: a softmax, a normalisation."""
    axes = set(axes)
    reaches = contracted(term, axes, pixels).reaches
    still = [reach != "global" for reach in reaches]  # they move no more: what they see is the same along the axes
    kept = [
        tuple(
            Digit(digit.size, tuple([0 if stop else step for step, stop in zip(digit.steps, still, strict=True)]))
            for digit in axis
        )
        if place in axes
        else axis
        for place, axis in enumerate(term.axes)
    ]
    return Term(tuple(kept), reaches)


def _over(term: Term, rest: Term, way: int, read: Sequence[Digit], pixels: int) -> Reach | Whole:
    """The reach along one axis of the input once these digits are read through."""
    reach, moving = term.reaches[way], [digit for digit in read if digit.steps[way]]
    if not moving or reach == "global":
        return reach
    if not rest.movers(way):
        return "global"
    if not isinstance(reach, Reach):
        raise PositionLost
    for digit in moving:
        reach = reach.through(Taps(1, (made_by(digit, way),)))
    everything = Reach(0, ((0, pixels - 1),))
    return "global" if reach.holds(everything, rest.positions(way)) else reach


def made_by(digit: Digit, way: int) -> range:
    """Offsets that a digit makes which moves."""
    step = digit.steps[way]
    return range(0, step * digit.size, step)


def windowed(term: Term, place: int, taps: Taps, size: int) -> Term:
    """An operation along one axis, of which each of `size` positions reads some of those before."""
    axis, ways = term.axes[place], len(term.reaches)
    reaches, steps = list(term.reaches), [0] * ways
    for way in range(ways):
        reach, moving = reaches[way], [digit for digit in axis if digit.steps[way]]
        if not moving:
            continue
        steps[way] = 1
        if reach == "global":
            continue
        if not isinstance(reach, Reach):
            raise PositionLost
        if len(moving) == len(term.movers(way)):
            reaches[way] = reach.through(_moves(axis, way)).through(taps)
        elif len(axis) == 1 == len(taps.offsets):  # another axis moves as well: only a plain window keeps them apart
            by = axis[0].steps[way]
            reaches[way] = reach.through(Taps(1, ([by * offset for offset in ends(taps.offsets[0], reach.period)],)))
            steps[way] = by * taps.step
        else:
            raise PositionLost
    axes = (*term.axes[:place], (Digit(size, tuple(steps)),), *term.axes[place + 1 :])
    found = Term(axes, tuple(reaches))
    return found if len(axis) == 1 == max(map(abs, steps)) else simple(found)


def _moves(axis: Axis, way: int) -> Taps:
    """The position along the input by the index on an axis of several digits."""
    if len(axis) == 1:
        return Taps(axis[0].steps[way], ((0,),))
    phases(prod([digit.size for digit in axis[1:]]))
    inner = [made_by(digit, way) if digit.steps[way] else [0] * digit.size for digit in axis[1:]]
    return Taps(axis[0].steps[way], tuple((sum(moves),) for moves in product(*inner)))


def kept(term: Term, place: int, way: Taps, size: int) -> Term:
    """Some places of an axis."""
    if any(digit.size > 1 and any(digit.steps) for digit in term.axes[place]):
        return windowed(term, place, way, size)
    return resized(term, place, size)


def resized(term: Term, place: int, size: int) -> Term:
    """Another number of elements along an axis that does not move in the input."""
    axis = plain(size, len(term.reaches)) + tuple([digit for digit in term.axes[place] if digit.size == 1])
    return Term((*term.axes[:place], axis, *term.axes[place + 1 :]), term.reaches)


def broadcast(term: Term, shape: Shape) -> Term:
    """The same elements with further axes in front, and repeated along those of size 1."""
    ways = len(term.reaches)
    missing = len(shape) - len(term.axes)
    if missing < 0:
        raise PositionLost
    axes = [plain(size, ways) for size in shape[:missing]]
    for axis, size in zip(term.axes, shape[missing:], strict=True):
        before = prod([digit.size for digit in axis])
        if before not in (1, size):
            raise PositionLost
        axes.append(axis if before == size else plain(size, ways))
    return Term(tuple(axes), term.reaches)
