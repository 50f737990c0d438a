"""archscope devices: what is published of the devices that --predict knows, without torch."""

from typing import Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import completes
from archscope.commands.output import write
from archscope.roofline import devices as published

HEADINGS = ("Name", "Memory", "GB/s", *published.DTYPES, "Device")


@command("Look up", "archscope devices h200")
def devices(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="One of them, with its source.", autocompletion=completes(published.devices)
        ),
    ] = "",
) -> None:
    """Published peaks of the devices that --predict knows.

    Bandwidth in GB/s, and 10^12 dense operations a second by dtype.
    """
    write(_described(published.find(name)) if name else _table(), None)


def _table() -> str:
    rows = [HEADINGS, *map(_row, published.devices().values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(_line(row, widths)).rstrip() + "\n" for row in rows)


def _row(device: published.Device) -> tuple[str, ...]:
    rates = [f"{device.tflops[dtype]:g}" if dtype in device.tflops else "-" for dtype in published.DTYPES]
    return device.name, f"{device.memory_gb:g} GB", f"{device.bandwidth_gb_per_s:,g}", *rates, device.label


def _line(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """Names are read from the left, numbers from the right."""
    *cells, label = [text.rjust(width) for text, width in zip(row, widths, strict=True)]
    return [row[0].ljust(widths[0]), *cells[1:], label.strip()]


def _described(device: published.Device) -> str:
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
