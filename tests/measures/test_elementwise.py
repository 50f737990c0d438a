from typing import Any

import pytest

from archscope.model.graph import Layer, Operand, Window
from tests.graphs import Net, operands, total, values

SHAPE = (6, 8, 10)
SIZE = 6 * 8 * 10


def of(operation: str, *, sources: int = 1, shape: tuple[int, ...] | None = None, **fields: Any) -> int | None:
    net = Net(**{f"input{i}": SHAPE for i in range(sources)})
    net.add("layer", operation, *net.inputs, shape=shape, **fields)
    return values(net.graph(), "elementwise_ops")["layer"]


@pytest.mark.parametrize(
    ("operation", "fields", "expected"),
    [
        ("relu", {}, SIZE),
        ("mul", {"sources": 2}, SIZE),
        ("softmax", {}, 5 * SIZE),
        ("batch_norm", {}, 2 * SIZE),  # its statistics are known: a scale and a shift
        ("batch_norm", {"settings": {"training": True}, "parameters": ()}, 5 * SIZE),
        ("max_pool2d", {"shape": (6, 4, 5), "window": Window((3, 3), (2, 2), (1, 1), (1, 1))}, (6 * 4 * 5) * 9),
        ("adaptive_avg_pool2d", {"shape": (6, 1, 1)}, SIZE),
        ("mean", {"shape": (6,)}, SIZE),
        ("dropout", {"settings": {"training": False}}, 0),
        ("dropout", {"settings": {"training": True}}, SIZE),
        ("interpolate", {"shape": (6, 16, 20)}, 0),  # the nearest value is copied
        ("interpolate", {"shape": (6, 16, 20), "settings": {"mode": "bilinear"}}, (2 * 2**2 - 1) * 4 * SIZE),
        ("interpolate", {"shape": (6, 16, 20), "settings": {"mode": "bicubic"}}, (2 * 4**2 - 1) * 4 * SIZE),
        ("cat", {"sources": 2, "shape": (12, 8, 10)}, 0),
        ("view", {"shape": (SIZE,)}, 0),
        ("linalg_inv", {}, None),
    ],
)
def test_operations(operation: str, fields: dict[str, Any], expected: int | None) -> None:
    assert of(operation, **fields) == expected


def test_a_bias_is_one_addition_an_output() -> None:
    net = Net(input=SHAPE)
    net.conv("without", "input", 4, 3)
    net.conv("with", "input", 4, 3, bias=True)
    graph = net.graph()

    assert values(graph, "elementwise_ops") == {"without": 0, "with": 4 * (8 - 2) * (10 - 2)}
    assert total(graph, "elementwise_ops") == 4 * (8 - 2) * (10 - 2)


def test_affine_normalisation_scales_and_shifts() -> None:
    net = Net(input=SHAPE)
    parameters = (net.parameter("norm.weight", 6), net.parameter("norm.bias", 6))
    net.add("norm", "group_norm", "input", parameters=parameters)

    assert total(net.graph(), "elementwise_ops") == (5 + 2) * SIZE


def test_attention_scores_are_scaled_and_normalised() -> None:
    heads, queries, keys = 2, 6, 9
    given = operands((1, heads, queries, 4), (1, heads, keys, 4), (1, heads, keys, 4))
    net = Net(input=(heads, queries, 4))
    net.add("attention", "scaled_dot_product_attention", "input", operands=given)

    assert total(net.graph(), "elementwise_ops") == (1 + 5) * heads * queries * keys


@pytest.mark.parametrize("biases", [0, 1, 2])
def test_recurrent_gates(biases: int) -> None:
    steps, hidden = 6, 5
    net = Net(input=(steps, 8))
    shapes = 2 * [(4 * hidden, 8), (4 * hidden, hidden), *[(4 * hidden,)] * biases]
    given = tuple(Operand(f"weights.{i}", "parameter", f"w{i}", shape) for i, shape in enumerate(shapes))
    net.add("lstm", "lstm", "input", shape=(steps, hidden), settings={"num_layers": 2}, operands=given)

    gates = 4 * (biases + 1)  # and an activation
    update = 5  # forget x state, input x candidate, their sum, its tanh, output x that
    assert total(net.graph(), "elementwise_ops") == 2 * steps * hidden * (gates + update)


def test_a_layer_without_inputs_costs_nothing() -> None:
    net = Net(input=(1,))
    net.layers.append(Layer("zeros", "zeros", "mean", (), (), ((3,),)))

    assert total(net.graph(), "elementwise_ops") == 0
