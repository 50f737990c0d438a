"""Other tools' counters: what each counts, as rules on the Graph, and the tool itself to run. One file a tool.

`archscope audit` runs the tools and holds the rules against what they say; `archscope summary --as TOOL` needs the
rules alone, and neither the tool nor torch.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from math import prod
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from archscope.measures.macs import of_layer
from archscope.model.graph import Graph, Layer
from archscope.model.report import Column, Report, summed
from archscope.registry import Registry

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

    batches: ClassVar[bool] = False
    """Do the rules hold, too, where several images go in together?"""

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
        """The number that the tool would give for one image."""
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


def module_type(layer: Layer, graph: Graph) -> str:
    """The class of the module that this layer is; nothing for what a function computes, in whichever module."""
    path = graph.module_of(layer)
    is_module = layer.kind == graph.blocks.get(path) and not layer.name.startswith(f"{path}.")
    return layer.kind if is_module else ""


def normalisation(layer: Layer) -> str:
    """`batch normalisation` for batch_norm."""
    return layer.operation.replace("_norm", " normalisation").replace("_", " ")


def response_norm(layer: Layer) -> int:
    """What counters of torch's functions see in F.local_response_norm: two products, a sum, and a padded pooling."""
    channels, *sides = layer.input_shapes[0]
    return 3 * layer.output_elements + (channels + int(layer.settings["size"]) - 1) * prod(sides)


_counters: Registry[Counter] = Registry("counter")


def counter(kind: type[Counter]) -> type[Counter]:
    """Decorator: register a tool under its name."""
    _counters.register(kind.name)(kind())
    return kind


@cache
def _load() -> None:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


def counters() -> tuple[Counter, ...]:
    """All tools."""
    _load()
    return tuple(_counters[name] for name in _counters)


def counter_names() -> tuple[str, ...]:
    """Names of all tools, which are their files': nothing is loaded to list them."""
    return tuple(module.name for module in iter_modules(__path__))


def counted_as(report: Report, name: str) -> Report:
    """The report with a column of what the tool of this name would count. Raises ArchscopeError for an unknown one."""
    tool, graph = find(name), report.graph
    if several_images(graph) and not tool.batches:
        note = f"{tool.name} is not told: its rules hold for one image, and several went in"
        unknown = Column(tool.name, tool.unit, None, {layer.name: None for layer in graph.layers})
        graph = replace(graph, notes=(*graph.notes, note))
        return replace(report, graph=graph, columns={**report.columns, tool.name: unknown})
    counted = {layer.name: tool.count(layer, graph).amount for layer in graph.layers}
    return replace(report, columns={**report.columns, tool.name: summed(tool.name, tool.unit, counted)})


def several_images(graph: Graph) -> bool:
    """Did more than one image come in? Shapes of one alone are without the batch axis."""
    first = next(iter(graph.inputs), "")
    read = (operand for layer in graph.layers for operand in layer.operands if operand.kind == "input")
    return next((operand.shape[:1] not in {(), (1,)} for operand in read if operand.source == first), False)


def find(name: str) -> Counter:
    """The tool of this name. Raises ArchscopeError for an unknown one."""
    _load()
    return _counters[name]
