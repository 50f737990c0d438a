"""Copies of a unit on the meta device, where all that takes time is what the constructors of torch.nn do again."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from itertools import repeat
from operator import is_, itemgetter
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

ORIGINALS: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()
"""What each copy was copied from, while that is there."""

CONTAINERS = frozenset({dict, OrderedDict, set, list})


def copy_on_meta(unit: nn.Module) -> nn.Module:
    """As `copy.deepcopy`, seven times as fast: the same modules with tensors of their own; what else they hold, such as
    sizes and functions, is shared. A module or tensor that is there twice is so in the copy."""
    with torch._C.DisableTorchFunction():  # no mode is to see how tensors are made that are there already
        copy = _module(unit, {})
    ORIGINALS[copy] = unit
    return copy


def _module(module: nn.Module, known: dict[int, Any]) -> nn.Module:
    copy: nn.Module = object.__new__(type(module))
    known[id(module)] = copy
    held = vars(copy)
    for name, value in vars(module).items():
        kind = type(value)  # most containers are empty: hooks that nobody has set
        held[name] = value if kind not in CONTAINERS else value.copy() if value else kind()
    for own, copied in (("_parameters", _tensor), ("_buffers", _tensor), ("_modules", _module)):
        for name, one in held[own].items():
            if one is not None:
                held[own][name] = known[id(one)] if id(one) in known else copied(one, known)
    return copy


def _tensor(tensor: torch.Tensor, known: dict[int, Any]) -> torch.Tensor:
    """With the marks that say what it would hold."""
    copy = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device)
    if tensor.requires_grad or isinstance(tensor, nn.Parameter):
        copy = nn.Parameter(copy, tensor.requires_grad)
    if marks := vars(tensor):
        vars(copy).update({name: mark if type(mark) is tuple else deepcopy(mark) for name, mark in marks.items()})
    known[id(tensor)] = copy
    return copy


KNOWN = ("torch.nn.modules.", "archscope.networks.")
"""Where code is that keeps nothing."""

HOOKS = itemgetter("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
EVERY_MODULES = frozenset(vars(nn.Module())) - {"training"}
"""Attributes that say nothing of what a module does, but for its hooks, its children and its weights."""

_Said = tuple[Any, tuple[Any, ...], list[nn.Module]]
"""Of a module: its class, what tensors and children it has; what its attributes are set to; its children."""


def unchanged_copies(network: nn.Module) -> dict[nn.Module, nn.Module]:
    """The modules of a network that are copies, and of which: while all of it is code of archscope's and torch's, no
    module or weight stands in two places, and each copy is as what it was copied from, whatever its weights hold."""
    modules, weights = [network], list[int]()
    said: dict[int, _Said] = {}
    for module in modules:  # it grows on the way
        held = vars(module)
        settings = _settings(type(module), tuple(held))  # type: ignore[arg-type]  # a class can be hashed
        if settings is None or any(HOOKS(held)):
            return {}
        own = [*held["_parameters"].items(), *held["_buffers"].items()]
        forms = [(name, t is not None and (type(t), t.shape, t.stride(), t.dtype)) for name, t in own]
        children = [child for child in held["_modules"].values() if child is not None]
        said[id(module)] = (type(module), forms, [*held["_modules"]]), settings(held), children
        weights += [id(tensor) for _, tensor in own if tensor is not None]
        modules += children
    if len({*said, *weights}) < len(modules) + len(weights):
        return {}
    copies = {copy: of for copy in modules if (of := ORIGINALS.get(copy)) is not None and id(of) in said}
    return {copy: of for copy, of in copies.items() if _is_like(copy, of, said)}


@lru_cache
def _settings(kind: Any, attributes: Sequence[str]) -> Callable[[Any], Any] | None:
    """What asks a module for all that says what it does, where its code is known; None where it is not, or an attribute
    is code."""
    if not kind.__module__.startswith(KNOWN) or any([callable(getattr(kind, name, None)) for name in attributes]):
        return None
    settings = [name for name in attributes if name not in EVERY_MODULES]
    return itemgetter("training", "training", *settings)  # of two at least: of one it gives no tuple


def _is_like(one: nn.Module, two: nn.Module, said: Mapping[int, _Said]) -> bool:
    """Do both do the same? What copies are given is one thing in both, or the items of a list."""
    (form, settings, children), (other_form, others, other_children) = said[id(one)], said[id(two)]
    return (
        form == other_form
        and len(settings) == len(others)
        and (all(map(is_, settings, others)) or all(map(_is_same, settings, others)))
        and len(children) == len(other_children)
        and all(map(_is_like, children, other_children, repeat(said)))
    )


def _is_same(one: Any, two: Any) -> bool:
    return one is two or (type(one) is type(two) is list and [*map(id, one)] == [*map(id, two)])
