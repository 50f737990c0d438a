"""archscope summary"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from archscope.auditing.counters import counted_as, counter_names
from archscope.commands import app
from archscope.commands.arguments import (
    Format,
    Inputs,
    Output,
    Settings,
    Target,
    column_names,
    completes,
    parse_settings,
    sortable_names,
)
from archscope.commands.measured import report_of
from archscope.commands.measuring import (
    Batch,
    ChannelsLast,
    Compile,
    DataType,
    Device,
    Fresh,
    Seconds,
    Threads,
    Train,
    measuring_options,
    parse_batches,
)
from archscope.commands.output import chosen_format, plain_options, write
from archscope.commands.predicting import Predict, predicted_report
from archscope.commands.startup import INTERRUPTED
from archscope.errors import ArchscopeError
from archscope.latency import Interrupted
from archscope.views import DEFAULT_COLUMNS, Options, tables

if TYPE_CHECKING:
    from archscope.model.report import Report


COLUMNS_HELP = f"Comma-separated, or 'all' [default: {','.join(DEFAULT_COLUMNS)}, and what is asked for besides]."

AS_HELP = f"Add what another tool would count: {', '.join(counter_names())}."


@app.command()
def summary(
    target: Target,
    inputs: Inputs = None,
    batch: Batch = None,
    depth: Annotated[int, typer.Option("-d", "--depth", min=0, help="Levels of the module tree; 0 shows all.")] = 3,
    columns: Annotated[
        str,
        typer.Option("-c", "--columns", help=COLUMNS_HELP, autocompletion=completes(column_names)),
    ] = "",
    mode: Annotated[Literal["eval", "train"] | None, typer.Option(help="The mode of the pass [default: eval].")] = None,
    settings: Settings = None,
    counter: Annotated[
        str, typer.Option("--as", metavar="TOOL", help=AS_HELP, autocompletion=completes(counter_names))
    ] = "",
    predict: Predict = "",
    device: Device = None,
    dtype: DataType = None,
    channels_last: ChannelsLast = False,
    compiled: Compile = False,
    train: Train = False,
    seconds: Seconds = None,
    threads: Threads = None,
    fresh: Fresh = False,
    fold: Annotated[bool, typer.Option("--fold/--unfold", help="Show equal neighbours once, units as one row.")] = True,
    sort: Annotated[
        str, typer.Option(help="List the parts by a column, largest first.", autocompletion=completes(sortable_names))
    ] = "",
    format_name: Format = None,
    output: Output = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if an operation's cost is unknown.")] = False,
) -> None:  # fmt: skip
    """What TARGET is made of: every layer with its shape, parameters, MACs and latency, and the totals in words."""
    name = chosen_format(format_name, output)
    tables.check_format(name)
    latency = measuring_options(
        device, predict, mode, dtype, channels_last=channels_last, compile=compiled, train=train,
        seconds=seconds, threads=threads, fresh=fresh,
    )  # fmt: skip
    asked = (target, inputs, parse_batches(batch), mode, parse_settings(settings or []))
    code = 0
    try:
        report = predicted_report(*asked, predict, dtype or "") if predict else report_of(*asked, latency)
    except Interrupted as stopped:
        (report,), code = stopped.reports, INTERRUPTED
    report = counted_as(report, counter) if counter else report
    missing = report.totals["operations"]["unknown"]
    if strict and missing:
        raise ArchscopeError(f"{report.graph.name} runs operations of unknown cost: {', '.join(missing)}")
    chosen = view_options(parse_columns(columns, report), depth, fold, sort, output)
    if not columns.strip() and "latency_ms" in report.columns:
        chosen = replace(chosen, spare=tables.SPARE_COLUMNS)
    write(tables.render(report, name, chosen), output)
    raise typer.Exit(code)


def parse_columns(text: str, report: "Report") -> tuple[str, ...]:
    """Comma-separated column names; `all` is every column of the report, none are the usual ones."""
    if not text.strip():
        return tables.default_columns(report)
    if text.strip() == "all":
        return ("output", "share", *report.table_columns)
    return tuple(name.strip() for name in text.split(",") if name.strip())


def view_options(columns: tuple[str, ...], depth: int, fold: bool, sort: str, output: str | None) -> Options:
    """What the reader chose, for a terminal, a pipe or a file."""
    return replace(plain_options(output), columns=columns, depth=depth, fold=fold, sort=sort)
