"""Modules without memory: built on the meta device, their parameters never filled with numbers."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from archscope.tracing.records import META
from archscope.tracing.values import VALUE, WHOLE_FILLS, has_value, note_made, note_value

FACTORIES = frozenset(
    "arange as_tensor empty empty_permuted empty_strided eye full hann_window linspace logspace ones rand randint "
    "randn randperm range scalar_tensor tensor tril_indices triu_indices zeros".split()
)
"""torch functions that make a tensor from numbers alone, on a device of their choice."""

FILLS = frozenset({"uniform_", "normal_", "trunc_normal_", "fill_", "zero_"})

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
        kwargs = kwargs or {}
        if name in PASSED:
            return function(*args, **kwargs)
        if name in FACTORIES and kwargs.get("device") is None:
            fill = function is torch.ones or function is torch.zeros
            made = (torch.empty if fill else function)(*args, **{**kwargs, "device": META})
            note_made(function, args, kwargs, made)
            return made
        if name in FILLS or getattr(function, "__module__", None) == "torch.nn.init":
            tensor = args[0] if args else kwargs.get("tensor")
            if isinstance(tensor, torch.Tensor) and tensor.is_meta:
                if name in WHOLE_FILLS:
                    note_value(function, args, kwargs, tensor)
                else:
                    vars(tensor).pop(VALUE, None)
                return tensor
        result = function(*args, **kwargs)
        if args and has_value(args[0]):
            note_value(function, args, kwargs, result)
        return result
