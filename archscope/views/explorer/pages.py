"""Modules of very many parts are walked through by the page: runs of parts that follow each other, as modules do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from archscope.views.diagram.ops.ops import Op

FEWEST, MOST_PAGES = 20, 40
"""Parts of a page, and pages of a module; where that does not do, pages have pages."""


@dataclass
class Paging:
    """The pages that modules were given: by a module's path the names of its pages, each with its parts in order."""

    of: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def turn(
        self, ops: Sequence[Op], kinds: Mapping[str, str], path: str, layers: Iterable[str]
    ) -> tuple[list[Op], dict[str, str]] | None:
        """The Ops, and classes by path, with the parts of this module within pages; None for too few to page.

        `layers` are the names of all of the network's: parts that are drawn within others stand on the pages of those.
        """
        start = f"{path}." if path else ""
        inside = [op.path[len(start) :] for op in ops if op.path.startswith(start) and op.kind != "tensor"]
        parts = list(dict.fromkeys(name.partition(".")[0] for name in inside))
        if len(parts) <= FEWEST:
            return None
        size = max(FEWEST, ceil(len(parts) / MOST_PAGES))
        groups = [parts[i : i + size] for i in range(0, len(parts), size)]
        page_of = {part: f"{group[0]}…{group[-1]}" for group in groups for part in group}
        real, *others = self.real(path)
        real = real.rpartition(".")[0] if others else real  # a page is no module
        self._fill(path, f"{real}." if real else "", page_of, layers)

        def turned(old: str) -> str:
            page = page_of.get(old[len(start) :].partition(".")[0]) if old.startswith(start) else None
            return f"{start}{page}.{old[len(start) :]}" if page else old

        now = [op.path if op.kind == "tensor" else turned(op.path) for op in ops]
        moved = [op if op.path == path_ else replace(op, path=path_) for op, path_ in zip(ops, now, strict=True)]
        return moved, {turned(old): kind for old, kind in kinds.items()}

    def _fill(self, path: str, start: str, page_of: dict[str, str], layers: Iterable[str]) -> None:
        page = next(iter(page_of.values()))
        pages: dict[str, list[str]] = {}
        inside = [name[len(start) :].partition(".")[0] for name in layers if name.startswith(start)]
        within = set(self.of.get(path.rpartition(".")[0], {}).get(path.rpartition(".")[2], inside))
        for part in dict.fromkeys(inside):
            if part in within:
                page = page_of.get(part, page)
                pages.setdefault(page, []).append(part)
        self.of[path] = pages

    def real(self, path: str) -> list[str]:
        """The network's own paths of what a path on the page is: of a page those of its parts."""
        real, at = "", ""
        parts: list[str] | None = None
        for name in path.split(".") if path else ():
            pages = self.of.get(at, {})
            at = f"{at}.{name}" if at else name
            parts = pages.get(name)
            if parts is None:
                real = f"{real}.{name}" if real else name
        return [f"{real}.{part}" if real else part for part in parts] if parts is not None else [real]
