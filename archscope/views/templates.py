"""Jinja2 templates of the formats that are mostly markup; they lie in templates/ beside or in the package."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.views.latex import breakable
from archscope.views.latex_text import BREAK, LETTER, as_label, as_latex

if TYPE_CHECKING:
    from jinja2 import Environment

MARKDOWN_ESCAPES = str.maketrans({character: f"\\{character}" for character in "\\|_*`[]"} | {"<": "&lt;", "\n": " "})
MARKDOWN_LINKS = re.compile(r"(://)|\b(www\.)", re.IGNORECASE)
"""What GitHub's Markdown makes a link of, wherever it stands."""


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    package = Path(__file__).parents[1]
    folders = [package / "templates", package.parent / "templates"]  # installed; in a working copy
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["html_broken"] = _html_broken
    environment.globals["LATEX_LETTER"] = LETTER
    environment.filters["latex"] = lambda text: as_latex(str(text))
    environment.filters["latex_broken"] = lambda text: as_latex(breakable(str(text), BREAK))
    environment.filters["latex_label"] = lambda text: as_label(str(text))
    environment.filters["markdown"] = _markdown
    return environment


def _markdown(text: object) -> str:
    """Text that stays text: no image, link, table or heading comes of it."""
    return MARKDOWN_LINKS.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", str(text).translate(MARKDOWN_ESCAPES))


def _html_broken(text: object) -> str:
    """Escaped, with places where a path may be broken."""
    from markupsafe import Markup, escape

    return escape(breakable(str(text), BREAK)).replace(BREAK, Markup("<wbr>"))


def fill(template: str, **values: Any) -> str:
    """The template of this file name, filled in; it ends with its last line."""
    return _environment().get_template(template).render(**values).rstrip("\n") + "\n"


def verbatim(template: str) -> str:
    """The file of this name as it is: a script, whose braces are its own."""
    environment = _environment()
    assert environment.loader
    return environment.loader.get_source(environment, template)[0]
