"""archscope list and archscope show: the catalogue, without torch."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import SHOWN, Output, completes, format_of
from archscope.commands.output import chosen_format, plain_options, write
from archscope.errors import ArchscopeError
from archscope.networks import catalogue, families, find
from archscope.views import render

CHOSEN = "Which"


def field_names() -> tuple[str, ...]:
    from archscope.papers.zoo import NUMBERS, WORDS

    return (*WORDS, *NUMBERS)


@command("Look up", 'archscope list --where "params<30M and top1>77" --sort macs', "list")
def list_networks(
    where: Annotated[
        str,
        typer.Option(
            metavar="CONDITIONS", help="Such as \"params<10M and top1>75\", or family=resnet.", rich_help_panel=CHOSEN
        ),
    ] = "",
    family: Annotated[
        str,
        typer.Option(
            metavar="FAMILY", help="Those of a paper, or with the word in their name.", rich_help_panel=CHOSEN,
            autocompletion=completes(families),
        ),
    ] = "",
    sort: Annotated[
        str,
        typer.Option(
            metavar="FIELD", help="The cheapest, the most accurate, or the oldest first [default: oldest].",
            rich_help_panel=CHOSEN, autocompletion=completes(field_names),
        ),
    ] = "",
    format_name: Annotated[str | None, format_of("zoo")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """The networks that archscope implements: parameters, MACs, published top-1 accuracy on ImageNet."""
    from archscope.papers.zoo import zoo

    name = chosen_format("zoo", format_name, output)
    found = zoo(family, where, sort)
    if not found.entries:
        raise ArchscopeError(f"no network meets {where or family}: archscope list shows all")
    write(render(found, name, plain_options(output)), output)


@command("Look up", "archscope show xception")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A network's name.", autocompletion=completes(catalogue))],
    bibtex: Annotated[
        bool, typer.Option("--bibtex", help="The paper's entry for a bibliography instead.", rich_help_panel=SHOWN)
    ] = False,
) -> None:
    """What the paper says of a network, and the network's options."""
    entry = find(name)
    if bibtex:
        write(entry.paper.bibtex, None)
        return
    whole = [claim for claim in entry.claims if not claim.block]
    parts = len(entry.claims) - len(whole)
    lines = [
        f"{entry.name}: {entry.label}",
        f"  {entry.paper.title}",
        f"  {entry.paper.authors}",
        f"  {entry.paper.citation}",
        f"  implements: {entry.source}",
        f"  input: {'x'.join(map(str, entry.input_size))}",
        *([f"  note: {entry.note}"] if entry.note else []),
        *([f"  also called: {', '.join(entry.aliases)}"] if entry.aliases else []),
        "  options (--set key=value):",
        *[f"    {option}: {described}" for option, described in entry.options.items()],
        "  published:" if entry.claims else "  published: no number in the catalogue",
        *[f"    {claim.said()}" for claim in whole],
        *([f"    and {parts} of its parts: archscope verify {entry.name}"] if parts else []),
    ]
    write("".join(f"{line}\n" for line in _fitted(lines, plain_options(None).width)), None)


def _fitted(lines: Iterable[str], width: int) -> Iterator[str]:
    """The lines broken at a terminal's width, each with its own indent; as they are elsewhere."""
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        yield from textwrap.wrap(line, width, subsequent_indent=indent) if len(line) > width > 0 else [line]
