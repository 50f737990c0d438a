"""What `--help` prints: one heading a panel, in the terminal's width, in ASCII.

Typer's own panels are drawn by rich, whose import takes a third of the start, and which cuts what is too wide for a
column; here a wide name stands on a line of its own.
"""

import os
import textwrap
from collections.abc import Iterator
from shutil import get_terminal_size
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from archscope.commands.values import TakesText

WIDEST = 110
"""Longer lines are hard to read."""
NAMES = 27
"""The width of the column of names; a longer name stands on a line of its own."""

FIRST = ("Arguments", "Understand", "Compare", "Check", "Look up")
LAST = "In general"
"""Headings: those in between stand as their first options do."""

Row = tuple[str, str]
"""A name and what is said of it."""


class Command(TakesText, TyperCommand):
    """A command whose `epilog` is a line to try."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write("\n".join(_page(self, ctx)))


class Group(TakesText, TyperGroup):
    """The commands, and what goes before them."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write("\n".join(_page(self, ctx)))


def usage(command: Any, context: typer.Context) -> str:
    """`archscope diff [OPTIONS] TARGET REFERENCE`: what is optional is in brackets."""
    words = [context.command_path, "[OPTIONS]"]
    for each in command.get_params(context):
        if each.param_type_name == "argument":
            name = each.metavar + ("..." if each.nargs != 1 else "")
            words.append(name if each.required else f"[{name}]")
    if isinstance(command, Group):
        words.append("COMMAND ...")  # what follows is the command's own
    return " ".join(words)


def _page(command: Any, context: typer.Context) -> Iterator[str]:
    width = min(get_terminal_size().columns, WIDEST)
    yield f"{_bold('Usage:')} {usage(command, context)}"
    yield ""
    for paragraph in command.help.split("\n\n"):
        yield from textwrap.wrap(" ".join(paragraph.split()), width)
        yield ""
    if command.epilog:
        yield f"  $ {command.epilog}"
        yield ""
    for heading, rows in _panels(command, context).items():
        yield _bold(f"{heading}:")
        for name, said in rows:
            yield from _lines(name, said, width)
        yield ""


def _panels(command: Any, context: typer.Context) -> dict[str, list[Row]]:
    """The rows under each heading, in the order of FIRST, then in that of the command's arguments."""
    panels: dict[str, list[Row]] = {heading: [] for heading in FIRST}
    if isinstance(command, Group):
        for name in command.list_commands(context):
            listed: Any = command.get_command(context, name)
            panels[listed.rich_help_panel].append((f"  {name}", listed.help.partition("\n\n")[0]))
    known: set[str] = set()  # --sort need not list again what --columns has listed
    for each in command.get_params(context):
        if each.param_type_name == "argument":
            panels["Arguments"].append((f"  {each.metavar}", each.help))
        else:
            panels.setdefault(each.rich_help_panel or LAST, []).append((_names(each), _said(each, context, known)))
    panels[LAST] = panels.pop(LAST)  # a dict keeps the order of insertion
    return {heading: rows for heading, rows in panels.items() if rows}


def _names(option: Any) -> str:
    """`-f, --format FORMAT`; an option without a short name stands below the long ones of the others."""
    short = next((f"{name}, " for name in option.opts if not name.startswith("--")), "")
    long = "/".join(name for name in (*option.opts, *option.secondary_opts) if name.startswith("--"))
    return f"  {short or '    '}{long}" + ("" if option.is_flag else f" {option.metavar}")


def _said(option: Any, context: typer.Context, known: set[str]) -> str:
    """What it is for, its default, and the values that a shell completes, where neither the name nor an option before
    it (`known`) shows them."""
    said: str = option.help
    if option.secondary_opts:
        said = f"{said} [default: {option.opts[0].lstrip('-')}]"
    elif option.default not in (None, "", False):
        said = f"{said} [default: {option.default}]"
    names = [] if option.is_flag else [value.value for value in option.shell_complete(context, "")]
    if not known.union(str(option.metavar).split("|")).issuperset(names):
        known.update(names)
        said += f" {'Some' if ',' in option.metavar else 'One'} of {', '.join(names)}."
    return said


def _lines(name: str, said: str, width: int) -> Iterator[str]:
    lines = textwrap.wrap(" ".join(said.split()), width - NAMES, break_on_hyphens=False, break_long_words=False)
    if len(name) > NAMES - 2:
        yield name
    else:
        yield name.ljust(NAMES) + lines.pop(0)
    for line in lines:
        yield " " * NAMES + line


def _bold(text: str) -> str:
    """Typer takes the codes out where standard output is no terminal."""
    return text if "NO_COLOR" in os.environ else typer.style(text, bold=True)
