"""The watcher of one forward pass: every torch function that the model calls, in which module, on which tensors.

A `TorchFunctionMode` is local to the pass and its thread; only calls of what torch.jit compiled, which no mode sees,
take a detour meanwhile (`scripted`). What a call does is told by `effects`, what its tensors hold by `sources`.
"""

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from threading import RLock, get_ident
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archscope.errors import ArchscopeError
from archscope.model.operations import CATEGORY, WEIGHTED
from archscope.tracing import calls
from archscope.tracing.batched import FUNC, is_wrapped, settings_of_whole, whole
from archscope.tracing.constants import Constants
from archscope.tracing.effects import Effects, observed, refused, written_by
from archscope.tracing.elsewhere import where_it_runs
from archscope.tracing.names import second_paths
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
    WHOLE,
    Effect,
    Invocation,
    ModuleCall,
    Record,
    Said,
    Source,
    given_to_unseen,
    map_tensors,
    tensors_in,
)
from archscope.tracing.scripted import opaque
from archscope.tracing.sources import Sources, shown_again
from archscope.tracing.untouched import drawn_alone
from archscope.tracing.values import ALIASES, LIKE, has_value, note_value

NESTED, ASKS_FOR_NESTED = "nested", "_nested_tensor_from_mask_left_aligned"
"""In the names of the functions that make nested tensors; the other asks whether one could be made."""

SPARSE = frozenset({torch.sparse_coo, torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc})


class Tracer(TorchFunctionMode):
    """Watches one pass over `blocks` (modules by path). `real`: compute values instead of shapes on meta.

    With a `generator` random numbers come from there alone. `kept` gets the first output of each operation. `classes`
    are those of modules that are there no more, in a graph that was recorded of them. `device` is what tensors on meta
    say that they lie on.
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
        self._kept = kept
        self._device = None if real else device
        self.thread, self._turn = get_ident(), RLock()
        self.real = real
        self.generator = generator
        self.records: list[Record] = []
        self.stack = [ModuleCall("", type(blocks[""]).__name__, id(blocks[""]))]
        self.left_torch: dict[str, None] = {}
        self.unseen: list[Record] = []
        self.sources = Sources(blocks, real)
        self._source = self.sources.of
        self._effects = Effects(self.sources)
        self._constants = Constants(self.sources, real, generator, self._device)
        self._paths = {id(module): path for path, module in blocks.items()}
        self.second_paths = second_paths(blocks)
        self.classes = {path: type(blocks[self._paths[id_]]).__name__ for (_, id_), path in self.second_paths.items()}
        self._unregistered: dict[int, torch.Tensor] = {}

    @property
    def paths(self) -> Collection[str]:
        """Of all modules."""
        return self._paths.values()

    def path_of(self, module: nn.Module) -> str:
        return self._paths[id(module)]

    # ---- modules: which block is running -------------------------------------------------------------------

    def in_turn(self, call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A module that a thread of the network's own calls: one thread after the other, each as if it were this."""
        with self._turn, self:
            before, self.thread = self.thread, get_ident()
            try:
                return call(*args, **kwargs)
            finally:
                self.thread = before

    def enter(self, module: nn.Module, args: Any) -> None:
        """Before a module runs."""
        caller = self.stack[-1]
        path = self._paths[id(module)]
        if self.second_paths:
            path = self.second_paths.get((caller.path, id(module)), path)
        if torch._C._get_tracing_state() is not None:  # where sizes are tensors
            raise ArchscopeError(f"{path or type(module).__name__}: torch.jit.trace runs it, and hides what it does")
        if caller.lost:
            self._found_again(caller, args)
        if path:
            caller.leaf = False
            self.stack.append(ModuleCall(path, type(module).__name__, id(module)))

    def leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
        """After a module has run. The result, if any, replaces the module's."""
        path = self._paths[id(module)]
        while self.stack[-1].module != id(module):  # a module below failed, and its caller caught the error
            self.stack.pop()
        call = self.stack.pop() if path else self.stack[-1]
        if call.lost:
            self._found_again(call, output)
        elif call.leaf and not call.ran:
            with torch._C.DisableTorchFunction():  # what is asked here is no operation, and answered as it is
                return self._unseen(call, module, tensors_in((args, kwargs)), output)
        return None

    def _found_again(self, call: ModuleCall, value: Any) -> None:
        """Tensors of unknown origin, after some have left torch: numpy made these of those."""
        found = [tensor for tensor in tensors_in(value) if self._source(tensor) is None]
        if found:
            with torch._C.DisableTorchFunction():
                self._record_unseen(call, "numpy", call.lost, found)
            call.lost = []

    def _unseen(self, call: ModuleCall, module: nn.Module, given: list[torch.Tensor], output: Any) -> Any:
        """A row for a module in which no torch function was seen to make its output."""
        if isinstance(output, torch.Tensor) and any(output is tensor for tensor in given):
            if self._source(output) is None or not call.path:
                return None
            alias = shown_again(output)  # so that other readers of `output` keep their edge
            said = Said(settings=_own_settings(module), arguments=["input"], shapes=[tuple(output.shape)])
            self._record(call, Effect("identity", [output], "view", said=said), [output], [alias])
            return alias
        made = [one for one in tensors_in(output) if self._source(one) is None and not has_value(one)]
        unseen = [one for one in made if self.real or one.is_meta]  # with values in a pass without: a constant
        if unseen and not call.constants:  # compiled or foreign code
            self._record_unseen(call, call.kind, [*given, *module.parameters(), *module.buffers()], unseen)
        return None

    def _record_unseen(
        self, call: ModuleCall, operation: str, given: list[torch.Tensor], outputs: list[torch.Tensor]
    ) -> None:
        """What no torch function was seen to do."""
        self._record(call, Effect(operation, outputs, said=given_to_unseen(given)), given, outputs)
        self.unseen.append(self.records[-1])

    # ---- operations ----------------------------------------------------------------------------------------

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
        if name == "type" and len(args) == 1 and not kwargs:
            return self._type_in_words(function(*args))
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
            self._record_unseen(self.stack[-1], name, [args[0]], [torch.empty((), device=META)])
        elif name in SETTERS and isinstance(args[0], torch.Tensor):
            self.sources.keep_attributes(args[0])
        return function(*args, **kwargs)

    def _given(self, arguments: Any) -> Any:
        """Arguments as a kernel takes them in this pass."""
        return arguments if self.real else map_tensors(arguments, self.sources.twin)

    def _constant(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.stack[-1].constants = True
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
            self._record(self.stack[-1], effect, call.tensors, written, sources)
            return result
        if effect.memory == "in_place":
            outputs = [call.tensors[0]]
        else:
            outputs = [result] if type(result) is torch.Tensor else tensors_in(result)[: len(effect.outputs)]
        if not outputs:  # numpy, or a question
            if call.operation in {"numpy", "array"}:
                self.stack[-1].lost += call.tensors
                self.left_torch[self.stack[-1].path or self.stack[-1].kind] = None
            return result
        if outputs[0] is call.tensors[0] and effect.memory != "in_place":
            return result  # an operation that found nothing to do, such as `x.to(x.dtype)`
        if call.operation in TRANSPARENT or (effect.memory == "view" and all(map(self.sources.is_stored, sources))):
            if sources[0] is not None:
                self._pass_on(sources[0], call.tensors[0], effect, outputs)
            return result
        self._record(self.stack[-1], effect, call.tensors, outputs, sources)
        return result

    def _pass_on(self, source: Source, tensor: torch.Tensor, effect: Effect, outputs: list[torch.Tensor]) -> None:
        """A view of a parameter is the parameter, shown otherwise."""
        output, views = self.sources.part(tensor)
        said = "" if effect.operation in TRANSPARENT else calls.call_said(effect.operation, effect.said.settings)
        for place, shown in enumerate(outputs):
            view = f"{said}[{place}]" if len(outputs) > 1 else said
            part = (output, (*views, view)) if said else (output, views)
            self.sources.tag(shown, source, tensor if effect.memory == "view" else None, part)

    def _batched(self, call: Invocation, sources: list[Source | None]) -> Any:
        """An operation under vmap: one row for the whole batch."""
        result = call.function(*self._given(call.args), **self._given(call.kwargs))
        outputs = tensors_in(result)
        shown = replace(call, tensors=[whole(tensor) for tensor in call.tensors], said=None)
        if CATEGORY.get(call.operation, "").endswith("convolution"):
            shown.tensors[1] = call.tensors[1]  # formulas read the axes of one kernel
        effect = shown.effect([whole(tensor) for tensor in outputs], "new")
        effect.said.settings = settings_of_whole(effect.said.settings)
        self._record(self.stack[-1], effect, shown.tensors, [], sources)
        for output in outputs:
            self.sources.tag_batch(output, self.records[-1])
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
        self._record_unseen(self.stack[-1], kind, tensors, outputs)
        return result

    def notes(self) -> list[str]:
        """What a reader must know of this pass."""
        notes = [f"{where}: values left torch, and what they became was not seen" for where in self.left_torch]
        if self.sources.without_shape:
            waiting = ", ".join(self.sources.without_shape)
            notes.append(f"{waiting}: of lazy layers that the pass does not reach, so without a shape, and not counted")
        if self._unregistered:
            count = sum(tensor.numel() for tensor in self._unregistered.values())
            notes.append(
                f"{count:,} parameters are of modules that are not registered, such as those in a plain list: their "
                "MACs count, the parameters do not, as in torch"
            )
        return notes

    def _compute_values(self, call: Invocation) -> tuple[Effect, Any]:
        target = call.tensors[0]
        if call.in_place:
            self._keep(target)
        call.understand()
        result = self._run(call)
        if result is target and CATEGORY.get(call.operation) == "dropout" and not call.in_place:
            result = shown_again(target)  # a row of its own, as on the meta device
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

    def _record(
        self,
        call: ModuleCall,
        effect: Effect,
        tensors: list[torch.Tensor],
        outputs: list[torch.Tensor],
        sources: list[Source | None] | None = None,
    ) -> None:
        record = Record(call, effect, self.sources.of_pass)
        for tensor, source in zip(tensors, sources or map(self._source, tensors), strict=True):
            if source is not None:
                record.operands.append(self.sources.given(tensor, source))
                continue
            if isinstance(tensor, nn.Parameter):
                self._unregistered[id(tensor)] = tensor
            record.operands.append(self.sources.constant(tensor, call.path))
        self.records.append(record)
        call.ran = True
        if self._kept is not None:
            self._kept.append(outputs[0].detach().clone())
        if effect.memory == "in_place":
            for place, output in enumerate(outputs[1:], 1):  # an operator of a user's may write into several
                self.sources.overwrite(output, record)
                self.sources.tag(output, record, None, (place, ()))
            whole_of = self.sources.overwrite_part(outputs[0], record)
            if whole_of is not None:  # what reads the base reads a tensor of the base's shape
                written = [whole_of, outputs[0]]
                said = Said(arguments=["input", "value"], shapes=[tuple(tensor.shape) for tensor in written])
                self._record(call, Effect("setitem", [whole_of], "in_place", said=said), written, [whole_of])
            return
        base = tensors[0] if tensors and effect.memory != "new" else None
        for place, output in enumerate(outputs):
            self.sources.tag(output, record, base, (place, ()) if place else WHOLE)


def _own_settings(module: nn.Module) -> dict[str, Any]:
    """The numbers and words of a module that did nothing: at which rate it would in training, say."""
    plain = {name: value for name, value in vars(module).items() if type(value) in (bool, int, float, str)}
    return {name: value for name, value in plain.items() if name[0] != "_" and name != "training"}
