"""archscope diff"""

from typing import Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    NETWORK,
    SHOWN,
    Inputs,
    Output,
    Settings,
    Target,
    complete_target,
    format_of,
    parse_settings,
)
from archscope.commands.output import chosen_format, plain_options, write
from archscope.process import expect_torch
from archscope.views import render


@command("Compare", "archscope diff resnet50 seresnet50")
def diff(
    target: Target,
    reference: Annotated[
        str, typer.Argument(metavar="REFERENCE", help="What it should be.", autocompletion=complete_target)
    ],
    inputs: Inputs = None,
    weights: Annotated[
        bool,
        typer.Option(
            "--weights", rich_help_panel=SHOWN,
            help="Copy TARGET's weights to REFERENCE, run both, compare the outputs.",
        ),
    ] = False,
    settings: Settings = None,
    reference_settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set-reference", metavar="KEY=VALUE", help="As --set, an option of REFERENCE.", rich_help_panel=NETWORK
        ),
    ] = None,
    format_name: Annotated[str | None, format_of("diff")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """Is TARGET the network that REFERENCE is, and if not, where and why?

    Exit code 0 if it is; 1 if not, or if only training differs.
    """
    from archscope.differences import measured

    name = chosen_format("diff", format_name, output, targets=[target, reference])
    expect_torch()
    found = measured.diff(
        target, reference, inputs or None, options=parse_settings(settings or []),
        reference_options=parse_settings(reference_settings or []), weights=weights,
    )  # fmt: skip
    write(render(found, name, plain_options(output)), output)
    raise typer.Exit(found.verdict != "identical")
