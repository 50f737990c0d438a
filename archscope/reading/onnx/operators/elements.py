"""Activations, arithmetic element by element, and reductions."""

from typing import Any

from archscope.reading.onnx.node import Node, Rule

# ---- activations -------------------------------------------------------------------------------------------------

ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "Relu": ("relu", {}),
    "LeakyRelu": ("leaky_relu", {"negative_slope": ("alpha", 0.01)}),
    "Elu": ("elu", {"alpha": ("alpha", 1.0)}),
    "Celu": ("celu", {"alpha": ("alpha", 1.0)}),
    "Selu": ("selu", {}),
    "Gelu": ("gelu", {"approximate": ("approximate", "none")}),
    "com.microsoft::Gelu": ("gelu", {"approximate": ("approximate", "none")}),
    "com.microsoft::FastGelu": ("gelu", {"approximate": ("approximate", "tanh")}),
    "com.microsoft::QuickGelu": ("silu", {"alpha": ("alpha", 1.702)}),
    "Sigmoid": ("sigmoid", {}),
    "HardSwish": ("hardswish", {}),
    "Swish": ("silu", {}),
    "Tanh": ("tanh", {}),
    "Softplus": ("softplus", {"beta": ("", 1), "threshold": ("", 20)}),
    "Softsign": ("softsign", {}),
    "Mish": ("mish", {}),
    "ThresholdedRelu": ("threshold", {"threshold": ("alpha", 1.0), "value": ("", 0.0)}),
    "Softmax": ("softmax", {"dim": ("axis", None)}),
    "LogSoftmax": ("log_softmax", {"dim": ("axis", None)}),
}
"""Torch's name, and its settings with ONNX's attribute and default for each."""

OLD_SOFTMAX = 13
"""Before this set of operators the axis was the second by default."""


def activation(node: Node) -> None:
    operation, names = ACTIVATIONS[node.operator]
    settings = {name: node.get(attribute, default) for name, (attribute, default) in names.items()}
    if "dim" in settings and settings["dim"] is None:
        settings["dim"] = 1 if node.reading.model.opset < OLD_SOFTMAX else -1
    node.is_operation(operation, [("input", node.value(0))], settings)


def hard_sigmoid(node: Node) -> None:
    """Torch's has a slope of one sixth, ONNX's by default one of a fifth."""
    alpha, beta = node.get("alpha", 0.2), node.get("beta", 0.5)
    own = abs(alpha - 1 / 6) < 1e-4 and beta == 0.5
    node.is_operation("hardsigmoid", [("input", node.value(0))], {} if own else {"alpha": alpha, "beta": beta})


def prelu(node: Node) -> None:
    node.is_operation("prelu", [("input", node.value(0)), ("weight", node.value(1, "weight"))], {})


def clip(node: Node) -> None:
    """Bounds are attributes of old files, and inputs of newer ones."""
    bounds = [node.get(name, node.number(place)) for place, name in ((1, "min"), (2, "max"))]
    given = [("input", node.value(0))]
    computed = [(name, node.value(place)) for place, name in ((1, "min"), (2, "max"))
                if node.has(place) and node.number(place) is None]  # fmt: skip
    if bounds == [0, 6] and not computed:
        node.is_operation("relu6", given)
        return
    settings = {name: bound for name, bound in zip(("min", "max"), bounds, strict=True) if bound is not None}
    node.is_operation("clamp", [*given, *computed], settings)


# ---- arithmetic --------------------------------------------------------------------------------------------------

BINARY = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "Min": "minimum", "Max": "maximum",
    "Equal": "eq", "Less": "lt", "Greater": "gt", "LessOrEqual": "le", "GreaterOrEqual": "ge", "And": "logical_and",
    "Or": "logical_or", "Xor": "logical_xor", "Mod": "remainder", "BitwiseAnd": "bitwise_and",
    "BitwiseOr": "bitwise_or", "BitwiseXor": "bitwise_xor", "Sum": "add", "Mean": "add",
}  # fmt: skip
EXCHANGED = {"add", "mul", "minimum", "maximum", "eq"}
"""A number may stand on either side."""

UNARY = {
    "Neg": "neg", "Abs": "abs", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Sin": "sin",
    "Cos": "cos", "Tan": "tan", "Asin": "asin", "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh",
    "Asinh": "asinh", "Acosh": "acosh", "Atanh": "atanh", "Erf": "erf", "Sign": "sign", "Floor": "floor",
    "Ceil": "ceil", "Round": "round", "Not": "logical_not", "IsNaN": "isnan", "IsInf": "isinf",
    "BitwiseNot": "bitwise_not",
}  # fmt: skip


def unary(node: Node) -> None:
    node.is_operation(UNARY[node.operator], [("input", node.value(0))])


def binary(node: Node) -> None:
    """Of two tensors, or a tensor and a number. A sum of several is one of two after another."""
    operation, count = BINARY[node.operator], len(node.proto.input)
    if node.operator == "Mod" and node.get("fmod", 0):  # of the dividend's sign
        operation = "fmod"
    if count == 1:
        node.alias(node.value(0))
        return
    if count == 2 and node.operator != "Mean":
        node.give(_two(node, operation))
        return
    total = node.value(0)
    for place in range(1, count):
        last = place == count - 1 and node.operator != "Mean"
        shapes = None if last else [node.out()]
        (total,) = node.add(operation, [("input", total), ("other", node.value(place))], _alpha(operation), shapes)
    if node.operator == "Mean":
        (total,) = node.add("div", [("input", total)], {"other": count})
    node.alias(total)


def _alpha(operation: str) -> dict[str, Any]:
    return {"alpha": 1} if operation in {"add", "sub"} else {}


def _two(node: Node, operation: str) -> Any:
    numbers = [node.number(place) for place in (0, 1)]
    first, second = numbers
    if second is not None and node.stored(0) is None:
        return node.add(operation, [("input", node.value(0))], {"other": second, **_alpha(operation)})
    if first is not None and node.stored(1) is None:
        if operation in EXCHANGED:
            return node.add(operation, [("input", node.value(1))], {"other": first, **_alpha(operation)})
        if operation == "sub":
            return node.add("rsub", [("input", node.value(1))], {"other": first})
        return node.add(operation, [("other", node.value(1))], {"input": first})
    return node.add(operation, [("input", node.value(0)), ("other", node.value(1))], _alpha(operation))


def where(node: Node) -> None:
    given, settings = [("condition", node.value(0))], {}
    for place, name in ((1, "input"), (2, "other")):
        number = node.number(place)
        if number is None:
            given.append((name, node.value(place)))
        else:
            settings[name] = number
    node.is_operation("where", given, settings)


# ---- reductions --------------------------------------------------------------------------------------------------

REDUCTIONS = {
    "ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "amax", "ReduceMin": "amin", "ReduceProd": "prod",
    "ReduceL1": "norm", "ReduceL2": "norm", "ReduceSumSquare": "norm", "ReduceLogSumExp": "logsumexp",
    "ReduceLogSum": "logsumexp",
}  # fmt: skip

OF_REDUCTIONS: dict[str, dict[str, Any]] = {
    "ReduceL1": {"p": 1}, "ReduceL2": {"p": 2}, "ReduceSumSquare": {"p": 2, "power": 2}, "ReduceLogSum": {"of": "log"}
}  # fmt: skip


def reduction(node: Node) -> None:
    """The axes are an attribute of old files, and an input of newer ones; none are all."""
    axes = node.get("axes", node.numbers(1))
    if node.has(1) and axes is None:
        raise LookupError
    if not axes and node.get("noop_with_empty_axes", 0):
        node.alias(node.value(0))
        return
    settings = dict(OF_REDUCTIONS.get(node.operator, {}))
    settings |= {"dim": list(axes or range(len(node.shape(0)))), "keepdim": bool(node.get("keepdims", 1))}
    node.is_operation(REDUCTIONS[node.operator], [("input", node.value(0))], settings)


def extreme(node: Node) -> None:
    settings = {"dim": node.get("axis", 0), "keepdim": bool(node.get("keepdims", 1))}
    node.is_operation(node.operator.lower(), [("input", node.value(0))], settings)


def normalised(node: Node) -> None:
    node.is_operation("normalize", [("input", node.value(0))], {"p": node.get("p", 2), "dim": node.get("axis", -1)})


RULES: dict[str, Rule] = {
    " ".join(ACTIVATIONS): activation,
    "HardSigmoid": hard_sigmoid,
    "PRelu": prelu,
    "Clip": clip,
    " ".join(UNARY): unary,
    " ".join(BINARY): binary,
    "Where": where,
    " ".join(REDUCTIONS): reduction,
    "ArgMax ArgMin": extreme,
    "LpNormalization": normalised,
}
