"""archscope verify"""

import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import SHOWN, Output, completes, format_of
from archscope.commands.output import chosen_format, plain_options, write
from archscope.errors import ArchscopeError
from archscope.networks import Network, catalogue, find
from archscope.process import import_torch


@command("Check", "archscope verify xception")
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Networks [default: all]", autocompletion=completes(catalogue)
        ),
    ] = None,
    equivalences: Annotated[
        bool,
        typer.Option(
            "--equivalences", help="Prove instead that functions the papers call equal are.", rich_help_panel=SHOWN
        ),
    ] = False,
    format_name: Annotated[str | None, format_of("verification")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """What the papers claim, recomputed claim by claim.

    Exit code 1 if one that should hold does not.
    """
    from archscope.papers import verify
    from archscope.views import render

    if equivalences and names:
        raise ArchscopeError(f"--equivalences proves all of them: leave out {' '.join(names)}")
    name = chosen_format("equivalences" if equivalences else "verification", format_name, output)
    entries = [find(name) for name in names] if names else list(catalogue().values())
    import_torch()
    found = verify.equivalences() if equivalences else verify.verify(_progress(entries))
    write(render(found, name, plain_options(output)), output)
    raise typer.Exit(not found.holds)


def _progress(entries: list[Network]) -> Iterable[Network]:
    """A bar on the terminal, where standard error is one."""
    from rich.console import Console
    from rich.progress import track

    return track(entries, "verify", console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
