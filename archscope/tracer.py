"""The watcher of one forward pass: every torch function that the model calls, in which module, on which tensors.

A `TorchFunctionMode` is local to the pass, so nothing in torch is patched. Real parameters and buffers are
replaced by meta twins on the way into each call, so that a model on any device can be traced untouched. Output
shapes come from a memo of equal calls, then from plain-Python rules, then from torch itself.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archscope import calls, shapes
from archscope.graph import Shape, Tensor, Window
from archscope.operations import CATEGORY

Memory = Literal["new", "view", "in_place"]

QUESTIONS = frozenset(
    "dim size numel stride storage_offset is_contiguous is_floating_point is_complex element_size ndimension "
    "nelement get_device data_ptr __len__ __repr__ __format__ __hash__ __bool__ __dir__ is_signed result_type "
    "untyped_storage is_inference requires_grad_ __set__ tolist item __int__ __float__ __index__ can_cast "
    "is_tensor is_same_size storage backward register_hook retain_grad is_nonzero __contains__ is_pinned".split()
)
"""Torch functions whose answer is no tensor of the network."""

TRANSPARENT = frozenset({"detach", "contiguous", "positive", "resolve_conj", "resolve_neg", "alias"})
"""Operations whose result stands for their input: a row for them would say nothing."""

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})


@dataclass(slots=True, eq=False)
class ModuleCall:
    """One call of one module. `leaf`: it called no other module."""

    path: str
    kind: str
    leaf: bool = True
    records: list["Record"] = field(default_factory=list)


class Effect:
    """What equal calls have in common: the value of the memo. `container` is None for a single tensor."""

    __slots__ = ("container", "dtypes", "groups", "memory", "operation", "output_shapes", "outputs", "settings",
                 "window")  # fmt: skip

    def __init__(
        self,
        operation: str,
        outputs: list[torch.Tensor],
        memory: Memory = "new",
        container: type | None = None,
        settings: dict[str, Any] | None = None,
        window: Window | None = None,
        groups: int = 1,
    ) -> None:
        self.operation, self.memory, self.container = operation, memory, container
        self.settings, self.window, self.groups = settings or {}, window, groups
        self.outputs = [(tensor.shape, tensor.stride(), tensor.dtype) for tensor in outputs]
        self.output_shapes = tuple(without_batch(tensor) for tensor in outputs)
        self.dtypes = tuple(dtype_name(tensor) for tensor in outputs)

    def again(self) -> Any:
        """Fresh meta tensors as the first such call returned them."""
        made = [torch.empty_strided(size, stride, dtype=dtype, device="meta") for size, stride, dtype in self.outputs]
        return made[0] if self.container is None else self.container(made)


@dataclass(slots=True, eq=False)
class Record:
    """One executed operation; it becomes a Layer once all names are known."""

    call: ModuleCall
    effect: Effect
    inputs: list["Source"] = field(default_factory=list)
    input_shapes: list[Shape] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    buffers: list[str] = field(default_factory=list)
    name: str = ""


Source = Record | Tensor
"""What a tensor holds: the result of an operation, or an input, a parameter, a buffer."""


@dataclass(slots=True)
class Invocation:
    """One call of a torch function, taken apart."""

    function: Callable[..., Any]
    operation: str
    in_place: bool
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    tensors: list[torch.Tensor]

    def key(self) -> Any:
        """Equal keys give equal shapes. Raises TypeError where an argument cannot be hashed."""
        named = tuple([(name, key_of(value)) for name, value in self.kwargs.items()]) if self.kwargs else ()
        key = (self.function, self.in_place, key_of(self.args), named)
        hash(key)
        return key

    def effect(self, result: list[torch.Tensor], memory: Memory, container: type | None = None) -> Effect:
        """What this call does, once its result is known."""
        bound, window, settings = self.understand()
        return Effect(self.operation, result, memory, container, settings, window, bound.get("groups", 1))

    def understand(self) -> tuple[dict[str, Any], Window | None, dict[str, Any]]:
        """Arguments by name, the sliding window, and the settings that a Layer keeps."""
        bound = calls.bind(self.function, self.operation, self.args, self.kwargs)
        category = CATEGORY.get(self.operation, "")
        weight = tuple(self.tensors[1].shape) if "convolution" in category and len(self.tensors) > 1 else None
        settings = calls.settings_of(bound)
        if category in {"product", "attention", "recurrent"}:
            settings["operands"] = [list(tensor.shape) for tensor in self.tensors]
        return bound, calls.window_of(bound, self.operation, weight), settings


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor in nested arguments or results, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, torch.Tensor):
                yield item
            elif isinstance(item, list | tuple | Mapping):
                yield from tensors_in(item)
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))
    elif hasattr(value, "__dataclass_fields__"):
        yield from tensors_in(list(vars(value).values()))


def map_tensors(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same nested structure with every tensor changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        items = [map_tensors(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: map_tensors(item, change) for key, item in value.items()}
    return value


def key_of(value: Any) -> Any:
    """A stand-in for an argument; 1, 1.0 and True stay apart, since they give other types."""
    if isinstance(value, torch.Tensor):
        return value.shape, value.stride(), value.dtype
    if isinstance(value, list | tuple):
        return type(value), tuple([key_of(item) for item in value])
    if isinstance(value, slice):
        return slice, value.start, value.stop, value.step
    return type(value), value


def without_batch(tensor: torch.Tensor) -> Shape:
    shape = tuple(tensor.shape)
    return shape[1:] if shape[:1] == (1,) else shape


def dtype_name(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def describe(name: str, tensor: torch.Tensor, trainable: bool = False) -> Tensor:
    return Tensor(name, tuple(tensor.shape), dtype_name(tensor), trainable)


class Tracer(TorchFunctionMode):
    """Watches one pass over `blocks` (modules by path). `real`: compute values instead of shapes on meta."""

    def __init__(self, blocks: Mapping[str, nn.Module], real: bool) -> None:
        super().__init__()
        self.real = real
        self.records: list[Record] = []
        self.stack = [ModuleCall("", type(blocks[""]).__name__)]
        self.parameters: dict[str, Tensor] = {}
        self.buffers: dict[str, Tensor] = {}
        self._paths = {id(module): path for path, module in blocks.items()}
        self._stored: dict[int, Source] = {}
        self._memo: dict[Any, Effect] = {}
        self._twins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._overwritten: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        for path, module in blocks.items():
            prefix = path + "." if path else ""
            self._store(prefix, module._parameters, self.parameters)
            self._store(prefix, module._buffers, self.buffers)

    def _store(
        self, prefix: str, found: Mapping[str, torch.Tensor | None], described: dict[str, Tensor]
    ) -> None:
        for name, tensor in found.items():
            if tensor is not None and id(tensor) not in self._stored:
                trainable = described is self.parameters and tensor.requires_grad
                description = describe(prefix + name, tensor, trainable)
                described[description.name] = self._stored[id(tensor)] = description
                if self.real and described is self.buffers:
                    self._overwritten[id(tensor)] = (tensor, tensor.clone())

    def restore_values(self) -> None:
        """Undo what a real pass wrote into parameters and buffers."""
        for tensor, value in self._overwritten.values():
            tensor.copy_(value)

    # ---- modules: which block is running -------------------------------------------------------------------

    def enter(self, module: nn.Module, args: Any) -> None:
        """Forward pre-hook."""
        path = self._paths[id(module)]
        if path:
            self.stack[-1].leaf = False
            self.stack.append(ModuleCall(path, type(module).__name__))

    def leave(self, module: nn.Module, args: Any, output: Any) -> Any:
        """Forward hook. Its result, if any, replaces the module's."""
        path = self._paths[id(module)]
        if not path:
            return None
        call = self.stack.pop()
        while call.path != path:  # a module below failed, and its caller caught the error
            call = self.stack.pop()
        if call.records or not call.leaf:
            return None
        if isinstance(output, torch.Tensor) and any(output is tensor for tensor in tensors_in(args)):
            if self.source(output) is None:
                return None
            alias = output.detach()  # a tensor of its own, so that other readers of `output` keep their edge
            self._record(call, Effect("identity", [output], "view"), [output], [alias])
            return alias
        unseen = [tensor for tensor in tensors_in(output) if self.source(tensor) is None]
        if unseen:  # computed where no torch function was seen: compiled or foreign code
            self._record(call, Effect(call.kind, unseen), list(tensors_in(args)), unseen)
        return None

    # ---- operations ----------------------------------------------------------------------------------------

    def source(self, tensor: torch.Tensor) -> Source | None:
        """What `tensor` holds; None for a constant."""
        found: Source | None = getattr(tensor, "_archscope_source", None)
        return found if found is not None else self._stored.get(id(tensor))

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(function, "__name__", "")
        if name in QUESTIONS:
            return function(*args, **(kwargs or {}))
        if name == "__get__":
            return self._attribute(function, args)
        kwargs = kwargs or {}
        tensors = list(tensors_in(args))
        if kwargs:
            tensors += tensors_in(kwargs)
        sources = [self.source(tensor) for tensor in tensors]
        if not any(source is not None for source in sources):
            return function(*args, **kwargs)  # constants stay real: nothing of the network flows here
        operation, in_place = calls.operation_name(function)
        in_place = in_place or kwargs.get("inplace") is True
        if in_place and isinstance(sources[0], Tensor) and sources[0].name in self.buffers:
            return args[0]  # a counter in a buffer: the model stays as it was
        call = Invocation(function, operation, in_place, args, kwargs, tensors)
        return self._operation(call, sources)

    def _attribute(self, function: Any, args: tuple[Any, ...]) -> Any:
        value = function(*args)
        if isinstance(value, torch.Tensor) and self.source(value) is None:
            source = self.source(args[0])
            if source is not None:  # x.T, x.data, x.real ...
                self._tag(value, source, args[0])
        return value

    def _operation(self, call: Invocation, sources: list[Source | None]) -> Any:
        effect, result = self._compute(call)
        outputs = [call.tensors[0]] if effect.memory == "in_place" else list(tensors_in(result))
        if not outputs or outputs[0] is call.tensors[0] and effect.memory != "in_place":
            return result  # a question, or an operation that found nothing to do, such as `x.to(x.dtype)`
        stored = sources[0] if all(isinstance(s, Tensor) and s.name in self.parameters for s in sources) else None
        if call.operation in TRANSPARENT or (stored is not None and effect.memory == "view"):
            for output in outputs:  # a view of a parameter is the parameter
                if sources[0] is not None:
                    self._tag(output, sources[0], call.tensors[0])
            return result
        self._record(self.stack[-1], effect, call.tensors, outputs)
        return result

    def _compute(self, call: Invocation) -> tuple[Effect, Any]:
        if self.real:
            self._keep_value(call)
            result = call.function(*call.args, **call.kwargs)
            return self._observe(call, call.tensors, result), result
        try:
            key = call.key()
        except TypeError:
            return self._first_time(call)
        effect = self._memo.get(key)
        if effect is None:
            effect, result = self._first_time(call)
            if effect.outputs:
                self._memo[key] = effect
            return effect, result
        if effect.memory == "in_place":
            return effect, call.args[0] if call.operation != "setitem" else None
        if effect.container is Unchanged:
            return effect, call.tensors[0]
        return effect, effect.again()

    def _first_time(self, call: Invocation) -> tuple[Effect, Any]:
        predicted = self._predict(call)
        if predicted is not None:
            return predicted
        args, kwargs = map_tensors(call.args, self._twin), map_tensors(call.kwargs, self._twin)
        twins = [*tensors_in(args), *tensors_in(kwargs)]
        result = call.function(*args, **kwargs)
        effect = self._observe(call, twins, result)
        if effect.container is Unchanged or (effect.memory == "in_place" and result is not None):
            result = call.tensors[0]
        return effect, result

    def _predict(self, call: Invocation) -> tuple[Effect, Any] | None:
        """The result by archscope's own shape rules, where one applies and the types leave no doubt."""
        dtype = call.tensors[0].dtype
        if call.operation not in shapes.RULES or not dtype.is_floating_point or "out" in call.kwargs:
            return None
        if "dtype" in call.kwargs or any(tensor.dtype != dtype for tensor in call.tensors):
            return None
        bound, window, settings = call.understand()
        sizes = [tuple(tensor.shape) for tensor in call.tensors]
        predicted = shapes.output_shapes(call.operation, sizes, bound, window)
        if predicted is None:
            return None
        groups = bound.get("groups", 1)
        if call.in_place:
            effect = Effect(call.operation, call.tensors[:1], "in_place", None, settings, window, groups)
            return effect, call.tensors[0]
        idle = CATEGORY[call.operation] == "dropout" and not call.kwargs.get("training", True)
        outputs = [torch.empty(shape, dtype=dtype, device="meta") for shape in predicted]
        container = tuple if call.operation in RECURRENT else None
        memory: Memory = "view" if idle else "new"
        effect = Effect(call.operation, outputs, memory, container, settings, window, groups)
        return effect, outputs[0] if container is None else tuple(outputs)

    def _observe(self, call: Invocation, tensors: list[torch.Tensor], result: Any) -> Effect:
        """The effect of a call that torch has answered, `tensors` being what it was given."""
        if call.in_place:
            return call.effect(tensors[:1], "in_place")
        outputs = list(tensors_in(result))
        container = None if isinstance(result, torch.Tensor) else type(result)
        if outputs and any(outputs[0] is tensor for tensor in tensors):
            return call.effect(outputs, "view", Unchanged)
        shared = bool(outputs and tensors) and torch._C._is_alias_of(outputs[0], tensors[0])
        return call.effect(outputs, "view" if shared else "new", container)

    def _keep_value(self, call: Invocation) -> None:
        target = call.tensors[0]
        if call.in_place and id(target) in self._stored and id(target) not in self._overwritten:
            self._overwritten[id(target)] = (target, target.detach().clone())

    def _twin(self, tensor: torch.Tensor) -> torch.Tensor:
        """The meta stand-in of a real tensor; a meta tensor stands for itself."""
        if tensor.is_meta:
            return tensor
        found = self._twins.get(id(tensor))
        if found is None:
            found = self._twins[id(tensor)] = (tensor, meta_like(tensor))  # keeping `tensor` keeps its id its own
        return found[1]

    def _record(
        self, call: ModuleCall, effect: Effect, tensors: list[torch.Tensor], outputs: list[torch.Tensor]
    ) -> None:
        record = Record(call, effect)
        for tensor in tensors:
            source = self.source(tensor)
            if isinstance(source, Record):
                record.inputs.append(source)
                record.input_shapes.append(without_batch(tensor))
            elif source is not None and source.name in self.parameters:
                record.parameters.append(source.name)
            elif source is not None and source.name in self.buffers:
                record.buffers.append(source.name)
            elif source is not None:
                record.inputs.append(source)
                record.input_shapes.append(source.shape)
        self.records.append(record)
        call.records.append(record)
        base = tensors[0] if tensors and effect.memory != "new" else None
        for output in outputs:
            self._tag(output, record, base)

    def _tag(self, tensor: torch.Tensor, source: Source, base: torch.Tensor | None = None) -> None:
        """Remember what `tensor` holds. A write through a view is a write to what it views."""
        if id(tensor) in self._stored:  # a parameter written in place; the user's tensors carry no marks
            self._stored[id(tensor)] = source
            return
        tensor._archscope_source = source  # type: ignore[attr-defined]
        if base is None:
            return
        root = getattr(base, "_archscope_base", base)
        if root is tensor:
            return
        tensor._archscope_base = root  # type: ignore[attr-defined]
        if isinstance(source, Record) and source.effect.memory == "in_place":
            root._archscope_source = source


class Unchanged:
    """Marks, as a container, a call that returned its own argument."""


def meta_like(tensor: torch.Tensor) -> torch.Tensor:
    """A meta tensor of the same size, strides and type."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
