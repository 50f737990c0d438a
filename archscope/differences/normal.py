"""The normal form of a Graph: layers that are equal by function become equal Steps, whoever wrote them.

Identity layers, views and copies are gone. A functional call and a module are one; so are a fully connected layer and
a convolution over the whole map, a mean over both axes and a global pooling, a padding layer with the convolution
after it and a padded convolution, nested concatenations and a flat one, `x * sigmoid(x)` and SiLU.
"""

from collections.abc import Callable

from archscope.differences.draft import Draft
from archscope.differences.rules import other, pointwise, shapes, windows
from archscope.differences.steps import Step, hashable, live
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY
from archscope.model.report import Report

SAME = {"identity", "clone", "contiguous", "alias", "expand", "expand_as", "broadcast_to", "to", "float", "type_as"}
"""Operations that change no value; a broadcast is part of what reads it."""

RESHAPES = {
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "ravel", "view_as", "reshape_as", "getitem",
    "select", "narrow", "atleast_1d", "atleast_2d", "atleast_3d",
}  # fmt: skip
"""Operations that keep the order of the elements, as long as they keep their number."""


def normal_form(report: Report) -> list[Step]:
    """The steps in execution order: the inputs, what is computed from them, and one step for all outputs."""
    return Normaliser(report).steps()


class Normaliser:
    """Reads a graph layer by layer; `at` is the step whose values each layer's name stands for."""

    def __init__(self, report: Report) -> None:
        self.graph: Graph = report.graph
        self.params, self.macs = (report.columns[name].values for name in ("params", "macs"))
        self.draft = Draft(self.graph)
        self.at: dict[str, Step] = {}
        for name, tensor in self.graph.inputs.items():
            self.at[name] = self.draft.keep(Step("input", name=name, shape=tensor.shape))

    def steps(self) -> list[Step]:
        for layer in self.graph.layers:
            self.at[layer.name] = self._step(layer, [self.at[name] for name in layer.inputs])
        ends = [self.at[name] for name in self.graph.outputs]
        kept = [*live(self.draft.steps, ends), Step("output", ends, name="output")]
        for place, step in enumerate(kept):
            step.place = place
        return kept

    def _step(self, layer: Layer, inputs: list[Step]) -> Step:
        """The step of a layer: a new one, or the one before it where the layer changes nothing."""
        step = Step(layer.operation, inputs, {}, layer, layer.name, layer.output_shape)
        step.params, step.macs = self.params[layer.name] or 0, self.macs[layer.name] or 0
        rule = RULES.get(layer.operation) or OF_CATEGORY.get(CATEGORY.get(layer.operation, ""), other)
        found = step if step.params and rule is shapes.same else rule(step, layer, self.draft)
        if found is step:
            step.facts = {name: hashable(value) for name, value in step.facts.items()}
            self.draft.keep(step)
        return found


Rule = Callable[[Step, Layer, Draft], Step]

RULES: dict[str, Rule] = {
    **dict.fromkeys(SAME, shapes.same),
    **dict.fromkeys(RESHAPES, shapes.reshape),
    **dict.fromkeys(("clamp", "clip", "clamp_min", "hardtanh"), pointwise.activation),
    **dict.fromkeys(("mul", "div", "true_divide"), pointwise.multiply),
    **dict.fromkeys(("cat", "concat", "concatenate"), shapes.concatenate),
    **dict.fromkeys(("mean", "amax"), windows.mean),
    **dict.fromkeys(("pad", "constant_pad_nd"), windows.pad),
    "add": pointwise.add,
    "neg": pointwise.negate,
    "batch_norm": pointwise.batch_norm,
}
"""By operation."""

OF_CATEGORY: dict[str, Rule] = {
    "convolution": windows.convolution,
    "transposed convolution": windows.transposed,
    "linear": windows.linear,
    "pooling": windows.pooling,
    "global pooling": windows.adaptive_pooling,
    "activation": pointwise.activation,
    "dropout": pointwise.dropout,
}
"""For all other operations of a category."""
