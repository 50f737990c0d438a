"""archscope summary"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from archscope import views
from archscope.commands import app
from archscope.commands.arguments import Format, Output, Settings, Target, column_names, completes, parse_settings
from archscope.commands.measured import report_of
from archscope.commands.output import plain_options, write
from archscope.commands.predicting import Dtype, Predict, predicted_report
from archscope.errors import ArchscopeError

if TYPE_CHECKING:
    from archscope.report import Report


COLUMNS_HELP = f"Comma-separated, or 'all' [default: {','.join(views.DEFAULT_COLUMNS)}, and what is asked for besides]."


@app.command()
def summary(
    target: Target,
    input_size: Annotated[
        str | None,
        typer.Option("-i", "--input", metavar="CxHxW", help="Such as 3x299x299 or 299 [default: the paper's]."),
    ] = None,
    batch: Annotated[
        int | None, typer.Option("-b", "--batch", min=1, help="Images at a time, for the memory columns [default: 1].")
    ] = None,
    depth: Annotated[int, typer.Option("-d", "--depth", min=0, help="Levels of the module tree; 0 shows all.")] = 3,
    columns: Annotated[
        str,
        typer.Option("-c", "--columns", help=COLUMNS_HELP, autocompletion=completes(column_names)),
    ] = "",
    mode: Annotated[Literal["eval", "train"] | None, typer.Option(help="The mode of the pass [default: eval].")] = None,
    settings: Settings = None,
    predict: Predict = "",
    dtype: Dtype = "",
    fold: Annotated[bool, typer.Option("--fold/--unfold", help="Show equal neighbours once, units as one row.")] = True,
    sort: Annotated[
        str, typer.Option(help="List the parts by a column, largest first.", autocompletion=completes(column_names))
    ] = "",
    format_name: Format = None,
    output: Output = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if an operation's cost is unknown.")] = False,
) -> None:  # fmt: skip
    """What TARGET is made of: every layer with its shape, parameters and MACs, and the totals in words."""
    name = format_name or (views.format_of(output) if output not in (None, "-") else "table")
    views.check_format(name)
    asked = (target, input_size, batch, mode, parse_settings(settings or []))
    if dtype and not predict:
        raise ArchscopeError(f"--dtype {dtype} is the type to predict for: add --predict with a device, such as h200")
    report = predicted_report(*asked, predict, dtype) if predict else report_of(*asked)
    missing = report.totals["operations"]["unknown"]
    if strict and missing:
        raise ArchscopeError(f"{report.graph.name} runs operations of unknown cost: {', '.join(missing)}")
    write(views.render(report, name, view_options(parse_columns(columns, report), depth, fold, sort, output)), output)


def parse_columns(text: str, report: "Report") -> tuple[str, ...]:
    """Comma-separated column names; `all` is every column of the report, none are the usual ones."""
    if not text.strip():
        return (*views.DEFAULT_COLUMNS, *[name for name in views.TIME_COLUMNS if name in report.columns])
    if text.strip() == "all":
        return ("output", "share", *report.table_columns)
    return tuple(name.strip() for name in text.split(",") if name.strip())


def view_options(columns: tuple[str, ...], depth: int, fold: bool, sort: str, output: str | None) -> views.Options:
    """What the reader chose, for a terminal, a pipe or a file."""
    return replace(plain_options(output), columns=columns, depth=depth, fold=fold, sort=sort)
