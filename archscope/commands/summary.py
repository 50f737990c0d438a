"""archscope summary"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    NETWORK,
    SHOWN,
    Format,
    Inputs,
    Output,
    Settings,
    Target,
    column_names,
    completes,
    names_in,
    parse_settings,
    sortable_names,
)
from archscope.commands.measured import Batches, report_of
from archscope.commands.measuring import (
    Batch,
    ByOptimizer,
    Cast,
    ChannelsLast,
    Compile,
    CudnnBenchmark,
    DataType,
    Device,
    Fresh,
    Mode,
    Seconds,
    Threads,
    Train,
    measuring_options,
    never_lost,
    parse_batches,
)
from archscope.commands.output import chosen_format, plain_options, write
from archscope.commands.predicting import Fit, Predict, parse_memory, predicted_report
from archscope.errors import ArchscopeError
from archscope.latency import Interrupted
from archscope.signals import INTERRUPTED
from archscope.views import DEFAULT_COLUMNS, Options, render, tables

if TYPE_CHECKING:
    from archscope.model.report import Report


def counter_names() -> tuple[str, ...]:
    from archscope.auditing.counters import counter_names as names

    return names()


COLUMNS_HELP = f"Or all [default: {', '.join(DEFAULT_COLUMNS)}, and what is asked for besides]."


@command("Understand", "archscope summary xception --depth 2 --columns output,params,macs")
def summary(
    target: Target,
    inputs: Inputs = None,
    batch: Batch = None,
    mode: Mode = None,
    settings: Settings = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if an operation's cost is unknown.", rich_help_panel=NETWORK)
    ] = False,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Where the pass fails, show the layers before.", rich_help_panel=NETWORK),
    ] = False,
    depth: Annotated[
        int,
        typer.Option(
            "-d", "--depth", metavar="N", min=0, help="Levels of the module tree; 0 shows all.", rich_help_panel=SHOWN
        ),
    ] = 3,
    fold: Annotated[
        bool,
        typer.Option("--fold/--unfold", help="Show equal neighbours once, units as one row.", rich_help_panel=SHOWN),
    ] = True,
    columns: Annotated[
        str,
        typer.Option(
            "-c", "--columns", metavar="NAME[,...]", help=COLUMNS_HELP, rich_help_panel=SHOWN,
            autocompletion=completes(column_names),
        ),
    ] = "",
    sort: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="List the parts by a column, largest first.", rich_help_panel=SHOWN,
            autocompletion=completes(sortable_names),
        ),
    ] = "",
    counter: Annotated[
        str,
        typer.Option(
            "--as", metavar="TOOL", help="Add what another tool would count.", rich_help_panel=SHOWN,
            autocompletion=completes(counter_names),
        ),
    ] = "",
    predict: Predict = "",
    fit: Fit = "",
    device: Device = None,
    dtype: DataType = None,
    channels_last: ChannelsLast = False,
    compiled: Compile = None,
    cudnn_benchmark: CudnnBenchmark = False,
    train: Train = False,
    optimizer: ByOptimizer = None,
    amp: Cast = None,
    seconds: Seconds = None,
    threads: Threads = None,
    fresh: Fresh = False,
    format_name: Format = None,
    output: Output = None,
) -> None:  # fmt: skip
    """What TARGET is made of: its layers with shape, parameters and MACs, and the totals in words."""
    from archscope.summary import STOPPED

    name = chosen_format("report", format_name, output, targets=[target])
    fits_alone = bool(fit) and device is None  # --fit tells inference and training, of a type and an optimizer
    latency = measuring_options(
        device, predict, mode, None if fits_alone else dtype, channels_last=channels_last, compile=compiled,
        train=train and not fits_alone, optimizer=None if fit and (fits_alone or not train) else optimizer, amp=amp,
        seconds=seconds, threads=threads, several=True, fresh=fresh, cudnn_benchmark=cudnn_benchmark,
    )  # fmt: skip
    memory_bytes = parse_memory(fit) if fit else 0
    options = parse_settings(settings or [])
    code = 0
    try:
        if predict:
            report = predicted_report(target, inputs, parse_batches(batch), mode, options, predict, dtype or "")
        else:
            batches: Batches = "auto" if batch == "auto" else parse_batches(batch)
            report = report_of(target, inputs, batches, mode, options, latency, partial)
    except Interrupted as stopped:
        (report,), code = stopped.reports, INTERRUPTED  # what was timed until Ctrl-C is shown
    with never_lost(report if latency else None):
        if fit:
            from archscope.latency.fitting import with_fits

            report = with_fits(report, memory_bytes, dtype or "", optimizer or "momentum")
        if counter:
            from archscope.auditing.counters import counted_as

            report = counted_as(report, counter)
        missing = report.totals["operations"]["unknown"]
        if strict and missing:
            raise ArchscopeError(f"{report.graph.name} runs operations of unknown cost: {', '.join(missing)}")
        chosen = view_options(parse_columns(columns, report), depth, fold, sort, output)
        chosen = replace(chosen, spare=spare_columns(report, chosen.columns if columns.strip() else (), bool(predict)))
        write(render(report, name, chosen), output)
    for note in report.graph.notes:
        if partial and note.startswith(STOPPED):
            raise ArchscopeError(note.removeprefix(STOPPED))
    raise typer.Exit(code)


def parse_columns(text: str, report: "Report") -> tuple[str, ...]:
    """Comma-separated column names; `all` is every column of the report, none are the usual ones."""
    if not text.strip():
        return tables.default_columns(report)
    if text.strip() == "all":
        return ("output", "share", *report.table_columns)
    return names_in(text)


def spare_columns(report: "Report", asked: tuple[str, ...], predicted: bool) -> tuple[str, ...]:
    """Those to leave out first where a terminal is narrow; of those that were asked for the first one stays."""
    if asked:
        return asked[:0:-1]
    if "latency_ms" in report.columns:
        return tables.SPARE_COLUMNS
    return ("output", "share") if predicted else ()


def view_options(columns: tuple[str, ...], depth: int, fold: bool, sort: str, output: str | None) -> Options:
    """What the reader chose, for a terminal, a pipe or a file."""
    return replace(plain_options(output), columns=columns, depth=depth, fold=fold, sort=sort)
