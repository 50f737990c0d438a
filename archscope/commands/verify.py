"""archscope verify"""

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.commands import command
from archscope.commands.arguments import SHOWN, Output, completes, format_of
from archscope.commands.output import chosen_format, plain_options, write
from archscope.errors import ArchscopeError
from archscope.networks import Network, catalogue, find
from archscope.process import expect_torch, mapped

if TYPE_CHECKING:
    from archscope.papers.verdicts import Verdict


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
    expect_torch()
    found = verify.equivalences() if equivalences else verify.verify(entries, _mapped)
    write(render(found, name, plain_options(output)), output)
    raise typer.Exit(not found.holds)


def _mapped(
    verdicts_on: "Callable[[Network], list[Verdict]]", networks: Iterable[Network]
) -> "Iterable[list[Verdict]]":
    """On all cores, with a bar on the terminal, where standard error is one."""
    entries = [*networks]
    found = mapped(verdicts_on, entries)
    if not sys.stderr.isatty():
        return found
    from rich.console import Console
    from rich.progress import track

    return track(found, "verify", total=len(entries), console=Console(stderr=True), transient=True)
