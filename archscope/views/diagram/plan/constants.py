"""What reads nothing, such as a table of positions, stands beside what it is added to, not beside all before that; a
result that leaves one of several paths stands beside that path, not at the end of all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Sources = Mapping[str, Sequence[str]]


def beside_trunk(sources: Sources, entry: str, look: Callable[[str], Any]) -> dict[str, list[str]]:
    """What each item reads, in an order in which each follows that. One that reads nothing stands as if it read where
    the paths to its reader part, `entry` where it has several readers; it follows what is before that reader. Modules
    in a row, whose `look` is equal, it does not part."""
    constant: set[str] = set()
    readers: dict[str, list[str]] = {name: [] for name in sources}
    for name, read in sources.items():
        if constant.issuperset(read):
            constant.add(name)
        for source in read:
            if source != entry:
                readers[source].append(name)
    if not constant:
        return {name: list(read) or [entry] for name, read in sources.items()}
    begins: set[str] = set()
    before: dict[str, list[str]] = {}
    for name in [name for name, read in sources.items() if not read]:
        *chain, reader = _chain(name, readers, constant)
        if not constant.issuperset(sources.get(reader, ())):
            begins.add(name)
            before.setdefault(reader, []).extend(chain)
    moved = {name for chain in before.values() for name in chain}
    place = {name: i for i, name in enumerate(sources)}  # two chains may meet before their reader
    found: dict[str, list[str]] = {}
    above = _Above({}, entry)
    for reader in [name for name in sources if name not in moved]:
        others = [source for source in sources[reader] if source not in constant]
        for name in (*sorted({*before.get(reader, ())}, key=place.__getitem__), reader):
            found[name] = [above.parting(others, look)] if name in begins else [*sources[name]] or [entry]
            above.add(name, found[name])
    return found


def _chain(name: str, readers: Mapping[str, Sequence[str]], constant: set[str]) -> list[str]:
    """What is computed of a constant, one after another, and what reads that besides others; nothing is the last where
    it has several readers, or none."""
    chain = [name]
    while len(readers[chain[-1]]) == 1:
        chain += readers[chain[-1]]
        if chain[-1] not in constant:
            return chain
    return [*chain, ""]


def beside_paths(
    sources: Sources, results: Iterable[str], entry: str, end: str
) -> tuple[dict[str, list[str]], set[str]]:
    """What each item reads, in an order in which each follows that, and which of the `results` are moved: one of a
    tensor on a path that joins others stands as if what that tensor leads to read it."""
    given = {name for name in results if len(sources[name]) == 1}
    rest = {name: list(read) for name, read in sources.items() if name not in given}
    if not (given and rest):
        return {name: list(read) for name, read in sources.items()}, set()
    readers: dict[str, list[str]] = {name: [] for name in [entry, *rest]}
    for name, read in rest.items():
        for source in read:
            readers[source].append(name)
    trunk = _Above({**rest, end: [name for name in rest if not readers[name]]}, entry).all_before(end)
    apart = rest.keys() - trunk
    off = [name for name in sources if name in given and sources[name][0] in apart]
    below = _Above({name: readers[name] or [end] for name in reversed(rest)}, end).nearest if off else {}
    moved: dict[str, list[str]] = {}  # by what makes them
    for result in off:
        (source,) = sources[result]
        if below[source] != end:
            moved.setdefault(source, []).append(result)
            rest[below[source]].append(result)
    beside = {result for results in moved.values() for result in results}
    order = [one for name in sources if name not in beside for one in (name, *moved.get(name, ()))]
    return {name: rest.get(name, list(sources[name])) for name in order}, beside


class _Above:
    """The item through which every path to another one leads, the nearest such."""

    def __init__(self, sources: Sources, entry: str) -> None:
        self.place = {entry: -1}
        self.entry = entry
        self.nearest = {entry: entry}
        for name, read in sources.items():
            self.add(name, read)

    def add(self, name: str, read: Sequence[str]) -> None:
        """One more item, which reads these."""
        self.place[name] = len(self.place)
        self.nearest[name] = self._common(read)

    def parting(self, names: Sequence[str], look: Callable[[str], Any]) -> str:
        """Where the paths to these part, above all of them; above a row of modules that ends there."""
        last = self._common(names)
        if last not in names:
            return last
        at = self.nearest[last]
        while at != self.entry and look(at) == look(last) is not None:
            at = self.nearest[at]
        return at

    def all_before(self, name: str) -> set[str]:
        """The items through which every path to this one leads."""
        found = {name}
        while (name := self.nearest[name]) not in found:
            found.add(name)
        return found

    def _common(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return names[0]
        ends = set(names)
        while len(ends) > 1:
            last = max(ends, key=self.place.__getitem__)
            ends = ends - {last} | {self.nearest[last]}
        return ends.pop()
