"""What only one network has: layers and blocks that are missing or extra, or others in their place. No torch."""

from collections.abc import Iterable, Iterator

from archscope.differences import words
from archscope.differences.alignment import Gap
from archscope.differences.changes import Change, Changes, in_training, joins
from archscope.differences.repeats import Repeat, module_of, parts, repeat_of
from archscope.differences.steps import Step


def collect(changes: Changes) -> None:
    for gap, other in _replaced(changes):
        _instead(changes, gap, other)
    by_heads = changes.split_by_heads()
    for gap in changes.gaps:
        if all(id(step) in by_heads for step in gap.steps):
            continue
        for part in [gap] if _repeat(changes, gap) else parts(gap):
            _gap(changes, part)


def _replaced(changes: Changes) -> Iterator[tuple[Gap, Gap]]:
    """Gaps of both sides at one place: a few layers without weights stand where the reference has others."""
    short = [gap for gap in changes.gaps if _is_short(gap)]
    theirs = {(id(gap.series), place, gap.place): gap for gap in short if gap.of_b for place in (gap.start, gap.end)}
    taken: set[int] = set()
    for gap in [gap for gap in short if not gap.of_b]:
        for place in (gap.start, gap.end):
            other = theirs.get((id(gap.other), gap.place, place))
            if other and id(other) not in taken and not _repeat(changes, gap) and not _repeat(changes, other):
                taken.add(id(other))
                yield gap, other
                break


def _is_short(gap: Gap) -> bool:
    steps = gap.steps
    plain = not any(step.params or joins(step) for step in steps) and not words.is_gate(steps)
    return len(steps) <= words.MOST_LISTED and plain and not in_training(steps)


def _instead(changes: Changes, a: Gap, b: Gap) -> None:
    changes.gaps = [gap for gap in changes.gaps if gap is not a and gap is not b]
    what = f"{words.listed(a.steps, words.noun)} instead of {words.listed(b.steps, words.noun)}"
    macs = _sum("macs", b.steps) - _sum("macs", a.steps)
    changes.add(Change("operation", what, tuple(a.steps), tuple(b.steps), b.steps[0].place, 0, macs, ("kind", what)))


def _gap(changes: Changes, gap: Gap) -> None:
    steps = tuple(gap.steps)
    a, b = ((), steps) if gap.of_b else (steps, ())
    place = steps[0].place if gap.of_b else changes.at[id(steps[0])]
    params, macs = (_sum(name, b) - _sum(name, a) for name in ("params", "macs"))
    change = Change("missing" if gap.of_b else "extra", "", a, b, place, params, macs)
    change.training = in_training(steps)
    change.repeat = _repeat(changes, gap)
    shared = _of_shared(changes, gap, change.repeat)
    if shared:
        change.kind, change.what, change.group, change.repeat = "sharing", shared.what, shared.group, None
    elif change.repeat:
        change.kind, change.what = "repeats", change.repeat.said(change.repeat.lost)
        change.general, change.group = change.repeat.general, (change.repeat.name, gap.of_b)
    elif len(gap.items) == 1 and joins(gap.items[0].step):
        change.what = change.group = words.shortcut(steps, gap.of_b)
    elif len(steps) == 1 and steps[0].kind == "part":  # the first of several results is taken without a step
        taken = 0, int(steps[0].facts["of"])
        change.kind, change.what = "facts", words.other_output(steps[0], *(taken if gap.of_b else taken[::-1]))
        change.group = change.what
    else:
        module = module_of(steps, changes.held[gap.of_b])
        change.what = words.lone(steps, change.kind, module, words.sized)
        change.general = words.lone(steps, change.kind, module, words.noun)
        change.group = tuple((step.kind, step.facts.get("kernel_size")) for step in steps)
    changes.add(change)


def _of_shared(changes: Changes, gap: Gap, repeat: Repeat | None) -> Change | None:
    """Of a block that the reference has once more, where the reader calls one block again and again: one row."""
    if repeat is None or not gap.of_b:
        return None
    around = gap.series[max(2 * gap.start - gap.end, 0) : gap.end + 1]
    beside = [step for item in around for step in item.steps]
    found = next((change for step in beside for change in changes.of_pair(step) if change.calls), None)
    if found is None or found.calls is None:
        return None
    calls, own = found.calls
    what = f"{calls} calls of one block, {found.block}, where the reference has {own + repeat.lost} blocks"
    for change in changes.found:
        if change.group == found.group:
            change.what = what
    return found


def _repeat(changes: Changes, gap: Gap) -> Repeat | None:
    return repeat_of(gap, changes.graphs[gap.of_b].blocks, changes.held[gap.of_b])


def _sum(name: str, steps: Iterable[Step]) -> int:
    return sum(getattr(step, name) for step in steps)
