"""Convolutions, products, normalisations, poolings and recurrent layers, as torch's functions are called."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from archscope.model.graph import Shape, Window
from archscope.reading.drafting import Value
from archscope.reading.onnx.model import Stored
from archscope.reading.onnx.node import UNUSUAL, Node, Rule

Given = list[tuple[str, Value]]

# ---- windows -----------------------------------------------------------------------------------------------------


def sides(node: Node, sizes: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[Shape, Shape]:
    """Padding before and after, along each axis: as the node has it, or as TensorFlow pads."""
    axes, auto = len(kernel), node.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        reaches = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
        total = [max((-(-n // s) - 1) * s + r - n, 0) for n, s, r in zip(sizes, stride, reaches, strict=True)]
        less, more = tuple(n // 2 for n in total), tuple(n - n // 2 for n in total)
        return (less, more) if auto == "SAME_UPPER" else (more, less)
    pads = node.get("pads", [0] * 2 * axes) if auto == "NOTSET" else [0] * 2 * axes
    return tuple(pads[:axes]), tuple(pads[axes:])


def window_of(node: Node, kernel: Shape) -> tuple[Window, Shape]:
    """The window, and the padding after, where it is another than before."""
    ones = [1] * len(kernel)
    stride, dilation = tuple(node.get("strides", ones)), tuple(node.get("dilations", ones))
    before, after = sides(node, node.shape(0)[2:], kernel, stride, dilation)
    return Window(kernel, stride, before, dilation), after


def padded(node: Node, x: Value, before: Shape, after: Shape, value: float) -> Value:
    """A layer of its own for padding that is not alike on both sides, which no window of torch's has."""
    shape = tuple(n + a + b for n, a, b in zip(x.shape[2:], before, after, strict=True))
    pad = [side for pair in zip(reversed(before), reversed(after), strict=True) for side in pair]
    settings: dict[str, Any] = {"pad": pad, "mode": "constant"} | ({"value": value} if value else {})
    return node.add("pad", [("input", x)], settings, [(*x.shape[:2], *shape)])[0]


def convolution(node: Node, places: Sequence[int] = (0, 1, 2), buffers: Sequence[int] = ()) -> None:
    """`places` are those of input, weight and bias; `buffers` those of scales and zero points."""
    x, weight, bias = places
    kernel = node.shape(weight)[2:]
    window, after = window_of(node, kernel)
    values: Given = [("input", node.value(x)), ("weight", node.value(weight, "weight"))]
    if after != window.padding:
        values[0] = "input", padded(node, values[0][1], window.padding, after, 0)
        window = replace(window, padding=(0,) * len(kernel))
    values += [("bias", node.value(bias, "weight"))] if node.has(bias) else _bias_after(node, node.shape(weight)[0])
    values += [(f"scale_{place}", node.value(place, "statistic")) for place in buffers if node.has(place)]
    node.is_operation(f"conv{len(kernel)}d", values, {}, window=window, groups=node.get("group", 1))


def transposed(node: Node) -> None:
    kernel = node.shape(1)[2:]
    ones = [1] * len(kernel)
    stride, dilation = tuple(node.get("strides", ones)), tuple(node.get("dilations", ones))
    pads = node.get("pads", [0] * 2 * len(kernel))
    before, after = tuple(pads[: len(kernel)]), tuple(pads[len(kernel) :])
    settings: dict[str, Any] = {"output_padding": node.get("output_padding", [0] * len(kernel))}
    if before != after or node.get("auto_pad", "NOTSET") != "NOTSET":
        settings["padding_after"] = node.get("auto_pad", list(after))
    values: Given = [("input", node.value(0)), ("weight", node.value(1, "weight"))]
    values += [("bias", node.value(2, "weight"))] if node.has(2) else []
    window = Window(kernel, stride, before, dilation)
    node.is_operation(
        f"conv_transpose{len(kernel)}d", values, settings, window=window, groups=node.get("group", 1)
    )  # fmt: skip


def pooling(node: Node) -> None:
    kernel = tuple(node.attributes["kernel_shape"])
    kind = {"MaxPool": "max_pool", "AveragePool": "avg_pool", "LpPool": "lp_pool"}[node.operator]
    window, after = window_of(node, kernel)
    x = node.value(0)
    settings: dict[str, Any] = {"ceil_mode": bool(node.get("ceil_mode", 0))}
    if kind == "max_pool":
        settings["return_indices"] = len(node.outputs) > 1
        if after != window.padding:
            x = padded(node, x, window.padding, after, float("-inf"))
            window = replace(window, padding=(0,) * len(kernel))
    elif kind == "avg_pool":
        settings["count_include_pad"] = bool(node.get("count_include_pad", 0))
    else:
        settings["norm_type"] = node.get("p", 2)
    if after != window.padding and kind != "max_pool":
        settings["padding_after"] = list(after)
    node.is_operation(f"{kind}{len(kernel)}d", [("input", x)], settings, window=window)


def global_pooling(node: Node) -> None:
    axes = len(node.shape(0)) - 2
    kind = {"GlobalAveragePool": "avg", "GlobalMaxPool": "max"}[node.operator]
    node.is_operation(f"adaptive_{kind}_pool{axes}d", [("input", node.value(0))], {"output_size": 1})


# ---- products ----------------------------------------------------------------------------------------------------


def _bias_after(node: Node, units: int) -> Given:
    """An addition of one number a channel that alone reads the result is its bias, and is read with it."""
    reading, name = node.reading, node.proto.output[0]
    reader = reading.readers.get(name)
    if (
        reader is None
        or reading.model.reads.get(name) != 1
        or reader.op_type != "Add"
        or len(reader.input) != 2
        or reader.domain
    ):
        return []
    other = reader.input[1] if reader.input[0] == name else reader.input[0]
    stored = reading.model.stored.get(other)
    axis = 1 if node.proto.op_type.endswith("Conv") else -1
    shape, out = stored.shape if stored else (), node.out()
    along = len(out) - 1 if axis < 0 else len(out) - 2
    place = len(shape) - (1 if axis < 0 else len(out) - 1)
    fits = stored is not None and 0 <= place < len(shape) and shape[place] == units == prod(shape) and along >= 0
    if not fits or not stored or reader.output[0] not in reading.known or stored.dtype.startswith("int"):
        return []
    reading.taken.add(id(reader))
    del node.proto.output[:]
    node.proto.output.append(reader.output[0])
    return [("bias", reading.held(replace(stored, shape=(units,)), "weight", node.path))]


def as_weight(stored: Stored, transpose: bool) -> Stored:
    """Units x features, as torch has it; the file may have it the other way round."""
    return replace(stored, shape=stored.shape[::-1]) if transpose else stored


def _linear(node: Node, x: int, weight: Stored, more: Given, settings: dict[str, Any]) -> None:
    """The parameter has torch's shape from the first, so that it is not said to be shown otherwise."""
    values: Given = [("input", node.value(x))]
    held = node.reading.held(replace(weight, views=()), "weight", node.path)
    node.is_operation("linear", [*values, ("weight", held), *more], settings)


def gemm(node: Node) -> None:
    """alpha A B + beta C, of two matrices."""
    settings = {name: node.get(name, 1.0) for name in ("alpha", "beta") if node.get(name, 1.0) != 1.0}
    weight = node.stored(1)
    if weight is None or node.get("transA", 0) or node.stored(0) is not None:
        values = [("mat1", node.value(0)), ("mat2", node.value(1))]
        if node.get("transA", 0) or node.get("transB", 0):
            settings |= {"transpose": [node.get("transA", 0), node.get("transB", 0)]}
            first = node.shape(0)[:: -1 if node.get("transA", 0) else 1]
            values[0] = "mat1", replace(values[0][1], shape=first)
        given = [("input", node.value(2, "weight"))] if node.has(2) else []
        node.is_operation("addmm" if given else "mm", [*given, *values] if given else [
            ("input", values[0][1]), values[1]], settings)  # fmt: skip
        return
    weight = as_weight(weight, not node.get("transB", 0))
    bias = node.stored(2)
    if node.has(2) and (bias is None or bias.elements != weight.shape[0]):
        settings["added"] = True
    more = [("bias", node.value(2, "weight"))] if node.has(2) else _bias_after(node, weight.shape[0])
    _linear(node, 0, weight, more, settings)


def matmul(node: Node, places: Sequence[int] = (0, 1), buffers: Sequence[int] = ()) -> None:
    """With a stored matrix a fully connected layer along the last axis, else a product."""
    a, b = places
    weight = node.stored(b)
    scales: Given = [(f"scale_{place}", node.value(place, "statistic")) for place in buffers if node.has(place)]
    if weight is not None and len(weight.shape) == 2 and node.stored(a) is None:
        weight = as_weight(weight, True)
        _linear(node, a, weight, [*_bias_after(node, weight.shape[0]), *scales], {})
        return
    node.is_operation("matmul", [("input", node.value(a)), ("other", node.value(b)), *scales], {})


def einsum(node: Node) -> None:
    values = [(f"operands.{place}", node.value(place)) for place in range(len(node.proto.input))]
    node.is_operation("einsum", values, {"equation": node.attributes["equation"]})


def attention(node: Node) -> None:
    """Of queries, keys and values: heads side by side cost what they cost one after another."""
    values = [(name, node.value(place)) for place, name in enumerate(("query", "key", "value"))]
    mask = 3 if node.operator == "Attention" else 5
    values += [("attn_mask", node.value(mask))] if node.has(mask) else []
    heads = node.get("q_num_heads", node.get("num_heads", 0))
    settings = {"dropout_p": 0.0, "is_causal": bool(node.get("is_causal", node.get("unidirectional", 0)))}
    settings |= {"heads": heads} if heads else {}
    settings |= {"scale": node.get("scale", 0.0)} if node.get("scale", 0.0) else {}
    node.is_operation("scaled_dot_product_attention", values, settings)


# ---- normalisations ----------------------------------------------------------------------------------------------


def batch_norm(node: Node) -> None:
    """ONNX keeps so much of the old statistics, torch takes so much of the new."""
    momentum = round(1 - node.get("momentum", 0.9), 7)
    settings = {"training": bool(node.get("training_mode", 0)), "momentum": momentum, "eps": node.get("epsilon", 1e-5)}
    values = [("input", node.value(0)), ("running_mean", node.value(3, "statistic")),
              ("running_var", node.value(4, "statistic")), ("weight", node.value(1, "weight")),
              ("bias", node.value(2, "weight"))]  # fmt: skip
    shapes, dtypes = [node.out()], [node.dtype()]
    made = node.add("batch_norm", values, settings, shapes, dtypes)
    node.give(made * len(node.outputs))


def scaled(node: Node, first: int = 1) -> Given:
    """Gamma and beta, where they are there."""
    found = [("weight", node.value(first, "weight"))] if node.has(first) else []
    return found + ([("bias", node.value(first + 1, "weight"))] if node.has(first + 1) else [])


def layer_norm(node: Node) -> None:
    axis = node.get("axis", -1) % len(node.shape(0))
    name = "layer_norm" if node.operator == "LayerNormalization" else "rms_norm"
    settings = {"normalized_shape": list(node.shape(0)[axis:]), "eps": node.get("epsilon", 1e-5)}
    made = node.add(name, [("input", node.value(0)), *scaled(node)], settings, [node.out()], [node.dtype()])
    node.give(made * len(node.outputs))


def group_norm(node: Node) -> None:
    settings = {"num_groups": node.attributes["num_groups"], "eps": node.get("epsilon", 1e-5)}
    node.is_operation("group_norm", [("input", node.value(0)), *scaled(node)], settings)


def instance_norm(node: Node) -> None:
    """Torch's exporter writes ones and zeros where there is neither gamma nor beta."""
    settings = {"use_input_stats": True, "momentum": 0.1, "eps": node.get("epsilon", 1e-5)}
    has_none = _is_written(node, 1, 1) and _is_written(node, 2, 0)
    node.is_operation("instance_norm", [("input", node.value(0)), *([] if has_none else scaled(node))], settings)


def _is_written(node: Node, place: int, number: int) -> bool:
    """Is it this number again and again, in a node of its own, or in what is said to be no parameter?"""
    stored, kinds = node.stored(place), node.reading.model.kinds
    written = stored is not None and (stored.by_node or (bool(kinds) and kinds.get(stored.owner) != "PARAMETER"))
    return written and set(node.numbers(place) or ()) == {number}


def local_response_norm(node: Node) -> None:
    settings = {"size": node.attributes["size"], "alpha": node.get("alpha", 1e-4), "beta": node.get("beta", 0.75),
                "k": node.get("bias", 1.0)}  # fmt: skip
    node.is_operation("local_response_norm", [("input", node.value(0))], settings)


# ---- recurrent layers --------------------------------------------------------------------------------------------


def recurrent(node: Node) -> None:
    """One layer in one or two directions: a matrix of the input and one of the state for each."""
    operation = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn_tanh"}[node.operator]
    directions = node.shape(1)[0]
    values: Given = [("input", node.value(0))]
    for i in range(directions):
        for place, name in ((1, "weight_ih"), (2, "weight_hh")):
            held = node.value(place, "weight")
            values.append((f"weights.{name}_{i}", replace(held, shape=held.shape[1:])))
    values += [("bias", node.value(3, "weight"))] if node.has(3) else []
    begins = [place for place in (5, 6) if node.has(place) and any(node.numbers(place) or [1])]  # zeros are none
    values += [(f"hx.{place - 5}" if operation == "lstm" else "hx", node.value(place)) for place in begins]
    settings = {"has_biases": node.has(3), "num_layers": 1, "dropout": 0.0, "train": False,
                "bidirectional": directions == 2, "batch_first": bool(node.get("layout", 0)),
                "hidden_size": node.attributes["hidden_size"]}  # fmt: skip
    if node.get("direction", "forward") == "reverse":
        settings["direction"] = "reverse"
    activations = list(node.get("activations", []))
    if operation == "rnn_tanh" and set(activations) == {"Relu"}:
        operation = "rnn_relu"
    elif activations and activations != ACTIVATIONS[node.operator] * directions:
        settings["activations"] = activations
    names = node.proto.output  # all up to the last one that is read, so that each has its place
    places = range(1 + max(place for place, name in enumerate(names) if name in node.outputs))
    (one, two), units = node.shape(0)[:2], settings["hidden_size"]  # steps and batch, or batch and steps
    first = settings["batch_first"]
    state = (one, directions, units) if first else (directions, two, units)
    series = (one, two, directions, units) if first else (one, directions, two, units)
    shapes = [node.out(i) if names[i] in node.outputs else (series, state, state)[i] for i in places]
    unusual = node.unusual(UNUSUAL[node.operator])
    made = node.add(operation, values, settings | unusual, shapes, [values[0][1].dtype] * len(shapes))
    node.give([value for place, value in enumerate(made) if names[place] in node.outputs])


ACTIVATIONS = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
"""Torch's."""


RULES: dict[str, Rule] = {
    "Conv": convolution,
    "ConvInteger": lambda node: convolution(node, (0, 1, 9), (2, 3)),
    "QLinearConv": lambda node: convolution(node, (0, 3, 8), (1, 2, 4, 5, 6, 7)),
    "ConvTranspose": transposed,
    "MaxPool AveragePool LpPool": pooling,
    "GlobalAveragePool GlobalMaxPool": global_pooling,
    "Gemm": gemm,
    "MatMul": matmul,
    "MatMulInteger": lambda node: matmul(node, (0, 1), (2, 3)),
    "QLinearMatMul": lambda node: matmul(node, (0, 3), (1, 2, 4, 5, 6, 7)),
    "Einsum": einsum,
    "Attention com.microsoft::MultiHeadAttention": attention,
    "BatchNormalization": batch_norm,
    "LayerNormalization RMSNormalization SimplifiedLayerNormalization": layer_norm,
    "GroupNormalization": group_norm,
    "InstanceNormalization": instance_norm,
    "LRN": local_response_norm,
    "LSTM GRU RNN": recurrent,
}
