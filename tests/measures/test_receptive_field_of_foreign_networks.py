"""Receptive fields of networks of pytorchcv, layer by layer, against the extent of torch's gradient.

tests/benchmarks/receptive_fields.py compares many more; docs/benchmarks/receptive-fields.md is what it found.
"""

from importlib import import_module

import pytest

from tests.foreign import NETWORKS
from tests.measures.gradients import compared

EQUAL = (
    "squeezenet_v1_0", "regnetx002", "shufflenet_g3_w1", "sqnxt23_w1", "nin_cifar10",
    "shakeshakeresnet20_2x16d_cifar10",
)  # fmt: skip
"""Without a layer that is global: every number is compared."""

GLOBAL = ("cbam_resnet18", "diaresnet10")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EQUAL + GLOBAL)
def test_every_number_is_the_gradients(name: str) -> None:
    module, function = NETWORKS[name][0].split(":")
    size = (3, 32, 32) if name.endswith("cifar10") else (3, 224, 224)
    found = compared(getattr(import_module(module), function)(), size, most=4)

    assert found.wrong == []
    assert found.equal > (2 if name in EQUAL else 0)
    assert (found.whole > 0) is (name in GLOBAL)
    assert found.unknown == 0
