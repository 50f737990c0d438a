"""The modules that papers print beside a network's schema: which those are, which have one form, what differs."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archscope.model.tree import LISTS
from archscope.views.diagram.ops.names import GENERIC, family, part_title, pretty, stage_title
from archscope.views.diagram.ops.ops import Op, relative
from archscope.views.diagram.plan.apart import character
from archscope.views.diagram.plan.levels import CONTAINERS
from archscope.views.diagram.plan.modules import Modules

LARGE_MODULE = 22
"""Operations of a module that is opened where it can be, rather than printed whole."""

NO_FIGURE = 60
"""A module of more is opened whatever it holds, unless it is one of several alike: no figure has room for it."""

SHORT_CHAIN = 9
"""A module of so few operations in a row is drawn in the schema itself."""

NUMBER = re.compile(r"\d+(?:\.\d+)?")
STRIDE = re.compile(r"s(\d+(?:×\d+)*)|stride [a-z]")

COUNTED = re.compile(r"(concat|block|layer|unit|module)?\d*")
"""Names that say no more than a number does."""

MOST_NAMES = 3
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
    one that is called again with the same weights those of one call, the others are in `again`. `kind`: its title
    before it was told apart from others."""

    title: str
    path: str
    ops: list[Op]
    rows: list[Numbers]
    letters: list[str] = field(default_factory=list)
    again: list[list[Op]] = field(default_factory=list)
    kind: str = ""

    @property
    def paths(self) -> list[str]:
        return [path for row in self.rows for path in row.paths]

    @property
    def count(self) -> int:
        return sum(len(row.paths) + len(row.within) for row in self.rows)


# ---- which modules ----------------------------------------------------------------------------------------


def unit_paths(modules: Modules, large: int = LARGE_MODULE) -> list[str]:
    """The modules to print, in execution order: what repeats, or stands beside its like, not what holds those.

    One of more operations than `large` is opened where it can be, rather than printed whole.
    """
    found: list[str] = []
    waiting = modules.modules(modules.root)
    while waiting:
        repeated = modules.repeated(waiting)
        opened = {
            family(path, modules.kinds.get(path, ""))
            for path in waiting if _is_opened(modules, path, large, path in repeated)
        }  # fmt: skip
        deeper: list[str] = []
        for path in waiting:
            if family(path, modules.kinds.get(path, "")) in opened and modules.modules(path):
                deeper += modules.modules(path)
            else:
                found.append(path)
        waiting = deeper
    place = {op.name: i for i, op in enumerate(modules.ops)}
    several = {kind for kind, paths in _by_class(modules, found).items() if len(paths) > 1}
    kept = [path for path in found if not _is_short(modules, path) or modules.kinds.get(path) in several]
    return sorted(kept, key=lambda path: place[modules.members(path)[0].name])


def _is_opened(modules: Modules, path: str, large: int, repeated: bool) -> bool:
    """Is it a stage, whose parts follow each other and are alike, or too large to be a figure?"""
    every = modules.modules(path)
    parts = [part for part in every if not is_bare(modules, part)]
    if not parts or modules.kinds.get(path) in LISTS:
        return bool(parts)
    pairs = list(itertools.pairwise(parts))
    in_series = 2 * sum(modules.follows(one, two) for one, two in pairs) > len(pairs)  # few do among branches of a cell
    kinds = [modules.said_class(part) for part in parts]
    alike = len(set(filter(None, kinds))) < len([kind for kind in kinds if kind])
    keys = [form_key(modules, part) for part in parts]
    if in_series and (alike or len(set(keys)) < len(keys)) and not _is_block(modules, path):
        return True
    count = len(modules.members(path))
    if count > large and (in_series or len(every) == 1):
        return True
    return not repeated and count > max(large, NO_FIGURE) < len(modules.calls(path)[0])


def _is_block(modules: Modules, path: str) -> bool:
    """Does a shortcut of its own lead around its parts? Papers draw such a one with them."""
    members = modules.members(path)
    return members[-1].join == "add" and members[-1].path.rpartition(".")[0] == path


def is_bare(modules: Modules, path: str) -> bool:
    """Is it a list of single operations?"""
    return modules.kinds.get(path) in LISTS and not modules.modules(path)


def _is_short(modules: Modules, path: str) -> bool:
    return modules.is_chain(path) and len(modules.members(path)) <= SHORT_CHAIN


def _by_class(modules: Modules, paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        kind = modules.kinds.get(path, "")
        if kind and kind not in GENERIC | CONTAINERS:
            found.setdefault(kind, []).append(path)
    return found


# ---- which are of one form --------------------------------------------------------------------------------


def form_key(modules: Modules, path: str) -> Any:
    """Equal for modules that differ in nothing but numbers, one at the end of their class too; windows count where the
    class does not say what it is, or has a number."""
    said = modules.said_class(path)
    kind = _without_number(said)
    place: dict[str, int] = {}
    told = []
    for number, op in enumerate(modules.members(path)):
        sources = tuple([number - place[source] if source in place else 0 for source in op.inputs])
        kernel = bool(op.kernel) if kind and kind == said else op.kernel
        facts = tuple([NUMBER.sub("#", fact) for fact in op.facts if not STRIDE.fullmatch(fact)])
        told.append((op.kind, op.word, op.join, kernel, facts, sources))
        place[op.name] = number
    return kind, tuple(told)


def forms(modules: Modules, paths: Sequence[str]) -> list[Form]:
    """The distinct forms of these modules, each with its rows of numbers."""
    groups: dict[Any, list[str]] = {}
    for path in paths:
        groups.setdefault(form_key(modules, path), []).append(path)
    within: dict[Any, list[str]] = {key: [] for key in groups}
    for path in _inner(modules, paths):
        if (key := form_key(modules, path)) in within:
            within[key].append(path)
    found = [_form(modules, group, within[key]) for key, group in groups.items()]
    _tell_apart(modules, found)
    for form in found:
        _label_rows(form)
    return found


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
    title = _title(modules, paths)
    return Form(title, paths[0], shown, list(rows.values()), list(varying.values()), again, title)


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


# ---- what they are called ---------------------------------------------------------------------------------


def _title(modules: Modules, paths: Sequence[str]) -> str:
    """The class, or the name, of one module; of several what their names have in common."""
    kinds = {modules.said_class(path) for path in paths}
    if all(kinds):
        return kinds.pop() if len(kinds) == 1 else _without_number(kinds.pop())
    path = paths[0]
    titles = {part_title(one, modules.kinds.get(one, "")) for one in paths}
    if len(titles) == 1:
        only = titles.pop()
        return only if not only[-1:].isdigit() or len(paths) == 1 else pretty(family(path, "Sequential"))
    word = family(path, "Sequential")
    return pretty(word)[:1].upper() + pretty(word)[1:]


def _without_number(kind: str) -> str:
    return kind.rstrip("0123456789")


def _tell_apart(modules: Modules, found: Sequence[Form]) -> None:
    """Forms of one title say what they do at their joins, or else their number, and their stride where that differs."""
    by_title: dict[str, list[Form]] = {}
    for form in found:
        by_title.setdefault(form.title, []).append(form)
    for title, same in by_title.items():
        if len(same) == 1:
            continue
        said = [character(form.ops) for form in same]
        own = [f"{title}, {word}" if word and said.count(word) == 1 else "" for word in said]
        strides = [_only({_stride(modules, path) for path in form.paths}) for form in same]
        several = len({stride for stride, told in zip(strides, own, strict=True) if not told}) > 1
        numbers = itertools.count(1)
        for form, told, stride in zip(same, own, strides, strict=True):
            strided = f", stride {stride}" if several and stride > 1 else ""
            form.title = told or f"{title} {next(numbers)}{strided}"


def _only(strides: set[int]) -> int:
    """That of all, else 1: a table says those that differ."""
    return strides.pop() if len(strides) == 1 else 1


def _stride(modules: Modules, path: str) -> int:
    """How often a module's strided windows make an image, or a signal, smaller, in each axis alike; else 1."""
    members = modules.members(path)
    own, last = members[-1].spatial, members[-1].channels
    strided = any(STRIDE.fullmatch(fact) for op in members for fact in op.facts)
    if not strided or not own or (len(own) == 1 and last != 0):  # how many tokens there are is no size
        return 1
    names = {op.name for op in members}
    read = {source for op in members for source in op.inputs if source not in names}
    before = [op.spatial for op in modules.ops if op.name in read and len(op.spatial) == len(own)]
    ratios = {round(size / made) for size, made in zip(before[-1], own, strict=True)} if before else set()
    return ratios.pop() if len(ratios) == 1 else 1


def _label_rows(form: Form) -> None:
    """A word for each row: the stage that holds its modules, their own name, or their number along the network."""
    if len(form.rows) < 2:
        return
    every = [[*row.paths, *row.within] for row in form.rows]
    stages = [stage_title(stage, "") if (stage := _common(paths)) else "" for paths in every]
    names = [path.rpartition(".")[2] for paths in every for path in paths]
    start = _shared_start(names)
    counted = len(set(names)) < len(names) or any(COUNTED.fullmatch(name) for name in names)
    order = {path: i for i, path in enumerate(sorted(itertools.chain(*every), key=_natural), 1)}
    for row, paths, stage in zip(form.rows, every, stages, strict=True):
        if all(stages) and len(set(stages)) == len(stages):
            row.label = stage
        elif not counted and len(paths) <= MOST_NAMES:
            row.names = [path.rpartition(".")[2][start:].lstrip("_") for path in paths]
            row.label = ", ".join(row.names)
        else:
            row.label, row.counted = _ranges(sorted(order[path] for path in paths)), True


def _shared_start(names: Sequence[str]) -> int:
    """Letters of the words, parted by _, with which all these names begin."""
    words = [name.split("_")[:-1] for name in names]
    same = itertools.takewhile(lambda one: len(set(one)) == 1, zip(*words, strict=False))
    return len("_".join(one[0] for one in same))


def _common(paths: Sequence[str]) -> str:
    """The module that holds them all; empty where that is none, or the network."""
    holders = {path.rpartition(".")[0] for path in paths}
    return holders.pop() if len(holders) == 1 else ""


def _natural(path: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path)]


def _ranges(numbers: Sequence[int]) -> str:
    """`1, 4 to 6`."""
    said, run = [], [numbers[0], numbers[0]]
    for number in [*numbers[1:], 0]:
        if number == run[1] + 1:
            run[1] = number
            continue
        said.append(str(run[0]) if run[0] == run[1] else f"{run[0]} to {run[1]}")
        run = [number, number]
    return ", ".join(said)


def form_of(found: Sequence[Form]) -> Mapping[str, tuple[Form, Numbers]]:
    """The form and row of each module, by its path."""
    return {path: (form, row) for form in found for row in form.rows for path in row.paths}
