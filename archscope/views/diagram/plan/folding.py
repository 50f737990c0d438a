"""Equal neighbours are drawn once: modules in a row, operations in a row, branches beside each other."""

from collections.abc import Sequence

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.structure import Core, Item, Leaf, Panel, Parallel, Series, ops_of, series_key

MANY_BRANCHES = 4
"""So many equal branches beside each other are drawn once."""


def fold(series: Series, run: int) -> Series:
    """Equal modules that follow each other as one with its copies; equal operations where `run` or more do."""
    for item in series:
        _fold_inside(item, run)
    folded: Series = []
    i = 0
    while i < len(series):
        end = i + 1
        while end < len(series) and _alike(series[i], series[end]):
            end += 1
        first = series[i]
        is_module = isinstance(first, Panel) or (isinstance(first, Leaf) and first.op.kind == "module")
        if isinstance(first, Panel | Leaf) and (is_module or end - i >= run):
            first.copies = series[i + 1 : end]  # type: ignore[assignment]  # all of them are as the first is
            folded.append(first)
        else:
            folded += series[i:end]
        i = end
    return folded


def _alike(one: Item, two: Item) -> bool:
    if isinstance(one, Leaf) and (one.op.kind == "tensor" or one.op.join):
        return False
    return isinstance(one, Leaf | Panel) and type(one) is type(two) and one.key == two.key


def _fold_inside(item: Item, run: int) -> None:
    if isinstance(item, Panel):
        item.body = fold(item.body, run)
    elif isinstance(item, Parallel):
        item.branches = [fold(branch, run) for branch in item.branches]
        _fold_branches(item)
    elif isinstance(item, Core):
        for node in item.items:
            _fold_inside(node, run)


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
    place = {op.name: i for i, op in enumerate(own)}
    return {
        name: [*ops, *(copy[place[op.name]] for copy in copies for op in ops)] if copies else ops
        for name, ops in found.items()
    }  # fmt: skip
