"""Is this the same network as that one, and if not, where and why? No torch.

Two Reports become series of steps in normal form (`normal`, `branches`), which are aligned by structure, not by name
(`alignment`); what is not the same is told in the papers' words, in rows that sum to the whole difference.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from archscope.cached import cached_property
from archscope.differences import gaps, moves, partners
from archscope.differences.alignment import Aligner, Alignment
from archscope.differences.branches import Series, in_order, series_of
from archscope.differences.changes import Changes
from archscope.differences.consequences import Consequences
from archscope.differences.defaults import by_default
from archscope.differences.folded import Sides, folded
from archscope.differences.normal import normal_form
from archscope.differences.post_norm import told_once
from archscope.differences.rows import Difference, frozen_rows, rows, stored_alike, unused_rows
from archscope.differences.sameness import Pairs, same_steps
from archscope.differences.sharing import shared
from archscope.differences.steps import Step, computed_once, unshared
from archscope.differences.training import untold_in
from archscope.differences.twins import exchanged
from archscope.differences.wiring import Wiring
from archscope.errors import ArchscopeError
from archscope.measures import Measured
from archscope.model import units
from archscope.model.graph import Graph
from archscope.model.report import Report
from archscope.model.results import Pictured, Tabulated
from archscope.model.text import one_line

Verdict = Literal["identical", "same_function", "same_parameters", "different", "not_compared"]
SCHEMA = "archscope.diff/1"


@dataclass(frozen=True)
class Proof:
    """What running both with the same weights showed: the largest difference of the outputs relative to the largest
    value, in float64, and the `first` layer whose output differs; or why there is none, and whether
    that is because weights could not be copied."""

    copied: int = 0
    relative_error: float | None = None
    reason: str = ""
    uncopied: bool = False
    first: str = ""

    TOLERANCE = 1e-9

    @property
    def holds(self) -> bool:
        return self.relative_error is not None and self.relative_error < self.TOLERANCE


@dataclass(frozen=True)
class Alternative:
    """`options` of the reference, and how many differences are `left` with them, less what follows from others."""

    options: Mapping[str, Any]
    left: int

    def __str__(self) -> str:
        said = " ".join(f"--set-reference {option}={value}" for option, value in self.options.items())
        return f"fewer differences against {said}: {self.left or 'none'}"


@dataclass(frozen=True, repr=False)
class Diff(Tabulated, Pictured):
    """How network `a`, the reader's own, stands to the reference `b`.

    The `params` and `macs` of the `differences` sum to the totals of `b` minus those of `a`. `pairs` are the layers
    that stand for each other. `not_compared`: what neither a report nor the weights tell. `fewer`: options of the
    reference with which fewer differences are left, where some were found.
    """

    KIND = "diff"

    a: Report
    b: Report
    verdict: Verdict
    differences: tuple[Difference, ...]
    pairs: tuple[tuple[Step, Step], ...]
    proof: Proof | None = None
    not_compared: tuple[str, ...] = ()
    fewer: Alternative | None = None

    def proven(self, proof: Proof) -> "Diff":
        """With what the weights showed, which has the last word."""
        if proof.holds or self.verdict in {"same_parameters", "different"}:
            return replace(self, proof=proof)
        if proof.relative_error is None:
            if not proof.uncopied:
                return replace(self, proof=proof)
            missing = (*self.not_compared, f"the outputs, since {proof.reason}")
            return replace(self, proof=proof, verdict="not_compared", not_compared=missing)
        where = f"; the first layer whose output differs is {proof.first}" if proof.first else ""
        row = Difference("function", proof.first or None, None, f"with the same weights the outputs differ{where}")
        return replace(self, proof=proof, verdict="same_parameters", differences=(*self.differences, row))

    @cached_property
    def totals(self) -> dict[str, int]:
        """What the rows sum to."""
        return {name: sum(getattr(row, name) for row in self.differences) for name in ("params", "macs")}

    def to_dict(self) -> dict[str, Any]:
        """As plain data, by the schema that docs/diff.md describes."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            **{side: _side(report) for side, report in (("a", self.a), ("b", self.b))},
            "differences": [row.to_dict() for row in self.differences],
            "totals": self.totals,
            "not_compared": list(self.not_compared),
            "fewer_against": self.fewer and {"options": dict(self.fewer.options), "differences": self.fewer.left},
            "weights": None if self.proof is None else asdict(self.proof),
        }

    def _about(self) -> str:
        named = " against ".join(one_line(report.target) for report in (self.a, self.b))
        return f"{named}: {self.verdict}, {units.counted(len(self.differences), 'difference')}"


def _side(report: Report) -> dict[str, Any]:
    shapes = [list(tensor.shape) for tensor in report.graph.inputs.values()]
    totals = {name: report.totals[name] for name in ("params", "macs")}
    shape = shapes[0] if len(shapes) == 1 else shapes
    return {"target": report.target, "network": report.graph.name, "input_shape": shape} | totals


def compare(a: Report, b: Report) -> Diff:
    """The differences of two measured networks."""
    alike, reference = by_default(_in_one_order(a, b.graph), b), by_default(b, a)
    steps = normal_form(alike), normal_form(reference)
    once = computed_once(steps[0]), computed_once(steps[1])
    pairs = same_steps(*steps) or same_steps(*once)
    changed: tuple[Difference, ...] = ()
    if pairs is None:
        pairs, changed = _aligned(alike, reference, steps, once)
    listed = (*changed, *unused_rows(a.graph, b.graph), *frozen_rows(pairs, a.graph, b.graph))
    found = [] if a.graph is b.graph else [*untold(a.graph, steps[0]), *untold(b.graph, steps[1])]
    guessed = {row: untold_in(row, a.graph, b.graph) for row in listed}
    found += [f"the dropout of {name} in training" for names in guessed.values() for name in names]
    listed, unknown = tuple(row for row in listed if not guessed[row]), tuple(dict.fromkeys(found))
    diff = Diff(a, b, _verdict(a, b, listed, unknown), listed, tuple(pairs), not_compared=unknown)
    for name, total in diff.totals.items():
        if total != b.totals[name] - a.totals[name]:
            _check_counts(a, name)
            _check_counts(b, name)
            raise AssertionError(f"the rows' {name} sum to {total}, not to {b.totals[name] - a.totals[name]}")
    return diff


def _in_one_order(report: Report, reference: Graph) -> Report:
    """With its results in the order of the reference's, where both return them under the same names."""
    names = [one.argument for one in reference.results]
    graph = report.graph
    own = [one.argument for one in graph.results]
    if own == names or sorted(own) != sorted(names) or len(set(names)) < len(names):
        return report
    results = tuple(sorted(graph.results, key=lambda one: names.index(one.argument)))
    return replace(report, graph=replace(graph, results=results))


def _check_counts(report: Report, name: str) -> None:
    """Raises ArchscopeError for a saved report whose total is not that of its layers, or these not as they count."""
    unused = report.totals["unused_params"] if name == "params" else 0
    total = sum(value or 0 for value in report.columns[name].values.values()) + unused
    if total != report.totals[name]:
        raise ArchscopeError(f"{report.target}: {report.totals[name]} {name} in all, but its layers have {total}")
    counted = Measured(report.graph)[name].values
    for layer, said in report.columns[name].values.items():
        if said != counted[layer]:
            raise ArchscopeError(f"{report.target}: {said} {name} in {layer}, but it is told to have {counted[layer]}")


Told = tuple[Pairs, tuple[Difference, ...]]
"""Which layers stand for each other, and in what they differ."""

MOST_COMPARED = 250_000
"""Pairs of steps among which other ways to align are looked for."""


def _aligned(a: Report, b: Report, every: Sides, once: Sides) -> Told:
    """The way to tell it that has least to say: of `every` step, or of what is computed twice `once`."""
    best: Told | None = None
    least = 0
    together: Sides | None = None
    compared, aligner = None, Aligner()
    for steps, in_series in _ways(a, b, every, once):
        aligner = aligner if steps is compared else Aligner()
        compared = steps
        alignment = exchanged(aligner.align(*map(in_series, steps)), *steps)
        found = _told(a, b, *steps, alignment)
        said = _to_say(found, steps)
        if best is None or said < least:
            best, least = found, said
            together, series = folded(*steps, alignment.partner), in_series
        if least == 1:
            break
    assert best is not None
    if together:
        found = _told(a, b, *together, exchanged(Aligner().align(*map(series, together)), *together))
        if _to_say(found, together) <= least + 1:  # one more where some are folded, and others missing
            best = found
    return best


def _ways(a: Report, b: Report, every: Sides, once: Sides) -> Iterator[tuple[Sides, Callable[[list[Step]], Series]]]:
    """By branches; in execution order; and so once more, each operation as it is written; and what is computed twice
    as one step."""
    steps = unshared(every[0]), unshared(every[1])
    yield steps, series_of
    if len(steps[0]) * len(steps[1]) <= MOST_COMPARED:
        yield steps, in_order
        written = normal_form(a, True), normal_form(b, True)
        yield written, in_order
        yield written, series_of
    if any(len(ones) < len(steps) for ones, steps in zip(once, every, strict=True)):
        yield (unshared(once[0]), unshared(once[1])), series_of


def _to_say(found: Told, sides: Sides) -> int:
    """How many causes there are; and how many layers with weights either side has that might stand for each other, and
    do not: of a gap that swallows all there is one row."""
    pairs, listed = found
    paired = {id(step) for pair in pairs for step in pair}
    alone = [sum(step.params > 0 and id(step) not in paired for step in side) for side in sides]
    return causes(listed) + min(alone)


def causes(listed: Sequence[Difference]) -> int:
    """How many rows, less what follows from others."""
    return sum(row.kind != "consequence" for row in listed)


def _told(a: Report, b: Report, steps_a: list[Step], steps_b: list[Step], alignment: Alignment) -> Told:
    _check_complete(alignment, steps_a, steps_b)
    changes = Changes(steps_a, steps_b, alignment, (a.graph, b.graph))
    for change in shared(steps_a, steps_b, alignment.partner):
        changes.add(change)
    for kind in (moves, gaps, partners):
        kind.collect(changes)
    Consequences(changes).collect()
    found = [*changes.found, *Wiring(changes.partner, changes.moved).changes(changes.pairs)]
    found = told_once(found, steps_a, steps_b)
    listed = tuple(rows(sorted(found, key=lambda change: change.place)))
    if not listed and not any(step.unknown for step in (*steps_a, *steps_b)):
        listed = (Difference("function", None, None, "the same layers, connected otherwise"),)
    return changes.pairs, listed


def _verdict(a: Report, b: Report, listed: Sequence[Difference], unknown: Sequence[str]) -> Verdict:
    if all(row.training for row in listed):
        return "not_compared" if unknown else "same_function" if listed else "identical"
    return "same_parameters" if stored_alike(a.graph, b.graph) else "different"


def untold(graph: Graph, steps: Sequence[Step]) -> list[str]:
    """What a graph does not say, and no comparison of it can."""
    found = [f"the content of {name}" for step in steps for name in step.unknown]
    found += [f"what {name} computes, which is code that no trace sees" for name in graph.unseen]
    return found + list(graph.untold)


def _check_complete(alignment: Alignment, a: list[Step], b: list[Step]) -> None:
    """Every step is in one pair or gap: nothing is left out, nothing counted twice."""
    placed = [step for pair in alignment.pairs for step in pair]
    placed += [step for gap in alignment.gaps for step in gap.steps]
    if sorted(map(id, placed)) != sorted(map(id, [*a, *b])):
        raise AssertionError("the alignment leaves out a layer, or counts one twice")
