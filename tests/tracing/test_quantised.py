"""Quantised networks against the float networks that they were made of."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.ao import quantization

import archscope

pytestmark = pytest.mark.filterwarnings("ignore")  # torch.ao is on its way out, and says so


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels that every processor has."""
    monkeypatch.setattr(torch.backends.quantized, "engine", "qnnpack")


def image_network() -> nn.Sequential:
    return nn.Sequential(
        quantization.QuantStub(),
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, (1, 3), padding=(0, 1), groups=4),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 5),
        quantization.DeQuantStub(),
    ).eval()  # fmt: skip


def signal_network() -> nn.Sequential:
    return nn.Sequential(
        quantization.QuantStub(),
        nn.Conv1d(3, 8, 5, 2), nn.Hardswish(), nn.ConvTranspose1d(8, 4, 4, 2, 1), quantization.DeQuantStub()
    ).eval()  # fmt: skip


def static(module: nn.Module, *size: int) -> nn.Module:
    module.qconfig = quantization.get_default_qconfig("qnnpack")  # type: ignore[assignment]
    prepared = quantization.prepare(module)
    prepared(torch.rand(1, *size))
    converted: nn.Module = quantization.convert(prepared)
    return converted


@pytest.mark.parametrize(
    ("build", "size"), [(image_network, (3, 16, 16)), (signal_network, (3, 33))], ids=["images", "signals"]
)
def test_static(build: Callable[[], nn.Sequential], size: tuple[int, ...]) -> None:
    before = archscope.summarize(build(), size).totals
    report = archscope.summarize(static(build(), *size), size)

    assert report.totals["operations"]["unknown"] == []
    assert [report.totals[name] for name in ("params", "macs")] == [before[name] for name in ("params", "macs")]
    assert report.totals["trainable_params"] == 0
    weights = [tensor for name, tensor in report.graph.parameters.items() if name.endswith("weight")]
    assert {tensor.dtype for tensor in weights} == {"qint8"}
    assert sum(tensor.bytes for tensor in weights) == sum(tensor.elements for tensor in weights)


def test_fused_layers_are_what_they_multiply() -> None:
    net = nn.Sequential(quantization.QuantStub(), nn.Conv2d(3, 4, 3), nn.ReLU(), quantization.DeQuantStub()).eval()
    fused = quantization.fuse_modules(net, [["1", "2"]])
    (layer,) = [layer for layer in archscope.trace(static(fused, 3, 8, 8), (3, 8, 8)).layers if layer.parameters]

    assert (layer.name, layer.operation, layer.output_shape) == ("1", "conv2d", (4, 6, 6))
    assert layer.parameters == ("1.weight", "1.bias")
    assert layer.window is not None
    assert layer.window.kernel_size == (3, 3)


class Recurrent(nn.Module):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.rnn, self.head = kind(8, 6, 2, bidirectional=True), nn.Linear(12, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.rnn(x)[0])
        return y


class Cell(nn.Module):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.cell = kind(8, 6)

    def forward(self, x: torch.Tensor) -> Any:
        return self.cell(x)


@pytest.mark.parametrize(
    ("module", "size"),
    [
        (nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 2)), (8,)),
        (Recurrent(nn.LSTM), (5, 8)),
        (Recurrent(nn.GRU), (5, 8)),
        (Cell(nn.LSTMCell), (8,)),
        (Cell(nn.GRUCell), (8,)),
    ],
    ids=["linear", "lstm", "gru", "lstm cell", "gru cell"],
)
def test_dynamic(module: nn.Module, size: tuple[int, ...]) -> None:
    before = archscope.summarize(module, size).totals
    kinds = {type(each) for each in module.modules() if isinstance(each, nn.Linear | nn.RNNBase | nn.RNNCellBase)}
    report = archscope.summarize(quantization.quantize_dynamic(module, kinds, dtype=torch.qint8), size)

    assert report.totals["operations"]["unknown"] == []
    assert [report.totals[name] for name in ("params", "macs")] == [before[name] for name in ("params", "macs")]
    assert before["weight_bytes"] / 4 < report.totals["weight_bytes"] < before["weight_bytes"] / 1.5


def test_aware_training() -> None:
    net = nn.Sequential(quantization.QuantStub(), nn.Conv2d(3, 4, 3), nn.ReLU(), quantization.DeQuantStub()).train()
    net.qconfig = quantization.get_default_qat_qconfig("qnnpack")  # type: ignore[assignment]
    totals = archscope.summarize(quantization.prepare_qat(net), (3, 8, 8)).totals

    assert (totals["params"], totals["macs"]) == (3 * 9 * 4 + 4, 3 * 9 * 4 * 6 * 6)
    assert totals["operations"]["unknown"] == []


def test_weights_that_the_engine_cannot_unpack_are_said() -> None:
    volumes = static(nn.Sequential(quantization.QuantStub(), nn.Conv3d(3, 4, 3), quantization.DeQuantStub()).eval(),
                     3, 4, 4, 4)  # fmt: skip
    with pytest.raises(archscope.ArchscopeError, match="weights of a quantised layer cannot be read: QNNPACK only"):
        archscope.summarize(volumes, (3, 4, 4, 4))
