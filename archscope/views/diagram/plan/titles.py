"""What the forms of printed modules are called, and each row of their numbers."""

import itertools
import re
from collections.abc import Sequence
from typing import Any

from archscope.views.diagram.ops.names import family, part_title, pretty, stage_title
from archscope.views.diagram.plan.apart import character
from archscope.views.diagram.plan.forms import STRIDE, Form, without_number
from archscope.views.diagram.plan.modules import Modules

COUNTED = re.compile(r"(concat|block|layer|unit|module)?\d*")
"""Names that say no more than a number does."""

MOST_NAMES = 3


def named(modules: Modules, found: list[Form]) -> list[Form]:
    """The forms with titles that tell them apart, and labels of their rows."""
    for form in found:
        form.title = form.kind = _title(modules, form.paths)
    _tell_apart(modules, found)
    for form in found:
        _label_rows(form)
    return found


def _title(modules: Modules, paths: Sequence[str]) -> str:
    """The class, or the name, of one module; of several what their names have in common."""
    kinds = {modules.said_class(path) for path in paths}
    if all(kinds):
        return kinds.pop() if len(kinds) == 1 else without_number(kinds.pop())
    path = paths[0]
    titles = {part_title(one, modules.kinds.get(one, "")) for one in paths}
    only = titles.pop() if len(titles) == 1 else ""
    own = len(paths) == 1 and only == pretty(path.rpartition(".")[2])
    if only and (own or not only[-1:].isdigit()):
        return only  # the number of a stage is no name of what it holds
    word = family(path, "Sequential")
    return pretty(word)[:1].upper() + pretty(word)[1:]


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
