"""Layers written as what they compute: a product with a stored matrix is a fully connected layer, and a stored vector
that is added along the filters is a bias. No torch."""

from dataclasses import replace
from math import prod

from archscope.differences.rules import Call, arithmetic, attention, other, wide, windows, with_fixed
from archscope.differences.rules.pointwise import spread
from archscope.differences.rules.stored import reordered
from archscope.differences.steps import Step, View
from archscope.model.graph import Operand

TRANSPOSED = {
    "T()", "t()", "mT()", "adjoint()", "permute(dims=[1, 0])",
    *(f"{name}({a}0={i}, {a}1={j})" for name, a in (("transpose", "dim"), ("swapaxes", "axis"), ("swapdims", "dim"))
      for i, j in ((0, 1), (1, 0), (-1, -2), (-2, -1))),
}  # fmt: skip
"""Calls that turn a stored matrix."""


def product(call: Call) -> Step | View:
    """`x @ W.T` is a fully connected layer of W."""
    weight = _turned(call.fixed[0]) if call.arguments == ["input"] and len(call.fixed) == 1 else None
    return attention.product(call) if weight is None else _linear(call, [weight])


def added_product(call: Call) -> Step | View:
    """`addmm(b, x, W.T)` is one with a bias; of any other matrix a product and a sum."""
    fixed = {one.argument: one for one in call.fixed}
    plain = call.settings.get("beta", 1) == 1 == call.settings.get("alpha", 1)
    if not plain or call.arguments != ["mat1"] or fixed.keys() != {"input", "mat2"}:
        return other(call)
    weight, bias = _turned(fixed["mat2"]), fixed["input"]
    if weight is None and not call.draft.written:
        return _product_and_sum(call, fixed["mat2"], bias)
    if weight is None or bias.kind != "parameter" or bias.shape != weight.shape[:1]:
        return other(call)
    return _linear(call, [weight, bias._replace(argument="bias")])


def _product_and_sum(call: Call, matrix: Operand, added: Operand) -> View:
    params, macs = call.cost
    own = prod(added.shape) if added.kind == "parameter" and params else 0
    first = replace(call, fixed=[matrix._replace(argument="other")], cost=(params - own, macs))
    product = with_fixed(first.step("matmul", [first.shown()], {}), first)
    product.parameters = (matrix.source,) if matrix.kind == "parameter" else ()
    second = replace(call, views=[View.of(product)], arguments=["input"], fixed=[added._replace(argument="other")])
    second.settings, second.cost = {}, (own, 0)
    found = arithmetic.add(second)
    found.step.parameters = (added.source,) if added.kind == "parameter" else ()
    call.cost = (0, 0)
    return found


def _turned(operand: Operand) -> Operand | None:
    """The matrix that is stored, of a parameter that is read turned; None for any other."""
    views = reordered(operand.views)
    if operand.kind != "parameter" or len(operand.shape) != 2 or len(views) != 1 or views[0] not in TRANSPOSED:
        return None
    return operand._replace(argument="weight", shape=operand.shape[::-1], views=())


def _linear(call: Call, fixed: list[Operand]) -> Step | View:
    made = replace(call, arguments=["input"], fixed=fixed)
    found = windows.linear(made)
    call.cost = made.cost
    step = found.step if isinstance(found, View) else found
    step.parameters = tuple(one.source for one in fixed)  # addmm is given its bias first
    return found


def add(call: Call) -> View:
    return _with_bias(call) or arithmetic.add(call)


def _with_bias(call: Call) -> View | None:
    """A layer without a bias, and the stored vector of one number a filter that is added to it."""
    if len(call.views) != 1 or len(call.fixed) != 1 or call.settings.get("alpha", 1) != 1 or call.draft.written:
        return None
    view, bias = call.views[0], call.fixed[0]
    step, out = view.step, call.out()
    if step.kind not in {"conv", "linear"} or step.facts["bias"] or reordered(bias.views) or bias.kind != "parameter":
        return None
    if not view.permutes or view.shape != out or not _read_once(call, step):
        return None
    repeated = spread(call, view, out)
    axes, filters = wide(step.shape), _filters_axis(step)
    others = tuple(place for place, axis in enumerate(axes) if axis != filters)
    if filters not in axes or repeated is None or repeated.get(bias.argument, ()) != others:
        return None
    step.facts = {**step.facts, "bias": True}
    if step.as_conv:
        step.as_conv = {**step.as_conv, "bias": True}
    step.tell_anew()
    step.params += call.cost[0]
    step.macs += call.cost[1]
    step.parameters = (*step.parameters, bias.source)
    call.cost = (0, 0)
    return view


def _filters_axis(step: Step) -> int:
    """Which axis of what a layer gives is that of its filters or units."""
    if step.kind == "conv":
        return len(step.shape) - len(step.facts["kernel_size"]) - 1
    axes = wide(step.shape) or [0]
    return axes[int(step.facts["axis"])] if "axis" in step.facts else axes[-1]


def _read_once(call: Call, step: Step) -> bool:
    """Does nobody but this addition read what the layer gives, however it is shown?"""
    graph, layer = call.draft.graph, call.layer
    returned = {one.source for one in graph.results}
    while step.layer is not None and layer is not step.layer:
        source = next((one.source for one in layer.operands if one.kind == "layer"), None)
        if source is None or source in returned or len(graph.consumers[source]) != 1:
            return False
        layer = graph.layer[source]
    return layer is step.layer
