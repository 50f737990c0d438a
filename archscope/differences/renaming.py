"""Which tensors of a checkpoint are those of a network: by their names, or by their modules. No torch.

A module is told by the names and shapes of what it holds. Where modules lie in each other alike they are paired from
the outside in; else whichever are told alike. Where there is a choice they are paired in natural order, 2 before 10, in
which they mostly stand in the network as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.model.graph import MOST_LEVELS, Shape, Tensor

COUNTER = "num_batches_tracked"
"""Of a batch normalisation; where a checkpoint leaves it out, it begins at zero."""

Change = Callable[[str], str]

PREFIXES = ("module.", "model.", "_orig_mod.", "backbone.", "net.", "encoder.", "teacher.")
"""What wrappers write before every name."""


COUNTERS = frozenset({COUNTER, "n_averaged", "num_updates", "decay"})
"""What is counted beside the weights, of a normalisation or of an average of weights."""


def is_counted(name: str, tensor: Tensor) -> bool:
    """Is it one number of that name, and no weight of a decay, say?"""
    return name.rpartition(".")[2] in COUNTERS and tensor.elements == 1


def by_name(file: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> dict[str, str]:
    """A name in the network for each name of the file that is one there, less or more what a wrapper adds to all."""
    best: dict[str, str] = {}
    for change in _changes(file, network):
        found = _named(file, network, change)
        if len(found) > len(best):
            best = found
    return best


def _named(file: Iterable[str], network: Mapping[str, Tensor], change: Change) -> dict[str, str]:
    """Of two names that become one the changed one counts."""
    first: dict[str, str] = {}
    for name in sorted(file, key=lambda name: change(name) == name):
        first.setdefault(change(name), name)
    own = set(first.values())
    return {name: change(name) for name in file if name in own and change(name) in network}


def _changes(file: Iterable[str], network: Iterable[str]) -> Iterable[Change]:
    yield lambda name: name
    for prefix in (*wrappers(file, network), *PREFIXES, *_common(file), *_common(network)):
        yield lambda name, prefix=prefix: name.removeprefix(prefix)  # type: ignore[misc]
        yield lambda name, prefix=prefix: prefix + name  # type: ignore[misc]


def wrappers(file: Iterable[str], network: Iterable[str]) -> list[str]:
    """What stands in the file before a name of the network: of several sets of weights, averaged ones first, by which
    a network is judged. What stands deeper than many is before modules of the file's own."""
    name = next(iter(network), "")
    found = dict.fromkeys(each.removesuffix(name) for each in file if each.endswith(f".{name}"))
    nearest = sorted(found, key=lambda prefix: prefix.count("."))[:MOST_SETS]
    return sorted(nearest, key=lambda prefix: "ema" not in prefix)


MOST_SETS = 16
"""Of weights in one file."""


def copies(file: Mapping[str, Tensor], network: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, list[str]]:
    """Other sets of the same weights, by what stands before their names, beside those that have found their places."""
    left, asked = [name for name in file if name not in names], set(names.values())
    found: dict[str, list[str]] = {}
    for prefix in ("", *wrappers(left, network)):
        own = {name.removeprefix(prefix): name for name in left if name.startswith(prefix)}
        if asked and asked <= own.keys() and all(file[own[name]].shape == network[name].shape for name in asked):
            found[prefix] = [own[name] for name in own if name in asked]
    return found


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
    flat = {
        _joined(path, leaf): _joined(pairs[path], leaf)
        for path in pairs
        for leaf in modules[path]
        if _joined(pairs[path], leaf) in network
    }
    nested = by_tree(file, network)
    best = nested if len(nested) >= len(flat) else flat
    best = best | _by_shape(file, network, best)
    return {name: best[name] for name in file if name in best}, certain


@dataclass
class Module:
    """What one holds itself, and the modules in it. `told` is the same for two that hold the same, at any depth."""

    held: dict[str, Shape] = field(default_factory=dict)
    inner: dict[str, "Module"] = field(default_factory=dict)
    told: int = 0

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], numbers: dict[Any, int]) -> "Module":
        root = cls()
        for name, tensor in tensors.items():
            *path, leaf = name.split(".")
            module = root
            for part in path:
                module = module.inner.setdefault(part, cls())
            module.held[leaf] = tensor.shape
        root.tell(numbers)
        return root

    def at(self, path: str) -> "Module":
        found = self
        for part in path.split("."):
            found = found.inner[part]
        return found

    def tell(self, numbers: dict[Any, int]) -> int:
        inside = tuple(sorted([module.tell(numbers) for module in self.inner.values()]))
        self.told = numbers.setdefault((_told(self.held), inside), len(numbers))
        return self.told


def by_tree(file: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> dict[str, str]:
    """Names by names, where modules lie in each other alike: those that hold the same are paired, module by module."""
    if any(name.count(".") > MOST_LEVELS for name in (*file, *network)):
        return {}
    numbers: dict[Any, int] = {}
    found: dict[str, str] = {}
    waiting = [("", Module.of(file, numbers), "", Module.of(network, numbers))]
    while waiting:
        path, mine, place, theirs = waiting.pop()
        found |= {_joined(path, leaf): _joined(place, leaf) for leaf in mine.held if leaf in theirs.held}
        waiting += [
            (_joined(path, one), mine.at(one), _joined(place, other), theirs.at(other))
            for one, other in _inner_pairs(mine, theirs)
        ]
    return found


def _inner_pairs(mine: Module, theirs: Module) -> Iterator[tuple[str, str]]:
    """Names of modules that hold the same, those of one name first, others in natural order. Of what is left modules
    that only hold others are opened, `stages` where the network has four of its own, say; the last one on either side
    is one."""
    here = {name: mine.inner[name] for name in sorted(mine.inner, key=natural)}
    there = dict(theirs.inner)
    while here and there:
        pairs = list(_alike(here, there))
        yield from pairs
        for one, other in pairs:
            del here[one], there[other]
        if len(here) == len(there) == 1:
            yield next(iter(here)), next(iter(there))
            return
        fewer, more = sorted((here, there), key=len)
        for side in (fewer, more):
            opened = _opened(side)
            if opened.keys() != side.keys():
                here, there = (opened, there) if side is here else (here, opened)
                break
        else:
            return


def _alike(here: Mapping[str, Module], there: Mapping[str, Module]) -> Iterator[tuple[str, str]]:
    kinds: dict[int, tuple[list[str], list[str]]] = {}
    for side, modules in enumerate((here, there)):
        for name, module in modules.items():
            kinds.setdefault(module.told, ([], []))[side].append(name)
    for mine, theirs in kinds.values():
        if len(mine) == len(theirs):
            yield from ((name, name) for name in mine if name in theirs)
            yield from zip([n for n in mine if n not in theirs], [n for n in theirs if n not in mine], strict=True)


def _opened(modules: dict[str, Module]) -> dict[str, Module]:
    """With what is in those that hold nothing themselves in their place."""
    found: dict[str, Module] = {}
    for name, module in modules.items():
        found |= {name: module} if module.held else {f"{name}.{one}": inner for one, inner in module.inner.items()}
    return found


def _by_shape(file: Mapping[str, Tensor], network: Mapping[str, Tensor], found: Mapping[str, str]) -> dict[str, str]:
    """Of what no module tells, such as a network's own class token, tensors whose shape no other that is left has."""
    given = set(found.values())
    alone: dict[Shape, tuple[list[str], list[str]]] = {}
    for side, tensors, known in ((0, file, found.keys()), (1, network, given)):
        for name in tensors.keys() - known:
            alone.setdefault(tensors[name].shape, ([], []))[side].append(name)
    return {mine[0]: theirs[0] for mine, theirs in alone.values() if len(mine) == len(theirs) == 1}


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
