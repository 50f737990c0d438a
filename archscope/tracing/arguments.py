"""What goes into a pass: tensors of its own by the arguments' names, made of sizes or like the user's."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.model.graph import Tensor
from archscope.model.input_sizes import Input, parameters_of
from archscope.registry import unknown
from archscope.tracing.records import META, describe, map_tensors, meta_like, tensors_in, without_batch
from archscope.tracing.untouched import SEED


def arguments(inputs: Any, device: torch.device) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments for `forward`, with tensors of the trace's own on `device`."""
    for tensor in tensors_in(inputs):
        if tensor.is_nested:
            raise ArchscopeError("an input is a nested tensor, which has no one size: give a padded tensor instead")
    inputs = map_tensors(inputs, meta_like if device == META else lambda tensor: _with_values(tensor, device))
    if isinstance(inputs, dict):
        return (), inputs
    return inputs if type(inputs) is tuple else (inputs,), {}  # a packed sequence is one argument


def _with_values(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    if not tensor.is_meta:
        return tensor.detach().clone().to(device)
    made = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
    return (
        made.uniform_(generator=torch.Generator(device).manual_seed(SEED))
        if tensor.dtype.is_floating_point
        else made.zero_()
    )


def stored_as(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The module itself, with what is of floating-point numbers in this type. Complex numbers stay so: of them
    `module.to` would leave the real part."""
    shorter = {torch.float16: module.half, torch.bfloat16: module.bfloat16, torch.float64: module.double}
    return shorter.get(dtype, module.float)()


def make_inputs(
    wanted: Sequence[Input], module: nn.Module, stored: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, ...] | dict[str, torch.Tensor]:
    """Arguments for `forward`, on meta but for given values: by position, unless a name does not allow it."""
    floating = (tensor.dtype for tensor in stored if tensor.dtype.is_floating_point)
    own = next(floating, torch.float32)
    tensors = [_made(each, own) for each in wanted]
    if not any(each.name for each in wanted):
        return tuple(tensors)
    given = _by_name(module, [each.name for each in wanted], tensors)
    positional = _named_arguments(module, tuple(tensors))
    return tuple(given[name] for name in positional) if given.keys() == positional.keys() else given


def _made(wanted: Input, own: torch.dtype) -> torch.Tensor:
    dtype = getattr(torch, wanted.dtype) if wanted.dtype else own
    if wanted.values:
        return torch.tensor(wanted.values, dtype=dtype)
    return torch.empty((wanted.batch, *wanted.size), dtype=dtype, device=META)


def _by_name(module: nn.Module, names: Sequence[str], tensors: Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
    """What has no name is, in turn, what `forward` takes first. Raises ArchscopeError for a name that it does not."""
    parameters = parameters_of(module.forward)
    known = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    for name in names:
        if name and name not in known and all(p.kind is not p.VAR_KEYWORD for p in parameters):
            raise unknown(f"argument of {type(module).__name__}.forward", name, known)
    free = iter([name for name in known if name not in names])
    return {
        name or next(free, f"input_{i}"): tensor for i, (name, tensor) in enumerate(zip(names, tensors, strict=True))
    }


def describe_inputs(
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
            described[wanted] = describe(wanted, tensor)._replace(shape=shape)
            tensor._archscope_source = described[wanted]  # type: ignore[attr-defined]
    return list(described.values())


def _named_arguments(module: nn.Module, args: tuple[Any, ...]) -> dict[str, Any]:
    """Positional arguments by `forward`'s names, as far as it names them."""
    parameters = parameters_of(module.forward)
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][: len(args)]
    names += [f"input_{i}" for i in range(len(names), len(args))]
    return dict(zip(names, args, strict=True))
