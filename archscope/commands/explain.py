"""archscope explain"""

from typing import Annotated, Literal

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    SHOWN,
    Images,
    Inputs,
    Output,
    Settings,
    Target,
    completes,
    format_of,
    parse_settings,
)
from archscope.commands.measured import report_of
from archscope.commands.measuring import Mode
from archscope.commands.output import chosen_format, plain_options, write
from archscope.errors import ArchscopeError
from archscope.views import render


def blank_names() -> tuple[str, ...]:
    from archscope.explaining.worksheet import CAN_BE_BLANK

    return CAN_BE_BLANK


@command("Understand", "archscope explain xception entry_flow.conv1.conv", "explain")
def explain_command(
    target: Target,
    layer: Annotated[
        str,
        typer.Argument(
            metavar="LAYER", help="A layer's or module's path, or the end of one [default: the whole network]"
        ),
    ] = "",
    inputs: Inputs = None,
    batch: Images = None,
    mode: Mode = None,
    settings: Settings = None,
    blank: Annotated[
        str,
        typer.Option(
            metavar="NAME[,...]", help="A worksheet instead: output,params are to be filled in.", rich_help_panel=SHOWN,
            autocompletion=completes(blank_names),
        ),
    ] = "",
    key: Annotated[bool, typer.Option("--key", help="Of the worksheet the answers.", rich_help_panel=SHOWN)] = False,
    language: Annotated[
        Literal["en", "ko"], typer.Option("--lang", metavar="en|ko", help="The language.", rich_help_panel=SHOWN)
    ] = "en",
    format_name: Annotated[str | None, format_of("explanation")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """Each number of a layer as its working: output size, parameters, MACs, memory, receptive field step by step."""
    from archscope.explaining import explain
    from archscope.explaining.worksheet import worksheet

    if key and not blank:
        raise ArchscopeError("--key is of a worksheet: say what was to be filled in, --blank output,params")
    name = chosen_format("worksheet" if blank else "explanation", format_name, output, targets=[target])
    report = report_of(target, inputs, [batch] if batch else [], mode, parse_settings(settings or []))
    made = worksheet(report, layer, blank, key, language) if blank else explain(report, layer, language)
    write(render(made, name, plain_options(output)), output)
