"""Multiply-accumulate operations of one image: convolutions, linear layers, matrix products. Nothing else counts.

Biases, normalisation, activations, pooling and additions are in the elementwise measure. FLOPs are 2 x MACs.
"""

from collections.abc import Callable, Sequence
from math import isqrt, prod

from archscope.measures import measure
from archscope.measures.costs import cost_of
from archscope.measures.einsum import einsum
from archscope.model.graph import Graph, Layer, Shape
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Column, summed

Shapes = Sequence[Shape]


@measure("macs", "flops", "operations")
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
        own = cost_of(layer)
        return None if own is None else own.macs
    if category not in WEIGHTED:
        return 0
    try:
        return FORMULAS[category](layer)
    except UNSAID:
        return None


UNSAID = (ArithmeticError, LookupError, TypeError, ValueError)
"""What a formula raises where a layer does not say what it needs, or says what cannot be, as a stranger's report may:
an operand or a setting that is missing, of another form or type, an axis of no elements. Of a graph that was traced no
formula raises any of these but NotGiven, and the tests of the measures let nothing else pass."""


class NotGiven(LookupError):
    """A layer does not say what a formula needs: its operands, in a report of an old version."""


def shape(layer: Layer, argument: str, place: int = 0) -> Shape:
    """The whole shape of an operand. Raises NotGiven."""
    found = layer.given(argument, place)
    if found is None:
        raise NotGiven(argument)
    return found


def convolution(layer: Layer) -> int:
    """Every output element sums kernel x channels of its group, which are the axes of a weight after the first."""
    return real_convolutions(layer) * layer.output_elements * prod(shape(layer, "weight", 1)[1:])


def transposed_convolution(layer: Layer) -> int:
    """Every input element is spread over kernel x channels of its group."""
    return real_convolutions(layer) * prod(shape(layer, "input")) * prod(shape(layer, "weight", 1)[1:])


def real_convolutions(layer: Layer) -> int:
    """torch makes three of one of complex numbers, and counts them; a product of complex numbers is one to it."""
    return 3 if layer.dtypes[0].startswith("complex") else 1


def linear(layer: Layer) -> int:
    return layer.output_elements * shape(layer, "weight", 1)[-1]


# ---- products ------------------------------------------------------------------------------------------------


def product(layer: Layer) -> int | None:
    """Output elements x the length of the axis that is summed, which is the last of the first factor."""
    operands = layer.operand_shapes
    if not operands:
        raise NotGiven(layer.operation)
    if layer.operation in PRODUCTS:
        return PRODUCTS[layer.operation](layer, operands)
    first = layer.given("input")
    factor = operands[0] if first is None else first
    return layer.output_elements * factor[-1] if all(operands[:2]) else 0  # a number times a tensor sums nothing


def plus_product(layer: Layer, operands: Shapes) -> int:
    """A matrix added to a product: `addmm(input, mat1, mat2)`."""
    named = {operand.argument: operand.shape for operand in layer.operands}
    factor = next((named[name] for name in ("mat1", "mat", "batch1") if name in named), operands[1])
    return layer.output_elements * factor[-1]


def chain(layer: Layer, operands: Shapes) -> int:
    """Products of several matrices, in the order that takes the fewest operations; a vector may stand at each end."""
    sides = [operands[0][0] if len(operands[0]) == 2 else 1, *[shape[-1] for shape in operands]]
    if len(operands[-1]) == 1:
        sides[-2:] = [operands[-1][0], 1]
    count = len(operands)
    fewest = {(i, i): 0 for i in range(count)}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            fewest[first, last] = min(
                fewest[first, k] + fewest[k + 1, last] + sides[first] * sides[k + 1] * sides[last + 1]
                for k in range(first, last)
            )
    return fewest[0, count - 1]


def vectors(layer: Layer, operands: Shapes) -> int:
    """Of every pair of vectors, which lie along one axis."""
    axis = int(layer.settings.get("dim", -1))
    return layer.output_elements * max(shape[axis] for shape in operands)


def distances(layer: Layer, operands: Shapes) -> int:
    """Of every pair of rows: Euclidean ones sum squares, others no products."""
    return layer.output_elements * operands[0][-1] if layer.settings.get("p", 2) == 2 else 0


def substitution(layer: Layer, operands: Shapes) -> int:
    """Row by row: each takes the products with all rows before it, which are half of a square."""
    return layer.output_elements * (operands[0][-1] - 1) // 2


def grouped(layer: Layer, operands: Shapes) -> int:
    """Matrices that stand in a row are cut into groups: along the rows, or, of both factors, along what is summed."""
    left, right = operands[:2]
    return prod(left) * right[-1] if len(left) == len(right) == 2 else layer.output_elements * left[-1]


PRODUCTS: dict[str, Callable[[Layer, Shapes], int | None]] = {
    "addmm": plus_product,
    "addmv": plus_product,
    "baddbmm": plus_product,
    "addbmm": lambda layer, operands: prod(operands[1]) * operands[2][-1],
    "einsum": lambda layer, operands: einsum(layer.settings.get("equation"), operands),
    "tensordot": lambda layer, operands: isqrt(prod(operands[0]) * prod(operands[1]) * layer.output_elements),
    "bilinear": lambda layer, operands: layer.output_elements * prod(operands[2][1:]),
    "conv_tbc": lambda layer, operands: layer.output_elements * prod(operands[1][:2]),
    "deform_conv2d": lambda layer, operands: layer.output_elements * prod(operands[1][1:]),
    "linalg_vecdot": vectors,
    "linalg_multi_dot": chain,
    "chain_matmul": chain,
    "cdist": distances,
    "linalg_solve_triangular": substitution,
    "grouped_mm": grouped,
    "scaled_grouped_mm": grouped,
    "linear_cross_entropy": lambda layer, operands: prod(operands[0]) * operands[1][0],
}
"""Those that are not their output's elements x the last axis of the first factor."""


# ---- attention and recurrent layers --------------------------------------------------------------------------


def attention(layer: Layer) -> int:
    """Scores and weighted sum; a MultiheadAttention also projects its query, key, value and output."""
    if layer.operation != "multi_head_attention_forward":
        return attention_scores(layer)
    query, key, value = queried(layer)
    batch = query[1] if len(query) == 3 else 1
    projections = (query[0] * query[-1] + key[0] * key[-1] + value[0] * value[-1]) * query[-1]
    projections += query[0] * prod(shape(layer, "out_proj_weight"))
    return batch * projections + attention_scores(layer)


def queried(layer: Layer) -> tuple[Shape, Shape, Shape]:
    """Shapes of query, key and value."""
    return shape(layer, "query", 0), shape(layer, "key", 1), shape(layer, "value", 2)


def attention_scores(layer: Layer) -> int:
    """The scores of every query and key, and the sum of the values weighted by them."""
    query, key, value = queried(layer)
    if layer.operation != "multi_head_attention_forward":
        return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
    batch = query[1] if len(query) == 3 else 1
    return batch * 2 * query[0] * attended(layer) * query[-1]


def attended(layer: Layer) -> int:
    """Positions that a MultiheadAttention attends to: those of the key, a learned one and zeros where it has them."""
    learned = layer.given("bias_k") is not None
    return shape(layer, "key", 1)[0] + learned + bool(layer.settings.get("add_zero_attn"))


def recurrent(layer: Layer) -> int:
    """Every step multiplies the input and the state by one matrix a gate, in each layer and direction."""
    matrices = [operand.shape for operand in layer.operands if operand.argument.startswith("w")]
    return prod(shape(layer, "input")[:-1]) * sum(prod(matrix) for matrix in matrices if len(matrix) == 2)


FORMULAS: dict[str, Callable[[Layer], int | None]] = {
    "convolution": convolution,
    "transposed convolution": transposed_convolution,
    "linear": linear,
    "product": product,
    "attention": attention,
    "recurrent": recurrent,
}
