"""What a network returns, under the names that its author gave: keys of dicts, fields of tuples and objects."""

from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch

from archscope.model.graph import COMPUTED, Output, Shape, less_batch
from archscope.tracing.calls import PLAIN
from archscope.tracing.doubles import slots_of
from archscope.tracing.records import MOST_NESTED, Given
from archscope.tracing.sources import Sources


@dataclass(frozen=True)
class Returned:
    """A tensor of the result: its name there, its whole shape, and what it is."""

    name: str
    shape: Shape
    given: Given


def named_tensors(value: Any, name: str = "", within: tuple[int, ...] = ()) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of a result with where it stands, as `features.0`; a tensor alone has no name. `within` are the ids
    of what holds it."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif type(value) in PLAIN or isinstance(value, torch.nn.Module | type) or id(value) in within:
        return
    elif len(within) <= MOST_NESTED:
        for key, item in _held(value):
            yield from named_tensors(item, f"{name}.{key}" if name else str(key), (*within, id(value)))


def _held(value: Any) -> list[tuple[Any, Any]]:
    """What a container or an object, such as a distribution, holds."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple | deque | set | frozenset):
        return list(zip(getattr(value, "_fields", range(len(value))), value, strict=False))
    slots = [(name, getattr(value, name, None)) for name in slots_of(type(value))]
    return [*getattr(value, "__dict__", {}).items(), *slots]


LATER = (Iterator, AsyncIterator, Coroutine, FunctionType)


def computes_later(result: Any, depth: int = 0) -> dict[str, None]:
    """A note, where what a network returns, or a part of it, is no result yet: a generator, say, of which no line has
    run."""
    if isinstance(result, dict | list | tuple) and depth < MOST_NESTED:
        return {note: None for _, item in _held(result) for note in computes_later(item, depth + 1)}
    if not isinstance(result, LATER):
        return {}
    if isinstance(result, Coroutine):
        result.close()  # or Python warns that nobody waits for it
    return {f"the network returns a {type(result).__name__}: what this computes later was not seen": None}


def returned(result: Any, sources: Sources) -> list[Returned]:
    """Every tensor of a result, in order."""
    found = []
    for name, tensor in named_tensors(result):
        source = sources.of(tensor)
        given = sources.given(tensor, source) if source else sources.constant(tensor, "")
        found.append(Returned(name, tuple(tensor.shape), given))
    return found


def outputs_of(results: Sequence[Returned]) -> tuple[Output, ...]:
    """The results that a layer or an input made, each once: a parameter may be returned, too."""
    once: dict[Given, Output] = {}
    for each in results:
        kind, source, _ = each.given
        if kind in COMPUTED:
            once.setdefault(each.given, Output(each.name, source.name, less_batch(each.shape)))
    return tuple(once.values())
