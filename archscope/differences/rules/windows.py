"""Convolutions, fully connected layers, poolings and padding. No torch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archscope.differences.layouts import Layout
from archscope.differences.rules import Call, other, with_fixed
from archscope.differences.rules.axes import over
from archscope.differences.steps import POOLS, Sides, Step, View, squeezed
from archscope.model.graph import Shape, Window

MODES = {f"{mode} padding": mode for mode in ("reflect", "replicate", "circular")}
"""What a convolution may be padded with besides zeros."""

AVERAGE = {"ceil_mode": False, "count_include_pad": True}


def convolution(call: Call) -> Step | View:
    window = call.layer.window
    x = call.view("input")
    if window is None or x is None or not call.has("weight"):
        return other(call)
    axes, out, shape = len(window.kernel_size), call.out(), x.shape
    written = call.draft.written
    before, padding = _absorbed(
        call.draft.shown(x, call.layer), _own_padding(call, shape, axes), () if written else (0,)
    )
    mode = "zeros"
    if not written and before.kind in MODES and not any(map(any, padding)) and len(before.facts["sides"]) == 2 * axes:
        mode, sides, before = MODES[before.kind], before.facts["sides"], before.inputs[0]
        padding = tuple((int(sides[i]), int(sides[i + 1])) for i in range(2 * axes - 2, -1, -2))
    if not written and set(window.kernel_size) == {1} and not any(map(any, padding)):
        before, window = _thinned(before, window)
    channels, filters = shape[-axes - 1], out[-axes - 1]
    depthwise = 1 < call.layer.groups == channels
    weights = [call.draft.shown(v) for v, name in zip(call.views, call.arguments, strict=True) if name != "input"]
    facts = {
        "kernel_size": window.kernel_size, "stride": window.stride, "dilation": window.dilation, "padding": padding,
        "filters": 0 if depthwise else filters, "multiplier": filters // channels if depthwise else 0,
        "groups": 0 if depthwise else call.layer.groups, "depthwise": depthwise,
        "bias": call.has("bias"), "pad_mode": mode,
    }  # fmt: skip
    covers = before.shape[-axes:] == window.kernel_size and set(out[-axes:]) == {1}
    if call.layer.groups == 1 and covers and not any(map(any, padding)) and not written:
        step = _fully_connected(call, [before, *weights], filters, out)
        step.as_conv = {**facts, "filters": filters}
        return step
    step = call.with_weights(call.step("conv", [before, *weights], facts, out))
    step.extent = _extent(before.shape[-axes:], out[-axes:], window, padding)
    return step


def linear(call: Call) -> Step | View:
    """Along the last axis; of channels that were made the last one, a 1x1 convolution."""
    x = call.view("input")
    if x is None or not call.has("weight"):
        return other(call)
    weights = [call.draft.shown(v) for v, name in zip(call.views, call.arguments, strict=True) if name != "input"]
    out, features = call.out(), x.shape[-1]
    units = out[-1]
    if x.layout.elements == features:
        source = x.step if x.is_whole else call.draft.shown(x, call.layer)
        return View.of(_fully_connected(call, [source, *weights], units, out), out)
    axes = x.layout.axes_of(len(x.shape) - 1, x.step.shape) if x.permutes else None
    if axes is None or len(axes) != 1:
        source, axis, layout = call.draft.shown(x, call.layer), len(x.shape) - 1, Layout.of(x.shape)
    else:
        source, axis, layout = x.step, axes[0], x.layout
    shape = tuple(units if i == axis else size for i, size in enumerate(source.shape))
    strides = _with_units(source.shape, axis, layout, units)
    facts: dict[str, Any] = {"filters": units, "bias": call.has("bias")}
    spatial = len(source.shape) - 2
    if axis == 1 and spatial > 0 and len(squeezed(source.shape[2:])):
        ones, nothing = (1,) * spatial, ((0, 0),) * spatial
        facts |= {"kernel_size": ones, "stride": ones, "dilation": ones, "padding": nothing, "multiplier": 0,
                  "groups": 1, "depthwise": False, "pad_mode": "zeros"}  # fmt: skip
        step = call.with_weights(call.step("conv", [source, *weights], facts, shape))
        step.extent = nothing
    else:
        facts["axes"] = max(len(squeezed(shape)) - 1, 0)
        if any(size != 1 for size in source.shape[axis + 1 :]):
            facts["axis"] = len(squeezed(source.shape[:axis]))
        step = call.with_weights(call.step("linear", [source, *weights], facts, shape))
    return View(step, Layout((*x.shape[:-1], units), strides))


def _with_units(shape: Shape, axis: int, layout: Layout, units: int) -> tuple[int, ...]:
    """The strides of what is seen once `axis` of the source has other elements."""
    inner = Layout.of(shape).strides[axis]
    whole = inner * shape[axis]
    outer = [stride // whole * inner * units if stride >= whole else stride for stride in layout.strides[:-1]]
    return (*outer, inner)


def _fully_connected(call: Call, inputs: list[Step], units: int, out: Shape) -> Step:
    """From all elements of one vector or map; `axes` counts those along which the same layer is applied again."""
    facts = {"filters": units, "bias": call.has("bias"), "axes": max(len(squeezed(out)) - 1, 0)}
    return call.with_weights(call.step("linear", inputs, facts, out))


def transposed(call: Call) -> Step:
    window = call.layer.window
    if window is None or call.view("input") is None or not call.has("weight"):
        return other(call)
    steps, out = [call.shown(i) for i in range(len(call.views))], call.out()
    facts = {
        "kernel_size": window.kernel_size, "stride": window.stride, "dilation": window.dilation,
        "padding": tuple((p, p) for p in window.padding), "filters": out[-len(window.kernel_size) - 1],
        "groups": call.layer.groups, "bias": call.has("bias"),
        "output_padding": _pair(call.settings.get("output_padding", 0), len(window.kernel_size)),
    }  # fmt: skip
    return call.with_weights(call.step("transposed conv", steps, facts, out))


def _pair(value: Any, axes: int) -> tuple[int, ...]:
    listed = list(value) if isinstance(value, list | tuple) else [value]
    return tuple(listed * axes if len(listed) == 1 else listed)


def _absorbed(before: Step, padding: Sides, neutral: Sequence[float]) -> tuple[Step, Sides]:
    """What the window slides over, and its padding on every side: its own, and that of a padding layer before it with
    one of the values that its own has."""
    if before.kind == "pad" and before.facts["value"] in neutral and len(before.facts["padding"]) == len(padding):
        together = tuple(
            (a + int(c), b + int(d)) for (a, b), (c, d) in zip(padding, before.facts["padding"], strict=True)
        )
        if all(side >= 0 for sides in before.facts["padding"] for side in sides):  # else it cuts something off
            return before.inputs[0], together
    return before, padding


def _thinned(before: Step, window: Window) -> tuple[Step, Window]:
    """A pooling of single pixels leaves pixels out as the stride of a 1x1 convolution after it would."""
    single = (
        before.kind in POOLS and set(before.facts["kernel_size"]) == {1} and not before.facts.get("divisor_override")
    )
    if not single or any(reach > 0 for sides in before.extent for reach in sides):
        return before, window
    stride = tuple(own * int(its) for own, its in zip(window.stride, before.facts["stride"], strict=True))
    return before.inputs[0], replace(window, stride=stride)


def _own_padding(call: Call, shape: Shape, axes: int) -> Sides:
    """Pixels before and after; `padding="same"` of an even kernel puts the odd one after."""
    window, out = call.layer.window, call.out()
    assert window is not None
    found = []
    for axis in range(axes):
        before, reach = window.padding[axis], window.dilation[axis] * (window.kernel_size[axis] - 1)
        kept = shape[axis - axes] == out[axis - axes] and window.stride[axis] == 1
        odd = kept and "conv" in call.operation and reach - before == before + 1
        found.append((before, before + 1 if odd else before))
    return tuple(found)


def _extent(sizes: Shape, out: Shape, window: Window, padding: Sides) -> Sides:
    """How far the windows reach over each edge; less than the padding where the last ones do not come so far."""
    found = []
    for axis, (size, made) in enumerate(zip(sizes, out, strict=True)):
        before = padding[axis][0]
        reach = window.dilation[axis] * (window.kernel_size[axis] - 1) + 1
        found.append((before, (made - 1) * window.stride[axis] + reach - size - before))
    return tuple(found)


# ---- pooling --------------------------------------------------------------------------------------------------


def pooling(call: Call) -> Step | View | list[View]:
    window = call.layer.window
    if window is None or call.operation.startswith("lp") or call.fixed:
        return other(call)
    average, axes, out = "avg" in call.operation, len(window.kernel_size), call.out()
    settings = {**(AVERAGE if average else {}), **call.settings}
    before = call.shown()
    own = _own_padding(call, call.views[0].shape, axes)
    if call.draft.written:
        neutral: Sequence[float] = ()
    elif average:
        neutral = () if any(window.padding) else (0.0,)
    else:
        neutral = (float("-inf"), 0.0) if _hides_zeros(before, own, window, out[-axes:]) else (float("-inf"),)
    source, padding = _absorbed(before, own, neutral)
    kind = "average pool" if average else "max pool"
    extent = _extent(source.shape[-axes:], out[-axes:], window, padding)
    covers = source.shape[-axes:] == window.kernel_size and set(out[-axes:]) == {1}
    if covers and not any(map(any, extent)) and not settings.get("divisor_override"):
        return _global_pool(call, source, f"global {kind}", axes)
    facts = {
        "kernel_size": window.kernel_size, "stride": window.stride, "dilation": window.dilation, "padding": padding,
        "ceil_mode": bool(settings.get("ceil_mode")),
    }  # fmt: skip
    if average:
        counted = source is not before or bool(settings.get("count_include_pad"))
        facts |= _divided(extent, padding, counted) | {"divisor_override": settings.get("divisor_override", 0)}
    step = call.step(kind, [source], facts, out)
    step.extent = extent
    return step


def _hides_zeros(before: Step, padding: Sides, window: Window, out: Shape) -> bool:
    """Are the zeros of a padding layer never the maximum? No element is less, and each window sees one."""
    if before.kind != "pad" or not before.inputs[0].not_negative:
        return False
    source, padding = _absorbed(before, padding, (0.0,))
    sizes = source.shape[-len(out) :]
    sides = zip(sizes, _extent(sizes, out, window, padding), window.kernel_size, window.dilation, strict=True)
    return all(max(reach) <= by * (kernel - 1) and by <= size for size, reach, kernel, by in sides)


def _divided(extent: Sides, padding: Sides, counted: bool) -> dict[str, Any]:
    """Whether an average counts the padding that its windows see. What they reach beyond it none counts."""
    pairs = [(reach, side) for one in zip(extent, padding, strict=True) for reach, side in zip(*one, strict=True)]
    counts = counted and any(min(pair) > 0 for pair in pairs)
    beyond = tuple(max(reach - side, 0) for reach, side in pairs)
    return {"count_include_pad": counts} | ({"beyond": beyond} if counts and any(beyond) else {})


def adaptive_pooling(call: Call) -> Step | View:
    if call.fixed:
        return other(call)
    axes, out, average = int(call.operation[-2]), call.out(), "avg" in call.operation
    rank = len(call.views[0].shape)
    if set(out[-axes:]) == {1} and not call.draft.written and rank == axes + 2:
        return over(call, "mean" if average else "max", range(2, rank), {})
    source = call.shown()
    before, after = source.shape[-axes:], out[-axes:]
    if before == after and not call.draft.written:
        return call.views[0]
    kind = "average pool" if average else "max pool"
    if set(after) == {1}:
        return _global_pool(call, source, f"global {kind}", axes)
    if any(size % made for size, made in zip(before, after, strict=True)):
        return call.step(f"adaptive {kind}", [source], {"output_size": after}, out)
    size = tuple(size // made for size, made in zip(before, after, strict=True))
    nothing = ((0, 0),) * len(size)
    facts: dict[str, Any] = {
        "kernel_size": size, "stride": size, "dilation": (1,) * len(size), "padding": nothing, "ceil_mode": False
    }  # fmt: skip
    step = call.step(
        kind, [source], facts | ({"count_include_pad": False, "divisor_override": 0} if average else {}), out
    )
    step.extent = nothing
    return step


def _global_pool(call: Call, source: Step, kind: str, axes: int) -> Step | View:
    if len(squeezed(source.shape[-axes:])) == 0 and not call.draft.written:
        return View.of(source, call.out())
    return call.step(kind, [source], {}, call.out())


def pad(call: Call) -> Step | View:
    sides, mode = call.settings.get("pad", []), call.settings.get("mode", "constant")
    if call.fixed or not isinstance(sides, list):
        return other(call)
    if not any(sides):
        return call.views[0]
    source = call.shown()
    axes = len(call.views[0].shape) - 2
    pairs = [(sides[i], sides[i + 1]) for i in range(0, len(sides), 2)]
    while len(pairs) > axes and not any(pairs[-1]):  # nothing of channels and images
        pairs.pop()
    if mode != "constant" or len(pairs) > axes:
        return call.step(
            f"{mode} padding", [source], {"sides": sides, "value": call.settings.get("value", 0)}, call.out()
        )
    pairs += [(0, 0)] * (axes - len(pairs))
    value = float(call.settings.get("value", 0) or 0)
    pairs.reverse()
    if source.kind == "pad" and source.facts["value"] == value and not call.draft.written and _only_adds(source, pairs):
        pairs = [(a + int(c), b + int(d)) for (a, b), (c, d) in zip(pairs, source.facts["padding"], strict=True)]
        source = source.inputs[0]
    return call.step("pad", [source], {"padding": tuple(pairs), "value": value}, call.out())


def _only_adds(before: Step, pairs: Sequence[tuple[int, int]]) -> bool:
    """Does nothing stand where a padding before it has cut something off?"""
    inner = [side for pair in before.facts["padding"] for side in pair]
    outer = [side for pair in pairs for side in pair]
    return all(cut >= 0 or more <= 0 for cut, more in zip(inner, outer, strict=True))


TORCHS = frozenset("size scale_factor mode align_corners recompute_scale_factor antialias".split())
"""What torch's interpolation takes."""


def interpolation(call: Call) -> Step:
    """By how much each axis grows, however that is said; a number that is not what comes of it counts besides."""
    settings, view = call.settings, call.views[0]
    given, made = view.shape[2:], call.out()[2:]
    how = [settings.get("mode", "nearest"), *(name for name in ("align_corners", "antialias") if settings.get(name))]
    how += [f"{name} {settings[name]}" for name in sorted(settings.keys() - TORCHS)]  # of a file
    facts: dict[str, Any] = {"mode": " with ".join(how)}
    facts["ratio"] = tuple(b / a for a, b in zip(given, made, strict=True))
    factor = settings.get("scale_factor")
    if factor is not None and not settings.get("recompute_scale_factor"):
        factors = tuple(factor) if isinstance(factor, list | tuple) else (factor,) * len(given)
        facts |= {"scale_factor": factors} if factors != facts["ratio"] else {}
    return with_fixed(call.step("interpolate", [call.shown()], facts), call)
