"""Options of the reference with which fewer differences are left."""

from typing import Any

import pytest
from torch import nn

import archscope
from archscope.views import render


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("nin_cifar10", {"num_classes": 7}),
        ("alexnet", {"groups": 1}),
        ("vgg11", {"batch_norm": True, "num_classes": 10}),
        ("resnet50", {"stride": "3x3"}),
        ("mobilenet_v1", {"width_multiplier": 0.5}),
    ],
)
def test_options_that_explain_all_are_found(name: str, options: dict[str, Any]) -> None:
    found = archscope.diff(archscope.build(name, options=options), name)
    assert found.fewer is not None
    assert found.fewer.options == options
    assert found.fewer.left == 0
    said = " ".join(f"--set-reference {option}={value}" for option, value in found.fewer.options.items())
    assert f"fewer differences against {said}: none" in " ".join(str(found).split())


def test_what_no_option_explains_is_left_and_counted() -> None:
    variant = archscope.build("resnet50", options={"stride": "3x3"})
    found = archscope.diff(nn.Sequential(variant, nn.Tanh()), "resnet50")
    assert found.fewer is not None
    assert (dict(found.fewer.options), found.fewer.left) == ({"stride": "3x3"}, 1)
    assert '"fewer_against": {' in render(found, "json")


def test_nothing_is_said_where_no_option_helps_or_the_reader_named_the_network() -> None:
    assert archscope.diff(nn.Sequential(nn.Tanh(), nn.Flatten(), nn.Linear(1024, 10)), "lenet5").fewer is None
    assert archscope.diff("lenet5?num_classes=7", "lenet5").fewer is None
    assert archscope.diff(nn.Conv2d(1, 3, 3), nn.Conv2d(1, 3, 1), (1, 8, 8)).fewer is None
