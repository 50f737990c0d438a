"""Printed modules of one form, which differ in numbers alone: letters for what differs, a row for each set of them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archscope.views.diagram.ops.ops import Op, relative
from archscope.views.diagram.plan.modules import Modules

NUMBER = re.compile(r"\d+(?:\.\d+)?")
STRIDE = re.compile(r"s(\d+(?:×\d+)*)|stride [a-z]")

LETTERS = {"width": "abcdefhijlmnopqruvwyz", "kernel": "kq", "stride": "st", "number": "gx"}
"""What stands for numbers that differ, by what is counted."""


@dataclass
class Numbers:
    """Modules of one form with the same numbers, `within` those that others hold which are printed too. `counted`: its
    label is no more than their places among them. `names`: what each is called where the label says that."""

    values: tuple[str, ...]
    paths: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)
    label: str = ""
    counted: bool = False
    names: list[str] = field(default_factory=list)


@dataclass
class Form:
    """Modules that differ in nothing but numbers. `ops` are the first one's, `letters` in place of what differs; of
    one that is called again with the same weights those of one call, the others are in `again`. `title`, and `kind`,
    which is its title before it was told apart from others, are given by `titles.named`."""

    path: str
    ops: list[Op]
    rows: list[Numbers]
    letters: list[str] = field(default_factory=list)
    again: list[list[Op]] = field(default_factory=list)
    title: str = ""
    kind: str = ""

    @property
    def paths(self) -> list[str]:
        return [path for row in self.rows for path in row.paths]

    @property
    def count(self) -> int:
        return sum(len(row.paths) + len(row.within) for row in self.rows)


def form_key(modules: Modules, path: str) -> Any:
    """Equal for modules that differ in nothing but numbers, one at the end of their class too; windows count where the
    class does not say what it is, or has a number."""
    said = modules.said_class(path)
    kind = without_number(said)
    place: dict[str, int] = {}
    told = []
    for number, op in enumerate(modules.members(path)):
        sources = tuple([number - place[source] if source in place else 0 for source in op.inputs])
        kernel = bool(op.kernel) if kind and kind == said else op.kernel
        facts = tuple([NUMBER.sub("#", fact) for fact in op.facts if not STRIDE.fullmatch(fact)])
        told.append((op.kind, op.word, op.join, kernel, facts, sources))
        place[op.name] = number
    return kind, tuple(told)


def without_number(kind: str) -> str:
    return kind.rstrip("0123456789")


def forms(modules: Modules, paths: Sequence[str]) -> list[Form]:
    """The distinct forms of these modules, each with its rows of numbers."""
    groups: dict[Any, list[str]] = {}
    for path in paths:
        groups.setdefault(form_key(modules, path), []).append(path)
    within: dict[Any, list[str]] = {key: [] for key in groups}
    for path in _inner(modules, paths):
        if (key := form_key(modules, path)) in within:
            within[key].append(path)
    return [_form(modules, group, within[key]) for key, group in groups.items()]


def _inner(modules: Modules, paths: Iterable[str]) -> Iterator[str]:
    """The modules that these hold, at every depth; what holds a single one is no more than that with a shortcut, and
    drawn instead of it."""
    for path in paths:
        inner = modules.modules(path)
        yield from inner if len(inner) > 1 else ()
        yield from _inner(modules, inner)


def _form(modules: Modules, paths: Sequence[str], within: Sequence[str]) -> Form:
    members = _without_rates([modules.members(path) for path in (*paths, *within)])
    slots = [list(_slots(ops)) for ops in members]
    columns = [tuple(slot[i][1] for slot in slots) for i in range(len(slots[0]))]
    varying = {column: "" for column in dict.fromkeys(columns) if len(set(column)) > 1}
    left = {kind: list(letters) for kind, letters in LETTERS.items()}
    for (kind, _), column in zip(slots[0], columns, strict=True):
        if column in varying and not varying[column]:
            pool = left[kind] or left["width"] or ["?"]
            varying[column] = pool.pop(0)
    rows: dict[tuple[str, ...], Numbers] = {}
    for i, path in enumerate((*paths, *within)):
        values = tuple(column[i] for column in varying)
        row = rows.setdefault(values, Numbers(values))
        (row.paths if i < len(paths) else row.within).append(path)
    letters = [varying.get(column, "") for column in columns]
    lettered = {op.name: op for op in _lettered(members[0], letters)}
    shown, again = _usual([[lettered[op.name] for op in call] for call in modules.calls(paths[0])])
    return Form(paths[0], shown, list(rows.values()), list(varying.values()), again)


def _usual(calls: list[list[Op]]) -> tuple[list[Op], list[list[Op]]]:
    """The first call that is as most are, and the others; all together where none is like another. The first call of a
    loop may read a constant for what later ones remember."""
    looks = [relative(call) for call in calls]
    usual = max(looks, key=looks.count)
    if looks.count(usual) < min(len(calls), 2):
        return [op for call in calls for op in call], []
    at = looks.index(usual)
    return calls[at], calls[:at] + calls[at + 1 :]


def _without_rates(members: list[list[Op]]) -> list[list[Op]]:
    """The Ops without rates of dropout where these rise from module to module: no table of a paper has them."""
    rates = {tuple(op.facts for op in ops if op.word == "Dropout") for ops in members}
    if len(rates) == 1:
        return members
    return [[replace(op, facts=()) if op.word == "Dropout" else op for op in ops] for ops in members]


def _slots(ops: Sequence[Op]) -> Iterator[tuple[str, str]]:
    """Every number of these Ops, and what it counts."""
    for op in ops:
        if op.kernel:
            yield "kernel", op.kernel
        if op.kernel:
            yield "stride", next((fact[1:] for fact in op.facts if STRIDE.fullmatch(fact)), "1")
        for fact in op.facts:
            if not STRIDE.fullmatch(fact):
                kind = "width" if fact.isdecimal() else "number"
                yield from ((kind, number) for number in NUMBER.findall(fact))


def _lettered(ops: Sequence[Op], letters: Sequence[str]) -> list[Op]:
    """The Ops with letters for the numbers that differ, in the order of `_slots`."""
    following = iter(letters)
    made = []
    for op in ops:
        kernel, stride = (next(following), next(following)) if op.kernel else ("", "")
        facts = []
        for fact in op.facts:
            if STRIDE.fullmatch(fact):
                facts.append(f"stride {stride}" if stride else fact)
            else:
                facts.append(NUMBER.sub(lambda number: next(following) or number[0], fact))
        if stride and not any(STRIDE.fullmatch(fact) for fact in op.facts):
            facts.insert(1 if facts and op.facts[0].isdecimal() else 0, f"stride {stride}")
        made.append(replace(op, kernel=kernel or op.kernel, facts=tuple(facts)))
    return made


def form_of(found: Sequence[Form]) -> Mapping[str, tuple[Form, Numbers]]:
    """The form and row of each module, by its path."""
    return {path: (form, row) for form in found for row in form.rows for path in row.paths}
