"""What a traced network is: layers in execution order, named by the module tree. Plain data, no torch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from math import prod
from typing import Any, Literal, NamedTuple

from archscope.cached import cached_property
from archscope.model.operations import CATEGORY
from archscope.model.text import one_line

Shape = tuple[int, ...]
"""Sizes without the batch axis: channels x height x width for an image."""

KERAS_LAYER = "keras.Layer"
"""The base of a module that is one of Keras' layers or models."""

LARGEST_SIZE = 2**63 - 1
"""Torch counts the elements of a tensor in 64 bits."""

MOST_LEVELS = 100
"""Modules within modules: no table or picture shows more."""

BYTES_PER_ELEMENT = {
    "bool": 1, "uint8": 1, "int8": 1, "float8_e4m3fn": 1, "float8_e5m2": 1,
    "int16": 2, "float16": 2, "bfloat16": 2,
    "int32": 4, "float32": 4, "int64": 8, "float64": 8, "complex64": 8, "complex128": 16,
    "qint8": 1, "quint8": 1, "qint32": 4,
}  # fmt: skip


@cache
def elements_of(shape: Shape) -> int:
    """How many elements a tensor has. Networks repeat few shapes many times, hence the cache."""
    return prod(shape)


@cache
def bytes_of(shape: Shape, dtype: str) -> int:
    """Memory of a dense tensor, in bytes."""
    return prod(shape) * BYTES_PER_ELEMENT.get(dtype, 4)


def less_batch(shape: Shape) -> Shape:
    """A shape without a leading batch of 1."""
    return shape[1:] if shape[:1] == (1,) else shape


@dataclass(frozen=True, slots=True)
class Window:
    """The sliding window of a convolution or pooling, one number per spatial axis (height, width)."""

    kernel_size: Shape
    stride: Shape
    padding: Shape
    dilation: Shape


class Tensor(NamedTuple):
    """A tensor that no layer computes: an input, a parameter, a buffer or a constant.

    `digest` tells the content of a constant, or of a buffer that is one, floating numbers taken as float32; it is
    empty where the content is not known. `values` are the numbers themselves where they are few, row by row.
    `shares` names the stored tensor in whose memory this one lies, if it lies in another's; `storage_elements` is how
    many that memory has, where it is its own and has others than the tensor's: 0 where it has not.
    """

    name: str
    shape: Shape
    dtype: str
    trainable: bool = False
    digest: str = ""
    values: tuple[float, ...] = ()
    shares: str = ""
    storage_elements: int = 0

    @property
    def elements(self) -> int:
        return elements_of(self.shape)

    @property
    def held_elements(self) -> int:
        """Of the memory that it is the first to lie in: 0 in another's."""
        return 0 if self.shares else self.storage_elements or self.elements

    @property
    def held_bytes(self) -> int:
        return bytes_of((self.held_elements,), self.dtype)

    @property
    def bytes(self) -> int:
        return bytes_of(self.shape, self.dtype)


Kind = Literal["layer", "input", "parameter", "buffer", "constant"]
COMPUTED = frozenset({"layer", "input"})
"""Kinds of what an edge comes from."""


class Operand(NamedTuple):
    """A tensor that an operation is given.

    `argument` is torch's name of the argument: `input`, `weight`, `tensors.1` for an item of a list. `source` is the
    name of what made or holds its values, a thing of this `kind`, and `output` which of a layer's outputs it is.
    `views` are calls that show a stored tensor otherwise: `transpose(dim0=0, dim1=1)`. `shape` is
    whole, the batch axis included.
    """

    argument: str
    kind: Kind
    source: str
    shape: Shape
    output: int = 0
    views: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Layer:
    """One executed operation.

    `name` is the path of the module that ran it, or `<block>.<operation>` where no module stands for it
    alone; a second call gets `_1`. `kind` is what a reader calls it (the module's class), `operation` what
    formulas look up (torch's functional name). `inputs` are names of layers or of graph inputs. `operands` are all
    tensors that it is given, in the order of the call, and `settings` all other arguments, torch's defaults included:
    together they say what is computed. `function` is how the network wrote it, `F.softmax`, `Tensor.__matmul__`, which
    says nothing more of what is computed.
    """

    name: str
    kind: str
    operation: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    dtypes: tuple[str, ...] = ("float32",)
    window: Window | None = None
    groups: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    buffers: tuple[str, ...] = ()
    memory: Literal["new", "view", "in_place"] = "new"
    operands: tuple[Operand, ...] = ()
    function: str = ""

    def __repr__(self) -> str:
        return f"<Layer {one_line(self.name)}: {one_line(self.kind)} to {'x'.join(map(str, self.output_shape)) or '1'}>"

    def given(self, argument: str, place: int | None = None) -> Shape | None:
        """The whole shape of the operand that torch calls `argument`, or that has this place where torch names none."""
        for operand in self.operands:
            if operand.argument == argument:
                return operand.shape
        standing = [operand.shape for operand in self.operands if operand.argument.startswith("argument_")]
        return standing[place] if place is not None and place < len(standing) else None

    @property
    def operand_shapes(self) -> tuple[Shape, ...]:
        """Whole shapes of all that it is given, the batch axis and all weights included."""
        return tuple([operand.shape for operand in self.operands])

    @property
    def output_shape(self) -> Shape:
        return self.output_shapes[0] if self.output_shapes else ()

    @property
    def output_elements(self) -> int:
        shapes = self.output_shapes
        return elements_of(shapes[0]) if len(shapes) == 1 else sum(map(elements_of, shapes))

    @property
    def output_bytes(self) -> int:
        shapes = self.output_shapes
        return (
            bytes_of(shapes[0], self.dtypes[0])
            if len(shapes) == 1 == len(self.dtypes)
            else sum(map(bytes_of, shapes, self.dtypes))
        )


def is_depthwise(layer: Layer) -> bool:
    """A convolution that gives each input channel its own kernels."""
    if CATEGORY.get(layer.operation) != "convolution" or not layer.input_shapes or layer.window is None:
        return False
    return 1 < layer.groups == layer.input_shapes[0][-len(layer.window.kernel_size) - 1]


def is_pointwise(layer: Layer) -> bool:
    """A 1x1 convolution."""
    kernel_size = layer.window.kernel_size if layer.window else ()
    return CATEGORY.get(layer.operation) == "convolution" and set(kernel_size) == {1}


@dataclass(frozen=True, slots=True)
class Output:
    """A tensor that the network returns: under which name, empty for one alone, and which layer or input made it."""

    name: str
    layer: str
    shape: Shape


@dataclass(frozen=True, repr=False)
class Graph:
    """One forward pass of one image: `layers` in execution order; edges are `Layer.inputs`.

    `outputs` are the layers that make the results, `named_outputs` these results as the network returns them.

    `batch` is the number of images that the memory measures assume; every shape and count is for one image.
    `blocks` maps each module's path to its class, called or not, and `bases` the path of each whose class is not
    torch's own to the class of torch's that it derives from; `names` under how many paths a module stands that has
    several. `results` are the tensors that the network returns,
    in order. `unseen` are the layers whose inside no trace sees: compiled or foreign code. `untold` is
    what the graph does not say, read from an older report. `notes` say what a reader
    must know about how the trace was made.
    """

    name: str
    inputs: Mapping[str, Tensor]
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...] = ()
    blocks: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Tensor] = field(default_factory=dict)
    buffers: Mapping[str, Tensor] = field(default_factory=dict)
    batch: int = 1
    notes: tuple[str, ...] = ()
    named_outputs: tuple[Output, ...] = ()
    constants: Mapping[str, Tensor] = field(default_factory=dict)
    results: tuple[Operand, ...] = ()
    unseen: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Graph {one_line(self.name)}: {len(self.layers):,} layer{'s' * (len(self.layers) != 1)}>"

    @cached_property
    def layer(self) -> Mapping[str, Layer]:
        """Layers by name."""
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the layers that read each layer or input, in execution order."""
        readers: dict[str, list[str]] = {name: [] for name in (*self.inputs, *self.layer)}
        for layer in self.layers:
            for source in dict.fromkeys(layer.inputs):
                readers[source].append(layer.name)
        return {name: tuple(names) for name, names in readers.items()}

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What others have found out of the graph and keep with it, by what finds it."""
        return {}

    @cached_property
    def returning(self) -> tuple[Layer, ...]:
        """The layers that make what is returned, in execution order; where no layer does, the last one."""
        returned = set(self.outputs)
        return tuple(layer for layer in self.layers if layer.name in returned) or self.layers[-1:]

    @cached_property
    def made_weights(self) -> frozenset[str]:
        """Layers that make weights of weights alone, standardised ones say: once a pass, not once an image."""
        of_images = set(self.inputs)
        for layer in self.layers:
            if not of_images.isdisjoint(layer.inputs):
                of_images.add(layer.name)
        found = {layer.name for layer in self.layers} - of_images - set(self.outputs)
        for layer in reversed(self.layers if found else ()):
            if layer.name not in found:
                weights = {operand.source for operand in layer.operands if operand.argument in ("weight", "bias")}
                found -= set(layer.inputs) - weights
        return frozenset(found)

    @cached_property
    def times(self) -> Mapping[str, int]:
        """How many of each input and layer a pass makes: one an image, of weights one."""
        once = self.made_weights
        return dict.fromkeys(self.inputs, self.batch) | {
            layer.name: 1 if layer.name in once else self.batch for layer in self.layers
        }

    @cached_property
    def bytes(self) -> Mapping[str, int]:
        """Of each input, and of all that each layer returns, in a pass."""
        return {name: tensor.bytes * self.batch for name, tensor in self.inputs.items()} | {
            layer.name: layer.output_bytes * self.times[layer.name] for layer in self.layers
        }

    @cached_property
    def held_bytes(self) -> Mapping[str, int]:
        """Of each parameter and buffer, in the memory that it is the first to lie in."""
        return {name: tensor.held_bytes for of in (self.parameters, self.buffers) for name, tensor in of.items()}

    @cached_property
    def trainable(self) -> frozenset[str]:
        """Names of the parameters that training changes."""
        return frozenset([name for name, tensor in self.parameters.items() if tensor.trainable])

    @cached_property
    def differentiated(self) -> frozenset[str]:
        """The layers that have a derivative: those with something that trains, and all after them."""
        found: set[str] = set()
        for layer in self.layers:
            if not (self.trainable.isdisjoint(layer.parameters) and found.isdisjoint(layer.inputs)):
                found.add(layer.name)
        return frozenset(found)

    @cached_property
    def leaves(self) -> frozenset[str]:
        """Paths of the modules that have no children, called or not."""
        return frozenset(self.blocks) - {path.rpartition(".")[0] for path in self.blocks if path}

    @cached_property
    def held(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the parameters that each module holds itself."""
        held: dict[str, list[str]] = {}
        for name in self.parameters:
            held.setdefault(name.rpartition(".")[0], []).append(name)
        return {path: tuple(names) for path, names in held.items()}

    @cached_property
    def module_ends(self) -> frozenset[str]:
        """Names of the layers after which another module runs: what a module gives back, that has no children."""
        modules = pairwise([*map(self.module_of, self.layers), None])
        return frozenset(layer.name for layer, (one, other) in zip(self.layers, modules, strict=True) if one != other)

    @cached_property
    def images(self) -> int:
        """How many came in together: the first axis of the first input as it is read."""
        first = next(iter(self.inputs), "")
        read = (operand for layer in self.layers for operand in layer.operands if operand.kind == "input")
        return next((operand.shape[0] for operand in read if operand.source == first and operand.shape), 1)

    def module_of(self, layer: Layer) -> str:
        """The path of the module that ran a layer, the root's being empty: `conv`, also for `conv_1` and `conv.add`."""
        name = layer.name
        while name and name not in self.blocks:
            again = re.fullmatch(r"(.+)_\d+", name)
            name = again[1] if again and again[1] in self.blocks else name.rpartition(".")[0]
        return name
