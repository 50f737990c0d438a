"""Concatenations, stacks, and what is written into a part of a tensor: the elements of several."""

from collections.abc import Sequence
from fractions import Fraction

from archscope.measures.receptive_field import taps
from archscope.measures.receptive_field.field import LOST, Field, Parts, merged, moves, width_along
from archscope.measures.receptive_field.reach import PositionLost, Reach, Scattered
from archscope.measures.receptive_field.rules.common import Call, Rule, places_of, spelled_out, with_new_axis
from archscope.measures.receptive_field.term import Digit, Term, broadcast, contracted, kept, resized, simple, windowed
from archscope.model.graph import Shape

STACKED = {"vstack": 0, "hstack": 1, "dstack": 2}
"""Along which axis tensors of more axes than one are stacked."""


def cat(call: Call) -> Field:
    place = call.axis(call.settings.get("dim", STACKED.get(call.layer.operation)))
    shape = call.shape
    apart = [one for one in call.seeing if moves(one, place)]
    if not apart:
        return side_by_side(call.fields, place, shape)
    if all(_has_place_elsewhere(one, place) for one in apart):  # channels that see different pixels
        flat = [one.each(lambda term: contracted(term, [place], call.pixels), one.shape) for one in call.fields]
        return side_by_side(flat, place, shape)
    return _in_a_row(call.fields, place, shape)


def side_by_side(fields: Sequence[Field], place: int, shape: Shape) -> Field:
    """Along an axis that does not move: whoever reads all of it sees what all see, and a slice what its parts see."""
    seeing = [one for one in fields if one.terms]
    if not seeing:
        return Field(shape, (), ())
    if together := _evenly(fields, place, shape):
        return together
    wide = [one.each(lambda term: resized(term, place, shape[place]), shape, None) for one in seeing]
    pixels = seeing[0].pixels
    terms = merged(wide, shape, pixels).terms
    if len(seeing) == len(fields) and all(one.terms == terms for one in wide) and not any(one.parts for one in seeing):
        return Field(shape, terms, pixels)
    apart: list[Field] = []
    for one in fields:
        own = one.parts if one.parts and one.parts.along == place else None
        apart += own.fields if own and own.fields else [one]
    return Field(shape, terms, pixels, Parts(place, tuple(apart)))


def _evenly(fields: Sequence[Field], place: int, shape: Shape) -> Field | None:
    """Tensors of which each sees what the one before sees, moved by the same number of pixels: exact, so that they may
    be woven into one."""
    if len(fields) < 2 or any(len(one.terms) != 1 or one.parts or one.shape[place] > 1 for one in fields):
        return None
    first, *rest = [one.terms[0] for one in fields]
    if any(term.axes != first.axes for term in rest):
        return None
    axes, reaches, moves_by = list(first.axes), list(first.reaches), [0] * len(first.reaches)
    for way, reach in enumerate(reaches):
        if all(term.reaches[way] == reach for term in rest):
            continue
        spans = [each.spans[0] for term in (first, *rest) if isinstance(each := term.reaches[way], Reach)]
        steps = {(each.step, each.period, each.width) for term in (first, *rest)
                 if isinstance(each := term.reaches[way], Reach)}  # fmt: skip
        starts = [span[0] for span in spans if span]
        if len(starts) < len(fields) or len(steps) > 1 or not isinstance(reach, Reach) or reach.period > 1:
            return None
        by = starts[1] - starts[0]
        if starts != [starts[0] + i * by for i in range(len(starts))]:
            return None
        axes = [tuple([_longer_step(digit, way, reach.step) for digit in axis]) for axis in axes]
        reaches[way], moves_by[way] = Reach(1, reach.spans), by
    if not any(moves_by):
        return None
    axes[place] = (Digit(len(fields), tuple(moves_by)),)
    return Field(shape, (simple(Term(tuple(axes), tuple(reaches))),), fields[0].pixels)


def _longer_step(digit: Digit, way: int, by: int) -> Digit:
    return Digit(digit.size, tuple([step * by if i == way else step for i, step in enumerate(digit.steps)]))


def _has_place_elsewhere(field: Field, place: int) -> bool:
    """Does another axis move along each axis of the input that this one moves along?"""
    return all(
        any(digit.steps[way] for i, axis in enumerate(term.axes) if i != place for digit in axis)
        for term in field.terms
        for way in range(len(term.reaches))
        if any(digit.steps[way] for digit in term.axes[place])
    )


def _in_a_row(inputs: Sequence[Field], place: int, shape: Shape) -> Field:
    """Pieces of an image or of tokens: exact where each goes on from the one before, constants being a border, and else
    scattered."""
    if any(len(one.terms) != 1 or one.parts for one in inputs if one.terms):
        raise PositionLost
    seeing = [one for one in inputs if one.terms]
    starts = [sum([one.shape[place] for one in inputs[:i]]) for i, one in enumerate(inputs) if one.terms]
    first = seeing[0].terms[0]
    if len(first.axes[place]) == 1:
        longer = windowed(_longer(first, place, shape[place]), place, taps.shift(-starts[0]), shape[place])
        parts = [
            windowed(longer, place, taps.shift(at), one.shape[place]) for one, at in zip(seeing, starts, strict=True)
        ]
        if [simple(part) for part in parts] == [simple(one.terms[0]) for one in seeing]:
            return Field(shape, (simple(longer),), seeing[0].pixels)
    terms = [scattered(one.terms[0], place, shape[place], one.pixels) for one in seeing]
    pixels = seeing[0].pixels  # constants have none
    return merged([Field(shape, (term,), pixels) for term in _of_one_order(terms)], shape, pixels)


def _of_one_order(terms: Sequence[Term]) -> list[Term]:
    """Pieces in turn along an axis: an element sees what one of them saw, and so at most what the widest did."""
    reaches = [list(term.reaches) for term in terms]
    for way, along in enumerate(zip(*reaches, strict=True)):
        apart = [reach for reach in along if isinstance(reach, Scattered)]
        widths = [reach.width for reach in apart]
        widest = None if None in widths else max(filter(None, widths), default=None)
        every = Scattered(widest, min([reach.spacing for reach in apart], default=Fraction(0)))
        for own in reaches:
            own[way] = every if isinstance(own[way], Scattered) else own[way]
    return [Term(term.axes, tuple(own)) for term, own in zip(terms, reaches, strict=True)]


def _longer(term: Term, place: int, size: int) -> Term:
    return Term((*term.axes[:place], (Digit(size, term.axes[place][0].steps),), *term.axes[place + 1 :]), term.reaches)


def scattered(term: Term, place: int, size: int, pixels: Shape) -> Term:
    """The order along an axis is known no more."""
    moving = [any(digit.steps[way] for digit in term.axes[place]) for way in range(len(term.reaches))]
    axes = (*term.axes[:place], (Digit(size, tuple(map(int, moving))),), *term.axes[place + 1 :])
    reaches = [
        Scattered(width_along(term, way, pixels[way]), min(term.spacing(way)))
        if moving[way] and isinstance(reach, Reach)
        else reach
        for way, reach in enumerate(term.reaches)
    ]
    return Term(axes, tuple(reaches))


def stack(call: Call) -> Field:
    place = call.axis(call.settings["dim"], call.rank + 1)
    return side_by_side([with_new_axis(one, place) for one in call.fields], place, call.shape)


def setitem(call: Call) -> Field:
    """Written into a part of a tensor: there an element sees what is written, or what was there."""
    target, value, index = call.input, call.named.get("value"), call.settings.get("index")
    if value is None or not value.terms:
        return target
    items = spelled_out(index if isinstance(index, list) else [index], call.rank)
    if None in items or any(isinstance(item, int) for item in items) or len(value.shape) != len(items):
        raise PositionLost

    cuts = [places_of(item, size) for item, size in zip(items, call.shape, strict=True)]
    partly = [place for place, cut in enumerate(cuts) if len(cut) < call.shape[place]]
    if any(cut.step != 1 for cut in cuts):
        raise PositionLost

    def change(term: Term) -> Term:
        for place in partly:
            term = kept(term, place, taps.shift(-cuts[place].start), call.shape[place])
        return broadcast(term, call.shape)

    written = value.each(change, call.shape)
    if not partly:
        return written
    if not target.terms:
        return written if all(moves(written, place) for place in partly) else written._replace(parts=LOST)
    both = merged([written, target], call.shape, call.pixels)
    if all(moves(both, place) for place in partly) and both.terms not in (written.terms, target.terms):
        raise PositionLost  # what was there is seen in some places, and what is written in others
    return both if both.terms == written.terms == target.terms else both._replace(parts=LOST)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("cat", "concat", "concatenate", "hstack", "vstack", "dstack"), cat),
    "stack": stack,
    "setitem": setitem,
}
