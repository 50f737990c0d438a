"""The commands, one file each: parse, call the library, write. Nothing else prints."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, TypeVar

import typer

from archscope.commands.help import Command, Group
from archscope.registry import members

Function = TypeVar("Function", bound=Callable[..., Any])

app = typer.Typer(
    name="archscope",
    cls=Group,
    pretty_exceptions_enable=False,  # cli.main turns what stops a command into one line
    rich_markup_mode=None,  # commands.help renders; rich would be imported for its own panels
    context_settings={"help_option_names": ["-h", "--help"]},
)


def command(
    panel: Literal["Understand", "Compare", "Check", "Look up"], example: str, name: str | None = None
) -> Callable[[Function], Function]:
    """Decorator: register a command under this heading of `archscope --help`, with a line to try.

    It is called as its function is, where it has no other `name`; the docstring is its help.
    """
    return app.command(name, cls=Command, rich_help_panel=panel, epilog=example)


def load() -> None:
    """Register every command of this folder with `app`."""
    for name in members(__path__):
        import_module(f"{__name__}.{name}")
