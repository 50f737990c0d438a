"""Ever larger plans of one picture: what was closed together is opened again, where there is room for it."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from archscope.views.diagram.ops.names import family, within_title
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.closing import closed
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.smaller import box_title
from archscope.views.diagram.plan.structure import entering_of

WORTH = 0.05
"""Sisters that hold so much of the network are worth to be opened."""


def largest_closed(plan: Plan, kinds: Mapping[str, str], tried: Container[str]) -> tuple[str, list[str]] | None:
    """The family of closed modules that would show most, and these; None where all that are worth it are `tried`."""
    modules = Modules(plan.whole, kinds)
    sisters: dict[str, list[str]] = {}
    for path in _standing(plan):
        sisters.setdefault(family(path, kinds.get(path, "")), []).append(path)
    held = {word: sum(len(modules.members(path)) for path in paths) for word, paths in sisters.items()}
    worth = [word for word in held if word not in tried and held[word] >= WORTH * len(modules.ops)]
    return max([(word, sisters[word]) for word in worth], key=lambda one: _shown(modules, one[1]), default=None)


def most_alike(plan: Plan, kinds: Mapping[str, str], paths: Sequence[str]) -> list[str]:
    """Of sisters for which there is no room, those of the look that most have which repeat, else the first one, of
    those which may have a frame: one shows what they are."""
    modules = Modules(plan.whole, kinds)
    framed = [path for path in paths if len(entering_of(modules.members(path))) == 1]
    repeated = modules.repeated(framed)
    looks = Counter(modules.look(path) for path in framed if path in repeated)
    if not looks:
        return framed[:1]
    look = max(looks, key=looks.__getitem__)
    return [path for path in paths if modules.look(path) == look]


def _shown(modules: Modules, paths: Sequence[str]) -> int:
    """Operations of these modules, equal ones counted once as they are drawn once."""
    return sum({modules.look(path): len(modules.members(path)) for path in paths}.values())


def opened(plan: Plan, kinds: Mapping[str, str], paths: Sequence[str], deep: bool = False) -> Plan:
    """The plan with these modules open, and what they hold closed unless its sisters are open, or all is, `deep`."""
    standing = _standing(plan)
    modules = Modules(plan.whole, kinds)
    stages = modules.stages()
    said = {path: family(path, kinds.get(path, "")) for path in standing}
    closed_ones = {word for path, word in said.items() if path not in paths}
    framed = [path for path in paths if path in stages or modules.modules(path) or said[path] in closed_ones]
    said_before = {**plan.titles, **{path: op.word for path, op in standing.items()}}
    frames = tuple(sorted({*plan.frames, *framed}))
    around = {path: said_before[holder] for path in said_before if (holder := path.rpartition(".")[0]) in frames}
    titles = {path: within_title(around.get(path, ""), title) for path, title in said_before.items()}
    made = replace(plan, frames=frames, titles=titles, every=False)
    boxes = [(path, titles[path], op.facts) for path, op in standing.items() if path not in paths]
    inside = [inner for path in paths for inner in modules.modules(path) if not deep]
    are_open = {family(path, kinds.get(path, "")) for path in made.frames}
    boxes += [(inner, box_title(inner, made, modules), ()) for inner in inside
              if family(inner, kinds.get(inner, "")) not in are_open]  # fmt: skip
    return replace(made, ops=closed(plan.whole, boxes), closed=tuple([path for path, _, _ in boxes]))


def _standing(plan: Plan) -> dict[str, Op]:
    """The closed modules that are boxes, by their path."""
    return {op.path: op for op in plan.ops if op.path in plan.closed and op.name.startswith(f"{op.path}/")}
