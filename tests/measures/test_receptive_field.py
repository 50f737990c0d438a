"""Closed forms; test_against_torch.py compares with gradients and published values."""

import time
from collections.abc import Callable

import pytest
import torch
from torch import nn

import archscope
from archscope.measures.receptive_field import fields_of, taps
from archscope.model.graph import Window
from tests.graphs import Net, total, values


def size(net: Net) -> list[int] | None:
    return values(net.graph(), "receptive_field")[net.layers[-1].name]


def test_vgg_16() -> None:
    """Five stages of 3x3 convolutions, each followed by a 2x2 pooling (Simonyan & Zisserman, Table 1, D)."""
    net = Net(input=(3, 224, 224))
    before, convolutions = "input", (2, 2, 3, 3, 3)
    for stage, number in enumerate(convolutions):
        for i in range(number):
            before = net.conv(f"conv{stage}_{i}", before, 8, 3, padding=1)
        before = net.pool(f"pool{stage}", before, 2, 2)

    grown = sum((2 * number + 1) * 2**stage for stage, number in enumerate(convolutions))
    assert size(net) == [1 + grown] * 2
    assert total(net.graph(), "receptive_field") == {"size": [1 + grown] * 2, "stride": [2**5] * 2}


def test_dilation_and_each_axis_for_itself() -> None:
    net = Net(input=(3, 99, 99))
    net.conv("first", "input", 3, (3, 1), stride=(2, 1), dilation=(4, 1))
    net.conv("second", "first", 3, (5, 7))

    assert size(net) == [1 + 4 * (3 - 1) + 2 * (5 - 1), 1 + (7 - 1)]


def test_padding_moves_the_field_and_does_not_widen_it() -> None:
    net = Net(input=(3, 99, 99))
    net.conv("first", "input", 3, 3, stride=2, padding=1)
    net.conv("second", "first", 3, 3, stride=2, padding=0)

    assert size(net) == [1 + 2 + 2 * 2] * 2


@pytest.mark.parametrize("order", [("before", "behind"), ("behind", "before")])
def test_branches_of_different_alignment_are_joined(order: tuple[str, str]) -> None:
    """One branch sees its element and the two before it, the other its element and the two behind."""
    net = Net(input=(3, 20, 20))
    for side, amounts in (("before", [2, 0, 2, 0]), ("behind", [0, 2, 0, 2])):
        net.add(f"pad_{side}", "pad", "input", shape=(3, 22, 22), settings={"pad": amounts})
        net.conv(side, f"pad_{side}", 3, 3)
    net.add("cat", "cat", *order, shape=(6, 20, 20), settings={"dim": 1})

    assert values(net.graph(), "receptive_field")["before"] == [3, 3]
    assert values(net.graph(), "receptive_field")["behind"] == [3, 3]
    assert size(net) == [2 + 1 + 2] * 2


def test_identity_shortcut() -> None:
    net = Net(input=(3, 20, 20))
    body = net.conv("body", "input", 3, 5, padding=2)
    shortcut = net.add("shortcut", "identity", "input", memory="view")
    net.add("add", "add", body, shortcut)

    assert values(net.graph(), "receptive_field")["shortcut"] == [1, 1]
    assert size(net) == [5, 5]


@pytest.mark.parametrize(("added", "apart"), [(1, True), (5, False)])
def test_parts_of_a_concatenation_that_come_to_see_the_same_are_parts_no_more(added: int, apart: bool) -> None:
    """What reads some of its channels follows them apart no longer than they differ."""
    net = Net(input=(4, 20, 20))
    branches = [net.conv(f"branch{size}", "input", 2, size, padding=size // 2) for size in (1, 3)]
    both = net.add("cat", "cat", *branches, shape=(4, 20, 20), settings={"dim": 1})
    net.add("add", "add", both, net.conv("body", "input", 4, added, padding=added // 2))

    fields = fields_of(net.graph())
    assert fields["cat"] and fields["cat"][0].parts
    assert fields["add"] and bool(fields["add"][0].parts) is apart
    assert size(net) == [max(3, added)] * 2


def test_a_gate_over_the_whole_image_is_global_from_there_on() -> None:
    net = Net(input=(3, 20, 20))
    body = net.conv("body", "input", 3, 3, padding=1)
    pooled = net.add("squeeze", "adaptive_avg_pool2d", body, shape=(3, 1, 1))
    gate = net.add("sigmoid", "sigmoid", net.conv("excite", pooled, 3, 1))
    net.conv("after", net.add("scale", "mul", body, gate), 3, 3)

    found = values(net.graph(), "receptive_field")
    assert found["squeeze"] is None
    assert found["excite"] is None
    assert found["scale"] == found["after"] == "global"
    assert total(net.graph(), "receptive_field") is None
    assert total(net.graph(), "receptive_field_scope") == {"is": "global", "since": "scale"}


Step = tuple[str, int, int, int]
"""Up or down, kernel size, stride, padding."""


def inputs_seen(steps: list[Step], position: int) -> set[int]:
    """The input pixels behind one output element, by following every tap back."""
    seen = {position}
    for direction, kernel, stride, padding in reversed(steps):
        if direction == "down":
            seen = {stride * y + tap - padding for y in seen for tap in range(kernel)}
        else:
            phases = {(y + padding - tap, stride) for y in seen for tap in range(kernel)}
            seen = {number // by for number, by in phases if number % by == 0}
    return seen


@pytest.mark.parametrize(
    "steps",
    [
        [("up", 2, 2, 0)],
        [("up", 4, 2, 1), ("down", 3, 1, 1)],
        [("down", 3, 2, 1), ("up", 3, 2, 1), ("down", 3, 1, 1)],
        [("down", 5, 1, 2), ("up", 5, 3, 0), ("down", 2, 1, 0)],
        [("up", 3, 1, 1), ("down", 4, 2, 1), ("down", 3, 1, 0)],
    ],
)
def test_transposed_convolution(steps: list[Step]) -> None:
    """What most one of the elements sees."""
    net = Net(input=(3, 60))
    before = "input"
    for i, (direction, kernel, stride, padding) in enumerate(steps):
        window = Window((kernel,), (stride,), (padding,), (1,))
        operation = "conv1d" if direction == "down" else "conv_transpose1d"
        before = net.add(f"{direction}{i}", operation, before, window=window)

    seen = [inputs_seen(steps, position) for position in range(30, 36)]
    most = max(max(inputs) - min(inputs) + 1 for inputs in seen if inputs)
    assert size(net) == [most]


def test_global_pooling_and_what_comes_after_has_no_place_in_the_image() -> None:
    net = Net(input=(3, 8, 8))
    conv = net.conv("conv", "input", 4, 3)
    net.add("pool", "adaptive_avg_pool2d", conv, shape=(4, 1, 1))
    net.add("flat", "flatten", "pool", shape=(4,), memory="view")
    net.linear("fc", "flat", 10)
    graph = net.graph()

    assert values(graph, "receptive_field") == {"conv": [3, 3], "pool": None, "flat": None, "fc": None}
    assert total(graph, "receptive_field") == {"size": [3, 3], "stride": [1, 1]}
    assert total(graph, "receptive_field_scope") == {"is": "local", "since": None}


def test_a_flattened_image_still_has_places_until_a_layer_reads_all() -> None:
    net = Net(input=(3, 8, 8))
    net.add("flat", "flatten", net.conv("conv", "input", 4, 3), shape=(4 * 6 * 6,), memory="view")
    net.linear("fc", "flat", 10)

    assert values(net.graph(), "receptive_field") == {"conv": [3, 3], "flat": [3, 3], "fc": None}


@pytest.mark.parametrize("each", ["channel", "frame"])
def test_a_linear_layer_over_places_alone_is_no_classifier(each: str) -> None:
    """It makes several numbers of all places in each channel; the scores of each frame are made of all channels."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 2, stride=2)
            self.mix = nn.Linear(16 if each == "channel" else 64, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            given = x if each == "channel" else x.flatten(0, 1)
            made: torch.Tensor = self.mix(self.stem(given).flatten(2 if each == "channel" else 1))
            return made if each == "channel" else made.unflatten(0, x.shape[:2])

    column = archscope.summarize(Net(), (3, 8, 8) if each == "channel" else (5, 3, 8, 8)).columns["receptive_field"]
    own = {"size": [2, 2], "stride": [2, 2]}
    assert (column.values["mix"], column.total) == (("global", None) if each == "channel" else (None, own))


def test_after_an_unknown_operation_nothing_is_known() -> None:
    """Not the number of the stem, which was known."""
    net = Net(input=(3, 8, 8))
    net.conv("after", net.add("mystery", "mystery", net.conv("conv", "input", 4, 3)), 4, 3)

    assert values(net.graph(), "receptive_field") == {"conv": [3, 3], "mystery": "unknown", "after": "unknown"}
    assert total(net.graph(), "receptive_field") is None
    assert total(net.graph(), "receptive_field_scope") == {"is": "unknown", "since": "mystery"}


def test_resampling_divides_the_stride() -> None:
    net = Net(input=(3, 16, 16))
    net.pool("pool", "input", 2, 2)
    net.add("up", "interpolate", "pool", shape=(3, 32, 32), settings={"mode": "nearest"})
    net.conv("conv", "up", 3, 5, padding=2)
    graph = net.graph()

    assert total(graph, "receptive_field")["stride"] == [0.5, 0.5]
    assert values(graph, "receptive_field")["conv"] == [4, 4]  # 4 elements in a row are of the same 2 pixels


HUGE = 3_000_000


@pytest.mark.parametrize(
    ("build", "seen"),
    [
        (lambda: nn.Upsample(scale_factor=HUGE), "unknown"),
        (lambda: nn.Upsample(scale_factor=HUGE, mode="bilinear"), "unknown"),
        (lambda: nn.ConvTranspose2d(3, 3, 1, HUGE), "unknown"),
        (lambda: nn.AdaptiveAvgPool2d(HUGE), "unknown"),
        (lambda: nn.Sequential(nn.ZeroPad2d(HUGE), nn.Conv2d(3, 3, HUGE)), [HUGE, HUGE]),
        (lambda: nn.Sequential(nn.ZeroPad2d(HUGE), nn.AdaptiveMaxPool2d(2)), [3_000_004, 3_000_004]),
    ],
)
def test_a_size_however_large_is_no_work(build: Callable[[], nn.Module], seen: list[int] | str) -> None:
    start = time.process_time()
    with torch.device("meta"):
        report = archscope.summarize(build(), (3, 8, 8))
    assert report.columns["receptive_field"].values[report.graph.layers[-1].name] == seen
    assert time.process_time() - start < 1


@pytest.mark.parametrize("sides", [(5, 3, 1, 1), (2, 4, 1, 1), (6, 4, 2, 2), (7, 6, 0, 4), (1, 1, 0, 1), (3, 2, 0, 3)])
def test_what_a_transposed_convolution_reads_is_what_writes_there(sides: tuple[int, int, int, int]) -> None:
    kernel_size, stride, padding, dilation = sides
    writes = {(j, j * stride - padding + dilation * tap) for j in range(-40, 40) for tap in range(kernel_size)}
    for phase, offsets in enumerate(taps.transposed(*sides).offsets):
        assert sorted(offsets) == sorted(j for j, position in writes if position == phase)


def test_no_spatial_axes() -> None:
    net = Net(input=(8,))
    net.linear("fc", "input", 3)

    assert total(net.graph(), "receptive_field") is None


def test_a_pooling_whose_only_window_is_the_image_is_a_global_pooling() -> None:
    net = Net(input=(3, 8, 8))
    body = net.conv("body", "input", 3, 3, padding=1)
    net.add("scale", "mul", body, net.pool("squeeze", body, 8, 1, kind="avg"))

    found = values(net.graph(), "receptive_field")
    assert found["squeeze"] is None
    assert found["scale"] == "global"


@pytest.mark.parametrize("operation", ["relu", "batch_norm", "dropout", "add"])
def test_pointwise_operations_keep_it(operation: str) -> None:
    net = Net(input=(3, 20, 20))
    net.conv("conv", "input", 3, 3)
    net.add("layer", operation, "conv")

    assert size(net) == [3, 3]


def test_one_axis() -> None:
    net = Net(input=(3, 40))
    net.add("conv", "conv1d", "input", shape=(3, 18), window=Window((5,), (2,), (0,), (1,)))

    assert total(net.graph(), "receptive_field") == {"size": [5], "stride": [2]}
