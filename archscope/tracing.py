"""From an nn.Module to its Graph: one forward pass on the meta device, where tensors have shapes and no values."""

import copy
import gc
import inspect
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.graph import Graph, Layer, Tensor
from archscope.tracer import Record, Tracer, describe, map_tensors, meta_like, tensors_in

Mode = Literal["eval", "train"]
Sizes = int | Sequence[int] | Sequence[Sequence[int]]


class TraceError(ArchscopeError):
    """The forward pass failed. `layer` is the path of the module that raised."""

    def __init__(self, message: str, layer: str = "") -> None:
        super().__init__(message)
        self.layer = layer


def trace(
    module: nn.Module,
    input_size: Sizes | None = None,
    *,
    inputs: Any = None,
    mode: Mode = "eval",
    name: str | None = None,
) -> Graph:
    """Run `module` once, without weights or arithmetic, and return what it did.

    `input_size` is one size or several, without the batch: (3, 299, 299). For anything else pass `inputs`: a
    tensor, a tuple of arguments or a dict of keyword arguments, batch included; shapes then are as passed, less a
    leading batch of 1. `mode` sets train or eval for the pass. The module is left exactly as it was. What cannot
    run on the meta device runs once on the CPU, and the Graph's notes say so. Raises TraceError, which names the
    layer, where the pass fails.
    """
    if (input_size is None) == (inputs is None):
        raise ArchscopeError("give trace either input_size, such as (3, 224, 224), or inputs")
    stored = [
        tensor
        for submodule in module.modules()
        for tensor in (*submodule._parameters.values(), *submodule._buffers.values())
        if tensor is not None
    ]
    if any(nn.parameter.is_lazy(tensor) for tensor in stored):
        module = copy.deepcopy(module)  # its first pass gives a lazy layer its shape: not to the user's own
    if input_size is not None:
        inputs = _make_inputs(input_size, stored)
    try:
        return _run(module, map_tensors(inputs, meta_like), mode, name, real=False)
    except TraceError as error:
        if not _needs_values(error.__cause__):
            raise
        if any(tensor.is_meta for tensor in stored):
            raise TraceError(
                f"{error}; the model needs real values to run: build it with weights, not on meta", error.layer
            ) from error.__cause__
        graph = _run(module, map_tensors(inputs, _with_values), mode, name, real=True)
        return replace(graph, notes=(f"traced by a real pass on the CPU, since on the meta device {error}",))


def _needs_values(error: BaseException | None) -> bool:
    words = ("meta tensor", "meta device", "'meta'", "data-dependent", "on meta", "device meta", "unbacked")
    return isinstance(error, NotImplementedError) or any(word in str(error).lower() for word in words)


def _run(module: nn.Module, inputs: Any, mode: Mode, name: str | None, real: bool) -> Graph:
    args, kwargs = ((), inputs) if isinstance(inputs, dict) else (inputs if isinstance(inputs, tuple) else (inputs,), {})
    blocks = dict(module.named_modules())
    described = _describe_inputs(module, args, kwargs)
    with _untouched(blocks), torch.no_grad():
        tracer = Tracer(blocks, real)
        for submodule in blocks.values():
            vars(submodule)["training"] = mode == "train"
            submodule.register_forward_pre_hook(tracer.enter, prepend=True)
            submodule.register_forward_hook(tracer.leave)
        try:
            with tracer:
                result = module(*args, **kwargs)
        except Exception as error:
            where = tracer.stack[-1].path
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise TraceError(f"{where or type(module).__name__}: {reason}", where) from error
        finally:
            tracer.restore_values()
    _name_records(tracer.records)
    sources = [tracer.source(tensor) for tensor in tensors_in(result)]
    return Graph(
        name=name or type(module).__name__,
        inputs={tensor.name: tensor for tensor in described},
        layers=tuple(_layer(record) for record in tracer.records),
        outputs=tuple(dict.fromkeys(source.name for source in sources if source is not None)),
        blocks={path: type(submodule).__name__ for path, submodule in blocks.items()},
        parameters=tracer.parameters,
        buffers=tracer.buffers,
    )


# ---- inputs ------------------------------------------------------------------------------------------------


def as_sizes(input_size: Sizes) -> list[tuple[int, ...]]:
    """One size per input: `(3, 299, 299)` is one input of that size, a list of such tuples several."""
    if isinstance(input_size, int):
        return [(input_size,)]
    sizes = [(size,) if isinstance(size, int) else tuple(size) for size in input_size]
    return [sum(sizes, ())] if all(isinstance(size, int) for size in input_size) else sizes


def _make_inputs(input_size: Sizes, stored: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    floating = (tensor.dtype for tensor in stored if tensor.dtype.is_floating_point)
    dtype = next(floating, torch.float32)
    return tuple(torch.empty((1, *size), dtype=dtype, device="meta") for size in as_sizes(input_size))


def _with_values(tensor: torch.Tensor) -> torch.Tensor:
    return torch.rand_like(tensor, device="cpu") if tensor.is_meta else tensor.detach().clone()


def _describe_inputs(module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """Name the input tensors as `forward` names its arguments and mark them as what they are."""
    given = [*tensors_in(args), *tensors_in(kwargs)]
    names = list(inspect.signature(module.forward).parameters) if len(given) > 1 else ["input"]
    names = list(kwargs) if kwargs and not args else names
    described = []
    for i, tensor in enumerate(given):
        description = describe(names[i] if len(names) >= len(given) else f"input_{i}", tensor)
        shape = description.shape[1:] if description.shape[:1] == (1,) else description.shape
        described.append(replace(description, shape=shape))
        tensor._archscope_source = described[-1]  # type: ignore[attr-defined]
    return described


# ---- names -------------------------------------------------------------------------------------------------


def _name_records(records: Sequence[Record]) -> None:
    """A module that ran one operation gives it its path; other operations are `<block>.<operation>`."""
    taken: set[str] = set()
    times: dict[str, int] = {}
    for record in records:
        call = record.call
        if _stands_alone(record):
            name = call.path
        else:
            name = f"{call.path}.{record.effect.operation}" if call.path else record.effect.operation
        record.name = name
        while record.name in taken:
            times[name] = times.get(name, 0) + 1
            record.name = f"{name}_{times[name]}"
        taken.add(record.name)


def _stands_alone(record: Record) -> bool:
    """Is this the one operation that its module is there for?"""
    call = record.call
    if not call.leaf or not call.path:
        return False
    working = [other for other in call.records if other.effect.memory != "view"] or call.records
    return len(working) == 1 and working[0] is record


def _layer(record: Record) -> Layer:
    effect = record.effect
    return Layer(
        name=record.name,
        kind=record.call.kind if _stands_alone(record) else effect.operation,
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


# ---- the model left as it was --------------------------------------------------------------------------------


@contextmanager
def _untouched(blocks: Mapping[str, nn.Module]) -> Iterator[None]:
    """Put back every attribute, flag, buffer slot, hook and random state that a pass may change."""
    saved = [(vars(module), dict(vars(module)), _contents(module)) for module in blocks.values()]
    collecting = gc.isenabled()
    gc.disable()  # thousands of small objects, none of them garbage: collecting doubles the time
    try:
        with _random_states_kept():
            yield
    finally:
        for attributes, before, contents in saved:
            attributes.clear()
            attributes.update(before)
            for container, content in contents:
                if container or content:
                    container.clear()
                    (container.extend if isinstance(container, list) else container.update)(content)
        if collecting:
            gc.enable()


def _contents(module: nn.Module) -> list[tuple[Any, Any]]:
    """The module's containers, hooks among them, each with a copy of what it holds (most hold nothing)."""
    containers = [value for value in vars(module).values() if isinstance(value, dict | list | set)]
    return [(container, container.copy() if container else ()) for container in containers]


@contextmanager
def _random_states_kept() -> Iterator[None]:
    python_state = random.getstate()
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy else None
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python_state)
        if numpy:
            numpy.random.set_state(numpy_state)
