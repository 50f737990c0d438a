"""What constants hold. On meta a tensor has no values; those of a constant are computed beside it, on the CPU."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import torch

from archscope.tracing.records import map_tensors, tensors_in

VALUE = "_archscope_value"
"""Attribute of a tensor on meta: a tensor of the same shape that holds its values, or the call that makes it."""

UNKNOWN = frozenset(
    "rand randn randint randperm rand_like randn_like randint_like bernoulli multinomial normal_ uniform_ "
    "trunc_normal_ random_ bernoulli_ exponential_ empty empty_like empty_strided empty_permuted".split()
)
"""Functions whose results hold whatever chance or memory holds."""

WHOLE_FILLS = frozenset({"fill_", "zero_"})

MOST_COMPUTED = 2**21
"""Elements of the largest constant that is computed; a larger one stays unknown."""

MOST_DIGESTED = 2**23
MOST_LISTED = 16
"""Elements of the largest constant whose content is compared, and of the largest whose values are told."""

CPU = torch.device("cpu")


def has_value(given: Any) -> bool:
    """Are the values of a tensor on meta, or of the first in a list, known?"""
    first = given[0] if isinstance(given, list | tuple) and given else given
    return isinstance(first, torch.Tensor) and hasattr(first, VALUE)


def note_made(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], made: torch.Tensor) -> None:
    """Remember how a call that was given no tensor made this one. Most are parameters, and nobody asks."""
    if getattr(function, "__name__", "") not in UNKNOWN:
        setattr(made, VALUE, (function, args, kwargs))


def note_value(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], result: Any) -> None:
    """Compute beside it what a call made on meta, if it is known what it was made of."""
    name = getattr(function, "__name__", "")
    if name in WHOLE_FILLS and isinstance(result, torch.Tensor) and result.is_meta and result._base is None:
        value = args[1] if len(args) > 1 else kwargs.get("value", 0)  # whatever was there before
        return note_made(torch.full, (tuple(result.shape), value), {"dtype": result.dtype}, result)
    made = [tensor for tensor in tensors_in(result) if tensor.is_meta]
    if not made:
        return
    given = tensors_in((args, kwargs))
    if not given:
        note_made(function, args, kwargs, made[0])
    elif name in UNKNOWN or any(value_of(tensor) is None for tensor in given):
        for tensor in made:
            vars(tensor).pop(VALUE, None)
    else:
        for tensor, value in zip(made, tensors_in(_on_cpu(function, args, kwargs)), strict=False):
            setattr(tensor, VALUE, value)


def value_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """A tensor with the values of this one; None where they are not known."""
    if not tensor.is_meta:
        return tensor
    value = getattr(tensor, VALUE, None)
    if isinstance(value, tuple):
        value = _on_cpu(*value) if tensor.numel() <= MOST_COMPUTED else None
        setattr(tensor, VALUE, value)
    return value if isinstance(value, torch.Tensor) else None


def _on_cpu(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """The result of a call, run with values; None where it cannot run."""
    given = [CPU if isinstance(value, torch.device) else value for value in map_tensors(args, _known)]
    named = {name: CPU if name == "device" else value for name, value in map_tensors(dict(kwargs), _known).items()}
    try:
        return function(*given, **named)
    except Exception:  # code of the user's: its values stay unknown
        return None


def _known(tensor: torch.Tensor) -> torch.Tensor:
    value = value_of(tensor)
    assert value is not None  # asked before
    return value


def content_of(tensor: torch.Tensor) -> tuple[str, tuple[float, ...]]:
    """A digest of the values, and the values themselves where they are few; neither where they are not known."""
    value = value_of(tensor)
    if value is None or value.numel() > MOST_DIGESTED:
        return "", ()
    try:
        flat = value.detach().cpu().reshape(-1).contiguous()
        flat = torch.view_as_real(flat).reshape(-1) if flat.is_complex() else flat
        flat = flat.float() if flat.is_floating_point() else flat.long()
        digest = hashlib.sha256(flat.numpy().tobytes()).hexdigest()[:16]
    except (RuntimeError, NotImplementedError, TypeError):  # sparse, quantised
        return "", ()
    return digest, tuple(flat.tolist()) if flat.numel() <= MOST_LISTED else ()
