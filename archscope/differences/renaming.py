"""Which tensors of a checkpoint are those of a network: by their names, or by their modules. No torch.

A module is told by the names and shapes of what it holds. Modules that are told alike are paired in natural order,
2 before 10, in which they mostly stand in the network as well.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archscope.model.graph import Shape, Tensor

COUNTER = "num_batches_tracked"
"""Of a batch normalisation; where a checkpoint leaves it out, it begins at zero."""

PREFIXES = ("module.", "model.", "_orig_mod.", "backbone.", "net.", "encoder.", "teacher.")
"""What wrappers write before every name."""


def by_name(file: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> dict[str, str]:
    """A name in the network for each name of the file that is one there, less or more what a wrapper adds to all."""
    best: dict[str, str] = {}
    for change in _changes(file, network):
        found = {name: change(name) for name in file if change(name) in network}
        if len(found) > len(best):
            best = found
    return best


def _changes(file: Iterable[str], network: Iterable[str]) -> Iterable[Any]:
    yield lambda name: name
    for prefix in (*PREFIXES, *_common(file), *_common(network)):
        yield lambda name, prefix=prefix: name.removeprefix(prefix)
        yield lambda name, prefix=prefix: prefix + name


def _common(names: Iterable[str]) -> Sequence[str]:
    """The module that all names lie in, if one does."""
    tops = {name.partition(".")[0] for name in names}
    return [f"{top}." for top in tops] if len(tops) == 1 else []


def by_module(file: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> tuple[dict[str, str], int]:
    """Names in the network by names of the file, and for how many modules only one place is possible."""
    modules, places = _modules(file), _modules(network)
    kinds: dict[Any, tuple[list[str], list[str]]] = {}
    for side, found in enumerate((modules, places)):
        for path in sorted(found, key=natural) if side == 0 else found:
            kinds.setdefault(_told(found[path]), ([], []))[side].append(path)
    pairs: dict[str, str] = {}
    certain = 0
    for mine, theirs in kinds.values():
        if len(mine) == len(theirs):
            certain += len(mine) == 1
            pairs |= dict(zip(mine, theirs, strict=True))
    return {
        _joined(path, leaf): _joined(pairs[path], leaf)
        for path in pairs
        for leaf in modules[path]
        if _joined(pairs[path], leaf) in network
    }, certain


def natural(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts layer2 before layer10."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name) if part]


def _modules(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Shape]]:
    """What each module holds itself."""
    found: dict[str, dict[str, Shape]] = {}
    for name, tensor in tensors.items():
        path, _, leaf = name.rpartition(".")
        found.setdefault(path, {})[leaf] = tensor.shape
    return found


def _told(held: Mapping[str, Shape]) -> Any:
    return tuple(sorted((leaf, shape) for leaf, shape in held.items() if leaf != COUNTER))


def _joined(path: str, leaf: str) -> str:
    return f"{path}.{leaf}" if path else leaf
