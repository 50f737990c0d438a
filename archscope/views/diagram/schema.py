"""What stands on a plate: the network's schema, a box a module, and the modules that may have a panel beside it."""

from collections import Counter
from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from archscope.cached import cached_property
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.panel import Opened, Placed
from archscope.views.diagram.place.paper import MOST_BOXES
from archscope.views.diagram.place.picture import Piece
from archscope.views.diagram.plan.closing import closed
from archscope.views.diagram.plan.forms import Form, Numbers, form_of, forms
from archscope.views.diagram.plan.levels import Plan, network_plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.printed import LARGE_MODULE, is_bare, unit_paths
from archscope.views.diagram.plan.repeats import BESIDE, READS_TWO, with_steps
from archscope.views.diagram.plan.shrunk import FEWEST_BETWEEN, boxes, is_loose, without_loose
from archscope.views.diagram.plan.smaller import smaller_plans
from archscope.views.diagram.plan.titles import named
from archscope.views.diagram.sketch import View

LARGE_MODULES = (LARGE_MODULE, 60, 400)
"""Operations of a module that is too large to have a panel, the first number with which the schema is small enough."""

MOST_SCHEMAS, MOST_TOGETHER = 4, 3
"""So many schemas are tried, and so many more with results together."""

SMALLER = 0.7
"""A smaller schema has no more than this share of the boxes of the one before."""

SMALL_MODULE = 6
"""Operations of a module that is told with what stands around it, where there is room for few panels."""

ONE_BY_ONE = 0.75
"""So many of the boxes that steps hide are drawn where too few of these are equal ones in a frame."""

FEW_LETTERS = 2
"""So many numbers of a module stand in the schema itself."""


@dataclass(frozen=True)
class Parts:
    """What a plate is composed of: the schema's Ops, the forms, the network's own Ops; `panels` placed so far, by the
    path of their form, how many boxes they may have and how often they are set closer; `opened` what these hold, by
    the first; `closest`: ways to place the schema as close as it is ever set."""

    schema: list[Op]
    forms: list[Form]
    ops: Sequence[Op]
    kinds: Mapping[str, str]
    panels: dict[tuple[str, int, int], Placed] = field(default_factory=dict)
    opened: dict[str, Opened] = field(default_factory=dict)
    closest: Sequence[Piece] = ()

    @cached_property
    def held(self) -> dict[str, list[Form]]:
        """For each box of the schema the forms of the modules that it is or holds, one for each of these."""
        modules = Modules(self.ops, self.kinds)
        box = {member.name: op.name for op in self.schema for member in op.members}
        found: dict[str, list[Form]] = {}
        for form in self.forms:
            for path in form.paths:
                boxes = {box.get(op.name, "") for op in modules.calls(path)[0]}  # any further call is as this one
                if len(boxes) == 1 and (name := boxes.pop()):
                    found.setdefault(name, []).append(form)
        return found


def schemas(ops: Sequence[Op], kinds: Mapping[str, str], view: View) -> Iterator[tuple[Parts, View]]:
    """The schema with each module as one Op, and the forms of those that could be closed so; then with steps of loops
    closed, which have no panel; then smaller schemas, also with all results of a box together; at last that of the
    network level. Each with how it is seen."""
    modules = Modules(ops, kinds, view.block)
    open_loops, *coarser = (_closed(modules, ops, large) for large in LARGE_MODULES)
    finest, *coarser = (_with_steps(parts) for parts in (open_loops, *coarser))
    tried = (open_loops, finest, *coarser) if _folds(open_loops, finest, view) else (finest, *coarser)
    few = [parts for parts in tried if _count(parts, view) <= MOST_BOXES]
    together = replace(view, together=True)
    yield from ((parts, view) for parts in islice(chain(few, _smaller(finest, view)), MOST_SCHEMAS))
    yield from ((parts, together) for parts in islice(_smaller(finest, together, 1), MOST_TOGETHER))
    yield from ((parts, together) for parts in islice(_smaller(finest, together, SMALL_MODULE), MOST_TOGETHER))
    loops = network_plan(with_steps(ops, kinds, within=False), kinds)
    yield _standing(replace(finest, schema=view.smallest(loops, kinds).plan.ops)), view


def _closed(modules: Modules, ops: Sequence[Op], large: int) -> Parts:
    """The schema with modules of at most so many operations as one Op each, where they can be."""
    kinds = modules.kinds
    found = named(modules, forms(modules, unit_paths(modules, large)))
    schema = closed(ops, [(path, form.title, ()) for form in found for path in form.paths])
    return _standing(Parts(schema, found, ops, kinds))


def _with_steps(parts: Parts) -> Parts:
    return _standing(replace(parts, schema=with_steps(parts.schema, parts.kinds)))


def _folds(loops: Parts, closer: Parts, view: View) -> bool:
    """Are most of the steps that are closed in the second drawn once in the first too, rather than one by one?"""
    hidden = len(loops.schema) - len(closer.schema)
    steps = {op.name for op in closer.schema}.difference(op.name for op in loops.schema)  # not modules in a row
    return bool(steps) and _count(loops, view) - _count(closer, view) < ONE_BY_ONE * hidden


def _standing(parts: Parts) -> Parts:
    """The same without forms of which no module stands in the schema, or within a box of it; and without those that
    are no figure: a list of operations, or one operation, which a module that is called again may be."""
    modules = Modules(parts.ops, parts.kinds)
    held = [form for within in parts.held.values() for form in within]
    figures = [form for form in parts.forms if len(form.ops) > 1 and not is_bare(modules, form.path)]
    return replace(parts, forms=[form for form in figures if form in held])


def _count(parts: Parts, view: View) -> int:
    """How many boxes the schema has."""
    return boxes(view.sketch(Plan(as_printed(parts, parts.forms, apart=False), every=True)).series)


def _smaller(parts: Parts, view: View, small: int = 0) -> Iterator[Parts]:
    """The parts with ever smaller schemas: operations between modules are one box, also those of modules of at most
    `small`; then modules are closed further."""
    most = MOST_BOXES
    whole = Plan(parts.schema, every=True)
    plan = whole
    for closer in smaller_plans(whole, parts.kinds, view.block):
        plan = without_loose(closer, parts.kinds, FEWEST_BETWEEN, small)
        smaller = _standing(replace(parts, schema=plan.ops))
        if _is_schema(smaller) and (count := _count(smaller, view)) <= most:
            yield smaller
            most = int(count * SMALLER)
    smallest = _standing(replace(parts, schema=view.smallest(plan, parts.kinds).plan.ops))
    if _is_schema(smallest):
        yield smallest


def _is_schema(parts: Parts) -> bool:
    """Has no box of no module most of the network in it, from modules? Such a one tells nothing."""
    held = [sum(not is_loose(inner, parts.kinds) for inner in op.members) for op in parts.schema if not op.path]
    return 2 * max(held, default=0) <= len(parts.ops)


def as_printed(parts: Parts, kept: Sequence[Form], apart: bool) -> list[Op]:
    """The schema where these forms have a panel; a module of another says what it holds."""
    known = form_of(kept)
    row = {f"{path}/": numbers for path, (_, numbers) in known.items()}
    after = [(op.inputs[0], op.name) for op in parts.schema if len(op.inputs) == 1]
    folded = {name for pair in after if row.get(pair[0]) is row.get(pair[1]) for name in pair}
    holding = [_holding(op, parts.held.get(op.name, ()), kept) for op in parts.schema]
    told = [_told(op, *known[op.path], apart, folded) if op.name in row else op for op in holding]
    return _with_own_titles(told, known)


def _with_own_titles(schema: Sequence[Op], known: Mapping[str, tuple[Form, Numbers]]) -> list[Op]:
    """A box that would be called as a panel is, and is none of its modules, is numbered on."""
    count = {form.title: 1 for form, _ in known.values()}
    number: dict[Hashable, int] = {}
    for op in schema:
        if op.kind == "module" and op.word in count and op.path not in known and (op.word, op.inner) not in number:
            count[op.word] += 1
            number[op.word, op.inner] = count[op.word]
    return [
        replace(op, word=f"{op.word} {number[op.word, op.inner]}")
        if op.path not in known and (op.word, op.inner) in number else op
        for op in schema
    ]  # fmt: skip


def _holding(op: Op, forms: Sequence[Form], kept: Sequence[Form]) -> Op:
    """A box that holds modules, some kind of which has a panel, says how many, and of which panel where these have
    numbers: `Bottleneck, 3 × Bottleneck 2`."""
    shown = {form.kind for form in kept}
    # A step has the path of the module that it begins with.
    inner = [form for form in forms if op.path not in form.paths or op.word != form.title]
    within = [form for form in inner if form.kind in shown]
    counts = Counter(form.title.partition(",")[0] if form in kept else form.kind for form in within)
    said = [f"{count} × {title}" if count > 1 else title for title, count in counts.items()]
    return replace(op, facts=(", ".join(said), *_walking(op))) if said else op


def _told(op: Op, form: Form, row: Numbers, apart: bool, folded: Container[str]) -> Op:
    """A closed module says which of its form it is; where that is but a count, its numbers, if they are few, and
    nothing where it need not be told apart. Those that are `folded` say alike."""
    if not form.letters or (row.counted and not apart):
        return replace(op, facts=_walking(op), inner=form.title)
    few = row.counted and len(form.letters) <= FEW_LETTERS
    told = [f"{letter} = {value}" for letter, value in zip(form.letters, row.values, strict=True)]
    names = {} if op.name in folded else dict(zip(row.paths, row.names, strict=False))
    said = told if few else [names.get(op.path, row.label)]
    return replace(op, facts=tuple(filter(None, [*said, *_walking(op)])))


def _walking(op: Op) -> tuple[str, ...]:
    """How the steps of a box hang together."""
    return tuple([fact for fact in op.facts if fact in (READS_TWO, BESIDE)])
