"""As few ways from the input as say what an element sees that is made of several tensors."""

from collections.abc import Iterable, Sequence
from typing import Literal

from archscope.measures.receptive_field.reach import PositionLost, Reach, Scattered, Span, Taps, hull
from archscope.measures.receptive_field.term import Axis, Digit, Term, Whole, made_by, simple
from archscope.model.graph import Shape

LARGEST = 512
"""Positions that are tried one by one."""


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
        return Term(a.axes, tuple([_in_step(a, b, way, pixels[way]) for way in range(len(pixels))]))
    try:
        a, b = alike((a, b))
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
    if not isinstance(first, Reach) or not isinstance(second, Reach):
        return still, _in_step(a, b, way, pixels)
    moves = [[digit.steps[way] if digit.size > 1 else 0 for digit in term.digits] for term in (a, b)]
    if moves[0] == moves[1]:
        return still, _in_step(a, b, way, pixels)
    if _dominates(a, b, way):
        return 0, first
    return (1, second) if _dominates(b, a, way) else None


def _in_step(a: Term, b: Term, way: int, pixels: int) -> Reach | Whole:
    """What both see along one axis of the input, where they move alike."""
    first, second = a.reaches[way], b.reaches[way]
    if "global" in (first, second):
        return "global"
    if not isinstance(first, Reach) or not isinstance(second, Reach):
        return first if first is second else Scattered()  # of one order, or each of its own
    return first.joined(second) or _apart(first, second, a.positions(way), pixels)


def _apart(a: Reach, b: Reach, positions: range, pixels: int) -> Literal["global"]:
    """Of grids that drift apart what an element sees depends on its place: all, it may be, where an image is mirrored.
    Raises PositionLost where it is not."""
    if any(everything(hull((a.at(place), b.at(place))), pixels) for place in (positions[0], positions[-1])):
        return "global"
    raise PositionLost


def everything(span: Span, pixels: int) -> bool:
    return span is not None and span[0] <= 0 and span[1] >= pixels - 1


def _dominates(outer: Term, inner: Term, way: int) -> bool:
    """Does each element see at least as much by the one way as by the other? Where `outer` stands still, at all."""
    large, small = outer.reaches[way], inner.reaches[way]
    if not isinstance(large, Reach) or not isinstance(small, Reach):
        return False
    moves = []
    for one, other in zip(outer.digits, inner.digits, strict=True):
        if other.steps[way] and other.size > 1 and not one.steps[way]:
            small = small.through(Taps(1, (made_by(other, way),)))
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


def alike(terms: Sequence[Term]) -> list[Term]:
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
