"""Convolutions, fully connected layers, poolings and padding. No torch."""

from archscope.differences.draft import Draft
from archscope.differences.rules import DEFAULTS, other
from archscope.differences.steps import Sides, Step, spatial, squeezed
from archscope.model.graph import Layer, Window


def convolution(step: Step, layer: Layer, draft: Draft) -> Step:
    window, padding = _absorb_padding(step, layer, zero_is_neutral=True)
    if window is None:
        return other(step, layer, draft)
    channels, filters = step.input_shape[0] if step.input_shape else 1, layer.output_shape[0]
    depthwise = 1 < layer.groups == channels
    covers = spatial(step.input_shape) == window.kernel_size and set(spatial(layer.output_shape)) == {1}
    if layer.groups == 1 and covers and not any(map(any, padding)):
        return _fully_connected(step, layer, filters)
    step.kind, step.extent = "conv", _extent(step, layer, window, padding)
    step.facts = {
        "kernel_size": window.kernel_size, "stride": window.stride, "dilation": window.dilation, "padding": padding,
        "filters": 0 if depthwise else filters, "multiplier": filters // channels if depthwise else 0,
        "groups": 0 if depthwise else layer.groups, "depthwise": depthwise,
        "bias": len(layer.parameters) > 1, "pad_mode": "zeros",
    }  # fmt: skip
    return step


def linear(step: Step, layer: Layer, draft: Draft) -> Step:
    return _fully_connected(step, layer, layer.output_shape[-1] if layer.output_shape else 1)


def _fully_connected(step: Step, layer: Layer, units: int) -> Step:
    """From all elements of one vector or map; `axes` counts those along which the same layer is applied again."""
    axes = len(squeezed(layer.output_shape)) - 1
    step.kind = "linear"
    step.facts = {"filters": units, "bias": len(layer.parameters) > 1, "axes": max(axes, 0)}
    return step


def transposed(step: Step, layer: Layer, draft: Draft) -> Step:
    window = layer.window
    if window is None:
        return other(step, layer, draft)
    step.kind = "transposed conv"
    step.facts = {
        "kernel_size": window.kernel_size, "stride": window.stride, "dilation": window.dilation,
        "padding": tuple((p, p) for p in window.padding), "filters": layer.output_shape[0], "groups": layer.groups,
        "bias": len(layer.parameters) > 1, "output_padding": layer.settings.get("output_padding", 0),
    }  # fmt: skip
    return step


def _absorb_padding(step: Step, layer: Layer, zero_is_neutral: bool) -> tuple[Window | None, Sides]:
    """The window, and its padding on every side: its own, and that of a padding layer before it."""
    window = layer.window
    if window is None or not step.inputs:
        return None, ()
    padding = [_own_padding(step, layer, axis) for axis in range(len(window.kernel_size))]
    before = step.inputs[0]
    neutral = before.kind == "pad" and (before.facts["value"] == float("-inf") or zero_is_neutral)
    if neutral and len(before.facts["padding"]) == len(padding):
        step.inputs = [before.inputs[0], *step.inputs[1:]]
        padding = [(a + c, b + d) for (a, b), (c, d) in zip(padding, before.facts["padding"], strict=True)]
    return window, tuple((int(a), int(b)) for a, b in padding)


def _own_padding(step: Step, layer: Layer, axis: int) -> tuple[int, int]:
    """Pixels before and after; `padding="same"` of an even kernel puts the odd one after."""
    window = layer.window
    assert window is not None
    before, reach = window.padding[axis], window.dilation[axis] * (window.kernel_size[axis] - 1)
    kept = layer.input_shapes[0][1 + axis] == layer.output_shape[1 + axis] and window.stride[axis] == 1
    odd = kept and "conv" in layer.operation and reach - before == before + 1
    return before, before + 1 if odd else before


def _extent(step: Step, layer: Layer, window: Window, padding: Sides) -> Sides:
    """How far the windows reach over each edge; less than the padding where the last ones do not come so far."""
    sizes = zip(spatial(step.input_shape), spatial(layer.output_shape), strict=True)
    found = []
    for axis, (size, out) in enumerate(sizes):
        before = padding[axis][0]
        reach = window.dilation[axis] * (window.kernel_size[axis] - 1) + 1
        found.append((before, (out - 1) * window.stride[axis] + reach - size - before))
    return tuple(found)


# ---- pooling --------------------------------------------------------------------------------------------------


def pooling(step: Step, layer: Layer, draft: Draft) -> Step:
    average = "avg" in layer.operation
    settings = {**DEFAULTS["avg_pool" if average else "max_pool"], **layer.settings}
    before = step.inputs[0]
    counted = settings.get("count_include_pad", False)
    padless = layer.window is not None and not any(layer.window.padding)
    absorbs = padless if average else bool(before.inputs) and before.inputs[0].not_negative
    padded = before.kind == "pad" and absorbs
    window, padding = _absorb_padding(step, layer, zero_is_neutral=absorbs)
    if window is None or len(layer.output_shape) != len(step.input_shape):
        return other(step, layer, draft)
    kind = "average pool" if average else "max pool"
    extent = _extent(step, layer, window, padding)
    if (
        spatial(step.input_shape) == window.kernel_size
        and set(spatial(layer.output_shape)) == {1}
        and not any(map(any, extent))
    ):
        return _global_pool(step, f"global {kind}")
    over = any(reach > 0 for sides in extent for reach in sides)
    step.kind, step.extent = kind, extent
    step.facts = {
        "kernel_size": window.kernel_size, "stride": window.stride, "dilation": window.dilation, "padding": padding,
        "ceil_mode": settings["ceil_mode"],
    }  # fmt: skip
    if average:
        divisor = settings.get("divisor_override", 0)
        step.facts = {**step.facts, "count_include_pad": over and (counted or padded), "divisor_override": divisor}
    return step


def adaptive_pooling(step: Step, layer: Layer, draft: Draft) -> Step:
    before, after = spatial(step.input_shape), spatial(layer.output_shape)
    if before == after:
        return step.inputs[0]
    average = "avg" in layer.operation
    kind = "average pool" if average else "max pool"
    if set(after) == {1}:
        return _global_pool(step, f"global {kind}")
    if any(size % out for size, out in zip(before, after, strict=True)):
        step.kind, step.facts = f"adaptive {kind}", {"output_size": after}
        return step
    size = tuple(size // out for size, out in zip(before, after, strict=True))
    nothing = ((0, 0),) * len(size)
    step.kind, step.extent = kind, nothing
    step.facts = {
        "kernel_size": size,
        "stride": size,
        "dilation": (1,) * len(size),
        "padding": nothing,
        "ceil_mode": False,
    }
    if average:
        step.facts = {**step.facts, "count_include_pad": False, "divisor_override": 0}
    return step


def mean(step: Step, layer: Layer, draft: Draft) -> Step:
    """Over all axes but the channels, at once or one after another: a global pooling."""
    source, axes = step.inputs[0], _axes(layer)
    if source.kind in {"mean", "max"} and source.kind == layer.operation and source.facts.get("axes"):
        gone = [axis for axis in source.facts["axes"] if len(source.shape) < len(source.input_shape)]
        axes = {axis + sum(axis >= one for one in gone) for axis in axes} | set(source.facts["axes"])
        source = source.inputs[0]
    elif source.kind == "reshape" and axes == {1} and len(source.shape) == 2:
        axes = set(range(1, len(source.input_shape))) if source.input_shape[0] == source.shape[0] else axes
        source = source.inputs[0] if len(axes) > 1 else source
    step.inputs = [source]
    if axes == set(range(1, len(source.shape))) and axes:
        return _global_pool(step, "global average pool" if layer.operation == "mean" else "global max pool")
    step.kind = "mean" if layer.operation == "mean" else "max"
    step.facts = {"axes": tuple(sorted(axes))}
    return step


def _axes(layer: Layer) -> set[int]:
    """The axes that are reduced, the channels being 0; none where all are."""
    given = layer.settings.get("dim", ())
    rank = len(layer.input_shapes[0])
    return {axis % (rank + 1) - 1 for axis in (given if isinstance(given, list | tuple) else [given])}


def _global_pool(step: Step, kind: str) -> Step:
    if len(squeezed(spatial(step.input_shape))) == 0:
        return step.inputs[0]
    step.kind, step.facts, step.extent = kind, {}, ()
    return step


def pad(step: Step, layer: Layer, draft: Draft) -> Step:
    sides = layer.settings.get("pad", [])
    if not any(sides):
        return step.inputs[0]
    constant = layer.settings.get("mode", "constant") == "constant"
    axes = len(spatial(step.input_shape))
    pairs = [(sides[i], sides[i + 1]) for i in range(0, len(sides), 2)]
    if not constant or len(pairs) > axes:
        step.kind, step.facts = f"{layer.settings.get('mode', 'constant')} padding", {"sides": sides}
        return step
    pairs += [(0, 0)] * (axes - len(pairs))
    step.kind = "pad"
    step.facts = {"padding": tuple(reversed(pairs)), "value": float(layer.settings.get("value", 0))}
    return step
