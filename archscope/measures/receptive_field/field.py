"""Where the elements of a tensor lie in the input, and what they see of it.

An axis of a tensor is a number in mixed radix: flattened to tokens it has a digit for the row and one for the column,
cut into windows the row has a digit for the window and one within it. Each digit moves, along each axis of the input,
by so many steps; the sum of the moves is the position that a `Reach` turns into pixels. Views and permutations so only
regroup digits, and nothing is lost until an operation reads all of them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import gcd, prod
from typing import Literal, NamedTuple

from archscope.measures.receptive_field.reach import PositionLost, Reach, Span, Taps, hull
from archscope.model.graph import Shape

Whole = Literal["global", "scattered"]
"""Global: all of the input's axis. Scattered: each element sees a part, but in an order that is not known."""

LARGEST = 512
"""Positions that are tried one by one."""

MOST_DIGITS = 10
"""Digits whose first and last values are tried together."""


class Digit(NamedTuple):
    """One digit of an axis, and the steps that it makes along each axis of the input."""

    size: int
    steps: tuple[int, ...]


Axis = tuple[Digit, ...]


@dataclass(frozen=True, slots=True)
class Term:
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

    def positions(self, way: int) -> range:
        """From the lowest position along an axis of the input to the highest."""
        low = high = 0
        for digit in self.movers(way):
            end = digit.steps[way] * (digit.size - 1)
            low, high = (low + end, high) if end < 0 else (low, high + end)
        return range(low, high + 1)


@dataclass(frozen=True, slots=True)
class Field:
    """A tensor of this shape, the batch included; what an element sees is the hull of all terms. None: a constant."""

    shape: Shape
    terms: tuple[Term, ...]
    pixels: Shape
    """The size of the input along the axes that count."""

    def each(self, change: Callable[[Term], Term], shape: Shape | None = None) -> "Field":
        """The same change made on every way, simplified."""
        terms = tuple([simple(change(term)) for term in self.terms])
        if shape is None:
            shape = terms[0].shape if terms else self.shape
        return Field(shape, terms if len(terms) < 2 else united(terms, self.pixels), self.pixels)

    def windowed(self, change: Callable[[Term], Term], shape: Shape) -> "Field":
        """The same for windows along axes, which leave the way from the input as simple as it was."""
        terms = tuple([change(term) for term in self.terms])
        return Field(shape, terms if len(terms) < 2 else united(terms, self.pixels), self.pixels)

    @property
    def has_position(self) -> bool:
        return any(any(digit.steps) for term in self.terms for digit in term.digits)

    @property
    def is_global(self) -> bool:
        """Does every element see the whole of the input?"""
        return any(all(reach == "global" for reach in term.reaches) for term in self.terms)


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
    return replace(rest, reaches=tuple(reaches))


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
        reach = reach.through(Taps(1, (_ends(digit, way, reach.period),)))
    everything = Reach(0, ((0, pixels - 1),))
    return "global" if reach.holds(everything, rest.positions(way)) else reach


def _ends(digit: Digit, way: int, period: int) -> tuple[int, ...]:
    """Offsets that a digit makes: of a long one the first period and the last are enough for a hull."""
    offsets = [digit.steps[way] * i for i in range(digit.size)]
    return tuple(offsets if len(offsets) <= 2 * period else offsets[:period] + offsets[-period:])


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
            reaches[way] = reach.through(Taps(1, (tuple([by * offset for offset in taps.offsets[0]]),)))
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
    inner = [range(0, digit.steps[way] * digit.size, digit.steps[way]) if digit.steps[way] else [0] * digit.size
             for digit in axis[1:]]  # fmt: skip
    return Taps(axis[0].steps[way], tuple((sum(moves),) for moves in product(*inner)))


# ---- several tensors ---------------------------------------------------------------------------------------------


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


def merged(fields: Sequence[Field], shape: Shape, pixels: Shape) -> Field:
    """What an element of `shape` sees that is made of one of each."""
    terms = [term if field.shape == shape else broadcast(term, shape) for field in fields for term in field.terms]
    return Field(shape, united(terms, pixels), pixels)


def united(terms: Iterable[Term], pixels: Shape) -> tuple[Term, ...]:
    """As few terms as say the same."""
    found: list[Term] = []
    for term in terms:
        for i, other in enumerate(found):
            both = term if term is other else _both(other, term, pixels)
            if both is not None:
                found[i] = both
                break
        else:
            found.append(term)
    if len(found) > 4:
        raise PositionLost
    return tuple(found)


def _both(a: Term, b: Term, pixels: Shape) -> Term | None:
    """One term that sees what two see; None where there is none."""
    if a.axes == b.axes:
        alike = [_way(a, b, way, pixels[way]) for way in range(len(pixels))]
        return Term(a.axes, tuple([found[1] for found in alike if found]))
    try:
        a, b = _alike((a, b))
    except PositionLost:
        return None
    ways = [_way(a, b, way, pixels[way]) for way in range(len(a.reaches))]
    reaches = []
    for way in ways:
        if way is None:
            return None
        reaches.append(way[1])
    sides = [way[0] for way in ways if way]
    steps = [[(a, b)[side].digits[i].steps[way] for way, side in enumerate(sides)] for i in range(len(a.digits))]
    numbers = iter(steps)
    axes = tuple([tuple([Digit(digit.size, tuple(next(numbers))) for digit in axis]) for axis in a.axes])
    return simple(Term(axes, tuple(reaches)))


def _way(a: Term, b: Term, way: int, pixels: int) -> tuple[int, Reach | Whole] | None:
    """Along one axis of the input: whose steps hold for both (0: a, 1: b), and the reach of both."""
    first, second = a.reaches[way], b.reaches[way]
    still = 1 if not a.movers(way) else 0  # where the steps do not matter, those that say where an element lies
    if "global" in (first, second):
        return still, "global"
    if not isinstance(first, Reach) or not isinstance(second, Reach):
        return still, "scattered"
    moves = [[digit.steps[way] if digit.size > 1 else 0 for digit in term.digits] for term in (a, b)]
    if moves[0] == moves[1]:
        return still, first.joined(second) or _apart(first, second, a.positions(way), pixels)
    if _dominates(a, b, way):
        return 0, first
    return (1, second) if _dominates(b, a, way) else None


def _apart(a: Reach, b: Reach, positions: range, pixels: int) -> Literal["global"]:
    """Of grids that drift apart what an element sees depends on its place: all, it may be, where an image is mirrored.
    Raises PositionLost where it is not."""
    if any(_everything(hull((a.at(place), b.at(place))), pixels) for place in (positions[0], positions[-1])):
        return "global"
    raise PositionLost


def _everything(span: Span, pixels: int) -> bool:
    return span is not None and span[0] <= 0 and span[1] >= pixels - 1


def _dominates(outer: Term, inner: Term, way: int) -> bool:
    """Does each element see at least as much by the one way as by the other? Where `outer` stands still, at all."""
    large, small = outer.reaches[way], inner.reaches[way]
    if not isinstance(large, Reach) or not isinstance(small, Reach):
        return False
    moves = []
    for one, other in zip(outer.digits, inner.digits, strict=True):
        if other.steps[way] and other.size > 1 and not one.steps[way]:
            small = small.through(Taps(1, (_ends(other, way, small.period),)))
        elif one.size > 1:
            moves.append((one.steps[way], other.steps[way]))
    by = next((step // own for own, step in moves if own and step % own == 0), 1)
    if not by or any(step != own * by for own, step in moves):
        return False
    positions = outer.positions(way)
    return len(positions) <= LARGEST and large.holds(small.through(Taps(by, ((0,),))), positions)


def _cut_alike(a: Axis, b: Axis) -> tuple[Axis, Axis] | None:
    """Two axes of one size by digits of the same sizes."""
    first, second = list(a), list(b)
    cut: tuple[list[Digit], list[Digit]] = ([], [])
    while first or second:
        if first and first[0].size == 1 and not (second and second[0].size == 1):
            second.insert(0, Digit(1, (0,) * len(first[0].steps)))
        elif second and second[0].size == 1 and not (first and first[0].size == 1):
            first.insert(0, Digit(1, (0,) * len(second[0].steps)))
        size = min(first[0].size, second[0].size)
        for digits, done in zip((first, second), cut, strict=True):
            digit = digits.pop(0)
            if digit.size % size:
                return None
            inner = digit.size // size
            if inner > 1:
                digits.insert(0, Digit(inner, digit.steps))
            done.append(Digit(size, tuple([step * inner for step in digit.steps])))
    return tuple(cut[0]), tuple(cut[1])


def _alike(terms: Sequence[Term]) -> list[Term]:
    """The same terms, all by digits of the same sizes. Raises PositionLost where there are none."""
    first, *rest = terms
    found = [first]
    for term in rest:
        cut = [_cut_alike(*axes) for axes in zip(found[0].axes, term.axes, strict=True)]
        if None in cut:
            raise PositionLost
        found = [Term(tuple([axes[0] for axes in cut if axes]), first.reaches), *found[1:]]
        found.append(Term(tuple([axes[1] for axes in cut if axes]), term.reaches))
    if any([digit.size for digit in term.digits] != [digit.size for digit in found[0].digits] for term in found):
        raise PositionLost
    return found


# ---- what is said ------------------------------------------------------------------------------------------------


def size_along(field: Field, way: int) -> int | Whole:
    """The most pixels that an element sees along one axis of the input."""
    reaches = [term.reaches[way] for term in field.terms]
    known = [reach for reach in reaches if isinstance(reach, Reach)]
    if len(known) < len(reaches):
        return "global" if "global" in reaches else "scattered"
    if len(known) == 1:
        return known[0].widest(field.terms[0].positions(way))
    return _size_at_corners(field, way, known)


def _size_at_corners(field: Field, way: int, reaches: Sequence[Reach]) -> int | Whole:
    """Several terms drift apart along the axes, and most at their ends: exact where each moves evenly."""
    digits = [term.digits for term in _alike(field.terms)]
    sizes = [digit.size for digit in digits[0]]
    if len(sizes) > MOST_DIGITS:
        raise PositionLost
    most = 0
    for corner in product(*({0, size - 1} for size in sizes)):
        at = [sum(i * digit.steps[way] for i, digit in zip(corner, own, strict=True)) for own in digits]
        span = hull(reach.at(position) for reach, position in zip(reaches, at, strict=True))
        if _everything(span, field.pixels[way]):
            return "global"
        most = max(most, span[1] - span[0] + 1 if span else 0)
    if any(reach.period > 1 for reach in reaches):
        raise PositionLost
    return most
