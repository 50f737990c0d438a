"""Every claim of the catalogue, recomputed."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from archscope.model.claims import Claim
from archscope.model.report import Report
from archscope.networks import Network
from archscope.papers import explanations
from archscope.papers.verdicts import Explanation, Verdict, judge
from archscope.papers.verification import Equivalences, Verification
from archscope.summary import summarize

T = TypeVar("T")


def verify(networks: Iterable[Network]) -> Verification:
    """A verdict on each claim about these networks, in the catalogue's order."""
    return Verification(tuple(verdict for network in networks for verdict in verdicts_on(network)))


def verdicts_on(network: Network) -> list[Verdict]:
    """A verdict on each claim about a network."""
    built = Built(network)
    return [judge(network.name, claim, *built.for_claim(claim)) for claim in network.claims]


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
