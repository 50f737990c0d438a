"""The watcher of one forward pass: every torch function that the model calls, in which module, on which tensors.

A `TorchFunctionMode` is local to the pass, so nothing in torch is patched. Real parameters and buffers are
replaced by meta twins on the way into each call, so that a model on any device can be traced untouched. Output
shapes come from a memo of equal calls, then from plain-Python rules, then from torch itself.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archscope.model.graph import Tensor
from archscope.model.operations import CATEGORY
from archscope.tracing import calls, shape_rules
from archscope.tracing.records import (
    META,
    Effect,
    Invocation,
    Irregular,
    Memory,
    ModuleCall,
    Record,
    Source,
    Unchanged,
    describe,
    map_tensors,
    meta_like,
    tensors_in,
    without_batch,
)

QUESTIONS = frozenset(
    "dim size numel stride storage_offset is_contiguous is_floating_point is_complex element_size ndimension "
    "nelement get_device data_ptr __len__ __repr__ __format__ __hash__ __bool__ __dir__ is_signed result_type "
    "untyped_storage is_inference requires_grad_ __set__ tolist item __int__ __float__ __index__ can_cast "
    "is_tensor is_same_size storage backward register_hook retain_grad is_nonzero __contains__ is_pinned".split()
)
"""Torch functions whose answer is no tensor of the network."""

VALUES = frozenset("__bool__ __float__ __int__ __index__ __contains__ item tolist is_nonzero".split())
"""Questions that a tensor without values cannot answer."""

TRANSPARENT = frozenset({"detach", "contiguous", "positive", "resolve_conj", "resolve_neg", "alias"})
"""Operations whose result stands for their input: a row for them would say nothing."""

ALIASES = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})
"""Attributes of a tensor that show the same memory."""

ATTRIBUTES = frozenset({dict, OrderedDict, set, list, tuple, int, float, bool, str, type(None)})
"""Types of a module's attributes that are no tensor: nearly all of them."""

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})


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
        values = [value for m in blocks.values() for value in vars(m).values() if type(value) not in ATTRIBUTES]
        self._constants = {id(value): value for value in values if isinstance(value, torch.Tensor)}
        self._marked: list[torch.Tensor] = []
        self.left_torch: dict[str, None] = {}
        for path, module in blocks.items():
            prefix = path + "." if path else ""
            if module._parameters:
                self._store(prefix, module._parameters, self.parameters)
            if module._buffers:
                self._store(prefix, module._buffers, self.buffers)
            if real or isinstance(module, torch.jit.ScriptModule):
                for buffer in module._buffers.values():  # batch_norm writes its statistics from inside
                    if buffer is not None:
                        self._keep_value(buffer)

    def _store(self, prefix: str, found: Mapping[str, torch.Tensor | None], described: dict[str, Tensor]) -> None:
        for name, tensor in found.items():
            if tensor is not None and id(tensor) not in self._stored:
                trainable = described is self.parameters and tensor.requires_grad
                description = describe(prefix + name, tensor, trainable)
                described[description.name] = self._stored[id(tensor)] = description

    def _keep_value(self, tensor: torch.Tensor) -> None:
        """Remember what lies in memory that the pass is about to overwrite."""
        root = root_of(tensor)
        if id(root) not in self._overwritten and not root.is_meta:
            self._overwritten[id(root)] = (root, root.detach().clone())

    def forget(self) -> None:
        """Undo what the pass wrote into tensors that are not its own, and its marks on them."""
        for tensor, value in self._overwritten.values():
            tensor.detach().copy_(value)
        for tensor in self._marked:
            for mark in ("_archscope_source", "_archscope_base"):
                vars(tensor).pop(mark, None)

    # ---- modules: which block is running -------------------------------------------------------------------

    def enter(self, module: nn.Module, args: Any) -> None:
        """Before a module runs."""
        path = self._paths[id(module)]
        caller = self.stack[-1]
        if caller.lost:
            self._found_again(caller, args)
        if path:
            caller.leaf = False
            self.stack.append(ModuleCall(path, type(module).__name__))

    def leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
        """After a module has run. The result, if any, replaces the module's."""
        path = self._paths[id(module)]
        while self.stack[-1].path != path:  # a module below failed, and its caller caught the error
            self.stack.pop()
        call = self.stack.pop() if path else self.stack[-1]
        if call.lost:
            self._found_again(call, output)
        elif call.leaf and not call.records:
            return self._unseen(call, module, tensors_in((args, kwargs)), output)
        return None

    def _found_again(self, call: ModuleCall, value: Any) -> None:
        """Tensors of unknown origin, after some have left torch: numpy made these of those."""
        found = [tensor for tensor in tensors_in(value) if self.source(tensor) is None]
        if found:
            self._record(call, Effect("numpy", found), call.lost, found)
            call.lost = []

    def _unseen(self, call: ModuleCall, module: nn.Module, given: list[torch.Tensor], output: Any) -> Any:
        """A row for a module in which no torch function was seen to make its output."""
        if isinstance(output, torch.Tensor) and any(output is tensor for tensor in given):
            if self.source(output) is None or not call.path:
                return None
            alias = shown_again(output)  # so that other readers of `output` keep their edge
            self._record(call, Effect("identity", [output], "view"), [output], [alias])
            return alias
        unseen = [tensor for tensor in tensors_in(output) if self.source(tensor) is None]
        if unseen and not call.constants:  # compiled or foreign code
            self._record(call, Effect(call.kind, unseen), [*given, *module.parameters(), *module.buffers()], unseen)
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
        kwargs = kwargs or {}
        if name in QUESTIONS:
            if name in VALUES and not self.real and isinstance(self.source(args[0]), Record):
                args = (self._twin(args[0]), *args[1:])  # a constant that the network has written into
            return function(*args, **kwargs)
        if name == "__get__":
            return self._attribute(function, args)
        tensors = tensors_in(args)
        if kwargs:
            tensors += tensors_in(kwargs)
        sources = [self.source(tensor) for tensor in tensors]
        if not any(sources):
            return self._constant(function, args, kwargs)
        if kwargs.get("out") is not None:
            return self._into(function, types, args, kwargs)
        operation, in_place = calls.operation_name(function)
        in_place = in_place or kwargs.get("inplace") is True
        if in_place and self._is_buffer(sources[0]) and all(s is None or self._is_stored(s) for s in sources):
            return self._count(function, args, kwargs, tensors)
        return self._operation(Invocation(function, operation, in_place, args, kwargs, tensors), sources)

    def _constant(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Nothing of the network flows here, so the values are real."""
        self.stack[-1].constants = True
        if args and id(args[0]) in self._constants and calls.operation_name(function)[1]:
            self._keep_value(args[0])
        return function(*args, **kwargs)

    def _count(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[torch.Tensor]) -> Any:
        """A counter in a buffer, such as `num_batches_tracked`: it counts, and is put back after the pass."""
        if any(tensor.is_meta for tensor in tensors):
            return args[0]
        self._keep_value(args[0])
        return function(*args, **kwargs)

    def _into(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call with `out=`: the same without it, then written there."""
        out = kwargs["out"]
        result = self.__torch_function__(function, types, args, {**kwargs, "out": None})
        if not isinstance(out, torch.Tensor) or not isinstance(result, torch.Tensor) or out.shape != result.shape:
            return result
        if self.real:
            self._keep_value(out)
            out.copy_(result)
        source = self.source(result)
        if source is not None:
            self._overwrite(out, source)
        return out

    def _attribute(self, function: Any, args: tuple[Any, ...]) -> Any:
        value = function(*args)
        if isinstance(value, torch.Tensor) and getattr(function.__self__, "__name__", "") in ALIASES:
            source = self.source(args[0])
            if source is not None and self.source(value) is None:
                self._tag(value, source, args[0])
        return value

    def _is_stored(self, source: Source | None) -> bool:
        """A parameter or a buffer, that is; an input may bear the same name."""
        return isinstance(source, Tensor) and self._described(source, self.parameters, self.buffers)

    def _is_buffer(self, source: Source | None) -> bool:
        return isinstance(source, Tensor) and self._described(source, self.buffers)

    @staticmethod
    def _described(source: Tensor, *places: Mapping[str, Tensor]) -> bool:
        return any(place.get(source.name) is source for place in places)

    def _operation(self, call: Invocation, sources: list[Source | None]) -> Any:
        effect, result = self._compute(call)
        outputs = [call.tensors[0]] if effect.memory == "in_place" else tensors_in(result)
        if not outputs:  # numpy, or a question
            if call.operation in {"numpy", "array"}:
                self.stack[-1].lost += call.tensors
                self.left_torch[self.stack[-1].path or self.stack[-1].kind] = None
            return result
        if outputs[0] is call.tensors[0] and effect.memory != "in_place":
            return result  # an operation that found nothing to do, such as `x.to(x.dtype)`
        if call.operation in TRANSPARENT or (effect.memory == "view" and all(map(self._is_stored, sources))):
            for output in outputs:  # a view of a parameter is the parameter
                if sources[0] is not None:
                    self._tag(output, sources[0], call.tensors[0] if effect.memory == "view" else None)
            return result
        self._record(self.stack[-1], effect, call.tensors, outputs, sources)
        return result

    def _compute(self, call: Invocation) -> tuple[Effect, Any]:
        if self.real:
            return self._compute_values(call)
        try:
            effect = self._memo.get(key := call.key())
        except TypeError:  # an argument that cannot be hashed
            return self._first_time(call)
        if effect is None:
            shape = call.tensors[0].shape
            effect, result = self._first_time(call)
            reshaped = effect.memory == "in_place" and call.tensors[0].shape != shape  # unsqueeze_ must run each time
            if effect.outputs and effect.container is not Irregular and not reshaped:
                self._memo[key] = effect
            return effect, result
        if effect.memory == "in_place":
            return effect, call.tensors[0] if call.operation != "setitem" else None
        if effect.container is Unchanged:
            return effect, call.tensors[0]
        return effect, effect.again()

    def _compute_values(self, call: Invocation) -> tuple[Effect, Any]:
        target = call.tensors[0]
        if call.in_place and not isinstance(self.source(target), Record):
            self._keep_value(target)
        result = call.function(*call.args, **call.kwargs)
        if result is target and CATEGORY.get(call.operation) == "dropout" and not call.in_place:
            result = shown_again(target)  # a row of its own, as on the meta device
        return self._observe(call, call.tensors, result), result

    def _first_time(self, call: Invocation) -> tuple[Effect, Any]:
        predicted = self._predict(call)
        if predicted is not None:
            return predicted
        args, kwargs = map_tensors(call.args, self._twin), map_tensors(call.kwargs, self._twin)
        twins = [*tensors_in(args), *tensors_in(kwargs)]
        if call.operation in {"cpu", "cuda"}:
            return self._observe(call, twins, twins[0]), call.tensors[0]
        try:
            result = call.function(*stay_on_meta(call.operation, args), **stay_on_meta(call.operation, kwargs))
        except RuntimeError as error:
            raise reason_on_cpu(call) or error from None
        effect = self._observe(call, twins, result)
        if effect.container is Unchanged or (effect.memory == "in_place" and result is not None):
            result = call.tensors[0]
        return effect, result

    def _predict(self, call: Invocation) -> tuple[Effect, Any] | None:
        """The result by archscope's own shape rules, where one applies and the types leave no doubt."""
        dtype = call.tensors[0].dtype
        if (
            call.operation not in shape_rules.RULES
            or not dtype.is_floating_point
            or call.kwargs.get("dtype") is not None
        ):
            return None
        if any(tensor.dtype != dtype for tensor in call.tensors) or any(isinstance(arg, complex) for arg in call.args):
            return None
        strides = self._common_strides(call)
        if strides is None:
            return None
        bound, window, settings = call.understand()
        sizes = [tuple(tensor.shape) for tensor in call.tensors]
        predicted = shape_rules.output_shapes(call.operation, sizes, bound, window)
        if predicted is None or (call.in_place and predicted[0] != sizes[0]):
            return None
        groups = bound.get("groups", 1)
        if call.in_place:
            effect = Effect(call.operation, call.tensors[:1], "in_place", None, settings, window, groups)
            return effect, call.tensors[0]
        idle = CATEGORY[call.operation] == "dropout" and not bound.get("training", True)
        outputs = [torch.empty(shape, dtype=dtype, device=META) for shape in predicted]
        if strides:
            outputs = [torch.empty_strided(predicted[0], strides, dtype=dtype, device=META)]
        container = tuple if call.operation in RECURRENT else None
        memory: Memory = "view" if idle else "new"
        effect = Effect(call.operation, outputs, memory, container, settings, window, groups)
        return effect, outputs[0] if container is None else tuple(outputs)

    @staticmethod
    def _common_strides(call: Invocation) -> tuple[int, ...] | None:
        """How the result lies in memory: () if row by row, None if only torch can tell."""
        first = call.tensors[0]
        if all([tensor.is_contiguous() for tensor in call.tensors]):
            return ()
        alike = all(tensor.shape == first.shape and tensor.stride() == first.stride() for tensor in call.tensors)
        return first.stride() if alike and call.operation in shape_rules.POINTWISE and is_dense(first) else None

    def _observe(self, call: Invocation, tensors: list[torch.Tensor], result: Any) -> Effect:
        """The effect of a call that torch has answered, `tensors` being what it was given."""
        if call.in_place:
            return call.effect(tensors[:1], "in_place")
        outputs = tensors_in(result)
        if result is tensors[0]:
            return call.effect(outputs, "view", Unchanged)
        shared = bool(outputs) and torch._C._is_alias_of(outputs[0], tensors[0])  # type: ignore[attr-defined]
        memory: Memory = "view" if shared else "new"
        if isinstance(result, torch.Tensor):
            return call.effect(outputs, memory)
        flat = isinstance(result, list | tuple) and all(
            [item is None or isinstance(item, torch.Tensor) for item in result]
        )
        effect = call.effect(outputs, memory, type(result) if flat else Irregular)
        if flat:
            effect.blanks = tuple([place for place, item in enumerate(result) if item is None])
        return effect

    def _twin(self, tensor: torch.Tensor) -> torch.Tensor:
        """The meta stand-in of a real tensor; a meta tensor stands for itself."""
        if tensor.is_meta:
            return tensor
        found = self._twins.get(id(tensor))
        if found is None:
            found = self._twins[id(tensor)] = (tensor, meta_like(tensor))  # keeping `tensor` keeps its id its own
        return found[1]

    def _record(
        self,
        call: ModuleCall,
        effect: Effect,
        tensors: list[torch.Tensor],
        outputs: list[torch.Tensor],
        sources: list[Source | None] | None = None,
    ) -> None:
        record = Record(call, effect)
        sources = [self.source(tensor) for tensor in tensors] if sources is None else sources
        for tensor, source in zip(tensors, sources, strict=True):
            if isinstance(source, Record):
                record.inputs.append(source)
                record.input_shapes.append(without_batch(tensor))
            elif source is None:
                continue
            elif self.parameters.get(source.name) is source:
                record.parameters.append(source.name)
            elif self.buffers.get(source.name) is source:
                record.buffers.append(source.name)
            else:
                record.inputs.append(source)
                record.input_shapes.append(without_batch(tensor))
        self.records.append(record)
        call.records.append(record)
        if effect.memory == "in_place":
            self._overwrite(outputs[0], record)
            return
        base = tensors[0] if tensors and effect.memory != "new" else None
        for output in outputs:
            self._tag(output, record, base)

    def _tag(self, tensor: torch.Tensor, source: Source, base: torch.Tensor | None = None) -> None:
        """Remember what `tensor` holds, and whose memory it shows."""
        if id(tensor) in self._stored:  # the user's tensors carry no marks
            self._stored[id(tensor)] = source
            return
        tensor._archscope_source = source  # type: ignore[attr-defined]
        if base is not None:
            root = root_of(base)
            if root is not tensor:
                tensor._archscope_base = root  # type: ignore[attr-defined]

    def _overwrite(self, tensor: torch.Tensor, source: Source) -> None:
        """`tensor` now holds something else. A write through a view is a write to what it views."""
        root = root_of(tensor)
        for written in (tensor,) if root is tensor else (tensor, root):
            if not hasattr(written, "_archscope_source"):
                self._marked.append(written)  # it was there before the pass, or a constant
            self._tag(written, source)


def shown_again(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of its own that shows the same memory. Gradients pass."""
    with torch._C.DisableTorchFunction():
        return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach()


def root_of(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor whose memory `tensor` shows: itself, unless it is a view."""
    root = getattr(tensor, "_archscope_base", None)
    if root is None:
        root = tensor._base
    return tensor if root is None else root


def is_dense(tensor: torch.Tensor) -> bool:
    """Do the elements fill their memory without gaps or overlaps, in whatever order of the axes?"""
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


def reason_on_cpu(call: Invocation) -> Exception | None:
    """Why a call fails, in torch's words for real tensors, which say more than those for tensors on meta."""
    try:
        call.function(*map_tensors(call.args, stand_in), **map_tensors(call.kwargs, stand_in))
    except Exception as reason:
        return reason
    return None


def stand_in(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor like it on the CPU. Memory that nobody writes costs nothing; an index must be a valid one, though."""
    made = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
    return made if tensor.dtype.is_floating_point else made.zero_()


def stay_on_meta(operation: str, arguments: Any) -> Any:
    """Arguments, positional or by keyword, that ask for no device but meta."""
    if isinstance(arguments, dict):
        return {
            name: META if name == "device" and value is not None else stay_on_meta(operation, [value])[0]
            for name, value in arguments.items()
        }
    return [
        META if isinstance(value, torch.device) or (operation == "to" and isinstance(value, str)) else value
        for value in arguments
    ]
