"""archscope devices: what is published of the devices that --predict knows, without torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import completes
from archscope.commands.output import plain_options, write
from archscope.commands.predicting import device_names

if TYPE_CHECKING:
    from archscope.roofline.devices import Device


@command("Look up", "archscope devices h200")
def devices(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="One of them, with its source.", autocompletion=completes(device_names)),
    ] = "",
) -> None:
    """Published peaks of the devices that --predict knows.

    Bandwidth in GB/s, and 10^12 dense operations a second by dtype.
    """
    from archscope.roofline.devices import find

    write(_described(find(name)) if name else _table(), None)


def _table() -> str:
    """A line a device; its whole name where there is room."""
    from archscope.roofline.devices import DTYPES, devices

    rows = [("Name", "Memory", "GB/s", *DTYPES, "Device"), *(_row(device, DTYPES) for device in devices().values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_line(row, widths)).rstrip() for row in rows]
    if 0 < plain_options(None).width < max(map(len, lines)):
        lines = ["  ".join(_line(row, widths)[:-1]) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def _row(device: "Device", dtypes: Sequence[str]) -> tuple[str, ...]:
    rates = [f"{device.tflops[dtype]:g}" if dtype in device.tflops else "-" for dtype in dtypes]
    return device.name, f"{device.memory_gb:g} GB", f"{device.bandwidth_gb_per_s:,g}", *rates, device.label


def _line(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """Names are read from the left, numbers from the right."""
    *cells, label = [text.rjust(width) for text, width in zip(row, widths, strict=True)]
    return [row[0].ljust(widths[0]), *cells[1:], label.strip()]


def _described(device: "Device") -> str:
    rates = [f"{dtype} {rate:g}" for dtype, rate in device.tflops.items()]
    sparse = [f"{dtype} {rate:g}" for dtype, rate in device.sparse_tflops.items()]
    lines = [
        f"{device.name}: {device.label}",
        f"  memory: {device.memory_gb:g} GB at {device.bandwidth_gb_per_s:,g} GB/s",
        f"  dense, in 10^12 operations a second: {', '.join(rates)}",
        *([f"  with 2:4 sparsity, as the source prints: {', '.join(sparse)}"] if sparse else []),
        f"  source: {device.source}",
        f"  note: {device.note}",
        *([f"  also called: {', '.join(device.aliases)}"] if device.aliases else []),
    ]
    return "\n".join(lines) + "\n"
