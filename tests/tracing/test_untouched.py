"""What a network sets of torch and of its process is as before when its pass is over."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from archscope.tracing import TraceError, trace
from tests.small_nets import Forward

SETS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "type": (torch.get_default_dtype, lambda: torch.set_default_dtype(torch.float64)),
    "device": (torch.get_default_device, lambda: torch.set_default_device("meta")),
    "autocast": (
        lambda: (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
        lambda: (torch.set_autocast_enabled("cpu", True), torch.set_autocast_dtype("cpu", torch.float16)),
    ),
    "threads": (torch.get_num_threads, lambda: torch.set_num_threads(torch.get_num_threads() + 1)),
    "determinism": (torch.are_deterministic_algorithms_enabled, lambda: torch.use_deterministic_algorithms(True)),
    "folder": (os.getcwd, lambda: os.chdir("/")),
    "warnings": (lambda: list(warnings.filters), lambda: warnings.simplefilter("error")),
    "gradients": (torch.is_grad_enabled, lambda: torch.set_grad_enabled(True)),
}


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("setting", SETS)
def test_settings_are_as_before(setting: str, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
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
