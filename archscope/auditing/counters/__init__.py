"""Other tools' counters: what each counts, as rules on the Graph, and the tool itself to run. One file a tool.

`archscope audit` runs the tools and holds the rules against what they say; `archscope summary --as TOOL` needs the
rules alone, and neither the tool nor torch.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import zip_longest
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from archscope.measures.einsum import letters
from archscope.measures.macs import UNSAID, attended, of_layer, queried
from archscope.model.graph import Graph, Layer, Shape
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.model.report import Report, summed
from archscope.registry import Registry, members

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Count:
    """What a tool counts at one place, in the tool's unit. `why` says what differs from archscope, if anything does."""

    amount: int
    why: str = ""


@dataclass(frozen=True)
class Found:
    """What a tool said of a model, in its own unit; None where it does not say."""

    operations: int | None
    params: int | None


class Counter:
    """One tool. Its rules say what it counts at a layer; archscope's own number where no rule stands."""

    name: ClassVar[str]
    package: ClassVar[str]
    """What `import` calls it."""
    unit: ClassVar[Literal["MACs", "FLOPs"]]
    """What its number is, whatever it calls it."""
    rules: ClassVar[str]
    """In one line: what it counts otherwise than archscope."""

    runs: ClassVar[bool] = True
    """Is there a tool to run? torchvision only prints its numbers."""

    def own(self, layer: Layer) -> int:
        """archscope's number for a layer in this tool's unit; what is unknown is zero here, as it is for the tools."""
        return (of_layer(layer) or 0) * (2 if self.unit == "FLOPs" else 1)

    def count(self, layer: Layer, graph: Graph) -> Count:
        """What the tool counts at this layer."""
        return Count(self.own(layer))

    def params(self, graph: Graph) -> Iterable[Count]:
        """Parameters that the tool counts beyond archscope's, or with a minus those that it does not."""
        return ()

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        """The tool's own answer for a module with real weights on the CPU, in evaluation."""
        raise NotImplementedError

    @property
    def installed(self) -> bool:
        return find_spec(self.package) is not None

    def parameters(self, graph: Graph) -> int:
        """The number of parameters that the tool would give."""
        own = sum(tensor.elements for tensor in graph.parameters.values())
        return own + sum(count.amount for count in self.params(graph))

    def operations(self, graph: Graph) -> int:
        """The number that the tool would give."""
        return sum(self.count(layer, graph).amount for layer in graph.layers)


def is_fused_attention(layer: Layer) -> bool:
    """One kernel for scores and weighted sum: nn.MultiheadAttention too, unless it returns the scores."""
    fused = layer.operation == "multi_head_attention_forward" and not layer.settings.get("need_weights", True)
    return fused or layer.operation == "scaled_dot_product_attention"


RECURRENT = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN", "rnn_relu": "RNN"}
"""What a recurrent operation's module is called; one of its steps alone is a cell, `lstm_cell`."""
CELLS = frozenset(f"{operation}_cell" for operation in RECURRENT)


def hidden_steps(layer: Layer) -> int:
    """Hidden units x steps of a recurrent layer, over its layers and directions."""
    directions = 2 if layer.settings.get("bidirectional") else 1
    inputs, state = (operand.shape for operand in layer.operands if operand.argument in {"input", "hx", "hx.0"})
    steps: int = int(layer.settings.get("num_layers", 1)) * directions * prod(inputs[:-1])
    return steps * int(state[-1])


def has_biases(layer: Layer) -> bool:
    """Of a recurrent layer or a cell."""
    return bool(layer.settings.get("has_biases", layer.given("b_ih") is not None))


def torchs_type(layer: Layer, graph: Graph) -> str:
    """The class of the module that this layer is, where that is torch's own and no other of its name; nothing for what
    a function computes, in whichever module."""
    return "" if graph.module_of(layer) in graph.bases else base_type(layer, graph)


def base_type(layer: Layer, graph: Graph) -> str:
    """The same, and for classes that derive from torch's the one that they derive from."""
    path = graph.module_of(layer)
    beside = layer.name.startswith(f"{path}.") and CATEGORY.get(layer.operation) not in WEIGHTED  # padding, say
    return "" if beside else graph.bases.get(path, graph.blocks.get(path, ""))


def names_of(layer: Layer, graph: Graph) -> int:
    """Under how many paths the module of this layer stands."""
    return graph.names.get(graph.module_of(layer), 1)


def written(layer: Layer) -> str:
    """How the network calls the function: `F.relu`, `torch.matmul`, `Tensor.__matmul__`. A report that does not say it
    is taken to have operators."""
    if layer.function:
        return layer.function
    by_operator = CATEGORY.get(layer.operation) in {"product", "elementwise"}
    return f"Tensor.__{layer.operation}__" if by_operator else f"F.{layer.operation}"


def given_elements(layer: Layer) -> int:
    """Elements of the first tensor that a layer is given."""
    return prod(layer.operand_shapes[0]) if layer.operands else 0


def whole_output(layer: Layer) -> Shape:
    """The shape of a layer's result with the batch axis, which is as long as the input's, or one longer."""
    given = len(layer.operand_shapes[0]) + (layer.operation == "embedding") if layer.operands else 0
    return (1, *layer.output_shape) if len(layer.output_shape) < given else layer.output_shape


ELEMENTWISE = {f"{place}.{name}" for place in ("torch", "Tensor") for name in ("mul", "add")}
"""Functions that counters of torch's functions see, other than operators."""


def elementwise(layer: Layer) -> int:
    """What they see of them: axes are held against each other from the left."""
    axes = zip_longest(*layer.operand_shapes, fillvalue=1)
    return prod(map(max, axes))


def numpys_einsum(layer: Layer) -> int:
    """numpy's, one more and in four digits: 1 for each combination of axes, 2 where some are summed."""
    names, kept = letters(layer.settings["equation"], [len(shape) for shape in layer.operand_shapes])
    sizes: dict[str, int] = {}
    for name, shape in zip(names, layer.operand_shapes, strict=True):
        sizes |= {letter: max(size, sizes.get(letter, 1)) for letter, size in zip(name, shape, strict=True)}
    each = 2 if sizes.keys() - set(kept) else 1
    return int(float(f"{each * prod(sizes.values()) + 1:.3e}"))


def softmax_elements(layer: Layer) -> int:
    """Of the scores in nn.MultiheadAttention."""
    query, _, _ = queried(layer)
    return (query[1] if len(query) == 3 else 1) * int(layer.settings["num_heads"]) * query[0] * attended(layer)


def mask_elements(layer: Layer) -> int:
    """Of what nn.MultiheadAttention adds to the scores."""
    query, key, _ = queried(layer)
    mask, padding = layer.given("attn_mask"), layer.given("key_padding_mask")
    if padding is not None:
        rows = query[0] if mask is not None else 1
        return padding[0] * int(layer.settings["num_heads"]) * rows * key[0]
    return prod(mask) if mask is not None else 0


def normalisation(layer: Layer) -> str:
    """`batch normalisation` for batch_norm."""
    return layer.operation.replace("_norm", " normalisation").replace("_", " ")


def response_norm(layer: Layer) -> int:
    """What counters of torch's functions see in F.local_response_norm: two products, a sum, and a padded pooling."""
    batch, channels, *sides = layer.operand_shapes[0]
    return 3 * layer.output_elements + batch * (channels + int(layer.settings["size"]) - 1) * prod(sides)


_counters: Registry[Counter] = Registry("counter")


def counter(kind: type[Counter]) -> type[Counter]:
    """Decorator: register a tool under its name."""
    _counters.register(kind.name)(kind())
    return kind


@cache
def _load() -> None:
    for name in members(__path__):
        import_module(f"{__name__}.{name}")


def counters() -> tuple[Counter, ...]:
    """All tools."""
    _load()
    return tuple(_counters[name] for name in _counters)


def counter_names() -> tuple[str, ...]:
    """Names of all tools, which are their files': nothing is loaded to list them."""
    return members(__path__)


def counted_as(report: Report, name: str) -> Report:
    """The report with a column of what the tool of this name would count. Raises ArchscopeError for an unknown one."""
    tool, graph = find(name), report.graph
    counted = {layer.name: _amount(tool, layer, graph) for layer in graph.layers}
    return replace(report, columns={**report.columns, tool.name: summed(tool.name, tool.unit, counted)})


def _amount(tool: Counter, layer: Layer, graph: Graph) -> int | None:
    try:
        return tool.count(layer, graph).amount
    except UNSAID:
        return None


def find(name: str) -> Counter:
    """The tool of this name. Raises ArchscopeError for an unknown one."""
    _load()
    return _counters[name]
