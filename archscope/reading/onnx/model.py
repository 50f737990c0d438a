"""An ONNX file as it is read: its nodes, and of what it stores shapes and types, and the numbers where they are few.

External data is never opened. What is large is taken out of the model, so that inference sees no weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.graph import LARGEST_SIZE, Shape
from archscope.model.units import counted
from archscope.reading.drafting import said
from archscope.reading.onnx.origins import kinds, origins
from archscope.reading.onnx.wire import Wire

MOST_KEPT = 1024
"""Elements of a tensor whose numbers are kept: sizes, axes, scales."""
MOST_NODES = 200_000
MOST_BYTES = 2**31 - 1
"""Protocol buffers hold no more."""
MOST_AXES = 16

DTYPES = dict(
    pair.split("=")
    for pair in """1=float32 2=uint8 3=int8 4=uint16 5=int16 6=int32 7=int64 8=str 9=bool 10=float16 11=float64
    12=uint32 13=uint64 14=complex64 15=complex128 16=bfloat16 17=float8_e4m3fn 18=float8_e4m3fnuz 19=float8_e5m2
    20=float8_e5m2fnuz 21=uint4 22=int4 23=float4""".split()
)
"""ONNX's numbers of types."""


@dataclass(slots=True, eq=False)
class Stored:
    """A tensor that the file holds: `numbers` are there where they are few. `generated`: an operator makes it, of one
    number. `views` are how it is shown otherwise than it is stored, `owner` the name that it is stored under.
    `by_node`: it stands in a node of its own, and not among the weights."""

    name: str
    shape: Shape
    dtype: str
    numbers: Any = None
    generated: bool = False
    views: tuple[str, ...] = ()
    owner: str = ""
    by_node: bool = False

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def may_be_merged(self) -> bool:
        """Can it stand for several tensors that were equal, as untrained weights are? Exporters store these once. One
        number again and again; of what lies outside the file a vector, which networks do not share else."""
        if self.numbers is None:
            return self.elements in self.shape
        return self.elements > 1 and bool((self.numbers == self.numbers.reshape(-1)[0]).all())


@dataclass
class Model:
    """`proto` without what is stored, which is here by name. `inner` is what the branches of a node store, by what the
    node makes. `reads` counts how often each tensor is read, by branches and as a result as well. `kinds` are those of
    stored tensors, where the newer exporter of torch has said them: PARAMETER, BUFFER, CONSTANT_TENSOR."""

    path: str
    proto: Any
    stored: dict[str, Stored] = field(default_factory=dict)
    inner: dict[str, list[Stored]] = field(default_factory=dict)
    reads: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    opset: int = 0

    @property
    def graph(self) -> Any:
        return self.proto.graph


@cache
def package(path: str) -> Any:
    """The onnx package. Raises ArchscopeError where it is missing."""
    try:
        for part in ("shape_inference", "numpy_helper", "inliner"):
            import_module(f"onnx.{part}")
        return import_module("onnx")
    except ImportError as error:
        raise ArchscopeError(f"{path} needs onnx: pip install onnx ({error})") from None


def load(path: str) -> Model:
    """Raises ArchscopeError for what is no ONNX file, or none of a network that can be read."""
    onnx = package(path)
    model = Model(path, _parsed(path, onnx))
    nodes = model.graph.node
    if not nodes:
        raise ArchscopeError(f"{path} holds no graph")
    if len(nodes) > MOST_NODES:
        raise ArchscopeError(f"{path} has {counted(len(nodes), 'node')}: archscope reads {MOST_NODES:,}")
    _check_names(model)
    if len(model.proto.functions):
        model.proto = _inlined(path, model.proto, onnx)
    model.opset = max(
        (entry.version for entry in model.proto.opset_import if entry.domain in ("", "ai.onnx")), default=1
    )
    _take_out(model, onnx)
    return model


def _parsed(path: str, onnx: Any) -> Any:
    """The size is asked first: what cannot be an ONNX file is not read."""
    try:
        size = Path(path).stat().st_size
        if size > MOST_BYTES:
            raise ArchscopeError(f"{path} is larger than 2 GiB: store its weights as external data")
        with open(path, "rb") as file:
            return onnx.ModelProto.FromString(Wire(file, size).without_numbers())
    except OSError as error:
        raise ArchscopeError(f"cannot read {path}: {str(error.strerror).lower()}") from None
    except ArchscopeError:
        raise
    except Exception:  # protobuf's DecodeError, which each of its releases has elsewhere
        raise ArchscopeError(f"{path} is no ONNX file, or its end is missing") from None


def _check_names(model: Model) -> None:
    """Protocol buffers hold text as bytes, which may be no text."""
    graph = model.graph
    try:
        names = [model.proto.producer_name, *(each.name for each in (*graph.initializer, *graph.input, *graph.output))]
        for node in graph.node:
            names += [node.name, node.op_type, node.domain, *node.input, *node.output]
            names += [each.name for each in node.attribute]
            names += [word for each in node.metadata_props for word in (each.key, each.value)]
        for value in graph.value_info:
            names += [value.name, *(word for each in value.metadata_props for word in (each.key, each.value))]
        names += [word for each in graph.metadata_props for word in (each.key, each.value)]
        names += [axis.dim_param for each in graph.input for axis in each.type.tensor_type.shape.dim]
        whole = all(type(name) is str for name in names)
    except UnicodeDecodeError:
        whole = False
    if not whole:
        raise ArchscopeError(f"{model.path} has names that are no text: it is no ONNX file, or was not copied whole")


def _inlined(path: str, proto: Any, onnx: Any) -> Any:
    """Functions of the file's own are its operators written out."""
    try:
        size = _written_out(proto)
    except RecursionError:
        raise ArchscopeError(f"{path} has functions that call themselves: it is no ONNX model") from None
    if size > MOST_NODES:
        raise ArchscopeError(f"{path} has more than {MOST_NODES:,} nodes, its functions written out")
    try:
        inlined = onnx.inliner.inline_local_functions(proto)
    except Exception as error:  # whatever the C++ of a release says
        raise ArchscopeError(f"{path} has functions that cannot be written out: {said(error)}") from None
    return inlined


def _written_out(proto: Any) -> int:
    """Nodes of a model whose functions are written out. Raises RecursionError where there would be no end."""
    functions = {(each.domain, each.name): each for each in proto.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(nodes: Any) -> int:
        return sum(each_size(node) + sum(size(graph.node) for graph in _within(node)) for node in nodes)

    def each_size(node: Any) -> int:
        called = (node.domain, node.op_type)
        if called not in functions:
            return 1
        if called not in sizes:
            sizes[called] = size(functions[called].node)
        return sizes[called]

    return size(proto.graph.node)


def _take_out(model: Model, onnx: Any) -> None:
    """All that is stored goes to `stored`; what is small stays for the inference."""
    graph = model.graph
    for tensor in graph.initializer:
        model.stored[tensor.name] = _stored(model.path, tensor, onnx)
    for sparse in graph.sparse_initializer:
        shape = _checked(model.path, sparse.values.name, sparse.dims)
        model.stored[sparse.values.name] = Stored(sparse.values.name, shape, dtype_of(sparse.values.data_type))
    kept = []
    for node in graph.node:
        constant = _constant(model.path, node, onnx) if node.op_type == "Constant" and node.output else None
        if constant is None:
            kept.append(node)
        else:
            model.stored[constant.name] = constant
    model.kinds = kinds(graph)
    for name, origin in origins(graph, model.stored).items():
        model.stored[name].owner = origin
        model.kinds[origin] = "PARAMETER"
    large = [name for name, tensor in model.stored.items() if tensor.numbers is None]
    small = [onnx.numpy_helper.from_array(t.numbers, n) for n, t in model.stored.items() if t.numbers is not None]
    declared = {given.name for given in graph.input}
    given = [_declared(model.stored[name], onnx) for name in large if name not in declared]
    for of, items in ((graph.node, kept), (graph.initializer, small), (graph.sparse_initializer, ())):
        del of[:]
        of.extend(items)
    graph.input.extend(given)
    del graph.value_info[:]  # other sizes than are asked for now, perhaps
    _count(model, onnx)


def _count(model: Model, onnx: Any) -> None:
    names = [name for node in model.graph.node for name in node.input]
    for node in model.graph.node:
        for inner in _within(node):
            names += [name for each in inner.node for name in each.input]
        hold(model, node, onnx)
    for name in (*names, *(result.name for result in model.graph.output)):
        model.reads[name] = model.reads.get(name, 0) + 1


def hold(model: Model, node: Any, onnx: Any) -> None:
    """What the branches of a node store."""
    for inner in _within(node):
        model.inner.setdefault("".join(node.output[:1]), []).extend(held_by(model.path, inner, onnx))


def held_by(path: str, graph: Any, onnx: Any) -> list[Stored]:
    constants = [_constant(path, each, onnx) for each in graph.node if each.op_type == "Constant"]
    return [_stored(path, each, onnx) for each in graph.initializer] + [each for each in constants if each is not None]


def _within(node: Any) -> Iterator[Any]:
    """The graphs that a node has as attributes, and those within them."""
    for attribute in node.attribute:
        for graph in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
            yield graph
            for inner in graph.node:
                yield from _within(inner)


def _declared(tensor: Stored, onnx: Any) -> Any:
    number = next(int(n) for n, name in DTYPES.items() if name == tensor.dtype)
    return onnx.helper.make_tensor_value_info(tensor.name, number, tensor.shape)


def dtype_of(number: int) -> str:
    return DTYPES.get(str(number), "float32")


def _checked(path: str, name: str, sizes: Any) -> Shape:
    shape = tuple(sizes)
    if len(shape) > MOST_AXES or any(size < 0 for size in shape) or prod(shape) > LARGEST_SIZE:
        raise ArchscopeError(f"{path}: {said(name)} is no tensor that there can be")
    return shape


def _stored(path: str, tensor: Any, onnx: Any) -> Stored:
    shape = _checked(path, tensor.name, tensor.dims)
    found = Stored(tensor.name, shape, dtype_of(tensor.data_type), owner=tensor.name)
    external = tensor.data_location == onnx.TensorProto.EXTERNAL or len(tensor.external_data)
    if prod(shape) <= MOST_KEPT and not external and tensor.data_type != onnx.TensorProto.STRING:
        try:
            found.numbers = onnx.numpy_helper.to_array(tensor)
        except Exception:  # fewer bytes than its shape asks for, a type that this release does not know
            raise ArchscopeError(f"{path}: {said(tensor.name)} has not the numbers that its shape asks for") from None
    return found


def _constant(path: str, node: Any, onnx: Any) -> Stored | None:
    """What a Constant node holds; None where that is no tensor of numbers."""
    import numpy

    if not node.output:
        return None
    name = node.output[0]
    for attribute in node.attribute:
        if attribute.name == "value":
            found = _stored(path, attribute.t, onnx)
            found.name, found.owner, found.by_node = name, name, True
            return found
        kinds = {"value_int": (attribute.i, "int64"), "value_float": (attribute.f, "float32"),
                 "value_ints": (attribute.ints, "int64"), "value_floats": (attribute.floats, "float32")}  # fmt: skip
        if attribute.name in kinds:
            numbers, dtype = kinds[attribute.name]
            array = numpy.array(numbers, dtype)
            few = array.size <= MOST_KEPT
            return Stored(name, tuple(array.shape), dtype, array if few else None, owner=name)
    return None
