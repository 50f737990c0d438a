"""How fast the device's clock ran while it was measured, what slowed it, how hot it was, and what it drew.

On CUDA as the driver's own library tells it (NVML, which needs no package), on the CPU as Linux does. Nothing of it is
measured where nobody tells it. Looked at between steps, never during one.
"""

import ctypes
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Protocol

EVERY_S = 0.25
"""Looked at so often at most."""


@dataclass(frozen=True)
class Look:
    """What is told at one moment; None for what is not. `slowed_by` are the driver's reasons."""

    clock_mhz: float | None = None
    slowed_by: tuple[str, ...] = ()
    temperature_c: float | None = None
    power_w: float | None = None


class Meter(Protocol):
    """What tells of a device."""

    def look(self) -> Look: ...

    def energy_j(self) -> float | None:
        """Joules since some moment."""


@dataclass
class Watch:
    """Looks at a device now and then, and tells all of it."""

    meter: Meter
    clock: Callable[[], float] = perf_counter
    looks: list[Look] = field(default_factory=list)
    _next: float = float("-inf")

    def glance(self) -> None:
        if self.clock() >= self._next:
            self.looks.append(self.meter.look())
            self._next = self.clock() + EVERY_S

    def seen(self) -> dict[str, Any] | None:
        """Lowest, median and highest clock, the part of the looks that found it slowed by each reason, the highest
        temperature and the median power; None where nothing was told."""
        clocks = _told(look.clock_mhz for look in self.looks)
        if not clocks:
            return None
        reasons = Counter(reason for look in self.looks for reason in look.slowed_by)
        powers = _told(look.power_w for look in self.looks)
        temperatures = _told(look.temperature_c for look in self.looks)
        return {
            "clock_mhz": [min(clocks), median(clocks), max(clocks)],
            "slowed_by": {reason: count / len(self.looks) for reason, count in reasons.items()},
            "temperature_c": max(temperatures, default=None),
            "power_w": median(powers) if powers else None,
            "looks": len(self.looks),
        }


def _told(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def meter_of(device: str) -> Meter:
    """The meter of a device as torch names it."""
    if not device.startswith("cuda"):
        return Cpu()
    import torch

    try:
        uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
        return Nvml(ctypes.CDLL("libnvidia-ml.so.1"), f"GPU-{uuid}")
    except (OSError, AttributeError, RuntimeError):
        return Untold()


class Untold:
    """Nobody tells anything."""

    def look(self) -> Look:
        return Look()

    def energy_j(self) -> float | None:
        return None


# ---- CUDA --------------------------------------------------------------------------------------------------------

SM_CLOCK, CORE_TEMPERATURE = 1, 0
SLOWED_BY = {
    0x04: "power cap",
    0x08: "hardware slowdown",
    0x20: "heat, by software",
    0x40: "heat, by hardware",
    0x80: "power brake",
}
"""Bits of NVML's reasons (nvml.h, nvmlClocksThrottleReasons). Idle, and clocks that somebody has set, slow nothing."""


class Nvml:
    """One GPU by the driver's library. What the library refuses to tell is not told."""

    def __init__(self, library: Any, uuid: str) -> None:
        self._library, self._gpu = library, ctypes.c_void_p()
        self._known = (
            library.nvmlInit_v2() == 0
            and library.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(self._gpu)) == 0
        )

    def look(self) -> Look:
        reasons = self._asked("nvmlDeviceGetCurrentClocksThrottleReasons", kind=ctypes.c_ulonglong) or 0
        return Look(
            self._asked("nvmlDeviceGetClockInfo", SM_CLOCK),
            tuple(word for bit, word in SLOWED_BY.items() if reasons & bit),
            self._asked("nvmlDeviceGetTemperature", CORE_TEMPERATURE),
            _divided(self._asked("nvmlDeviceGetPowerUsage"), 1000),
        )

    def energy_j(self) -> float | None:
        return _divided(self._asked("nvmlDeviceGetTotalEnergyConsumption", kind=ctypes.c_ulonglong), 1000)

    def _asked(self, function: str, *arguments: int, kind: Any = ctypes.c_uint) -> int | None:
        value = kind()
        ask = getattr(self._library, function, None)  # an older driver may not have it
        if not self._known or ask is None or ask(self._gpu, *arguments, ctypes.byref(value)) != 0:
            return None
        return int(value.value)


def _divided(value: int | None, by: int) -> float | None:
    return None if value is None else value / by


# ---- the CPU -----------------------------------------------------------------------------------------------------

FREQUENCIES = "/sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq"
THROTTLED = "/sys/devices/system/cpu/cpu*/thermal_throttle/core_throttle_count"


class Cpu:
    """The fastest core's clock, since the others may sleep; and whether heat has slowed one since the last look. A
    virtual machine has neither file, and what it tells elsewhere is no clock."""

    def __init__(self) -> None:
        self._throttled = sum(_numbers(THROTTLED))

    def look(self) -> Look:
        kilohertz = max(_numbers(FREQUENCIES), default=None)
        before, self._throttled = self._throttled, sum(_numbers(THROTTLED))
        return Look(_divided(kilohertz, 1000), ("heat",) if self._throttled > before else ())

    def energy_j(self) -> float | None:
        return None


def _numbers(pattern: str) -> list[int]:
    found = []
    for path in glob(pattern):
        try:
            found.append(int(Path(path).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return found
