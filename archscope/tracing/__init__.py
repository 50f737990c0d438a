"""From an nn.Module to its Graph: one forward pass on the meta device, where tensors have shapes and no values."""

import copy
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from threading import get_ident
from typing import Any, Literal, get_args

import torch
from torch import nn

from archscope.errors import ArchscopeError, users_line
from archscope.garbage import collection_paused
from archscope.model.graph import MOST_LEVELS, Graph, Tensor
from archscope.model.input_sizes import Sizes, as_inputs
from archscope.model.naming import name_records
from archscope.tracing.arguments import arguments, describe_inputs, make_inputs
from archscope.tracing.doubles import doubles_of
from archscope.tracing.effects import CERTAIN
from archscope.tracing.keras import is_keras
from archscope.tracing.names import bases, constant_buffers, layer_of, names_of, operand_of, readable
from archscope.tracing.nodes import run_by_nodes
from archscope.tracing.records import META
from archscope.tracing.results import Returned, computes_later, outputs_of, returned
from archscope.tracing.scripted import compiled_functions_seen, opaque
from archscope.tracing.untouched import SEED, DrawnAlone, random_states_kept, undisturbed
from archscope.tracing.watcher import Tracer

Mode = Literal["eval", "train"]

LONGEST_REASON = 100
"""Characters of the reason that a note gives."""


class TraceError(ArchscopeError):
    """The forward pass failed. `layer` is the path of the module that raised, `partial` gives the Graph up to there.

    `certain`: sizes do not fit, so that no values would help.
    """

    def __init__(
        self, message: str, layer: str = "", partial: Callable[[], Graph] | None = None, certain: bool = False
    ) -> None:
        super().__init__(message)
        self.layer, self.partial, self.certain = layer, partial, certain


class NeedsValues(TraceError):
    """The pass failed on meta, and a model on meta has no values to run with."""


@collection_paused()
def trace(
    module: nn.Module,
    input_size: Sizes | None = None,
    *,
    inputs: Any = None,
    mode: Mode = "eval",
    name: str | None = None,
    real_pass: bool = True,
) -> Graph:
    """Run `module` once, without weights or arithmetic, and return what it did.

    `input_size` is one size or several, without the batch: (3, 299, 299), "3x299x299", ["ids=128:int64", (16,)] by
    name and with a dtype. For anything else pass `inputs`: a tensor, a tuple of arguments or a dict of keyword
    arguments, batch included; shapes then are as passed, less a leading batch of 1. `mode` sets train or eval for the
    pass. It runs on a double of the module, which itself is left alone. What cannot run on the meta device runs once
    for real, if the module has weights, unless `real_pass` is False; the Graph's notes say so. Raises TraceError,
    which names the layer, where the pass fails.
    """
    if (input_size is None) == (inputs is None):
        raise ArchscopeError("give trace either input_size, such as (3, 224, 224), or inputs")
    if mode not in get_args(Mode):
        raise ArchscopeError(f"mode is one of {', '.join(get_args(Mode))}, not '{mode}'")
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module  # one image goes to one device
    if is_keras(module):
        from archscope.tracing.keras.adopted import adopted
        from archscope.tracing.keras.passes import channels_first

        inputs = channels_first(module, inputs)
        with adopted(module), _running(module):
            return _traced(module, input_size, inputs, mode, name, real_pass)
    return _traced(module, input_size, inputs, mode, name, real_pass)


def _traced(
    module: nn.Module, input_size: Sizes | None, inputs: Any, mode: Mode, name: str | None, real_pass: bool
) -> Graph:
    """On the meta device, or else for real."""
    blocks = modules_of(module)
    stored = _stored_tensors(blocks)
    if input_size is not None:
        inputs = make_inputs(as_inputs(input_size), module, stored)
    if any(map(nn.parameter.is_lazy, stored)):
        blocks = modules_of(_with_shapes(module, inputs, _device(stored)))
        stored = _stored_tensors(blocks)
    try:
        return _run(blocks, inputs, mode, name)
    except TraceError as error:
        if any(tensor.is_meta for tensor in stored):
            if error.certain:
                raise
            advice = "if the model needs real values to run, build it with weights, not on meta"
            raise NeedsValues(f"{error}; {advice}", error.layer, error.partial) from error.__cause__
        if not real_pass:
            raise
        given_up = (
            f"traced by a real pass on the {_device(stored).type.upper()}, since on the meta device {_short(error)}"
        )
    graph = _run(blocks, inputs, mode, name, _device(stored))
    return replace(graph, notes=(f"{given_up}; only the way that this input took was seen", *graph.notes))


def values_of(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    """What each layer gives for these inputs, the first of its outputs, by the layer's name. Runs once, for real."""
    kept: list[torch.Tensor] = []
    with _running(module):
        graph = _run(modules_of(module), inputs, "eval", None, inputs[0].device, kept)
    return {layer.name: value for layer, value in zip(graph.layers, kept, strict=True)}


def _running(module: nn.Module) -> AbstractContextManager[None]:
    if not is_keras(module):
        return nullcontext()
    from archscope.tracing.keras.passes import running

    return running(module)


def run(module: nn.Module, inputs: Sequence[torch.Tensor]) -> Any:
    """What a module makes of these inputs, channels first whatever it takes itself."""
    if not is_keras(module):
        return module(*inputs)
    from archscope.tracing.keras.passes import call, channels_first

    with _running(module):
        return channels_first(module, call(module, tuple(inputs), {}, training=False))


def _short(error: TraceError) -> str:
    """What failed, without torch's advice."""
    said = re.split(r"(?<=\w)[.;] ", str(error))[0].rstrip(".")
    return said if len(said) <= LONGEST_REASON else said[:LONGEST_REASON].rsplit(" ", 1)[0] + " ..."


def modules_of(module: nn.Module) -> dict[str, nn.Module]:
    """All modules by path, whatever a class of the user's says of itself."""
    return dict(nn.Module.named_modules(module))


def _stored_tensors(blocks: Mapping[str, nn.Module]) -> list[torch.Tensor]:
    """Parameters and buffers."""
    tensors = [t for m in blocks.values() for t in (*m._parameters.values(), *m._buffers.values())]
    return [tensor for tensor in tensors if tensor is not None]


def _device(stored: Sequence[torch.Tensor]) -> torch.device:
    return stored[0].device if stored else torch.device("cpu")


def _lies(blocks: Mapping[str, nn.Module]) -> torch.device:
    """Where a network runs: with its weights, or on the CPU where these have no memory."""
    devices = (tensor.device for module in blocks.values() for tensor in _stored_tensors({"": module}))
    device = next(devices, META)
    return torch.device("cpu") if device == META else device


def _run(
    blocks: Mapping[str, nn.Module],
    inputs: Any,
    mode: Mode,
    name: str | None,
    device: torch.device = META,
    kept: list[torch.Tensor] | None = None,
) -> Graph:
    """One pass, and another where the first has made layers or parameters that were not there."""
    graph, grown = _pass(blocks, inputs, mode, name, device, kept)
    if grown is None:
        return graph
    if kept is not None:
        kept.clear()
    graph, _ = _pass(grown, inputs, mode, name, device, kept)
    return replace(graph, notes=(*graph.notes, MADE_BY_THE_FIRST))


MADE_BY_THE_FIRST = "some layers or parameters are made when the network first runs: it is shown as it is from then on"


def _pass(
    blocks: Mapping[str, nn.Module],
    inputs: Any,
    mode: Mode,
    name: str | None,
    device: torch.device,
    kept: list[torch.Tensor] | None,
) -> tuple[Graph, Mapping[str, nn.Module] | None]:
    """The graph; and the modules as they are after the pass, if there are more of them that have parameters."""
    if (deepest := 2 + max(path.count(".") for path in blocks)) > MOST_LEVELS:
        raise TraceError(f"modules within modules {deepest} levels deep: archscope shows {MOST_LEVELS}", certain=True)
    with undisturbed(blocks, device != META), torch.no_grad():
        blocks = doubles_of(blocks, mode == "train", real=device != META)
        module = blocks[""]
        lies = None if is_keras(module) else _lies(blocks)
        tracer = Tracer(blocks, device != META, torch.Generator().manual_seed(SEED), kept, lies)
        described: dict[str, Tensor] = {}
        call = watched(blocks, tracer, mode)
        try:
            args, kwargs = arguments(inputs, device)
            described = {each.name: each for each in describe_inputs(module, args, kwargs, blocks)}
            with compiled_functions_seen(tracer), tracer:
                result = call(*args, **kwargs)
            results = returned(result, tracer.sources)
        except (ArchscopeError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            where = tracer.running.stack[-1].path
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            if isinstance(error, SystemExit):
                reason = f"ends the program, with sys.exit({'' if error.code is None else reason})"
            line = users_line(error)
            said = f"{where or type(module).__name__}: {reason}" + (f" ({line})" if line else "")
            partial = functools.partial(_graph, tracer, name, blocks, described, ())
            raise TraceError(said, where, partial, certain=getattr(error, CERTAIN, False)) from error
        finally:
            tracer.sources.put_back()
            for submodule in blocks.values():
                vars(submodule).pop("forward", None)
                del vars(submodule)["_compiled_call_impl"]  # which holds the double: nothing waits for the collector
    graph = _graph(tracer, name, blocks, described, results)
    return replace(graph, notes=(*graph.notes, *computes_later(result))), _grown(blocks)


def _grown(blocks: Mapping[str, nn.Module]) -> Mapping[str, nn.Module] | None:
    """All modules, if there are some with parameters that were not there."""
    known = {id(block) for block in blocks.values()}
    if all([id(child) in known for block in blocks.values() for child in block._modules.values() if child is not None]):
        return None
    after = modules_of(blocks[""])
    return after if _weights(after) > _weights(blocks) else None


def _weights(blocks: Mapping[str, nn.Module]) -> int:
    """How many parameters there are, each as often as a module has it."""
    return sum([len(module._parameters) for module in blocks.values()])


def _graph(
    tracer: Tracer,
    name: str | None,
    blocks: Mapping[str, nn.Module],
    inputs: Mapping[str, Tensor],
    results: Sequence[Returned],
) -> Graph:
    """What the tracer saw, by names."""
    classes = {path: type(submodule).__name__ for path, submodule in blocks.items()} | tracer.running.classes
    name_records(tracer.ledger.records, set(inputs), classes)
    layers = tuple([layer_of(record) for record in tracer.ledger.records])
    named = outputs_of(results)
    graph = Graph(
        name=name or classes[""],
        inputs=dict(inputs),
        layers=layers,
        outputs=tuple(dict.fromkeys(output.layer for output in named)),
        blocks=classes,
        parameters=tracer.sources.parameters,
        buffers=tracer.sources.described_buffers(constant_buffers(layers)),
        notes=tuple(tracer.ledger.notes()),
        named_outputs=named,
        constants=tracer.sources.constants,
        results=tuple([operand_of(each.name, each.shape, each.given) for each in results]),
        unseen=tuple([record.name for record in tracer.ledger.unseen]),
        bases=bases(blocks),
        names=names_of(blocks, tracer.running.second_paths),
    )
    return readable(graph)


def watched(blocks: Mapping[str, nn.Module], tracer: Tracer, mode: Mode) -> Callable[..., Any]:
    """Have all doubles tell the tracer of their calls; what runs the network."""
    if is_keras(blocks[""]):
        from archscope.tracing.keras import passes

        return passes.watched(blocks, tracer, mode == "train", lambda module: watch(module, tracer, mode))
    for module in blocks.values():
        watch(module, tracer, mode)
    return blocks[""]


def watch(module: nn.Module, tracer: Tracer, mode: Mode) -> None:
    """Have a double tell the tracer of its calls: a hook around all its own, and a cheaper one."""
    run_by_nodes(module, tracer)
    call: Callable[..., Any] = module._call_impl
    running = tracer.running
    if isinstance(module, torch.jit.ScriptModule):
        module.training = mode == "train"  # kept in C++
        call = opaque(call)

    def watched(*args: Any, **kwargs: Any) -> Any:
        if get_ident() != tracer.thread:
            return tracer.in_turn(module, args, kwargs)  # a closure that held itself would wait for the collector
        running.enter(module, args)
        output = call(*args, **kwargs)
        replaced = running.leave(module, args, kwargs, output)
        return output if replaced is None else replaced

    vars(module)["_compiled_call_impl"] = watched  # what a module runs when called, where it is set


def _with_shapes(module: nn.Module, inputs: Any, device: torch.device) -> nn.Module:
    """A copy of a module with lazy layers, which get their shapes from a first pass: not the user's own."""
    buffers = [buffer for buffer in module.buffers() if isinstance(buffer, nn.UninitializedBuffer)]
    fresh = {id(buffer): nn.UninitializedBuffer() for buffer in buffers}  # deepcopy fails on them
    module = copy.deepcopy(module, fresh).eval()
    with random_states_kept(), DrawnAlone(), torch.no_grad():
        args, kwargs = arguments(inputs, device)
        try:
            module(*args, **kwargs)
        except Exception as error:
            on_meta = any(tensor.is_meta for tensor in [*module.parameters(), *module.buffers()])
            kind = NeedsValues if on_meta else TraceError  # a lazy layer takes its device from what is there
            raise kind(f"{type(module).__name__}: {str(error).strip().partition(chr(10))[0]}") from error
    return module
