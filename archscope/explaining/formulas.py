"""The numbers of one layer as their working: pure functions of a Layer, which need neither Graph nor torch.

Each formula is an expression with the layer's own numbers, and its value is what evaluating that expression gives. A
kind of layer that no rule here knows has no formula: nothing is guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeVar

from archscope.explaining import output_sizes
from archscope.explaining.expressions import Number, area, evaluate, number, plus, raised, times, volume
from archscope.measures import elementwise, macs
from archscope.measures.costs import cost_of
from archscope.measures.einsum import contractions
from archscope.model.graph import Layer, Operand, Shape
from archscope.model.operations import CATEGORY, WEIGHTED

CONVOLUTIONS = {"convolution", "transposed convolution"}


@dataclass(frozen=True)
class Formula:
    """How a number comes about: `text` with numbers put in, `rule` in words (a key of messages.toml).

    `of` says of several numbers of one quantity which this is: `height` of an output.
    """

    quantity: str
    text: str
    rule: str
    of: str = ""

    @property
    def value(self) -> Number:
        """What the text comes to: there is no other number."""
        return evaluate(self.text)


def formulas(layer: Layer) -> tuple[Formula, ...]:
    """What is known of a layer alone: the size of its output, and `params`, `macs`, `flops`, `elementwise_ops` and
    `activations`. What is zero, or not known, is left out; a parameter counts as if no other layer had it."""
    sizes = guarded(lambda: output_sizes.of_layer(layer)) or []
    found = [Formula("output", text, rule, of) for of, text, rule in sizes]
    return (*found, *filter(None, (formula(layer, quantity) for quantity in RULES)))


def formula(layer: Layer, quantity: str) -> Formula | None:
    """The formula of one of these quantities: of `params`, `macs` ..."""
    known = guarded(lambda: RULES[quantity](layer))
    return Formula(quantity, *known) if known and known[0] != "0" else None


Known = tuple[str, str] | None
"""An expression and the key of its rule."""

T = TypeVar("T")


def guarded(rule: Callable[[], T]) -> T | None:
    """What a rule gives; None where a layer does not have what it reads, as in reports of old versions."""
    try:
        return rule()
    except (LookupError, ValueError, TypeError, ArithmeticError):
        return None


def elements(layer: Layer) -> str:
    """Of all outputs, those of an image as channels x places."""
    return plus(*[volume(shape, places(layer)) for shape in layer.output_shapes]) if layer.output_elements else "0"


def places(layer: Layer) -> int:
    """So many of the last axes say where in an image an element lies."""
    if layer.window:
        return len(layer.window.kernel_size)
    return max(len(layer.output_shape) - 1, 0)


# ---- parameters ----------------------------------------------------------------------------------------------------


def params(layer: Layer) -> Known:
    """Of each weight the product of its sizes, in the order in which they are usually said."""
    stored = {operand.source: operand for operand in layer.operands if operand.kind == "parameter"}
    if not stored:
        return None
    rule = PARAMETER_RULES.get(CATEGORY.get(layer.operation, ""), "params.sizes")
    if rule == "params.convolution" and layer.groups > 1:
        rule = "params.grouped"
    terms = [weight(layer, operand) for operand in stored.values()]
    return plus(*terms), f"{rule}.bias" if rule in WITH_BIAS and len(terms) > 1 else rule


PARAMETER_RULES = {
    "convolution": "params.convolution", "transposed convolution": "params.convolution", "linear": "params.linear",
    "normalisation": "params.normalisation", "embedding": "params.embedding", "recurrent": "params.recurrent",
}  # fmt: skip
WITH_BIAS = {"params.convolution", "params.grouped", "params.linear"}


def weight(layer: Layer, operand: Operand) -> str:
    """Of a convolution kernel · channels in · filters; of a gate's matrix gates · hidden · inputs."""
    shape, category = operand.shape, CATEGORY.get(layer.operation)
    if operand.views or len(shape) < 2:
        return stored(shape)
    if category == "convolution" and operand.argument == "weight":
        filters, channels, *kernel = shape
        return times(*kernel, in_groups(channels, layer.groups), filters)
    if category == "transposed convolution" and operand.argument == "weight":
        channels, filters, *kernel = shape
        return times(*kernel, channels, in_groups(filters, layer.groups))
    if category == "linear":
        return times(shape[1], shape[0])
    gates = GATES.get(layer.operation.removesuffix("_cell"), 1)
    return times(gates, shape[0] // gates, shape[1]) if gates > 1 and shape[0] % gates == 0 else stored(shape)


GATES = {"lstm": 4, "gru": 3}


def stored(shape: Shape) -> str:
    """Sizes multiplied, ones left out."""
    return times(*[size for size in shape if size != 1])


def in_groups(channels: int, groups: int) -> str | int:
    """`64/32`: of all channels those of one group."""
    return channels if groups == 1 else f"{number(channels * groups)}/{number(groups)}"


# ---- multiply-accumulates ------------------------------------------------------------------------------------------


def multiplied(layer: Layer) -> Known:
    category = CATEGORY.get(layer.operation)
    if category is None:
        own = cost_of(layer)
        return own and (number(own.macs), "macs.told")
    if category not in WEIGHTED:
        return None
    try:
        return MACS[category](layer)
    except macs.NotGiven:
        return None


def convolution(layer: Layer) -> Known:
    """Every weight is multiplied once at each place of the output; of a transposed one at each of the input."""
    shape = macs.shape(layer, "weight", 1)
    transposed = CATEGORY[layer.operation] == "transposed convolution"
    weights = evaluate(times(*shape))
    kernel = len(shape) - 2
    at = macs.shape(layer, "input")[-kernel:] if transposed else layer.output_shape[-kernel:]
    more = [macs.real_convolutions(layer), prod(macs.shape(layer, "input")[: -kernel - 1])]
    return (
        " · ".join([number(weights), *(number(factor) for factor in more if factor > 1), area(at)]),
        "macs.transposed" if transposed else "macs.convolution",
    )


def linear(layer: Layer) -> Known:
    outputs, inputs = macs.shape(layer, "weight", 1)
    positions = layer.output_elements // outputs if outputs else 0
    return times(inputs, outputs, *([positions] if positions > 1 else [])), "macs.linear"


def product(layer: Layer) -> Known:
    """Each element of the result sums as many products as the summed axis is long."""
    if not macs.product(layer):
        return None
    operands = layer.operand_shapes
    if layer.operation == "einsum":
        terms = [times(*sizes) for sizes in contractions(layer.settings["equation"], operands)]
        return plus(*terms), "macs.einsum"
    summed = {"bilinear": lambda: times(*operands[2][1:]), "conv_tbc": lambda: times(*operands[1][:2]),
              "deform_conv2d": lambda: times(*operands[1][1:])}.get(layer.operation)  # fmt: skip
    if summed is None and layer.operation in UNUSUAL:
        return None
    inner = summed() if summed else number(_summed_axis(layer))
    return f"{times(*layer.output_shape)} · {inner}", "macs.product"


UNUSUAL = {
    "addbmm", "tensordot", "linalg_vecdot", "linalg_multi_dot", "chain_matmul", "cdist", "grouped_mm",
    "scaled_grouped_mm",
}  # fmt: skip
"""Products of which no one axis is summed for each element of the result."""


def _summed_axis(layer: Layer) -> int:
    named = {operand.argument: operand.shape for operand in layer.operands}
    first = next((named[name] for name in ("mat1", "mat", "batch1") if name in named), None)
    if first is None and layer.operation in macs.PRODUCTS:
        first = layer.operand_shapes[1]
    return (first or named.get("input") or layer.operand_shapes[0])[-1]


def attention(layer: Layer) -> Known:
    query, key, value = macs.queried(layer)
    if layer.operation != "multi_head_attention_forward":
        return f"{times(*query[:-1], key[-2])} · ({number(query[-1])} + {number(value[-1])})", "macs.attention"
    batch = query[1] if len(query) == 3 else 1
    width, out = query[-1], prod(macs.shape(layer, "out_proj_weight"))
    inputs = plus(*[times(tensor[0], tensor[-1], width) for tensor in (query, key, value)])
    terms = plus(inputs, times(query[0], out), times(2, query[0], macs.attended(layer), width))
    return terms if batch == 1 else f"{number(batch)}·({terms})", "macs.multi_head"


def recurrent(layer: Layer) -> Known:
    """Each step multiplies the input and the state by a matrix a gate."""
    matrices = [each for each in layer.operands if each.argument.startswith("w") and len(each.shape) == 2]
    steps = prod(macs.shape(layer, "input")[:-1])
    return times(steps, f"({plus(*[weight(layer, matrix) for matrix in matrices])})"), "macs.recurrent"


MACS: Mapping[str, Callable[[Layer], Known]] = {
    "convolution": convolution, "transposed convolution": convolution, "linear": linear, "product": product,
    "attention": attention, "recurrent": recurrent,
}  # fmt: skip


def flops(layer: Layer) -> Known:
    known = macs.of_layer(layer)
    return (times(2, known), "flops") if known else None


# ---- elementwise operations, activations ---------------------------------------------------------------------------


def elementwise_ops(layer: Layer) -> Known:
    """As docs/conventions.md tabulates."""
    category = CATEGORY.get(layer.operation)
    if category is None:
        own = cost_of(layer)
        return own and (number(own.elementwise), "elementwise.told")
    if not elementwise.of_layer(layer):
        return None
    outputs = elements(layer)
    if category in elementwise.PER_OUTPUT:
        return _each(elementwise.PER_OUTPUT[category], outputs), f"elementwise.{category}"
    if category in {*CONVOLUTIONS, "linear"}:
        return outputs, "elementwise.bias"
    if category == "product" and elementwise.of_layer(layer) == layer.output_elements:
        return outputs, "elementwise.product"
    if category == "normalisation":
        folded = elementwise.per_normalised(layer)
        return _each(folded, outputs), "elementwise.folded" if folded == 2 else "elementwise.normalisation"
    if category == "pooling" and layer.window:
        return _each(area(layer.window.kernel_size), outputs), "elementwise.pooling"
    if category in {"pooling", "global pooling", "reduction"}:
        return volume(layer.input_shapes[0], len(layer.input_shapes[0]) - 1), "elementwise.reduction"
    if category == "attention":
        return f"6 · {_scores(layer)}", "elementwise.attention"
    if category == "dropout":
        return outputs, "elementwise.dropout"
    if category == "resampling":
        return _resampled(layer, outputs)
    if category == "recurrent":
        units = times(int(layer.settings.get("num_layers", 1)), *layer.output_shape)
        each = elementwise.PER_RECURRENT_UNIT[layer.operation.removesuffix("_cell")]
        biases = elementwise.biases_of(layer)
        added = times(elementwise.steps_of(layer), biases) if biases else ""
        return plus(_each(each, units), *filter(None, [added])), "elementwise.recurrent"
    return None


def _each(operations: int | str, outputs: str) -> str:
    """So many operations for each output."""
    outputs = f"({outputs})" if "+" in outputs else outputs
    return outputs if operations == 1 else f"{operations} · {outputs}"


def _scores(layer: Layer) -> str:
    query, key, _ = macs.queried(layer)
    if layer.operation != "multi_head_attention_forward":
        return times(*query[:-1], key[-2])
    heads = int(layer.settings.get("num_heads", 1))
    return times(heads, *([query[1]] if len(query) == 3 and query[1] > 1 else []), query[0], macs.attended(layer))


def _resampled(layer: Layer, outputs: str) -> Known:
    """Of each value that is interpolated, products and sums of those between which it lies."""
    taps, axes = elementwise.taps_of(layer) or (0, 0)
    return (_each(f"(2·{raised(taps, axes)} - 1)", outputs), "elementwise.resampling") if taps else None


def activations(layer: Layer) -> Known:
    category = CATEGORY.get(layer.operation)
    weighted = category in WEIGHTED if category else bool(macs.of_layer(layer))
    return (elements(layer), "activations") if weighted else None


RULES: Mapping[str, Callable[[Layer], Known]] = {
    "params": params, "macs": multiplied, "flops": flops, "elementwise_ops": elementwise_ops,
    "activations": activations,
}  # fmt: skip
