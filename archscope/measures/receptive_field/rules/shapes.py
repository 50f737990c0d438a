"""Views, permutations and repetitions: all elements, in other places."""

from collections.abc import Sequence
from math import prod

from archscope.measures.receptive_field.field import LOST, Field, Parts, merged, moves
from archscope.measures.receptive_field.reach import PositionLost
from archscope.measures.receptive_field.rules.common import (
    Call,
    Rule,
    alike,
    reordered,
    same,
    with_new_axis,
    without_axes,
)
from archscope.measures.receptive_field.term import Axis, Term, contracted, plain, reshaped
from archscope.model.graph import Shape

# ---- the same elements in the same order -------------------------------------------------------------------------


def reshape(call: Call) -> Field:
    return _to(call.input, call.shape)


def _to(field: Field, shape: Shape) -> Field:
    if shape == field.shape:
        return field
    return field.each(lambda term: reshaped(term, shape), shape, _reshaped_parts(field, shape))


def _reshaped_parts(field: Field, shape: Shape) -> Parts | None:
    """They stay apart where they begin and end with places of one axis."""
    if field.parts is None or field.parts.along < 0:
        return field.parts
    along, sizes = field.parts.along, field.parts.sizes
    before, inner = prod(field.shape[:along]), prod(field.shape[along + 1 :])
    for place, size in enumerate(shape):
        within = prod(shape[place + 1 :])
        if prod(shape[:place]) != before or any(part * inner % within for part in sizes):
            continue
        if not sizes and (size, within) == (field.shape[along], inner):
            return Parts(place, (), field.parts.every)
        cuts = [part * inner // within for part in sizes]
        if cuts and sum(cuts) == size:
            parts = zip(field.parts.fields, cuts, strict=True)
            return Parts(place, tuple([_to(part, (*shape[:place], n, *shape[place + 1 :])) for part, n in parts]))
    place = next((place for place in range(len(shape)) if prod(shape[: place + 1]) > before), 0)
    if moves(field.each(lambda term: reshaped(term, shape), shape), place):
        alike(field)
        return LOST
    return _woven(field, along, shape, place)


def _woven(field: Field, along: int, shape: Shape, place: int) -> Parts:
    """Parts that take turns along an axis, as in a channel shuffle."""
    parts, outer, within = field.parts, prod(shape[:place]), prod(shape[place + 1 :])
    turn = prod(field.shape[along:])
    if parts is None or not parts.fields or turn % within or prod(field.shape[:along]) % outer:
        return LOST
    every = turn // within
    whole = [term.reaches for term in field.terms]
    if any([term.reaches for term in part.terms] == whole and not part.parts for part in parts.fields):
        return Parts(place, (), every)
    for inner in [part.parts for part in parts.fields if part.parts]:
        if not (inner.every and 0 <= inner.along < along and prod(field.shape[: inner.along]) == outer):
            return LOST
        every = max(every, turn // within * inner.every)
    return Parts(place, (), every) if every <= shape[place] else LOST


def squeeze(call: Call) -> Field:
    field, dims = call.input, call.settings.get("dim")
    axes = range(call.rank) if dims is None else call.axes(dims)
    return without_axes(field, [place for place, size in enumerate(field.shape) if size > 1 or place not in axes])


def unsqueeze(call: Call) -> Field:
    return with_new_axis(call.input, call.axis(call.settings["dim"], call.rank + 1))


# ---- the axes in another order -----------------------------------------------------------------------------------


def permute(call: Call) -> Field:
    return reordered(call.input, call.axes(call.settings["dims"]))


def transpose(call: Call) -> Field:
    dims = [call.settings.get(f"dim{i}", call.settings.get(f"axis{i}")) for i in (0, 1)]
    return _exchanged(call.input, *call.axes(dims))


def reversed_axes(call: Call) -> Field:
    """`x.T` and `x.t()`."""
    return reordered(call.input, range(call.rank)[::-1])


def last_exchanged(call: Call) -> Field:
    """`x.mT`, and `x.H` of a matrix."""
    return _exchanged(call.input, *call.axes([-2, -1]))


def _exchanged(field: Field, one: int, other: int) -> Field:
    order = list(range(len(field.shape)))
    order[one], order[other] = other, one
    return reordered(field, order)


def movedim(call: Call) -> Field:
    field, rank = call.input, call.rank
    source, target = (call.axes(call.settings[name]) for name in ("source", "destination"))
    rest = iter([place for place in range(rank) if place not in source])
    placed = dict(zip(target, source, strict=True))
    return reordered(field, [placed[place] if place in placed else next(rest) for place in range(rank)])


def pixel_shuffle(call: Call) -> Field:
    """C r r x H x W to C x H r x W r."""
    field, by = alike(call.input), call.settings["upscale_factor"]
    *batch, channels, height, width = field.shape
    apart = _to(field, (*batch, channels // by**2, by, by, height, width))
    n = len(batch)
    moved = reordered(apart, [*range(n), n, n + 3, n + 1, n + 4, n + 2])
    return _to(moved, (*batch, channels // by**2, height * by, width * by))


def pixel_unshuffle(call: Call) -> Field:
    field, by = call.input, call.settings["downscale_factor"]
    *batch, channels, height, width = field.shape
    n = len(batch)
    apart = _to(field, (*batch, channels, height // by, by, width // by, by))
    moved = reordered(apart, [*range(n), n, n + 2, n + 4, n + 1, n + 3])
    return _to(moved, (*batch, channels * by**2, height // by, width // by))


def view_as_complex(call: Call) -> Field:
    """The last axis, of two, becomes one number."""
    field, last = call.input, call.rank - 1

    def change(term: Term) -> Term:
        term = contracted(term, [last], field.pixels)
        return Term(term.axes[:last], term.reaches)

    return field.each(change)


def view_as_real(call: Call) -> Field:
    return call.input.each(lambda term: Term((*term.axes, plain(2, len(term.reaches))), term.reaches))


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

    return _repeated(field, missing, times)


def _repeated(field: Field, missing: int, times: Sequence[int]) -> Field:
    def change(term: Term) -> Term:
        axes: list[Axis] = [()] * missing + list(term.axes)
        return Term(
            tuple(plain(by, len(term.reaches)) + axis for by, axis in zip(times, axes, strict=True)), term.reaches
        )

    shape = tuple([by * n for by, n in zip(times, (1,) * missing + field.shape, strict=True)])
    parts = field.parts
    if parts and parts.along >= 0:
        along = parts.along + missing
        alone = [*times[:along], 1, *times[along + 1 :]]
        parts = Parts(along, tuple([_repeated(part, missing, alone) for part in parts.fields]) * times[along])
    return field.each(change, shape, parts)


def repeat_interleave(call: Call) -> Field:
    field, by = call.input, call.settings["repeats"]
    place = call.axis(call.settings.get("dim"))
    if not isinstance(by, int):
        raise PositionLost

    def change(term: Term) -> Term:
        axis = term.axes[place] + plain(by, len(term.reaches))
        return Term((*term.axes[:place], axis, *term.axes[place + 1 :]), term.reaches)

    return field.each(change)


RULES: dict[str, Rule] = {
    **dict.fromkeys("view reshape view_as reshape_as ravel flatten unflatten unsafe_view".split(), reshape),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), transpose),
    **dict.fromkeys(("t", "T"), reversed_axes),
    **dict.fromkeys(("mT", "mH", "H", "adjoint"), last_exchanged),
    **dict.fromkeys(("movedim", "moveaxis"), movedim),
    **dict.fromkeys(("channel_shuffle", "native_channel_shuffle"), channel_shuffle),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to", "expand_copy"), expand),
    **dict.fromkeys(("repeat", "tile"), repeat),
    **dict.fromkeys(
        """clone contiguous copy identity alias to float double half bfloat16 long int short char byte bool cfloat
        cdouble chalf type_as type tril triu fill masked_scatter real imag conj""".split(),
        same,
    ),
    "squeeze": squeeze,
    "unsqueeze": unsqueeze,
    "permute": permute,
    "view_as_complex": view_as_complex,
    "view_as_real": view_as_real,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "repeat_interleave": repeat_interleave,
}
