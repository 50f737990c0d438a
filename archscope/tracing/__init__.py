"""From an nn.Module to its Graph: one forward pass on the meta device, where tensors have shapes and no values."""

import copy
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, get_args

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.model.graph import Graph
from archscope.model.input_sizes import Sizes, as_inputs
from archscope.tracing.arguments import arguments, make_inputs
from archscope.tracing.keras import is_keras
from archscope.tracing.passes import Mode as Mode
from archscope.tracing.passes import NeedsValues as NeedsValues
from archscope.tracing.passes import TraceError as TraceError
from archscope.tracing.passes import modules_of, pass_over, stored_tensors
from archscope.tracing.untouched import DrawnAlone, random_states_kept

LONGEST_REASON = 100
"""Characters of the reason that a note gives."""


@collection_paused()
def trace(
    module: nn.Module,
    input_size: Sizes | None = None,
    *,
    inputs: Any = None,
    mode: Mode = "eval",
    name: str | None = None,
    real_pass: bool = True,
    copies: Mapping[nn.Module, nn.Module] | None = None,
    doubled: bool = True,
) -> Graph:
    """Run `module` once, without weights or arithmetic, and return what it did.

    `input_size` is one size or several, without the batch: (3, 299, 299), "3x299x299", ["ids=128:int64", (16,)] by
    name and with a dtype. For anything else pass `inputs`: a tensor, a tuple of arguments or a dict of keyword
    arguments, batch included; shapes then are as passed, less a leading batch of 1. `mode` sets train or eval for the
    pass. It runs on a double of the module, which itself is left alone, or, unless `doubled`, on a module that was
    built for this and whose forward keeps nothing. `copies`: of modules that keep nothing, which are copies of which.
    What cannot run on the meta device runs once for real, if the module has weights, unless `real_pass` is False; the
    Graph's notes say so. Raises TraceError, which names the layer, where the pass fails.
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
            return _traced(module, input_size, inputs, mode, name, real_pass, copies, doubled)
    return _traced(module, input_size, inputs, mode, name, real_pass, copies, doubled)


def _traced(
    module: nn.Module,
    input_size: Sizes | None,
    inputs: Any,
    mode: Mode,
    name: str | None,
    real_pass: bool,
    copies: Mapping[nn.Module, nn.Module] | None,
    doubled: bool,
) -> Graph:
    """On the meta device, or else for real."""
    blocks = modules_of(module)
    stored = stored_tensors(blocks)
    if input_size is not None:
        inputs = make_inputs(as_inputs(input_size), module, stored)
    if any(map(nn.parameter.is_lazy, {type(tensor): tensor for tensor in stored}.values())):  # one of each type
        blocks = modules_of(_with_shapes(module, inputs, _device(stored)))
        stored = stored_tensors(blocks)
    try:
        return pass_over(blocks, inputs, mode, name, copies=copies, doubled=doubled)
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
    graph = pass_over(blocks, inputs, mode, name, _device(stored))
    return replace(graph, notes=(f"{given_up}; only the way that this input took was seen", *graph.notes))


def values_of(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    """What each layer gives for these inputs, the first of its outputs, by the layer's name. Runs once, for real."""
    kept: list[torch.Tensor] = []
    with _running(module):
        graph = pass_over(modules_of(module), inputs, "eval", None, inputs[0].device, kept)
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


def _device(stored: Sequence[torch.Tensor]) -> torch.device:
    return stored[0].device if stored else torch.device("cpu")


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
