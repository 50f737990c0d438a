"""What a network returns, under the names that its author gave: keys of dicts, fields of tuples and objects."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from archscope.model.graph import Output, Shape
from archscope.tracing.records import MOST_NESTED, PLAIN, Source, without_batch
from archscope.tracing.sources import Sources


@dataclass(frozen=True)
class Returned:
    """A tensor of the result: its name there, its sizes, and where it comes from."""

    name: str
    shape: Shape
    source: Source | None


def named_tensors(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor of a result with where it stands, as `features.0`; a tensor alone has no name."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif type(value) not in PLAIN and not isinstance(value, torch.nn.Module | type) and depth <= MOST_NESTED:
        for key, item in _held(value):
            yield from named_tensors(item, f"{name}.{key}" if name else str(key), depth + 1)


def _held(value: Any) -> list[tuple[Any, Any]]:
    """What a container or an object, such as a distribution, holds."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple):
        return list(zip(getattr(value, "_fields", range(len(value))), value, strict=False))
    return list(getattr(value, "__dict__", {}).items())


def returned(result: Any, sources: Sources) -> list[Returned]:
    """Every tensor of a result, once."""
    found: dict[int, Returned] = {}
    for name, tensor in named_tensors(result):
        if id(tensor) not in found:
            found[id(tensor)] = Returned(name, without_batch(tensor), sources.of(tensor))
    return list(found.values())


def outputs_of(results: Sequence[Returned], known: Collection[str]) -> tuple[Output, ...]:
    """The results that a `known` layer or input made: a parameter may be returned, too."""
    made = [(each, each.source.name) for each in results if each.source is not None]
    return tuple(Output(each.name, layer, each.shape) for each, layer in made if layer in known)
