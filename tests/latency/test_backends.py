"""Another program than torch: one that is a fake here, and where they are installed the real ones."""

from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.latency import BACKENDS, Options, backends, device
from archscope.latency.backends import differences
from archscope.model.report import Report
from tests.conftest import EVERYTHING


class Small(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(16, 4))


def comparison(monkeypatch: pytest.MonkeyPatch, off: float, *names: str) -> Any:
    """Of eager torch and a program that adds something to each output."""
    given: list[int] = []

    def program(path: Path, threads: int, example: Sequence[torch.Tensor]) -> Any:
        given.append(threads)
        module = backends_module[0]
        return lambda tensors: [(module(*tensors) + off).detach().numpy()]

    backends_module: list[nn.Module] = []

    def exported(module: nn.Module, arguments: Any, folder: Path) -> Path:
        backends_module.append(module)
        return folder

    monkeypatch.setattr(backends, "PACKAGES", {"onnxruntime": (), "openvino": ("no_such_package",)})
    monkeypatch.setattr(backends, "PROGRAMS", {"onnxruntime": program})
    monkeypatch.setattr(backends, "_exported", exported)
    found = archscope.compare(Small(), input_size=(1, 4, 4), latency=Options(seconds=0.01, threads=1), backends=names)
    assert given == [1]
    return found


def test_backends_stand_side_by_side_and_what_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found = comparison(monkeypatch, 0.0, "eager", "onnxruntime", "openvino")
    eager, other = found.reports

    assert found.labels == ("Small, eager", "Small, onnxruntime")
    assert found.failures == ("Small, batch 1, openvino: openvino is not installed: pip install no_such_package",)
    assert {"latency_ms", "measured_peak_memory_bytes"} <= eager.totals.keys()
    assert not {"latency_ms", "measured_peak_memory_bytes", "device_ms"} & other.totals.keys()  # it does not tell them
    assert (other.totals["max_abs_difference"], "max_abs_difference" in eager.totals) == (0.0, False)
    assert other.setting["backend"] == "onnxruntime"
    assert "does not compute the same network" not in str(found)
    assert Report.from_json(other.to_json()).to_json() == other.to_json()


def test_a_program_that_computes_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = comparison(monkeypatch, 0.5, "eager", "onnxruntime")

    assert found.reports[1].totals["max_abs_difference"] == pytest.approx(0.5)
    assert "onnxruntime does not compute the same network" in str(found)
    assert "onnxruntime does not compute the same network" in str(found.reports[1])


@pytest.mark.parametrize(("dtype", "far"), [("float32", True), ("bfloat16", False)])
def test_a_compiled_network_is_held_against_the_written_one(
    monkeypatch: pytest.MonkeyPatch, dtype: Any, far: bool
) -> None:
    monkeypatch.setattr(torch, "compile", lambda module, **how: lambda **inputs: module(**inputs) + 0.5)
    monkeypatch.setattr(device, "_all_compiled", nullcontext)
    options = Options(seconds=0.01, threads=1, dtype=dtype, compile=True)
    report = archscope.summarize(Small(), (1, 4, 4), latency=options)

    assert report.totals["max_abs_difference"] == pytest.approx(0.5, rel=0.02)
    assert ("torch.compile does not compute the same network" in str(report)) is far


def test_differences_are_of_all_outputs() -> None:
    torchs = {"a": torch.tensor([1.0, -4.0]), "places": torch.tensor([3]), "b": torch.tensor([0.5])}
    found = differences([torch.tensor([1.0, -4.0]).numpy(), torch.tensor([7]), torch.tensor([1.5])], torchs)

    assert found == (1.0, 0.25)
    with pytest.raises(ArchscopeError, match="other sizes"):
        differences([torch.zeros(2)], torchs)


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        (("tvm",), {}, "--backends tvm: a backend is one of eager, compile, onnxruntime, openvino, int8"),
        (("eager", "openvino"), {"train": True}, "openvino runs inference alone, in its own way: leave --train out"),
        (("int8",), {"dtype": "bfloat16"}, "int8 runs on the CPU, from float32"),
        (("onnxruntime",), {"device": "cuda"}, "onnxruntime runs on the CPU"),
    ],
)
def test_what_a_backend_does_not_do(names: tuple[str, ...], options: Any, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        Options(**options).variants(names)


def test_compile_keeps_its_mode_and_the_others_do_without() -> None:
    options = Options(compile="max-autotune", threads=(1, 2))
    assert [(each["threads"], each["compile"]) for each in options.variants(("eager", "compile"))] == [
        (1, False), (1, "max-autotune"), (2, False), (2, "max-autotune")]  # fmt: skip
    assert Options().variants() == [{}]
    assert [Options(**each) for each in Options().variants(BACKENDS)]


@pytest.mark.skipif(not EVERYTHING, reason="each is exported, and read by a compiler: make everything")
@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "int8"])
def test_real_programs_compute_the_same(name: str) -> None:
    if not all(map(find_spec, backends.PACKAGES[name])):
        pytest.skip(f"{name} is not installed")

    class Two(nn.Module):
        """Inputs by name, one of which is not used; two outputs."""

        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, image: torch.Tensor, unused: torch.Tensor, gate: torch.Tensor) -> Any:
            return {"scores": self.conv(image).mean((2, 3)) * gate, "gate": torch.relu(gate)}

    inputs = ["image=3x16x16", "unused=2", "gate=4"]
    found = archscope.compare(
        Two(), input_size=inputs, latency=Options(seconds=0.01, threads=1), backends=("eager", name)
    )

    assert found.failures == ()
    assert found.reports[1].totals["max_rel_difference"] < (0.5 if name == "int8" else 1e-4)
