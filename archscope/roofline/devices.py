"""Devices that one need not have: what their makers publish of them, from devices.toml. No torch."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from archscope.registry import canonical, unknown

if TYPE_CHECKING:
    from archscope.roofline import Ceilings

DTYPES = ("float32", "tf32", "bfloat16", "float16")
"""What rates are published for; `tf32` is how newer devices may multiply float32 tensors."""


@dataclass(frozen=True)
class Device:
    """One GPU as torch sees it. Rates are dense, in 10^12 operations a second by dtype; GB are 10^9 bytes.

    `sparse_tflops` is what the source prints with 2:4 sparsity, where it does.
    """

    name: str
    label: str
    memory_gb: float
    bandwidth_gb_per_s: float
    tflops: Mapping[str, float]
    source: str
    note: str
    sparse_tflops: Mapping[str, float] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    @property
    def ceilings(self) -> "Ceilings":
        """The published peaks. What a launch costs is not published: it counts as nothing."""
        from archscope.roofline import Ceilings

        rates = {dtype: rate * 1e12 for dtype, rate in self.tflops.items()}
        return Ceilings(self.label, self.bandwidth_gb_per_s * 1e9, rates, origin="published")


@cache
def devices() -> Mapping[str, Device]:
    """Every device by name, in the order of devices.toml: the oldest first."""
    text = Path(__file__).with_name("devices.toml").read_text(encoding="utf-8")
    return {
        name: Device(name=name, aliases=tuple(row.pop("aliases", ())), **row)
        for name, row in tomllib.loads(text).items()
    }


def find(name: str) -> Device:
    """The device of this name, alias or title; `-`, `_` and case do not matter. Raises ArchscopeError."""
    names = {
        canonical(spelt): device.name
        for device in devices().values()
        for spelt in (device.label, device.name, *device.aliases)
    }
    if canonical(name) not in names:
        raise unknown("device", name, devices(), "archscope devices shows all", names)
    return devices()[names[canonical(name)]]
