"""What reads nothing, such as a table of positions, stands beside what it is added to, not beside all before that."""

from collections.abc import Mapping, Sequence

Sources = Mapping[str, Sequence[str]]


def beside_trunk(sources: Sources, entry: str) -> dict[str, list[str]]:
    """What each item reads, in an order in which each follows that. One that reads nothing stands as if it read where
    the paths to its reader part, `entry` where it has several readers; it follows what is before that reader."""
    constant: set[str] = set()
    readers: dict[str, list[str]] = {name: [] for name in sources}
    for name, read in sources.items():
        if constant.issuperset(read):
            constant.add(name)
        for source in read:
            if source != entry:
                readers[source].append(name)
    found = {name: list(read) or [entry] for name, read in sources.items()}
    if not constant:
        return found
    chains = [_chain(name, readers, constant) for name, read in sources.items() if not read]
    above = _Above(found, entry)
    before: dict[str, list[str]] = {}
    for *chain, reader in chains:
        others = [source for source in sources.get(reader, ()) if source not in constant]
        if others:
            found[chain[0]] = [above.parting(others)]
            before.setdefault(reader, []).extend(chain)
    moved = {name for chain in before.values() for name in chain}
    order = [one for name in sources if name not in moved for one in (*before.get(name, ()), name)]
    return {name: found[name] for name in order}


def _chain(name: str, readers: Mapping[str, Sequence[str]], constant: set[str]) -> list[str]:
    """What is computed of a constant, one after another, and what reads that besides others; nothing is the last where
    it has several readers, or none."""
    chain = [name]
    while len(readers[chain[-1]]) == 1:
        chain += readers[chain[-1]]
        if chain[-1] not in constant:
            return chain
    return [*chain, ""]


class _Above:
    """The item through which every path to another one leads, the nearest such."""

    def __init__(self, sources: Sources, entry: str) -> None:
        self.place = {entry: -1} | {name: i for i, name in enumerate(sources)}
        self.nearest = {entry: entry}
        for name, read in sources.items():
            self.nearest[name] = self._common(read)

    def parting(self, names: Sequence[str]) -> str:
        """Where the paths to these part, above all of them."""
        at = self._common(names)
        return self.nearest[at] if at in names else at

    def _common(self, names: Sequence[str]) -> str:
        ends = set(names)
        while len(ends) > 1:
            last = max(ends, key=self.place.__getitem__)
            ends = ends - {last} | {self.nearest[last]}
        return ends.pop()
