"""The commands, one file each: parse, call the library, write. Nothing else prints."""

from importlib import import_module
from pkgutil import iter_modules

import typer

app = typer.Typer(
    name="archscope",
    help="What a convolutional network is made of, what it costs, and how it stands to its paper.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # in rich markup [default: 1] would be a style, and not be shown
    context_settings={"help_option_names": ["-h", "--help"]},
)


def load() -> None:
    """Register every command of this folder with `app`."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
