"""Modules that only compute a function of what they are given, such as a scaled tanh or Swish: one box each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY
from archscope.model.tree import Node
from archscope.views.diagram.ops.names import GENERIC

SIMPLE = {"activation", "elementwise", "reduction", "view", "softmax", "dropout"}
MOST_LAYERS = 12
"""What takes more is worth to be looked into."""

LARGEST_DENOMINATOR = 12


@dataclass(frozen=True)
class Function:
    """One call of such a module: its path and class, its layers, the last of which gives the result."""

    path: str
    kind: str
    layers: Sequence[Layer]

    @property
    def word(self) -> str:
        """As a formula where it is one of scalars and functions of one number, else the module's class."""
        return formula(self.layers) or self.kind.removesuffix("1d").removesuffix("2d").removesuffix("3d")


def functions(tree: Node, graph: Graph) -> list[Function]:
    """Every call of such a module in the graph's tree, the outermost modules first."""
    return list(_within(tree, graph))


def _within(node: Node, graph: Graph) -> Iterator[Function]:
    for child in node.children:
        kind = graph.blocks.get(child.path, "")
        calls = _calls(child.layers) if child.children and kind not in GENERIC and not child.is_unit else []
        if calls and all(_is_function(call, graph) for call in calls):
            yield from (Function(child.path, kind, call) for call in calls)
        else:
            yield from _within(child, graph)


def _calls(layers: Sequence[Layer]) -> list[list[Layer]]:
    """The layers of a module by its calls: one begins where nothing is read that the call before has made."""
    calls: list[list[Layer]] = []
    made: set[str] = set()
    given: set[str] = set()
    for layer in layers:
        if not any(source in made or source in given for source in layer.inputs):
            calls.append([])
            made, given = set(), set()
        calls[-1].append(layer)
        made.add(layer.name)
        given.update(layer.inputs)
    return calls


def _is_function(layers: Sequence[Layer], graph: Graph) -> bool:
    """Of one tensor, a few operations on numbers alone, of which only the last is read outside."""
    if not 2 <= len(layers) <= MOST_LAYERS or any(CATEGORY.get(layer.operation) not in SIMPLE for layer in layers):
        return False
    names = {layer.name for layer in layers}
    given = {source for layer in layers for source in layer.inputs} - names
    hidden = all(names.issuperset(graph.consumers[layer.name]) for layer in layers[:-1])
    returned = any(layer.name in graph.outputs for layer in layers[:-1])
    return len(given) == 1 and hidden and not returned


def formula(layers: Sequence[Layer]) -> str:
    """`1.7159 tanh(2x/3)`; empty where a layer is more than a function of one number."""
    said = "x"
    for layer in layers:
        other = layer.settings.get("other")
        scalar = other if isinstance(other, int | float) and not isinstance(other, bool) else None
        if layer.parameters or layer.buffers or len(layer.inputs) != 1:
            return ""
        if CATEGORY.get(layer.operation) == "activation" and not layer.settings:
            said = f"{layer.operation}({said})"
        elif layer.operation == "mul" and scalar is not None:
            said = _times(scalar, said)
        elif layer.operation in {"add", "sub"} and scalar is not None:
            said = f"({said} {'+' if layer.operation == 'add' else '−'} {scalar:g})"
        else:
            return ""
    return said


def _times(scalar: float, said: str) -> str:
    share = Fraction(scalar).limit_denominator(LARGEST_DENOMINATOR)
    if share.denominator > 1 and abs(float(share) - scalar) < 1e-9:
        return f"{share.numerator if share.numerator != 1 else ''}{said}/{share.denominator}"
    return f"{scalar:g} {said}"
