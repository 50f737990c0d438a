"""Steps that repeat though other paths run beside them: loops over one input, decoders that all read one memory.

Where equal modules follow each other, folding.py draws them once with a frame. A step that reads besides something
from before the loop, or gives something to what comes after it, is no frame with one way in and out: it is one box.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import eq

from archscope.model.graph import Output
from archscope.views.diagram.ops.names import part_title
from archscope.views.diagram.ops.ops import Op, Ops, common_module, in_order, is_acyclic, relative, under
from archscope.views.diagram.ops.rewrites import SPAN
from archscope.views.diagram.plan.contents import contents, in_words, opened
from archscope.views.diagram.plan.modules import Modules

LONGEST_STEP = 128
"""Operations of a step: RAFT's iteration has 81."""

FEWEST_SAVED = 6
"""So few boxes less are not worth to hide what is in a step."""

FEWEST_READ = 3
"""So many steps of which each is read by one and the same are a box with its count."""

MOST_FAILED = 2000
"""Runs that are tried and are no steps. Of skips within skips each two stretches are one, whatever they read."""

READS_TWO, BESIDE = "reads the last two", "beside each other"
"""How steps hang together, where that is not one after the other."""


@dataclass(frozen=True)
class Run:
    """`times` equal steps of `length` Ops from `start` on, in execution order; so many more Ops go on alike."""

    start: int
    length: int
    times: int
    more: int = 0

    @property
    def saved(self) -> int:
        return self.length * self.times - 1

    def steps(self, ops: Sequence[Op]) -> list[Sequence[Op]]:
        at = [self.start + i * self.length for i in range(self.times + 1)]
        return [ops[a:b] for a, b in itertools.pairwise(at)]


def with_steps(ops: Sequence[Op], kinds: Mapping[str, str], within: bool = True) -> list[Op]:
    """The Ops with every run of equal steps as one box that knows its copies, the run that saves most first. `within`:
    also those within a module, which may have a frame instead."""
    collapsing, failed = Collapsing(ops), 0

    def is_asked(steps: Sequence[Sequence[Op]]) -> bool:
        return within or not any(map(common_module, steps[:2]))  # one of them may begin before the module

    worth = [run for run in _runs(ops) if _is_worth(run, ops)]
    for run in sorted(worth, key=lambda run: (-run.saved, run.length)):
        if failed == MOST_FAILED:
            break
        starts = ops[run.start : run.start + run.more + 1]
        if not any(op.name in collapsing.by_name for op in starts) or not is_asked(run.steps(ops)):
            continue  # before its steps are aligned, which takes longer
        steps = _aligned(run, ops).steps(ops)
        if steps[0][0].name in collapsing.by_name and is_asked(steps):
            failed += not collapsing.collapse(steps, kinds)
    return in_order(collapsing.ops)


def _is_worth(run: Run, ops: Sequence[Op]) -> bool:
    """Modules that are closed already, or steps of enough Ops that are no row of such modules: those have a frame."""
    step = ops[run.start : run.start + run.length]
    are_closed = all(op.kind == "module" for op in step)
    in_row = are_closed and all(two.inputs == (one.name,) for one, two in itertools.pairwise(step))
    return run.length == 1 if in_row else run.saved >= FEWEST_SAVED


def _aligned(run: Run, ops: Sequence[Op]) -> Run:
    """The run so that each of its steps is a module of its own, where it goes on for long enough."""
    for start in range(run.start, run.start + run.more + 1):
        moved = replace(run, start=start, more=0)
        modules = [common_module(step) for step in moved.steps(ops)[:2]]
        if all(modules) and len({len(module) for module in modules}) == 1 and modules[0] != modules[1]:
            return moved
    return run


def with_memory(ops: list[Op], kinds: Mapping[str, str], given: Sequence[Output] = ()) -> list[Op]:
    """The Ops with equal modules in a row as one box where all read one tensor besides, as a decoder its memory, or
    what stands between them does, or the last two of them, as the cells of a NASNet, or where each gives results of the
    network, `given`, or something to one that reads all of them, as the skips of a WaveNet."""
    results = {output.layer for output in given}
    modules = Modules(ops, kinds)
    every = Ops(ops)
    known, read = every.by_name, every.readers
    current = _with_calls(ops, kinds, read)
    collapsing = Collapsing(current)
    for children in list(modules.children.values()):
        for _, same in itertools.groupby(
            [child for child in children if len(modules.members(child)) > 1], modules.look
        ):
            alike = list(same)
            steps = [modules.members(child) for child in alike]
            if len(steps) < 2:
                continue
            reader = _one_reader(steps, read)
            if not (_hang_together(steps) or reader or all(_gives(step, results) for step in steps)):
                steps = _with_between(steps, alike, modules)
            told = [f"each to {known[reader].word}"] if reader else []
            if steps and collapsing.collapse(steps, kinds, alike[: len(steps)], told):
                if is_acyclic(made := collapsing.ops):
                    current = made
                else:
                    collapsing = Collapsing(current)
    return current if current is ops else in_order(current)


def _with_calls(ops: list[Op], kinds: Mapping[str, str], readers: Mapping[str, Sequence[str]]) -> list[Op]:
    """The Ops with the calls of one layer, each of which reads the last one, as one box: nothing in it is hidden."""
    calls: dict[str, list[Op]] = {}
    for op in ops:
        if op.shared and op.kind != "module":
            calls.setdefault(op.shared, []).append(op)
    collapsing = Collapsing(ops)
    done = False
    for called in calls.values():
        steps = [[op] for op in called]
        alike = len(steps) >= FEWEST_READ and len({op.key for op in called}) == 1
        if alike and (_hang_together(steps) or _one_reader(steps, readers)):
            done |= collapsing.collapse(steps, kinds)
    return collapsing.ops if done else ops


def _with_between(steps: Sequence[list[Op]], paths: Sequence[str], modules: Modules) -> list[list[Op]]:
    """The steps with what leads from each to the next, such as a sum with one tensor, where they hang together so;
    without the last where nothing like that follows it. Nothing where they do not."""
    tails = [modules.between(*pair) for pair in itertools.pairwise(paths)]
    tails.append(modules.following(paths[-1], len(tails[0])))
    longer = [[*step, *tail] for step, tail in zip(steps, tails, strict=True)]
    if relative(longer[-1]) != relative(longer[0]):
        longer.pop()
    alike = len(longer) > 1 and all(tails[:-1]) and len({relative(step) for step in longer}) == 1
    return longer if alike and _hang_together(longer) else []


def _hang_together(steps: Sequence[Sequence[Op]]) -> bool:
    """Does each step read the one before it, and besides the same as the first does, in the same places, or the one
    before that? Of two alone, none has two before it."""
    made = [{op.name for op in step} for step in steps]
    read = [_from_outside(step, own) for step, own in zip(steps, made, strict=True)]
    return _have_memory(made, read) or (len(steps) > 2 and _read_two(made, read))


def _have_memory(made: Sequence[set[str]], read: Sequence[Sequence[str]]) -> bool:
    """What the first step is given beside the memory may be the memory too."""
    memory = set(read[1]) - made[0]
    kept = [source in memory and source for source in read[1]]
    begins = len(kept) == len(read[0]) and all(one in {False, first} for one, first in zip(kept, read[0], strict=True))
    return bool(memory) and begins and all(
        [source in memory and source for source in outside] == kept
        and before.issuperset(carried := [source for source in outside if source not in memory]) and carried
        for outside, before in zip(read[1:], made, strict=False)
    )  # fmt: skip


def _read_two(made: Sequence[set[str]], read: Sequence[Sequence[str]]) -> bool:
    earlier = [set(read[0]), *made]
    return all(
        not two.isdisjoint(outside) and not before.isdisjoint(outside) and (two | before).issuperset(outside)
        for two, before, outside in zip(earlier, made, read[1:], strict=False)
    )


def _one_reader(steps: Sequence[Sequence[Op]], readers: Mapping[str, Sequence[str]]) -> str:
    """The one that reads each of these steps at one place, where they only follow each other else; empty for other
    steps, and for few."""
    if len(steps) < FEWEST_READ:
        return ""
    made = [{op.name for op in step} for step in steps]
    follow = all(before.issuperset(_from_outside(step, own))
                 for before, step, own in zip(made, steps[1:], made[1:], strict=False))  # fmt: skip
    if not follow:
        return ""
    given = {
        (place, reader)
        for step, own, after in zip(steps, made, [*made[1:], set[str]()], strict=True)
        for place, op in enumerate(step)
        for reader in readers[op.name] if reader not in own and reader not in after
    }  # fmt: skip
    if len(given) != 1:
        return ""
    ((place, reader),) = given
    return reader if all(reader in readers[step[place].name] for step in steps) else ""


def _gives(step: Sequence[Op], results: set[str]) -> bool:
    """Does it make one of these?"""
    return any(not results.isdisjoint(op.layers) for op in step)


def _from_outside(step: Sequence[Op], own: set[str]) -> list[str]:
    return [source for op in step for source in op.inputs if source not in own]


def _runs(ops: Sequence[Op]) -> Iterator[Run]:
    """Runs by the length of their step: an Op is as the one a step further on, in label and in what it reads."""
    place = {op.name: i for i, op in enumerate(ops)}
    key: dict[object, int] = {}
    numbers = [key.setdefault(op.key if op.kind != "tensor" else op.name, len(key)) for op in ops]
    for length in range(1, min(LONGEST_STEP, len(ops) // 2) + 1):
        start = 0
        for alike, stretch in itertools.groupby(map(eq, numbers, numbers[length:])):
            end = start + len(list(stretch))
            if alike and end - start >= length:  # else it is no two steps
                yield from _runs_within(start, end, length, ops, place)
            start = end


def _runs_within(start: int, end: int, length: int, ops: Sequence[Op], place: Mapping[str, int]) -> Iterator[Run]:
    """Runs where each Op from `start` to `end` has the label of the one a step further on."""
    first = start
    for i in range(start, end + 1):
        if i < end and _reads_alike(ops[i], ops[i + length], place, length):
            continue
        before = max(first - length, start)  # a step that reads what was there before the loop
        for begin in dict.fromkeys((first, before)):
            times, more = divmod(i - begin + length, length)
            if times > 1:
                yield Run(begin, length, times, more)
        first = i + 1


def _reads_alike(one: Op, two: Op, place: Mapping[str, int], length: int) -> bool:
    """Each input is the same tensor, or one that stands as far back in both."""
    return len(one.inputs) == len(two.inputs) and all(
        a == b or (a in place and b in place and place[b] - place[a] == length)
        for a, b in zip(one.inputs, two.inputs, strict=True)
    )


class Collapsing:
    """Ops in execution order of which runs of equal steps become one; a run costs its own Ops and what reads them."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self.by_name = {op.name: op for op in ops}
        self.place = {op.name: i for i, op in enumerate(ops)}
        self.readers: dict[str, set[str]] = {}
        for op in ops:
            self._reads(op)

    @property
    def ops(self) -> list[Op]:
        return sorted(self.by_name.values(), key=lambda op: self.place[op.name])

    def collapse(
        self, steps: Sequence[Sequence[Op]], kinds: Mapping[str, str], paths: Sequence[str] = (),
        told: Sequence[str] = (),
    ) -> bool:  # fmt: skip
        """Make these steps, of the modules `paths` where each is one, one Op, which says besides what is `told`; False
        where they are no walk or one of them is hidden already. Steps in a row, in execution order, make no cycle: all
        else is before or after them."""
        known = self.by_name
        if any(op.name not in known or known[op.name].copies != op.copies for step in steps for op in step):
            return False
        steps = [[known[op.name] for op in step] for step in steps]  # what they read may be collapsed by now
        if not _may_follow(*steps[:2]):
            return False
        wholes = [_as_step(step, kinds, path) for step, path in zip(steps, paths or [""] * len(steps), strict=True)]
        new = {op.name: whole.name for step, whole in zip(steps, wholes, strict=True) for op in step}
        copies = tuple(_reading(whole, new) for whole in wholes[1:])
        made = replace(wholes[0], copies=copies)
        beside = are_beside(made)
        if not (beside or is_walk(made)):
            return False
        if made.name not in known:  # what it holds is told here, since most runs that are tried are none
            held = contents(steps[0], known) if made.path else in_words(steps[0], kinds)
            then = [op.word for op in steps[0] if paths and not under(op.path, paths[0])]
            made = replace(made, facts=tuple(filter(None, [held, f"then {' '.join(then)}" if then else ""])))
        reads_two = any(before.name in step.inputs for before, step in zip(made.each, copies[1:], strict=False))
        spans = dict.fromkeys(fact for op in steps[0] for fact in op.facts if SPAN in fact)
        made = replace(made, facts=(*made.facts, *spans, *[BESIDE] * beside, *[READS_TWO] * reads_two, *told))
        self._put(made, steps)
        return True

    def _put(self, made: Op, steps: Sequence[Sequence[Op]]) -> None:
        """The Op that the steps became, where the last of them ends; what reads one of them reads it."""
        members = {op.name: made.name for step in steps for op in step}
        readers = set().union(*(self.readers.get(name, ()) for name in members))
        self.place[made.name] = self.place[steps[-1][-1].name]
        for name in members:
            del self.by_name[name]
        for op in [made, *(_reading(self.by_name[name], members) for name in readers & self.by_name.keys())]:
            self.by_name[op.name] = op
            self._reads(op)

    def _reads(self, op: Op) -> None:
        for source in [source for one in op.each for source in one.inputs]:
            self.readers.setdefault(source, set()).add(op.name)


def _reading(op: Op, new: Mapping[str, str]) -> Op:
    """The Op, and each of its copies, reading what has become of its sources."""
    inputs = tuple(dict.fromkeys(new.get(source, source) for source in op.inputs))
    return replace(op, inputs=inputs, copies=tuple(_reading(one, new) for one in op.copies))


def _may_follow(one: Sequence[Op], two: Sequence[Op]) -> bool:
    """Does the second step read no more than what the first one makes or reads? If not, they are no steps: most that
    are tried are none, and to make Ops of them takes long."""
    known = {op.name for op in (*one, *two)}.union(*(op.inputs for op in one))
    return all(known.issuperset(op.inputs) for op in two)


def is_walk(op: Op) -> bool:
    """Does each step read the one before it, and else what the first one reads, or the one before that?"""
    earlier = (None, *op.each)
    return all(
        before.name in step.inputs and {*op.inputs, two.name if two else ""} >= {*step.inputs} - {before.name}
        for two, before, step in zip(earlier, op.each, op.copies, strict=False)
    )


def are_beside(op: Op) -> bool:
    """Does each step read what the first one reads, and none another step? So are classes each looked at apart."""
    return all(set(step.inputs) == set(op.inputs) for step in op.copies)


def _as_step(members: Sequence[Op], kinds: Mapping[str, str], path: str = "") -> Op:
    """A step as one Op, of the module `path` where it is one, what it holds not told; a module that is closed already,
    or one call of a layer that is called again, stays as it is."""
    if len(members) == 1 and (members[0].kind == "module" or members[0].shared):
        return members[0]
    names = {op.name for op in members}
    inputs = tuple(dict.fromkeys(source for op in members for source in op.inputs if source not in names))
    layers = tuple(name for op in members for one in op.each for name in one.layers)
    read = Ops(members).readers
    last = next((op for op in reversed(members) if not read[op.name]), members[-1])
    module = path or common_module(members)
    title = part_title(module, kinds.get(module, "")) if module else "Step"
    path = path or module
    return Op(f"{members[0].name}/step", "module", title, path, layers, inputs, last.shape,
              inner=relative(members), channels=last.channels, members=tuple(opened(members)))  # fmt: skip
