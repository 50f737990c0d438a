"""What constants hold. On meta a tensor has no values; those of a constant are computed beside it, on the CPU."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from archscope.model.content import FEW, digest_of
from archscope.tracing.records import map_tensors, tensors_in
from archscope.tracing.untouched import DRAWS

VALUE = "_archscope_value"
"""Attribute of a tensor on meta: a tensor of the same shape that holds its values, the call that makes it, or a
`Filling`, of one that is made empty."""

DRAWN = "_archscope_drawn"
"""Attribute of a tensor on any other device that holds what chance holds, or what is computed of that."""

LIKE = frozenset({"zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "new_tensor"})
"""Functions that take no more of a tensor than its size and type."""

EMPTY = frozenset({"empty", "empty_like", "new_empty"})
"""Functions whose results are there to be filled."""

UNKNOWN = DRAWS | {"empty_strided", "empty_permuted", "new_empty_strided"}
"""Functions whose results hold whatever chance or memory holds."""

WHOLE_FILLS, COPY, STORE = frozenset({"fill_", "zero_"}), "copy_", "__setitem__"

ALIASES = frozenset({"T", "mT", "H", "mH", "real", "imag", "data"})
"""Attributes of a tensor that show the same memory."""

FAILED = object()
"""The result of a call that cannot run."""

MOST_COMPUTED = 2**24
"""Elements of the largest constant that is made of nothing; a larger one stays unknown."""

MOST_DIGESTED, AT_ONCE = 2**26, 2**20
"""Elements of the largest constant whose content is compared, and how many of them are read at once."""

CPU = torch.device("cpu")


class Filling:
    """What has been stored so far in a tensor that was made empty, and the elements that nothing has been stored in."""

    __slots__ = ("left", "value")

    def __init__(self) -> None:
        self.value: torch.Tensor | None = None  # most are parameters, and nothing is stored in them
        self.left: torch.Tensor | None = None

    def store(self, tensor: torch.Tensor, index: Any, value: Any) -> bool:
        """Is the whole filled now? Raises whatever torch raises."""
        if self.value is None or self.left is None:
            self.value = torch.zeros(tensor.shape, dtype=tensor.dtype)
            self.left = torch.ones(tensor.shape, dtype=torch.bool)
        self.value[index] = value
        self.left[index] = False
        return not self.left.any()


def has_value(given: Any) -> bool:
    """Are the values of a tensor on meta, or of the first in a list, known, or becoming so?"""
    first = given[0] if isinstance(given, list | tuple) and given else given
    return isinstance(first, torch.Tensor) and hasattr(first, VALUE)


def note_made(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], made: torch.Tensor) -> None:
    """Remember how a call that was given no tensor made this one. Most are parameters, and nobody asks."""
    name = getattr(function, "__name__", "")
    if name not in UNKNOWN:
        setattr(made, VALUE, Filling() if name in EMPTY else (function, args, kwargs))


def note_drawn(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], result: Any) -> None:
    """Remember of what a call made with values whether these are drawn at random."""
    given = tensors_in((args, kwargs))
    if getattr(function, "__name__", "") in DRAWS or any(hasattr(tensor, DRAWN) for tensor in given):
        for tensor in tensors_in(args[:1] if result is None else result):
            for drawn in (tensor, tensor._base):
                if drawn is not None:
                    setattr(drawn, DRAWN, True)


def note_value(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], result: Any) -> None:
    """Compute beside it what a call made on meta, or wrote there, if it is known what it was made of."""
    name = getattr(function, "__name__", "")
    if kwargs.get("out") is not None:
        return spoil(tensors_in(kwargs["out"]))
    if name in WHOLE_FILLS and isinstance(result, torch.Tensor) and result.is_meta and result._base is None:
        value = args[1] if len(args) > 1 else kwargs.get("value", 0)  # whatever was there before
        return note_made(torch.full, (tuple(result.shape), value), {"dtype": result.dtype}, result)
    if (name == COPY and _copied(*args[:2])) or (name == STORE and _stored(*args)):
        return None
    first = args[0] if args and isinstance(args[0], torch.Tensor) and args[0].is_meta else None
    written = [first] if first is not None and (result is first or result is None) else []
    made = [tensor for tensor in tensors_in(result) if tensor.is_meta]
    if not made and not written:
        return None
    if name in LIKE and args and made and made[0].numel() > MOST_COMPUTED:
        return spoil(made)
    if name in LIKE and args:
        args = (torch.zeros((), dtype=args[0].dtype).expand(args[0].shape), *args[1:])
    given = tensors_in((args, kwargs))
    if not given or name in EMPTY:
        return note_made(function, args, kwargs, made[0])
    if name in UNKNOWN or any(value_of(tensor) is None for tensor in given):
        shown = [tensor for tensor in given if isinstance(getattr(tensor, VALUE, None), Filling)]
        return spoil([*made, *written, *shown])  # what may be stored through another name is not followed
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


def _stored(target: torch.Tensor, index: Any, value: Any) -> bool:
    """Is a part of a tensor that was made empty filled, with what is known?"""
    filling = getattr(target, VALUE, None)
    if not isinstance(filling, Filling) or target.numel() > MOST_COMPUTED:
        return False
    if any(value_of(tensor) is None for tensor in tensors_in((index, value))):
        return False
    try:
        filled = filling.store(target, map_tensors(index, _known), map_tensors(value, _known))
    except Exception:  # code of the user's
        return False
    if filled:
        setattr(target, VALUE, filling.value)
    return True


def value_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """A tensor with the values of this one; None where they are not known."""
    if not tensor.is_meta:
        return None if hasattr(tensor, DRAWN) else tensor
    value = getattr(tensor, VALUE, None)
    if isinstance(value, tuple):
        value = _on_cpu(*value) if tensor.numel() <= MOST_COMPUTED else None
        setattr(tensor, VALUE, value)
    if not tensor.numel():
        return torch.empty(tensor.shape, dtype=tensor.dtype)  # whatever made it
    return value if isinstance(value, torch.Tensor) else None


def _on_cpu(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """The result of a call, run with values; FAILED where it cannot run, or hangs on chance."""
    given = [CPU if isinstance(value, torch.device) else value for value in map_tensors(args, _known)]
    named = {name: CPU if name == "device" else value for name, value in map_tensors(dict(kwargs), _known).items()}
    before = torch.get_rng_state()
    try:
        found = function(*given, **named)
    except Exception:  # code of the user's: its values stay unknown
        return FAILED
    return found if torch.equal(before, torch.get_rng_state()) else FAILED


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
        flat = value.detach().cpu().reshape(-1)
        flat = torch.view_as_real(flat.contiguous()).reshape(-1) if flat.is_complex() else flat
        digest = digest_of(_numbers(part).numpy().tobytes() for part in torch.split(flat, AT_ONCE))
    except (RuntimeError, NotImplementedError, TypeError):  # sparse, quantised
        return "", ()
    return digest, tuple(_numbers(flat).tolist()) if flat.numel() <= FEW else ()


def _numbers(flat: torch.Tensor) -> torch.Tensor:
    return flat.float() if flat.is_floating_point() else flat.long()
