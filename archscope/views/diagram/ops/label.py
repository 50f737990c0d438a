"""What a box says: the operation in a word, its kernel, and what a reader of the paper needs to rebuild it."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from archscope.model.graph import Layer, Shape, Tensor, is_depthwise
from archscope.model.operations import CATEGORY
from archscope.views.diagram.ops.channels import joins_channels
from archscope.views.diagram.ops.functions import Function
from archscope.views.diagram.ops.names import own_name
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.ops.rewrites import is_concat_of_one

HOLDS_WEIGHTS = {"convolution", "transposed convolution", "linear", "recurrent", "embedding", "attention"}
HAS_OWN = {*HOLDS_WEIGHTS, "normalisation"}
"""Whose parameters go without saying."""

GIVEN = {"input", "query", "key", "value"}
"""Arguments of layers with weights that are no weights."""

KINDS = {
    "convolution": "conv", "transposed convolution": "conv", "pooling": "pool", "global pooling": "pool",
    "resampling": "pool", "linear": "linear", "product": "linear", "attention": "linear", "recurrent": "linear",
    "embedding": "linear",
}  # fmt: skip
JOINS = {
    "add": "add", "sum": "add", "mul": "mul", "cat": "cat", "stack": "cat",
    "hstack": "cat", "vstack": "cat",
}  # fmt: skip
DRAWN_VIEWS = {"pixel_shuffle", "pixel_unshuffle", "native_channel_shuffle"}
"""Views that figures draw: they mix channels and positions."""

RAISING = {"Interpolate", "PixelShuffle", "UpConv", "Upsample"}
"""Words of what makes the resolution higher."""

WRITTEN = "setitem"
"""What is written into a part of a tensor."""

COPIES = {"to", "float", "double", "half", "bfloat16", "contiguous", "clone"}
"""The same numbers, in another type or place."""

NEUTRAL = {"mul": 1, "div": 1, "add": 0, "sub": 0}

NAMED = {
    "cat": "Concat", "matmul": "MatMul", "bmm": "MatMul", "relu": "ReLU", "relu6": "ReLU6", "leaky_relu": "LeakyReLU",
    "rrelu": "RReLU", "prelu": "PReLU", "elu": "ELU", "selu": "SELU", "celu": "CELU", "gelu": "GELU", "silu": "SiLU",
    "glu": "GLU", "logsigmoid": "LogSigmoid", "logsumexp": "LogSumExp", "topk": "TopK", "argmax": "ArgMax",
    "argmin": "ArgMin", "argsort": "ArgSort", "cumsum": "CumSum", "cumprod": "CumProd", "rsub": "Sub",
    "gt": "Greater", "ge": "GreaterEqual", "lt": "Less", "le": "LessEqual", "eq": "Equal", "ne": "NotEqual",
    "mse_loss": "MSELoss", "l1_loss": "L1Loss", "kl_div": "KLDiv", "nll_loss": "NLLLoss",
}  # fmt: skip
"""Functions whose names as classes are no CamelCase of theirs."""

FFT = re.compile(r"fft_(i?[rh]?fft)[2n]?")
SCALARS = {
    "mul": "×{:g}", "div": "÷{:g}", "add": "+{:g}", "sub": "−{:g}", "rsub": "{:g} − x",
    "gt": ">{:g}", "ge": "≥{:g}", "lt": "<{:g}", "le": "≤{:g}", "eq": "={:g}", "ne": "≠{:g}",
}  # fmt: skip


def kind_of(layer: Layer) -> str:
    """Which colour and legend entry a layer has."""
    if is_depthwise(layer):
        return "depthwise"
    join = join_of(layer)
    if join:
        return {"add": "add", "cat": "concat", "mul": "other"}[join]
    return KINDS.get(CATEGORY.get(layer.operation, ""), "other")


def join_of(layer: Layer) -> str:
    """`add`, `cat` or `mul` where two tensors or more come together."""
    join = JOINS.get(layer.operation, "")
    return join if join and len(set(layer.inputs)) > 1 else ""


@dataclass(frozen=True)
class Customs:
    """What goes without saying in a network; the `axes` of its channels and its `parameters`, by name.

    `shared` are the weights that several layers have.

    `usual` is its activation; None: layers are not fused. Where convolutions are `normalised`, one that is followed
    by nothing is called linear, as in the papers. `computed` are the layers that read nothing but parameters, `gating`
    those that are multiplied with what has no activation.
    """

    axes: Mapping[str, int | None]
    parameters: Mapping[str, Tensor]
    shared: frozenset[str] = frozenset()
    usual: str | None = None
    normalised: bool = False
    computed: frozenset[str] = frozenset()
    gating: frozenset[str] = frozenset()


def labelled(
    main: Layer, layers: Sequence[Layer], path: str, inputs: tuple[str, ...], customs: Customs,
    function: Function | None = None,
) -> Op:  # fmt: skip
    """The Op of these layers; `function`: they are one call of it."""
    if function:
        return _of_function(function, layers, inputs, customs)
    seen = [layer for layer in layers if layer.name not in customs.computed] or layers
    convolutions = [layer for layer in seen if "convolution" in CATEGORY.get(layer.operation, "")]
    last = convolutions[-1] if convolutions else main
    separable = len(convolutions) > 1 and is_depthwise(main)
    facts = [
        *_width(main, last, customs.axes[main.name], customs.parameters),
        *_window_facts(main),
        *_extras(main),
        *_sizes(main, customs.parameters),
        *_along(main, customs.axes[main.name]),
        *_given_alone(main),
    ]
    if customs.usual is not None and len(seen) > 1:
        facts += _within(main, seen, customs.usual, customs.gating)
    if customs.normalised and len(seen) == 1 and "convolution" in CATEGORY.get(main.operation, ""):
        facts.append("linear")
    weight = weight_of(main) if CATEGORY.get(main.operation) in HOLDS_WEIGHTS else ""
    weight = weight if weight in customs.shared else ""
    facts += ["shared weights"] if weight else []
    facts += ["computed weight"] if len(seen) < len(layers) else []
    name = "SeparableConv" if separable else word(main)
    given = _given(layers)
    views = tuple((one.name, one.output_shape, customs.axes[one.name]) for one in layers if is_view(one))
    return Op(
        main.name, kind_of(main), name, path, tuple(layer.name for layer in layers), inputs, given.output_shape,
        _kernel(main), tuple(facts), join_of(main) if len(inputs) > 1 else "", channels=customs.axes[given.name],
        shared=weight, views=views,
    )  # fmt: skip


def _of_function(function: Function, layers: Sequence[Layer], inputs: tuple[str, ...], customs: Customs) -> Op:
    """A function of one tensor; how many numbers it gives where that are fewer or more than it takes."""
    main, given = function.layers[-1], _given(layers)
    read, made = function.layers[0].input_shapes[:1], main.output_shape
    facts = (str(made[-1]),) if made and read != (made,) and len(made) == 1 else ()
    names = tuple(layer.name for layer in layers)
    return Op(main.name, "other", function.word, function.path, names, inputs, given.output_shape, facts=facts,
              channels=customs.axes[given.name])  # fmt: skip


def weight_of(layer: Layer) -> str:
    """The first of a layer's own parameters: of those it has, not one that it is given."""
    given = given_parameters(layer)
    return next((name for name in layer.parameters if name not in given), "")


def given_parameters(layer: Layer) -> tuple[str, ...]:
    """Parameters that a layer with weights works on, such as learned queries."""
    if not layer.parameters:
        return ()
    found = [one.source for one in layer.operands if one.kind == "parameter" and one.argument in GIVEN]
    return tuple(dict.fromkeys(found))


def _sizes(layer: Layer, parameters: Mapping[str, Tensor]) -> list[str]:
    """Hidden units of a recurrent layer, heads of attention, rows and columns of an embedding."""
    category, settings = CATEGORY.get(layer.operation, ""), layer.settings
    if category == "recurrent" and layer.output_shape:
        both = 2 if settings.get("bidirectional") else 1
        layers = settings.get("num_layers", 1)
        said = [str(layer.output_shape[-1] // both), f"{layers} layers" if layers > 1 else ""]
        return [*filter(None, said), *(["bidirectional"] if both == 2 else [])]
    if category == "attention" and "num_heads" in settings:
        return [str(layer.output_shape[-1]), f"{settings['num_heads']} heads"]
    if category == "attention":
        learned = [one.shape[1:] for one in layer.operands if one.argument == "query" and one.kind == "parameter"]
        shape = next(iter((*learned, *layer.input_shapes)), ())
        return [heads(shape[-3], shape[-1])] if len(shape) > 2 else []
    if category == "embedding" and layer.parameters:
        return ["×".join(map(str, parameters[layer.parameters[0]].shape))]
    return []


def heads(count: int, width: int) -> str:
    return f"{count} head{'s' * (count > 1)} of {width}"


def _given(layers: Sequence[Layer]) -> Layer:
    """The layer whose tensor is the box's own: a view drawn within it says nothing new but what drops ones, nor does
    what is written elsewhere."""
    layers = [layer for layer in layers if layer.operation != WRITTEN] or layers
    last = layers[-1]
    if len(layers) == 1:
        return last
    own = next((layer for layer in reversed(layers) if not is_view(layer)), last)
    without_ones = [[size for size in layer.output_shape if size != 1] for layer in (own, last)]
    drops = without_ones[0] == without_ones[1] and len(last.output_shape) <= len(own.output_shape)
    return last if drops else own


def is_view(layer: Layer) -> bool:
    """Is its output its input, seen otherwise, and no box of its own in figures?"""
    if CATEGORY.get(layer.operation) == "dropout":
        return bool(layer.settings.get("p", 0.5) == 0)
    view = CATEGORY.get(layer.operation) == "view" and layer.operation not in DRAWN_VIEWS
    neutral = _scalar(layer) == NEUTRAL.get(layer.operation, "") and not layer.settings.get("rounding_mode")
    copied = layer.operation in COPIES or neutral
    return view or copied or is_concat_of_one(layer)


def word(layer: Layer) -> str:
    """Conv, MaxPool, GlobalAvgPool, Linear, ReLU, Concat ..."""
    category = CATEGORY.get(layer.operation, "")
    if category == "convolution":
        return "DepthwiseConv" if is_depthwise(layer) else "Conv"
    if category == "transposed convolution":
        return "UpConv"
    join = join_of(layer)
    if join:
        return "Stack" if layer.operation == "stack" else {"add": "+", "mul": "×", "cat": "Concat"}[join]
    kind = class_of(layer.kind)
    if category == "global pooling":
        every = layer.output_shape and set(layer.output_shape[1:]) <= {1}
        return ("Global" if every else "") + kind.removeprefix("Adaptive")
    if layer.operation in SCALARS and _scalar(layer) is not None:
        return "Scale" if layer.operation == "mul" else kind
    return kind or layer.operation


@cache
def class_of(kind: str) -> str:
    """A function's name as a class's: adaptive_avg_pool2d is AdaptiveAvgPool."""
    if transform := FFT.fullmatch(kind):
        return transform[1].upper()
    kind = kind.removesuffix("1d").removesuffix("2d").removesuffix("3d")
    return NAMED.get(kind) or "".join(part[:1].upper() + part[1:] for part in kind.split("_"))


def _kernel(layer: Layer) -> str:
    return "×".join(map(str, layer.window.kernel_size)) if layer.window else ""


def _width(main: Layer, last: Layer, axis: int | None, parameters: Mapping[str, Tensor]) -> list[str]:
    """Filters of a convolution, units of a linear layer, rows of a parameter that is multiplied from the left."""
    category = CATEGORY.get(main.operation, "")
    if "convolution" in category:
        rank = len(last.window.kernel_size) if last.window else 2
        return [str(last.output_shape[-rank - 1])] if len(last.output_shape) > rank else []
    if axis is None or not (category == "linear" or (category == "product" and main.parameters)):
        return []
    weight = parameters[main.parameters[0]].shape if main.operation in {"matmul", "mm", "bmm"} else ()
    left = len(weight) > 1 and len(main.output_shape) > 1 and weight[-1] != main.output_shape[-1]
    return [str(main.output_shape[-2 if left else axis])]


def _window_facts(layer: Layer) -> list[str]:
    window = layer.window
    if window is None:
        return []
    facts = []
    if set(window.stride) != {1}:
        facts.append(f"s{_one(window.stride)}")
    if set(window.dilation) != {1}:
        facts.append(f"dilation {_one(window.dilation)}")
    facts += _padding(layer)
    if layer.groups > 1 and not is_depthwise(layer):
        facts.append(f"{layer.groups} groups")
    return facts


def _padding(layer: Layer) -> list[str]:
    """V where a window wider than its stride has no padding, also an even one, which no padding on both sides keeps;
    the number where it is not the one that keeps sizes."""
    window = layer.window
    assert window is not None
    if "transposed" in CATEGORY.get(layer.operation, ""):
        return []
    keeps = tuple(d * (k - 1) // 2 for k, d in zip(window.kernel_size, window.dilation, strict=True))
    rank = len(window.kernel_size)
    sees_all = bool(layer.input_shapes) and layer.input_shapes[0][-rank:] == window.kernel_size
    up = ["ceil"] if _rounds_up(layer) else []
    extents = [d * (k - 1) + 1 for k, d in zip(window.kernel_size, window.dilation, strict=True)]
    bare = not any(window.padding) and any(size > step for size, step in zip(extents, window.stride, strict=True))
    if (window.padding == keeps and not bare) or window.kernel_size == window.stride or sees_all:
        return up
    if set(window.padding) != {0}:
        return [f"pad {_one(window.padding)}", *up]
    return up or ["V"]


def _rounds_up(layer: Layer) -> bool:
    """Does a pooling take windows that reach over the edge, so that its output is larger?"""
    window = layer.window
    if window is None or not layer.settings.get("ceil_mode") or not layer.input_shapes:
        return False
    rank = len(window.kernel_size)
    sizes = zip(layer.input_shapes[0][-rank:], layer.output_shape[-rank:], window.kernel_size, window.stride,
                window.padding, window.dilation, strict=True)  # fmt: skip
    return any(after > (before + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
               for before, after, kernel, stride, pad, dilation in sizes)  # fmt: skip


def _along(layer: Layer, axis: int | None) -> list[str]:
    """What a concatenation puts beside each other, where that is not channels; a stack makes an axis of its own."""
    if join_of(layer) != "cat" or layer.operation == "stack" or joins_channels(layer, axis):
        return []
    return ["batch"] if len(layer.output_shape) > 3 or axis == len(layer.output_shape) - 3 else ["positions"]


def _one(values: Shape) -> str:
    return str(values[0]) if len(set(values)) == 1 else "×".join(map(str, values))


def _scalar(layer: Layer) -> float | None:
    other = layer.settings.get("other")
    return other if isinstance(other, int | float) and not isinstance(other, bool) else None


def _extras(layer: Layer) -> list[str]:
    scalar = _scalar(layer)
    if layer.operation in SCALARS and scalar is not None:
        return [SCALARS[layer.operation].format(scalar)]
    category = CATEGORY.get(layer.operation)
    if layer.kind == layer.operation and layer.parameters and category not in HAS_OWN:  # the block's, such as a bias
        return [f"with {own_name(name)}" for name in layer.parameters]
    if category == "resampling":
        return _factor(layer)
    if category == "dropout":
        return [f"p {layer.settings.get('p', 0.5):g}"]
    return []


def _given_alone(layer: Layer) -> list[str]:
    """The parameters that a layer with weights works on where no line leads to it."""
    if layer.inputs or CATEGORY.get(layer.operation) not in HAS_OWN:
        return []
    return [f"with {own_name(name)}" for name in given_parameters(layer)]


def _factor(layer: Layer) -> list[str]:
    """`×2`: by how much the height grows, where every axis grows by as much."""
    if not layer.input_shapes:
        return []
    before, after = layer.input_shapes[0][1:], layer.output_shape[1:]
    factors = {new / old for new, old in zip(after, before, strict=False) if old}
    return [f"×{factor:.3g}" for factor in factors] if len(factors) == 1 and len(before) == len(after) else []


def _within(main: Layer, layers: Sequence[Layer], usual: str, gating: Container[str]) -> list[str]:
    """What stands before the convolution, and an activation other than the usual one, or one that is a gate."""
    if CATEGORY.get(main.operation) not in {"convolution", "transposed convolution", "linear"}:
        return []
    facts = []
    place = next(i for i, layer in enumerate(layers) if _weighs(layer))
    if any(CATEGORY.get(layer.operation) in {"normalisation", "activation"} for layer in layers[:place]):
        facts.append("pre-act")
    between = [layer for layer in layers[place:] if CATEGORY.get(layer.operation) == "activation"]
    return facts + [layer.kind for layer in between if layer.kind != usual or layer.name in gating]


def _weighs(layer: Layer) -> bool:
    return CATEGORY.get(layer.operation) in {"convolution", "transposed convolution", "linear"}
