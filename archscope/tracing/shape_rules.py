"""Output shapes of the everyday operations, in plain Python.

torch can tell every shape on the meta device, but the first such question imports a second's worth of Python
(sympy, and more behind it). These rules answer the common ones in microseconds; `None` means: ask torch. They
never judge: where sizes do not fit they return None too, and torch then words the error.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeGuard

from archscope.model.graph import Shape, Window
from archscope.model.operations import CATEGORY
from archscope.model.windows import pair

Settings = Mapping[str, Any]
Rule = Callable[[Sequence[Shape], Settings, Window | None], list[Shape] | None]


# ---- sliding windows -----------------------------------------------------------------------------------------


def windowed(size: Shape, window: Window, ceil_mode: bool = False) -> Shape | None:
    """Spatial sizes after a window has slid over them."""
    sizes = []
    axes = zip(size, window.kernel_size, window.stride, window.padding, window.dilation, strict=True)
    for length, kernel, stride, padding, dilation in axes:
        room = length + 2 * padding - dilation * (kernel - 1) - 1
        if room < 0:
            return None
        steps = -(-room // stride) if ceil_mode else room // stride
        if ceil_mode and steps * stride >= length + padding:
            steps -= 1  # torch drops a window that starts in the right-hand padding
        sizes.append(steps + 1)
    return tuple(sizes)


def fits(window: Window | None, axes: int) -> TypeGuard[Window]:
    """Is it a window of `axes` axes, with numbers that torch takes?"""
    if window is None or axes < 1:
        return False
    positive = (window.kernel_size, window.stride, window.dilation)
    lengths = {len(numbers) for numbers in (*positive, window.padding)}
    return lengths == {axes} and min(map(min, positive)) > 0 and min(window.padding) >= 0


def convolution(shapes: Sequence[Shape], settings: Settings, window: Window | None) -> list[Shape] | None:
    (image, weight), bias, groups = shapes[:2], shapes[2:], settings["groups"]
    if not fits(window, len(image) - 2) or len(image) != len(weight) or 0 in image or 0 in weight:
        return None
    if image[1] != weight[1] * groups or weight[0] % groups or any(shape != weight[:1] for shape in bias):
        return None
    if settings["padding"] == "same":
        return [(image[0], weight[0], *image[2:])] if set(window.stride) == {1} else None
    spatial = windowed(image[2:], window)
    return [(image[0], weight[0], *spatial)] if spatial else None


def transposed_convolution(shapes: Sequence[Shape], settings: Settings, window: Window | None) -> list[Shape] | None:
    (image, weight), bias, groups = shapes[:2], shapes[2:], settings["groups"]
    axes = len(image) - 2
    if not fits(window, axes) or len(image) != len(weight) or 0 in image or 0 in weight:
        return None
    channels = weight[1] * groups
    if image[1] != weight[0] or image[1] % groups or any(shape != (channels,) for shape in bias):
        return None
    spatial = []
    extra = pair(settings["output_padding"], axes)
    for length, kernel, stride, padding, dilation, more in zip(
        image[2:], window.kernel_size, window.stride, window.padding, window.dilation, extra, strict=True
    ):
        spatial.append((length - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1)
        if not 0 <= more < max(stride, dilation) or spatial[-1] < 1:
            return None
    return [(image[0], channels, *spatial)]


def pooling(axes: int) -> Rule:
    def rule(shapes: Sequence[Shape], settings: Settings, window: Window | None) -> list[Shape] | None:
        image = shapes[0]
        if len(shapes) != 1 or len(image) != axes + 2 or 0 in image or not fits(window, axes):
            return None
        if settings.get("return_indices") or settings.get("divisor_override") == 0:
            return None
        if any(2 * padding > kernel for padding, kernel in zip(window.padding, window.kernel_size, strict=True)):
            return None
        if axes == 3 and any(length < kernel for length, kernel in zip(image[2:], window.kernel_size, strict=True)):
            return None  # avg_pool3d refuses what its padding would make large enough
        spatial = windowed(image[2:], window, bool(settings.get("ceil_mode")))
        return [(*image[:2], *spatial)] if spatial else None

    return rule


def global_pooling(axes: int) -> Rule:
    def rule(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
        size = settings.get("output_size")
        if len(shapes[0]) != axes + 2 or 0 in shapes[0] or size is None or settings.get("return_indices"):
            return None
        sizes = (size,) * axes if isinstance(size, int) else tuple(size)
        if len(sizes) != axes or not all(isinstance(length, int) and length > 0 for length in sizes):
            return None
        return [(*shapes[0][:2], *sizes)]

    return rule


# ---- products ------------------------------------------------------------------------------------------------


def linear(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    activation, weight = shapes[:2]
    if len(weight) != 2 or activation[-1:] != weight[1:] or any(shape != weight[:1] for shape in shapes[2:]):
        return None
    return [(*activation[:-1], weight[0])]


def matmul(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    left, right = shapes[0], shapes[-1]
    if len(shapes) != 2 or len(left) != len(right) or len(left) < 2 or left[-1] != right[-2] or left[:-2] != right[:-2]:
        return None
    return [(*left[:-1], right[-1])]


def batched_matmul(rank: int) -> Rule:
    def rule(shapes: Sequence[Shape], settings: Settings, window: Window | None) -> list[Shape] | None:
        return matmul(shapes, settings, window) if {len(shape) for shape in shapes} == {rank} else None

    return rule


def recurrent(states: int) -> Rule:
    """`states`: how many tensors a layer remembers; two for an LSTM."""

    def rule(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
        sequence, hidden = shapes[0], shapes[1]
        directions = 2 if settings["bidirectional"] else 1
        depth = settings["num_layers"] * directions
        batch = sequence[0 if settings["batch_first"] else 1]
        if len(sequence) != 3 or any(shape[:-1] != (depth, batch) for shape in shapes[1 : states + 1]):
            return None
        if shapes[states + 1][1:] != sequence[2:]:
            return None
        return [(*sequence[:-1], directions * hidden[-1]), *shapes[1 : states + 1]]

    return rule


# ---- elementwise ---------------------------------------------------------------------------------------------


def same(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    return [shapes[0]] if len(shapes) == 1 else None


def elementwise(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    if all(shape == shapes[0] for shape in shapes):
        return [shapes[0]]
    rank = max(len(shape) for shape in shapes)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    sizes = [{size for size in axis if size != 1} for axis in zip(*padded, strict=True)]
    return None if any(len(size) > 1 for size in sizes) else [tuple(next(iter(size), 1) for size in sizes)]


def dropout(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    return [shapes[0]] if 0 <= settings.get("p", 0.5) <= 1 else None


def clamp(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    bounded = settings.get("min") is not None or settings.get("max") is not None
    return [shapes[0]] if bounded and len(shapes) == 1 else None


def prelu(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    image, slope = shapes
    return [image] if len(image) > 1 and slope in ((1,), image[1:2]) else None


def softmax(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    rank, axis = len(shapes[0]), settings.get("dim")
    return [shapes[0]] if isinstance(axis, int) and -rank <= axis < rank else None


# ---- normalisation -------------------------------------------------------------------------------------------


def batch_norm(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    """torch refuses to train on one value per channel; the batch that a trace stands for has more than one image."""
    image = shapes[0]
    return [image] if len(image) > 1 and all(shape == image[1:2] for shape in shapes[1:]) else None


def layer_norm(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    axes = tuple(settings["normalized_shape"])
    fitting = axes and shapes[0][-len(axes) :] == axes and all(shape == axes for shape in shapes[1:])
    return [shapes[0]] if fitting else None


def group_norm(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    image, groups = shapes[0], settings["num_groups"]
    if len(image) < 3 or groups < 1 or image[1] % groups or prod(image[1:]) <= groups:
        return None
    return [image] if all(shape == image[1:2] for shape in shapes[1:]) else None


def local_response_norm(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    return [shapes[0]] if len(shapes[0]) > 2 and 0 not in shapes[0] else None


# ---- movement and reduction ----------------------------------------------------------------------------------


def cat(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    first, axis = shapes[0], settings["dim"]
    axis += len(first) if axis < 0 else 0
    if any(len(shape) != len(first) for shape in shapes) or not 0 <= axis < len(first):
        return None
    if any(shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :] for shape in shapes):
        return None
    return [(*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])]


def stack(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    first, axis = shapes[0], settings["dim"]
    axis += len(first) + 1 if axis < 0 else 0
    if any(shape != first for shape in shapes) or not 0 <= axis <= len(first):
        return None
    return [(*first[:axis], len(shapes), *first[axis:])]


def reduction(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    """Over the axes `dim`; a call that leaves them out means all of them, and torch is asked."""
    shape, axes = shapes[0], settings.get("dim")
    axes = (axes,) if isinstance(axes, int) else axes
    rank = len(shape)
    if not axes or 0 in shape or not all(isinstance(axis, int) and -rank <= axis < rank for axis in axes):
        return None
    gone = {axis % rank for axis in axes}
    if len(gone) != len(axes):
        return None
    kept = [(axis, 1 if axis in gone else size) for axis, size in enumerate(shape)]
    return [tuple(size for axis, size in kept if settings.get("keepdim") or axis not in gone)]


RESAMPLED_RANKS = {"nearest": (3, 4, 5), "nearest-exact": (3, 4, 5), "linear": (3,), "bilinear": (4,),
                   "bicubic": (4,), "trilinear": (5,)}  # fmt: skip


def interpolate(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    image, size, scale = shapes[0], settings.get("size"), settings.get("scale_factor")
    mode = settings.get("mode", "nearest")
    if (
        len(image) not in RESAMPLED_RANKS.get(mode, ())
        or settings.get("antialias")
        or (size is None) == (scale is None)
    ):
        return None
    if mode.startswith("nearest") and settings.get("align_corners") is not None:
        return None
    given: Any = scale if size is None else size
    numbers: tuple[Any, ...] = (given,) * (len(image) - 2) if isinstance(given, int | float) else tuple(given)
    if len(numbers) != len(image) - 2 or 0 in image:
        return None
    spatial = numbers if scale is None else tuple(int(n * factor) for n, factor in zip(image[2:], numbers, strict=True))
    return [(*image[:2], *spatial)] if min(spatial) > 0 else None


def attention(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    """Without a mask, of queries, keys and values that are batch x heads x places x features."""
    if len(shapes) != 3 or any(len(shape) != 4 or 0 in shape for shape in shapes):
        return None
    query, key, value = shapes
    alike = query[:2] == key[:2] == value[:2] and query[3] == key[3] and key[2] == value[2]
    return [(*query[:3], value[3])] if alike and settings.get("attn_mask") is None else None


def pixel_shuffle(shapes: Sequence[Shape], settings: Settings, _: Window | None) -> list[Shape] | None:
    image, factor = shapes[0], settings["upscale_factor"]
    if len(image) != 4 or 0 in image or factor < 2 or image[1] % factor**2:
        return None
    return [(image[0], image[1] // factor**2, image[2] * factor, image[3] * factor)]


BINARY = "add sub rsub mul div pow rpow minimum maximum"
UNARY = """neg abs exp expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan sinh cosh erf erfc floor ceil
    round trunc frac"""

RULES: dict[str, Rule] = {
    "linear": linear, "matmul": matmul, "bmm": batched_matmul(3), "mm": batched_matmul(2),
    "lstm": recurrent(2), "gru": recurrent(1), "rnn_tanh": recurrent(1), "rnn_relu": recurrent(1),
    "batch_norm": batch_norm, "layer_norm": layer_norm, "group_norm": group_norm,
    "local_response_norm": local_response_norm, "prelu": prelu, "clamp": clamp,
    "softmax": softmax, "scaled_dot_product_attention": attention, "log_softmax": softmax,
    "cat": cat, "stack": stack,
    "mean": reduction, "sum": reduction, "amax": reduction, "amin": reduction,
    "interpolate": interpolate, "pixel_shuffle": pixel_shuffle,
}  # fmt: skip
for _axes in (1, 2, 3):
    RULES |= {f"conv{_axes}d": convolution, f"conv_transpose{_axes}d": transposed_convolution}
    RULES |= {f"{kind}_pool{_axes}d": pooling(_axes) for kind in ("max", "avg")}
    RULES |= {f"adaptive_{kind}_pool{_axes}d": global_pooling(_axes) for kind in ("max", "avg")}
RULES |= dict.fromkeys(BINARY.split(), elementwise)
RULES |= dict.fromkeys(UNARY.split(), same)
RULES |= {operation: dropout for operation, category in CATEGORY.items() if category == "dropout"}
RULES |= {
    operation: same
    for operation, category in CATEGORY.items()
    if category == "activation" and operation not in {"glu", "prelu", "rrelu"}
}

ROW_BY_ROW = frozenset({"linear", "layer_norm"})
"""Operations whose result lies row by row, however their operands lie."""

POINTWISE = {operation for operation, rule in RULES.items() if rule in (same, elementwise, dropout, clamp)}
"""Operations whose result lies in memory as their operands do, when those all lie alike."""


def output_shapes(
    operation: str, shapes: Sequence[Shape], settings: Settings, window: Window | None
) -> list[Shape] | None:
    """Shapes that `operation` gives for operands of these full shapes (batch included), or None if no rule knows."""
    rule = RULES.get(operation)
    return rule(shapes, settings, window) if rule else None
