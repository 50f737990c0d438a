"""The predicted peak of a training step, held against the profiler's record of a real one."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from tests.benchmarks.memory import measured_and_predicted
from tests.small_nets import Forward


def wide(times: int = 2) -> nn.Module:
    return nn.Sequential(*[nn.Linear(512, 512) for _ in range(times)])


def scores(net: Any, words: torch.Tensor) -> torch.Tensor:
    return nn.functional.linear(net.table(words).mean(1), net.table.weight)


def part(net: Any, x: torch.Tensor) -> torch.Tensor:
    return nn.functional.linear(x, net.weight[:256])


def skipping(net: Any, x: torch.Tensor) -> torch.Tensor:
    whole = net.stem(x)
    return net.score(torch.cat([net.up(net.down(whole)), whole], 1))  # type: ignore[no-any-return]


STEPS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "not used": (lambda: Forward(lambda net, x: net.used(x), used=wide(), unused=wide()), (512,)),
    "used for nothing": (
        lambda: Forward(lambda net, x: (net.used(x), net.lost(x))[0], used=wide(), lost=wide()), (512,)),
    "called twice": (lambda: Forward(lambda net, x: net.layer(net.layer(x)), layer=wide(1)), (512,)),
    "called three times": (lambda: Forward(lambda net, x: net.layer(net.layer(net.layer(x))), layer=wide(1)), (512,)),
    "a convolution called twice": (
        lambda: Forward(lambda net, x: net.conv(net.conv(x)), conv=nn.Conv2d(128, 128, 3, padding=1)), (128, 8, 8)),
    "a tied table": (lambda: Forward(scores, table=nn.Embedding(2000, 128)), "16:int64"),
    "sparse rows": (
        lambda: Forward(lambda net, x: net.score(net.table(x).mean(1)), table=nn.Embedding(5000, 128, sparse=True),
           score=nn.Linear(128, 10)), "16:int64"),
    "a part of a weight": (lambda: Forward(part, weight=nn.Parameter(torch.ones(512, 512))), (512,)),
    "1x1 convolutions": (lambda: nn.Sequential(*[nn.Conv2d(32, 32, 1) for _ in range(3)]), (32, 64, 64)),
    "a skip around two": (
        lambda: Forward(skipping, stem=nn.Conv2d(3, 32, 3, padding=1), down=nn.Conv2d(32, 64, 3, 2, 1),
           up=nn.ConvTranspose2d(64, 32, 2, 2), score=nn.Conv2d(64, 2, 1)), (3, 64, 64)),
}  # fmt: skip

ROUGH = {"a convolution called twice", "a skip around two"}
"""Where oneDNN copies small weights, or images at other moments than in most convolutions."""


@pytest.mark.parametrize("name", STEPS)
def test_the_peak_is_what_a_step_takes(name: str) -> None:
    made, size = STEPS[name]
    measured, predicted = measured_and_predicted(made(), size, 1, train=True)

    assert predicted == pytest.approx(measured, rel=0.15 if name in ROUGH else 0.03)


DERIVED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "square": torch.square,
    "power": lambda x: x**3,
    "root": lambda x: (x.abs() + 1).sqrt(),
    "cosine": torch.cos,
    "reciprocal": lambda x: 1 / (x.abs() + 1),
    "quotient": lambda x: x / (x.abs() + 1),
    "by its sum": lambda x: x / x.sum(-1, keepdim=True),
    "normalised": lambda x: nn.functional.normalize(x, dim=-1),
    "by its root mean square": lambda x: nn.functional.rms_norm(x, (256,)),
    "times itself": lambda x: x * x,
    "matrix by itself": lambda x: x @ x,
    "sums so far": lambda x: x.cumsum(-1),
    "less its logarithmic sum": lambda x: x - x.logsumexp(-1, keepdim=True),
    "largest": lambda x: x.max(-1, keepdim=True)[0].expand(-1, -1, 256),
    "distances": lambda x: (x[:, :16, None] - x[:, None, :16]).square().sum(-1) @ x[:, :16],
}


@pytest.mark.parametrize("name", DERIVED)
def test_the_peak_has_what_a_derivative_is_computed_by(name: str) -> None:
    net = Forward(lambda net, x: net.b(DERIVED[name](net.a(x))), a=nn.Linear(8, 256), b=nn.Linear(256, 4))
    measured, predicted = measured_and_predicted(net, (256, 8), 2, train=True)

    assert predicted == pytest.approx(measured, rel=0.05)


def test_a_weight_over_its_spectral_norm() -> None:
    made = parametrizations.spectral_norm(nn.Linear(512, 512))
    measured, predicted = measured_and_predicted(made, (512,), 1, train=True)

    assert predicted == pytest.approx(measured, rel=0.15)


def test_a_weight_that_is_standardised_is_made_once_a_pass() -> None:
    """However many images pass it."""

    def run(net: Any, x: torch.Tensor) -> torch.Tensor:
        weight = net.conv.weight
        return nn.functional.conv2d(x, weight / weight.std(dim=(1, 2, 3), keepdim=True), padding=1)

    module = Forward(run, conv=nn.Conv2d(128, 128, 3))
    measured, predicted = measured_and_predicted(module, (128, 8, 8), 8, train=True)

    assert predicted == pytest.approx(measured, rel=0.15)


def halves(net: Any, x: torch.Tensor) -> torch.Tensor:
    first, second = net.a(x).chunk(2, -1)
    return net.b(first.sin() * second.sin())  # type: ignore[no-any-return]


def one_after_another(net: Any, x: torch.Tensor) -> torch.Tensor:
    return net.b(net.a(x).add_(1).clamp_(min=0))  # type: ignore[no-any-return]


KINDS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "parts of one tensor": (lambda: Forward(halves, a=nn.Linear(8, 512), b=nn.Linear(256, 4)), (256, 8)),
    "what is overwritten": (
        lambda: Forward(one_after_another, a=nn.Linear(8, 256), b=nn.Linear(256, 4)), (256, 8)),
    "written into a view": (
        lambda: Forward(lambda net, x: net.b(torch.relu_(net.a(x).unflatten(-1, (16, 16))).flatten(-2)),
           a=nn.Linear(8, 256), b=nn.Linear(256, 4)), (256, 8)),
    "a mean added back": (
        lambda: Forward(lambda net, x: net.b((y := net.a(x)) + y.mean(-1, keepdim=True)), a=nn.Linear(8, 256),
           b=nn.Linear(256, 4)), (256, 8)),
    "normalised by instance": (
        lambda: Forward(lambda net, x: net.b(nn.functional.instance_norm(net.a(x))), a=nn.Linear(8, 256),
           b=nn.Linear(256, 4)), (256, 8)),
    "a spectrum": (
        lambda: Forward(lambda net, x: net.b(torch.fft.rfft2(net.a(x)).abs()), a=nn.Linear(8, 256),
           b=nn.Linear(129, 4)), (256, 8)),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_the_peak_of_other_kinds(name: str) -> None:
    made, size = KINDS[name]
    measured, predicted = measured_and_predicted(made(), size, 2, train=True)

    assert predicted == pytest.approx(measured, rel=0.05)


FORWARD: dict[str, Callable[[], nn.Module]] = {
    "convolutions": lambda: nn.Sequential(nn.Conv2d(8, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3, groups=4)),
    "few pixels": lambda: nn.Sequential(nn.Conv2d(8, 256, 5, 5), nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1)),
    "there and back": lambda: Forward(
        lambda net, x: torch.fft.irfft2(torch.fft.rfft2(net.conv(x)) * 2), conv=nn.Conv2d(8, 32, 3)),
    "of real numbers": lambda: Forward(lambda net, x: torch.fft.fft2(net.conv(x)).real, conv=nn.Conv2d(8, 32, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARD)
def test_the_peak_of_inference_has_copies(name: str) -> None:
    measured, predicted = measured_and_predicted(FORWARD[name](), (8, 50, 50), 2, train=False)

    assert predicted == pytest.approx(measured, rel=0.03)
