"""What several commands take: targets, inputs, settings, formats, and their completion."""

import contextlib
import re
from collections.abc import Callable
from glob import escape, glob
from pathlib import Path
from typing import Annotated, Any

import typer

from archscope.errors import ArchscopeError
from archscope.networks import catalogue, find
from archscope.views import formats

# ---- completion ----------------------------------------------------------------------------------------------


def completes(choices: Callable[[], Any]) -> Callable[[str], list[str]]:
    """Completion of the last item of a comma-separated value."""

    def complete(incomplete: str) -> list[str]:
        done, comma, last = incomplete.rpartition(",")
        return [done + comma + choice for choice in choices() if choice.startswith(last)]

    return complete


def column_names() -> list[str]:
    from archscope.views.tables.rows import HEADINGS, STRUCTURE

    return [*STRUCTURE, *HEADINGS]


def sortable_names() -> list[str]:
    from archscope.views.tables.rows import HEADINGS

    return list(HEADINGS)


COMPLETED = (".py", ".json", ".onnx", ".pt2", ".safetensors", "/")
"""What a path may end with that leads to a network."""


def complete_target(incomplete: str) -> list[str]:
    """Networks by name, their options after a `?`, and what a path may lead to: a folder, a file with a network, a
    report."""
    name, mark, typed = incomplete.partition("?")
    if mark:
        done, joint, last = typed.rpartition("&")
        return [f"{name}?{done}{joint}{option}" for option in _options(name, last)]
    paths = sorted(glob(f"{escape(incomplete)}*")) if incomplete else []
    found = [path + "/" if Path(path).is_dir() else path for path in paths]
    return [*completes(catalogue)(incomplete), *(path for path in found if path.endswith(COMPLETED))]


def complete_set(context: typer.Context, incomplete: str) -> list[str]:
    """The options of the target. It is no parameter yet where the line ends with an option that lacks its value."""
    targets = [context.params.get("target"), *(context.params.get("targets") or ()), *context.args]
    return _options(next(filter(None, targets), ""), incomplete)


def _options(name: str, incomplete: str) -> list[str]:
    """`key=` of each option of a network that starts so."""
    with contextlib.suppress(ArchscopeError):
        return [f"{option}=" for option in find(name.partition("?")[0]).options if option.startswith(incomplete)]
    return []


# ---- values ---------------------------------------------------------------------------------------------------


def names_in(text: str) -> tuple[str, ...]:
    """`params, macs` as names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def parse_settings(items: list[str]) -> dict[str, Any]:
    """`key=value` items; values are Python literals, true/false, or else plain words. Raises ArchscopeError."""
    from archscope.targets import variants

    return dict(variants.parse(item, f"--set {item}:") for item in items)


# ---- options -------------------------------------------------------------------------------------------------

NETWORK, SHOWN, WRITTEN = "The network", "What is shown", "Where it goes"
"""The headings of `--help` that several commands have."""


def of_the(panel: str, name: str, metavar: str, said: str, short: str = "") -> Any:
    """An option under one of the headings; where its metavar lists its values, they are completed."""
    values = metavar.split("|")
    listed = len(values) > 1 and all(re.fullmatch(r"[\w-]+", value) for value in values)
    return typer.Option(
        *filter(None, (short, name)), metavar=metavar, help=said, rich_help_panel=panel,
        autocompletion=completes(lambda: values) if listed else None,
    )  # fmt: skip


Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A network's name (archscope list), file.py:Name, package.module:Name, net.onnx or a saved report.json.",
        autocompletion=complete_target,
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "-i",
        "--input",
        metavar="CxHxW",
        help="Such as 3x299x299 or 299; several by name and with a dtype: -i ids=128:int64 -i mask=128:bool "
        "[default: the network's own, or what its first layer suggests]",
        rich_help_panel=NETWORK,
    ),
]


Images = Annotated[
    int | None,
    typer.Option("-b", "--batch", metavar="N", min=1, help="Images at a time [default: 1]", rich_help_panel=NETWORK),
]


def output_to(said: str) -> Any:
    """`-o`, which every command has."""
    return typer.Option("-o", "--output", metavar="FILE", help=said, rich_help_panel=WRITTEN)


def format_of(kind: str) -> Any:
    """`-f` with the names of the formats that this kind of result has."""
    return typer.Option(
        "-f",
        "--format",
        metavar="FORMAT",
        help="Of what is written, where -o's suffix does not say it.",
        rich_help_panel=WRITTEN,
        autocompletion=completes(lambda: formats(kind)),
    )


Output = Annotated[str | None, output_to("Write to FILE; its suffix picks the format.")]
Format = Annotated[str | None, format_of("report")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "-s",
        "--set",
        metavar="KEY=VALUE",
        help="An option of the network, such as num_classes=10; archscope show NAME lists them.",
        rich_help_panel=NETWORK,
        autocompletion=complete_set,
    ),
]
ReferenceSettings = Annotated[
    list[str] | None, of_the(NETWORK, "--set-reference", "KEY=VALUE", "As --set, an option of REFERENCE.")
]
