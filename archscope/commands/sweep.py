"""archscope sweep"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    NETWORK,
    SHOWN,
    Images,
    Output,
    complete_set,
    complete_target,
    completes,
    format_of,
    names_in,
    of_the,
)
from archscope.commands.measuring import (
    Cast,
    ChannelsLast,
    Compile,
    DataType,
    Device,
    OneThreads,
    Seconds,
    measuring_options,
    never_lost,
    progress_line,
)
from archscope.commands.output import chosen_format, plain_options, tell, write
from archscope.commands.predicting import Predict, ceilings_of
from archscope.commands.spectrum import refuse
from archscope.errors import ArchscopeError
from archscope.process import expect_torch
from archscope.signals import INTERRUPTED, heed_interrupts
from archscope.views import PICTURES, render

if TYPE_CHECKING:
    from archscope.comparison.limits import Limit
    from archscope.latency import Progress
    from archscope.sweeping.points import Sweep


def limited() -> list[str]:
    from archscope.comparison.limits import LIMITED

    return list(LIMITED)


@command("Understand", "archscope sweep xception --set width_multiplier=0.25:1:0.25 --set middle_blocks=4,8")
def sweep(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="As for summary, or a saved sweep.json.", autocompletion=complete_target
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "-s", "--set", metavar="KEY=VALUES", rich_help_panel=NETWORK, autocompletion=complete_set,
            help="Values of an option: middle_blocks=4,8 or first:last:step, width_multiplier=0.25:2:0.25.",
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("-i", "--input", metavar="SIZE[,SIZE...]", help="Such as 160,224,299.", rich_help_panel=NETWORK),
    ] = None,
    batch: Images = None,
    under: Annotated[
        str, of_the(SHOWN, "--under", "QUANTITY=LIMIT[,...]", "Only what costs no more: macs=600M,params=5M.")
    ] = "",
    maximize: Annotated[str, of_the(SHOWN, "--maximize", "OPTION", "Its largest value that keeps to --under.")] = "",
    hold: Annotated[
        str, of_the(SHOWN, "--hold", "QUANTITY=AMOUNT|TARGET", "Walk along equal cost: macs=resnet50, params=5M.")
    ] = "",
    scale: Annotated[str, of_the(SHOWN, "--scale", "OPTION", "What --hold chooses [default: width_multiplier]")] = "",
    columns: Annotated[
        str,
        typer.Option(
            "-c", "--columns", metavar="NAME[,...]", help="What is shown of each point.", rich_help_panel=SHOWN,
            autocompletion=completes(limited),
        ),
    ] = "",
    predict: Predict = "",
    device: Device = None,
    dtype: DataType = None,
    channels_last: ChannelsLast = False,
    amp: Cast = None,
    compiled: Compile = None,
    seconds: Seconds = None,
    threads: OneThreads = None,
    format_name: Annotated[str | None, format_of("sweep")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """What a network costs over a grid of its options and inputs, the largest that fits a budget, or equal cost.

    Ctrl-C keeps the points that are measured by then. Where a search of --maximize fails the others are shown, and the
    exit code is 2.
    """
    from archscope import sweeping
    from archscope.reading.kinds import is_saved
    from archscope.sweeping.grid import axes_of
    from archscope.views.sweep.rows import check_can_be_shown, failures

    name = chosen_format("sweep", format_name, output, targets=[target])
    shown = replace(plain_options(output), columns=names_in(columns))
    if is_saved(target):
        asked = {"set": settings, "input": inputs, "batch": batch, "under": under, "maximize": maximize, "hold": hold,
                 "scale": scale, "predict": predict, "device": device}  # fmt: skip
        refuse(f"{target} has its points already", asked)
        write(render(sweeping.read_sweep(target), name, shown), output)
        return
    latency = measuring_options(
        device, predict, None, dtype, channels_last=channels_last, amp=amp, compile=compiled, seconds=seconds,
        threads=threads,
    )  # fmt: skip
    if latency and (maximize or hold):
        raise ArchscopeError("--device times a grid: --maximize and --hold go by what is counted")
    axes, limits = axes_of(settings or [], inputs or []), limits_of(under)
    more = [*(["latency_ms"] if latency else []), *(["bound_ms"] if predict else [])]
    check_can_be_shown(axes, shown.columns, more, name in PICTURES and not maximize)
    expect_torch()
    held = held_amount(hold)
    heed_interrupts()
    found, code = _until_stopped(
        lambda: sweeping.sweep(
            target, axes, batch=batch, limits=limits, maximize=maximize.replace("-", "_"), hold=held[0], held=held[1],
            scaled=scale.replace("-", "_") or sweeping.WIDTH, latency=latency, progress=tenths(),
            ceilings=ceilings_of(predict) if predict else (), dtype=dtype or "",
        )
    )  # fmt: skip
    with never_lost(found if latency else None):
        write(render(found, name, shown), output)
    if found.maximized and not code:
        _check(failures(found))
    raise typer.Exit(code)


def _until_stopped(run: "Callable[[], Sweep]") -> "tuple[Sweep, int]":
    """What is found, after Ctrl-C what is found by then, and the exit code. Raises Exit where that is nothing."""
    from archscope import sweeping

    try:
        return run(), 0
    except sweeping.Interrupted as stopped:
        found = stopped.sweep
    except KeyboardInterrupt:
        raise _nothing_to_show("") from None
    if not found.points:
        raise _nothing_to_show(found.stopped if found.left_out else "")
    return found, INTERRUPTED


def _check(failed: Sequence[str]) -> None:
    """Raises ArchscopeError where searches failed."""
    if failed:
        raise ArchscopeError(failed[0] + (f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""))


def _nothing_to_show(after: str) -> typer.Exit:
    """What to say after Ctrl-C where no point is known, and the exit code."""
    said = f"stopped {after}, none of which keeps to the limits" if after else "stopped before the first point"
    tell(f"\narchscope: {said}" if sys.stderr.isatty() else f"archscope: {said}")
    return typer.Exit(INTERRUPTED)


def limits_of(text: str) -> "tuple[Limit, ...]":
    """`macs=600M,params=5M`. Raises ArchscopeError."""
    from archscope.comparison.limits import parse_limit

    return tuple(parse_limit("max", part, "--under") for part in text.split(",") if part.strip())


def held_amount(text: str) -> tuple[str, float]:
    """`macs=4G` or `macs=resnet50`: a quantity, and what it is to be. Raises ArchscopeError."""
    if not text:
        return "", 0
    from archscope.sweeping.held import amount

    return amount(text)


def tenths() -> "Progress":
    """On a terminal each point; elsewhere a line for each tenth of them."""
    line, terminal, told = progress_line(), sys.stderr.isatty(), [-1]

    def show(what: str, seconds_left: float) -> None:
        done, _, rest = what.partition(" of ")
        numbers = done.replace(",", ""), rest.partition(" ")[0].replace(",", "")
        if not terminal and all(map(str.isdecimal, numbers)):
            tenth = 10 * int(numbers[0]) // int(numbers[1])
            if tenth == told[0]:
                return
            told[0] = tenth
        line(what, seconds_left)

    return show
