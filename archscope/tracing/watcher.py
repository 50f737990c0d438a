"""The watcher of one forward pass: every torch function that the model calls, in which module, on which tensors.

A `TorchFunctionMode` is local to the pass and its thread; only calls of what torch.jit compiled, which no mode sees,
take a detour meanwhile (`scripted`). Which module runs is told by `running`, what a call does by `effects`, what its
tensors hold by `sources`; it is noted in the `ledger`.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import RLock, get_ident
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.tracing import calls
from archscope.tracing.batched import FUNC, is_wrapped, settings_of_whole, whole
from archscope.tracing.constants import Constants
from archscope.tracing.effects import Effects, not_itself, observed, refused, written_by
from archscope.tracing.elsewhere import by_type, where_it_runs
from archscope.tracing.ledger import Ledger
from archscope.tracing.quantised import plain_call
from archscope.tracing.questions import (
    CHECKS,
    CONTROL_FLOW,
    MAKERS,
    QUESTIONS,
    SETTERS,
    TRANSPARENT,
    TRANSPOSED,
    VALUES,
    WHERE,
    asks_itself,
    written_back,
)
from archscope.tracing.records import (
    META,
    Effect,
    Invocation,
    Record,
    Source,
    map_tensors,
    tensors_in,
)
from archscope.tracing.running import Running
from archscope.tracing.scripted import opaque
from archscope.tracing.sources import Sources
from archscope.tracing.untouched import drawn_alone
from archscope.tracing.values import ALIASES, LIKE, has_value, note_value

NESTED, ASKS_FOR_NESTED = "nested", "_nested_tensor_from_mask_left_aligned"
"""In the names of the functions that make nested tensors; the other asks whether one could be made."""

SPARSE = frozenset({torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc})


class Tracer(TorchFunctionMode):
    """Watches one pass over `blocks` (modules by path). `real`: compute values instead of shapes on meta.

    `running` says which module runs, `ledger` what was seen. With a `generator` random numbers come from there
    alone. `kept` gets the first output of each operation. `device` is what tensors on meta say that they lie on.
    """

    def __init__(
        self,
        blocks: Mapping[str, nn.Module],
        real: bool,
        generator: torch.Generator | None = None,
        kept: list[torch.Tensor] | None = None,
        device: torch.device | None = None,
    ) -> None:
        super().__init__()
        self._device = None if real else device
        self.thread, self._turn = get_ident(), RLock()
        self.real = real
        self.generator = generator
        self.sources = Sources(blocks, real)
        self.ledger = Ledger(self.sources, kept)
        self.running = Running(blocks, real, self.ledger)
        self._source, self._stack = self.sources.of, self.running.stack
        self._effects = Effects(self.sources)
        self._constants = Constants(self.sources, real, generator, self._device)

    def in_turn(self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A module that a thread of the network's own calls: one thread after the other, each as if it were this."""
        with self._turn, self:
            before, self.thread = self.thread, get_ident()
            try:
                return call(*args, **kwargs)
            finally:
                self.thread = before

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if self.real:
            function, args, kwargs = where_it_runs(function, args, kwargs)
        name = getattr(function, "__name__", "")
        if name in QUESTIONS:
            return self._question(function, name, args, kwargs)
        if name == "__get__":
            return self._attribute(function, args)
        if name == "type" and function is torch.Tensor.type:
            if len(args) == 1 and not kwargs:
                return self._type_in_words(function(*args))
            args = (args[0], *map(by_type, args[1:]))
        if name in CONTROL_FLOW and isinstance(function, torch._ops.HigherOrderOperator):
            return self._as_it_runs(function, args)
        for kind in types:
            if not issubclass(kind, torch.Tensor):
                with self:  # an object of the user's, which says itself what a function does with it
                    return kind.__torch_function__(function, types, args, kwargs)
        tensors = tensors_in(args)
        if kwargs:
            kwargs = calls.in_order(function, args, kwargs)
            tensors += tensors_in(kwargs)
        if (NESTED in name and name != ASKS_FOR_NESTED) or any([tensor.is_nested for tensor in tensors]):
            raise refused("makes a nested tensor, which has no one size: a padded tensor and a mask can be measured")
        sources = [self._source(tensor) for tensor in tensors]
        if not any(sources) or name in MAKERS or (name in LIKE and tensors[0] is args[0] and not any(sources[1:])):
            return self._constant(function, args, kwargs)
        frame = sys._getframe(1)
        caller = frame.f_globals.get("__name__", "")
        if function in calls.METHODS:
            function = calls.operator_or_method(function, frame.f_code, frame.f_lasti)
        if caller.startswith("torch.distributions") and (name in CHECKS or caller.endswith(".constraints")):
            return function(*self._given(args), **self._given(kwargs))  # no work of the network's
        if kwargs.get("out") is not None:
            return self._into(function, types, args, kwargs)
        operation, in_place = calls.operation_name(function)
        if self.sources.packed and "quantized" in str(function):
            function, args = plain_call(function, operation, args, kwargs, self.sources.unpacked)
            kwargs, tensors = {}, tensors_in(args)
            sources = [self._source(tensor) for tensor in tensors]
        in_place = in_place or kwargs.get("inplace") is True
        if in_place and self._counts(sources):
            return self._count(function, args, kwargs, tensors)
        return self._operation(Invocation(function, operation, in_place, args, kwargs, tensors), sources)

    def _as_it_runs(self, function: Any, args: tuple[Any, ...]) -> Any:
        """torch.cond, scan and the like: the branch that runs, and each turn of a loop, as if they stood there."""
        with self:
            return function.py_kernels[torch._C.DispatchKey.CompositeExplicitAutograd](*args)

    def _question(self, function: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name in VALUES and not self.real:
            if name == "__bool__" and args[0].is_meta and asks_itself(sys._getframe(2)):
                return True
            if isinstance(self._source(args[0]), Record):
                args = (self.sources.twin(args[0]), *args[1:])  # a constant that the network has written into
        elif name == "backward" and self._source(args[0]) is not None:
            self.ledger.add_unseen(self._stack[-1], name, [args[0]], [torch.empty((), device=META)])
        elif name in SETTERS and isinstance(args[0], torch.Tensor):
            self.sources.keep_attributes(args[0])
        return function(*args, **kwargs)

    def _given(self, arguments: Any) -> Any:
        """Arguments as a kernel takes them in this pass."""
        return arguments if self.real else map_tensors(arguments, self.sources.twin)

    def _constant(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._stack[-1].constants = True
        return self._constants.made(function, args, kwargs)

    def _counts(self, sources: list[Source | None]) -> bool:
        """Is the first one a buffer, and none of the network's values flows there?"""
        stored = self.sources
        return stored.is_buffer(sources[0]) and all(each is None or stored.is_stored(each) for each in sources)

    def _count(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[torch.Tensor]) -> Any:
        """A counter in a buffer, such as `num_batches_tracked`: it counts, and is put back after the pass."""
        if any(tensor.is_meta for tensor in tensors):
            return args[0]
        self.sources.keep_value(args[0])
        return function(*args, **kwargs)

    def _into(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call with `out=`: the same without it, then written there."""
        out = kwargs["out"]
        result = self.__torch_function__(function, types, args, {**kwargs, "out": None})
        if not isinstance(out, torch.Tensor) or not isinstance(result, torch.Tensor) or out.shape != result.shape:
            return result
        if self.real:
            self.sources.keep_value(out)
            out.copy_(result)
        source = self._source(result)
        if source is not None:
            self.sources.overwrite(out, source)
        return out

    def _attribute(self, function: Any, args: tuple[Any, ...]) -> Any:
        name = getattr(function.__self__, "__name__", "")
        if name in WHERE and self._device is not None and args[0].is_meta:
            return self._device if name == "device" else name == f"is_{self._device.type}"
        source = self._source(args[0]) if name in ALIASES else None
        if source is None:
            found = function(*args)
            if name in ALIASES and has_value(args[0]):
                note_value(function, args, {}, found)
            return found
        if name in TRANSPOSED:
            return self._operation(Invocation(function, name, False, args, {}, [args[0]]), [source])
        value = function(*args)
        if isinstance(value, torch.Tensor) and self._source(value) is None:
            self.sources.tag(value, source, args[0], self.sources.part(args[0]))
        return value

    def _type_in_words(self, said: str) -> str:
        """`torch.FloatTensor`, as it is called where the weights lie."""
        if self._device is None:
            return said
        return said.replace(".meta.", "." if self._device.type == "cpu" else f".{self._device.type}.")

    def _operation(self, call: Invocation, sources: list[Source | None]) -> Any:
        if FUNC.peek_interpreter_stack() is not None and any(map(is_wrapped, call.tensors)):
            return self._batched(call, sources)
        if call.operation == "setitem" and written_back(call, sources):
            return call.function(*call.args) if self.real else None
        if CATEGORY.get(call.operation) in WEIGHTED and any(tensor.layout in SPARSE for tensor in call.tensors):
            call.operation = f"sparse_{call.operation}"  # as many products as there are values: no shape tells
        written = written_by(call)
        for tensor in written if self.real else ():
            self._keep(tensor)
        effect, result = self._compute_values(call) if self.real else self._effects.of(call)
        if written:
            effect = call.effect(written, "in_place")
            self.ledger.add(self._stack[-1], effect, call.tensors, written, sources)
            return result
        if effect.memory == "in_place":
            outputs = [call.tensors[0]]
        else:
            outputs = [result] if type(result) is torch.Tensor else tensors_in(result)[: len(effect.outputs)]
        if not outputs:  # numpy, or a question
            if call.operation in {"numpy", "array"}:
                self.ledger.leave_torch(self._stack[-1], call.tensors)
            return result
        if outputs[0] is call.tensors[0] and effect.memory != "in_place":
            return result  # an operation that found nothing to do, such as `x.to(x.dtype)`
        if call.operation in TRANSPARENT or (effect.memory == "view" and all(map(self.sources.is_stored, sources))):
            if sources[0] is not None:
                self.ledger.pass_on(sources[0], call.tensors[0], effect, outputs)
            return result
        self.ledger.add(self._stack[-1], effect, call.tensors, outputs, sources)
        return result

    def _batched(self, call: Invocation, sources: list[Source | None]) -> Any:
        """An operation under vmap: one row for the whole batch."""
        result = call.function(*self._given(call.args), **self._given(call.kwargs))
        outputs = tensors_in(result)
        shown = replace(call, tensors=[whole(tensor) for tensor in call.tensors], said=None)
        if CATEGORY.get(call.operation, "").endswith("convolution"):
            shown.tensors[1] = call.tensors[1]  # formulas read the axes of one kernel
        effect = shown.effect([whole(tensor) for tensor in outputs], "new")
        effect.said.settings = settings_of_whole(effect.said.settings)
        self.ledger.add(self._stack[-1], effect, shown.tensors, [], sources)
        for output in outputs:
            self.sources.tag_batch(output, self.ledger.records[-1])
        return result

    def compiled(self, function: Any, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function that torch.jit compiled: as it was written, if that is known, or else one operation."""
        written = getattr(function, "_torchdynamo_inline", None)
        if written is not None:
            return written(*args, **kwargs)
        tensors = tensors_in((args, kwargs))
        if not any(map(self._source, tensors)):
            return call(function, *args, **kwargs)
        result = opaque(call)(function, *self._given(args), **self._given(kwargs))
        outputs = [tensor for tensor in tensors_in(result) if self._source(tensor) is None]
        kind = f"compiled_{function.name}" if function.name in CATEGORY else function.name
        self.ledger.add_unseen(self._stack[-1], kind, tensors, outputs)
        return result

    def _compute_values(self, call: Invocation) -> tuple[Effect, Any]:
        target = call.tensors[0]
        if call.in_place:
            self._keep(target)
        call.understand()
        result = not_itself(call, target, self._run(call))
        effect = observed(call, call.tensors, result)
        effect.said.forget_tensors()
        return effect, result

    def _keep(self, target: torch.Tensor) -> None:
        """What is about to be written over, unless the pass itself made it."""
        if not isinstance(self._source(target), Record):
            self.sources.keep_value(target)

    def _run(self, call: Invocation) -> Any:
        """Dropout would draw from the numbers that other threads draw from, and nothing depends on which are kept."""
        drops = CATEGORY.get(call.operation) == "dropout" and call.understand().bound.get("training")
        if drops and self.generator is not None:
            return call.tensors[0] if call.in_place else call.tensors[0].clone()
        return call.function(*call.args, **drawn_alone(call.function, call.args, call.kwargs, self.generator))
