"""What every command takes that measures on a device: its options, and how far it is, on standard error."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

import typer

from archscope.commands.arguments import NETWORK, of_the
from archscope.commands.output import tell, write
from archscope.errors import ArchscopeError
from archscope.latency import Amp, Dtype, Optimizer, Options, Progress
from archscope.process import import_torch
from archscope.signals import heed_interrupts

# ---- options -------------------------------------------------------------------------------------------------

TIMED = "Time on a device"
"""The heading of these options in `--help`."""


def timed(name: str, metavar: str, said: str) -> Any:
    return of_the(TIMED, name, metavar, said)


Device = Annotated[str | None, timed("--device", "cpu|cuda[:N]", "Measure latency on it.")]
Batch = Annotated[
    str | None,
    typer.Option(
        "-b",
        "--batch",
        metavar="N[,N...]",
        help="Images at a time; several with --device, and in summary also auto [default: 1]",
        rich_help_panel=NETWORK,
    ),
]
Mode = Annotated[
    Literal["eval", "train"] | None,
    typer.Option(metavar="eval|train", help="The mode of the pass [default: eval]", rich_help_panel=NETWORK),
]
DataType = Annotated[
    Dtype | None, timed("--dtype", "|".join(get_args(Dtype)), "Of weights and inputs [default: float32]")
]
ChannelsLast = Annotated[bool, timed("--channels-last", "", "Images in memory as height x width x channels.")]
Compile = Annotated[
    str | None,
    timed("--compile", "[MODE]", "Through torch.compile, in a mode such as max-autotune; without times by layer."),
]
CudnnBenchmark = Annotated[bool, timed("--cudnn-benchmark", "", "cuDNN tries its algorithms and takes the fastest.")]
Train = Annotated[bool, timed("--train", "", "Time training steps: forward, backward, optimizer.")]
ByOptimizer = Annotated[
    Optimizer | None, timed("--optimizer", "|".join(get_args(Optimizer)), "Of training steps [default: momentum]")
]
Cast = Annotated[
    Amp | None, timed("--amp", "|".join(get_args(Amp)), "Weights in float32, torch's autocast to this type.")
]
Seconds = Annotated[float | None, timed("--seconds", "S", "Time budget per network and batch [default: 5]")]
Threads = Annotated[str | None, timed("--threads", "N[,N...]", "Of the CPU; of several each [default: torch's]")]
OneThreads = Annotated[str | None, timed("--threads", "N", "Of the CPU [default: torch's]")]
Fresh = Annotated[bool, timed("--fresh", "", "Measure the device's bandwidth and products anew, too.")]


def measuring_options(
    device: str | None,
    predict: str = "",
    mode: str | None = None,
    dtype: Dtype | None = None,
    threads: str | None = None,
    several: bool = False,
    **given: Any,
) -> Options | None:
    """What is to be measured; None without a device, and then none of the other options may be given.

    `several` says that several numbers of threads may be measured. With --predict, --dtype says what to predict for.
    Raises EnvironmentFailure where the device is missing, before anything is built.
    """
    if given.get("train") and mode == "eval":
        raise ArchscopeError("--train times training steps: --mode eval does not apply")
    if predict and device:
        raise ArchscopeError("--predict is for a device that is not here, --device for one that is: give one of them")
    given["threads"] = parse_threads(threads, several)
    given["dtype"] = None if predict else dtype  # what a bound is for needs no device to measure on
    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    if device is not None:
        return _checked(Options(device, **chosen))
    if chosen:
        # Left alone they would do nothing, and a reader would take the report for a measured one.
        names = ", ".join(f"--{name.replace('_', '-')}" for name in chosen)
        verb = "is" if len(chosen) == 1 else "are"
        raise ArchscopeError(f"{names} {verb} for measuring: give a --device, cpu or cuda, too")
    return None


def _checked(options: Options) -> Options:
    import_torch()
    heed_interrupts()
    from archscope.latency.device import check

    check(options)
    return options


def parse_batches(text: str | None) -> tuple[int, ...]:
    """`1,8,32` as numbers; () where nothing is given."""
    numbers = _numbers(text)
    if numbers is None:
        raise ArchscopeError(f"--batch {text}: write a number of images, or several such as 1,8,32")
    return numbers


def parse_threads(text: str | None, several: bool) -> int | tuple[int, ...] | None:
    """`4`, or where that may be `1,2,4`; None where nothing is given."""
    numbers = _numbers(text)
    if numbers is None or (len(numbers) > 1 and not several):
        raise ArchscopeError(f"--threads {text}: write a number of threads{', or several such as 1,2,4' * several}")
    return numbers if len(numbers) > 1 else next(iter(numbers), None)


def _numbers(text: str | None) -> tuple[int, ...] | None:
    """Each number once; None where something is none."""
    parts = [part.strip() for part in text.split(",")] if text is not None else []
    if not all(part.isdecimal() and len(part) < 20 and int(part) > 0 for part in parts):
        return None
    return tuple(dict.fromkeys(map(int, parts)))


@contextlib.contextmanager
def never_lost(measured: object | None) -> Iterator[None]:
    """Where what was asked of a measurement fails, by a column that there is not or a full disk, its table is shown."""
    try:
        yield
    except ArchscopeError:
        if measured is not None:
            write(str(measured), None)
        raise


# ---- progress ------------------------------------------------------------------------------------------------


def progress_line() -> Progress:
    """Says on standard error what is measured: on a terminal in one line that changes, elsewhere in one line each."""
    terminal = sys.stderr.isatty()
    last = ""

    def show(what: str, seconds_left: float) -> None:
        nonlocal last
        said = f"{what}, {seconds_left:.0f} s left" if seconds_left >= 1 else what
        if not what:
            said = ""
        if terminal and said != last:
            tell(f"\r\x1b[K{said}", end="")
        elif what and not last.startswith(what):
            tell(f"archscope: {what}")
        last = said

    return show
