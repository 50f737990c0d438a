"""What was measured on a device, in words: the lines that a footer gets."""

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.latency.fitting import predicted_bytes
from archscope.latency.statistics import is_busy
from archscope.measures.workspace import Library
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
    if "first_step_ms" in totals:
        lines.append(("Cold start", _cold_start(totals)))
    if "energy_per_image_j" in totals:
        lines.append(("Energy", f"{totals['energy_per_image_j']:.3g} J an image, of the whole device"))
    if "max_rel_difference" in totals:
        lines.append(("Outputs", differing(report)))
    if "measured_peak_memory_bytes" in totals:
        lines.append(("Peak memory", _peak(report)))
    if noise := noisy(report):
        lines.append(("Noisy", noise))
    if meanwhile := report.setting.get("meanwhile"):
        lines.append(("Clock", clock(meanwhile)))
    by_batch, by_threads = totals.get("by_batch", ()), totals.get("by_threads", ())
    lines += [(f"Batch {row['batch']}", _whole(row)) for row in by_batch[1:]]
    lines += [(units.counted(row["threads"], "thread").capitalize(), _whole(row)) for row in by_threads[1:]]
    if len(by_batch) > 2:
        lines.append(("Knee", _knee(by_batch)))
    return [*lines, ("Measured on", measured_on(report.setting))]


WIDE = 0.1
"""An interval of the median that is wider, in parts of it, is a noisy one."""


def noisy(report: Report) -> str:
    """Why the times are not to be trusted to a few percent; empty where they are."""
    wall, setting = report.totals["wall_ms"], report.setting
    said = []
    if "median_low" in wall and wall["median_high"] - wall["median_low"] > WIDE * wall["median"]:
        low, high = (units.milliseconds(wall[name]) for name in ("median_low", "median_high"))
        said.append(f"the median may lie anywhere from {low} to {high}")
    load, cores = setting.get("load") or [], setting.get("cores")
    if setting["device"] == "cpu" and is_busy(load, cores):
        said.append(f"other work took {load[0]:.1f} of {cores} cores before")
    return f"{' and '.join(said)}: time longer (--seconds), or on idle cores" if said else ""


def _cold_start(totals: Mapping[str, Any]) -> str:
    said = [f"{units.milliseconds(totals['first_step_ms'])} the first step"]
    if "build_ms" in totals:
        said.insert(0, f"{units.milliseconds(totals['build_ms'])} to build")
    if "compile_ms" in totals:
        said.append(f"of which {units.milliseconds(totals['compile_ms'])} to compile")
    return ", ".join(said)


FAR = 1e-3
"""Outputs that differ by more, in parts of the largest, are no longer those of the same network in float32."""


def differing(report: Report) -> str:
    """How far the outputs of another program, or of the compiled network, lie from torch's."""
    totals, setting = report.totals, report.setting
    program = "torch.compile" if setting["compile"] else setting["backend"]
    share = 100 * totals["max_rel_difference"]
    said = f"{totals['max_abs_difference']:.2g} from torch's at most, {share:.2g} % of the largest"
    return f"{said}: {program} does not compute the same network" if is_far(report) else said


def is_far(report: Report) -> bool:
    """Does another program compute another network? Eight bits alone may lie far off, and types of fewer bits than
    float32."""
    setting = report.setting
    coarse = setting.get("backend") == "int8" or setting["dtype"] != "float32" or setting.get("amp")
    return report.totals.get("max_rel_difference", 0) > FAR and not coarse


def clock(meanwhile: Mapping[str, Any]) -> str:
    """`1,755 MHz (1,410 to 1,980), 640 W, 61 C at most; slowed by its power cap at 34 % of 40 looks`."""
    low, middle, high = meanwhile["clock_mhz"]
    said = [f"{middle:,.0f} MHz ({low:,.0f} to {high:,.0f})"]
    if meanwhile["power_w"] is not None:
        said.append(f"{meanwhile['power_w']:,.0f} W")
    if meanwhile["temperature_c"] is not None:
        said.append(f"{meanwhile['temperature_c']:.0f} degrees at most")
    slowed = [f"{reason} at {share:.0%}" for reason, share in meanwhile["slowed_by"].items()]
    text = ", ".join(said)
    return f"{text}; slowed by {', '.join(slowed)} of {meanwhile['looks']} looks" if slowed else text


KNEE = 0.9
"""The part of the highest throughput that is nearly all of it."""


def _knee(rows: Sequence[Mapping[str, Any]]) -> str:
    """The smallest batch that is nearly as fast as any. They may have been given in any order."""
    rows = sorted(rows, key=lambda row: row["batch"])
    best = max(rows, key=lambda row: row["images_per_s"])
    knee = next(row for row in rows if row["images_per_s"] >= KNEE * best["images_per_s"])
    if knee is best:
        return f"batch {best['batch']}, the fastest: none before has {KNEE:.0%} of its images/s"
    share = knee["images_per_s"] / best["images_per_s"]
    most = f"{units.rate(best['images_per_s'])} images/s of batch {best['batch']}"
    return f"batch {knee['batch']} has {share:.0%} of the {most}"


def _median(times: Mapping[str, Any]) -> str:
    tail = [f"{units.milliseconds(times[name])} {name}" for name in ("p95", "p99") if name in times]
    return ", ".join([f"{units.milliseconds(times['median'])} median", *tail])


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
    setting = report.setting
    if setting.get("amp"):  # which tensors are cast is torch's choice
        return f"{units.size(measured)} measured"
    channels_last, threads = setting["channels_last"], setting["threads"]
    library = Library.of(setting["device"], setting["dtype"], channels_last, threads=threads)
    predicted = predicted_bytes(report.graph, setting["train"], setting.get("optimizer") or "momentum", library)
    return f"{units.size(measured)} measured, {units.size(predicted)} predicted"


def measured_on(setting: Mapping[str, Any]) -> str:
    """`NVIDIA H200, float32, batch 8, load 0.3, torch 2.13.0, 2026-11-23`."""
    said = [setting["device_name"]]
    if setting["device"] == "cpu":
        said.append(f"{setting['threads']} thread" + "s" * (setting["threads"] > 1))
    said += [
        setting["dtype"],
        *([f"autocast to {setting['amp']}"] if setting.get("amp") else []),
        f"batch {setting['batch']}",
    ]
    said += ["channels last"] * setting["channels_last"]
    if setting["compile"]:
        mode = setting.get("compile_mode") or "default"
        said.append("compiled" if mode == "default" else f"compiled ({mode})")
    said += ["cuDNN's fastest"] * setting.get("cudnn_benchmark", False)
    if setting.get("backend", "eager") != "eager":
        said.append(setting["backend"])
    if setting["load"]:
        said.append(f"load {setting['load'][0]:.1f}")
    clocks = setting.get("clocks")
    if clocks and None not in (clocks["sm_mhz"], clocks["max_sm_mhz"], clocks["utilization_percent"]):
        clock = f"{clocks['sm_mhz']:.0f} of {clocks['max_sm_mhz']:.0f} MHz"
        said.append(f"{clock} and {clocks['utilization_percent']:.0f} % busy before")
    return ", ".join([*said, f"torch {setting['torch']}", setting["date"][:10]])
