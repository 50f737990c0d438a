"""archscope compare"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from archscope import networks
from archscope.commands import app
from archscope.commands.arguments import Output, completes
from archscope.commands.measured import report_of
from archscope.commands.measuring import DataType
from archscope.commands.output import one_of, plain_options, write
from archscope.commands.predicting import Predict, ceilings_of
from archscope.errors import ArchscopeError

if TYPE_CHECKING:
    from archscope.report import Report


PICTURES = (".svg", ".png")


@app.command()
def compare(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TARGET]...", help="As for summary; a saved compare.json too.",
            autocompletion=completes(networks.catalogue),
        ),
    ] = None,
    family: Annotated[str, typer.Option(help="All networks of a family, such as inception or resnet.")] = "",
    by: Annotated[
        Literal["kind", "stage", "layer"] | None, typer.Option(help="Where parameters, MACs, bytes and time go.")
    ] = None,
    input_size: Annotated[
        str | None, typer.Option("-i", "--input", metavar="CxHxW", help="One input for all [default: each its own].")
    ] = None,
    batch: Annotated[
        int | None, typer.Option("-b", "--batch", min=1, help="Images at a time, for the memory [default: 1].")
    ] = None,
    mode: Annotated[Literal["eval", "train"] | None, typer.Option(help="The mode of the pass [default: eval].")] = None,
    predict: Predict = "",
    dtype: DataType = None,
    plot: Annotated[
        Literal["bars", "tradeoff"] | None,
        typer.Option(help="What a picture shows: costs by kind, or accuracy against MACs [default: by their number]."),
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("-f", "--format", help="table, json, csv, markdown, latex, html, svg or png.")
    ] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """What several networks cost, side by side, and in ratio to the first."""
    from archscope import roofline
    from archscope.comparing import comparison_of
    from archscope.views.comparison import PLOTTED, Choices, formats

    name = format_name or (Path(output).suffix[1:].lower() if output and output.lower().endswith(PICTURES) else None)
    show_in = one_of(formats(), name, output)
    if plot and show_in not in [formats()[shown] for shown in PLOTTED]:
        raise ArchscopeError(f"--plot {plot} is a picture: write it with -o to a .svg, .png or .html file")
    if dtype and not predict:
        raise ArchscopeError(f"--dtype {dtype} is the type to predict for: add --predict with a device, such as h200")
    ceilings = ceilings_of(predict) if predict else []
    named = [*(targets or ()), *(network.name for network in (networks.family(family) if family else ()))]
    _check(named, mode is not None or input_size is not None or (batch is not None and not predict))
    reports = [report for name in dict.fromkeys(named) for report in _reports(name, input_size, batch, mode)]
    if ceilings:
        reports = [roofline.predict(report, ceilings, dtype or "", batch or 0) for report in reports]
    plain = plain_options(output)
    choices = Choices(width=plain.width, color=plain.color, by=by or "", plot=plot or "")
    write(show_in(comparison_of(reports), choices), output)


def _check(named: list[str], settings: bool) -> None:
    """Settings must hold for one of what is named at least."""
    if settings and named and all(name.endswith(".json") for name in named):
        raise ArchscopeError("saved reports are measured already: --input, --batch and --mode do not apply to them")


def _reports(
    name: str, input_size: str | None, batch: int | None, mode: Literal["eval", "train"] | None
) -> "Iterator[Report]":
    from archscope.comparing import saved

    if name.endswith(".json"):
        yield from saved(name)
    else:
        yield report_of(name, input_size, (batch,) if batch else (), mode, {})
