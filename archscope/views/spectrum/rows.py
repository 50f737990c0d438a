"""The words that every table of a spectrum shows: headings, cells, and what to know of the numbers."""

from typing import Any

from archscope.points import Block, Point, Spectrum
from archscope.segments import sizes_said
from archscope.views import words

HEADINGS = {
    "channels": "Channels", "width_multiplier": "Width", "params": "Params", "spatial_params": "Spatial",
    "pointwise_params": "Pointwise", "macs": "MACs", "bytes_moved": "Bytes", "intensity": "Ops/byte",
}  # fmt: skip


def headings(spectrum: Spectrum) -> list[str]:
    """Of the numbers; the point's segments, name and sizes come before."""
    return [HEADINGS[name] for name in spectrum.columns]


def cells(spectrum: Spectrum, point: Point) -> list[str]:
    return [_cell(name, point.values.get(name)) for name in spectrum.columns]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "?"
    if name == "bytes_moved":
        return words.size(value)
    if name == "width_multiplier":
        return f"{value:.4g}"
    return f"{value:.1f}" if isinstance(value, float) else words.count(value)


def sizes(point: Point) -> str:
    """The segments' sizes: `86 + 2 x 85`."""
    return sizes_said(point.partition)


def title(spectrum: Spectrum) -> str:
    return block_words(spectrum.block) if spectrum.block else spectrum.title


def block_words(block: Block) -> str:
    """What a block does, in its order."""
    input_size, channels = words.shape(block.input_size), block.segmented_channels
    kernel = words.shape((block.kernel_size, block.kernel_size)) + (f" /{block.stride}" if block.stride > 1 else "")
    times = f", {block.depth_multiplier} filters a channel" if block.depth_multiplier > 1 else ""
    spatial, between = f"{kernel} over segments of {channels}{times}", _between(block)
    pointwise = f"1x1 to {block.channels}"
    parts = (pointwise, between, spatial) if block.order == "pointwise-first" else (spatial, between, pointwise)
    return f"{input_size}: {', '.join(filter(None, parts))}"


def _between(block: Block) -> str:
    return "" if block.activation == "none" else {"relu": "ReLU", "elu": "ELU"}[block.activation]


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
    setting = spectrum.setting
    said.append(("Setting", f"batch {setting['batch']}, {setting['dtype']}; bytes: inputs, weights and outputs once"))
    return said
