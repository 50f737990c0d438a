"""ONNX files that torch's exporter writes, against the modules that they are of, and against others."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.model.report import Report

pytest.importorskip("onnx", reason="reads ONNX files, which needs onnx: pip install onnx")

Take = Callable[[Any], torch.Tensor]
SERIES: Take = lambda found: found[0]  # noqa: E731
STATE: Take = lambda found: found[1]  # noqa: E731


ANOTHER = {"same_parameters", "different"}


class Recurs(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], take: Take = SERIES, **options: Any) -> None:
        super().__init__()
        self.inner, self.take = kind(6, 4, **options), take

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.take(self.inner(x))


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., Report]:
    def export(module: nn.Module, size: tuple[int, ...]) -> Report:
        path = str(tmp_path / "net.onnx")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, about its older exporter
            torch.onnx.export(module.eval(), (torch.zeros(size),), path, dynamo=False)
        return archscope.summarize(path)

    return export


def verdict(file: Report, module: nn.Module, size: tuple[int, ...]) -> str:
    return archscope.diff(file, archscope.summarize(module, inputs=torch.zeros(size))).verdict


BOTH, TWO, FIRST = {"bidirectional": True}, {"num_layers": 2}, {"batch_first": True}
OTHERS: list[dict[str, Any]] = [BOTH, TWO, {"bias": False}, BOTH | TWO, {}]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("options", [{}, FIRST, FIRST | BOTH, TWO, FIRST | BOTH | TWO], ids=str)
def test_recurrent_layers(kind: type[nn.RNNBase], options: dict[str, Any], exported: Callable[..., Report]) -> None:
    size = (1, 5, 6) if "batch_first" in options else (5, 1, 6)
    file = exported(Recurs(kind, **options), size)
    assert verdict(file, Recurs(kind, **options), size) == "identical"
    own = {name: value for name, value in options.items() if name != "batch_first"}
    for other in OTHERS:
        if other != own:
            assert verdict(file, Recurs(kind, **other, batch_first="batch_first" in options), size) in ANOTHER
    if "batch_first" in options:
        assert verdict(file, Recurs(kind, **own), size) in ANOTHER


def test_states_of_recurrent_layers(exported: Callable[..., Report]) -> None:
    hidden, cell = (Recurs(nn.LSTM, lambda found, i=i: found[1][i], **FIRST) for i in (0, 1))  # type: ignore[misc]
    for one, other in ((hidden, cell), (cell, hidden)):
        file = exported(one, (1, 5, 6))
        assert verdict(file, one, (1, 5, 6)) == "identical"
        assert verdict(file, other, (1, 5, 6)) in ANOTHER
    assert verdict(exported(Recurs(nn.GRU, STATE), (5, 1, 6)), Recurs(nn.GRU, STATE), (5, 1, 6)) == "identical"


LAST: Take = lambda found: found[1][0][-1]  # noqa: E731
FIRST_LAYER: Take = lambda found: found[1][0][0]  # noqa: E731


def test_states_of_several_layers(exported: Callable[..., Report]) -> None:
    size, both = (1, 5, 6), FIRST | BOTH | TWO
    taken: list[Take] = [lambda found: found[1][0], lambda found: found[1][1], LAST, FIRST_LAYER]
    for options in (FIRST | TWO, both):
        for take in taken:
            file = exported(Recurs(nn.LSTM, take, **options), size)
            for other in taken:
                said = verdict(file, Recurs(nn.LSTM, other, **options), size)
                assert said == "identical" if other is take else said in ANOTHER


class Triangle(nn.Module):
    def __init__(self, of: str, diagonal: int = 0) -> None:
        super().__init__()
        self.conv, self.of = nn.Conv2d(8, 8, 1), partial(getattr(torch, of), diagonal=diagonal)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.of(self.conv(x))
        return found


class Places(nn.Module):
    """Elements along an axis, chosen by a matrix: as biases of positions are looked up."""

    def __init__(self, axis: int, places: list[list[int]]) -> None:
        super().__init__()
        self.conv, self.axis = nn.Conv2d(8, 8, 1), axis
        self.register_buffer("places", torch.tensor(places))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.conv(x)[(*[slice(None)] * self.axis, self.places)]
        return found


class Calls(nn.Module):
    def __init__(self, function: Callable[..., torch.Tensor], **options: Any) -> None:
        super().__init__()
        self.conv, self.function = nn.Conv2d(8, 8, 1), partial(function, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.conv(x))


def normed(norm: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(8, 8, 1), norm)


IMAGES: dict[str, list[Callable[[], nn.Module]]] = {
    "groups": [
        lambda: normed(nn.GroupNorm(2, 8)), lambda: normed(nn.GroupNorm(4, 8)),
        lambda: normed(nn.GroupNorm(2, 8, eps=1e-3)), lambda: normed(nn.GroupNorm(2, 8, affine=False)),
        lambda: normed(nn.InstanceNorm2d(8, affine=True)),
    ],
    "groups without weights": [lambda: normed(nn.GroupNorm(2, 8, affine=False)), lambda: normed(nn.GroupNorm(2, 8))],
    "instances": [lambda: normed(nn.InstanceNorm2d(8)), lambda: normed(nn.InstanceNorm2d(8, affine=True))],
    "instances with weights": [
        lambda: normed(nn.InstanceNorm2d(8, affine=True)), lambda: normed(nn.InstanceNorm2d(8)),
    ],
    "deviations": [
        lambda: Calls(torch.std, dim=(2, 3)), lambda: Calls(torch.std, dim=(2, 3), unbiased=False),
        lambda: Calls(torch.std, dim=(1, 2)), lambda: Calls(torch.var, dim=(2, 3)),
    ],
    "variances": [lambda: Calls(torch.var, dim=1, unbiased=False), lambda: Calls(torch.var, dim=1)],
    "responses": [
        lambda: normed(nn.LocalResponseNorm(4, 1e-3, 0.5, 2.0)),
        lambda: normed(nn.LocalResponseNorm(5, 1e-3, 0.5, 2.0)),
        lambda: normed(nn.LocalResponseNorm(4, 1e-2, 0.5, 2.0)),
        lambda: normed(nn.LocalResponseNorm(4, 1e-3, 0.75, 2.0)),
    ],
    "lower": [lambda: Triangle("tril"), lambda: Triangle("triu"), lambda: Triangle("tril", 1)],
    "places": [
        lambda: Places(1, [[2, 0], [1, 5]]), lambda: Places(1, [[2, 0], [5, 1]]), lambda: Places(2, [[2, 0], [1, 5]]),
    ],
    "upper": [lambda: Triangle("triu", 1), lambda: Triangle("triu"), lambda: Triangle("tril", 1)],
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_what_an_exporter_writes_otherwise(name: str, exported: Callable[..., Report]) -> None:
    own, *others = IMAGES[name]
    size = (1, 8, 6, 6)
    file = exported(own(), size)
    assert verdict(file, own(), size) == "identical"
    for other in others:
        assert verdict(file, other(), size) in ANOTHER


def test_an_exported_layer_of_two_directions_is_measured(exported: Callable[..., Report]) -> None:
    file = exported(Recurs(nn.LSTM, **BOTH), (5, 1, 6))
    assert (file.totals["params"], file.totals["macs"]) == (2 * (16 * 10 + 32), 2 * 16 * 10 * 5)
