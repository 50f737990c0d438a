"""archscope diff"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    SHOWN,
    Inputs,
    Output,
    ReferenceSettings,
    Settings,
    Target,
    complete_target,
    format_of,
    parse_settings,
)
from archscope.commands.output import chosen_format, plain_options, write
from archscope.errors import ArchscopeError
from archscope.model.text import listed
from archscope.process import expect_torch
from archscope.reading.kinds import is_weights
from archscope.views import render

if TYPE_CHECKING:
    from archscope.comparison.limits import Findings


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
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", metavar="QUANTITY=CHANGE", rich_help_panel=SHOWN,
            help="Only hold REFERENCE against TARGET: macs=+1%, params=+10k may be gone beyond by no more.",
        ),
    ] = None,
    settings: Settings = None,
    reference_settings: ReferenceSettings = None,
    format_name: Annotated[str | None, format_of("diff")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """Is TARGET the network that REFERENCE is, and if not, where and why?

    Exit code 0 if it is; 1 if not, or if only training differs. With --allow 1 where REFERENCE goes further from
    TARGET than that, with a line for each. Where TARGET is a .safetensors file: do its weights fit REFERENCE?
    """
    from archscope.differences import measured

    if is_weights(target):
        asked = {"--input": inputs, "--weights": weights, "--allow": allow, "--set": settings}
        if given_too := [name for name, value in asked.items() if value]:
            other = f": options of {reference} are --set-reference" if settings else ""
            raise ArchscopeError(
                f"{target} holds weights alone, for which there is no {listed(given_too, 'or')}{other}"
            )
        _fit(target, reference, parse_settings(reference_settings or []), format_name, output)
    if is_weights(reference):
        raise ArchscopeError(f"the weights come first: archscope diff {reference} {target}")
    name = chosen_format("findings" if allow else "diff", format_name, output, targets=[target, reference])
    if allow and weights:
        raise ArchscopeError("--weights compares outputs, --allow costs: give one of them")
    expect_torch()
    given = parse_settings(settings or []), parse_settings(reference_settings or [])
    if allow:
        findings = allowed(target, reference, inputs or None, given, allow)
        write(render(findings, name, plain_options(output)), output)
        raise typer.Exit(bool(findings.broken))
    found = measured.diff(
        target, reference, inputs or None, options=given[0], reference_options=given[1], weights=weights
    )
    write(render(found, name, plain_options(output)), output)
    raise typer.Exit(found.verdict != "identical")


def allowed(
    old: str, new: str, inputs: list[str] | None, options: tuple[dict[str, Any], dict[str, Any]], allow: list[str]
) -> "Findings":
    """How far the second network may go from the first, held against it."""
    from archscope.comparison.limits import Findings, held_against, parse_allowed
    from archscope.differences.measured import reports_of

    before, after = reports_of(old, new, inputs, *options)
    before = replace(before, target=old)
    limits = [limit for item in allow for limit in parse_allowed(item, before)]
    return Findings(tuple(held_against(after, limits, new)))


def _fit(weights: str, network: str, options: dict[str, Any], format_name: str | None, output: str | None) -> NoReturn:
    """Do the weights fit? Exit code 0 if they do, under other names as well."""
    from archscope.differences import measured

    name = chosen_format("fit", format_name, output, targets=[weights, network])
    expect_torch()
    found = measured.fit(weights, network, options)
    write(render(found, name, plain_options(output)), output)
    raise typer.Exit(bool(found.misfits))
