"""archscope cache"""

from typing import Annotated, Literal

import typer

from archscope import cache as kept
from archscope.commands import command
from archscope.commands.output import write
from archscope.model import units


@command("Look up", "archscope cache info", "cache")
def cache(
    action: Annotated[
        Literal["info", "clear"],
        typer.Argument(metavar="info|clear", help="Where it is and how much it holds; or empty it."),
    ] = "info",
) -> None:
    """What is kept of earlier answers.

    Known networks are answered from it without a trace; --no-cache, after any command, does without it.
    """
    if action == "clear":
        write(f"{units.counted(kept.clear(), 'file')} removed from {kept.folder()}\n", None)
        return
    sizes = [size for _, size, _ in kept.sized()]
    held = f"{units.counted(len(sizes), 'answer')}, {sum(sizes) / 2**20:.1f} of {kept.LARGEST_TOTAL / 2**20:.0f} MiB"
    write(f"{kept.folder()}: {held}\n", None)
