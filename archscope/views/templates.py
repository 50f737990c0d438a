"""Jinja2 templates of the formats that are mostly markup; they lie in templates/ beside or in the package."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscope.model.report import Report
from archscope.views import Options
from archscope.views.tables.footer import footer
from archscope.views.tables.rows import headings, rows

if TYPE_CHECKING:
    from jinja2 import Environment

LATEX_ESCAPES = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\u2026": r"\ldots{}"}
)

MARKDOWN_ESCAPES = str.maketrans({character: f"\\{character}" for character in "\\|_*`"} | {"<": "&lt;", "\n": " "})


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
    environment.filters["latex"] = lambda text: str(text).translate(LATEX_ESCAPES)
    environment.filters["latex_label"] = lambda text: re.sub(r"[^A-Za-z0-9]+", "-", str(text))
    environment.filters["markdown"] = lambda text: str(text).translate(MARKDOWN_ESCAPES)
    return environment


def fill(template: str, **values: Any) -> str:
    """The template of this file name, filled in."""
    return _environment().get_template(template).render(**values)


def fill_summary(template: str, report: Report, options: Options) -> str:
    """A summary's rows and totals in the markup of this template."""
    titles = headings(options.columns)
    return fill(template, report=report, rows=rows(report, options), headings=titles, footer=footer(report))
