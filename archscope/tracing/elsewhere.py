"""Devices that code asks for. Shapes and counts need none: what is to lie on an accelerator, be there one or not, is
made without memory, or stays where it is."""

from collections.abc import Callable
from typing import Any

import torch

HERE = ("cpu", "meta")
"""Types of device that are no accelerators."""
MOVES = frozenset({"to", "cuda", "xpu"})
"""Methods of a tensor that ask for a device by more than the argument `device`."""

Function = Callable[..., Any]
Call = tuple[Function, tuple[Any, ...], dict[str, Any]]


def asked(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> torch.device | None:
    """The device that a call asks for, if it says one."""
    if name in MOVES and name != "to":
        return torch.device(name)
    for value in (kwargs.get("device"), *args):
        if isinstance(value, torch.device):
            return value
        if isinstance(value, str) and (name == "to" or value is kwargs.get("device")):
            return torch.device(value)
    return None


def without_accelerator(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], device: Any
) -> Call:
    """The call, less an accelerator that it asks for: what it makes lies on `device`, what there is stays."""
    name = getattr(function, "__name__", "")
    if name not in MOVES and "device" not in kwargs:
        return function, args, kwargs
    wanted = asked(name, args, kwargs)
    if wanted is None or wanted.type in HERE:
        return function, args, kwargs
    if name not in MOVES:
        return function, args, {**kwargs, "device": device}
    others = [value for value in args[1:] if name == "to" and not isinstance(value, str | torch.device)]
    kept = {key: value for key, value in kwargs.items() if key not in ("device", "non_blocking")}
    return torch.Tensor.to, (args[0], args[0].device, *others), kept


def where_it_runs(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """The same for a call that has values: they are on the CPU where there is no CUDA."""
    return (function, args, kwargs) if torch.cuda.is_available() else without_accelerator(function, args, kwargs, "cpu")
