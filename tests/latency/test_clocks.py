"""What a device's clock did, by a library and files that are fakes."""

import ctypes
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from archscope.latency import clocks
from archscope.latency.clocks import EVERY_S, Cpu, Look, Nvml, Untold, Watch, meter_of


def answering(value: int) -> Any:
    """A function of NVML that tells this number."""

    def ask(*arguments: Any) -> int:
        arguments[-1]._obj.value = value
        return 0

    return ask


def library(**functions: Any) -> Any:
    given = {
        "nvmlInit_v2": lambda: 0,
        "nvmlDeviceGetHandleByUUID": lambda uuid, gpu: 0,
        "nvmlDeviceGetClockInfo": answering(1755),
        "nvmlDeviceGetCurrentClocksThrottleReasons": answering(0x1 | 0x4 | 0x40),
        "nvmlDeviceGetTemperature": answering(61),
        "nvmlDeviceGetPowerUsage": answering(641_500),
        "nvmlDeviceGetTotalEnergyConsumption": answering(2**40),
    }
    return SimpleNamespace(**{**given, **functions})


def test_what_the_driver_tells() -> None:
    asked: list[Any] = []

    def clock(gpu: Any, kind: int, answer: Any) -> int:
        asked.append((type(gpu), kind, type(answer._obj)))
        answer._obj.value = 1410
        return 0

    gpu = Nvml(library(nvmlDeviceGetClockInfo=clock), "GPU-1")

    assert gpu.look() == Look(1410, ("power cap", "heat, by hardware"), 61, 641.5)
    assert gpu.energy_j() == 2**40 / 1000
    assert asked == [(ctypes.c_void_p, 1, ctypes.c_uint)]


@pytest.mark.parametrize(
    "functions",
    [
        {"nvmlInit_v2": lambda: 9},
        {"nvmlDeviceGetHandleByUUID": lambda uuid, gpu: 6},
        {name: lambda *arguments: 3 for name in vars(library()) if name.startswith("nvmlDeviceGet")},
    ],
)
def test_what_the_driver_does_not_tell(functions: Any) -> None:
    gpu = Nvml(library(**functions), "GPU-1")

    assert (gpu.look(), gpu.energy_j()) == (Look(), None)


def test_an_older_driver_lacks_a_function() -> None:
    older = library()
    del older.nvmlDeviceGetTotalEnergyConsumption

    assert Nvml(older, "GPU-1").energy_j() is None


class Told(Untold):
    def __init__(self, *looks: Look) -> None:
        self.looks = iter(looks)

    def look(self) -> Look:
        return next(self.looks)


def test_looks_are_taken_now_and_then_and_told_together() -> None:
    now = 0.0
    looks = Look(1500, ("power cap",), 60, 400), Look(1700, (), 64, 500), Look(1600, (), 62, 450)
    watch = Watch(Told(*looks), lambda: now)
    for tenths in range(9):
        now = tenths * EVERY_S / 4
        watch.glance()

    assert watch.seen() == {
        "clock_mhz": [1500, 1600, 1700], "slowed_by": {"power cap": pytest.approx(1 / 3)}, "temperature_c": 64,
        "power_w": 450, "looks": 3}  # fmt: skip


def test_a_gpu_tells_by_the_library_of_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[bytes] = []

    def handle(uuid: bytes, gpu: Any) -> int:
        names.append(uuid)
        return 0

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="1b2c"))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library(nvmlDeviceGetHandleByUUID=handle))

    assert meter_of("cuda:1").look().clock_mhz == 1755 and names == [b"GPU-1b2c"]


@pytest.mark.parametrize("error", [OSError("libnvidia-ml.so.1: no such file"), RuntimeError("the device is lost")])
def test_without_the_library_nothing_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(name: str) -> Any:
        raise error

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="1b2c"))
    monkeypatch.setattr(ctypes, "CDLL", refuse)

    assert isinstance(meter_of("cuda"), Untold)


def test_nothing_is_told_where_nothing_is_known() -> None:
    watch = Watch(Untold())
    watch.glance()

    assert watch.seen() is None


def test_a_cpu_tells_its_fastest_clock_and_that_heat_slowed_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for core, kilohertz in enumerate((1_200_000, 3_400_000)):
        (tmp_path / f"freq{core}").write_text(f"{kilohertz}\n")
        (tmp_path / f"heat{core}").write_text("7\n")
    (tmp_path / "freq2").write_text("asleep\n")
    monkeypatch.setattr(clocks, "FREQUENCIES", str(tmp_path / "freq*"))
    monkeypatch.setattr(clocks, "THROTTLED", str(tmp_path / "heat*"))
    cpu = Cpu()
    before = cpu.look()
    (tmp_path / "heat1").write_text("9\n")

    assert (before, cpu.look(), cpu.look()) == (Look(3400.0), Look(3400.0, ("heat",)), Look(3400.0))
