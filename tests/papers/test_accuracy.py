"""Which published accuracy stands beside another network's."""

import pytest

from archscope.model.claims import Claim
from archscope.networks import catalogue
from archscope.papers.accuracy import Accuracy, published
from tests.graphs import report_of, six_layers, traced


def claim(value: float, convention: str, source: str = "Table 1", quantity: str = "top1_error") -> Claim:
    return Claim(quantity, value, source, f"{convention}, percent")


def chosen(*claims: Claim) -> Accuracy | None:
    return published([report_of(six_layers(), claims=claims)], 1)[0]


def test_an_error_is_what_is_missing_to_100() -> None:
    assert Accuracy(claim(21.2, "ImageNet, single crop")).percent == 78.8
    assert Accuracy(claim(79.0, "ImageNet, single crop", quantity="top1_accuracy")).percent == 79.0


def test_what_is_said_of_it() -> None:
    accuracy = Accuracy(claim(21.2, "ImageNet, single crop, single model"))
    assert (accuracy.dataset, accuracy.protocol) == ("ImageNet", "single crop, single model")
    assert accuracy.said() == "its paper's Table 1 (ImageNet, single crop, single model)"
    other = Accuracy(claim(21.2, "CIFAR-10", source="a README"))
    assert other.said() == "a README (CIFAR-10, protocol not stated)"


@pytest.mark.parametrize("worse", ["ImageNet", "ImageNet, 10 crops", "ImageNet test, several networks"])
def test_a_single_crop_comes_first(worse: str) -> None:
    best = claim(25, "ImageNet, single crop")
    for claims in ([claim(20, worse), best], [best, claim(20, worse)]):
        found = chosen(*claims)
        assert found is not None
        assert found.claim == best


def test_several_crops_come_last() -> None:
    found = chosen(claim(20, "ImageNet, 10 crops"), claim(25, "ImageNet"))
    assert found is not None
    assert found.percent == 75


def test_no_claim_no_accuracy() -> None:
    assert chosen(Claim("params", 3, "Table 1")) is None


def test_numbers_of_one_source_stand_together() -> None:
    """Chollet's Table 1 has all three; alone, Inception-v3 is shown with its own paper's number."""
    together = published([traced("xception"), traced("inception_v3")], 1)
    assert [accuracy and accuracy.percent for accuracy in together] == [79.0, 78.2]
    alone = published([traced("inception_v3")], 1)
    assert [accuracy and accuracy.percent for accuracy in alone] == [78.8]


def test_every_accuracy_of_the_catalogue_is_understood() -> None:
    for network in catalogue().values():
        for accuracy in [Accuracy(each) for each in network.claims if each.quantity.startswith("top")]:
            assert 50 < accuracy.percent < 100
            assert accuracy.dataset
            assert accuracy.data in {"ImageNet", "CIFAR-10", "CIFAR-100"}
