"""The numbers of a layer that depend on what stands around it: sharing, memory, traffic. Pure functions of a Graph."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import prod

from archscope.cached import cached_property
from archscope.explaining.expressions import number, plus, times, volume
from archscope.explaining.formulas import Known, formula, stored
from archscope.measures.elementwise import of_layer as elementwise_of
from archscope.measures.kept_by_kernels import passing_forward
from archscope.measures.macs import of_layer as macs_of
from archscope.measures.memory import last_reads, storage_roots
from archscope.measures.traffic import elements_read, read_shapes
from archscope.measures.training_memory import newly_kept
from archscope.model.graph import BYTES_PER_ELEMENT, Graph, Layer, Shape, Tensor

STATISTICS = {"batch_norm", "instance_norm", "group_norm", "layer_norm"}
"""What keeps a mean and a deviation in float32."""


class Surroundings:
    """A graph, and what a layer in it shares with others."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def first_use(self) -> Mapping[str, str]:
        """The layer that uses each parameter and buffer first."""
        found: dict[str, str] = {}
        for layer in self.graph.layers:
            for name in (*layer.parameters, *layer.buffers):
                found.setdefault(name, layer.name)
        return found

    @cached_property
    def place(self) -> Mapping[str, int]:
        return {layer.name: i for i, layer in enumerate(self.graph.layers)}

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Inputs, then layers."""
        return {name: i for i, name in enumerate((*self.graph.inputs, *self.place))}

    @cached_property
    def roots(self) -> Mapping[str, str]:
        return storage_roots(self.graph)

    @cached_property
    def last_read(self) -> Mapping[str, int]:
        return last_reads(self.graph, self.roots)

    @cached_property
    def kept(self) -> Mapping[str, tuple[Iterable[str], int] | None]:
        return {layer.name: kept for layer, kept in newly_kept(self.graph)}

    @cached_property
    def stored(self) -> Mapping[str, Tensor]:
        return {**self.graph.parameters, **self.graph.buffers}

    def own(self, layer: Layer, names: Iterable[str]) -> list[Tensor]:
        """Of these parameters or buffers those that no layer before has used."""
        return [self.stored[name] for name in dict.fromkeys(names) if self.first_use[name] == layer.name]

    def bytes_of(self, name: str) -> str:
        """Of an input or of a layer's outputs, as an expression."""
        if name in self.graph.inputs:
            tensor = self.graph.inputs[name]
            return _bytes(tensor.shape, tensor.dtype)
        layer = self.graph.layer[name]
        return plus(*[_bytes(shape, dtype) for shape, dtype in zip(layer.output_shapes, layer.dtypes, strict=False)])

    def of_batch(self, terms: Iterable[tuple[str, str]]) -> str:
        """The sum of what the inputs and layers of these names add, for all images."""
        once, each = list[str](), list[str]()
        for name, text in terms:
            (each if self.graph.times[name] == self.graph.batch else once).append(text)
        text = plus(*each)
        if self.graph.batch > 1:
            text = times(f"({text})" if "+" in text else text, self.graph.batch)
        return plus(text, *once)


@lru_cache(maxsize=4096)  # layers of a network have many shapes in common
def _bytes(shape: Shape, dtype: str) -> str:
    return times(volume(shape, max(len(shape) - 1, 0)), BYTES_PER_ELEMENT.get(dtype, 4)) if prod(shape) else "0"


def params(around: Surroundings, layer: Layer) -> Known:
    """As of the layer alone, but for what another has had before."""
    own = around.own(layer, layer.parameters)
    if len(own) < len(set(layer.parameters)):
        return plus(*[stored(tensor.shape) for tensor in own]), "params.shared"
    known = formula(layer, "params")
    total = sum(tensor.elements for tensor in own)
    if known and known.value == total:
        return known.text, known.rule
    return plus(*[stored(tensor.shape) for tensor in own]), "params.sizes"


def frozen_params(around: Surroundings, layer: Layer) -> Known:
    own = [tensor for tensor in around.own(layer, layer.parameters) if not tensor.trainable]
    return plus(*[stored(tensor.shape) for tensor in own]), "params.frozen"


def buffers(around: Surroundings, layer: Layer) -> Known:
    own = around.own(layer, [name for name in layer.buffers if around.graph.buffers[name].shape])
    return plus(*[stored(tensor.shape) for tensor in own]), "buffers"


def weight_bytes(around: Surroundings, layer: Layer) -> Known:
    return _held_bytes(around.own(layer, (*layer.parameters, *layer.buffers))), "bytes.weights"


def _held_bytes(tensors: Iterable[Tensor]) -> str:
    return _bytes_together((tensor.dtype, tensor.held_elements) for tensor in tensors)


def _bytes_together(parts: Iterable[tuple[str, int]]) -> str:
    """Elements of each type together, times its bytes."""
    by_width: dict[int, int] = {}
    for dtype, elements in parts:
        width = BYTES_PER_ELEMENT.get(dtype, 4)
        by_width[width] = by_width.get(width, 0) + elements
    return plus(*[times(elements, width) for width, elements in by_width.items() if elements])


def output_bytes(around: Surroundings, layer: Layer) -> Known:
    if layer.memory != "new":
        return None
    return around.of_batch([(layer.name, around.bytes_of(layer.name))]), "bytes.output"


def peak_memory_bytes(around: Surroundings, layer: Layer) -> Known:
    """All weights, each tensor that was made before and is read by this layer or later, and what the layer
    takes while it runs."""
    graph, here = around.graph, around.place[layer.name]
    alive = [name for name in graph.inputs if around.last_read[name] >= here]
    alive += [
        each.name
        for each in graph.layers[: here + 1]
        if around.roots[each.name] == each.name and around.last_read[each.name] >= here
    ]
    weights = _held_bytes(around.stored.values())
    tensors = around.of_batch((name, around.bytes_of(name)) for name in alive)
    passing = passing_forward(layer, graph.batch, sum([graph.bytes[name] for name in layer.inputs]))
    if passing:
        return plus(weights, tensors, number(passing)), "bytes.alive.besides"
    return plus(weights, tensors), "bytes.alive"


def training_memory_bytes(around: Surroundings, layer: Layer) -> Known:
    kept = around.kept[layer.name]
    if kept is None:
        return None
    roots, extra = kept
    order = around.order
    tensors = [(name, around.bytes_of(name)) for name in sorted({*roots} & order.keys(), key=order.__getitem__)]
    rule = "bytes.kept" if not extra else "bytes.kept.besides"
    return around.of_batch([*tensors, (layer.name, _besides(layer, extra))]), rule


def _besides(layer: Layer, extra: int) -> str:
    """Statistics of a normalisation, indices of a max pooling, or as many bytes."""
    if layer.operation in STATISTICS and extra % 8 == 0:
        return times(2, extra // 8, 4)
    if "max_pool" in layer.operation and extra == 8 * prod(layer.output_shape):
        return times(volume(layer.output_shape, max(len(layer.output_shape) - 1, 0)), 8)
    return number(extra)


def bytes_moved(around: Surroundings, layer: Layer) -> Known:
    if layer.memory == "view":
        return None
    graph = around.graph
    operands = zip(layer.inputs, read_shapes(layer), strict=True)
    read = [(name, _bytes(shape, _dtype(graph, name))) for name, shape in operands]
    parts = elements_read(layer, around.stored, graph.times[layer.name])
    stored = _bytes_together((around.stored[name].dtype, elements) for name, elements in parts.items())
    return plus(around.of_batch([*read, (layer.name, around.bytes_of(layer.name))]), stored), "bytes.moved"


def _dtype(graph: Graph, name: str) -> str:
    if name in graph.inputs:
        return graph.inputs[name].dtype
    dtypes = graph.layer[name].dtypes
    return dtypes[0] if dtypes else "float32"


def arithmetic_ops(around: Surroundings, layer: Layer) -> Known:
    macs, elementwise = macs_of(layer), elementwise_of(layer)
    if macs is None or elementwise is None:
        return None
    return around.of_batch([(layer.name, plus(*([times(2, macs)] if macs else []), elementwise))]), "arithmetic"


def intensity(around: Surroundings, layer: Layer) -> Known:
    operations, moved = arithmetic_ops(around, layer), bytes_moved(around, layer)
    if operations is None or moved is None or moved[0] == "0":
        return None
    over = f"({operations[0]})" if "+" in operations[0] else operations[0]
    return f"{over} / ({moved[0]})", "intensity"


RULES: Mapping[str, Callable[[Surroundings, Layer], Known]] = {
    "params": params, "frozen_params": frozen_params, "buffers": buffers, "weight_bytes": weight_bytes,
    "output_bytes": output_bytes, "peak_memory_bytes": peak_memory_bytes,
    "training_memory_bytes": training_memory_bytes, "bytes_moved": bytes_moved, "arithmetic_ops": arithmetic_ops,
    "intensity": intensity,
}  # fmt: skip
