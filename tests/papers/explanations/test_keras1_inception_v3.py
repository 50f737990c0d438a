"""The port of 2016, bug by bug, to the last parameter."""

import pytest

from archscope.networks import find
from archscope.papers import verify
from archscope.papers.conventions import CONVENTIONS, COUNTED, Part

NETWORK = find("inception_v3")
CLAIM = next(claim for claim in NETWORK.claims if claim.explanation == "keras1_inception_v3")
CLAIMED, REAL = 23_626_728, 23_834_568


BUILT = verify.Built(NETWORK)


@pytest.fixture(scope="module")
def port() -> Part:
    _, explained = BUILT.for_claim(CLAIM)
    return Part(explained().steps[-1][1])


def test_counts(port: Part) -> None:
    assert COUNTED["params"](port) == CLAIMED
    assert CONVENTIONS["batch normalisation's statistics counted"]["params"](port) == 23_660_968
    assert COUNTED["macs"](port) == 5_623_817_312


def test_order_and_pooling(port: Part) -> None:
    unit = [layer.operation for layer in port.report.graph.layers if layer.name.startswith("stem.conv1.")]
    assert unit == ["conv2d", "relu", "batch_norm"]
    assert port.report.graph.layer["reduction_b.pool"].operation == "avg_pool2d"
    assert port.report.graph.layer["reduction_a.cat"].output_shape == (736, 17, 17)


def test_differences_sum_to_the_last_parameter() -> None:
    found = verify.judge(NETWORK.name, CLAIM, *BUILT.for_claim(CLAIM))
    assert (found.claim.value, found.recomputed, found.outcome) == (CLAIMED, REAL, "differs")
    assert [step.amount for step in found.differences] == [-157_312, -67_648, 17_120, 0, 0]
    assert sum(step.amount for step in found.differences) == CLAIMED - REAL
