"""archscope lineage"""

from typing import Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import Output, completes, format_of
from archscope.commands.output import chosen_format, plain_options, write
from archscope.networks import papers
from archscope.views import render


@command("Look up", "archscope lineage mobilenet_v2 -o tree.svg")
def lineage(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A paper or network: its ancestors and descendants alone.",
            autocompletion=completes(papers),
        ),
    ] = "",
    format_name: Annotated[str | None, format_of("lineage")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """The family tree of the networks: what each paper takes from which earlier one, and where it says so."""
    from archscope.papers.lineage import lineage

    chosen = chosen_format("lineage", format_name, output)
    write(render(lineage(name), chosen, plain_options(output)), output)
