"""The normal form of a Graph: layers that are equal by function become equal Steps, whoever wrote them.

Identity layers, views and copies are gone. A functional call and a module are one; so are a fully connected layer and
a convolution over the whole map, a mean over both axes and a global pooling, a padding layer with the convolution
after it and a padded convolution, nested concatenations and a flat one, `x * sigmoid(x)` and SiLU.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from archscope.differences.draft import Draft
from archscope.differences.rules import (
    Call,
    Rule,
    activations,
    arithmetic,
    attention,
    axes,
    concatenations,
    other,
    pointwise,
    products,
    recurrent,
    shapes,
    windows,
)
from archscope.differences.rules.stored import facts_of, order_of
from archscope.differences.spoken import all_operands
from archscope.differences.steps import Step, View, live, stored_last
from archscope.model.content import is_zeros
from archscope.model.graph import Graph, Layer, Operand
from archscope.model.operations import CATEGORY
from archscope.model.report import Report

UNREADABLE = (ValueError, IndexError, KeyError, TypeError, AttributeError, ZeroDivisionError, AssertionError)
"""What a rule raises where an operation is not of the form that it knows."""


def normal_form(report: Report, written: bool = False) -> list[Step]:
    """The steps in execution order: the inputs, what is computed from them, and one step for all outputs.

    As `written` every view is a step, what nothing reads as well: then less is equal, but a change stays where it is.
    """
    return Normaliser(report, written).steps()


def _settings(layer: Layer) -> dict[str, Any]:
    """A window's sizes are numbers; what else bears their names, as in a stranger's report, is a word."""
    return {name if name not in SIZES or _is_size(value) else f"{name}, as said": value
            for name, value in layer.settings.items()}  # fmt: skip


SIZES = frozenset({"kernel_size", "stride", "dilation"})


def _is_size(value: Any) -> bool:
    numbers = value if isinstance(value, list | tuple) else [value]
    return value is None or all(isinstance(number, int | float) for number in numbers)


class Normaliser:
    """Reads a graph layer by layer."""

    def __init__(self, report: Report, written: bool = False) -> None:
        self.graph: Graph = all_operands(report.graph)
        self.params, self.macs = (report.columns[name].values for name in ("params", "macs"))
        self.evaluated = report.setting.get("mode", "eval") == "eval"
        self.draft = Draft(self.graph, written)
        for name, tensor in self.graph.inputs.items():
            shape = self.draft.shapes.get((name, 0), (1, *tensor.shape))
            step = Step("input", name=name, shape=shape, dtype=tensor.dtype)
            self.draft.at[name, 0] = View.of(self.draft.keep(step))

    def steps(self) -> list[Step]:
        for layer in self.graph.layers:
            for output, view in enumerate(self._views(layer)):
                self.draft.at[layer.name, output] = view
        ends = [self.draft.shown(view) for view in map(self._seen, self.graph.results) if view is not None]
        steps = live(self.draft.steps, ends)
        if self.draft.written:  # what nothing reads too, but for further results
            read = {id(one) for step in self.draft.steps for one in step.inputs} | set(map(id, ends))
            steps = [step for step in self.draft.steps if id(step) in read or step.kind != "part"]
        else:
            steps = stored_last(steps)
        kept = [*steps, self._output(ends)]
        for place, step in enumerate(kept):
            step.place = place
        return kept

    def _output(self, ends: list[Step]) -> Step:
        """What the network returns, and which of that is stored."""
        stored = [
            one._replace(argument=f"result {place}")
            for place, one in enumerate(self.graph.results, start=1)
            if self._seen(one) is None
        ]
        facts, told, unknown = facts_of(stored, self.graph)
        known = {name: fact for name, fact in facts.items() if fact is not None}
        own = tuple(one.source for one in stored if one.kind == "parameter")
        return Step("output", ends, known, name="output", parameters=own, told=told, unknown=unknown)

    def _seen(self, operand: Operand) -> View | None:
        """How a reader sees what it is given; nothing for what no layer computes."""
        if operand.kind not in {"layer", "input"}:
            return None
        view = self.draft.at[operand.source, operand.output]
        for said in operand.views:  # of a result, which is told by other axes than the network gives it
            order = order_of(said, len(view.shape))
            view = view if order is None else replace(view, layout=view.layout.permuted(order))
        return view

    def _views(self, layer: Layer) -> Sequence[View]:
        """How each output of a layer is seen. What a rule cannot read is an operation by its name."""
        rule = RULES.get(layer.operation) or OF_CATEGORY.get(CATEGORY.get(layer.operation, ""), other)
        made, costs = len(self.draft.steps), (self.params[layer.name] or 0, self.macs[layer.name] or 0)
        call = self._call(layer, costs)
        try:
            return self._checked(call, rule)
        except UNREADABLE:
            call.give_back()
            self.draft.undo(made)
            return self._checked(self._call(layer, costs), other)

    def _checked(self, call: Call, rule: Rule) -> list[View]:
        """The views of all outputs, of the shapes that the layer gives, and with all that it costs."""
        found = rule(call)
        if any(call.cost):  # gone but for what it costs: its own step after all
            found = other(call)
        views = [View.of(found)] if isinstance(found, Step) else [found] if isinstance(found, View) else list(found)
        step = views[0].step
        for output in range(len(views), len(call.layer.output_shapes)):
            part = call.draft.extra("part", [step], call.layer, call.out(output), {"of": output})
            views.append(View.of(part))
        for output, view in enumerate(views):
            if view.shape != call.out(output):
                if view.layout.elements != View.of(step, call.out(output)).layout.elements:
                    raise ValueError("of another size")
                whole = call.out(output)
                views[output] = concatenations.seen(call, view.layout.reshaped(whole), whole, view)
        if self.draft.written:
            return [View.of(self.draft.shown(view, call.layer), view.shape) for view in views]
        return [view if view.step.layer is call.layer else replace(view, layer=call.layer) for view in views]

    def _call(self, layer: Layer, cost: tuple[int, int]) -> Call:
        views, arguments, fixed, settings = [], [], [], _settings(layer)
        for operand in layer.operands:
            view = self._seen(operand)
            if view is not None:
                if view.shape != operand.shape and (layout := view.layout.reshaped(operand.shape)):
                    view = View(view.step, layout)
                views.append(view)
                arguments.append(operand.argument)
            elif (value := self._scalar(layer, operand)) is not None:
                settings[operand.argument] = value
            else:
                fixed.append(operand)
        return Call(layer, self.draft, settings, views, arguments, fixed, cost, self.evaluated)

    def _scalar(self, layer: Layer, operand: Operand) -> float | None:
        """A constant of one element is a number where numbers may stand, and one of zeros that repeats nothing."""
        numbers = CATEGORY.get(layer.operation) == "elementwise" or layer.operation in {"max", "min"}
        if not numbers or operand.kind not in {"constant", "buffer"}:
            return None
        tensor = (self.graph.buffers if operand.kind == "buffer" else self.graph.constants)[operand.source]
        if len(tensor.values) == 1 and not tensor.shape:
            return tensor.values[0]
        whole = (1, *layer.output_shape)
        fits = any(one is not operand and one.shape == whole for one in layer.operands)
        return 0.0 if fits and is_zeros(tensor) else None


SAME = "clone contiguous alias to float double half bfloat16 long int bool type type_as"
"""Operations that change no value, but perhaps the type."""

RESHAPES = "view reshape flatten unflatten squeeze unsqueeze ravel view_as reshape_as atleast_1d atleast_2d atleast_3d"
PERMUTATIONS = "permute transpose swapaxes swapdims movedim moveaxis t T mT H mH adjoint"
SPLITS = "chunk split split_with_sizes tensor_split hsplit vsplit unbind unsafe_chunk unsafe_split"
REDUCTIONS = "mean sum amax amin max min prod"

BY_OPERATION: dict[str, Rule] = {
    SAME: shapes.same,
    "identity": shapes.identity,
    RESHAPES: shapes.reshape,
    PERMUTATIONS: shapes.permute,
    SPLITS: shapes.split,
    "expand expand_as broadcast_to": shapes.expand,
    "channel_shuffle native_channel_shuffle pixel_shuffle pixel_unshuffle": shapes.shuffle,
    "getitem": shapes.index,
    "select": shapes.select,
    "narrow": shapes.narrow,
    "flip": shapes.flip,
    "roll": shapes.roll,
    "cat stack": concatenations.concatenate,
    "clamp clamp_min clamp_max hardtanh": activations.activation,
    "glu": other,
    "add": products.add,
    "addmm": products.added_product,
    "addcmul": arithmetic.add_product,
    "maximum minimum": activations.extreme,
    "where": activations.where,
    "masked_fill": activations.masked_fill,
    "sub rsub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "div": arithmetic.divide,
    "neg": arithmetic.negate,
    "interpolate": windows.interpolation,
    "pow square sqrt rsqrt reciprocal": arithmetic.power,
    REDUCTIONS: axes.reduction,
    "std var std_mean var_mean": axes.deviation,
    "batch_norm": axes.batch_norm,
    "layer_norm rms_norm": axes.layer_norm,
    "lstm gru rnn_tanh rnn_relu": recurrent.recurrent,
    "group_norm instance_norm": axes.norm,
    "softmax log_softmax softmin": axes.softmax,
    "pad constant_pad_nd": windows.pad,
    "scaled_dot_product_attention": attention.attention,
    "multi_head_attention_forward": attention.module,
    "matmul bmm mm": products.product,
    "einsum": attention.equation,
    "max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices": other,
}
RULES: dict[str, Rule] = {name: rule for names, rule in BY_OPERATION.items() for name in names.split()}
"""By operation."""

OF_CATEGORY: dict[str, Rule] = {
    "convolution": windows.convolution,
    "transposed convolution": windows.transposed,
    "linear": windows.linear,
    "pooling": windows.pooling,
    "global pooling": windows.adaptive_pooling,
    "activation": activations.activation,
    "elementwise": pointwise.elementwise,
    "dropout": pointwise.dropout,
}
"""For all other operations of a category."""
