"""archscope explore"""

from typing import TYPE_CHECKING, Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    Inputs,
    ReferenceSettings,
    Settings,
    Target,
    complete_target,
    output_to,
    parse_settings,
)
from archscope.commands.measured import report_of
from archscope.commands.output import chosen_format, is_stream, plain_options, write
from archscope.errors import ArchscopeError
from archscope.views import render

if TYPE_CHECKING:
    from archscope.views.explorer import Explorer


@command("Understand", "archscope explore inception_v4 -o inception_v4.html")
def explore(
    target: Target,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE", help="A second one beside it, with their differences.", autocompletion=complete_target
        ),
    ] = "",
    inputs: Inputs = None,
    settings: Settings = None,
    reference_settings: ReferenceSettings = None,
    output: Annotated[str, output_to("The page, net.html.")] = "",
) -> None:
    """TARGET as a page to walk through: pictures of its modules, numbers in them, search. One file, which asks nothing
    of any network."""
    if not output or is_stream(output):
        raise ArchscopeError("the page is a file for a browser: give it a name, -o net.html")
    if reference_settings and not reference:
        raise ArchscopeError("--set-reference is an option of REFERENCE: name one")
    name = chosen_format("explorer", None, output, "html", [target, reference])
    options, others = parse_settings(settings or []), parse_settings(reference_settings or [])
    made = both(target, reference, inputs, options, others) if reference else one(target, inputs, options)
    write(render(made, name, plain_options(output)), output)


def one(target: str, inputs: Inputs, options: dict[str, object]) -> "Explorer":
    from archscope.views.explorer import Explorer

    return Explorer((report_of(target, inputs, (), None, options),))


def both(
    target: str, reference: str, inputs: Inputs, options: dict[str, object], others: dict[str, object]
) -> "Explorer":
    from archscope.differences import measured
    from archscope.views.explorer import Explorer

    found = measured.diff(target, reference, inputs or None, options=options, reference_options=others)
    return Explorer((found.a, found.b), diff=found)
