"""What several commands take: targets, inputs, settings, formats, and their completion."""

import ast
import contextlib
import re
from collections.abc import Callable
from typing import Annotated, Any

import typer

from archscope import networks, views
from archscope.errors import ArchscopeError

# ---- completion ----------------------------------------------------------------------------------------------


def completes(choices: Callable[[], Any]) -> Callable[[str], list[str]]:
    """Completion of the last item of a comma-separated value."""

    def complete(incomplete: str) -> list[str]:
        done, comma, last = incomplete.rpartition(",")
        return [done + comma + choice for choice in choices() if choice.startswith(last)]

    return complete


def column_names() -> list[str]:
    from archscope.views.rows import HEADINGS, STRUCTURE

    return [*STRUCTURE, *HEADINGS]


def complete_set(context: typer.Context, incomplete: str) -> list[str]:
    with contextlib.suppress(ArchscopeError):
        name = context.params.get("target") or context.params.get("name") or ""
        return [f"{option}=" for option in networks.find(name).options if option.startswith(incomplete)]
    return []


# ---- values ---------------------------------------------------------------------------------------------------


def parse_input(text: str) -> tuple[int, ...]:
    """`3x299x299`, `1x3x299x299`, `3,299,299` or `299` as numbers."""
    numbers = re.split(r"[x\u00d7,*\s]+", text.strip().lower())
    if not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise ArchscopeError(f"--input {text}: write channels x height x width, such as 3x299x299, or one side, 299")
    return tuple(map(int, numbers))


def resolve_input(text: str | None, batch: int | None, own_size: tuple[int, ...]) -> tuple[tuple[int, ...] | None, int]:
    """Input size without the batch, and the batch: from `--input`, `--batch` and the network's own size, if any."""
    if not own_size:
        return parse_input(text) if text else None, batch or 1
    sizes = parse_input(text) if text else own_size
    if len(sizes) == 1 and len(own_size) > 1:
        sizes = (own_size[0], *sizes * (len(own_size) - 1))
    if len(sizes) == len(own_size) + 1:
        if batch not in (None, sizes[0]):
            raise ArchscopeError(f"--input {text} has a batch of {sizes[0]}, --batch says {batch}: give one of them")
        return sizes[1:], sizes[0]
    if len(sizes) != len(own_size):
        raise ArchscopeError(
            f"--input {text}: the network takes {len(own_size)} sizes, such as {'x'.join(map(str, own_size))}"
        )
    return sizes, 1 if batch is None else batch


def parse_settings(items: list[str]) -> dict[str, Any]:
    """`key=value` items; values are Python literals, true/false, or else plain words."""
    settings = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise ArchscopeError(f"--set {item}: write key=value, such as num_classes=10")
        settings[key.strip().replace("-", "_")] = _literal(value.strip())
    return settings


def _literal(value: str) -> Any:
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


# ---- options -------------------------------------------------------------------------------------------------

Target = Annotated[
    str,
    typer.Argument(
        help="A network's name (archscope list), file.py:Name, package.module:Name or a saved report.json.",
        autocompletion=completes(networks.catalogue),
    ),
]
Output = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; its suffix picks the format.")
]
Format = Annotated[
    str | None,
    typer.Option(
        "-f", "--format", help="table, json, csv, markdown, latex or html.", autocompletion=completes(views.formats)
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--set",
        metavar="KEY=VALUE",
        help="An option of the network (archscope show NAME).",
        autocompletion=complete_set,
    ),
]
