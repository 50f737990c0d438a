"""The command line: runs a command of archscope/commands and turns what stops it into one line and an exit code."""

import contextlib
import gc
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer

from archscope import cache, commands
from archscope.commands import app
from archscope.commands.help import usage
from archscope.commands.output import flush, tell, write
from archscope.errors import ArchscopeError
from archscope.model.text import shown
from archscope.signals import INTERRUPTED
from archscope.version import __version__

commands.load()
ClickException: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


LONGEST = 2000
"""Characters of an error: more than that is somebody's own text."""


def main() -> None:
    """Run the command line. Whatever stops it is one line and an exit code; `--debug` shows where it arose."""
    gc.disable()  # a short process: nothing to collect, and importing torch is a tenth faster without
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    try:
        arguments = [argument for argument in sys.argv[1:] if argument not in ("--debug", "--no-cache")]
        if "--no-cache" in sys.argv:
            cache.use(False)
        code = app(arguments or ["--help"], prog_name="archscope", standalone_mode=False)
        flush()
        sys.exit(code or (0 if arguments else 2))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except SystemExit:
        raise
    except BaseException as error:
        _stop(error)


def _stop(error: BaseException) -> NoReturn:
    """One line of what went wrong, and the exit code that says whose fault it is."""
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    said, code = _fault(error)
    line = " ".join(shown(said).split())
    line = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
    tell(f"archscope: {line}")
    with contextlib.suppress(ArchscopeError):
        flush()
    sys.exit(code)


def _fault(error: BaseException) -> tuple[str, int]:
    if isinstance(error, ArchscopeError):
        return str(error), error.exit_code
    if isinstance(error, ClickException):
        return _said(error), int(error.exit_code)
    if isinstance(error, MemoryError):
        return "there is not enough memory", 1
    if isinstance(error, OSError):
        return ": ".join(str(part) for part in (error.filename, error.strerror or error) if part), 1
    said = " ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
    return f"a fault of archscope: run again with --debug, and report it ({said})", 1


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
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Trace anew what was asked before.")] = False,
) -> None:
    """What a convolutional network is made of, what it costs, and how it stands to its paper."""


if __name__ == "__main__":
    main()
