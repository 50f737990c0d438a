"""archscope compare"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from archscope import networks
from archscope.commands import app
from archscope.commands.arguments import Format, Output, completes
from archscope.commands.measured import report_of
from archscope.commands.output import one_of, plain_options, write
from archscope.errors import ArchscopeError

if TYPE_CHECKING:
    from archscope.report import Report


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
    format_name: Format = None,
    output: Output = None,
) -> None:  # fmt: skip
    """What several networks cost, side by side, and in ratio to the first."""
    from archscope.comparing import comparison_of
    from archscope.views.comparison import formats

    show_in = one_of(formats(), format_name, output)
    named = [*(targets or ()), *(network.name for network in (networks.family(family) if family else ()))]
    if (input_size or batch or mode) and named and all(name.endswith(".json") for name in named):
        raise ArchscopeError("saved reports are measured already: --input, --batch and --mode do not apply to them")
    reports = [report for name in dict.fromkeys(named) for report in _reports(name, input_size, batch, mode)]
    write(show_in(comparison_of(reports), by or "", plain_options(output)), output)


def _reports(
    name: str, input_size: str | None, batch: int | None, mode: Literal["eval", "train"] | None
) -> "Iterator[Report]":
    from archscope.comparing import saved

    if name.endswith(".json"):
        yield from saved(name)
    else:
        yield report_of(name, input_size, (batch,) if batch else (), mode, {})
