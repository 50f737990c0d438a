"""One pass over the doubles of a network, on the meta device or for real, and the Graph of what it did."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import get_ident
from typing import Any, Literal

import torch
from torch import nn

from archscope.errors import ArchscopeError, users_line
from archscope.model.graph import MOST_LEVELS, Graph, Tensor
from archscope.model.naming import name_records
from archscope.tracing.arguments import arguments, describe_inputs
from archscope.tracing.doubles import doubles_of
from archscope.tracing.effects import CERTAIN
from archscope.tracing.keras import is_keras
from archscope.tracing.names import bases, constant_buffers, layer_of, names_of, operand_of, readable
from archscope.tracing.nodes import run_by_nodes
from archscope.tracing.records import META
from archscope.tracing.replays import Replays, equal_units
from archscope.tracing.results import Returned, computes_later, outputs_of, returned
from archscope.tracing.scripted import compiled_functions_seen, opaque
from archscope.tracing.untouched import SEED, undisturbed
from archscope.tracing.watcher import Tracer

Mode = Literal["eval", "train"]


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


def modules_of(module: nn.Module) -> dict[str, nn.Module]:
    """All modules by path, whatever a class of the user's says of itself: as `nn.Module.named_modules` has them, whose
    generators within generators take as many steps as a module is deep."""
    found: dict[str, nn.Module] = {}
    seen, waiting = set[int](), [("", module)]
    while waiting:
        path, one = waiting.pop()
        if id(one) not in seen:
            seen.add(id(one))
            found[path] = one
            front = f"{path}." if path else ""
            waiting += [(front + name, child) for name, child in reversed(one._modules.items()) if child is not None]
    return found


def stored_tensors(blocks: Mapping[str, nn.Module]) -> list[torch.Tensor]:
    """Parameters and buffers."""
    tensors = [t for m in blocks.values() for t in (*m._parameters.values(), *m._buffers.values())]
    return [tensor for tensor in tensors if tensor is not None]


def _lies(blocks: Mapping[str, nn.Module]) -> torch.device:
    """Where a network runs: with its weights, or on the CPU where these have no memory."""
    devices = (tensor.device for module in blocks.values() for tensor in stored_tensors({"": module}))
    device = next(devices, META)
    return torch.device("cpu") if device == META else device


def pass_over(
    blocks: Mapping[str, nn.Module],
    inputs: Any,
    mode: Mode,
    name: str | None,
    device: torch.device = META,
    kept: list[torch.Tensor] | None = None,
    copies: Mapping[nn.Module, nn.Module] | None = None,
    doubled: bool = True,
) -> Graph:
    """One pass, and another where the first has made layers or parameters that were not there."""
    graph, grown = _pass(blocks, inputs, mode, name, device, kept, copies or {}, doubled)
    if grown is None:
        return graph
    if kept is not None:
        kept.clear()
    graph, _ = _pass(grown, inputs, mode, name, device, kept, copies or {}, doubled)
    return replace(graph, notes=(*graph.notes, MADE_BY_THE_FIRST))


MADE_BY_THE_FIRST = "some layers or parameters are made when the network first runs: it is shown as it is from then on"


def _pass(
    blocks: Mapping[str, nn.Module],
    inputs: Any,
    mode: Mode,
    name: str | None,
    device: torch.device,
    kept: list[torch.Tensor] | None,
    copies: Mapping[nn.Module, nn.Module],
    doubled: bool,
) -> tuple[Graph, Mapping[str, nn.Module] | None]:
    """The graph; and the modules as they are after the pass, if there are more of them that have parameters."""
    _refuse_deep(blocks)
    with undisturbed(blocks, device != META), torch.no_grad():
        units = equal_units(blocks, copies)
        if doubled:
            blocks = doubles_of(blocks, mode == "train", real=device != META, keeps_nothing=bool(units))
        else:
            for block in blocks.values():
                vars(block)["training"] = mode == "train"
        module = blocks[""]
        lies = None if is_keras(module) else _lies(blocks)
        tracer = Tracer(blocks, device != META, torch.Generator().manual_seed(SEED), kept, lies)
        described: dict[str, Tensor] = {}
        call = watched(blocks, tracer, mode)
        Replays(tracer, blocks, units)
        try:
            args, kwargs = arguments(inputs, device)
            described = {each.name: each for each in describe_inputs(module, args, kwargs, blocks)}
            with compiled_functions_seen(tracer), tracer:
                result = call(*args, **kwargs)
            results = returned(result, tracer.sources)
        except (ArchscopeError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            where, said = _failure(error, tracer, module)
            partial = functools.partial(_graph, tracer, name, blocks, described, ())
            raise TraceError(said, where, partial, certain=getattr(error, CERTAIN, False)) from error
        finally:
            _unwatched(tracer, blocks)
    graph = _graph(tracer, name, blocks, described, results)
    return replace(graph, notes=(*graph.notes, *computes_later(result))), _grown(blocks)


def _refuse_deep(blocks: Mapping[str, nn.Module]) -> None:
    if (deepest := 2 + max(path.count(".") for path in blocks)) > MOST_LEVELS:
        raise TraceError(f"modules within modules {deepest} levels deep: archscope shows {MOST_LEVELS}", certain=True)


def _unwatched(tracer: Tracer, blocks: Mapping[str, nn.Module]) -> None:
    """Takes back what watching put into the tensors and modules."""
    tracer.sources.put_back()
    for submodule in blocks.values():
        held = vars(submodule)
        held.pop("forward", None)
        del held["_compiled_call_impl"]  # which holds the double: nothing waits for the collector


def _failure(error: BaseException, tracer: Tracer, module: nn.Module) -> tuple[str, str]:
    """In which module a pass failed, and a line that says so, why, and where in the user's code."""
    where = tracer.running.stack[-1].path
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    if isinstance(error, SystemExit):
        reason = f"ends the program, with sys.exit({'' if error.code is None else reason})"
    line = users_line(error)
    return where, f"{where or type(module).__name__}: {reason}" + (f" ({line})" if line else "")


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
