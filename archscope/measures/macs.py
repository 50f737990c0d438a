"""Multiply-accumulate operations of one image: convolutions, linear layers, matrix products. Nothing else counts.

Biases, normalisation, activations, pooling and additions are in the elementwise measure. FLOPs are 2 x MACs.
"""

from collections.abc import Callable, Sequence
from math import isqrt, prod
from typing import Any

from archscope.measures import measure
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column, summed

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


@measure
def macs(graph: Graph) -> tuple[Column, ...]:
    """MACs and FLOPs per layer; None for an operation that archscope does not know."""
    by_layer = {layer.name: of_layer(layer) for layer in graph.layers}
    flops = {name: None if value is None else 2 * value for name, value in by_layer.items()}
    unknown = sorted({layer.kind for layer in graph.layers if by_layer[layer.name] is None})
    known = sum(value is not None for value in by_layer.values())
    return (
        summed("macs", "MACs", by_layer),
        summed("flops", "FLOPs", flops),
        Column("operations", "operations", {"known": known, "total": len(by_layer), "unknown": unknown}),
    )


def of_layer(layer: Layer) -> int | None:
    """MACs of one layer, or None."""
    category = CATEGORY.get(layer.operation)
    if category is None:
        return None
    return FORMULAS[category](layer) if category in WEIGHTED else 0


def convolution(layer: Layer) -> int | None:
    """Every output element sums kernel x channels of its group."""
    if layer.window is None or not layer.input_shapes:
        return None
    kernel_size = layer.window.kernel_size
    channels = layer.input_shapes[0][-len(kernel_size) - 1]
    return layer.output_elements * channels // layer.groups * prod(kernel_size)


def transposed_convolution(layer: Layer) -> int | None:
    """Every input element is spread over kernel x channels of its group."""
    if layer.window is None or not layer.input_shapes:
        return None
    kernel_size = layer.window.kernel_size
    channels = layer.output_shape[-len(kernel_size) - 1]
    return prod(layer.input_shapes[0]) * channels // layer.groups * prod(kernel_size)


def linear(layer: Layer) -> int | None:
    if not layer.input_shapes:
        return None
    return layer.output_elements * (layer.input_shapes[0][-1] if layer.input_shapes[0] else 1)


def _operands(layer: Layer) -> list[list[int]]:
    """Full shapes of all tensor arguments, weights included."""
    return list(layer.settings["operands"])


def product(layer: Layer) -> int | None:
    operands = _operands(layer)
    if layer.operation == "einsum":
        return einsum(layer.settings.get("equation"), operands)
    if layer.operation == "tensordot":
        return isqrt(prod(operands[0]) * prod(operands[1]) * layer.output_elements)
    if layer.operation == "bilinear":
        return layer.output_elements * operands[2][1] * operands[2][2]
    if layer.operation in {"addmm", "addmv", "baddbmm", "addbmm"}:
        operands = operands[1:]
    if layer.operation == "addbmm":
        return prod(operands[0]) * operands[1][-1]
    return layer.output_elements * operands[0][-1]


def einsum(equation: Any, operands: Sequence[Sequence[int]]) -> int | None:
    """Pairs contracted from left to right, as torch does; an outer product multiplies and sums nothing."""
    if not isinstance(equation, str) or "..." in equation:
        return None
    terms, _, result = equation.replace(" ", "").partition("->")
    axes = [list(term) for term in terms.split(",")]
    if "->" not in equation:
        letters = "".join(terms.split(","))
        result = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    sizes = {
        letter: size
        for term, shape in zip(axes, operands, strict=True)
        for letter, size in zip(term, shape, strict=True)
    }
    total, left = 0, set(axes[0])
    for i, right in enumerate(axes[1:], start=1):
        later = set(result).union(*axes[i + 1 :])
        both = left | set(right)
        if (left & set(right)) - later:
            total += prod(sizes[letter] for letter in both)
        left = both & later
    return total


def attention(layer: Layer) -> int | None:
    """Scores and weighted sum; a MultiheadAttention also projects its query, key, value and output."""
    if layer.operation == "scaled_dot_product_attention":
        return attention_scores(layer)
    query, key, value = _operands(layer)[:3]
    batch = query[1] if len(query) == 3 else 1
    width = query[-1]
    projections = query[0] * width * (query[-1] + width) + key[0] * width * key[-1] + value[0] * width * value[-1]
    return batch * projections + attention_scores(layer)


def attention_scores(layer: Layer) -> int:
    """The scores of every query and key, and the sum of the values weighted by them."""
    query, key, value = _operands(layer)[:3]
    if layer.operation == "scaled_dot_product_attention":
        heads = prod(query[:-2])
        return heads * query[-2] * key[-2] * (query[-1] + value[-1])
    batch = query[1] if len(query) == 3 else 1
    sources = key[0] + bool(layer.settings.get("add_zero_attn"))
    return batch * 2 * query[0] * sources * query[-1]


def recurrent(layer: Layer) -> int | None:
    """Every step multiplies the input and the state by one matrix a gate, in each layer and direction."""
    operands = _operands(layer)
    if layer.operation.endswith("_cell"):
        features, hidden = operands[0][-1], operands[1][-1]
        return prod(operands[0][:-1]) * operands[2][0] * (features + hidden)
    features, state = operands[0][-1], operands[1][-1]
    hidden = operands[2][-1] if layer.operation == "lstm" else state
    directions = 2 if layer.settings.get("bidirectional") else 1
    steps = prod(operands[0][:-1])
    projection = hidden * state if state != hidden else 0
    total = 0
    for _ in range(int(layer.settings["num_layers"])):
        total += steps * directions * (GATES[layer.operation] * hidden * (features + state) + projection)
        features = directions * state
    return total


FORMULAS: dict[str, Callable[[Layer], int | None]] = {
    "convolution": convolution,
    "transposed convolution": transposed_convolution,
    "linear": linear,
    "product": product,
    "attention": attention,
    "recurrent": recurrent,
}
