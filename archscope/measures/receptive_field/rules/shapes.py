"""Views, permutations, slices and concatenations: elements that change their places, not what they see."""

from collections.abc import Sequence
from typing import Any

from archscope.measures.receptive_field import taps
from archscope.measures.receptive_field.field import (
    Axis,
    Digit,
    Field,
    Term,
    broadcast,
    contracted,
    merged,
    plain,
    reshaped,
    simple,
    windowed,
)
from archscope.measures.receptive_field.reach import PositionLost, Reach, Taps
from archscope.measures.receptive_field.rules.common import Call, Rule, moves, same
from archscope.model.graph import Shape

# ---- the same elements in the same order -------------------------------------------------------------------------


def reshape(call: Call) -> Field:
    return _to(call.input, call.shape)


def _to(field: Field, shape: Shape) -> Field:
    return field if shape == field.shape else field.each(lambda term: reshaped(term, shape), shape)


def squeeze(call: Call) -> Field:
    field, dims = call.input, call.settings.get("dim")
    axes = range(call.rank) if dims is None else call.axes(dims)
    kept = [place for place, size in enumerate(field.shape) if size > 1 or place not in axes]
    return field.each(lambda term: Term(tuple(term.axes[place] for place in kept), term.reaches))


def unsqueeze(call: Call) -> Field:
    place = call.axis(call.settings["dim"], call.rank + 1)
    return call.input.each(lambda term: _with_new_axis(term, place))


def _with_new_axis(term: Term, place: int) -> Term:
    return Term((*term.axes[:place], (), *term.axes[place:]), term.reaches)


# ---- the axes in another order -----------------------------------------------------------------------------------


def permute(call: Call) -> Field:
    return _reordered(call.input, call.axes(call.settings["dims"]))


def transpose(call: Call) -> Field:
    dims = [call.settings.get(f"dim{i}", call.settings.get(f"axis{i}")) for i in (0, 1)]
    return _exchanged(call.input, *call.axes(dims))


def transpose_last(call: Call) -> Field:
    """`x.T` and the like, which a Graph does not say apart: of two axes, or of the last two."""
    return _exchanged(call.input, *call.axes([-2, -1]))


def _exchanged(field: Field, one: int, other: int) -> Field:
    order = list(range(len(field.shape)))
    order[one], order[other] = other, one
    return _reordered(field, order)


def _reordered(field: Field, order: Sequence[int]) -> Field:
    if sorted(order) != list(range(len(field.shape))):
        raise PositionLost
    return field.each(
        lambda term: Term(tuple(term.axes[place] for place in order), term.reaches),
        tuple(field.shape[place] for place in order),
    )


def movedim(call: Call) -> Field:
    field, rank = call.input, call.rank
    source, target = (call.axes(call.settings[name]) for name in ("source", "destination"))
    rest = iter([place for place in range(rank) if place not in source])
    placed = dict(zip(target, source, strict=True))
    return _reordered(field, [placed[place] if place in placed else next(rest) for place in range(rank)])


def pixel_shuffle(call: Call) -> Field:
    """C r r x H x W to C x H r x W r."""
    field, by = call.input, call.settings["upscale_factor"]
    *batch, channels, height, width = field.shape
    apart = _to(field, (*batch, channels // by**2, by, by, height, width))
    n = len(batch)
    moved = _reordered(apart, [*range(n), n, n + 3, n + 1, n + 4, n + 2])
    return _to(moved, (*batch, channels // by**2, height * by, width * by))


def pixel_unshuffle(call: Call) -> Field:
    field, by = call.input, call.settings["downscale_factor"]
    *batch, channels, height, width = field.shape
    n = len(batch)
    apart = _to(field, (*batch, channels, height // by, by, width // by, by))
    moved = _reordered(apart, [*range(n), n, n + 2, n + 4, n + 1, n + 3])
    return _to(moved, (*batch, channels * by**2, height // by, width // by))


def channel_shuffle(call: Call) -> Field:
    field, groups = call.input, call.layer.groups
    batch, channels, *rest = field.shape
    apart = _to(field, (batch, groups, channels // groups, *rest))
    return _to(_exchanged(apart, 1, 2), field.shape)


# ---- repeated ----------------------------------------------------------------------------------------------------


def expand(call: Call) -> Field:
    return merged([call.input], call.shape, call.pixels)


def repeat(call: Call) -> Field:
    field = call.input
    times = call.settings.get("repeats", call.settings.get("dims"))
    if not isinstance(times, list) or len(times) < len(field.shape):
        raise PositionLost
    missing = len(times) - len(field.shape)

    def change(term: Term) -> Term:
        axes: list[Axis] = [()] * missing + list(term.axes)
        return Term(
            tuple(plain(by, len(term.reaches)) + axis for by, axis in zip(times, axes, strict=True)), term.reaches
        )

    return field.each(change)


def repeat_interleave(call: Call) -> Field:
    field, by = call.input, call.settings["repeats"]
    place = call.axis(call.settings.get("dim"))
    if not isinstance(by, int):
        raise PositionLost

    def change(term: Term) -> Term:
        axis = term.axes[place] + plain(by, len(term.reaches))
        return Term((*term.axes[:place], axis, *term.axes[place + 1 :]), term.reaches)

    return field.each(change)


# ---- parts -------------------------------------------------------------------------------------------------------


def getitem(call: Call) -> Field:
    """By numbers, slices, new axes and the three dots."""
    field, index = call.input, call.settings.get("index")
    items = _spelled_out(index if isinstance(index, list) else [index], len(field.shape))
    places = iter(range(len(field.shape)))
    cuts = [(None, item) if item is None else (next(places), item) for item in items]

    def change(term: Term) -> Term:
        axes: list[Axis] = []
        for place, item in cuts:
            if place is None:
                axes.append(())
                continue
            way, size = _cut(item, field.shape[place])
            if way is not None:
                term = _kept(term, place, way, size)
            if not isinstance(item, int):
                axes.append(term.axes[place])
        return Term(tuple(axes), term.reaches)

    return field.each(change)


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


def _cut(item: Any, size: int) -> tuple[Taps | None, int]:
    """Which places a number or a slice takes, and how many; None where it takes all."""
    if isinstance(item, int):
        return Taps(0, ((item % size,),)), 1
    numbers = [int(number) if number else None for number in str(item).split(":")]
    taken = range(*slice(*numbers).indices(size))
    return (None if taken == range(size) else Taps(taken.step, ((taken.start,),))), len(taken)


def _kept(term: Term, place: int, way: Taps, size: int) -> Term:
    """Some places of an axis."""
    if any(digit.size > 1 and any(digit.steps) for digit in term.axes[place]):
        return windowed(term, place, way, size)
    axis = plain(size, len(term.reaches)) + tuple([digit for digit in term.axes[place] if digit.size == 1])
    return Term((*term.axes[:place], axis, *term.axes[place + 1 :]), term.reaches)


def select(call: Call) -> Field:
    field, settings = call.input, call.settings
    place = call.axis(settings["dim"])
    way = Taps(0, ((settings["index"] % field.shape[place],),))

    def change(term: Term) -> Term:
        term = _kept(term, place, way, 1)
        return Term((*term.axes[:place], *term.axes[place + 1 :]), term.reaches)

    return field.each(change)


def narrow(call: Call) -> Field:
    field, settings = call.input, call.settings
    place = call.axis(settings["dim"])
    way = taps.shift(settings["start"] % field.shape[place])
    return field.each(lambda term: _kept(term, place, way, settings["length"]))


def split(call: Call) -> list[Field]:
    """Parts in a row, one output each."""
    field = call.input
    default = {"hsplit": 1 if call.rank == 1 else 2, "vsplit": 0}.get(call.layer.operation, 0)
    place = call.axis(call.settings.get("dim", default))
    found, start = [], 0
    for shape in call.shapes:
        size = shape[place]
        way = taps.shift(start)
        found.append(field.each(lambda term, way=way, size=size: _kept(term, place, way, size)))  # type: ignore[misc]
        start += size
    return found


def unbind(call: Call) -> list[Field]:
    field = call.input
    place = call.axis(call.settings.get("dim", 0))
    found = []
    for index in range(field.shape[place]):

        def change(term: Term, way: Taps = Taps(0, ((index,),))) -> Term:  # noqa: B008
            term = _kept(term, place, way, 1)
            return Term((*term.axes[:place], *term.axes[place + 1 :]), term.reaches)

        found.append(field.each(change))
    return found


def glu(call: Call) -> Field:
    """One half of the channels gates the other."""
    field = call.input
    place = call.axis(call.settings.get("dim", -1))
    if moves(field, place):
        raise PositionLost
    return field.each(lambda term: _kept(term, place, taps.shift(0), field.shape[place] // 2))


def choose(call: Call) -> list[Field]:
    """By indices that only a run knows: each element sees what it saw, but where it now stands is not known."""
    field, name = call.input, "dimension" if "dimension" in call.settings else "dim"
    place = call.axis(call.settings.get(name, -1))
    for index in call.fields[1:]:
        if index.terms:
            raise PositionLost
    found = []
    for shape in call.shapes:

        def change(term: Term, size: int = shape[place]) -> Term:
            return scattered(term, place, size) if moves(field, place) else _kept(term, place, taps.shift(0), size)

        found.append(field.each(change, shape))
    return found


# ---- put together ------------------------------------------------------------------------------------------------


def cat(call: Call) -> Field:
    place, shape = call.axis(call.settings["dim"]), call.shape
    apart = [one for one in call.seeing if moves(one, place)]
    if not apart:
        return _side_by_side(call.seeing, place, shape)
    if all(_has_place_elsewhere(one, place) for one in apart):  # channels that see different pixels
        flat = [one.each(lambda term: contracted(term, [place], call.pixels)) for one in call.seeing]
        return _side_by_side(flat, place, shape)
    return _in_a_row(call.fields, place, shape)


def _side_by_side(fields: Sequence[Field], place: int, shape: Shape) -> Field:
    """Along an axis that does not move: whoever reads it sees what all see."""
    wide = [one.each(lambda term: _kept(term, place, taps.shift(0), shape[place])) for one in fields]
    return merged(wide, shape, fields[0].pixels)


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
            way, _ = _cut(item, call.shape[place])
            if way is not None and way.step != 1:
                raise PositionLost
            if way is not None:
                term = _kept(term, place, taps.shift(-way.offsets[0][0]), call.shape[place])
        return broadcast(term, call.shape)

    written = value.each(change, call.shape)
    return merged([written, target] if target.terms else [written], call.shape, call.pixels)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("view", "reshape", "view_as", "reshape_as", "ravel", "flatten", "unflatten"), reshape),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), transpose),
    **dict.fromkeys(("t", "adjoint"), transpose_last),
    **dict.fromkeys(("movedim", "moveaxis"), movedim),
    **dict.fromkeys(("channel_shuffle", "native_channel_shuffle"), channel_shuffle),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to", "expand_copy"), expand),
    **dict.fromkeys(("repeat", "tile"), repeat),
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "tensor_split", "hsplit", "vsplit"), split),
    **dict.fromkeys(("index_select", "topk", "sort"), choose),
    **dict.fromkeys(("cat", "concat", "concatenate"), cat),
    **dict.fromkeys(
        """clone contiguous copy identity alias to float double half bfloat16 type_as type tril triu
        fill masked_scatter""".split(),
        same,
    ),
    "squeeze": squeeze,
    "unsqueeze": unsqueeze,
    "permute": permute,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "repeat_interleave": repeat_interleave,
    "getitem": getitem,
    "select": select,
    "narrow": narrow,
    "unbind": unbind,
    "glu": glu,
    "stack": stack,
    "setitem": setitem,
}
