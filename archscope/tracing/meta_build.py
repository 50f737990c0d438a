"""Modules without memory: built on the meta device, their parameters never filled with numbers."""

import sys
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from archscope.tracing.elsewhere import without_accelerator
from archscope.tracing.records import META
from archscope.tracing.values import ALIASES, COPY, WHOLE_FILLS, has_value, note_made, note_value, spoil

FACTORIES = frozenset(
    "arange as_tensor empty empty_permuted empty_strided eye full hann_window linspace logspace ones rand randint "
    "randn randperm range scalar_tensor tensor tril_indices triu_indices zeros".split()
)
"""torch functions that make a tensor from numbers alone, on a device of their choice."""

ON_META = (None, "meta", META)
"""What a factory may be given as its device."""

FILLS = frozenset({"uniform_", "normal_", "trunc_normal_", "fill_", "zero_"})

SIZED = (torch.ones, torch.zeros, torch.rand, torch.randn)
"""Factories that are given nothing but a size. On meta they differ in the Python that torch loads for some."""

SCALINGS = frozenset({"mul", "div", "add", "sub", "__rsub__"})
"""Of a tensor by a number: `1e-6 * torch.ones(width)`. For its first one on meta torch loads its compiler, seconds."""

PASSED = frozenset({"__get__", "_set_grad_enabled", "dim", "size", "is_contiguous", "numel"})
"""Questions and switches: most calls of a construction, and nothing to do."""


class Skeleton(TorchFunctionMode):
    """`with Skeleton(): module = Net()` builds on meta: shapes and parameters, no memory, no arithmetic.

    As `torch.device("meta")` does, and a third faster: on meta a fill changes nothing, yet torch takes a Python
    path for each that costs as much as the module itself.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(function, "__name__", "")
        if name in PASSED:
            result = function(*args, **(kwargs or {}))
            if name == "__get__" and has_value(args[0]) and function.__self__.__name__ in ALIASES:
                note_value(function, args, {}, result)
            return result
        function, args, kwargs = without_accelerator(function, args, kwargs or {}, META)
        name = getattr(function, "__name__", "")  # a move has become `to`
        for_meta = name in FACTORIES and kwargs.get("out") is None and kwargs.get("device") in ON_META
        if for_meta and not _is_compilers(sys._getframe(1)):
            given = {**kwargs, "device": META}
            given.pop("generator", None)
            made = (torch.empty if function in SIZED else function)(*args, **given)
            note_made(function, args, kwargs, made)
            return made
        if name in FILLS or getattr(function, "__module__", None) == "torch.nn.init":
            tensor = args[0] if args else kwargs.get("tensor")
            if isinstance(tensor, torch.Tensor) and tensor.is_meta:
                if name in WHOLE_FILLS:
                    note_value(function, args, kwargs, tensor)
                else:
                    spoil([tensor])
                return tensor
        scaled = name in SCALINGS and is_scaling(args, kwargs)
        result = like(args[0]) if scaled else function(*args, **kwargs)
        written = name == COPY or kwargs.get("out") is not None or any(map(has_value, written_through(name, args)))
        if written or any(map(has_value, (*args, *kwargs.values()))):
            note_value(function, args, kwargs, result)
        return result


def _is_compilers(frame: FrameType) -> bool:
    """Is it torch's compiler, which computes with tensors of its own while it is loaded? `torch.compile` loads it."""
    return str(frame.f_globals.get("__name__", "")).startswith("torch._dynamo")


def is_scaling(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Is this one tensor of floating numbers on meta, which no gradient passes, and one number?"""
    if len(args) != 2 or kwargs or not isinstance(args[0], torch.Tensor) or not isinstance(args[1], int | float):
        return False
    tensor = args[0]
    return tensor.is_meta and tensor.is_floating_point() and tensor.is_contiguous() and not tensor.requires_grad


def like(tensor: torch.Tensor) -> torch.Tensor:
    """As `torch.empty_like`, for which torch loads sympy."""
    return torch.empty(tensor.shape, dtype=tensor.dtype, device=META)


def written_through(name: str, args: tuple[Any, ...]) -> list[torch.Tensor]:
    """What a call that writes into a view writes into."""
    writes = name[-1:] == "_" and args and isinstance(args[0], torch.Tensor)
    return [args[0]._base] if writes and args[0]._base is not None else []
