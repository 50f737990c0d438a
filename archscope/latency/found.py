"""What a runner has found, as columns of a report."""

from statistics import median
from typing import Any

from archscope.latency.attribution import middle
from archscope.latency.runner import COMPILED_IN, Runner
from archscope.latency.statistics import summary_of
from archscope.model.report import Column, summed


def totals_of(runner: Runner) -> dict[str, Any]:
    """What was measured of the whole network, by column name; only what is there."""
    if not runner.times_ms:
        return {}
    wall = summary_of(runner.times_ms, runner.warmup)
    found: dict[str, Any] = {"wall_ms": wall}
    if runner.device_times_ms:
        found["device_ms"] = summary_of(runner.device_times_ms, runner.warmup)
    found["images_per_s"] = 1000 * runner.graph.batch / wall["median"]
    if runner.options.train:
        found["training_steps_per_s"] = 1000 / wall["median"]
    if runner.warm_up_ms:
        found["first_step_ms"] = runner.warm_up_ms[0]
    if runner.warm_up_ms and runner.options.compile:
        found["compile_ms"] = sum([max(0.0, ms - wall["median"]) for ms in runner.warm_up_ms[:COMPILED_IN]])
    if runner.differences:
        found["max_abs_difference"], found["max_rel_difference"] = runner.differences
    others = {
        "build_ms": runner.build_ms,
        "measured_peak_memory_bytes": runner.measured_peak_memory_bytes,
        "energy_per_image_j": runner.energy_per_image_j,
    }
    return found | {name: value for name, value in others.items() if value is not None}


def columns_of(runner: Runner) -> dict[str, Column]:
    """Time by layer, the totals, and what of the whole is in no layer."""
    found = {name: Column(name, UNITS[name], value) for name, value in totals_of(runner).items()}
    if not runner.profiles:
        return found
    names = [layer.name for layer in runner.graph.layers]
    profile = middle(runner.profiles, len(names))
    by_layer = summed("latency_ms", "ms", {name: profile.layers_ms[i] for i, name in enumerate(names)})
    beside = {"unattributed_ms": profile.unattributed_ms}
    if runner.options.train:
        beside["optimizer_ms"] = profile.optimizer_ms
    if runner.times_ms:
        beside["overhead_ms"] = median(runner.times_ms) - by_layer.total - sum(beside.values())
    return {"latency_ms": by_layer, **found, **{name: Column(name, "ms", ms) for name, ms in beside.items()}}


UNITS = {
    "wall_ms": "ms",
    "device_ms": "ms",
    "images_per_s": "images/s",
    "first_step_ms": "ms",
    "build_ms": "ms",
    "compile_ms": "ms",
    "max_abs_difference": "",
    "max_rel_difference": "",
    "energy_per_image_j": "J",
    "training_steps_per_s": "steps/s",
    "measured_peak_memory_bytes": "bytes",
}
