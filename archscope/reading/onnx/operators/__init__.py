"""How each operator of ONNX is said in torch's operations, by its name. One that is not here is unknown.

layers         convolutions, products, normalisations, poolings, recurrent layers
elements       activations, arithmetic, reductions
shapes         views, movement, resampling
types          quantisation and casts
"""

from archscope.reading.onnx.node import Node, Rule
from archscope.reading.onnx.operators import elements, layers, shapes, types

RULES: dict[str, Rule] = {
    operator: rule
    for table in (layers.RULES, elements.RULES, shapes.RULES, types.RULES)
    for operators, rule in table.items()
    for operator in operators.split()
}


def unknown(node: Node) -> None:
    """An operation under its own name with all that it is told, which has no cost; what its branches store is its."""
    reading = node.reading
    given = []
    for place, name in enumerate(node.proto.input):
        stored = reading.model.stored.get(name)
        if name:
            value = reading.held(stored, "operand") if stored else reading.values[name]
            given.append((f"argument_{place}", value))
    inner = reading.model.inner.get("".join(node.proto.output[:1]), [])
    given += [("branch", reading.held(stored, "operand")) for stored in inner]
    library = "" if "::" in node.operator else "onnx::"
    node.kind = node.operator
    values = node.add(f"{library}{node.operator}", given, node.attributes)
    node.give(values)
    reading.unknown |= {name: node.operator for name in node.outputs if name not in reading.known}
