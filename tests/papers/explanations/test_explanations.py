"""Every claim that an explanation stands for: its steps sum to what it gives, and that is the published number."""

import pytest

from archscope.errors import ArchscopeError
from archscope.model.claims import Claim
from archscope.networks import Network, catalogue
from archscope.papers import explanations, verify
from tests.conftest import EVERYTHING

CASES = [
    pytest.param(network, claim, id=f"{network.name} {claim.about()} {claim.printed()}")
    for network in catalogue().values()
    for claim in network.claims
    if claim.explanation
]


@pytest.mark.parametrize(("network", "claim"), CASES)
def test_explains(network: Network, claim: Claim) -> None:
    built = verify.Built(network)
    found = verify.judge(network.name, claim, *built.for_claim(claim))

    assert found.outcome == "differs"
    assert not claim.holds(found.recomputed)
    assert all(step.what for step in found.differences)
    assert claim.holds(found.recomputed + sum(step.amount for step in found.differences))


LARGE = [
    ("resnext101_32x4d", "macs", "", 7_801_405_440),
    ("resnext101_64x4d", "macs", "", 2 * 7_801_405_440),
    ("resnet152", "params", "", 60_344_232 + 75_712),
]


@pytest.mark.parametrize(
    ("name", "quantity", "block", "expected"),
    [
        ("googlenet", "macs", "", 1_498_677_248),
        ("googlenet", "params", "conv1", 2_712),
        ("googlenet", "macs", "conv1", 34_019_328),
        ("resnext50_32x4d", "macs", "", 4_089_184_256),
        ("resnet50", "params", "", 25_636_712),
        *(LARGE if EVERYTHING else []),
    ],
)
def test_gives(name: str, quantity: str, block: str, expected: int) -> None:
    (found,) = (
        each
        for each in verify.verdicts_on(catalogue()[name])
        if each.differences and (each.claim.quantity, each.claim.block) == (quantity, block)
    )
    assert found.recomputed + sum(step.amount for step in found.differences) == expected


def test_an_unknown_explanation() -> None:
    with pytest.raises(ArchscopeError, match="no file archscope/papers/explanations/nothing"):
        explanations.find("nothing")
