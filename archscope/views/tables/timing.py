"""What was measured on a device, in words: the lines that a footer gets."""

from collections.abc import Mapping
from typing import Any

from archscope.latency.fitting import predicted_bytes
from archscope.model import units
from archscope.model.report import Report


def timing(report: Report) -> list[tuple[str, str]]:
    """(heading, text) lines; none where nothing was measured."""
    totals = report.totals
    if "wall_ms" not in totals:
        return []
    lines = [("Latency", _whole(totals))]
    if "device_ms" in totals:
        lines.append(("Device time", f"{_median(totals['device_ms'])}, as a CUDA graph without the host"))
    if "latency_ms" in totals:
        lines.append(("Layers", _reconciled(totals)))
    if "measured_peak_memory_bytes" in totals:
        lines.append(("Peak memory", _peak(report)))
    lines += [(f"Batch {row['batch']}", _whole(row)) for row in totals.get("by_batch", ())[1:]]
    return [*lines, ("Measured on", measured_on(report.setting))]


def _median(times: Mapping[str, Any]) -> str:
    return f"{units.milliseconds(times['median'])} median, {units.milliseconds(times['p95'])} p95"


def _whole(totals: Mapping[str, Any]) -> str:
    wall = totals["wall_ms"]
    step = "training step, " if "training_steps_per_s" in totals else ""
    rate = f"{units.rate(totals['images_per_s'])} images/s"
    if step:
        rate += f", {units.rate(totals['training_steps_per_s'])} steps/s"
    return f"{step}{_median(wall)}; {rate} ({wall['repeats']} timed after {wall['warmup']} to warm up)"


def _reconciled(totals: Mapping[str, Any]) -> str:
    said = f"{units.milliseconds(totals['latency_ms'])} in the layers"
    if "optimizer_ms" in totals:
        said += f", {units.milliseconds(totals['optimizer_ms'])} in the optimizer"
    if totals["unattributed_ms"]:
        said += f", {units.milliseconds(totals['unattributed_ms'])} in no layer"
    if totals["overhead_ms"] < 0:  # profiled steps are others than timed ones
        return f"{said}: {units.milliseconds(-totals['overhead_ms'])} more than the whole, timed at faster moments"
    return f"{said}, {units.milliseconds(totals['overhead_ms'])} launches and idle"


def _peak(report: Report) -> str:
    measured = report.totals["measured_peak_memory_bytes"]
    predicted = predicted_bytes(report.graph, report.setting["train"])
    return f"{units.size(measured)} measured, {units.size(predicted)} predicted"


def measured_on(setting: Mapping[str, Any]) -> str:
    """`NVIDIA H200, float32, batch 8, load 0.3, torch 2.13.0, 2026-11-23`."""
    said = [setting["device_name"]]
    if setting["device"] == "cpu":
        said.append(f"{setting['threads']} thread" + "s" * (setting["threads"] > 1))
    said += [setting["dtype"], f"batch {setting['batch']}"]
    said += [name for name, chosen in (("channels last", "channels_last"), ("compiled", "compile")) if setting[chosen]]
    if setting["load"]:
        said.append(f"load {setting['load'][0]:.1f}")
    clocks = setting.get("clocks")
    if clocks and None not in (clocks["sm_mhz"], clocks["max_sm_mhz"], clocks["utilization_percent"]):
        clock = f"{clocks['sm_mhz']:.0f} of {clocks['max_sm_mhz']:.0f} MHz"
        said.append(f"{clock} and {clocks['utilization_percent']:.0f} % busy before")
    return ", ".join([*said, f"torch {setting['torch']}", setting["date"][:10]])
