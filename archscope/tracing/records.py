"""What a tracer notes down: calls of modules, calls of torch functions, and what equal calls have in common."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import torch
from torch.nn.utils.rnn import PackedSequence

from archscope.model.graph import Kind, Shape, Tensor, Window, less_batch
from archscope.model.operations import CATEGORY
from archscope.model.windows import window_of
from archscope.tracing import calls
from archscope.tracing.calls import PLAIN

Memory = Literal["new", "view", "in_place"]
META = torch.device("meta")

TENSORS = frozenset({torch.Tensor, torch.nn.Parameter})
"""Their types, but for what somebody derives from them."""


@dataclass(slots=True, eq=False)
class ModuleCall:
    """One call of one module, by its id. `leaf`: it called no other module. `constants`: it made tensors from nothing.

    `lost` are the tensors whose values it took out of torch, into numpy say. `ran`: it ran an operation itself.
    """

    path: str
    kind: str
    module: int = 0
    leaf: bool = True
    constants: bool = False
    ran: bool = False
    lost: list[torch.Tensor] = field(default_factory=list)


Part = tuple[int, tuple[str, ...]]
"""What of its source a tensor is: which output, and by which calls a stored tensor is shown."""

WHOLE: Part = (0, ())


@dataclass(slots=True)
class Said:
    """What a call says: its arguments, whose argument each tensor is, in order, their shapes, and how it is written."""

    bound: Mapping[str, Any] = field(default_factory=dict)
    window: Window | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    shapes: Sequence[Shape] = ()
    function: str = ""

    def forget_tensors(self) -> None:
        """Keep numbers and words alone, once nothing else is asked: a pass with values would keep all it computed."""
        self.bound = {name: value for name, value in self.bound.items() if type(value) in PLAIN}


def given_to_unseen(tensors: Sequence[torch.Tensor]) -> Said:
    """What code that no trace sees was given."""
    return Said(arguments=[""] * len(tensors), shapes=[tuple(tensor.shape) for tensor in tensors])


class Effect:
    """What equal calls have in common: the value of the memo.

    `container` is None for a single tensor; `blanks` are the places in it that hold None.
    """

    __slots__ = ("blanks", "container", "dtypes", "memory", "operation", "output_shapes", "outputs", "said")

    def __init__(
        self,
        operation: str,
        outputs: list[torch.Tensor],
        memory: Memory = "new",
        container: type | None = None,
        said: Said | None = None,
    ) -> None:
        self.operation, self.memory, self.container = operation, memory, container
        self.blanks: tuple[int, ...] = ()
        self.said = said or Said()
        self.outputs = [(tensor.shape, tensor.stride(), tensor.dtype) for tensor in outputs]
        self.output_shapes = tuple([without_batch(tensor) for tensor in outputs])
        self.dtypes = tuple([dtype_name(tensor.dtype) for tensor in outputs])

    def again(self) -> Any:
        """Fresh meta tensors as the first such call returned them."""
        if self.container is None:
            return meta_tensor(*self.outputs[0])
        made: list[Any] = [meta_tensor(*output) for output in self.outputs]
        for place in self.blanks:
            made.insert(place, None)
        return self.container(made)


@dataclass(slots=True, eq=False)
class Record:
    """One executed operation; it becomes a Layer once all names are known. `of_pass` tells its pass: a tensor that the
    network's code keeps, in a cache of a function say, bears the mark of an earlier one. It knows its call and not the
    other way round, so that all goes with the pass: a circle would wait for Python's collector."""

    call: ModuleCall
    effect: Effect
    of_pass: object = None
    operands: list["Given"] = field(default_factory=list)
    name: str = ""
    main: bool = False

    @property
    def operation(self) -> str:
        return self.effect.operation

    @property
    def memory(self) -> Memory:
        return self.effect.memory


Source = Record | Tensor
"""What a tensor holds: the result of an operation, or an input, a parameter, a buffer, a constant."""

Given = tuple[Kind, Source, Part]
"""A tensor that an operation is given: what sort of thing it holds, which, and what of it."""


@dataclass(slots=True)
class Invocation:
    """One call of a torch function, taken apart."""

    function: Callable[..., Any]
    operation: str
    in_place: bool
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    tensors: list[torch.Tensor]
    said: Said | None = None

    def key(self) -> Any:
        """Equal keys give equal shapes; one that cannot be hashed has an argument that cannot."""
        named = (tuple(self.kwargs), key_of(tuple(self.kwargs.values()))) if self.kwargs else ()
        return self.function, self.in_place, key_of(self.args), named

    def effect(self, result: list[torch.Tensor], memory: Memory, container: type | None = None) -> Effect:
        """What this call does, once its result is known. What it says is read before it runs: it may reshape."""
        said = self.understand()
        convolution = self.operation == "convolution"
        operation = calls.kind_of_convolution(said.bound, said.window) if convolution else self.operation
        return Effect(operation, result, memory, container, said)

    def understand(self) -> Said:
        """Arguments by name, the sliding window, and the settings that a Layer keeps."""
        if self.said is not None:
            return self.said
        bound = calls.bind(self.function, self.operation, self.args, self.kwargs)
        category = CATEGORY.get(self.operation, "")
        weight = bound.get("weight") if "convolution" in category else None
        window = window_of(bound, self.operation, None if weight is None else tuple(weight.shape))
        settings = calls.settings_of(bound, window)
        shapes = [tuple(tensor.shape) for tensor in self.tensors]
        arguments = calls.tensor_arguments(bound)
        self.said = Said(bound, window, settings, arguments, shapes, calls.as_written(self.function))
        return self.said


def tensors_in(value: Any) -> list[torch.Tensor]:
    """Every tensor in nested arguments or results, in order."""
    found: list[torch.Tensor] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[torch.Tensor]) -> None:
    if type(value) in PLAIN:
        return
    if isinstance(value, torch.Tensor):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            kind = type(item)
            if kind in TENSORS:  # before a call for each
                found.append(item)
            elif kind not in PLAIN:
                _collect(item, found)
    elif isinstance(value, Mapping):
        for item in value.values():
            _collect(item, found)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            _collect(getattr(value, name), found)


MOST_NESTED = 6
"""Objects within objects that a result is looked for in."""


def map_tensors(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same nested structure with every tensor changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, PackedSequence):  # its batch sizes are numbers of the CPU's, wherever it lies
        return value._replace(data=change(value.data))
    if isinstance(value, list | tuple):
        items = [map_tensors(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: map_tensors(item, change) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        changed = copy.copy(value)
        for name in value.__dataclass_fields__:
            object.__setattr__(changed, name, map_tensors(getattr(value, name), change))
        return changed
    return value


def key_of(value: Any) -> Any:
    """A stand-in for an argument; 1, 1.0 and True stay apart, since they give other types."""
    kind = type(value)
    if kind in PLAIN:
        return kind, value
    if isinstance(value, torch.Tensor):
        return value.shape, value.stride(), value.dtype
    if isinstance(value, slice):
        return slice, value.start, value.stop, value.step
    if not isinstance(value, (list, tuple)):
        return kind, value
    keys: list[Any] = [kind]
    for item in value:
        kind = type(item)
        if kind in PLAIN:  # the everyday ones, before a call for each
            keys.append(kind)
            keys.append(item)
        elif kind in TENSORS:
            keys.append((item.shape, item.stride(), item.dtype))
        else:
            keys.append(key_of(item))
    return tuple(keys)


def without_batch(tensor: torch.Tensor) -> Shape:
    return less_batch(tuple(tensor.shape))


@cache
def dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def describe(name: str, tensor: torch.Tensor, trainable: bool = False) -> Tensor:
    return Tensor(name, tuple(tensor.shape), dtype_name(tensor.dtype), trainable)


class Unchanged:
    """Marks, as a container, a call that returned its own argument."""


class Irregular:
    """Marks, as a container, a call whose result is more than tensors in a row, and so is not remembered."""


def meta_like(tensor: torch.Tensor) -> torch.Tensor:
    """A meta tensor of the same size, strides and type. Raises RuntimeError for a sparse one, as torch mostly does."""
    if tensor.is_sparse:
        raise RuntimeError("sparse tensors do not have strides")
    return meta_tensor(tensor.shape, tensor.stride(), tensor.dtype)


def meta_tensor(size: Sequence[int], stride: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    return torch.empty_strided(size, stride, dtype=dtype, device=META)
