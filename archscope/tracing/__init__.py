"""From an nn.Module to its Graph: one forward pass on the meta device, where tensors have shapes and no values."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any, Literal, get_args

import torch
from torch import nn

from archscope.errors import ArchscopeError, users_line
from archscope.model.graph import MOST_LEVELS, Graph
from archscope.model.input_sizes import Sizes, as_inputs
from archscope.tracing.arguments import arguments, describe_inputs, make_inputs
from archscope.tracing.names import layer_of, name_records, readable
from archscope.tracing.records import META, tensors_in
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
        inputs = make_inputs(as_inputs(input_size), module, stored)
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
    if (deepest := 2 + max(path.count(".") for path in blocks)) > MOST_LEVELS:
        raise TraceError(f"modules within modules {deepest} levels deep: archscope shows {MOST_LEVELS}")
    with ONE_AT_A_TIME, untouched(blocks), torch.no_grad():
        args, kwargs = arguments(inputs, device)
        described = describe_inputs(module, args, kwargs, blocks)
        tracer = Tracer(blocks, real=device != META)
        for submodule in blocks.values():
            watch(submodule, tracer, mode)
        try:
            with tracer:
                result = module(*args, **kwargs)
            sources = [tracer.sources.of(tensor) for tensor in tensors_in(result)]
        except Exception as error:
            where = tracer.stack[-1].path
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            line = users_line(error)
            said = f"{where or type(module).__name__}: {reason}" + (f" ({line})" if line else "")
            raise TraceError(said, where) from error
        finally:
            tracer.sources.put_back()
    names = {tensor.name for tensor in described}
    name_records(tracer.records, names, blocks)
    notes = [f"{where}: values left torch, and what they became was not seen" for where in tracer.left_torch]
    graph = Graph(
        name=name or type(module).__name__,
        inputs={tensor.name: tensor for tensor in described},
        layers=tuple([layer_of(record) for record in tracer.records]),
        outputs=tuple(dict.fromkeys(source.name for source in sources if source is not None)),
        blocks={path: type(submodule).__name__ for path, submodule in blocks.items()},
        parameters=tracer.sources.parameters,
        buffers=tracer.sources.buffers,
        notes=tuple(notes),
    )
    return readable(graph)


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


def _with_shapes(module: nn.Module, inputs: Any, device: torch.device) -> nn.Module:
    """A copy of a module with lazy layers, which get their shapes from a first pass: not the user's own."""
    buffers = [buffer for buffer in module.buffers() if isinstance(buffer, nn.UninitializedBuffer)]
    fresh = {id(buffer): nn.UninitializedBuffer() for buffer in buffers}  # deepcopy fails on them
    module = copy.deepcopy(module, fresh).eval()
    with random_states_kept(), torch.no_grad():
        args, kwargs = arguments(inputs, device)
        try:
            module(*args, **kwargs)
        except Exception as error:
            on_meta = any(tensor.is_meta for tensor in [*module.parameters(), *module.buffers()])
            kind = NeedsValues if on_meta else TraceError  # a lazy layer takes its device from what is there
            raise kind(f"{type(module).__name__}: {str(error).strip().partition(chr(10))[0]}") from error
    return module
