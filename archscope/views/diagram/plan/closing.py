"""Modules, or any Ops in a row, as one box each, as far as no path runs in a circle then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from archscope.model.graph import Shape
from archscope.views.diagram.ops.ops import Op, Ops, in_order, is_acyclic, merged, relative, under
from archscope.views.diagram.plan.contents import contents, opened
from archscope.views.diagram.plan.modules import Modules


def closed(ops: Sequence[Op], boxes: Iterable[tuple[str, str, tuple[str, ...]]]) -> list[Op]:
    """The Ops with each of these modules as one; those that would make a cycle stay open."""
    boxes = list(boxes)
    modules = Modules(ops, {})
    known = Ops(ops)
    wholes: dict[str, Op] = {}
    for path, title, facts in boxes:
        members = modules.members(path)
        if len(members) > 1:
            whole = _as_one(members, path, title, facts, known.by_name, known.readers)
            wholes |= dict.fromkeys([op.name for op in members], whole)
    every = merged(known, wholes)
    if is_acyclic(every):
        return in_order(every)
    return _closed_apart(ops, boxes, modules, known.by_name)


def _closed_apart(
    ops: Sequence[Op], boxes: Sequence[tuple[str, str, tuple[str, ...]]], modules: Modules, by_name: Mapping[str, Op]
) -> list[Op]:
    """The same one after the other: each module whole, else each call of one that is called again; that too where it is
    called as often as others with which it takes turns: all are called in the steps of one loop, or in a circle."""
    current, known = list(ops), dict(by_name)
    calls = {path: modules.calls(path) for path, _, _ in boxes}
    once = [path for path, parts in calls.items() if len(parts) == 1]
    again: dict[int, list[Sequence[Op]]] = {}
    for path in [path for path in calls if not any(path != other and under(path, other) for other in calls)]:
        again.setdefault(len(calls[path]), []).append(modules.members(path))
    steps = {count for count, called in again.items() if count > 1 and _take_turns(called, ops)}
    for path, title, facts in boxes:
        at = [i for i, op in enumerate(current) if op.kind != "tensor" and under(op.path, path)]
        if not at:
            continue
        before, stretch, after = current[: at[0]], current[at[0] : at[-1] + 1], current[at[-1] + 1 :]
        members = [current[i] for i in at]
        if path in once:
            ways = [[with_called(members, stretch, [other for other in once if other != path])]]
        else:
            now = {op.name: op for op in members}  # what they read may be closed by now
            ways = [[members]] * (len(calls[path]) not in steps) + [
                [[now[op.name] for op in part if op.name in now] for part in calls[path]]
            ]
        readers = Ops([*stretch, *after]).readers
        for parts in ways:
            wholes: dict[str, Op] = {}
            for part in [part for part in parts if len(part) > 1]:
                name = f"{path}/{part[0].name if len(parts) > 1 else ''}"
                held = facts if len(parts) == 1 else ()  # else they are of all calls together
                whole = replace(_as_one(part, path, title, held, known, readers), name=name)
                wholes |= dict.fromkeys([op.name for op in part], whole)
            tried = merged(stretch, wholes)
            if is_acyclic(tried):  # no path that leaves the stretch comes back to it
                current = [*merged(before, wholes), *in_order(tried), *merged(after, wholes)]
                known |= {whole.name: whole for whole in wholes.values()}
                break
    return current


def _take_turns(modules: Iterable[Sequence[Op]], ops: Sequence[Op]) -> bool:
    """Does a path run in a circle where each of these modules is one box of all its calls?"""
    wholes: dict[str, Op] = {}
    for members in modules:
        names = [op.name for op in members]
        sources = {source for op in members for source in op.inputs}.difference(names)
        wholes |= dict.fromkeys(names, replace(members[0], inputs=tuple(sources), copies=()))
    return not is_acyclic(merged(ops, wholes))


def with_called(members: list[Op], ops: Sequence[Op], others: Sequence[str]) -> list[Op]:
    """The members and what they call of elsewhere: a shared module stands where it was made first. What belongs to one
    of the `others` they do not call, nor what puts together all that was made so far."""
    names = {op.name for op in members}
    after = set(names)
    for op in ops:
        if not after.isdisjoint(op.inputs):
            after.add(op.name)
    before = set(names)
    for op in reversed(ops):
        if op.name in before:
            before.update(op.inputs)
    between = after & before
    called = [op for op in ops if op.name in between and op.name not in names]
    joined = {op.name for op in called if op.join == "cat"}
    grows = any(op.name in joined and not joined.isdisjoint(op.inputs) for op in called)
    if grows or len(called) >= len(members) or any(_is_of(op, others) for op in called):
        return members
    return [op for op in ops if op.name in between]


def _is_of(op: Op, paths: Sequence[str]) -> bool:
    """Is it, or what a step of a loop holds, of one of these modules?"""
    return op.kind == "tensor" or any(under(one.path, path) for one in (op, *op.members) for path in paths)


def closed_groups(ops: Sequence[Op], groups: Iterable[tuple[Sequence[Op], str, str, str]]) -> list[Op]:
    """The Ops with each of these groups, which has a module, a title and what it holds, as one; those that would make a
    cycle stay open."""
    current = list(ops)
    for group, module, title, held in groups:
        known = Ops(current)
        now = known.by_name
        members = [now[op.name] for op in group if op.name in now]  # a step of a loop knows its copies
        name, facts = f"{group[0].name}..{group[-1].name}", tuple(filter(None, [held]))
        whole = replace(_as_one(members, name, title, facts, now, known.readers), path=module)
        tried = merged(known, dict.fromkeys([op.name for op in members], whole))
        current = in_order(tried) if is_acyclic(tried) else current
    return current


def _as_one(
    members: Sequence[Op], path: str, title: str, facts: tuple[str, ...], sources: Mapping[str, Op],
    readers: Mapping[str, Sequence[str]],
) -> Op:  # fmt: skip
    """The members as one; its shape is what is read of it elsewhere, the last of several, not what comes to nothing
    after that."""
    names = {op.name for op in members}
    inputs = tuple(dict.fromkeys(source for op in members for source in op.inputs if source not in names))
    layers = tuple(name for op in members for one in op.each for name in one.layers)
    given = [op for op in members if not names.issuperset(readers[op.name])]
    results = tuple(_given(op, path) for op in given or members[-1:])
    shape, channels = results[-1]
    facts = facts or tuple(filter(None, [contents(members, sources)]))
    return Op(
        f"{path}/",
        "module",
        title,
        path,
        layers,
        inputs,
        shape,
        facts=facts,
        inner=relative(members),
        channels=channels,
        members=tuple(opened(members)),
        results=results,
    )


def _given(last: Op, path: str) -> tuple[Shape, int | None]:
    """What a module gives, and its axis of channels: where it makes an image of tokens again, that."""
    images = [
        (shape, axis) for name, shape, axis in last.views
        if under(name, path) and axis is not None and len(shape) > len(last.shape)
    ]  # fmt: skip
    return images[-1] if images else (last.shape, last.channels)
