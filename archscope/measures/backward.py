"""The backward pass, layer by layer: which gradients wait in memory, and how much a step holds at its highest."""

from collections import Counter
from collections.abc import Iterable, Mapping, Set

from archscope.measures.kept_by_kernels import passing_forward, passing_in_kernel
from archscope.measures.workspace import Library
from archscope.model.graph import Graph, Layer, Shape, Tensor, bytes_of, elements_of
from archscope.model.operations import CATEGORY

PASSED_ON = frozenset({"add", "cat", "stack"})
"""Their backward pass gives the gradient on as it is, or shows its parts."""

SHOWN = frozenset({"cat", "stack", "linear"})
"""The gradients that these make are views: of parts, and of a weight transposed."""

TEMPORARY = {
    **dict.fromkeys(
        "sqrt sin abs log1p prelu instance_norm minimum maximum var std norm linalg_vector_norm amax amin prod".split(),
        1,
    ),
    **dict.fromkeys("pow square rsqrt reciprocal cos addcmul cumsum logsumexp".split(), 2),
    **dict.fromkeys("rms_norm normalize fft_rfft fft_rfft2 fft_rfftn".split(), 3),
    **dict.fromkeys("erf cumprod stft".split(), 4),
}
"""Tensors as large as the largest that it reads or returns, which the derivative of an operation takes beside the
gradients, as tests/measures/test_against_torch.py finds; quotients besides."""

Part = tuple[str, int]
"""One of the tensors that a layer returns, or an input of the network."""

Newly = tuple[Layer, tuple[Set[str], int] | None]
"""A layer, the tensors that it is the first to save for its derivative, and bytes of what it keeps besides for one
image; None where nobody knows."""


def _gradient_bytes(graph: Graph, reached: Set[str]) -> dict[str, int]:
    """Of each weight that trains and that a layer of these reads."""
    found: dict[str, int] = {}
    for layer in graph.layers:
        for name in layer.parameters if layer.name in reached else ():
            weight = graph.parameters.get(name)
            if weight is not None and weight.trainable:
                found[name] = _of_rows(layer, weight, graph.batch) if layer.settings.get("sparse") else weight.bytes
    return found


def _of_rows(layer: Layer, table: Tensor, batch: int) -> int:
    """A sparse gradient: the rows that were asked for, and their 64-bit places."""
    rows = sum(map(elements_of, layer.input_shapes)) * batch
    return rows * (table.bytes // table.shape[0] + 8)


def _reached(graph: Graph) -> set[str]:
    """The layers that the backward pass goes through, from the results back."""
    have_derivative = graph.differentiated
    reached = set(have_derivative.intersection(graph.outputs))
    for layer in reversed(graph.layers):
        if layer.name in reached:
            reached |= have_derivative.intersection(layer.inputs)
    return reached


def _is_of_many_axes(layer: Layer) -> bool:
    """A fully connected layer, which flattens them: what it returns is a view, and so is its input's gradient."""
    return layer.operation == "linear" and len(layer.output_shape) > 1


def _views(graph: Graph) -> set[str]:
    """The layers that return a view to autograd: also what was made in another shape, as an instance normalisation is
    as a batch's, and a fully connected layer of several axes as of one; and what is written into one of them."""
    found = set[str]()
    for layer in graph.layers:
        reshaped = layer.operation == "instance_norm" or _is_of_many_axes(layer)
        if (
            layer.memory == "view"
            or reshaped
            or (layer.memory == "in_place" and not found.isdisjoint(layer.inputs[:1]))
        ):
            found.add(layer.name)
    return found


class _Storage:
    """Memory of gradients: of how many tensors, and whether only a view of it is one's gradient."""

    __slots__ = ("bytes", "readers", "shown")

    def __init__(self, size: int, shown: bool = False) -> None:
        self.bytes, self.readers, self.shown = size, 0, shown


class Backward:
    """The backward pass of what the layers have `newly_kept`. `gradient_bytes` are those of each weight that gets a
    gradient: that trains, and that a result is made of. Momenta are as large."""

    def __init__(self, graph: Graph, newly: Iterable[Newly], library: Library) -> None:
        self._graph, self._bytes, self._library, self._reached = graph, graph.bytes, library, _reached(graph)
        self._views = _views(graph)
        self.gradient_bytes = _gradient_bytes(graph, self._reached)
        self._kept = {
            layer.name: sum([self._bytes[name] for name in own[0] - graph.inputs.keys()])  # which are there throughout
            + own[1] * graph.times[layer.name]
            for layer, own in newly
            if own and layer.name in self._reached  # what the others have kept goes with their results
        }
        self._waiting: dict[Part | str, _Storage] = {}  # by tensor, or by weight
        self._held = self._highest = 0
        for layer in graph.layers:  # forward
            self._held += self._kept.get(layer.name, 0)
            given = sum([self._bytes[name] for name in layer.inputs])
            self._highest = max(self._highest, self._held + passing_forward(layer, graph.batch, given))

    def peak(self) -> int:
        """The most bytes that it holds, weights and inputs not counted: what the layers kept, which goes as it comes to
        them, the gradients of weights, which stay, and those of tensors, which wait for the layer that made them. At
        least, where nobody knows what a layer keeps. To be asked once."""
        for name in self._reached.intersection(self._graph.outputs):
            self._give((name, 0), self._new(self._bytes[name]))
        for layer in reversed(self._graph.layers):
            if layer.name in self._reached:
                self._go_through(layer)
        return self._highest

    def _go_through(self, layer: Layer) -> None:
        """Its gradients are made while its own and what it kept are there; only then are they added to others."""
        parts = [(layer.name, place) for place in range(max(1, len(layer.output_shapes)))]
        owns = [self._waiting.pop(part) for part in parts if part in self._waiting]
        own, shown, read = owns[0], layer.operation in SHOWN, self._read(layer)
        made: dict[Part | str, _Storage] = {}
        for given, size in read.items():
            if given[0] in self._reached:
                passed = self._is_passed_on(layer, size)
                made[given] = own if passed else self._new(size, _is_of_many_axes(layer))
                own.shown |= shown and passed
        for name in layer.parameters:
            if name in self.gradient_bytes:
                made[name] = self._new(self.gradient_bytes[name], shown)
        self._take(beside := self._beside(layer, read) + self._again(layer, read))
        self._held -= beside + self._kept.get(layer.name, 0)
        for made_for, storage in made.items():
            self._give(made_for, storage)
        for storage in owns:
            self._let_go(storage)

    def _read(self, layer: Layer) -> dict[Part, int]:
        """Bytes of what a layer is given, which may be some of several that another has returned."""
        found: dict[Part, int] = {}
        for name in dict.fromkeys(layer.inputs):
            made_by = self._graph.layer.get(name)
            if made_by is None or len(made_by.output_shapes) == 1:
                found[name, 0] = self._bytes[name]
                continue
            for place in {operand.output for operand in layer.operands if operand.source == name} or {0}:
                size = bytes_of(made_by.output_shapes[place], made_by.dtypes[min(place, len(made_by.dtypes) - 1)])
                found[name, place] = size * self._graph.times[name]
        return found

    def _is_passed_on(self, layer: Layer, size: int) -> bool:
        if layer.memory != "view" and layer.operation not in PASSED_ON:
            return layer.operation == "sum"  # a view of it, as wide as what was summed
        whole = size == self._bytes[layer.name]
        if layer.memory == "view":
            return whole and len(layer.output_shapes) == 1
        return whole or layer.operation != "add"

    def _beside(self, layer: Layer, read: Mapping[Part, int]) -> int:
        """Bytes that a layer's backward pass takes besides the gradients, and gives back: inside a kernel; a library's
        copies; products before they are summed; what a derivative is computed by; of a weight that is used in part the
        gradient of that part."""
        category = CATEGORY.get(layer.operation, "")
        if category.endswith("convolution"):
            given, made = sum(read.values()), self._bytes[layer.name]
            images = self._graph.times[layer.name]
            return self._library.backward_bytes(layer, images, given, self._of_weights(layer), made)
        if category in {"attention", "recurrent"}:
            return passing_in_kernel(layer, self._graph.batch, self._of_weights(layer), self._library.on_cuda)
        output = self._bytes[layer.name]
        if layer.memory == "in_place" and layer.name in self._views:
            return 2 * output  # the whole gradient copied, and the part that is written
        if layer.operation == "mul":
            return output if any([size < output for part, size in read.items() if part[0] in self._reached]) else 0
        if layer.operation == "div":
            sizes = self.gradient_bytes | {part[0]: size for part, size in read.items() if part[0] in self._reached}
            by = [sizes[each.source] for each in layer.operands if each.argument == "other" and each.source in sizes]
            return output * (3 if min(by) < output else 2) if by else 0
        if layer.operation in TEMPORARY:
            return TEMPORARY[layer.operation] * max(output, *read.values(), 0)
        return sum([self._of_part(operand.source, operand.shape) for operand in layer.operands if operand.views])

    def _again(self, layer: Layer, read: Mapping[Part, int]) -> int:
        """Of a tensor that it is given twice, `x * x`, the second gradient."""
        if len(set(layer.inputs)) == len(layer.inputs):
            return 0
        computed = [operand for operand in layer.operands if operand.kind == "layer"]
        times = Counter((operand.source, operand.output) for operand in computed if operand.source in self._reached)
        return sum([read[part] * (count - 1) for part, count in times.items() if part in read])

    def _of_weights(self, layer: Layer) -> int:
        known = self._graph.parameters
        return sum([known[name].bytes for name in layer.parameters if name in known])

    def _of_part(self, weight: str, shape: Shape) -> int:
        if weight not in self.gradient_bytes or elements_of(shape) == self._graph.parameters[weight].elements:
            return 0
        return bytes_of(shape, self._graph.parameters[weight].dtype)

    # ---- memory ------------------------------------------------------------------------------------------------

    def _take(self, size: int) -> None:
        self._held += size
        self._highest = max(self._highest, self._held)

    def _new(self, size: int, shown: bool = False) -> _Storage:
        self._take(size)
        return _Storage(size, shown)

    def _give(self, name: Part | str, storage: _Storage) -> None:
        """A gradient of a tensor, added to what it has already: in place, unless that is another's too, or a view."""
        storage.readers += 1
        before = self._waiting.get(name)
        if before is None:
            self._waiting[name] = storage
        elif before.readers == 1 and not before.shown:
            self._let_go(storage)
        else:
            size = self.gradient_bytes[name] if isinstance(name, str) else self._bytes[name[0]]
            self._waiting[name] = both = self._new(min(max(before.bytes, storage.bytes), size))
            both.readers = 1
            self._let_go(before)
            self._let_go(storage)

    def _let_go(self, storage: _Storage) -> None:
        storage.readers -= 1
        if not storage.readers:
            self._held -= storage.bytes
