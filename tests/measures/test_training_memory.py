"""What each operation keeps; test_against_torch.py compares with what torch really saves."""

from dataclasses import replace
from typing import Any

import pytest

from tests.graphs import F32, Net, operands, total, values

IMAGE = 4 * 8 * 8 * F32


def kept(operation: str, *, sources: int = 1, shape: tuple[int, ...] | None = None, **fields: Any) -> int | None:
    """Bytes that an operation keeps on the outputs of convolutions, which nobody else keeps."""
    net = Net(input=(4, 8, 8))
    names = [net.conv(f"conv{i}", "input", 4, 1) for i in range(sources)]
    net.add("layer", operation, *names, shape=shape, **fields)
    return values(net.graph(), "training_memory_bytes")["layer"]


@pytest.mark.parametrize(
    ("operation", "fields", "expected"),
    [
        ("relu", {}, IMAGE),
        ("relu", {"memory": "in_place"}, IMAGE),
        ("gelu", {}, IMAGE),
        ("relu6", {"memory": "in_place"}, IMAGE),  # torch copies what is overwritten
        ("add", {"sources": 2}, 0),
        ("mul", {"sources": 2}, 2 * IMAGE),
        ("mul", {"settings": {"other": 0.17}}, 0),
        ("cat", {"sources": 2, "shape": (8, 8, 8)}, 0),
        ("batch_norm", {}, IMAGE + 2 * 4 * F32),
        ("group_norm", {"settings": {"num_groups": 2}}, IMAGE + 2 * 2 * F32),
        ("layer_norm", {"settings": {"normalized_shape": [8]}}, IMAGE + 2 * 4 * 8 * F32),
        ("local_response_norm", {"settings": {"size": 5}}, IMAGE + 2 * IMAGE + (4 + 5 - 1) * 8 * 8 * F32),
        ("max_pool2d", {"shape": (4, 4, 4)}, IMAGE + 8 * 4 * 4 * 4),
        ("adaptive_max_pool2d", {"shape": (4, 1, 1)}, IMAGE + 8 * 4),
        ("avg_pool2d", {"shape": (4, 4, 4)}, IMAGE),
        ("adaptive_avg_pool2d", {"shape": (4, 1, 1)}, 0),
        ("adaptive_avg_pool2d", {"shape": (4, 2, 2)}, IMAGE),
        ("dropout", {"settings": {"p": 0.5}}, IMAGE),
        ("dropout", {"settings": {"p": 0.0}}, 0),
        ("dropout2d", {"settings": {"p": 0.5}}, 4 * F32),
        ("alpha_dropout", {"settings": {"p": 0.5}}, IMAGE),
        ("mean", {"shape": (4,)}, 0),
        ("flatten", {"shape": (4 * 8 * 8,), "memory": "view"}, 0),
        ("scaled_dot_product_attention", {"operands": operands(*[(1, 4, 8, 8)] * 3)}, IMAGE + 4 * 8 * F32),
        ("lstm", {"operands": operands(*[(1, 8, 8)] * 3)}, None),  # without its weights
        ("linalg_inv", {}, None),
    ],
)
def test_operations(operation: str, fields: dict[str, Any], expected: int | None) -> None:
    assert kept(operation, **fields) == expected


@pytest.mark.parametrize("batch", [1, 3])
def test_a_tensor_that_two_layers_keep_counts_once(batch: int) -> None:
    net = Net(input=(4, 8, 8))
    net.conv("conv", "input", 4, 1)  # keeps the input
    net.add("relu", "relu", "conv")  # keeps its output
    net.conv("left", "relu", 4, 1)
    net.conv("right", "relu", 4, 1)
    graph = net.graph(batch=batch)

    assert values(graph, "training_memory_bytes") == {
        "conv": IMAGE * batch, "relu": IMAGE * batch, "left": 0, "right": 0}  # fmt: skip
    assert total(graph, "training_memory_bytes") == 2 * IMAGE * batch


def test_a_view_of_a_kept_tensor_is_kept_already() -> None:
    net = Net(input=(4, 8, 8))
    net.conv("conv", "input", 4, 1)
    net.add("relu", "relu", "conv")
    net.add("flat", "flatten", "relu", shape=(4 * 8 * 8,), memory="view")
    net.linear("fc", "flat", 3)

    assert values(net.graph(), "training_memory_bytes")["fc"] == 0


def test_nothing_is_kept_before_the_first_trainable_parameter() -> None:
    net = Net(input=(4, 8, 8))
    net.add("pool", "max_pool2d", "input", shape=(4, 4, 4))
    net.conv("frozen", "pool", 4, 1)
    net.parameter("frozen.weight", 4, 4, 1, 1, trainable=False)
    net.add("relu", "relu", "frozen")
    net.conv("trained", "relu", 4, 1)
    graph = net.graph()

    assert values(graph, "training_memory_bytes") == {"pool": 0, "frozen": 0, "relu": 0, "trained": 4 * 4 * 4 * F32}


def test_a_frozen_convolution_behind_a_trained_one_keeps_no_input() -> None:
    net = Net(input=(4, 8, 8))
    net.conv("trained", "input", 4, 1)
    net.conv("frozen", "trained", 4, 1)
    net.parameter("frozen.weight", 4, 4, 1, 1, trainable=False)
    net.add("gelu", "gelu", "frozen")

    assert values(net.graph(), "training_memory_bytes") == {"trained": IMAGE, "frozen": 0, "gelu": IMAGE}


def test_the_peak_of_a_step_has_a_gradient_and_a_momentum_for_what_trains() -> None:
    net = Net(input=(4, 8, 8))
    net.conv("conv", "input", 4, 3, padding=1)
    graph = net.graph(batch=2)
    (weight,) = graph.parameters.values()
    # the gradient of its output, and oneDNN's copies of that and of the input
    assert total(graph, "training_peak_bytes") == 3 * weight.bytes + 2 * IMAGE + 3 * 2 * IMAGE
    frozen = replace(graph, parameters={weight.name: weight._replace(trainable=False)})
    assert total(frozen, "training_peak_bytes") == weight.bytes + 2 * IMAGE
    net.conv("second", "conv", 4, 3, padding=1)
    weights = sum(tensor.bytes for tensor in net.graph().parameters.values())
    # going back, the second layer lets go of what it kept before the first one gets its weights' gradient
    assert total(net.graph(batch=2), "training_peak_bytes") == 2 * weights + weight.bytes + 4 * IMAGE + 8 * IMAGE
    # of a single small image torch lays all nine pixels of each window beside each other, and copies nothing
    assert total(net.graph(), "training_peak_bytes") == 2 * weights + weight.bytes + 4 * IMAGE + 9 * IMAGE
    net.add("unknown", "nothing_known", "conv")
    assert total(net.graph(), "training_peak_bytes") is None  # nobody knows what its kernel keeps


class Compared(str):
    """A name that counts how often it is compared with another."""

    __slots__ = ()
    times: list[object] = []  # noqa: RUF012  # of all of them

    def __eq__(self, other: object) -> bool:
        self.times.append(other)
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_the_inputs_of_a_concatenation_are_not_each_looked_for_among_all() -> None:
    net = Net(input=(3, 4, 4))
    branches = [net.conv(Compared(f"branch{i}"), "input", 1, 1) for i in range(500)]
    net.add("cat", "cat", *branches)

    assert total(net.graph(), "training_peak_bytes")
    assert len(Compared.times) < 20 * len(branches)
