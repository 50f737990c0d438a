"""What constants hold. On meta a tensor has no values; those of a constant are computed beside it, on the CPU."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from archscope.model.content import FEW, digest_of
from archscope.tracing.records import map_tensors, tensors_in

VALUE = "_archscope_value"
"""Attribute of a tensor on meta: a tensor of the same shape that holds its values, or the call that makes it."""

UNKNOWN = frozenset(
    "rand randn randint randperm rand_like randn_like randint_like bernoulli multinomial normal_ uniform_ "
    "trunc_normal_ random_ bernoulli_ exponential_ empty empty_like empty_strided empty_permuted".split()
)
"""Functions whose results hold whatever chance or memory holds."""

WHOLE_FILLS, COPY = frozenset({"fill_", "zero_"}), "copy_"

FAILED = object()
"""The result of a call that cannot run."""

MOST_COMPUTED = 2**21
"""Elements of the largest constant that is computed; a larger one stays unknown."""

MOST_DIGESTED = 2**23
"""Elements of the largest constant whose content is compared."""

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
    """Compute beside it what a call made on meta, or wrote there, if it is known what it was made of."""
    name = getattr(function, "__name__", "")
    if kwargs.get("out") is not None:
        return spoil(tensors_in(kwargs["out"]))
    if name in WHOLE_FILLS and isinstance(result, torch.Tensor) and result.is_meta and result._base is None:
        value = args[1] if len(args) > 1 else kwargs.get("value", 0)  # whatever was there before
        return note_made(torch.full, (tuple(result.shape), value), {"dtype": result.dtype}, result)
    if name == COPY and _copied(*args[:2]):
        return None
    first = args[0] if args and isinstance(args[0], torch.Tensor) and args[0].is_meta else None
    written = [first] if first is not None and (result is first or result is None) else []
    made = [tensor for tensor in tensors_in(result) if tensor.is_meta]
    if not made and not written:
        return None
    given = tensors_in((args, kwargs))
    if not given:
        return note_made(function, args, kwargs, made[0])
    if name in UNKNOWN or any(value_of(tensor) is None for tensor in given):
        return spoil([*made, *written] if written else made)
    found = _on_cpu(function, args, kwargs)
    if found is FAILED:
        return spoil([*made, *written])
    for tensor, value in zip(made, tensors_in(found), strict=False):
        setattr(tensor, VALUE, value)  # a view has a view, so that what is written into the one is in the other
    return None


def spoil(tensors: Sequence[torch.Tensor]) -> None:
    """Nobody knows any more what these hold, nor what those hold that they are views of."""
    for tensor in tensors:
        for spoiled in (tensor, tensor._base):
            if spoiled is not None:
                vars(spoiled).pop(VALUE, None)


def _copied(target: Any, source: Any = None) -> bool:
    """Does a copy take the place of all that was there, and is it known?"""
    if not isinstance(source, torch.Tensor) or not target.is_meta or target._base is not None:
        return False
    value = value_of(source)
    if value is not None:
        setattr(target, VALUE, value.to(target.dtype).expand(target.shape).clone())
    return value is not None


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
    """The result of a call, run with values; FAILED where it cannot run."""
    given = [CPU if isinstance(value, torch.device) else value for value in map_tensors(args, _known)]
    named = {name: CPU if name == "device" else value for name, value in map_tensors(dict(kwargs), _known).items()}
    try:
        return function(*given, **named)
    except Exception:  # code of the user's: its values stay unknown
        return FAILED


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
        digest = digest_of([flat.numpy().tobytes()])
    except (RuntimeError, NotImplementedError, TypeError):  # sparse, quantised
        return "", ()
    return digest, tuple(flat.tolist()) if flat.numel() <= FEW else ()
