"""Products of every kind, traced from torch's functions, against torch's own counter or by hand where it has none."""

import random
import re
import warnings
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._higher_order_ops.map import map as map_each
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop
from torch.nn.attention.flex_attention import flex_attention
from torch.overrides import get_overridable_functions
from torch.utils.flop_counter import FlopCounterMode

import archscope
from archscope.measures.einsum import einsum
from archscope.model.report import Report
from archscope.tracing.calls import operation_name
from tests.small_nets import Forward


def summed(function: Callable[..., Any], *inputs: torch.Tensor, **modules: nn.Module) -> Report:
    """The report of a network of one expression, all of whose operations are known."""
    report = archscope.summarize(Forward(lambda net, *given: function(*given), **modules), input_data=inputs)
    assert report.totals["operations"]["unknown"] == []
    return report


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(shape)


# ---- torch counts them ---------------------------------------------------------------------------------------

COUNTED: dict[str, tuple[Callable[..., Any], tuple[torch.Tensor, ...]]] = {
    "linalg.matmul": (torch.linalg.matmul, (rand(2, 3, 4), rand(4, 5))),
    "reversed matmul": (torch.Tensor.__rmatmul__, (rand(4, 5), rand(3, 4))),
    "inner": (torch.inner, (rand(3, 4), rand(5, 4))),
    "multi_dot": (lambda *factors: torch.linalg.multi_dot(factors), (rand(9, 2), rand(2, 8), rand(8, 3), rand(3, 7))),
    "multi_dot of vectors": (lambda *factors: torch.linalg.multi_dot(factors), (rand(8), rand(8, 3), rand(3))),
    "outer": (torch.outer, (rand(4), rand(5))),
    "ger": (torch.ger, (rand(4), rand(5))),
    "kron": (torch.kron, (rand(2, 3), rand(4, 5))),
    "convolution": (
        lambda x, w: torch.convolution(x, w, None, [1, 2], [1, 0], [1, 1], False, [0, 0], 2),
        (rand(2, 4, 8, 9), rand(6, 2, 3, 3)),
    ),
    "transposed convolution": (
        lambda x, w: torch.convolution(x, w, None, [2, 2], [1, 1], [1, 1], True, [1, 1], 2),
        (rand(2, 4, 8, 9), rand(4, 3, 3, 3)),
    ),
    "addmm": (torch.addmm, (rand(5), rand(3, 4), rand(4, 5))),
    "baddbmm": (torch.baddbmm, (rand(5), rand(2, 3, 4), rand(2, 4, 5))),
    "tensordot": (lambda a, b: torch.tensordot(a, b, ([1, 0], [0, 1])), (rand(3, 4, 5), rand(4, 3, 2))),
    "int_mm": (torch._int_mm, (torch.ones(17, 8, dtype=torch.int8), torch.ones(8, 16, dtype=torch.int8))),
    "attention": (F.scaled_dot_product_attention, (rand(1, 2, 5, 4), rand(1, 2, 7, 4), rand(1, 2, 7, 6))),
}
NOT_BY_THIS_TORCH = {"int_mm": 2 * 17 * 8 * 16}


@pytest.mark.parametrize("name", COUNTED)
def test_as_torch_counts(name: str) -> None:
    function, inputs = COUNTED[name]
    with FlopCounterMode(display=False) as counter:
        function(*[tensor.to("meta") for tensor in inputs])

    assert summed(function, *inputs).totals["flops"] == counter.get_total_flops() + NOT_BY_THIS_TORCH.get(name, 0)


@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
@pytest.mark.parametrize("bias", [True, False])
def test_cells(cell: Callable[..., nn.Module], bias: bool) -> None:
    module = cell(32, 48, bias)
    with FlopCounterMode(display=False) as counter:
        module(rand(3, 32))

    report = archscope.summarize(module, input_data=rand(3, 32))
    assert report.totals["flops"] == counter.get_total_flops() > 0


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers(kind: Callable[..., nn.Module]) -> None:
    options = {"proj_size": 3} if kind is nn.LSTM else {}
    module = kind(8, 6, 2, bidirectional=True, **options)
    with FlopCounterMode(display=False) as counter:
        module.to("meta")(rand(5, 1, 8).to("meta"))

    assert archscope.summarize(module, input_data=rand(5, 1, 8)).totals["flops"] == counter.get_total_flops() > 0


def equations(count: int) -> Iterator[tuple[str, list[torch.Tensor]]]:
    """Random ones: two to four operands, axes of length 1, broadcasting, an ellipsis, with and without an arrow."""
    draw = random.Random(0)
    for _ in range(count):
        size = {letter: draw.choice([1, 2, 3, 5]) for letter in "abcde"}
        ellipsis, more = draw.random() < 0.4, [draw.choice([1, 2, 4]) for _ in range(2)]
        terms, tensors = [], []
        for _ in range(draw.choice([1, 2, 2, 3, 4])):
            term = "".join(draw.sample("abcde", draw.randint(1, 4)))
            shape = [size[letter] if draw.random() < 0.85 else 1 for letter in term]
            covered = more[draw.randint(0, 2) :] if ellipsis else []
            place = draw.randint(0, len(term))
            terms.append(term[:place] + "..." * ellipsis + term[place:])
            tensors.append(torch.empty([*shape[:place], *covered, *shape[place:]], device="meta"))
        letters = sorted(set("".join(terms)) - {"."})
        result = "..." * ellipsis + "".join(draw.sample(letters, draw.randint(0, len(letters))))
        yield ",".join(terms) + (f"->{result}" if draw.random() < 0.8 else ""), tensors


def test_einsum_contracts_as_torch_does() -> None:
    counted = 0
    for equation, tensors in equations(400):
        with FlopCounterMode(display=False) as counter:
            try:
                torch.einsum(equation, *tensors)
            except RuntimeError:  # sizes that do not fit
                continue
        assert 2 * (einsum(equation, [tensor.shape for tensor in tensors]) or 0) == counter.get_total_flops(), equation
        counted += counter.get_total_flops() > 0
    assert counted > 50


# ---- torch has no formula for them: by hand ---------------------------------------------------------------------

BY_HAND: dict[str, tuple[Callable[..., Any], tuple[torch.Tensor, ...], int]] = {
    "vecdot": (torch.linalg.vecdot, (rand(5, 1, 8), rand(3, 8)), 5 * 3 * 8),
    "cdist": (torch.cdist, (rand(2, 5, 8), rand(2, 7, 8)), 2 * 5 * 7 * 8),
    "cdist by sums": (lambda x, y: torch.cdist(x, y, 1.0), (rand(5, 8), rand(7, 8)), 0),
    "conv_tbc": (torch.conv_tbc, (rand(9, 2, 4), rand(3, 4, 5), rand(5)), 9 * 2 * 5 * 3 * 4),
    "bilinear": (F.bilinear, (rand(2, 4), rand(2, 5), rand(3, 4, 5), rand(3)), 2 * 3 * 4 * 5),
    "mv": (torch.mv, (rand(3, 8), rand(8)), 3 * 8),
    "cov": (torch.cov, (rand(5, 7),), 5 * 5 * 7),
    "corrcoef": (torch.corrcoef, (rand(5, 7),), 5 * 5 * 7),
    "sum over a factor of one": (lambda x, y: torch.einsum("ik,kj->ij", x, y), (rand(3, 1), rand(1, 4)), 0),
}


BY_HAND["conv_tbc"] = (lambda x, w, b: torch.conv_tbc(x, w, b, 1), *BY_HAND["conv_tbc"][1:])


if hasattr(F, "linear_cross_entropy"):  # torch 2.13
    BY_HAND["linear_cross_entropy"] = (F.linear_cross_entropy, (rand(3, 8), rand(5, 8), torch.arange(3)), 3 * 5 * 8)


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    function, inputs, expected = BY_HAND[name]
    assert summed(function, *inputs).totals["macs"] == expected


@pytest.mark.parametrize("zeros", [False, True])
def test_attention_with_learned_positions(zeros: bool) -> None:
    module = nn.MultiheadAttention(16, 4, add_bias_kv=True, add_zero_attn=zeros, batch_first=True)
    report = summed(lambda x: module(x, x, x)[0], rand(2, 5, 16), module=module)

    assert report.totals["macs"] == 2 * (4 * 5 * 16 * 16 + 2 * 5 * (5 + 1 + zeros) * 16)


def test_an_output_projection_that_is_not_square() -> None:
    def attend(x: torch.Tensor) -> torch.Tensor:
        weights = (rand(24, 8), rand(24), None, None, False, 0.0, rand(5, 8), rand(5))
        return F.multi_head_attention_forward(x, x, x, 8, 2, *weights)[0]

    assert summed(attend, rand(6, 1, 8)).totals["macs"] == 6 * 8 * (3 * 8 + 5) + 2 * 6 * 6 * 8


@pytest.mark.filterwarnings("ignore")  # torch's own, about compiling
def test_flex_attention() -> None:
    report = summed(lambda x: flex_attention(x, x, x), rand(1, 2, 16, 8))
    assert report.totals["macs"] == 2 * 2 * 16 * 16 * 8


@pytest.mark.filterwarnings("ignore")  # torch's own, about compiling
@pytest.mark.parametrize(("sign", "macs"), [(1, 4 * 8), (-1, 0)])
def test_of_two_branches_the_one_that_runs(sign: int, macs: int) -> None:
    layer = nn.Linear(4, 8)
    report = summed(lambda x: torch.cond(x.sum() > 0, layer, lambda x: x.repeat(1, 2), (x,)), sign * torch.ones(1, 4))

    assert report.totals["macs"] == macs
    assert "only the way that this input took was seen" in " ".join(report.graph.notes)


WEIGHT = nn.Parameter(rand(4, 4))
LOOPS: dict[str, Callable[[torch.Tensor], Any]] = {
    "while": lambda x: while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, x @ WEIGHT), (torch.tensor(0), x[0]))[1],
    "scan": lambda x: scan(lambda state, x: (state @ WEIGHT + x, state.clone()), x[0], x, dim=0)[0],
    "map": lambda x: map_each(lambda x: x @ WEIGHT, x),
}


@pytest.mark.filterwarnings("ignore")  # torch's own, about compiling
@pytest.mark.parametrize("name", LOOPS)
def test_of_a_loop_every_turn(name: str) -> None:
    if name == "scan" and torch.__version__ < (2, 13):
        pytest.skip("torch 2.6 runs the step of a scan twice more, to see what it gives, torch 2.11 once")
    report = summed(LOOPS[name], rand(3, 1, 4))
    assert report.totals["macs"] == 3 * 4 * 4
    assert report.graph.results[0].shape == ((3, 1, 4) if name == "map" else (1, 4))
    ran = any("real pass" in note for note in report.graph.notes)
    assert not ran or torch.__version__ >= (2, 14)  # which runs them on meta only for its compiler


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("ordered", [True, False])
def test_a_packed_sequence_runs_the_steps_that_are_there(kind: Callable[..., nn.Module], ordered: bool) -> None:
    module, lengths = kind(8, 6, batch_first=True), [5, 3, 2] if ordered else [2, 5, 3]

    def run(x: torch.Tensor) -> torch.Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=ordered)
        y: torch.Tensor = nn.utils.rnn.pad_packed_sequence(module(packed)[0], batch_first=True)[0]
        return y

    report = summed(run, rand(3, 5, 8), module=module)
    gates = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1}[kind]
    assert report.totals["macs"] == sum(lengths) * gates * 6 * (8 + 6)
    assert report.graph.layers[-1].output_shape == (3, 5, 6)
    assert report.graph.notes == ()


def test_fourier_transforms_are_elementwise() -> None:
    """5 n log2 n, and half of that of real numbers."""
    for function, points, real in (
        (torch.fft.fft, 64, False),
        (torch.fft.fft2, 32 * 64, False),
        (torch.fft.rfft2, 32 * 64, True),
        (lambda x: torch.fft.fftn(x, dim=(0,)), 32, False),
    ):
        report = summed(function, rand(32, 64))
        expected = 5 * 32 * 64 * (points.bit_length() - 1)
        assert report.totals["macs"] == 0
        assert report.totals["elementwise_ops"] == (expected // 2 if real else expected)


# ---- names -------------------------------------------------------------------------------------------------------


def aliases() -> Iterator[tuple[Callable[..., Any], Callable[..., Any]]]:
    """Functions that torch's documentation calls an alias, and what of."""
    with warnings.catch_warnings(action="ignore"):
        functions = [function for each in get_overridable_functions().values() for function in each]
    for function in functions:
        said = re.search(r"[Aa]lias (?:for|of) :(?:func|meth):`~?\.?(?:torch\.)?([\w.]+)", function.__doc__ or "")
        if said and function.__name__ not in {"ndimension", "nelement"}:  # numbers
            yield function, reduce(getattr, said[1].split("."), torch)


def test_an_alias_is_what_it_stands_for() -> None:
    pairs = list(aliases())
    assert len(pairs) > 55
    assert [one.__name__ for one, other in pairs if operation_name(one)[0] != operation_name(other)[0]] == []


def test_a_users_operator_is_not_taken_for_torchs_own() -> None:
    library = torch.library.Library("archscope_test", "FRAGMENT")
    library.define("add(Tensor x) -> Tensor")
    library.impl("add", lambda x: x @ x, "CompositeExplicitAutograd")
    report = archscope.summarize(Forward(lambda net, x: torch.ops.archscope_test.add(x)), input_data=rand(1, 4, 4))
    library._destroy()

    assert report.totals["operations"]["unknown"] == ["archscope_test::add"]
