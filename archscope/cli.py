"""The command line: runs a command of archscope/commands and turns what stops it into one line and an exit code."""

import gc
import sys
from typing import Annotated, Any

import typer

from archscope import commands
from archscope.commands import app
from archscope.commands.help import usage
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
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    try:
        arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
        code = app(arguments or ["--help"], prog_name="archscope", standalone_mode=False)
        sys.exit(code or (0 if arguments else 2))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except (ArchscopeError, ClickException) as error:
        if debug:
            raise
        message = _said(error) if isinstance(error, ClickException) else str(error)
        print(f"archscope: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(error.exit_code)


def _said(error: Any) -> str:
    """What the command line lacks or has too much of, and what would be right."""
    said = str(error.format_message()).replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    if context and type(error).__name__ == "MissingParameter":
        return f"Missing argument {error.param.metavar}; usage: {usage(context.command, context)}"
    if context and type(error).__name__ == "NoSuchOption":
        return f"{said.rstrip('.')}; {context.command_path} --help lists them"
    return said


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
