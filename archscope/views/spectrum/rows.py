"""The words that every table of a spectrum shows: headings, cells, and what to know of the numbers."""

from collections.abc import Mapping
from typing import Any

from archscope.continuum.points import Block, Point, Spectrum
from archscope.model import units
from archscope.model.segments import sizes_said

HEADINGS = {
    "channels": "Channels", "width_multiplier": "Width", "params": "Params", "spatial_params": "Spatial",
    "pointwise_params": "Pointwise", "macs": "MACs", "bytes_moved": "Bytes", "intensity": "Ops/byte",
    "latency_ms": "Latency", "latency_p95_ms": "p95", "device_ms": "Device", "bound_ms": "Bound",
    "bound_percent": "% of bound",
}  # fmt: skip


ACTIVATIONS = {"relu": "ReLU", "elu": "ELU"}


def headings(spectrum: Spectrum) -> list[str]:
    """Of the numbers; the point's segments, name and sizes come before."""
    return [HEADINGS[name] for name in columns(spectrum)]


def cells(spectrum: Spectrum, point: Point) -> list[str]:
    return [_cell(name, point.values.get(name)) for name in columns(spectrum)]


def columns(spectrum: Spectrum) -> list[str]:
    """The quantities that a table shows."""
    return [name for name in spectrum.columns if name in HEADINGS]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "?"
    if name == "bytes_moved":
        return units.size(value)
    if name.endswith("_ms"):
        return milliseconds(value)
    if name == "width_multiplier":
        return f"{value:.4g}"
    return f"{value:.1f}" if isinstance(value, float) else units.count(value)


def milliseconds(value: float) -> str:
    """Three digits: `48.0 ms`; tiny ones as elsewhere."""
    if abs(value) < units.MILLISECONDS_FROM:
        return units.milliseconds(value)
    return f"{value:#.3g}".rstrip(".") + " ms"


def sizes(point: Point) -> str:
    """The segments' sizes: `86 + 2 x 85`."""
    return sizes_said(point.partition)


def title(spectrum: Spectrum) -> str:
    return block_words(spectrum.block) if spectrum.block else spectrum.title


def block_words(block: Block) -> str:
    """What a block does, in its order."""
    input_size, channels = units.shape(block.input_size), block.segmented_channels
    kernel = units.shape((block.kernel_size, block.kernel_size)) + (f" /{block.stride}" if block.stride > 1 else "")
    times = f", {block.depth_multiplier} filters a channel" if block.depth_multiplier > 1 else ""
    spatial, between = f"{kernel} over segments of {channels}{times}", _between(block)
    pointwise = f"1x1 to {block.channels}"
    parts = (pointwise, between, spatial) if block.order == "pointwise-first" else (spatial, between, pointwise)
    return f"{input_size}: {', '.join(filter(None, parts))}"


def _between(block: Block) -> str:
    return "" if block.activation == "none" else ACTIVATIONS[block.activation]


def notes(spectrum: Spectrum) -> list[tuple[str, str]]:
    """Heading and text of each line below the table."""
    said = []
    options = ", ".join(f"{name}={value}" for name, value in spectrum.options.items())
    if options:
        said.append(("Built with", options))
    if spectrum.hold:
        off = max(abs(value / spectrum.held - 1) for value in spectrum.values(spectrum.hold))
        of = "the depthwise separable block" if spectrum.block else f"{spectrum.target} as it comes"
        said.append(("Held", f"{spectrum.held:,} parameters, those of {of}; every point within {100 * off:.2g} %"))
    said += [("Failed", str(failure)) for failure in spectrum.setting.get("failures", ())]
    return [*said, ("Setting", f"{setting_words(spectrum.setting)}; bytes: inputs, weights and outputs once")]


def setting_words(setting: Mapping[str, Any]) -> str:
    """`batch 1, float32, NVIDIA H200`; without a device where nothing was timed."""
    said = [f"batch {setting['batch']}", setting["dtype"]]
    if setting["device"] != "meta":
        said.append(str(setting.get("device_name", setting["device"])))
        said += [_threads(setting["threads"])] if "threads" in setting else []
        said += [f"torch {setting['torch']}", setting["date"][:10]]
    return ", ".join(said)


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"
