"""Which modules papers print beside a network's schema: what repeats, or is too large for the schema, one by one."""

import itertools
from collections.abc import Iterable, Sequence

from archscope.model.tree import LISTS
from archscope.views.diagram.ops.names import GENERIC, family
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.forms import form_key
from archscope.views.diagram.plan.modules import Modules

LARGE_MODULE = 28
"""Boxes of a panel; a module of more operations is opened where it can be, rather than printed whole."""

NO_FIGURE = 60
"""A module of more is opened whatever it holds, unless it is one of several alike: no figure has room for it."""

SHORT_CHAIN = 9
"""A module of so few operations in a row is drawn in the schema itself."""


def unit_paths(modules: Modules, large: int = LARGE_MODULE) -> list[str]:
    """The modules to print, in execution order: what repeats, or stands beside its like, not what holds those.

    One of more operations than `large` is opened where it can be, rather than printed whole.
    """
    found: list[str] = []
    waiting = modules.modules(modules.root)
    while waiting:
        repeated = modules.repeated(waiting)
        kind = {path: family(path, modules.kinds.get(path, "")) for path in waiting}
        blocks = {kind[path] for path in waiting if _is_block(modules, path)}  # the strided ones have no shortcut
        opened = {
            kind[path] for path in waiting
            if _is_opened(modules, path, large, path in repeated, kind[path] in blocks)
        }  # fmt: skip
        deeper: list[str] = []
        for path in waiting:
            if kind[path] in opened and modules.modules(path):
                deeper += modules.modules(path)
            else:
                found.append(path)
        waiting = deeper
    place = {op.name: i for i, op in enumerate(modules.ops)}
    several = {kind for kind, paths in _by_class(modules, found).items() if len(paths) > 1}
    kept = [
        path for path in found
        if not (_is_short(modules, path) or _is_bare_in_list(modules, path)) or modules.kinds.get(path) in several
    ]  # fmt: skip
    return sorted(kept, key=lambda path: place[modules.members(path)[0].name])


def _is_opened(modules: Modules, path: str, large: int, repeated: bool, block: bool) -> bool:
    """Is it a stage, whose parts follow each other and are alike, or too large to be a figure?"""
    every = modules.modules(path)
    parts = [part for part in every if not is_bare(modules, part)]
    if modules.kinds.get(path) in LISTS:
        return bool(every)
    if not parts:
        return False
    pairs = list(itertools.pairwise(parts))
    in_series = 2 * sum(modules.follows(one, two) for one, two in pairs) > len(pairs)  # few do among branches of a cell
    kinds = [modules.said_class(part) for part in parts]
    alike = len(set(filter(None, kinds))) < len([kind for kind in kinds if kind])
    keys = [form_key(modules, part) for part in parts]
    if in_series and (alike or len(set(keys)) < len(keys)) and not block:
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


def _is_bare_in_list(modules: Modules, path: str) -> bool:
    """A step of a loop, the sums of which stand around it."""
    return is_bare(modules, path) and modules.kinds.get(path.rpartition(".")[0]) in LISTS


def is_short_row(ops: Sequence[Op]) -> bool:
    """Are these a few operations in a row?"""
    return len(ops) <= SHORT_CHAIN and not any(op.join for op in ops)


def _is_short(modules: Modules, path: str) -> bool:
    return modules.is_chain(path) and len(modules.members(path)) <= SHORT_CHAIN


def _by_class(modules: Modules, paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        kind = modules.kinds.get(path, "")
        if kind and kind not in GENERIC:
            found.setdefault(kind, []).append(path)
    return found
