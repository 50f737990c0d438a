"""Slices, splits and choices: some elements of a tensor.

Where the parts of a concatenation see different pixels a slice of it sees what its parts do.
"""

from typing import Any

from archscope.measures.receptive_field import taps
from archscope.measures.receptive_field.field import Field, Parts, merged, moves
from archscope.measures.receptive_field.reach import PositionLost, Taps
from archscope.measures.receptive_field.rules.common import Call, Rule, places_of, spelled_out, without_axes
from archscope.measures.receptive_field.rules.joined import scattered, side_by_side
from archscope.measures.receptive_field.term import kept
from archscope.model.graph import Shape


def getitem(call: Call) -> Field:
    """By numbers, slices, new axes, the three dots, and one list of places."""
    field, index = call.input, call.settings.get("index")
    items = index if isinstance(index, list) else [index]
    if any(item == "tensor" or isinstance(item, list) for item in items):
        return by_list(call, items)
    items = spelled_out(items, call.rank)
    places = iter(range(call.rank))
    cuts = [(None, None) if item is None else (next(places), item) for item in items]
    for place, item in cuts:
        if place is not None:
            field = taken(field, place, places_of(item, field.shape[place]))
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
    for axis, item in enumerate(spelled_out([*items[:chosen], ":", *items[chosen + 1 :]], call.rank)):
        field = taken(field, axis, places_of(item, field.shape[axis]))
    return listed(field, place, lists[0], call.shape)


def listed(field: Field, place: int, items: Any, shape: Shape) -> Field:
    """Places of one axis, one by one: they may go on by equal steps, or fall into the parts of a concatenation."""
    if not isinstance(items, list) or not items or not all(type(item) is int for item in items):
        return chosen_along(field, place, shape)
    size = field.shape[place]
    places = [item % size for item in items]
    step = places[1] - places[0] if len(places) > 1 else 1
    steps = range(places[0], places[-1] + (1 if step >= 0 else -1), step or 1)
    if list(steps) == places:
        return taken(field, place, steps)
    if field.parts and field.parts.along == place:
        return side_by_side([taken(field, place, range(one, one + 1)) for one in places], place, shape)
    return chosen_along(field, place, shape)


def taken(field: Field, place: int, places: range) -> Field:
    """Some places of an axis, which stays. Where these see different pixels, only what their parts see."""
    if places == range(field.shape[place]):
        return field
    shape = (*field.shape[:place], len(places), *field.shape[place + 1 :])
    if field.parts and field.parts.along == place and not (0 < field.parts.every <= len(places) and places.step == 1):
        return _of_parts(field.parts, places, shape)
    if field.parts and field.parts.along < 0 and not moves(field, place):
        raise PositionLost
    way = Taps(places.step, ((places.start,),))
    parts = field.parted(lambda part: taken(part, place, places))
    return field.each(lambda term: kept(term, place, way, len(places)), shape, parts)


def _of_parts(parts: Parts, places: range, shape: Shape) -> Field:
    if not parts.fields:
        raise PositionLost
    found, start = [], 0
    for part in parts.fields:
        own = [place - start for place in places if start <= place < start + part.shape[parts.along]]
        if own:
            behind = 1 if places.step > 0 else -1
            found.append(taken(part, parts.along, range(own[0], own[-1] + behind, places.step)))
        start += part.shape[parts.along]
    return side_by_side(found[:: 1 if places.step > 0 else -1], parts.along, shape)


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
    if call.layer.operation in OF_EACH and moves(call.input, place) and _has_channels(call.input, place):
        raise PositionLost
    return [chosen_along(call.input, place, shape) for shape in call.shapes]


OF_EACH = frozenset({"sort", "topk"})
"""Each channel has an order of its own, so that what stands side by side comes from different places."""


def _has_channels(field: Field, place: int) -> bool:
    return any(size > 1 and i not in (0, place) and not moves(field, i) for i, size in enumerate(field.shape))


def chosen_along(field: Field, place: int, shape: Shape) -> Field:
    """Places of one axis in an order that is not known: no matter where all see the same, as channels do."""
    if field.parts is not None and (field.parts.along == place or (field.parts.along < 0 and not moves(field, place))):
        raise PositionLost
    size = shape[place]
    parts = field.parts and Parts(field.parts.along, ())
    if moves(field, place):
        return field.each(lambda term: scattered(term, place, size, field.pixels), shape, parts)
    return field.each(lambda term: kept(term, place, taps.shift(0), size), shape, parts)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "tensor_split", "hsplit", "vsplit"), split),
    **dict.fromkeys(("index_select", "topk", "sort"), choose),
    "getitem": getitem,
    "select": select,
    "select_copy": select,
    "narrow": narrow,
    "unbind": unbind,
    "glu": glu,
}
