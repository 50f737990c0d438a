"""What a network sets of torch and of its process is as before when its pass is over."""

import os
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.tracing import TraceError, trace, untouched
from tests.small_nets import Forward

SETS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "type": (torch.get_default_dtype, lambda: torch.set_default_dtype(torch.float64)),
    "device": (lambda: torch.zeros(1).device, lambda: torch.set_default_device("meta")),
    "autocast": (
        lambda: (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
        lambda: (torch.set_autocast_enabled("cpu", True), torch.set_autocast_dtype("cpu", torch.float16)),
    ),
    "threads": (torch.get_num_threads, lambda: torch.set_num_threads(torch.get_num_threads() + 1)),
    "determinism": (torch.are_deterministic_algorithms_enabled, lambda: torch.use_deterministic_algorithms(True)),
    "folder": (os.getcwd, lambda: os.chdir("/")),
    "warnings": (lambda: list(warnings.filters), lambda: warnings.simplefilter("error")),
    "environment": (
        lambda: dict(os.environ),
        lambda: (os.environ.pop("PATH"), os.environ.update(HOME="/", CUDA_VISIBLE_DEVICES="")),
    ),
    "signals": (
        lambda: (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)),
        lambda: (signal.signal(signal.SIGTERM, signal.SIG_IGN), signal.signal(signal.SIGINT, signal.SIG_DFL)),
    ),
    "gradients": (torch.is_grad_enabled, lambda: torch.set_grad_enabled(True)),
}


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("setting", SETS)
def test_settings_are_as_before(setting: str, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(untouched, "_others_run", lambda: False)  # whatever runs the tests
    get, change = SETS[setting]
    before = get()

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        change()
        if fails:
            raise ValueError("as asked")
        made: torch.Tensor = net.conv(x)
        return made

    net = Forward(forward, conv=nn.Conv2d(3, 4, 3))
    try:
        trace(net, (3, 8, 8))
    except TraceError:
        assert fails
    assert get() == before


def test_what_another_thread_sets_meanwhile_is_its_own() -> None:
    """Filters that it sets for a while, and takes back during a pass, would else be there for good."""
    set_, passes, taken_back = threading.Event(), threading.Event(), threading.Event()

    def strictly() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            set_.set()
            passes.wait(60)
        taken_back.set()

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        passes.set()
        taken_back.wait(60)
        return x.relu()

    before = list(warnings.filters)
    other = threading.Thread(target=strictly)
    other.start()
    set_.wait(60)
    trace(Forward(forward), (4,))
    other.join()
    assert list(warnings.filters) == before


def test_a_folder_that_is_gone_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setattr(untouched, "_others_run", lambda: False)
    gone.rmdir()

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        os.chdir(tmp_path)
        return x.relu()

    assert [layer.operation for layer in trace(Forward(forward), (4,)).layers] == ["relu"]


KEPT: dict[str, torch.Tensor] = {}
"""As a function with a cache has them."""


def test_what_code_keeps_of_an_earlier_pass_is_a_constant() -> None:
    def first(net: Any, x: torch.Tensor) -> torch.Tensor:
        return KEPT.setdefault("conv", net.conv(x))

    def second(net: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return net.other(x) + KEPT["conv"], KEPT["conv"]

    trace(Forward(first, conv=nn.Conv2d(3, 4, 3)), (3, 8, 8))
    report = archscope.summarize(Forward(second, other=nn.Conv2d(3, 4, 3)), (3, 8, 8))

    assert [layer.name for layer in report.graph.layers] == ["other", "add"]
    assert report.graph.layers[1].inputs == ("other",)
