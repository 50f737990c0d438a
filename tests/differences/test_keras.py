"""Networks of keras.applications, and a port in Keras, against archscope's: the true differences and no other.

A minute and a half, so `make keras` alone runs it: ARCHSCOPE_TESTS=all where Keras is installed.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import archscope
from archscope.model.report import Report
from tests.conftest import EVERYTHING

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: `make keras` installs it", exc_type=ImportError)
pytestmark = pytest.mark.skipif(not EVERYTHING, reason="make keras runs it")

COUNTED = {
    "Xception": (22_910_480, 8_357_403_496),
    "InceptionV3": (23_851_784, 5_713_216_096),
    "InceptionResNetV2": (55_873_736, 13_155_794_016),
    "ResNet50": (25_636_712, 3_857_973_248),
    "MobileNet": (4_253_864, 568_740_352),
    "DenseNet121": (8_062_504, 2_834_161_664),
    "EfficientNetB0": (5_330_571, 385_814_752),
    "VGG16": (138_357_544, 15_470_264_320),
    "MobileNetV2": (3_538_984, 300_774_272),
    "MobileNetV3Large": (5_507_432, 216_589_760),
    "ConvNeXtTiny": (28_589_128, 4_455_531_264),
}
"""`count_params()` of each, and its MACs."""

EPS, SOFTMAX = "batch normalisation: eps 1.001e-05 instead of 1e-05, in {} layers", "softmax extra"
PADDING = "padding 0 before and 1 after instead of 1"
ROWS = {
    ("Xception", "xception?pooling=same"): [SOFTMAX],
    ("InceptionV3", "inception_v3"): [
        "batch normalisation: no scale (gamma) where the reference has one, in 94 layers",
        "dropout 0.2 missing",
        SOFTMAX,
    ],
    ("InceptionResNetV2", "inception_resnet_v2_released"): [
        "batch normalisation: no scale (gamma) where the reference has one, in 204 layers",
        "dropout 0.2 missing",
        SOFTMAX,
    ],
    ("ResNet50", "resnet50"): [
        "convolution: a bias where the reference has none, in 53 layers",
        EPS.format(53),
        SOFTMAX,
    ],
    ("DenseNet121", "densenet121"): [EPS.format(121), SOFTMAX],
    ("MobileNet", "mobilenet_v1"): [
        f"convolution: {PADDING}",
        "ReLU6 instead of ReLU, in 27 layers",
        f"depthwise convolution: {PADDING}, in 4 layers",
        "dropout 0.001 extra",
        SOFTMAX,
    ],
    ("EfficientNetB0", "efficientnet_b0"): [
        "scaling by 0.00392157 + subtraction + division extra",
        f"convolution: {PADDING}",
        f"depthwise convolution: {PADDING}, in 2 layers",
        "stochastic depth extra, in 9 layers",
        "depthwise convolution: padding 1 before and 2 after instead of 2, in 2 layers",
        SOFTMAX,
    ],
    ("VGG16", "vgg16"): ["dropout 0.5 missing, in 2 layers", SOFTMAX],
}
"""Each of these is so in the code of keras.applications."""


@cache
def measured(name: str) -> Report:
    return archscope.summarize(f"keras:{name}")


@pytest.mark.parametrize("name", COUNTED)
def test_counts(name: str) -> None:
    graph = measured(name).graph
    stored = [*graph.parameters.values(), *graph.buffers.values()]  # a counter, too, which the total leaves out
    assert (sum(tensor.elements for tensor in stored), measured(name).totals["macs"]) == COUNTED[name]


@pytest.mark.parametrize(("name", "reference"), ROWS)
def test_true_rows_and_no_other(name: str, reference: str) -> None:
    found = archscope.diff(measured(name), reference)
    assert [row.what for row in found.differences] == ROWS[name, reference]


def test_xception_is_xception() -> None:
    given: dict[str, Any] = {"classifier_activation": None}
    assert archscope.diff("keras:Xception", "xception?pooling=same", options=given).verdict == "identical"
    assert archscope.diff("xception?pooling=same", "keras:Xception", reference_options=given).verdict == "identical"
    assert measured("Xception").totals["receptive_field"]["size"] == [1083, 1083]


def test_a_blogs_port_gets_every_change_named() -> None:
    port = Path(__file__).parent / "ports" / "keras_xception.py"
    found = archscope.diff(f"{port}:my_xception", "xception?pooling=same")
    assert found.totals == {"params": -1_028_264, "macs": -114_349_160}
    assert [row.what for row in found.differences] == [
        "convolution: a bias where the reference has none, in 40 layers",
        "convolution: padding 1 instead of 0, in 2 layers",
        "2 layers of other size, which follows from convolution: padding 1 instead of 0, in 2 layers",
        f"max pooling: {PADDING}, in 2 layers",
        "max pooling: rounds sizes down where the reference rounds up (ceil_mode), in 3 layers",
        "max pooling: padding 1 instead of 0",
        "ReLU + fully connected layer, 1000 units + softmax extra",
        "4 layers of other size, which follows from several of the rows above",
    ]
    assert found.a.totals["receptive_field"]["size"] == [1083, 1083]
