"""From an nn.Module to its Graph: one forward pass on the meta device, where tensors have shapes and no values."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any, Literal, get_args

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.model.graph import Graph, Layer, Tensor
from archscope.registry import unknown
from archscope.targets.inputs import Input, Sizes, as_inputs, forward_parameters
from archscope.targets.usercode import users_line
from archscope.tracing.records import META, Record, describe, map_tensors, meta_like, tensors_in, without_batch
from archscope.tracing.untouched import collection_paused, random_states_kept, untouched
from archscope.tracing.watcher import Tracer

Mode = Literal["eval", "train"]
ONE_AT_A_TIME = RLock()
"""Threads take turns: two passes at once would mix what they put back, in one module or in Python itself."""


class TraceError(ArchscopeError):
    """The forward pass failed. `layer` is the path of the module that raised."""

    def __init__(self, message: str, layer: str = "") -> None:
        super().__init__(message)
        self.layer = layer


class NeedsValues(TraceError):
    """The pass asks for numbers, and a model on meta has none."""


@collection_paused()
def trace(
    module: nn.Module,
    input_size: Sizes | None = None,
    *,
    inputs: Any = None,
    mode: Mode = "eval",
    name: str | None = None,
) -> Graph:
    """Run `module` once, without weights or arithmetic, and return what it did.

    `input_size` is one size or several, without the batch: (3, 299, 299), "3x299x299", ["ids=128:int64", (16,)] by
    name and with a dtype. For anything else pass `inputs`: a tensor, a tuple of arguments or a dict of keyword
    arguments, batch included; shapes then are as passed, less a leading batch of 1. `mode` sets train or eval for the
    pass. The module is left exactly as it was. What cannot run on the meta device runs once on the CPU, and the
    Graph's notes say so. Raises TraceError, which names the layer, where the pass fails.
    """
    if (input_size is None) == (inputs is None):
        raise ArchscopeError("give trace either input_size, such as (3, 224, 224), or inputs")
    if mode not in get_args(Mode):
        raise ArchscopeError(f"mode is one of {', '.join(get_args(Mode))}, not '{mode}'")
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module  # one image goes to one device
    blocks = dict(module.named_modules())
    stored = _stored_tensors(blocks)
    if input_size is not None:
        inputs = _make_inputs(as_inputs(input_size), module, stored)
    if any(nn.parameter.is_lazy(tensor) for tensor in stored):
        blocks = dict(_with_shapes(module, inputs, _device(stored)).named_modules())
        stored = _stored_tensors(blocks)
    try:
        return _run(blocks, inputs, mode, name)
    except TraceError as error:
        if not _needs_values(error.__cause__):
            raise
        if any(tensor.is_meta for tensor in stored):
            raise NeedsValues(
                f"{error}; the model needs real values to run: build it with weights, not on meta", error.layer
            ) from error.__cause__
        reason = f"traced by a real pass on the {_device(stored).type.upper()}, since on the meta device {error}"
        reason += "; only the way that this input took was seen"
    graph = _run(blocks, inputs, mode, name, _device(stored))
    return replace(graph, notes=(reason, *graph.notes))


def _stored_tensors(blocks: Mapping[str, nn.Module]) -> list[torch.Tensor]:
    """Parameters and buffers."""
    tensors = [t for m in blocks.values() for t in (*m._parameters.values(), *m._buffers.values())]
    return [tensor for tensor in tensors if tensor is not None]


def _device(stored: Sequence[torch.Tensor]) -> torch.device:
    return stored[0].device if stored else torch.device("cpu")


def _needs_values(error: BaseException | None) -> bool:
    return isinstance(error, NotImplementedError) or bool(re.search(r"\bmeta\b|data-dependent|unbacked", str(error)))


def _run(
    blocks: Mapping[str, nn.Module], inputs: Any, mode: Mode, name: str | None, device: torch.device = META
) -> Graph:
    module = blocks[""]
    with ONE_AT_A_TIME, untouched(blocks), torch.no_grad():
        args, kwargs = _arguments(inputs, device)
        described = _describe_inputs(module, args, kwargs, blocks)
        tracer = Tracer(blocks, real=device != META)
        for submodule in blocks.values():
            watch(submodule, tracer, mode)
        try:
            with tracer:
                result = module(*args, **kwargs)
            sources = [tracer.source(tensor) for tensor in tensors_in(result)]
        except Exception as error:
            where = tracer.stack[-1].path
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            line = users_line(error)
            said = f"{where or type(module).__name__}: {reason}" + (f" ({line})" if line else "")
            raise TraceError(said, where) from error
        finally:
            tracer.forget()
    names = {tensor.name for tensor in described}
    _name_records(tracer.records, names, blocks)
    notes = [f"{where}: values left torch, and what they became was not seen" for where in tracer.left_torch]
    return Graph(
        name=name or type(module).__name__,
        inputs={tensor.name: tensor for tensor in described},
        layers=tuple([_layer(record) for record in tracer.records]),
        outputs=tuple(dict.fromkeys(source.name for source in sources if source is not None)),
        blocks={path: type(submodule).__name__ for path, submodule in blocks.items()},
        parameters=tracer.parameters,
        buffers=tracer.buffers,
        notes=tuple(notes),
    )


def watch(module: nn.Module, tracer: Tracer, mode: Mode) -> None:
    """Set its mode, and have it tell the tracer of its calls: a hook around all its own, and a cheaper one."""
    attributes = vars(module)
    call: Callable[..., Any] = module._call_impl
    if isinstance(module, torch.jit.ScriptModule):
        module.training = mode == "train"  # kept in C++
        call = opaque(call)
    else:
        attributes["training"] = mode == "train"

    def watched(*args: Any, **kwargs: Any) -> Any:
        tracer.enter(module, args)
        output = call(*args, **kwargs)
        replaced = tracer.leave(module, args, kwargs, output)
        return output if replaced is None else replaced

    attributes["_compiled_call_impl"] = watched  # what a module runs when called, where it is set


def opaque(call: Callable[..., Any]) -> Callable[..., Any]:
    """One operation: what runs in C++ shows no torch functions."""

    def unseen(*args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return call(*args, **kwargs)

    return unseen


# ---- inputs ------------------------------------------------------------------------------------------------


def _arguments(inputs: Any, device: torch.device) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments for `forward`, with tensors of the trace's own on `device`."""
    inputs = map_tensors(inputs, meta_like if device == META else lambda tensor: _with_values(tensor, device))
    if isinstance(inputs, dict):
        return (), inputs
    return inputs if isinstance(inputs, tuple) else (inputs,), {}


def _with_values(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    if not tensor.is_meta:
        return tensor.detach().clone().to(device)
    made = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
    return made.uniform_() if tensor.dtype.is_floating_point else made.zero_()


def _with_shapes(module: nn.Module, inputs: Any, device: torch.device) -> nn.Module:
    """A copy of a module with lazy layers, which get their shapes from a first pass: not the user's own."""
    buffers = [buffer for buffer in module.buffers() if isinstance(buffer, nn.UninitializedBuffer)]
    fresh = {id(buffer): nn.UninitializedBuffer() for buffer in buffers}  # deepcopy fails on them
    module = copy.deepcopy(module, fresh).eval()
    with random_states_kept(), torch.no_grad():
        args, kwargs = _arguments(inputs, device)
        try:
            module(*args, **kwargs)
        except Exception as error:
            on_meta = any(tensor.is_meta for tensor in [*module.parameters(), *module.buffers()])
            kind = NeedsValues if on_meta else TraceError  # a lazy layer takes its device from what is there
            raise kind(f"{type(module).__name__}: {str(error).strip().partition(chr(10))[0]}") from error
    return module


def _make_inputs(
    wanted: Sequence[Input], module: nn.Module, stored: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, ...] | dict[str, torch.Tensor]:
    """Arguments for `forward` on meta: by position, unless a name does not allow it."""
    floating = (tensor.dtype for tensor in stored if tensor.dtype.is_floating_point)
    own = next(floating, torch.float32)
    tensors = [
        torch.empty((1, *each.size), dtype=getattr(torch, each.dtype) if each.dtype else own, device=META)
        for each in wanted
    ]
    if not any(each.name for each in wanted):
        return tuple(tensors)
    given = _by_name(module, [each.name for each in wanted], tensors)
    positional = _named_arguments(module, tuple(tensors))
    return tuple(given[name] for name in positional) if given.keys() == positional.keys() else given


def _by_name(module: nn.Module, names: Sequence[str], tensors: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
    """What has no name is, in turn, what `forward` takes first. Raises ArchscopeError for a name that it does not."""
    parameters = forward_parameters(module)
    known = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    for name in names:
        if name and name not in known and all(p.kind is not p.VAR_KEYWORD for p in parameters):
            raise unknown(f"argument of {type(module).__name__}.forward", name, known)
    free = iter([name for name in known if name not in names])
    return {
        name or next(free, f"input_{i}"): tensor for i, (name, tensor) in enumerate(zip(names, tensors, strict=True))
    }


def _describe_inputs(
    module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], blocks: Mapping[str, nn.Module]
) -> list[Tensor]:
    """Name the input tensors as `forward` names its arguments and mark them as what they are."""
    given = {**_named_arguments(module, args), **kwargs}
    named = [(name, tensors_in(value)) for name, value in given.items()]
    if not kwargs and sum(len(tensors) for _, tensors in named) == 1:
        named = [("input", tensors) for _, tensors in named]
    described: dict[str, Tensor] = {}
    for name, tensors in named:
        for i, tensor in enumerate(tensors):
            wanted = name if len(tensors) == 1 else f"{name}_{i}"
            while wanted in blocks or wanted in described:
                wanted += "_"  # a layer bears its module's name
            shape = without_batch(tensor)
            described[wanted] = replace(describe(wanted, tensor), shape=shape)
            tensor._archscope_source = described[wanted]  # type: ignore[attr-defined]
    return list(described.values())


def _named_arguments(module: nn.Module, args: tuple[Any, ...]) -> dict[str, Any]:
    """Positional arguments by `forward`'s names, as far as it names them."""
    parameters = forward_parameters(module)
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][: len(args)]
    names += [f"input_{i}" for i in range(len(names), len(args))]
    return dict(zip(names, args, strict=True))


# ---- names -------------------------------------------------------------------------------------------------


def _name_records(records: Sequence[Record], taken: set[str], blocks: Mapping[str, nn.Module]) -> None:
    """A module that ran one operation gives it its path; other operations are `<block>.<operation>`."""
    _find_main_records(records)
    taken = set(taken)
    times: dict[str, int] = {}
    for record in records:
        call, operation = record.call, record.effect.operation
        alone = call.main is record
        name = call.path if alone else f"{call.path}.{operation}" if call.path else operation
        record.name = name
        while record.name in taken or (record.name in blocks and not (alone and record.name == call.path)):
            times[name] = times.get(name, 0) + 1
            record.name = f"{name}_{times[name]}"
        taken.add(record.name)


def _find_main_records(records: Sequence[Record]) -> None:
    """Which operation, if any, is the one that its module is there for?"""
    for call in {id(record.call): record.call for record in records}.values():
        working = [record for record in call.records if record.effect.memory != "view"] or call.records
        if call.leaf and call.path and len(working) == 1:
            call.main = working[0]


def _layer(record: Record) -> Layer:
    effect = record.effect
    return Layer(
        name=record.name,
        kind=record.call.kind if record.call.main is record else effect.operation,
        operation=effect.operation,
        inputs=tuple([source.name for source in record.inputs]),
        input_shapes=tuple(record.input_shapes),
        output_shapes=effect.output_shapes,
        dtypes=effect.dtypes,
        window=effect.window,
        groups=effect.groups,
        settings=effect.settings,
        parameters=tuple(dict.fromkeys(record.parameters)),
        buffers=tuple(dict.fromkeys(record.buffers)),
        memory=effect.memory,
    )
