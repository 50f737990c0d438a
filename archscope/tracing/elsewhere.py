"""Devices that code asks for. Shapes and counts need none: what is to lie on an accelerator, be there one or not, is
made without memory, or stays where it is; and where there is no CUDA, who asks for it finds a first one that idles."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from archscope.tracing.detours import Detours

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
        if (name == "to" or value is kwargs.get("device")) and isinstance(value, str):
            return torch.device(value)
        if (name == "to" or value is kwargs.get("device")) and type(value) is int:
            return torch.device("cuda", value)
    return None


def says_device(value: Any) -> bool:
    """Is this argument of `to` a device, by its name or its number?"""
    return isinstance(value, str | torch.device) or type(value) is int


def by_type(wanted: Any) -> Any:
    """What `x.type` is asked for, a class of tensors on whatever device, or its name, as the type of their numbers."""
    kind = getattr(torch, wanted.rpartition(".")[2], None) if isinstance(wanted, str) else wanted
    return getattr(kind, "dtype", wanted)


def without_accelerator(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], device: Any
) -> Call:
    """The call, less an accelerator that it asks for: what it makes lies on `device`, what there is stays."""
    name = getattr(function, "__name__", "")
    if function is torch.Tensor.type:
        return function, (args[0], *map(by_type, args[1:])), kwargs
    if name not in MOVES and "device" not in kwargs:
        return function, args, kwargs
    wanted = asked(name, args, kwargs)
    if wanted is None or wanted.type in HERE:
        return function, args, kwargs
    if name not in MOVES:
        return function, args, {**kwargs, "device": device}
    others = [value for value in args[1:] if name == "to" and not says_device(value)]
    kept = {key: value for key, value in kwargs.items() if key not in ("device", "non_blocking")}
    return torch.Tensor.to, (args[0], args[0].device, *others), kept


def where_it_runs(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """The same for a call that has values: they are on the CPU where there is no CUDA."""
    return (function, args, kwargs) if torch.cuda.is_available() else without_accelerator(function, args, kwargs, "cpu")


# ---- what is asked of CUDA where there is none ----------------------------------------------------------------------


class Made:
    """A class of tensors of CUDA's, `torch.cuda.FloatTensor`, as the one of the CPU that stands for it."""

    def __init__(self, kind: Any, is_inside: Callable[[], bool]) -> None:
        self._kind, self._is_inside, self.dtype = kind, is_inside, kind.dtype

    @property
    def _here(self) -> Any:
        return getattr(torch, self._kind.__name__) if self._is_inside() else self._kind

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._here(*args, **kwargs)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, self._here)


def _moved(to: Callable[..., nn.Module], module: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
    """`module.to(0)`, which torch understands only where there is a device of that number."""
    named = [torch.device("cuda", value) if type(value) is int else value for value in args[:1]]
    if type(kwargs.get("device")) is int:
        kwargs = {**kwargs, "device": torch.device("cuda", kwargs["device"])}
    return to(module, *named, *args[1:], **kwargs)


def _idle(function: Callable[..., Any], *args: Any, **kwargs: Any) -> int:
    """The first device, or the one that a context goes back to."""
    return 0


def _default_type(function: Callable[..., Any], kind: Any) -> None:
    torch.set_default_dtype(by_type(kind))


ANSWERED = ("current_device", "set_device", "synchronize", "_exchange_device", "_maybe_exchange_device")
TYPES = [name for name in vars(torch.cuda) if name.endswith("Tensor")]
CUDA = Detours(
    {(nn.Module, "to"): _moved, (torch, "set_default_tensor_type"): _default_type}
    | {(torch.cuda, name): _idle for name in ANSWERED}
    | {(torch.cuda, name): Made for name in TYPES}
)


def cuda_idle() -> AbstractContextManager[None]:
    """Where there is no CUDA, code of this thread that asks for it goes on as if there were one."""
    return nullcontext() if torch.cuda.is_available() else CUDA.taken()
