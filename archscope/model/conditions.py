"""What a reader asks of numbers: `params<10M and top1>75`. Plain data, no torch."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.units import parse_number
from archscope.registry import canonical, unknown

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
TERM = re.compile(r"\s*(\w+)\s*(<=|>=|!=|<|>|==?)\s*(\S.*?)\s*")


@dataclass(frozen=True)
class Condition:
    """One comparison of a field with a number, or with a word."""

    field: str
    sign: str
    value: float | str

    def holds(self, values: Mapping[str, Any]) -> bool:
        """What is not known meets no condition."""
        found = values[self.field]
        if found is None:
            return False
        if isinstance(found, str):
            return OPERATORS[self.sign](canonical(found), self.value)
        return OPERATORS[self.sign](found, self.value)


@dataclass(frozen=True)
class Conditions:
    """Conditions that hold where all of one group do."""

    groups: tuple[tuple[Condition, ...], ...]

    def hold(self, values: Mapping[str, Any]) -> bool:
        return any(all(condition.holds(values) for condition in group) for group in self.groups)


def parse_conditions(text: str, numbers: Iterable[str], words: Iterable[str]) -> Conditions:
    """Comparisons joined by `and` and `or`, of which `and` binds closer. Raises ArchscopeError.

    `numbers` and `words` are the fields that there are, by what they hold; of words only = and != can be asked.
    """
    known = (*numbers, *words)
    groups = re.split(r"\bor\b", text)
    return Conditions(
        tuple(
            tuple(_condition(term, text, known, set(words)) for term in re.split(r"\band\b|,|&+", group))
            for group in groups
        )
    )


def _condition(term: str, text: str, known: tuple[str, ...], words: set[str]) -> Condition:
    found = TERM.fullmatch(term)
    if found is None:
        right = "write comparisons such as params<10M and top1>75, joined by and, or; no brackets"
        raise ArchscopeError(f"'{text}': {right}")
    field, sign, value = canonical(found[1]), found[2].replace("==", "="), found[3].strip("'\"")
    if field not in known:
        raise unknown("field", found[1], known)
    if field not in words:
        return Condition(field, sign, parse_number(value, f"{term.strip()}: "))
    if sign not in {"=", "!="}:
        raise ArchscopeError(f"{term.strip()}: {field} is a word, which = and != compare")
    return Condition(field, sign, canonical(value))
