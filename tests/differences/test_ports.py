"""Re-implementations under other names and in other habits: faithful ones are identical, of each wrong one every fault
is named and nothing else. That the rows sum to the whole difference, `compare` asserts itself."""

from functools import cache

import pytest
from torch import nn

import archscope
from archscope.differences import Diff
from archscope.model.report import Report
from archscope.tracing.meta_build import Skeleton
from tests.differences.ports.convolutional_vgg import ConvolutionalVGG
from tests.differences.ports.flat_xception import FlatXception
from tests.differences.ports.functional_resnet import FunctionalResNet50
from tests.differences.ports.keras_mobilenet import KerasMobileNet
from tests.differences.ports.linear_senet import LinearSENet
from tests.differences.ports.listed_densenet import ListedDenseNet
from tests.differences.ports.module_inception import Faults, ModuleInception

REFERENCES = {
    FlatXception: "xception",
    FunctionalResNet50: "resnet50",
    KerasMobileNet: "mobilenet_v1",
    ModuleInception: "inception_v3",
    ListedDenseNet: "densenet121",
    LinearSENet: "seresnet50",
    ConvolutionalVGG: "vgg16",
}


@cache
def reference(name: str) -> Report:
    return archscope.summarize(name)


def diff(port: type[nn.Module], against: str = "", **faults) -> Diff:
    with Skeleton():
        module = port(**faults)
    return archscope.diff(module, reference(against or REFERENCES[port]))


@pytest.mark.parametrize("port", REFERENCES)
def test_a_faithful_port_is_identical(port: type[nn.Module]) -> None:
    found = diff(port)
    assert found.verdict == "identical"
    assert found.differences == ()


FULL = "groups 1 instead of 128: a full convolution where the reference is depthwise"
BN, CONV = "batch normalisation", "convolution"
FAULTS = [  # port, its faults, what diff says of them in order, less what follows; the sum of parameters
    (FlatXception, {"eps": 1e-5}, [f"{BN}: eps 1e-05 instead of 0.001, in 40 layers"]),
    (FlatXception, {"pool": "avg"}, ["average pooling instead of max pooling, in 4 layers"]),
    (FlatXception, {"blocks": 7}, ["middle_flow: 7 blocks instead of 8"]),
    (FlatXception, {"full_conv": 2}, [FULL]),
    (FlatXception, {"relu_between": True}, ["ReLU extra, in 34 layers"]),
    (
        FlatXception,
        {"relu_after": True},
        [
            "ReLU before max pooling instead of after it, in 3 layers",
            "ReLU before addition instead of after it, in 8 layers",
        ],
    ),
    (FlatXception, {"no_shortcut": 6}, ["no shortcut where the reference adds one"]),
    (
        FlatXception,
        {"in_place": True},
        [
            f"what {CONV} reads is taken after ReLU instead of before it, in 3 layers",
            "shortcut taken after ReLU instead of before it, in 8 layers",
        ],
    ),
    (
        FlatXception,
        {"shared": True},
        ["layers.39 to layers.49: one block called 8 times where the reference has 8 with weights of their own"],
    ),
    (FlatXception, {"bias": True}, [f"{CONV}: a bias where the reference has none, in 34 layers"]),
    (FlatXception, {"norm": False}, [f"{BN} missing, in 4 layers"]),
    (
        FlatXception,
        {"auxiliary": True},
        ["auxiliary head auxiliary, stored and not run in evaluation: the reference does not have it"],
    ),
    (FlatXception, {"classes": 10}, ["10 classes instead of 1000"]),
    (
        FlatXception,
        {"eps": 1e-5, "blocks": 7, "full_conv": 2, "no_shortcut": 6, "pool": "avg"},
        [
            f"{BN}: eps 1e-05 instead of 0.001, in 37 layers",
            "average pooling instead of max pooling, in 4 layers",
            FULL,
            "no shortcut where the reference adds one",
            "middle_flow: 7 blocks instead of 8",
        ],
    ),
    (
        FunctionalResNet50,
        {"stride_on": 1, "eps": 1e-3},
        [
            f"{BN}: eps 0.001 instead of 1e-05, in 53 layers",
            f"{CONV}: stride 1 instead of 2, in 3 layers",
            f"{CONV}: stride 2 instead of 1, in 3 layers",
        ],
    ),
    (FunctionalResNet50, {"relu_last": False}, ["ReLU missing, in 16 layers"]),
    (FunctionalResNet50, {"relu_before_norm": True}, [f"ReLU before {BN} instead of after it"]),
    (FunctionalResNet50, {"blocks": 5}, ["conv4_x: 5 blocks instead of 6"]),
    (FunctionalResNet50, {"scale": 0.5}, ["scaling by 0.5 extra, in 16 layers"]),
    (FunctionalResNet50, {"dilation": 2}, [f"{CONV}: dilation 2 instead of 1, in 3 layers"]),
    (
        FunctionalResNet50,
        {"leaky": True, "dropout": 0.3},
        ["leaky ReLU instead of ReLU, in 49 layers", "dropout 0.3 extra"],
    ),
    (
        FunctionalResNet50,
        {"pool": (2, 0)},
        ["max pooling: kernel 2x2 instead of 3x3", "max pooling: padding 0 instead of 1"],
    ),
    (
        KerasMobileNet,
        {"sides": (0, 1), "ceiling": 6, "dropout": 1e-3, "softmax": True, "missing": 8},
        [
            f"{CONV}: padding 0 before and 1 after instead of 1",
            "ReLU6 instead of ReLU, in 25 layers",
            f"depthwise {CONV}: padding 0 before and 1 after instead of 1, in 4 layers",
            "DepthwiseSeparable: 12 blocks instead of 13",
            "dropout 0.001 extra",
            "softmax extra",
        ],
    ),
    (
        KerasMobileNet,
        {"momentum": 0.01},
        [f"{BN}: momentum 0.01 instead of 0.1 (in training only), in 27 layers"],
    ),
    (KerasMobileNet, {"alpha": 0.5}, ["half as many filters, in 14 layers"]),
    (ModuleInception, {"a": Faults(three=True)}, [f"{CONV}: kernel 3x3 instead of 5x5, in 3 layers"]),
    (
        ModuleInception,
        {"a": Faults(swapped=True), "b": Faults(turned=True, counted=True), "c": Faults(without_pool=True)},
        [
            "concatenation in another order: the reference's operands 1, 3, 2, 4, in 3 layers",
            f"{CONV}: kernel 7x1 instead of 1x7, in 4 layers",
            f"{CONV}: kernel 1x7 instead of 7x1, in 4 layers",
            "average pooling: counts the padding (count_include_pad) where the reference leaves it out, in 4 layers",
            f"3x3 average pooling + 1x1 {CONV}, 192 filters + {BN} + ReLU missing",
            "layers mixed.10.pool, stored and not run in evaluation: the reference does not have it",
        ],
    ),
    (
        ModuleInception,
        {"b": Faults(max_pool=True), "dropout": 0.5},
        ["max pooling instead of average pooling, in 4 layers", "dropout 0.5 instead of 0.2 (in training only)"],
    ),
    (ListedDenseNet, {"blocks": (6, 12, 24, 12)}, ["dense_block4: 12 blocks instead of 16"]),
    (
        ListedDenseNet,
        {"newest_first": True},
        ["concatenation in another order: the reference's operands 2, 1, in 58 layers"],
    ),
    (
        ListedDenseNet,
        {"pool": nn.MaxPool2d, "dropout": 0.2, "norm_last": False},
        [
            "dropout 0.2 extra, in 58 layers",
            "max pooling instead of average pooling, in 3 layers",
            f"{BN} + ReLU missing",
        ],
    ),
    (LinearSENet, {"reduction": 8}, ["twice the units, in 16 layers"]),
    (LinearSENet, {"gated": (1, 2, 3)}, ["squeeze-and-excitation gate missing, in 3 places"]),
    (LinearSENet, {"sigmoid": nn.Hardsigmoid}, ["hard sigmoid instead of sigmoid, in 16 layers"]),
    (ConvolutionalVGG, {"padding": 0}, [f"{CONV}: padding 0 instead of 1, in 3 layers"]),
    (
        ConvolutionalVGG,
        {"classes": 10, "hidden": 512},
        ["512 units instead of 4096, in 2 layers", "10 classes instead of 1000"],
    ),
    (ConvolutionalVGG, {"norm": True, "dropout": (0.5, 0)}, [f"{BN} extra, in 13 layers", "dropout 0.5 missing"]),
    (
        ConvolutionalVGG,
        {"depths": (2, 2, 2, 3, 3)},
        [f"3x3 {CONV}, 256 filters + ReLU twice instead of 3 times"],
    ),
]  # fmt: skip


def named(fault: tuple) -> str:
    port, faults, _ = fault
    return f"{port.__name__} {' '.join(faults)}"


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_every_fault_is_named_and_no_other(fault: tuple) -> None:
    port, faults, expected = fault
    found = diff(port, **faults)
    assert [row.what for row in found.differences if row.kind != "consequence"] == expected
    assert found.verdict != "identical"


def test_groups_are_told_apart_from_what_follows() -> None:
    found = diff(FunctionalResNet50, "resnext50_32x4d", stride_on=1)
    assert [(row.kind, row.what) for row in found.differences] == [
        ("width", "half as many filters, in 32 layers"),
        ("consequence", "48 layers of other size, which follows from half as many filters, in 32 layers"),
        ("groups", "groups 1 instead of 32: a full convolution where the reference is grouped, in 16 layers"),
    ]


def test_numbers_are_those_of_the_reference_minus_ones_own() -> None:
    (row,) = diff(FlatXception, full_conv=2).differences
    own, full = 9 * 128, 9 * 128 * 128
    assert row.params == own - full
    assert row.macs == (own - full) * 74 * 74
    assert (row.a, row.b) == ("layers.17", "entry_flow.block2.body.separableconv1.depthwise")


def test_a_shared_block_costs_what_the_others_would() -> None:
    (row,) = diff(FlatXception, shared=True).differences
    assert row.kind == "sharing"
    assert row.params == 7 * 1_613_976
    assert row.macs == 0


@pytest.mark.parametrize(
    ("port", "faults", "verdict"),
    [
        (KerasMobileNet, {"momentum": 0.01}, "same_function"),
        (FlatXception, {"eps": 1e-5}, "same_parameters"),
        (ModuleInception, {"b": Faults(turned=True)}, "same_parameters"),
        (FlatXception, {"bias": True}, "different"),
        (FlatXception, {"auxiliary": True}, "different"),
    ],
)
def test_verdict(port: type[nn.Module], faults: dict, verdict: str) -> None:
    assert diff(port, **faults).verdict == verdict
