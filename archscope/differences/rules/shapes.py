"""Views and copies: which elements are seen in which order. No torch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archscope.differences.layouts import Layout, strides_of
from archscope.differences.rules import Call, other, places, wide
from archscope.differences.rules.concatenations import pieces, seen
from archscope.differences.steps import Step, View


def same(call: Call) -> View | Step:
    """An operation that changes no value; a cast to another type is none."""
    if not call.views:
        return other(call)
    view = call.views[0]
    dtype = call.layer.dtypes[0]
    if dtype == view.step.dtype:
        return view
    step = call.step("cast", [view.step] if view.permutes else [call.shown()], {"to": dtype}, None)
    step.facts = {"to": dtype}
    step.shape = view.step.shape if view.permutes else view.shape
    return View(step, view.layout if view.permutes else Layout.of(view.shape))


def identity(call: Call) -> View | Step:
    """A module that gives what it is given; stochastic depth and noise do so in evaluation."""
    kind, names = OF_NOISE.get(call.layer.kind, ("stochastic depth", ("drop_prob", "p", "drop_rate")))
    rate = next((call.settings[name] for name in names if call.settings.get(name)), 0)
    drops = isinstance(rate, int | float) and 0 < rate <= 1
    if not drops or not call.views:
        return same(call)
    view = call.views[0]
    if not view.permutes or not _keeps_images(view):
        view = View.of(call.shown(), view.shape)
    return View(call.step(kind, [view.step], {"p": rate}, view.step.shape), view.layout)


OF_NOISE = {
    "GaussianNoise": ("gaussian noise", ("stddev",)),
    "GaussianDropout": ("gaussian dropout", ("rate",)),
    "AlphaDropout": ("alpha dropout of parts", ("rate",)),  # as noise_shape says, or it were an operation
    "Dropout": ("stochastic depth", ("rate",)),  # of whole images, or it were an operation
}
"""By a class of Keras': what it does in training, and the attribute that says how much."""


def _keeps_images(view: View) -> bool:
    """Is its first axis that of the step, so that what is done to a whole image is done to the same one?"""
    shape = view.step.shape
    return view.shape[:1] == shape[:1] and (shape[0] == 1 or view.layout.strides[0] == strides_of(shape)[0])


def reshape(call: Call) -> View | Step:
    size = call.settings.get("size")
    if "dtype" in call.settings or (isinstance(size, list) and any(isinstance(each, str) for each in size)):
        # the same bits, read as other numbers
        return other(call)
    return seen(call, call.views[0].layout.reshaped(call.out()), call.out())


def expand(call: Call) -> View | Step:
    layout = call.views[0].layout.expanded(call.out())
    return View(call.views[0].step, layout) if layout else other(call)


def permute(call: Call) -> View | Step:
    if call.operation in {"H", "mH", "adjoint"} and call.layer.dtypes[0].startswith("complex"):
        return other(call)
    view, settings = call.views[0], call.settings
    rank = len(view.shape)
    match call.operation:
        case "permute":
            order = list(settings["dims"])
        case "t" | "T" | "H" if rank <= 2 or call.operation == "T":
            order = list(range(rank - 1, -1, -1))
        case "mT" | "mH" | "adjoint":
            order = [*range(rank - 2), rank - 1, rank - 2]
        case "movedim" | "moveaxis":
            order = _moved(_listed(settings["source"]), _listed(settings["destination"]), rank)
        case _:
            order = list(range(rank))
            one, two = (settings[first] if first in settings else settings[second] for first, second in AXES)
            order[one], order[two] = order[two], order[one]
    return View(view.step, view.layout.permuted([axis % rank for axis in order]))


AXES = (("dim0", "axis0"), ("dim1", "axis1"))


def _listed(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _moved(sources: Sequence[int], destinations: Sequence[int], rank: int) -> list[int]:
    to = dict(zip([axis % rank for axis in destinations], [axis % rank for axis in sources], strict=True))
    left = iter([axis for axis in range(rank) if axis not in to.values()])
    return [to[axis] if axis in to else next(left) for axis in range(rank)]


def shuffle(call: Call) -> View:
    """Channels or pixels in another order: a reshape, a permutation, a reshape."""
    view = call.views[0]
    n, c, *sizes = view.shape
    if call.operation in {"channel_shuffle", "native_channel_shuffle"}:
        groups = call.settings.get("groups", call.layer.groups)
        parts, order = (n, groups, c // groups, *sizes), (0, 2, 1, *range(3, len(sizes) + 3))
    elif call.operation == "pixel_shuffle":
        r = call.settings["upscale_factor"]
        parts, order = (n, c // r**2, r, r, *sizes), (0, 1, 4, 2, 5, 3)
    else:
        r = call.settings["downscale_factor"]
        height, width = sizes
        parts, order = (n, c, height // r, r, width // r, r), (0, 1, 3, 5, 2, 4)
    base = view if view.layout.reshaped(parts) else View.of(call.shown(), view.shape)
    layout = base.layout.reshaped(parts)
    assert layout is not None
    layout = layout.permuted(order)
    flat = layout.reshaped(call.out())
    written = View(base.step, layout)
    return View(base.step, flat) if flat else View.of(call.draft.shown(written, call.layer), call.out())


# ---- parts ----------------------------------------------------------------------------------------------------


def index(call: Call) -> View | Step:
    """Slices, whole numbers and new axes; lists of places are an operation of their own."""
    if len(call.views) != 1 or call.fixed:
        _say_places(call)
        return other(call)
    layout = _indexed(call.views[0].layout, call.settings.get("index"))
    return (
        other(call)
        if layout is None
        else seen(call, layout.reshaped(call.out()), call.out(), View(call.views[0].step, layout))
    )


def _say_places(call: Call) -> None:
    """`x[..., places, 1:]` as `x[:, 1:][places]` with its axis: the dots written out, slices taken before."""
    items, view = call.settings.get("index"), call.views[0]
    if call.arguments[0] != "input" or not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return
    dots = items.index("...") if "..." in items else len(items)
    more = len(view.shape) - sum(item != "..." for item in items)
    items = [*items[:dots], *[":"] * more, *items[dots + 1 :]]
    layout = view.layout
    for axis, item in enumerate(items):
        if item not in (":", "tensor"):
            layout = layout.sliced(axis, *_slice(item, layout.sizes[axis]))
    moved = {f"index.{place}": f"index.{place + more - 1}" for place in range(dots + 1, len(items))}
    call.views[0] = View(view.step, layout)
    call.settings = {**call.settings, "index": ["tensor" if item == "tensor" else ":" for item in items]}
    call.arguments[:] = [moved.get(name, name) for name in call.arguments]
    renamed = {id(one): one._replace(argument=moved.get(one.argument, one.argument)) for one in call.layer.operands}
    call.fixed = [renamed[id(one)] for one in call.fixed]
    call.layer = replace(call.layer, operands=tuple(renamed.values()))


def _indexed(layout: Layout, given: Any) -> Layout | None:
    """The axes that are left; those of a whole number have one element."""
    items = given if isinstance(given, list) else [given]
    taken = sum(item is not None and item != "..." for item in items)
    axis = 0
    for item in items:
        if item is None:
            continue
        if item == "...":
            axis = len(layout.sizes) - (taken - axis)
            continue
        size = layout.sizes[axis]
        if isinstance(item, bool) or not isinstance(item, int | str) or item == "tensor":
            return None
        parts = _slice(item, size) if isinstance(item, str) else (item % size, item % size + 1, 1)
        layout = layout.sliced(axis, *parts)
        axis += 1
    return layout


def _slice(said: str, size: int) -> tuple[int, int, int]:
    numbers = [int(number) if number else None for number in said.split(":")]
    return slice(*numbers).indices(size)


def select(call: Call) -> View:
    view = call.views[0]
    axis = call.settings["dim"] % len(view.shape)
    start = call.settings["index"] % view.shape[axis]
    layout = view.layout.sliced(axis, start, start + 1)
    return seen(call, layout.reshaped(call.out()), call.out(), View(view.step, layout))


def narrow(call: Call) -> View:
    view, settings = call.views[0], call.settings
    axis = settings["dim"] % len(view.shape)
    start = settings["start"] % view.shape[axis]
    return pieces(call, View(view.step, view.layout.sliced(axis, start, start + settings["length"])))


def split(call: Call) -> list[View]:
    """Parts in a row along one axis, which `unbind` drops."""
    view = call.views[0]
    dim = {"hsplit": 1 if len(view.shape) > 1 else 0, "vsplit": 0}.get(call.operation, call.settings.get("dim", 0))
    axis, start, found = dim % len(view.shape), 0, []
    for output in range(len(call.layer.output_shapes)):
        out = call.out(output)
        length = 1 if call.operation == "unbind" else out[axis] if len(out) == len(view.shape) else 0
        layout = view.layout.sliced(axis, start, start + length)
        if call.operation == "unbind":
            out = tuple(size for i, size in enumerate(view.shape) if i != axis)
            found.append(seen(call, layout.reshaped(out), out, View(view.step, layout)))
        else:
            found.append(pieces(call, View(view.step, layout)))
        start += length
    if start != view.shape[axis]:
        raise ValueError("the parts are not the whole")
    return found


def flip(call: Call) -> View:
    view = call.views[0]
    layout = view.layout
    for axis in _listed(call.settings["dims"]):
        layout = layout.flipped(axis % len(view.shape))
    return View(view.step, layout)


def roll(call: Call) -> View | Step:
    """By how far along which axis, the shorter way around; without axes of what is written out row by row. Two in a row
    are one."""
    shifts, axes = (_listed(call.settings.get(name)) for name in ("shifts", "dims"))
    view = call.views[0]
    if axes in ([], [None]):
        flat = view.layout.reshaped((view.layout.elements,))
        view, axes = View(view.step, flat) if flat else View.of(call.shown(), (view.layout.elements,)), [0]
    by = [0] * len(view.shape)
    for shift, axis in zip(shifts, axes, strict=True):
        by[axis] += shift
    before = view.step
    if before.kind == "roll" and not call.draft.written and call.draft.shown(view) is before:
        for place, shift in before.facts["shifts"]:
            by[wide(view.shape)[int(place)]] += int(shift)
        view = View.of(before.inputs[0], view.shape)
    around = [(shift + size // 2) % size - size // 2 for shift, size in zip(by, view.shape, strict=True)]
    found = tuple((places([axis], view.shape)[0], shift) for axis, shift in enumerate(around) if shift)
    if not found:
        return view
    return View.of(call.step("roll", [call.draft.shown(view, call.layer)], {"shifts": found}, view.shape), call.out())
