"""archscope list and archscope show: the catalogue, without torch."""

from collections.abc import Sequence
from typing import Annotated

import typer

from archscope import networks
from archscope.commands import command
from archscope.commands.arguments import completes
from archscope.commands.output import plain_options, write


@command("Look up", "archscope list", "list")
def list_networks() -> None:
    """The networks that archscope implements."""
    rows = [
        (entry.name, "x".join(map(str, entry.input_size)), entry.label, entry.paper.citation)
        for entry in networks.catalogue().values()
    ]
    room = plain_options(None).width
    lines = _aligned(rows)
    if room and max(map(len, lines)) > room:
        lines = [_cut(line, room) for line in _aligned([(name, size, cited) for name, size, _, cited in rows])]
    write("".join(f"{line}\n" for line in lines), None)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _cut(line: str, room: int) -> str:
    return line if len(line) <= room else line[: room - 1] + "…"


@command("Look up", "archscope show xception")
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A network's name.", autocompletion=completes(networks.catalogue))
    ],
) -> None:
    """What the paper says of a network, and the network's options."""
    entry = networks.find(name)
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
    write("\n".join(lines) + "\n", None)
