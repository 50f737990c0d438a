"""A result as tables with words around them: for a README, a paper, a notebook. One template a format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from archscope.views import Options, View
from archscope.views.templates import fill


@dataclass(frozen=True)
class Line:
    """A row. `indent`: the level of its first cell in a tree; `about` is shown where a pointer rests on it; a `total`
    is what the rows above come to. `cite`: the key of the paper that its first cell is of, where it is to be cited."""

    cells: Sequence[str]
    indent: int | None = None
    about: str = ""
    total: bool = False
    cite: str = ""


@dataclass(frozen=True)
class Table:
    """So many columns on the `left` are read from the left, numbers from the right. `caption`: headings and texts that
    stand with it in a paper. `prose`: its words may be broken."""

    headings: Sequence[str]
    lines: Sequence[Line]
    left: int = 1
    title: str = ""
    caption: Sequence[tuple[str, str]] = ()
    prose: bool = False


@dataclass(frozen=True)
class Page:
    """`notes` are headings and texts below the tables; `picture` gives the SVG that a web page shows above them."""

    name: str
    title: str
    tables: Sequence[Table]
    notes: Sequence[tuple[str, str]] = ()
    picture: Callable[[], str] = str


TEMPLATES = {"markdown": "page.md", "latex": "page.tex", "html": "page.html"}


def page_formats(page_of: Callable[[Any, Options], Page]) -> dict[str, View]:
    """Markdown, LaTeX (needs \\usepackage{booktabs}) and HTML: one fragment, no script, nothing from elsewhere."""

    def view(template: str) -> View:
        return lambda result, options: fill(template, page=page_of(result, options))

    return {name: view(template) for name, template in TEMPLATES.items()}
