"""Operands of graphs that do not say them: of a report of the first schema, or one written by hand. No torch."""

from dataclasses import replace

from archscope.model.graph import Graph, Kind, Layer, Operand, Shape

ORDER = {
    "input": ("input", "other", "third"),
    "parameter": ("weight", "bias", "third"),
    "buffer": ("running_mean", "running_var", "third"),
}
"""What the first, second and further operands of a kind most likely are."""


def all_operands(graph: Graph) -> Graph:
    """The graph with operands for each layer that reads something, and with the results."""
    if graph.results:
        return graph
    return replace(
        graph,
        layers=tuple(
            layer if layer.operands else replace(layer, operands=_operands(layer, graph)) for layer in graph.layers
        ),
        results=tuple(Operand("", _kind(name, graph), name, _shape(name, graph)) for name in graph.outputs),
    )


def _operands(layer: Layer, graph: Graph) -> tuple[Operand, ...]:
    found = []
    for place, (name, shape) in enumerate(zip(layer.inputs, layer.input_shapes, strict=True)):
        argument = _argument("input", place) if len(layer.inputs) < 3 else f"tensors.{place}"
        found.append(Operand(argument, _kind(name, graph), name, (1, *shape)))
    for kind, names, tensors in (
        ("parameter", layer.parameters, graph.parameters), ("buffer", layer.buffers, graph.buffers)
    ):  # fmt: skip
        alone = kind == "parameter" and len(names) == 1 and names[0].rpartition(".")[2] in {"bias", "beta"}
        for place, name in enumerate(names):
            argument = "bias" if alone else _argument(kind, place)
            found.append(Operand(argument, "parameter" if kind == "parameter" else "buffer", name, tensors[name].shape))
    return tuple(found)


def _argument(kind: str, place: int) -> str:
    return ORDER[kind][place] if place < len(ORDER[kind]) else f"{kind}_{place}"


def _kind(name: str, graph: Graph) -> Kind:
    return "layer" if name in graph.layer else "input"


def _shape(name: str, graph: Graph) -> Shape:
    return (1, *(graph.layer[name].output_shape if name in graph.layer else graph.inputs[name].shape))
