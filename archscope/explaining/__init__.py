"""Each number of a layer as its working, and a block as the sum over its parts: for whoever must show how it is got.

A formula is shown only where evaluating it gives the number that the report holds; where none is known that is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from archscope.errors import ArchscopeError
from archscope.explaining import formulas as of_layer
from archscope.explaining import in_graph
from archscope.explaining.expressions import evaluate, number, plus, times
from archscope.explaining.field_steps import Step, steps_to
from archscope.explaining.in_graph import Surroundings
from archscope.explaining.messages import check_language, said
from archscope.explaining.separable import Saving, saving_of
from archscope.model import units
from archscope.model.graph import Graph, Layer
from archscope.model.report import Report
from archscope.model.results import Tabulated
from archscope.model.tree import Node, folded, tree_of
from archscope.registry import unknown

SCHEMA = "archscope.explain/1"

QUANTITIES = (
    "output", "params", "frozen_params", "buffers", "macs", "flops", "elementwise_ops", "activations",
    "receptive_field", "weight_bytes", "output_bytes", "peak_memory_bytes", "training_memory_bytes", "bytes_moved",
    "arithmetic_ops", "intensity",
)  # fmt: skip
"""In the order in which they are explained."""

SAID_WHERE_ZERO = ("params", "macs")


@dataclass(frozen=True)
class Working:
    """A number with its formula: `text` evaluates to `value`; it is empty where no formula is known, or needed.

    `rule` is a key of messages.toml, `of` which of several numbers of the quantity this is.
    """

    quantity: str
    unit: str
    value: Any
    text: str
    rule: str
    of: str = ""


@dataclass(frozen=True)
class Part:
    """What a block is made of: `repeat` equal neighbours are one part, whose values are those of each."""

    path: str
    said: str
    repeat: int
    values: dict[str, Any]


@dataclass(frozen=True, repr=False)
class Explanation(Tabulated):
    """A layer, or the module of this path, explained. `steps` of the receptive field and the `saving` of a separable
    convolution are of layers, `parts` of blocks."""

    KIND: ClassVar[str] = "explanation"

    report: Report
    path: str
    said: str
    shapes: tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]
    workings: tuple[Working, ...]
    steps: tuple[Step, ...] = ()
    saving: Saving | None = None
    parts: tuple[Part, ...] = ()
    language: str = "en"

    def _about(self) -> str:
        return f"{self.path or self.report.graph.name}: {self.said}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/explain.md describes it. Rules are in the explanation's language."""
        workings = [asdict(working) | {"rule": said(working.rule, self.language)} for working in self.workings]
        steps = [asdict(step) | {"rule": said(step.rule, self.language)} for step in self.steps]
        return {
            "schema": SCHEMA, "network": self.report.graph.name, "target": self.report.target, "layer": self.path,
            "operation": self.said, "setting": dict(self.report.setting),
            "input_shapes": [list(shape) for shape in self.shapes[0]], "output_shape": list(self.shapes[1]),
            "workings": workings, "receptive_field_steps": steps,
            "separable": self.saving and asdict(self.saving) | {"value": self.saving.value},
            "parts": [asdict(part) for part in self.parts],
        }  # fmt: skip


def explain(report: Report, path: str = "", language: str = "en") -> Explanation:
    """The working of each number of a layer, or of a module by its path; without one of the whole network.

    Raises ArchscopeError for a path that there is not, and for a language.
    """
    check_language(language)
    graph, path = report.graph, found_path(report.graph, path)
    if path in graph.layer:
        layer = graph.layer[path]
        return Explanation(
            report, path, units.layer_words(layer), (layer.input_shapes, layer.output_shape),
            tuple(workings_of(report, layer)), steps_to(report, layer), saving_of(graph, layer), (), language,
        )  # fmt: skip
    node = node_of(report, path)
    given = node.layers[0].input_shapes if node.layers else ()
    made = node.layers[-1].output_shape if node.layers else ()
    words = units.operation(node) or units.class_words(node.kind)
    parts = tuple(_parts(report, node))
    return Explanation(
        report, path, words, (given, made), tuple(_sums(report, node, parts)), parts=parts, language=language
    )


def found_path(graph: Graph, path: str) -> str:
    """The path of a layer or module, which may be named by its end where that is one's alone. Raises ArchscopeError."""
    paths = dict.fromkeys(parent for name in graph.layer for parent in (*_parents(name), name))
    paths |= dict.fromkeys(parent for name in graph.parameters for parent in _parents(name))
    if path in {"", graph.name} or path in paths:
        return path if path in paths else ""
    ending = [known for known in paths if known.endswith(f".{path}")]
    if len(ending) == 1:
        return ending[0]
    if ending:
        some = ", ".join(ending[:3]) + (" ..." if len(ending) > 3 else "")
        raise ArchscopeError(f"{len(ending)} layers of {graph.name} end in {path} ({some}): name one by its whole path")
    raise unknown(f"layer of {graph.name}", path, paths, "archscope summary --depth 0 --unfold lists them")


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


# ---- a layer -------------------------------------------------------------------------------------------------------


def workings_of(
    report: Report, layer: Layer, quantities: Sequence[str] = QUANTITIES, around: Surroundings | None = None
) -> Iterator[Working]:
    """Each number that the report holds of a layer, with its formula where that gives it.

    Who asks of many layers gives what is `around` them, which is worked out once.
    """
    around = around or Surroundings(report.graph)
    for quantity in quantities:
        if quantity == "output":
            yield from _output(layer)
        elif quantity in report.columns:
            yield from _working(report, around, layer, quantity)


def _output(layer: Layer) -> Iterator[Working]:
    found = [each for each in of_layer.formulas(layer) if each.quantity == "output"]
    for each in found:
        yield Working("output", "elements", each.value, each.text, each.rule, each.of)
    if not found:
        kept = layer.output_shape in layer.input_shapes
        yield Working("output", "elements", list(layer.output_shape), "", "output.kept" if kept else "none")


def _working(report: Report, around: Surroundings, layer: Layer, quantity: str) -> Iterator[Working]:
    column = report.columns[quantity]
    value = column.values.get(layer.name)
    if quantity == "receptive_field":
        rule = f"field.{value}" if isinstance(value, str) else "field.none" if value is None else "field.last"
        yield Working(quantity, column.unit, value, "", rule)
    elif value is None:
        if quantity != "intensity":  # of what moves nothing there is none
            yield Working(quantity, column.unit, None, "", "unknown")
    elif value or quantity in SAID_WHERE_ZERO:
        text, rule = (_known(around, layer, quantity) or ("", "none")) if value else ("", "zero")
        if text and evaluate(text) != value:
            text, rule = "", "none"
        yield Working(quantity, column.unit, value, text, rule)


def _known(around: Surroundings, layer: Layer, quantity: str) -> of_layer.Known:
    if quantity in in_graph.RULES:
        return of_layer.guarded(lambda: in_graph.RULES[quantity](around, layer))
    return of_layer.guarded(lambda: of_layer.RULES[quantity](layer))


# ---- a block -------------------------------------------------------------------------------------------------------


def node_of(report: Report, path: str) -> Node:
    """The module of this path, its equal neighbours folded where what they sum to is equal too."""
    counted = [column for column in report.columns.values() if column.values and column.reduce == "sum"]
    values = {layer.name: tuple([column.values.get(layer.name) for column in counted]) for layer in report.graph.layers}
    node = tree_of(report.graph, False, values)
    while node.path != path:
        node = next(child for child in node.children if f"{path}.".startswith(f"{child.path}."))
    return folded(node)


def _parts(report: Report, node: Node) -> Iterator[Part]:
    if node.layer is not None:
        own = Node(node.path, node.layer.kind, node.layer)
        yield Part(node.path, units.layer_words(node.layer), 1, _values(report, own))
    for child in node.children:
        words = units.operation(child) or units.contents(child)
        yield Part(child.path, words, child.repeat, _values(report, child))
    if node.unused:
        unused = Node(node.path, unused=node.unused)
        yield Part(node.path, units.operation(unused), 1, _values(report, unused))


def _values(report: Report, node: Node) -> dict[str, Any]:
    """Of a module the values of all columns; parameters that the pass never touched are its own too."""
    names, alike = ([layer.name for layer in layers] for layers in (node.layers, node.all_layers))
    of = {"max": alike}  # the largest of all copies: what is alive beside equal neighbours differs
    columns = [report.columns[name] for name in QUANTITIES if name in report.columns and names]
    values = {column.name: report.value(column.name, of.get(column.reduce, names)) for column in columns}
    if node.all_unused:
        unused = sum(report.graph.parameters[name].elements for name in node.all_unused)
        values["params"] = (values.get("params") or 0) + unused
    return values


def _sums(report: Report, node: Node, parts: Sequence[Part]) -> Iterator[Working]:
    """Each quantity of a block by those of its parts."""
    whole = _values(report, node)
    for name in QUANTITIES:
        if not (value := whole.get(name)):
            continue
        column = report.columns[name]
        if name == "receptive_field" or isinstance(value, str):
            yield Working(name, column.unit, value, "", "field.of_last")
            continue
        if column.ratio_of:
            over, under = (whole[part] for part in column.ratio_of)
            text, rule = f"{number(over)} / {number(under)}", "ratio"
        else:
            text, rule = _over(parts, name, column.reduce)
            if not node.path and column.reduce == "sum" and column.total != value:
                rest = column.total - value
                value, text, rule = column.total, f"{text} + {number(rest)}", "sum.unused"
        holds = evaluate(text) == value
        yield Working(name, column.unit, value, text if holds else "", rule if holds else "none")


def _over(parts: Sequence[Part], name: str, reduce: str) -> tuple[str, str]:
    known = [(part.values[name], part.repeat) for part in parts if part.values.get(name)]
    if reduce == "max":
        values = ", ".join(number(value) for value, _ in known)
        return f"max({values})" if len(known) > 1 else values, "largest"
    return plus(*[times(repeat, value) if repeat > 1 else value for value, repeat in known]), "sum"
