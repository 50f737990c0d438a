"""Casts and quantisation: conversions of a type. What stands around a stored weight is how it is stored."""

from dataclasses import replace

from archscope.reading.onnx.node import Node, Rule


def cast(node: Node) -> None:
    node.is_operation("to", [("input", node.value(0))], {"dtype": node.dtype()})


def quantisation(node: Node) -> None:
    """The scales and zero points are buffers, as what training of weights does not reach."""
    stored = node.stored(0)
    scales = [
        (f"scale_{place}", node.value(place, "statistic"))
        for place in range(1, len(node.proto.input))
        if node.has(place)
    ]
    if stored is not None:
        name = node.proto.output[0]
        node.reading.held(stored, "weight")
        node.reading.model.stored[name] = replace(stored, name=name, numbers=None)
        return
    settings = {"dtype": node.dtype()}
    node.is_operation("to", [("input", node.value(0)), *scales], settings)


RULES: dict[str, Rule] = {
    "Cast CastLike": cast,
    "QuantizeLinear DequantizeLinear DynamicQuantizeLinear": quantisation,
}
