from typing import Any

import pytest

from archscope.measures.einsum import einsum
from archscope.measures.macs import FORMULAS, of_layer
from archscope.model.graph import Layer, Window
from archscope.model.operations import CATEGORIES, CATEGORY, WEIGHTED
from tests.graphs import Net, operands, total, values


def layer(
    operation: str,
    *shapes: list[int],
    output: tuple[int, ...],
    named: dict[str, list[int]] | None = None,
    **settings: Any,
) -> Layer:
    given = operands(*map(tuple, shapes), **(named or {}))
    return Layer("x", "x", operation, (), (), (output,), settings=settings, operands=given)


def test_convolution() -> None:
    net = Net(input=(6, 10, 12))
    net.conv("plain", "input", 8, (3, 5), bias=True)
    net.conv("strided", "plain", 12, 3, stride=2, padding=1)
    net.conv("grouped", "strided", 6, 3, groups=3)
    net.conv("depthwise", "grouped", 6, 2, groups=6, dilation=2)
    graph = net.graph()

    plain, strided = (10 - 2) * (12 - 4), 4 * 4
    assert values(graph, "macs") == {
        "plain": 8 * plain * 6 * 3 * 5,  # a bias is no MAC
        "strided": 12 * strided * 8 * 3 * 3,
        "grouped": 6 * (4 - 2) * (4 - 2) * (12 // 3) * 3 * 3,
        "depthwise": 0,  # nothing is left of 2 x 2 pixels under a window that spans 3
    }
    assert total(graph, "macs") == sum(values(graph, "macs").values())
    assert total(graph, "flops") == 2 * total(graph, "macs")


def test_depthwise_convolution_reads_one_channel() -> None:
    net = Net(input=(6, 9, 9))
    net.conv("depthwise", "input", 6, 3, padding=1, groups=6)

    assert total(net.graph(), "macs") == (6 * 9 * 9) * (3 * 3)


def test_transposed_convolution_spreads_its_input() -> None:
    net = Net(input=(4, 5, 7))
    window = Window((3, 3), (2, 2), (1, 1), (1, 1))
    given = operands(input=(1, 4, 5, 7), weight=(4, 6 // 2, 3, 3))
    net.add("up", "conv_transpose2d", "input", shape=(6, 9, 13), window=window, groups=2, operands=given)

    assert total(net.graph(), "macs") == (4 * 5 * 7) * (6 // 2) * (3 * 3)


def test_linear_over_every_position() -> None:
    net = Net(tokens=(11, 8))
    net.linear("linear", "tokens", 5)

    assert total(net.graph(), "macs") == 11 * 8 * 5


M, K, N, B = 3, 5, 7, 2


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (layer("matmul", [B, M, K], [K, N], output=(B, M, N)), B * M * K * N),
        (layer("bmm", [B, M, K], [B, K, N], output=(B, M, N)), B * M * K * N),
        (layer("mv", [M, K], [K], output=(M,)), M * K),
        (layer("dot", [K], [K], output=()), K),
        (layer("addmm", [N], [M, K], [K, N], output=(M, N)), M * K * N),
        (layer("baddbmm", [B, M, N], [B, M, K], [B, K, N], output=(B, M, N)), B * M * K * N),
        (layer("addbmm", [M, N], [B, M, K], [B, K, N], output=(M, N)), B * M * K * N),
        (layer("bilinear", [M, K], [M, N], [B, K, N], output=(M, B)), M * B * K * N),
        (layer("tensordot", [M, K], [K, N], output=(M, N)), M * K * N),
        (layer("bilinear", [M, K], [M, N], [B, K, N], [B], output=(M, B)), M * B * K * N),
        (layer("inner", [M, K], [N, K], output=(M, N)), M * K * N),
        (layer("inner", [M, K], [], output=(M, K)), 0),  # by a number
        (layer("conv_tbc", [9, B, M], [K, M, N], [N], output=(8, B, N)), 8 * B * K * M * N),
        (layer("linalg_vecdot", [M, 1, K], [N, K], output=(M, N)), M * N * K),
        (layer("linalg_vecdot", [K, M, 1], [K, 1, N], output=(M, N), dim=0), M * N * K),
        (layer("linalg_multi_dot", [M, K], [K, N], [N], output=(M,)), K * N + M * K),  # from the right: fewer
        (layer("chain_matmul", [M, K], [K, N], output=(M, N)), M * K * N),
        (layer("cdist", [B, M, K], [B, N, K], output=(B, M, N)), B * M * N * K),
        (layer("cdist", [M, K], [N, K], output=(M, N), p=1.0), 0),
        (layer("linalg_solve_triangular", [B, M, M], [B, M, N], output=(B, M, N)), B * N * M * (M - 1) // 2),
        (layer("scaled_mm", [M, K], [K, N], [], [], output=(M, N)), M * K * N),
        (layer("int_mm", [M, K], [K, N], output=(M, N)), M * K * N),
        (layer("grouped_mm", [M, K], [B, K, N], [B], output=(M, N)), M * K * N),
        (layer("grouped_mm", [M, K], [K, N], [B], output=(B, M, N)), M * K * N),
        (layer("deform_conv2d", [B, 4, 8, 8], [6, 2, 3, 3], [B, 18, 6, 6], output=(B, 6, 6, 6)), B * 6 * 36 * 2 * 9),
        (layer("einsum", [M, K], [K, N], output=(M, N), equation="mk,kn->mn"), M * K * N),
    ],
    ids=lambda value: value.operation if isinstance(value, Layer) else "",
)
def test_products(made: Layer, expected: int) -> None:
    assert of_layer(made) == expected


@pytest.mark.parametrize(
    ("equation", "operands", "expected"),
    [
        ("ij,jk->ik", [[M, K], [K, N]], M * K * N),
        ("ij,jk", [[M, K], [K, N]], M * K * N),  # without an arrow: letters that stand once
        ("i,j->ij", [[M], [N]], 0),  # an outer product sums nothing
        ("bij,bij->b", [[B, M, K], [B, M, K]], B * M * K),
        ("ij,jk,kl->il", [[M, K], [K, N], [N, B]], M * K * N + M * N * B),  # from left to right
        ("...ij,jk->...ik", [[B, M, K], [K, N]], B * M * K * N),
        ("...ij,...jk", [[B, 1, M, K], [3, K, N]], 3 * B * M * K * N),  # broadcast
        ("ik,kj->ij", [[M, 1], [1, N]], 0),  # what is summed has one element
        ("ik,j->j", [[M, K], [N]], 0),  # summed before it is multiplied
        ("ijj->i", [[M, K, K]], 0),
        (None, [[M, K], [K, N]], None),
    ],
)
def test_einsum(equation: str | None, operands: list[list[int]], expected: int | None) -> None:
    assert einsum(equation, operands) == expected


def test_attention_function() -> None:
    heads, queries, keys, width, value = 4, 6, 9, 8, 10
    made = layer("scaled_dot_product_attention", [1, heads, queries, width], [1, heads, keys, width],
                 [1, heads, keys, value], output=(heads, queries, value))  # fmt: skip

    assert of_layer(made) == heads * (queries * width * keys + queries * keys * value)


def test_attention_module_projects_four_times() -> None:
    tokens, batch, width = 6, 3, 8
    named = {"out_proj_weight": [width, width]}
    made = layer("multi_head_attention_forward", *[[tokens, batch, width]] * 3, output=(tokens, width), named=named)

    assert of_layer(made) == batch * (4 * tokens * width * width + 2 * tokens * tokens * width)


def test_attention_module_attends_to_what_it_learned_and_projects_to_any_width() -> None:
    tokens, width, out = 6, 8, 5
    named = {"out_proj_weight": [out, width], "bias_k": [1, 1, width]}
    query = [[tokens, 1, width]] * 3
    made = layer("multi_head_attention_forward", *query, output=(tokens, out), named=named, add_zero_attn=True)

    assert of_layer(made) == tokens * width * (3 * width + out) + 2 * tokens * (tokens + 2) * width


def weights(*layers: tuple[int, int, int, int]) -> dict[str, list[int]]:
    """Of layers with gates x hidden rows, which read features and a state; none of it on biases."""
    shapes = [
        shape
        for gates, hidden, features, state in layers
        for shape in ([gates * hidden, features], [gates * hidden, state], [gates * hidden], [gates * hidden])
    ]
    return {f"weights.{place}": shape for place, shape in enumerate(shapes)}


@pytest.mark.parametrize(("operation", "gates"), [("lstm", 4), ("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent(operation: str, gates: int, directions: int) -> None:
    steps, features, hidden = 6, 8, 5
    layers = [(gates, hidden, features, hidden)] * directions + [
        (gates, hidden, directions * hidden, hidden)
    ] * directions
    given = {"input": [1, steps, features], "hx": [2 * directions, 1, hidden], **weights(*layers)}
    made = layer(operation, output=(steps, hidden), named=given)

    expected = gates * hidden * (features + hidden) + gates * hidden * (directions * hidden + hidden)
    assert of_layer(made) == steps * directions * expected


def test_a_packed_sequence_has_the_steps_that_run() -> None:
    features, hidden = 8, 5
    given = {
        "input": [10, features],
        "batch_sizes": [5],
        "hx": [1, 3, hidden],
        **weights((3, hidden, features, hidden)),
    }
    made = layer("gru", output=(10, hidden), named=given)

    assert of_layer(made) == 10 * 3 * hidden * (features + hidden)


def test_recurrent_projection() -> None:
    steps, features, hidden, state = 6, 8, 5, 3
    given = {"input": [1, steps, features], "hx.0": [1, 1, state], "hx.1": [1, 1, hidden]}
    given |= weights((4, hidden, features, state)) | {"weights.4": [state, hidden]}
    made = layer("lstm", output=(steps, state), named=given)

    assert of_layer(made) == steps * (4 * hidden * (features + state) + hidden * state)


@pytest.mark.parametrize(("operation", "gates"), [("lstm_cell", 4), ("gru_cell", 3), ("rnn_tanh_cell", 1)])
def test_recurrent_cell(operation: str, gates: int) -> None:
    features, hidden, batch = 8, 5, 3
    given = {"input": [batch, features], "hx": [batch, hidden], "w_ih": [gates * hidden, features]}
    made = layer(
        operation, output=(hidden,), named=given | {"w_hh": [gates * hidden, hidden], "b_ih": [gates * hidden]}
    )

    assert of_layer(made) == batch * gates * hidden * (features + hidden)


def test_what_a_report_of_an_old_version_does_not_say_is_unknown() -> None:
    for operation in ("conv2d", "conv_transpose2d", "linear", "matmul", "lstm", "scaled_dot_product_attention"):
        assert of_layer(layer(operation, output=(4, 8))) is None


def test_everything_else_costs_nothing() -> None:
    for category in CATEGORIES.keys() - WEIGHTED:
        operation = next(name for name in CATEGORIES[category].split() if CATEGORY[name] == category)
        assert of_layer(layer(operation, [3], output=(3,))) == 0, operation


def test_every_weighted_category_has_a_formula() -> None:
    assert FORMULAS.keys() == WEIGHTED


def test_unknown_is_said_and_never_zero() -> None:
    net = Net(input=(4, 8, 8))
    net.conv("conv", "input", 4, 1)
    net.add("mystery", "linalg_inv", "conv", kind="Fourier")
    net.add("again", "linalg_inv", "mystery", kind="Fourier")
    graph = net.graph()

    assert values(graph, "macs")["mystery"] is None
    assert values(graph, "flops")["mystery"] is None
    assert total(graph, "operations") == {"known": 1, "total": 3, "unknown": ["Fourier"]}
    assert total(graph, "macs") == 4 * 8 * 8 * 4


def test_a_convolution_of_unknown_window_is_unknown() -> None:
    net = Net(input=(4, 8, 8))
    net.add("conv", "conv2d", "input")

    assert values(net.graph(), "macs") == {"conv": None}
