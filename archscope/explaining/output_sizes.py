"""How large a layer's output is, axis by axis: the formulas of torch's documentation with the layer's numbers."""

from collections.abc import Callable, Iterator
from typing import Any

from archscope.explaining.expressions import evaluate, number, plus, raised, times
from archscope.model.graph import Layer
from archscope.model.operations import CATEGORY

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""What the places along the last axes are called."""

Size = tuple[str, str, str]
"""Which axis, an expression, and the key of its rule."""


def of_layer(layer: Layer) -> list[Size]:
    """The axes that are computed and not just kept; of those whose texts are equal one: `height, width`."""
    rule = OF_OPERATION.get(layer.operation) or OF_CATEGORY.get(CATEGORY.get(layer.operation, ""))
    if rule is None or not layer.output_shape or not layer.input_shapes:
        return []
    found: dict[tuple[str, str], list[str]] = {}
    for axis, of, text, why in rule(layer):
        # What a rule does not foresee gives another number than the trace's: then it is not said.
        if evaluate(text) == layer.output_shape[axis]:
            found.setdefault((text, why), []).append(of)
    return [(", ".join(of), text, why) for (text, why), of in found.items()]


Found = Iterator[tuple[int, str, str, str]]
"""An axis of the output by number, its name, an expression and the key of its rule."""


def each_place(values: Any, axes: int) -> list[int]:
    """A number for each axis: torch takes one for all."""
    listed = list(values) if isinstance(values, list | tuple) else [values]
    return listed if len(listed) == axes else listed[:1] * axes


def names(axes: int) -> tuple[str, ...]:
    return AXES.get(axes, tuple(f"axis {i + 1}" for i in range(axes)))


def window(layer: Layer) -> Found:
    """A convolution or a pooling: how often the window fits."""
    assert layer.window is not None
    axes = len(layer.window.kernel_size)
    rule = "output.pooling" if CATEGORY[layer.operation] == "pooling" else "output.convolution"
    if rule == "output.convolution":
        yield -axes - 1, "channels", number(layer.output_shape[-axes - 1]), "output.filters"
    same = layer.settings.get("padding") == "same"
    for i, of in enumerate(names(axes)):
        axis = i - axes
        size, after = layer.input_shapes[0][axis], layer.output_shape[axis]
        kernel, stride, padding, dilation = (
            values[i]
            for values in (
                layer.window.kernel_size, layer.window.stride, layer.window.padding, layer.window.dilation
            )
        )  # fmt: skip
        reach = number(kernel) if dilation == 1 else f"({dilation}·({kernel} - 1) + 1)"
        around = number(dilation * (kernel - 1)) if same else f"2·{padding}"
        rounded = "ceil" if layer.settings.get("ceil_mode") else "floor"
        text = f"{rounded}(({number(size)} + {around} - {reach}) / {stride}) + 1"
        why = "output.same" if same else f"{rule}.ceil" if rounded == "ceil" else rule
        if rounded == "ceil" and evaluate(text) == after + 1:
            text, why = f"{text} - 1", "output.pooling.beyond"
        yield axis, of, text, why


def transposed(layer: Layer) -> Found:
    """The way back of a convolution: as large as an image must be of which it makes this one."""
    assert layer.window is not None
    axes = len(layer.window.kernel_size)
    yield -axes - 1, "channels", number(layer.output_shape[-axes - 1]), "output.filters"
    more = each_place(layer.settings.get("output_padding", 0), axes)
    for i, of in enumerate(names(axes)):
        axis = i - axes
        kernel, stride, padding, dilation = (
            values[i]
            for values in (
                layer.window.kernel_size, layer.window.stride, layer.window.padding, layer.window.dilation
            )
        )  # fmt: skip
        text = f"({number(layer.input_shapes[0][axis])} - 1)·{stride} - 2·{padding} + {dilation}·({kernel} - 1)"
        yield axis, of, f"{text} + {more[i]} + 1", "output.transposed"


def adaptive(layer: Layer) -> Found:
    axes = int(layer.operation[layer.operation.index("pool") + 4])
    for i, of in enumerate(names(axes)):
        yield i - axes, of, number(layer.output_shape[i - axes]), "output.adaptive"


def linear(layer: Layer) -> Found:
    yield -1, "features", number(layer.output_shape[-1]), "output.units"


def joined(layer: Layer) -> Found:
    """A concatenation: along its axis the sizes add up."""
    sizes = {len(shape) for shape in layer.input_shapes}
    if len(sizes) != 1:
        return
    (rank,) = sizes
    for axis in range(rank):
        along = [shape[axis] for shape in layer.input_shapes]
        others = [shape[:axis] + shape[axis + 1 :] for shape in layer.input_shapes]
        if len(set(others)) == 1 and sum(along) == layer.output_shape[axis]:
            of = "channels" if axis == 0 and rank in {3, 4} else f"axis {axis + 1}"
            yield axis, of, plus(*along), "output.joined"
            return


def flat(layer: Layer) -> Found:
    """A tensor laid out along one axis."""
    given = layer.input_shapes[0]
    if len(layer.output_shape) == 1 < len(given):
        yield 0, "features", times(*given), "output.flat"


def padded(layer: Layer) -> Found:
    by, given = layer.settings.get("pad") or [], layer.input_shapes[0]
    called = ("channels", *names(len(given) - 1)) if len(given) > 1 else names(1)
    for i in range(min(len(by) // 2, len(given))):  # torch lists the last axis first
        before, after = by[2 * i], by[2 * i + 1]
        if isinstance(before, int) and isinstance(after, int) and (before or after):
            signs = "".join(f" {'-' if each < 0 else '+'} {abs(each)}" for each in (before, after))
            yield -1 - i, called[-1 - i], f"{number(given[-1 - i])}{signs}", "output.padded"


def resampled(layer: Layer) -> Found:
    axes = len(layer.output_shape) - 1
    scales = layer.settings.get("scale_factor")
    for i, of in enumerate(names(axes)):
        scale = each_place(scales, axes)[i] if scales is not None else None
        size = layer.input_shapes[0][i - axes]
        text = f"floor({number(size)}·{scale:g})" if scale else number(layer.output_shape[i - axes])
        yield i - axes, of, text, "output.scaled" if scale else "output.adaptive"


def embedded(layer: Layer) -> Found:
    yield -1, "features", number(layer.output_shape[-1]), "output.embedded"


def recurrent(layer: Layer) -> Found:
    directions = 2 if layer.settings.get("bidirectional") else 1
    hidden, left = divmod(layer.output_shape[-1], directions)
    if not left:
        yield -1, "features", times(directions, hidden) if directions > 1 else number(hidden), "output.recurrent"


def shuffled(layer: Layer) -> Found:
    """Channels as pixels."""
    channels, *places = layer.input_shapes[0][-3:]
    factor = int(layer.settings.get("upscale_factor", 1))
    yield -3, "channels", f"{number(channels)} / {raised(factor, 2)}", "output.pixel_shuffle"
    for i, of in enumerate(AXES[2]):
        yield i - 2, of, times(places[i], factor), "output.pixel_shuffle"


OF_CATEGORY: dict[str, Callable[[Layer], Found]] = {
    "convolution": window, "transposed convolution": transposed, "pooling": window, "linear": linear,
    "recurrent": recurrent,
}  # fmt: skip
OF_OPERATION: dict[str, Callable[[Layer], Found]] = {
    "cat": joined, "flatten": flat, "view": flat, "reshape": flat, "pad": padded, "interpolate": resampled,
    "embedding": embedded, "pixel_shuffle": shuffled,
    **dict.fromkeys([f"adaptive_{kind}_pool{axes}d" for kind in ("avg", "max") for axes in (1, 2, 3)], adaptive),
}  # fmt: skip
