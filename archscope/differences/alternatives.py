"""Options of the reference with which fewer differences are left: the reader's network may be a variant. No torch."""

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archscope.differences import Alternative, Diff, causes, compare, words
from archscope.differences.facts import differing
from archscope.differences.steps import WEIGHTED
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.networks import SCALES

MOST_TRIED = 12
"""Combinations of values that are compared: a second or two for the networks of the catalogue."""

MOST_RATIOS = 2
CLASSES = "num_classes"
"""The option that a fact always tells where it differs."""

Options = Mapping[str, Any]


def alternative(
    found: Diff, described: Mapping[str, str], given: Options, report: Callable[[Options], Report]
) -> Alternative | None:
    """The options that leave the fewest differences; None where none leaves fewer.

    `described` are the reference's options with their types and defaults, `given` those that are set already; `report`
    measures it with others. Each value is tried alone; those that help are then put together, the best first.
    """
    left = causes(found.differences)
    tries = iter(range(MOST_TRIED))

    def tried(options: Options) -> int:
        if next(tries, None) is None:
            return left
        try:
            return causes(compare(found.a, report({**given, **options})).differences)
        except ArchscopeError:  # these values do not go together, or not with this input
            return left

    best: dict[str, tuple[int, Any]] = {}
    for option, described_ in described.items():
        for value in _values(option, described_, found) if option not in given else ():
            rows = tried({option: value})
            if rows < best.get(option, (left, None))[0]:
                best[option] = rows, value
    chosen: dict[str, Any] = {}
    for option, (alone, value) in sorted(best.items(), key=lambda item: item[1][0]):
        rows = tried({**chosen, option: value}) if chosen else alone
        if rows < left:
            chosen, left = {**chosen, option: value}, rows
    return Alternative(chosen, left) if chosen else None


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
            numbers = [default / 2, default * 2]
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
