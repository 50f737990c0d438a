"""What is verified: the verdicts on papers' claims, and the proofs that their equivalent forms are. No torch."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from archscope.cached import cached_property
from archscope.model import units
from archscope.model.claims import Equivalence
from archscope.model.results import Tabulated
from archscope.papers.verdicts import Outcome, Verdict

SCHEMA = "archscope.verify/1"


@dataclass(frozen=True, repr=False)
class Verification(Tabulated):
    """A verdict on each claim about the networks, in the catalogue's order."""

    KIND = "verification"

    verdicts: tuple[Verdict, ...]

    @cached_property
    def counts(self) -> dict[Outcome, int]:
        """How many there are of each outcome."""
        return dict(Counter(verdict.outcome for verdict in self.verdicts))

    @property
    def holds(self) -> bool:
        """Does no claim fail?"""
        return not self.counts.get("fails", 0)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/verify.md describes it."""
        claims = [verdict.to_dict() for verdict in self.verdicts]
        return {"schema": SCHEMA, "claims": claims, "verdicts": dict(self.counts)}

    def _about(self) -> str:
        networks = units.counted(len({verdict.network for verdict in self.verdicts}), "network")
        said = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items())
        return f"{networks}, {units.counted(len(self.verdicts), 'claim')}: {said}"


@dataclass(frozen=True, repr=False)
class Equivalences(Tabulated):
    """The proofs that functions which papers call equal are."""

    KIND = "equivalences"

    proofs: tuple[Equivalence, ...]

    @property
    def holds(self) -> bool:
        """Does every one hold?"""
        return all(proof.holds for proof in self.proofs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/verify.md describes it."""
        proofs = [
            {
                "name": proof.name,
                "statement": proof.statement,
                "difference": proof.difference,
                "broken_twins": [{"what": what, "difference": off} for what, off in proof.twins.items()],
                "holds": proof.holds,
            }
            for proof in self.proofs
        ]
        return {"schema": SCHEMA, "equivalences": proofs}

    def _about(self) -> str:
        return f"{sum(proof.holds for proof in self.proofs)} of {len(self.proofs)} hold"
