"""Blocks in a row that differ in the dilation of their windows alone, as those of a WaveNet: they are drawn once, and
the box says the dilations of all that it stands for."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from archscope.views.diagram.ops.ops import Op, relative
from archscope.views.diagram.plan.contents import LONGEST_TOLD
from archscope.views.diagram.plan.folding import alike
from archscope.views.diagram.plan.items import Series, drawn_leaves
from archscope.views.diagram.plan.modules import Modules

FEWEST = 3
"""So many blocks make a row."""

MOST_TOLD, FIRST_TOLD = 5, 3
"""So many dilations are told one by one; of more, each twice the one before it, so many and the last."""

VARYING = re.compile(r"(dilation|pad) (\d+)")


def with_dilations(ops: list[Op], kinds: Mapping[str, str]) -> list[Op]:
    """The Ops with what differs in such rows taken out of their facts, so that the blocks are alike."""
    if not any(fact.startswith("dilation ") for op in ops for fact in op.facts):
        return ops
    modules = Modules(ops, kinds)
    found: dict[str, Op] = {}
    for children in modules.children.values():
        blocks = [child for child in children if len(modules.members(child)) > 1]
        for _, same in itertools.groupby(blocks, lambda path: _form(modules.members(path))):
            row = list(same)
            if len(row) >= FEWEST and all(itertools.starmap(modules.follows, itertools.pairwise(row))):
                places = list(zip(*map(modules.members, row), strict=True))
                varying = [place for place in places if len({op.facts for op in place}) > 1]
                if varying and all(map(_can_be_told, varying)):
                    found |= {op.name: _marked(op, place, varying) for place in places for op in place}
    return [found.get(op.name, op) for op in ops]


def with_own_dilations(series: Series) -> None:
    """Boxes of a folded series say the dilations of all that they stand for, those of an operation its padding too."""
    leaves = [leaf for leaf in drawn_leaves(series) if any(op.dilated for op in _held([leaf.op]))]
    every = alike(series) if leaves else {}
    for leaf in leaves:
        if leaf.op.kind == "module" and any(_is_wide(op) and not op.dilated for op in _held([leaf.op])):
            continue  # what is said would be of some of its windows alone
        places: dict[str, list[Sequence[str]]] = {}
        for op in _held(every[leaf.name]):
            if op.dilated:
                places.setdefault(op.dilated[0], []).append(op.dilated[1:])
        words = ("dilation",) if leaf.op.kind == "module" else ("dilation", "pad")
        told = [_told(facts, word) for facts in places.values() for word in words]
        held = 1 if leaf.op.kind == "module" else len(leaf.op.facts)  # then how the steps of a module hang together
        facts = (*leaf.op.facts[:held], *dict.fromkeys(filter(None, told)), *leaf.op.facts[held:])
        if leaf.op.kind != "module" or len(", ".join(facts)) <= LONGEST_TOLD:
            leaf.op = replace(leaf.op, facts=facts)


def _held(ops: Iterable[Op]) -> Iterable[Op]:
    """Each operation in these once: the steps of a loop are known to the first of them too."""
    return {held.name: held for op in ops for one in op.each for held in one.members or (one,)}.values()


def _form(members: Sequence[Op]) -> Any:
    """Equal for blocks that are alike but for dilations."""
    return relative([_without(op, "") for op in members])


def _marked(op: Op, place: Sequence[Op], varying: Sequence[Sequence[Op]]) -> Op:
    return _without(op, place[0].name) if place in varying else replace(op, dilated=(place[0].name,))


def _is_wide(op: Op) -> bool:
    return op.kind in {"conv", "depthwise"} and any(size != "1" for size in op.kernel.split("×"))


def _without(op: Op, place: str) -> Op:
    """The Op with what may vary apart from its facts, and its place in the row."""
    varying = tuple(fact for fact in op.facts if VARYING.fullmatch(fact))
    return replace(op, facts=tuple(fact for fact in op.facts if fact not in varying), dilated=(place, *varying))


def _can_be_told(place: Sequence[Op]) -> bool:
    """May one line say it all? Not where only some are padded, nor of one dilation or of many without a rule."""
    varying = [_without(op, "").dilated for op in place]
    padded = {any(fact.startswith("pad ") for fact in facts) for facts in varying}
    dilations = _numbers(varying, "dilation")
    return len(padded) == 1 < len({*dilations}) and bool(_in_short(dilations))


def _told(varying: Sequence[Sequence[str]], word: str) -> str:
    """`dilation 1, 2, 4 … 128`; nothing where no window has any."""
    numbers = _numbers(varying, word)
    if not any(fact.startswith(word) for facts in varying for fact in facts):
        return ""
    return f"{word} {_in_short(numbers) or f'{min(numbers)} to {max(numbers)}'}"


def _numbers(varying: Sequence[Sequence[str]], word: str) -> list[int]:
    """The number of each behind this word; a window without one has the dilation 1."""
    every = [dict(fact.split(" ") for fact in facts if fact) for facts in varying]
    return [int(facts.get(word, 1)) for facts in every]


def _in_short(numbers: Sequence[int]) -> str:
    """All of them, what comes again told once; nothing of many without a rule."""
    count = len(numbers)
    period = next(i for i in range(1, count + 1) if count % i == 0 and [*numbers[:i]] * (count // i) == [*numbers])
    once = numbers[:period]
    doubles = all(two == 2 * one for one, two in itertools.pairwise(once))
    few = len(once) <= MOST_TOLD
    said = ", ".join(map(str, once if few else once[:FIRST_TOLD])) if few or doubles else ""
    said += "" if few or not said else f" … {once[-1]}"
    return f"{count // period} × ({said})" if said and period not in {1, count} else said
