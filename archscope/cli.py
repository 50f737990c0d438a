"""The command line: runs a command of archscope/commands and turns what stops it into one line and an exit code."""

import gc
import sys
from typing import Annotated, Any

import typer

from archscope import commands
from archscope.commands import app
from archscope.commands.output import write
from archscope.commands.startup import INTERRUPTED
from archscope.errors import ArchscopeError
from archscope.version import __version__

commands.load()
ClickException: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def main() -> None:
    """Run the command line. Mistakes get one line and exit code 2; `--debug` shows where they arose."""
    gc.disable()  # a short process: nothing to collect, and importing torch is a tenth faster without
    debug = "--debug" in sys.argv
    try:
        code = app([argument for argument in sys.argv[1:] if argument != "--debug"], standalone_mode=False)
        sys.exit(code or 0)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except (ArchscopeError, ClickException) as error:
        if debug:
            raise
        message = error.format_message() if isinstance(error, ClickException) else str(error)
        if message.strip():  # none where the help has been shown instead
            print(f"archscope: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(error.exit_code)


def _print_version(asked: bool) -> None:
    if asked:
        write(f"archscope {__version__}\n", None)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback where a command fails.")] = False,
) -> None:
    """What a convolutional network is made of, what it costs, and how it stands to its paper."""


if __name__ == "__main__":
    main()
