"""The steps of a network as far as they are written: what the rules see of those before, and add to. No torch."""

from typing import Any

from archscope.differences.layouts import Layout
from archscope.differences.steps import Step, View, hashable, squeezed
from archscope.model.graph import Graph, Layer, Shape


class Draft:
    """The steps of `graph` so far, in execution order. `at`: how each tensor that a layer makes is seen, by the layer's
    name and the number of the output. `cats`: concatenations, by axis and operands. `written`: each operation stays
    where it is written, and is taken into none before or after it."""

    def __init__(self, graph: Graph, written: bool = False) -> None:
        self.graph, self.written = graph, written
        self.steps: list[Step] = []
        self.at: dict[tuple[str, int], View] = {}
        self.cats: dict[tuple[Any, ...], Step] = {}
        self.shapes = whole_shapes(graph)
        self._shown: dict[Any, Step] = {}

    def keep(self, step: Step) -> Step:
        step.facts = {name: hashable(value) for name, value in step.facts.items()}
        step.settle()
        self.steps.append(step)
        return step

    def extra(self, kind: str, inputs: list[Step], layer: Layer | None, shape: Shape, facts: dict[str, Any]) -> Step:
        """A step that a layer does besides its own."""
        name = layer.name if layer else ""
        dtype = inputs[0].dtype if inputs else "float32"
        return self.keep(Step(kind, inputs, facts, layer, name, shape, dtype=dtype))

    def shown(self, view: View, layer: Layer | None = None) -> Step:
        """A step whose elements, row by row, are what is seen: the one that makes them, or one that orders them."""
        step, layout = view.step, view.layout
        if view.is_whole and squeezed(layout.sizes) == squeezed(step.shape):
            return step
        key = id(step), layout.offset, layout.runs, squeezed(layout.sizes)
        if key not in self._shown:
            kind, facts = ordering(layout, step.shape)
            made = self.extra(kind, [step], view.layer or layer or step.layer, layout.sizes, facts)
            made.seen = view
            self._shown[key] = made
        return self._shown[key]

    def undo(self, count: int) -> None:
        """Keep so many steps alone, and what is known of these."""
        gone = set(map(id, self.steps[count:]))
        del self.steps[count:]
        for known in (self._shown, self.cats):
            while known and id(next(reversed(known.values()))) in gone:
                known.popitem()

    def absorb(self, steps: list[Step], into: Step) -> None:
        """These steps are part of another: what they have and cost is its."""
        gone = set(map(id, steps))
        into.macs += sum(step.macs for step in steps)
        into.params += sum(step.params for step in steps)
        into.parameters = (*[name for step in steps for name in step.parameters], *into.parameters)
        self.steps = [step for step in self.steps if id(step) not in gone]


def ordering(layout: Layout, shape: Shape) -> tuple[str, dict[str, Any]]:
    """What a layout does with a tensor of this shape, told by its axes: those of one element are not counted."""
    sizes = squeezed(shape)
    source, seen = Layout.of(sizes), squeezed(layout.sizes)
    axes = [layout.axes_of(i, sizes) for i, size in enumerate(layout.sizes) if size != 1]
    elements = source.elements
    if layout.permutes(elements) and all(each is not None and len(each) == 1 for each in axes):
        return "permute", {"order": tuple(each[0] for each in axes if each)}
    if layout.is_all_of(elements):
        return "reshape", {"shape": seen}
    slices = _slices(layout, source) if elements else None
    if slices is not None:
        return "slice", {"slices": slices}
    return "view", {"sizes": seen, "runs": layout.runs, "offset": layout.offset}


def _slices(layout: Layout, source: Layout) -> tuple[Any, ...] | None:
    """Axis by axis: which part of how many equal ones, or from where to where; None for anything else."""
    left = [(size, stride) for size, stride in zip(layout.sizes, layout.strides, strict=True) if size != 1]
    found = []
    offset = layout.offset
    for axis, (size, stride) in enumerate(zip(source.sizes, source.strides, strict=True)):
        start, offset = divmod(offset, stride)
        length = step = 1
        if left and left[0][1] % stride == 0 and 0 < left[0][1] // stride < max(size, 2):
            length, step = left[0][0], left[0][1] // stride
            left.pop(0)
        if start + (length - 1) * step >= size:
            return None
        if length == size:
            continue
        parts = step == 1 and length > 1 and size % length == 0 and start % length == 0
        found.append((axis, "part", start // length, size // length) if parts else (axis, start, start + length, step))
    return None if left or offset else tuple(found)


def whole_shapes(graph: Graph) -> dict[tuple[str, int], Shape]:
    """Shapes with the batch axis, as those who read a layer's outputs are given them."""
    operands = [operand for layer in graph.layers for operand in layer.operands]
    return {
        (operand.source, operand.output): operand.shape
        for operand in (*operands, *graph.results)
        if operand.kind in {"layer", "input"} and not operand.views
    }
