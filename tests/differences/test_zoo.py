"""The zoo against itself, against pytorchcv's networks, and every network against any other."""

import random
from functools import cache

import pytest

import archscope
from archscope.differences import compare
from archscope.model.report import Report
from archscope.tracing.meta_build import Skeleton
from tests.conftest import EVERYTHING
from tests.networks.test_equality import HELD, TWINS
from tests.zoo import NETWORKS

DROPOUT = {
    "inception_v3": "dropout 0.5 instead of 0.2 (in training only)",
    "inception_v3 of Table 1": "dropout 0.5 instead of 0.2 (in training only)",
    "inception_v4": "dropout 0.2 missing",
    "inception_resnet_v1": "dropout 0.2 missing",
    "inception_resnet_v2": "dropout 0.2 missing",
    "inception_resnet_v2_released": "dropout 0.2 missing",
    "mobilenet_v2": "dropout 0.2 missing",
    "mnasnet_a1": "dropout 0.2 missing",
}
"""All that is left between pytorchcv's networks, set to our convention where it follows another, and ours."""


WRITTEN_OTHERWISE = {
    "mobilenet_v3_large": "its hard swish in arithmetic",
    "mobilenet_v3_small": "its hard swish in arithmetic",
    "shufflenet_v1": "its concatenation in another order, which a hook turns",
    "shufflenet_v1 in 8 groups": "its concatenation in another order, which a hook turns",
    "dpn92": "its two paths as two tensors",
    "nasnet_a_mobile of 2 @ 192": "its strides in pools of one pixel, and padding that it crops again",
}
"""Equal in function, as tests/networks/test_equality.py shows, by ways that a comparison of graphs does not go."""
COMPARED = [name for name in HELD if "." not in TWINS[name].file and name not in WRITTEN_OTHERWISE]


@cache
def report(name: str) -> Report:
    return archscope.summarize(name)


@pytest.mark.parametrize("name", COMPARED if EVERYTHING else COMPARED[::2])
def test_pytorchcv(name: str) -> None:
    twin = TWINS[name]
    with Skeleton():
        theirs = twin.build()
    base = name.partition(" ")[0]
    found = archscope.diff(theirs, base if twin.ours else report(base), reference_options=twin.ours)
    assert [row.what for row in found.differences] == ([DROPOUT[name]] if name in DROPOUT else [])


@pytest.mark.parametrize("name", NETWORKS if EVERYTHING else NETWORKS[::3])
def test_a_network_is_itself(name: str) -> None:
    assert compare(report(name), report(name)).verdict == "identical"


def test_any_two_networks_sum_exactly() -> None:
    names = "lenet5 alexnet nin_cifar10 vgg16 googlenet bn_inception inception_v3 xception resnet18 seresnet50".split()
    names += ["mobilenet_v1", "efficientnet_b0"]
    for a, b in random.Random(0).sample([(a, b) for a in names for b in names], 40 if EVERYTHING else 4):
        one, other = report(a), report(b)
        found = compare(one, other)
        for name in ("params", "macs"):
            assert sum(getattr(row, name) for row in found.differences) == other.totals[name] - one.totals[name]


def test_what_a_diff_says_does_not_depend_on_who_asks() -> None:
    there, back = compare(report("resnet50"), report("resnet101")), compare(report("resnet101"), report("resnet50"))
    assert [row.what for row in there.differences] == ["conv4_x: 6 blocks instead of 23"]
    assert [row.what for row in back.differences] == ["conv4_x: 23 blocks instead of 6"]
    assert there.totals == {name: -total for name, total in back.totals.items()}
