"""Every claim of the catalogue, recomputed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from archscope.cache import kept
from archscope.model.claims import Claim
from archscope.model.report import Report
from archscope.networks import Network
from archscope.papers import explanations
from archscope.papers.verdicts import Difference, Explanation, Verdict, judge
from archscope.papers.verification import Equivalences, Verification
from archscope.summary import summarize

T = TypeVar("T")
Mapped = Callable[[Callable[[Network], list[Verdict]], Iterable[Network]], Iterable[list[Verdict]]]


def verify(networks: Iterable[Network], mapped: Mapped = map) -> Verification:
    """A verdict on each claim about these networks, in the catalogue's order."""
    return Verification(tuple(verdict for verdicts in mapped(verdicts_on, networks) for verdict in verdicts))


def verdicts_on(network: Network) -> list[Verdict]:
    """A verdict on each claim about a network."""

    def made() -> list[Verdict]:
        built = Built(network)
        return [judge(network.name, claim, *built.for_claim(claim)) for claim in network.claims]

    def back(rows: Sequence[dict[str, Any]]) -> list[Verdict]:
        return [_verdict(network, *each) for each in zip(network.claims, rows, strict=True)]

    return kept(("verdicts", network.name), ("torch",), made, lambda verdicts: [_row(each) for each in verdicts], back)


def _row(verdict: Verdict) -> dict[str, Any]:
    """The verdict as plain data, but for its claim, which the catalogue has."""
    return {entry.name: getattr(verdict, entry.name) for entry in fields(verdict) if entry.name != "claim"} | {
        "differences": [asdict(difference) for difference in verdict.differences]
    }


def _verdict(network: Network, claim: Claim, row: dict[str, Any]) -> Verdict:
    recomputed = row["recomputed"]
    return Verdict(
        **row
        | {
            "claim": claim,
            "recomputed": tuple(recomputed) if isinstance(recomputed, list) else recomputed,
            "differences": tuple(Difference(**difference) for difference in row["differences"]),
        }
    )


def equivalences() -> Equivalences:
    """Functions that papers call equal, and a wrong twin of each, run and compared in float64."""
    from archscope.papers.equivalences import prove_all

    return Equivalences(prove_all())


class Built:
    """What a network's claims need, each report and explanation made once."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._reports: dict[str, Report] = {}
        self._explanations: dict[str, Explanation] = {}

    def for_claim(self, claim: Claim) -> tuple[Report, Callable[[], Explanation]]:
        """The network as the claim wants it, and its explanation where one is asked for."""
        size = tuple(claim.input_size or self.network.input_size)
        built = f"{sorted(claim.options.items())} {size}"
        report = _once(self._reports, built, lambda: summarize(self.network.name, size, options=claim.options))
        return report, lambda: _once(
            self._explanations, f"{claim.explanation} {built}", lambda: self._explain(claim, size)
        )

    def _explain(self, claim: Claim, size: tuple[int, ...]) -> Explanation:
        changes = explanations.find(claim.explanation)
        return Explanation((changes.__doc__ or "").strip(), tuple(self._steps(claim, size)))

    def _steps(self, claim: Claim, size: tuple[int, ...]) -> Iterator[tuple[str, Report]]:
        from archscope.tracing.meta_build import Skeleton

        with Skeleton():
            module = self.network.build(**claim.options)
            changes = explanations.find(claim.explanation)(module)
        while True:
            with Skeleton():
                what = next(changes, "")
            if not what:
                return
            yield what, summarize(module, size)


def _once(made: dict[str, T], key: str, make: Callable[[], T]) -> T:
    if key not in made:
        made[key] = make()
    return made[key]
