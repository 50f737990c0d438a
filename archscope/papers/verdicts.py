"""One claim against one Report: what is recomputed, and how the two stand to each other. No torch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archscope.model.claims import Claim, Quantity
from archscope.model.report import Report
from archscope.papers.conventions import CONVENTIONS, COUNTED, CUT, NOT_RECOMPUTABLE, Count, Part

Outcome = Literal["holds", "holds under convention", "differs", "fails", "not recomputable"]


@dataclass(frozen=True)
class Difference:
    """One step from the network as it is to the one that the number is of, and by how much the count changes."""

    what: str
    amount: int | float


@dataclass(frozen=True)
class Explanation:
    """Why a published number is not the network's: `steps` lead to a network that has it, each with its Report."""

    text: str
    steps: Sequence[tuple[str, Report]]


@dataclass(frozen=True)
class Verdict:
    """How a claim stands. `counting` is the convention that it holds under, `reason` why it differs.

    `differences` sum to what is explained less what is recomputed. A claim `fails` where it neither holds under any
    convention nor is its difference accounted for.
    """

    network: str
    claim: Claim
    outcome: Outcome
    recomputed: Quantity | None = None
    counting: str = ""
    reason: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def said(self) -> str:
        """`holds`, `holds under convention: convolutions only`, `differs`."""
        return f"{self.outcome}: {self.counting}" if self.outcome == "holds under convention" else self.outcome

    def to_dict(self) -> dict[str, Any]:
        claim = self.claim
        return {
            "network": self.network,
            "quantity": claim.quantity,
            "block": claim.block,
            "options": dict(claim.options),
            "input_size": list(claim.input_size),
            "claimed": claim.number(),
            "printed": claim.printed(),
            "source": claim.source,
            "convention": claim.convention,
            "recomputed": self.recomputed,
            "verdict": self.outcome,
            "counting": self.counting,
            "reason": self.reason,
            "differences": [{"what": step.what, "amount": step.amount} for step in self.differences],
        }


def judge(network: str, claim: Claim, report: Report, explained: Callable[[], Explanation] | None = None) -> Verdict:
    """The verdict on a claim about the network of this report. `explained` is asked where the claim names it."""
    if claim.quantity not in COUNTED:
        return Verdict(network, claim, "not recomputable", reason=why_not(claim.quantity))
    part = Part(report, claim.block)
    default = _count(claim)(part)
    if claim.holds(default):
        outcome: Outcome = "holds under convention" if claim.counting else "holds"
        return Verdict(network, claim, outcome, default, claim.counting)
    if claim.explanation and explained is not None:
        return _explained(network, claim, default, explained())
    others = _otherwise(claim, part, default)
    if found := {name: count for name, count in others if claim.holds(count, cut=name.endswith(CUT))}:
        return Verdict(network, claim, "holds under convention", next(iter(found.values())), ", or ".join(found))
    if claim.dispute:
        return Verdict(network, claim, "differs", default, claim.counting, f"unexplained: {claim.dispute}")
    return Verdict(network, claim, "fails", default, claim.counting, "neither explained nor known to be wrong")


def judge_saved(report: Report, claim: Claim) -> Verdict:
    """The verdict on a claim that a report holds. One from a file may claim anything: what can be no number of this
    network is not recomputable."""
    try:
        return judge(report.graph.name, claim, report)
    except (ValueError, ArithmeticError) as error:
        reason = str(error) if isinstance(error, ValueError) else "no number has so many digits"
        return Verdict(report.graph.name, claim, "not recomputable", reason=reason)


def why_not(quantity: str) -> str:
    """Why a quantity cannot be recomputed. Raises ValueError for one that nobody knows."""
    word = quantity.rpartition("_")[2]
    if word not in NOT_RECOMPUTABLE:
        known = ", ".join([*COUNTED, *(f"*_{name}" for name in NOT_RECOMPUTABLE)])
        raise ValueError(f"no quantity named '{quantity}'; known: {known}")
    return NOT_RECOMPUTABLE[word]


def _count(claim: Claim) -> Count:
    """Raises ValueError for a convention that nobody knows, or that is of other quantities."""
    counts = CONVENTIONS.get(claim.counting, {}) if claim.counting else COUNTED
    if claim.quantity not in counts:
        raise ValueError(f"no convention named '{claim.counting}' of {claim.quantity}")
    return counts[claim.quantity]


def _otherwise(claim: Claim, part: Part, default: Quantity) -> Iterator[tuple[str, Quantity]]:
    """The number under every other convention; only as the claim says, where it says how it counts."""
    if not claim.counting:
        for name, counts in CONVENTIONS.items():
            if claim.quantity in counts:
                yield name, counts[claim.quantity](part)
    yield "; ".join(filter(None, [claim.counting, CUT])), default


def _explained(network: str, claim: Claim, default: Quantity, explanation: Explanation) -> Verdict:
    counts = [default, *(_count(claim)(Part(report, claim.block)) for _, report in explanation.steps)]
    differences = tuple(
        Difference(what, after - before)  # type: ignore[operator]  # only numbers are explained
        for (what, _), before, after in zip(explanation.steps, counts, counts[1:], strict=False)
    )
    if not claim.holds(counts[-1]):
        failed = f"{claim.explanation} gives {counts[-1]}, which is not the number either"
        return Verdict(network, claim, "fails", default, claim.counting, failed, differences)
    reason = f"because {explanation.text}"
    return Verdict(network, claim, "differs", default, claim.counting, reason, differences)
