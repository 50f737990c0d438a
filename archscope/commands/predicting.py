"""`--predict DEVICE`, `--fit MEMORY`: how long a network takes at least on a device that need not be here, and how many
images its memory holds."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from archscope.commands.arguments import completes
from archscope.commands.measured import report_of
from archscope.commands.measuring import TIMED
from archscope.errors import ArchscopeError
from archscope.model.units import parse_number

if TYPE_CHECKING:
    from archscope.model.report import Report
    from archscope.roofline import Ceilings


def device_names() -> list[str]:
    from archscope.roofline.devices import devices

    return [*devices()]


Predict = Annotated[
    str,
    typer.Option(
        metavar="DEVICE[,...]",
        help="Add a lower bound on the time on devices that need not be here (archscope devices).",
        rich_help_panel=TIMED,
        autocompletion=completes(device_names),
    ),
]


Fit = Annotated[
    str,
    typer.Option(
        metavar="MEMORY",
        help="Say how many images so much memory holds: 24GiB, or a device's (archscope devices).",
        rich_help_panel=TIMED,
        autocompletion=completes(device_names),
    ),
]


def parse_memory(text: str) -> int:
    """Bytes of `24GiB`, or of the memory of the device of this name. Raises ArchscopeError."""
    if re.match(r"\s*[-+.]?\d", text):
        bytes_ = int(parse_number(text, "--fit: "))
        if bytes_ < 1:
            raise ArchscopeError(f"--fit {text}: write so much memory as 24GiB")
        return bytes_
    from archscope.roofline.devices import find

    return int(find(text).memory_gb * 1e9)


def ceilings_of(names: str) -> "list[Ceilings]":
    """The ceilings of the devices that `--predict` names. Raises ArchscopeError."""
    from archscope.roofline.devices import find

    ceilings = [find(name).ceilings for name in names.split(",") if name.strip()]
    if not ceilings:
        raise ArchscopeError(f"--predict {names}: name a device (archscope devices)")
    return ceilings


def predicted_report(
    target: str,
    inputs: Sequence[str] | None,
    batches: Sequence[int],
    mode: Literal["eval", "train"] | None,
    options: dict[str, Any],
    names: str,
    dtype: str,
) -> "Report":
    """The Report with its bounds on the devices of these names; a saved report takes another batch and dtype too."""
    from archscope.reading.kinds import is_saved
    from archscope.roofline import predict

    ceilings = ceilings_of(names)
    # A bound follows from a report alone, so that a saved one takes another batch: it is not measured again.
    report = report_of(target, inputs, () if is_saved(target) else batches, mode, options)
    return predict(report, ceilings, dtype, batches[0] if batches else 0)
