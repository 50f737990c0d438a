"""Copies of a unit on the meta device, where all that takes time is what the constructors of torch.nn do again."""

from collections import OrderedDict
from copy import deepcopy
from typing import Any

import torch
from torch import nn

CONTAINERS = frozenset({dict, OrderedDict, set, list})


def copy_on_meta(unit: nn.Module) -> nn.Module:
    """As `copy.deepcopy`, six times as fast: the same modules with tensors of their own; what else they hold, such as
    sizes and functions, is shared. A module or tensor that is there twice is so in the copy."""
    with torch._C.DisableTorchFunction():  # no mode is to see how tensors are made that are there already
        return _module(unit, {})


def _module(module: nn.Module, known: dict[int, Any]) -> nn.Module:
    if id(module) in known:
        copy: nn.Module = known[id(module)]
        return copy
    copy = known[id(module)] = object.__new__(type(module))
    held = vars(copy)
    held.update({name: value.copy() if type(value) in CONTAINERS else value for name, value in vars(module).items()})
    for kind in ("_parameters", "_buffers"):
        held[kind].update({name: _tensor(one, known) for name, one in held[kind].items() if one is not None})
    held["_modules"].update({name: _module(one, known) for name, one in held["_modules"].items() if one is not None})
    return copy


def _tensor(tensor: torch.Tensor, known: dict[int, Any]) -> torch.Tensor:
    """With the marks that say what it would hold."""
    if id(tensor) not in known:
        copy = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device)
        if isinstance(tensor, nn.Parameter):
            copy = nn.Parameter(copy, tensor.requires_grad)
        marks = vars(tensor).items()
        vars(copy).update({name: mark if type(mark) is tuple else deepcopy(mark) for name, mark in marks})
        known[id(tensor)] = copy
    found: torch.Tensor = known[id(tensor)]
    return found
