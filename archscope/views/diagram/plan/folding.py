"""Equal neighbours are drawn once: modules in a row, pairs that alternate, operations, branches beside each other."""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from archscope.views.diagram.ops.names import joined_title, part_title, pretty, within_title
from archscope.views.diagram.ops.ops import Op, common_module, under
from archscope.views.diagram.plan.items import (
    Core,
    Item,
    Leaf,
    Panel,
    Parallel,
    Series,
    Split,
    drawn_nodes,
    is_tensor,
    ops_of,
    series_key,
)
from archscope.views.diagram.plan.structure import with_split

MANY_BRANCHES = 4
"""So many equal branches beside each other are drawn once."""

MANY_STEPS, LONG_STEP = 3, 3
"""So many equal steps of a loop, of so many operations each, are drawn once, though they are no modules."""

LONGEST_PERIOD = 24
"""Items of a sequence that repeats."""


def fold(series: Series, run: int, loose: bool = False) -> Series:
    """Equal modules that follow each other as one with its copies; equal operations where `run` or more do.

    Sequences that repeat have a frame around the first: those with a module in them, long ones, or all where
    `loose`.
    """
    for item in series:  # a panel that is like another is as that, and folded only where it is drawn itself
        like = item.like if isinstance(item, Panel) and len(series) > 1 else None
        _fold_inside(like or item, run, loose)
    if len(series) < 2:
        return series
    agreements = _agreements(_numbered(series))
    folded: Series = []
    i = 0
    while i < len(series):
        period, times = _repetition(series, agreements, i, run, loose)
        first = series[i]
        parts = [series[i + k * period : i + (k + 1) * period] for k in range(times)]
        for panel in [item for item in parts[0] if isinstance(item, Panel)]:
            _fold_inside(panel, run, loose)
        if times == 1:
            folded.append(first)
        elif period > 1:
            folded.append(_framed(parts))
        elif isinstance(first, Panel | Leaf):
            first.copies = [part[0] for part in parts[1:]]  # type: ignore[assignment]  # all of them are as the first is
            folded.append(first)
        i += period * times
    return folded


def _numbered(series: Series) -> list[int]:
    """A number for each item, equal for equal ones; what can have no copies is equal to nothing."""
    known: dict[object, int] = {}
    numbers = []
    for i, item in enumerate(series):
        single = isinstance(item, Split) or is_tensor(item)
        key = ("alone", i) if single else (type(item), item.key)
        numbers.append(known.setdefault(key, len(known)))
    return numbers


def _agreements(keys: Sequence[int]) -> list[list[int]]:
    """By period: how many items from each on are each like the one a period later."""
    found = [[0] * len(keys)]
    for period in range(1, min(LONGEST_PERIOD, len(keys) // 2) + 1):
        agree = [0] * len(keys)
        for i in range(len(keys) - period - 1, -1, -1):
            if keys[i] == keys[i + period]:
                agree[i] = agree[i + 1] + 1
        found.append(agree)
    return found


def _repetition(series: Series, agreements: Sequence[Sequence[int]], i: int, run: int, loose: bool) -> tuple[int, int]:
    """How many items from here on repeat, and how often: what saves most, the shortest first."""
    best, most = (1, 1), 0
    for period in range(1, min(LONGEST_PERIOD, (len(series) - i) // 2) + 1):
        times = agreements[period][i] // period + 1
        saved = period * (times - 1)
        if saved > most:
            loop = times >= MANY_STEPS and _is_long_step(series, agreements, i, period)
            if _may_fold(series, i, period, times, run, loose or loop):
                best, most = (period, times), saved
    return best


def _is_long_step(series: Series, agreements: Sequence[Sequence[int]], i: int, period: int) -> bool:
    """Are so many items from here on enough operations, and no repetition of something shorter?"""
    long = len(ops_of(series[i : i + period])) >= LONG_STEP
    return long and not any(period % part == 0 and agreements[part][i] >= period - part for part in range(1, period))


def _may_fold(series: Series, i: int, period: int, times: int, run: int, loose: bool) -> bool:
    part = series[i : i + period]
    parts = (series[i + k * period : i + (k + 1) * period] for k in range(times))
    if period == 1:
        (item,) = part
        if isinstance(item, Leaf):
            if item.op.join or not _keep_axes(series[i : i + times]):
                return False
            return item.op.kind == "module" or times >= run or _is_called_again(parts)
        return isinstance(item, Panel)
    ends = isinstance(part[-1], Leaf | Panel) and not _is_cut(series, i, period, times)
    return ends and (loose or any(_is_module(item) for item in part) or _is_called_again(parts))


def _keep_axes(series: Series) -> bool:
    """Has each as many axes as the others? A mean of pixels and one of frames are called alike."""
    return len({len(item.op.shape) for item in series if isinstance(item, Leaf)}) == 1


def _is_cut(series: Series, i: int, period: int, times: int) -> bool:
    """Does a sequence of several modules' begin or end within one of them?"""
    starts = range(i, i + period * times, period)
    first, *_, last = [common_module(ops_of(series[start : start + period])) for start in starts]
    beside = [(first, series[i - 1 : i]), (last, series[starts[-1] + period :][:1])]
    return first != last and any(under(op.path, module) for module, items in beside if module for op in ops_of(items))


def _is_called_again(parts: Iterable[Series]) -> bool:
    """Are these the same weights, again and again?"""
    weights = ([op.shared for op in ops_of(part)] for part in parts)
    own = next(weights)
    return any(own) and all(other == own for other in weights)


def _is_module(item: Item) -> bool:
    return isinstance(item, Panel) or (isinstance(item, Leaf) and item.op.kind == "module")


def _framed(parts: Sequence[Series]) -> Panel:
    """A frame around the first of equal sequences; its title says no more than whether the weights are the same."""
    panels = []
    title = "shared" if _is_called_again(parts) else ""
    first, within = ops_of(parts[0])[0].name, {node.path for node in drawn_nodes(parts[0]) if isinstance(node, Panel)}
    mark = "+"
    while f"{first}{mark}" in within:  # a sequence that repeats within these may begin with the same operation
        mark += "+"
    for part in parts:
        ops = ops_of(part)
        last = part[-1]
        assert isinstance(last, Leaf | Panel)
        end = (last, *last.copies)[-1].exit
        path = f"{ops[0].name}{mark}"
        panels.append(Panel(path, title, partial(with_split, part, f"{path}<"), ops, end, folded=True))
    panels[0].copies = panels[1:]
    return panels[0]


def with_titles(series: Series, around: str = "") -> Series:
    """Blocks that have numbers for names bear them where their neighbours differ: `Blocks 4 to 11`. What stands in a
    frame does not say again what that says."""
    _number(series)
    for item in series:
        if isinstance(item, Panel):
            item.title = within_title(around, item.title) if item.title != around else ""
            with_titles(item.body, item.title or around)
        elif isinstance(item, Leaf) and _is_module(item):
            item.op = replace(item.op, word=within_title(around, item.op.word))
    return series


def _number(series: Series) -> None:
    holders = [_numbered_name(item) for item in series]
    for item, (stem, number) in zip(series, holders, strict=True):
        if number is None or sum(other == stem for other, _ in holders) < 2:
            continue
        assert isinstance(item, Panel | Leaf)
        if not item.copies and str(number) in (item.title if isinstance(item, Panel) else item.op.word):
            continue  # it says its number already
        last = _numbered_name(item.copies[-1])[1] or number + len(item.copies) if item.copies else number
        word = pretty(stem.rpartition(".")[2]).removesuffix("s")
        word = word[:1].upper() + word[1:]
        title = f"{word} {number}" if last == number else f"{word}s {number} to {last}"
        if isinstance(item, Panel):
            item.title = title
        else:
            item.op = replace(item.op, word=title)


def _numbered_name(item: Item) -> tuple[str, int | None]:
    """The path of a module without its number, and that; None where its class says what it is, or it has none."""
    if isinstance(item, Panel):
        module, title = item.path, item.title
    elif isinstance(item, Leaf) and _is_module(item):
        module, title = item.op.path, item.op.word
    else:
        return "", None
    found = re.fullmatch(r"(.*?)\.?(\d+)", module)
    called = {
        part_title(module, ""),
        *(pretty(name.rpartition(".")[2]) for name in (module, found[1] if found else "")),
    }
    if not found or not found[1] or title not in called:
        return module, None
    return found[1], int(found[2])


def _fold_inside(item: Item, run: int, loose: bool) -> None:
    if isinstance(item, Panel):
        item.body, item.folded = item.body if item.folded else fold(item.body, run, loose), True
    elif isinstance(item, Parallel):
        item.branches = [fold(branch, run, loose) for branch in item.branches]
        _fold_branches(item)
    elif isinstance(item, Core):
        _fold_chains(item, run, loose)


def _fold_chains(core: Core, run: int, loose: bool) -> None:
    """What follows each other in a row among paths that cross is folded as elsewhere."""
    after: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for source, target in core.edges:
        after.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    node = {item.name: item for item in core.items}
    goes_on = {
        name: found[0] for name, found in after.items()
        if name in node and len(found) == 1 and found[0] in node and len(before[found[0]]) == 1
    }  # fmt: skip
    inside = set(goes_on.values())
    items: list[Leaf | Panel] = []
    edges: list[tuple[str, str]] = []
    begin: dict[str, str] = {}  # of a chain: what stands first in it now, by what did
    end: dict[str, str] = {}  # and last
    for name in [name for name in node if name not in inside]:
        chain = [node[name]]
        while chain[-1].name in goes_on:
            chain.append(node[goes_on[chain[-1].name]])
        last = chain[-1].name
        folded = [item for item in fold([*chain], run, loose) if isinstance(item, Leaf | Panel)]
        edges += itertools.pairwise([item.name for item in folded])
        items += folded
        begin[name], end[last] = folded[0].name, folded[-1].name
    edges += [
        (end.get(source, source), begin.get(target, target))
        for source, target in core.edges if goes_on.get(source) != target
    ]  # fmt: skip
    core.items, core.edges = items, edges


def _fold_branches(parallel: Parallel) -> None:
    """Many equal branches beside each other as one with its copies, such as the 32 paths of a ResNeXt block."""
    keys = [series_key(branch) for branch in parallel.branches]
    kept: list[Series] = []
    copies: dict[int, list[Series]] = {}
    i = 0
    while i < len(keys):
        j = i + 1
        while j < len(keys) and keys[j] == keys[i]:
            j += 1
        if j - i >= MANY_BRANCHES and keys[i]:
            copies[len(kept)] = parallel.branches[i + 1 : j]
            kept.append(parallel.branches[i])
        else:
            kept += parallel.branches[i:j]
        i = j
    parallel.branches, parallel.copies = kept, copies


def alike(series: Series) -> dict[str, list[Op]]:
    """The equal Ops, itself first, that the box of each Op stands for, in a series that was folded."""
    found: dict[str, list[Op]] = {}
    for item in series:
        if isinstance(item, Leaf):
            found[item.name] = [leaf.op for leaf in (item, *item.copies)]
        elif isinstance(item, Panel):
            found |= _in_copies(alike(item.body), item.ops, [copy.ops for copy in item.copies])
        elif isinstance(item, Parallel):
            for i, branch in enumerate(item.branches):
                copies = [ops_of(copy) for copy in item.copies.get(i, ())]
                found |= _in_copies(alike(branch), ops_of(branch), copies)
        elif isinstance(item, Core):
            found |= alike(list(item.items))
    return found


def _in_copies(found: dict[str, list[Op]], own: Sequence[Op], copies: Sequence[Sequence[Op]]) -> dict[str, list[Op]]:
    """The same with the Ops that stand in the copies where each Op stands in what is drawn."""
    if not copies:
        return found
    place = {op.name: i for i, op in enumerate(_each(own))}
    every = [_each(copy) for copy in copies]
    return {name: [*ops, *(copy[place[op.name]] for copy in every for op in ops)] for name, ops in found.items()}


def _each(ops: Iterable[Op]) -> list[Op]:
    """What a step that stands for several stands for is in no list of Ops beside it."""
    return [one for op in ops for one in op.each]


def merged_panel(item: Item) -> Item:
    """A frame right around another is one frame, with the outer one's title."""
    if not isinstance(item, Panel):
        return item
    item.body = [merged_panel(inner) for inner in item.body]
    if len(item.body) > 1 or item.copies:
        return item
    (only,) = item.body
    if isinstance(only, Panel):
        only.title = joined_title(item.title, only.title)
        return only
    if isinstance(only, Leaf) and only.op.kind == "module":
        only.op = replace(only.op, word=joined_title(item.title, only.op.word))
        return only
    return item
