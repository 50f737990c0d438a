"""Options of the reference with which fewer differences are left: the reader's network may be a variant. No torch."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archscope.differences import Alternative, Diff, causes, compare, words
from archscope.differences.facts import differing
from archscope.differences.steps import WEIGHTED
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.networks.options import SCALES

MOST_TRIED = 12
"""Combinations of values that are compared: a second or two for the networks of the catalogue."""

MOST_STARTS = 2
"""Options to which others are added."""

MOST_RATIOS = 2
CLASSES = "num_classes"
"""The option that a fact always tells where it differs."""

Options = Mapping[str, Any]


def alternative(
    found: Diff, described: Mapping[str, str], given: Options, report: Callable[[Options], Report]
) -> Alternative | None:
    """The options that leave the fewest layers in differences, and no more differences; None where none leaves fewer.

    `described` are the reference's options with their types and defaults, `given` those that are set already; `report`
    measures it with others. Each value is tried alone; to the best of those that help, others are added, whose values
    are those that are then asked for.
    """
    search = _Search(found, described, given, report)
    starts = sorted(search.further({}, found), key=lambda each: search.weight(each[1]))[:MOST_STARTS]
    ends = [search.extended(*start) for start in starts]
    if not ends:
        return None
    chosen, best = min(ends, key=lambda end: search.weight(end[1]))
    return Alternative(chosen, causes(best.differences))


@dataclass
class _Search:
    """Which options bring the reference nearer, within so many tries."""

    found: Diff
    described: Mapping[str, str]
    given: Options
    report: Callable[[Options], Report]
    tries: int = MOST_TRIED
    useless: Sequence[tuple[str, Any]] = ()
    """Values that alone do not help."""

    def weight(self, diff: Diff) -> int:
        """How many layers differ, but for what follows from others."""
        return sum(len(row.layers) for row in diff.differences if row.kind != "consequence")

    def extended(self, options: Options, diff: Diff) -> tuple[Options, Diff]:
        """With the further options that help, the best first."""
        best = min(self.further(options, diff), key=lambda each: self.weight(each[1]), default=None)
        return self.extended(*best) if best else (options, diff)

    def further(self, options: Options, diff: Diff) -> list[tuple[Options, Diff]]:
        """One option more, wherever fewer layers differ with it."""
        if not diff.differences:
            return []
        values = [
            (option, value)
            for option, said in self.described.items()
            if option not in self.given and option not in options
            for value in _values(option, said, diff)
            if (option, value) not in self.useless
        ]
        tried = [({**options, option: value}, self._tried({**options, option: value})) for option, value in values]
        if not options:
            self.useless = [value for value, (_, other) in zip(values, tried, strict=True)
                            if not other or not self._nearer(other, diff)]  # fmt: skip
        return [(each, other) for each, other in tried if other and self._nearer(other, diff)]

    def _nearer(self, other: Diff, diff: Diff) -> bool:
        rows = causes(other.differences) <= causes(self.found.differences)
        return rows and self.weight(other) < self.weight(diff)

    def _tried(self, options: Options) -> Diff | None:
        if not self.tries:
            return None
        self.tries -= 1
        try:
            return compare(self.found.a, self.report({**self.given, **options}))
        except ArchscopeError:  # these values do not go together, or not with this input
            return None


def _values(option: str, described: str, found: Diff) -> Iterator[Any]:
    """What an option can be besides its default: words by its type, numbers by what the reader's network has in their
    place, or else half and twice the default."""
    kind, _, written = described.partition(" = ")
    default = ast.literal_eval(written)
    for node in ast.walk(ast.parse(kind, mode="eval")):  # Literal['1x1', '3x3']
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != default:
            yield node.value
    if isinstance(default, bool):
        yield not default
    elif isinstance(default, int | float):
        numbers = _ratios(found, default) if option in SCALES else list(_numbers(found, default))
        if not numbers and default > 1 and option != CLASSES:
            numbers = _ratios(found, default)[-1:] or [default / 2, default * 2]
        yield from dict.fromkeys(type(default)(number) for number in numbers)


def _ratios(found: Diff, default: float) -> list[float]:
    """How the widths of both stand to each other, as often as not."""
    widths = [(words.width(a), words.width(b)) for a, b in found.pairs if a.kind in WEIGHTED and b.kind in WEIGHTED]
    ratios = [default * mine / theirs for mine, theirs in widths if mine != theirs]
    return sorted(set(ratios), key=ratios.count)[-MOST_RATIOS:]


def _numbers(found: Diff, default: float) -> Iterator[float]:
    """What the reader's network has for facts, and counts of blocks, that are the default in the reference."""
    for a, b in found.pairs:
        if a.kind == b.kind:
            facts = [(a.facts.get(name), b.facts.get(name)) for name in differing(a, b)]
            yield from (mine for mine, theirs in facts if isinstance(mine, float) and theirs == default)
    for row in found.differences:
        if row.kind == "repeats":
            counts = [int(word) for word in row.what.split() if word.isdecimal()]
            yield from counts[:1] if counts[1:] == [default] else []
