"""Slices, splits, choices and concatenations: some elements of a tensor, or those of several.

Where the parts of a concatenation see different pixels a slice of it sees what its parts do.
"""

from collections.abc import Sequence
from typing import Any

from archscope.measures.receptive_field import taps
from archscope.measures.receptive_field.field import Field, Parts, merged
from archscope.measures.receptive_field.reach import PositionLost, Reach, Taps
from archscope.measures.receptive_field.rules.common import Call, Rule, moves
from archscope.measures.receptive_field.term import Digit, Term, broadcast, contracted, resized, simple, windowed
from archscope.model.graph import Shape


def getitem(call: Call) -> Field:
    """By numbers, slices, new axes, the three dots, and one list of places."""
    field, index = call.input, call.settings.get("index")
    items = index if isinstance(index, list) else [index]
    if any(item == "tensor" or isinstance(item, list) for item in items):
        return by_list(call, items)
    items = _spelled_out(items, call.rank)
    places = iter(range(call.rank))
    cuts = [(None, None) if item is None else (next(places), item) for item in items]
    for place, item in cuts:
        if place is not None:
            field = taken(field, place, _places(item, field.shape[place]))
    kept = [place for place, item in cuts if not isinstance(item, int)]
    return without_axes(field, kept)


def by_list(call: Call, items: list[Any]) -> Field:
    """The places of one axis that a list, or a tensor, says one by one; of all others, slices."""
    lists = [item for item in items if item == "tensor" or isinstance(item, list)]
    flat = len(lists) == 1 and len(call.shape) == call.rank
    if not flat or len(call.seeing) > 1 or any(item is None or isinstance(item, int) for item in items):
        raise PositionLost
    chosen = items.index(lists[0])
    place = chosen + call.rank - len(items) if "..." in items[:chosen] else chosen
    field = call.input
    for axis, item in enumerate(_spelled_out([*items[:chosen], ":", *items[chosen + 1 :]], call.rank)):
        field = taken(field, axis, _places(item, field.shape[axis]))
    steps = _even_steps(lists[0], field.shape[place])
    return taken(field, place, steps) if steps else chosen_along(field, place, call.shape)


def _even_steps(places: Any, size: int) -> range | None:
    """A list of places that goes on by equal steps."""
    if not isinstance(places, list) or not all(isinstance(item, int) for item in places) or not places:
        return None
    places = [item % size for item in places]
    step = places[1] - places[0] if len(places) > 1 else 1
    steps = range(places[0], places[-1] + 1, max(step, 1))
    return steps if list(steps) == places else None


def without_axes(field: Field, kept: Sequence[int | None]) -> Field:
    """Only these axes, in this order; None is a new one of size 1."""
    if list(kept) == list(range(len(field.shape))):
        return field
    shape = tuple([1 if place is None else field.shape[place] for place in kept])
    return field.each(
        lambda term: Term(tuple([() if place is None else term.axes[place] for place in kept]), term.reaches), shape
    )


def _spelled_out(items: list[Any], rank: int) -> list[Any]:
    """An index with a number or a slice for each axis."""
    if any(item == "tensor" or isinstance(item, bool | list) for item in items):
        raise PositionLost
    missing = rank - sum(item is not None and item != "..." for item in items)
    if missing < 0:
        raise PositionLost
    if "..." not in items:
        items = [*items, "..."]
    dots = items.index("...")
    return [*items[:dots], *[":"] * missing, *items[dots + 1 :]]


def _places(item: Any, size: int) -> range:
    """Which places a number or a slice takes."""
    if isinstance(item, int):
        return range(item % size, item % size + 1)
    numbers = [int(number) if number else None for number in str(item).split(":")]
    return range(*slice(*numbers).indices(size))


def _kept(term: Term, place: int, way: Taps, size: int) -> Term:
    """Some places of an axis."""
    if any(digit.size > 1 and any(digit.steps) for digit in term.axes[place]):
        return windowed(term, place, way, size)
    return resized(term, place, size)


def taken(field: Field, place: int, places: range) -> Field:
    """Some places of an axis, which stays. Where these see different pixels, only what their parts see."""
    if places == range(field.shape[place]):
        return field
    shape = (*field.shape[:place], len(places), *field.shape[place + 1 :])
    if field.parts and field.parts.along == place:
        return _of_parts(field.parts, places, shape)
    way = Taps(places.step, ((places.start,),))
    return field.each(lambda term: _kept(term, place, way, len(places)), shape)


def _of_parts(parts: Parts, places: range, shape: Shape) -> Field:
    if not parts.fields:
        raise PositionLost
    found, start = [], 0
    for part in parts.fields:
        own = [place - start for place in places if start <= place < start + part.shape[parts.along]]
        if own:
            found.append(taken(part, parts.along, range(own[0], own[-1] + 1, places.step)))
        start += part.shape[parts.along]
    return side_by_side(found, parts.along, shape)


def select(call: Call) -> Field:
    place, index = call.axis(call.settings["dim"]), call.settings["index"]
    return _one(call.input, place, index % call.input.shape[place])


def _one(field: Field, place: int, index: int) -> Field:
    """One place of an axis, which goes."""
    rest = [axis for axis in range(len(field.shape)) if axis != place]
    return without_axes(taken(field, place, range(index, index + 1)), rest)


def narrow(call: Call) -> Field:
    place = call.axis(call.settings["dim"])
    start = call.settings["start"] % call.input.shape[place]
    return taken(call.input, place, range(start, start + call.settings["length"]))


def split(call: Call) -> list[Field]:
    """Parts in a row, one output each."""
    default = {"hsplit": 1 if call.rank == 1 else 2, "vsplit": 0}.get(call.layer.operation, 0)
    place = call.axis(call.settings.get("dim", default))
    found, start = [], 0
    for shape in call.shapes:
        found.append(taken(call.input, place, range(start, start + shape[place])))
        start += shape[place]
    return found


def unbind(call: Call) -> list[Field]:
    place = call.axis(call.settings.get("dim", 0))
    return [_one(call.input, place, index) for index in range(call.input.shape[place])]


def glu(call: Call) -> Field:
    """One half of the channels gates the other."""
    place = call.axis(call.settings.get("dim", -1))
    half = call.input.shape[place] // 2
    halves = [taken(call.input, place, range(start, start + half)) for start in (0, half)]
    return merged(halves, call.shape, call.pixels)


def choose(call: Call) -> list[Field]:
    """By indices that only a run knows: each element sees what it saw, but where it now stands is not known."""
    name = "dimension" if "dimension" in call.settings else "dim"
    place = call.axis(call.settings.get(name, -1))
    if any(index.terms for index in call.fields[1:]):
        raise PositionLost
    return [chosen_along(call.input, place, shape) for shape in call.shapes]


def chosen_along(field: Field, place: int, shape: Shape) -> Field:
    """Places of one axis in an order that is not known: no matter where all see the same, as channels do."""
    if field.parts is not None and field.parts.along == place:
        raise PositionLost
    size = shape[place]
    if moves(field, place):
        return field.each(lambda term: scattered(term, place, size), shape)
    return field.each(lambda term: _kept(term, place, taps.shift(0), size), shape)


# ---- put together ------------------------------------------------------------------------------------------------


STACKED = {"vstack": 0, "hstack": 1, "dstack": 2}
"""Along which axis tensors of more axes than one are stacked."""


def cat(call: Call) -> Field:
    place = call.axis(call.settings.get("dim", STACKED.get(call.layer.operation)))
    shape = call.shape
    apart = [one for one in call.seeing if moves(one, place)]
    if not apart:
        return side_by_side(call.fields, place, shape)
    if all(_has_place_elsewhere(one, place) for one in apart):  # channels that see different pixels
        flat = [one.each(lambda term: contracted(term, [place], call.pixels)) for one in call.fields]
        return side_by_side(flat, place, shape)
    return _in_a_row(call.fields, place, shape)


def side_by_side(fields: Sequence[Field], place: int, shape: Shape) -> Field:
    """Along an axis that does not move: whoever reads all of it sees what all see, and a slice what its parts see."""
    seeing = [one for one in fields if one.terms]
    if not seeing:
        return Field(shape, (), ())
    wide = [one.each(lambda term: resized(term, place, shape[place]), shape) for one in seeing]
    pixels = seeing[0].pixels
    terms = merged(wide, shape, pixels).terms
    if len(seeing) == len(fields) and all(one.terms == terms for one in wide) and not any(one.parts for one in seeing):
        return Field(shape, terms, pixels)
    apart: list[Field] = []
    for one in fields:
        own = one.parts if one.parts and one.parts.along == place else None
        if own and not own.fields:
            return Field(shape, terms, pixels, Parts(place, ()))
        apart += own.fields if own else [one]
    return Field(shape, terms, pixels, Parts(place, tuple(apart)))


def _has_place_elsewhere(field: Field, place: int) -> bool:
    """Does another axis move along each axis of the input that this one moves along?"""
    return all(
        any(digit.steps[way] for i, axis in enumerate(term.axes) if i != place for digit in axis)
        for term in field.terms
        for way in range(len(term.reaches))
        if any(digit.steps[way] for digit in term.axes[place])
    )


def _in_a_row(inputs: Sequence[Field], place: int, shape: Shape) -> Field:
    """Pieces of an image or of tokens: exact where each goes on from the one before, and else scattered."""
    if any(len(one.terms) != 1 for one in inputs if one.terms):
        raise PositionLost
    first, start = inputs[0], 0
    whole = sum(one.shape[place] for one in inputs) == shape[place] and all(one.terms for one in inputs)
    if whole and len(first.terms[0].axes[place]) == 1:
        longer = _longer(first.terms[0], place, shape[place])
        for one in inputs:
            part = simple(windowed(longer, place, taps.shift(start), one.shape[place]))
            whole = whole and part == simple(one.terms[0])
            start += one.shape[place]
        if whole:
            return Field(shape, (simple(longer),), first.pixels)
    parts = [Field(shape, (scattered(one.terms[0], place, shape[place]),), one.pixels) for one in inputs if one.terms]
    return merged(parts, shape, parts[0].pixels)


def _longer(term: Term, place: int, size: int) -> Term:
    return Term((*term.axes[:place], (Digit(size, term.axes[place][0].steps),), *term.axes[place + 1 :]), term.reaches)


def scattered(term: Term, place: int, size: int) -> Term:
    moving = [any(digit.steps[way] for digit in term.axes[place]) for way in range(len(term.reaches))]
    axes = (*term.axes[:place], (Digit(size, tuple(map(int, moving))),), *term.axes[place + 1 :])
    reaches: list[Reach | Any] = [
        "scattered" if lost and reach != "global" else reach for lost, reach in zip(moving, term.reaches, strict=True)
    ]
    return Term(axes, tuple(reaches))


def stack(call: Call) -> Field:
    place = call.axis(call.settings["dim"], call.rank + 1)
    wide = [
        one.each(lambda term: Term((*term.axes[:place], (), *term.axes[place:]), term.reaches)) for one in call.seeing
    ]
    return merged(wide, call.shape, call.pixels)


def setitem(call: Call) -> Field:
    """Written into a part of a tensor: there an element sees what is written, or what was there."""
    target, value, index = call.input, call.named.get("value"), call.settings.get("index")
    if value is None or not value.terms:
        return target
    items = _spelled_out(index if isinstance(index, list) else [index], call.rank)
    if None in items or any(isinstance(item, int) for item in items) or len(value.shape) != len(items):
        raise PositionLost

    def change(term: Term) -> Term:
        for place, item in enumerate(items):
            places = _places(item, call.shape[place])
            if places.step != 1:
                raise PositionLost
            if len(places) < call.shape[place]:
                term = _kept(term, place, taps.shift(-places.start), call.shape[place])
        return broadcast(term, call.shape)

    written = value.each(change, call.shape)
    return merged([written, target] if target.terms else [written], call.shape, call.pixels)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "tensor_split", "hsplit", "vsplit"), split),
    **dict.fromkeys(("index_select", "topk", "sort"), choose),
    **dict.fromkeys(("cat", "concat", "concatenate", "hstack", "vstack", "dstack"), cat),
    "getitem": getitem,
    "select": select,
    "narrow": narrow,
    "unbind": unbind,
    "glu": glu,
    "stack": stack,
    "setitem": setitem,
}
