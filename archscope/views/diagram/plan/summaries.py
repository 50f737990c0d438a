"""What a closed stage holds, where its name alone does not say: `MaxPool, 3 × Bottleneck 64-64-256`."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from archscope.views.diagram.ops.names import CONTAINERS, GENERIC
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.closing import with_called
from archscope.views.diagram.plan.contents import COUNT, LONGEST_TOLD, contents, opened
from archscope.views.diagram.plan.modules import LONGEST_ALTERNATION, Modules

MOST_RUNS = 3
"""A stage of more different parts in a row only says its widths."""

MOST = 0.75
"""What holds so much of a stage tells what it is."""

MOST_MORE = 2
"""So many widths of a first block that the others do not have are told."""

WINDOW = re.compile(r"\d+(×\d+)*, (?=\d+([-·,]| →|$))")
WIDTHS = re.compile(r"-| → ")


@dataclass(frozen=True)
class Run:
    """Parts of a stage in a row that are called alike, each as its Ops: one of a layer, several of a module. What they
    hold is told where it `holds` that."""

    word: str
    parts: list[list[Op]]
    holds: bool = True

    @property
    def is_whole(self) -> bool:
        """Are they modules, rather than layers?"""
        return _is_whole(self.parts[0])

    @property
    def repeats(self) -> bool:
        return len(self.parts) > 1 and self.is_whole


def summary(modules: Modules, stage: str) -> tuple[str, ...]:
    """The parts of a stage by their classes, equal ones counted; empty where widths say more."""
    runs = _runs(modules, stage)
    if runs is None:
        return _count(modules, stage)
    several_runs = len(runs) > MOST_RUNS
    if several_runs:  # what repeats matters more than what stands between
        runs = _joined(run for run in runs if run.is_whole)
        if alternating := _alternating(runs):
            return (alternating,)
    generic = modules.kinds.get(stage) in GENERIC and not several_runs
    if len(runs) > MOST_RUNS or not (generic or any(run.repeats for run in runs)):
        return _deeper(modules, stage)
    several = any(len(run.parts) > 1 for run in runs)
    alone = not any(run.is_whole for run in runs)
    if several and alone and (widths := contents(with_called(modules.members(stage), modules.ops, ()), {})):
        return (widths,)  # of operations alone these say more than how many there are
    return _shortest(runs)


def for_count(modules: Modules, module: str) -> tuple[str, ...]:
    """The parts of a module of which else no more than a count would be said: `4 × EncoderLayer 64-64-256-64`."""
    return summary(modules, module) if COUNT.search(contents(modules.members(module), {})) else ()


def _alternating(runs: Sequence[Run]) -> str:
    """`9 × (SpatialBlock, ChannelBlock)` of modules that take turns; empty where they do not."""
    told = list(map(_counted, runs))
    for period in range(2, LONGEST_ALTERNATION + 1):
        times, more = divmod(len(told), period)
        if times > 1 and not more and told == told[:period] * times:
            return f"{times} × ({', '.join(told[:period])})"
    return ""


def _shortest(runs: Sequence[Run]) -> tuple[str, ...]:
    """The runs with what they hold, as far as there is room for it."""
    ways = (
        runs,
        [run if run.is_whole else replace(run, holds=False) for run in runs],
        [run if len(run.parts) > 1 else replace(run, holds=False) for run in runs],
        [run for run in runs if len(run.parts) > 1],
    )
    told = ([_said(run, len(way) > 1) for run in way] for way in ways)
    return tuple(next((said for said in told if _fits(said)), map(_counted, runs)))


def _fits(said: Sequence[str]) -> bool:
    return bool(said) and len(", ".join(said)) <= LONGEST_TOLD


def _deeper(modules: Modules, stage: str) -> tuple[str, ...]:
    """Of a stage with too many widths what repeats further down: `6 × EncoderLayer, 6 × DecoderLayer`."""
    members = modules.members(stage)
    if not COUNT.search(contents(members, {})):
        return ()
    paths = [stage]
    while paths := [child for path in paths for child in _parts(modules, path) if len(modules.members(child)) > 1]:
        runs = _joined([run for path in paths for run in _runs(modules, path) or () if run.repeats])
        if runs:
            held = sum(len(part) for run in runs for part in run.parts)
            said = _shortest(runs) if len(runs) <= MOST_RUNS and held >= MOST * len(opened(members)) else ()
            return said if _fits(said) else ()
    return ()


def _runs(modules: Modules, stage: str) -> list[Run] | None:
    """The parts of a stage in a row; None where nothing says what one of them is."""
    found = []
    for child in _parts(modules, stage):
        members = modules.members(child)
        if len(members) > 1:
            found.append(Run(modules.said_class(child), [members]))
        elif members[0].layers and not members[0].join:  # what joins paths, or is stored, is no part of its own
            (op,) = members
            said = modules.said_class(child) if op.name == f"{child}/" else ""
            found.append(Run(said or op.word, [list(one.members or (one,)) for one in op.each]))
    return _joined(found) if all(run.word for run in found) else None


def _parts(modules: Modules, path: str) -> Iterator[str]:
    """The children of a module, those of its containers in their place."""
    for child in modules.children.get(path, []):
        container = modules.kinds.get(child, "") in CONTAINERS and len(modules.members(child)) > 1
        yield from _parts(modules, child) if container else [child]


def _joined(runs: Iterator[Run] | Sequence[Run]) -> list[Run]:
    """Those of the same word behind each other as one."""
    alike = itertools.groupby(runs, lambda run: (run.word, run.is_whole))
    return [Run(word, [part for run in same for part in run.parts]) for (word, _), same in alike]


def _is_whole(part: Sequence[Op]) -> bool:
    return len(part) > 1


def _counted(run: Run) -> str:
    """`3 × Bottleneck`."""
    return f"{len(run.parts)} × {run.word}" if len(run.parts) > 1 else run.word


def _said(run: Run, beside: bool) -> str:
    """`3 × Bottleneck 64-64-256`; `beside` others no comma parts what one of them holds."""
    parts = [contents(part, {}) for part in run.parts] if run.holds else [""]
    held = _held(parts) if run.is_whole else _in_row(parts)
    return " ".join(filter(None, [_counted(run), held.replace(", ", " ") if beside else held]))


def _in_row(layers: Sequence[str]) -> str:
    """`3×3, 32-64` of layers in a row, whose windows are one; those of one width as it is."""
    windows = {found[0] if (found := WINDOW.match(layer)) else "" for layer in layers}
    widths = [WINDOW.sub("", layer) for layer in layers]
    shared = len(windows) == 1 and all(map(str.isdecimal, widths))
    return windows.pop() + "-".join(widths) if shared else _held(layers)


def _held(parts: Sequence[str]) -> str:
    """What each of these holds, without their windows where those differ; else `of 128`, the only width there is, or
    `of 128/256`, that of each; else what all after the first do, and what that has instead or besides."""
    windows = [found[0] if (found := WINDOW.match(part)) else "" for part in parts]
    several = {*windows[1:]} if not windows[0] else {*windows}  # a first block has the window of its shortcut too
    window = several.pop() if len(several) == 1 else ""
    bare = [WINDOW.sub("", part) for part in parts]
    first, *others = bare
    if len({*bare}) == 1:
        return window + first
    widths = [{*WIDTHS.split(part)} for part in bare]
    if all(len(own) == 1 for own in widths):
        only = [own.pop() for own in widths]
        if len({*only}) == 1:
            return f"of {only[0]}"
        if all(map(str.isdecimal, only)):
            return f"of {'/'.join(only)}"
    if len({*others}) == 1 and all(bare) and not COUNT.search(first):
        last = others[-1]
        more = _more(first.split("-"), last.split("-"))
        if first.count("-") == last.count("-"):
            return f"{window}{last}, first {first.removesuffix(last[len(last.partition(', ')[0]) :])}"
        if more and len(more) <= MOST_MORE:
            return f"{window}{last}, first with {'-'.join(more)}"
    return ""


def _more(first: Sequence[str], last: Sequence[str]) -> list[str]:
    """The widths of the first that stand between those of the last; none where it has not all of these in order."""
    left = list(last)
    more = [width for width in first if not (left and left[0] == width and left.pop(0))]
    return [] if left else more


def _count(modules: Modules, stage: str) -> tuple[str, ...]:
    """`4 modules`, where those follow each other and their widths are too many; else these say more."""
    held = contents(modules.members(stage), {})
    if held and not COUNT.search(held):
        return ()
    within = modules.modules(stage)
    series = len(within) > 1 and all(modules.follows(one, two) for one, two in itertools.pairwise(within))
    return (f"{len(within)} modules",) if series else ()
