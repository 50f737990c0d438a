from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.latency import Options, device
from archscope.model.graph import Graph
from archscope.model.report import Report
from tests.benchmarks.memory import measured_and_predicted
from tests.graphs import F32, Net, total, values
from tests.small_nets import Forward

IMAGE = 4 * 8 * 8 * F32
"""Bytes of every tensor below."""


def residual(batch: int = 1) -> Graph:
    """stem -> a -> b, and stem again in the sum: stem outlives a."""
    net = Net(input=(4, 8, 8))
    stem = net.conv("stem", "input", 4, 1)
    a = net.conv("a", stem, 4, 1)
    b = net.conv("b", a, 4, 1)
    net.add("add", "add", b, stem)
    return net.graph(batch=batch)


@pytest.mark.parametrize("batch", [1, 5])
def test_liveness_of_a_residual_block(batch: int) -> None:
    graph = residual(batch)

    weights = 3 * 4 * 4 * F32
    alive = {"stem": 2, "a": 3, "b": 4, "add": 4}  # the input; while b runs: input, stem, a, b; at the sum a is gone
    assert values(graph, "peak_memory_bytes") == {
        name: weights + number * IMAGE * batch for name, number in alive.items()
    }
    assert total(graph, "peak_memory_bytes") == weights + 4 * IMAGE * batch
    assert total(graph, "weight_bytes") == weights
    assert values(graph, "output_bytes") == dict.fromkeys(alive, IMAGE * batch)


def test_what_is_no_longer_read_is_gone() -> None:
    net = Net(input=(4, 8, 8))
    before = "input"
    for name in ("a", "b", "c", "d"):
        before = net.add(name, "relu", before)

    # the input, what is read and what is written
    assert values(net.graph(), "peak_memory_bytes") == {
        "a": 2 * IMAGE, "b": 3 * IMAGE, "c": 3 * IMAGE, "d": 3 * IMAGE}  # fmt: skip


@pytest.mark.parametrize("memory", ["in_place", "view"])
def test_in_place_results_and_views_share(memory: str) -> None:
    net = Net(input=(4, 8, 8))
    net.conv("conv", "input", 4, 1)
    net.add("shares", "relu", "conv", memory=memory)
    net.add("shares_too", "relu", "shares", memory=memory)
    net.add("new", "relu", "shares_too")
    net.add("last", "add", "new", "conv")  # what `shares_too` shows is read once more
    graph = net.graph()

    weights = 4 * 4 * F32
    found = {name: alive - weights for name, alive in values(graph, "peak_memory_bytes").items()}
    alive = {"conv": 2, "shares": 2, "shares_too": 2, "new": 3, "last": 4}
    assert found == {name: number * IMAGE for name, number in alive.items()}
    assert values(graph, "output_bytes")["shares"] == 0


def test_a_view_keeps_what_it_views_alive() -> None:
    net = Net(input=(4, 8, 8))
    net.conv("conv", "input", 4, 1)
    net.add("view", "flatten", "conv", shape=(4 * 8 * 8,), memory="view")
    net.add("other", "relu", "input")
    net.add("late", "relu", "view")

    found = values(net.graph(), "peak_memory_bytes")
    assert found["other"] == found["late"] == 4 * 4 * F32 + 3 * IMAGE


def test_outputs_stay() -> None:
    net = Net(input=(4, 8, 8))
    net.add("early", "relu", "input")
    net.add("b", "relu", "input")
    net.add("c", "relu", "b")
    graph = net.graph()

    assert values(graph, "peak_memory_bytes")["c"] == 3 * IMAGE
    kept = replace(graph, outputs=("early", "c"))
    assert values(kept, "peak_memory_bytes")["c"] == 4 * IMAGE


def test_weights_and_buffers_live_throughout_used_or_not() -> None:
    net = Net(input=(4, 8, 8))
    net.parameter("never", 1000)
    statistics = (net.buffer("bn.mean", 4), net.buffer("bn.count", dtype="int64"))
    net.add("bn", "batch_norm", "input", buffers=statistics)
    net.add("bn_1", "batch_norm", "bn", buffers=statistics)
    graph = net.graph()

    stored = 1000 * F32 + 4 * F32 + 8
    assert total(graph, "weight_bytes") == stored
    assert values(graph, "weight_bytes") == {"bn": 4 * F32 + 8, "bn_1": 0}
    assert total(graph, "peak_memory_bytes") == stored + 3 * IMAGE


def test_half_precision_takes_half() -> None:
    net = Net(input=(4, 8, 8))
    net.add("half", "half", "input", dtypes=("float16",))

    assert total(net.graph(), "output_bytes") == IMAGE // 2


def test_a_graph_without_layers_holds_its_weights() -> None:
    net = Net(input=(4, 8, 8))
    net.parameter("weight", 10)

    assert total(net.graph(), "peak_memory_bytes") == 10 * F32


def test_memory_that_several_names_show_is_counted_once() -> None:
    """Views of a buffer, two parameters of one storage; the first part counts all that is held for it."""
    whole, parts = torch.zeros(4, 100), torch.zeros(2, 50)
    module = nn.Linear(8, 8)
    module.register_buffer("whole", whole)
    module.register_buffer("row", whole[1].view(10, 10))
    module.register_buffer("left", parts[0])
    module.register_buffer("right", parts[1])
    module.tied = nn.Parameter(module.weight.detach())

    report = archscope.summarize(module, (8,))

    assert report.totals["weight_bytes"] == 4 * (8 * 8 + 8 + 400 + 100)
    assert {name: tensor.shares for name, tensor in report.graph.buffers.items()} == {
        "whole": "", "row": "whole", "left": "", "right": "left",
    }  # fmt: skip
    assert report.graph.parameters["tied"].shares == "weight"
    assert Report.from_json(report.to_json()).graph.buffers == report.graph.buffers


@pytest.mark.parametrize(
    ("buffers", "elements"),
    [
        (lambda base: [base[:1].expand(500, 100)], 400),
        (lambda base: [base[:, :8], base[:, :8].t(), base], 400),
        (lambda base: [base.view(torch.int32), base[2:], base[:3]], 400),
        (lambda base: [base, base.clone()], 800),
    ],
)
def test_weights_are_their_storages(buffers: Any, elements: int) -> None:
    module = nn.Identity()
    for i, buffer in enumerate(buffers(torch.zeros(4, 100))):
        module.register_buffer(f"buffer{i}", buffer)

    assert archscope.summarize(module, (8,)).totals["weight_bytes"] == 4 * elements


@pytest.mark.skipif(torch.__version__ < "2.7", reason="oneDNN holds more for an LSTM in torch 2.6")
@pytest.mark.parametrize(
    "layer",
    [
        nn.GRU(16, 32, 2, bidirectional=True),
        nn.LSTM(16, 32, batch_first=True),
        nn.RNN(16, 32),
        nn.LSTM(16, 32).double(),
    ],
    ids=["GRU", "oneDNN's LSTM", "RNN", "torch's LSTM"],
)
def test_a_recurrent_layer_holds_the_gates_of_its_steps(layer: nn.RNNBase) -> None:
    """Against the profiler's record of every allocation."""
    given = torch.zeros(1, 100, 16) if layer.batch_first else torch.zeros(100, 1, 16, dtype=layer.weight_ih_l0.dtype)
    step = partial(torch.no_grad()(layer), given)
    step()
    report = archscope.summarize(layer, input_data=(given,))
    rise = report.totals["peak_memory_bytes"] - report.totals["weight_bytes"] - given.nbytes
    assert rise == pytest.approx(device.rise_bytes(step, Options(threads=1)), rel=0.15)


class Packs(nn.Module):
    """Sequences of several lengths."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        lengths = torch.arange(x.shape[1], x.shape[1] - x.shape[0], -1)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        made: torch.Tensor = self.layer(packed)[0].data
        return made


class Whispers(nn.Module):
    """A signal as sizes of frequencies over time."""

    def __init__(self, trained: bool) -> None:
        super().__init__()
        self.gain, self.trained = nn.Parameter(torch.ones(1)), trained
        self.register_buffer("window", torch.hann_window(256))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(1) * self.gain if self.trained else x.flatten(1)
        sizes = torch.stft(x, 256, 64, window=self.window, return_complex=True).abs()
        return sizes if self.trained else sizes * self.gain


@pytest.mark.parametrize(
    "net",
    [
        pytest.param(
            nn.LSTM(32, 64, batch_first=True),
            marks=pytest.mark.skipif(torch.__version__ < "2.7", reason="oneDNN holds more for an LSTM in torch 2.6"),
        ),
        nn.GRU(32, 64, 2, batch_first=True),
        nn.RNN(32, 64, batch_first=True),
        Packs(nn.LSTM(32, 64)),
        Packs(nn.GRU(32, 64)),
        Whispers(True),
        Whispers(False),
    ],
    ids=["oneDNN's LSTM", "GRU", "RNN", "packed LSTM", "packed GRU", "stft", "stft of what is given"],
)
def test_a_step_of_training_holds_what_passes_in_steps_and_windows(net: nn.Module) -> None:
    """Against the profiler's record of every allocation."""
    measured, predicted = measured_and_predicted(net, (1, 8000) if isinstance(net, Whispers) else (40, 32), 4, True)
    assert predicted == pytest.approx(measured, rel=0.15)


def self_attention(net: Any, x: torch.Tensor, needed: bool) -> torch.Tensor:
    """Where batches do not come first torch has no fast path."""
    x = x if net.layer.batch_first else x.transpose(0, 1)
    made: torch.Tensor = net.layer(x, x, x, need_weights=needed)[0]
    return made


def attention_to_more(net: Any, x: torch.Tensor, needed: bool) -> torch.Tensor:
    made: torch.Tensor = net.layer(x[:, :32], x, x, need_weights=needed)[0]
    return made


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("needed", [False, True])
@pytest.mark.parametrize("kind", ["self, batch first", "self", "to more"])
def test_attention_holds_its_projections_and_scores(kind: str, needed: bool, train: bool) -> None:
    """Against the profiler's record of every allocation; in the backward pass before and after the softmax."""
    attend = attention_to_more if kind == "to more" else self_attention
    layer = nn.MultiheadAttention(32, 4, batch_first=kind != "self")
    net = Forward(lambda net, x: attend(net, x, needed), layer=layer)
    measured, predicted = measured_and_predicted(net, (128, 32), 2, train)
    assert predicted == pytest.approx(measured, rel=0.15)


@pytest.mark.skipif(torch.__version__ < (2, 7), reason="torch 2.6 keeps more for an LSTM")
def test_a_sequence_whose_steps_come_first_has_the_same_rows() -> None:
    net = Forward(lambda net, x: net.layer(x.transpose(0, 1))[0], layer=nn.LSTM(32, 64))
    measured, predicted = measured_and_predicted(net, (50, 32), 8, train=False)
    assert predicted == pytest.approx(measured, rel=0.15)
