"""A result as tables with words around them: for a README, a paper, a notebook. One template a format."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from archscope.cached import cached_property
from archscope.version import __version__
from archscope.views import PAGE, Options, View
from archscope.views.latex import Layout, laid_out
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
    """The columns in `left` are words, which are read from the left, the others numbers. `caption`: headings and texts
    that stand with it in a paper. `prose`: its words may be broken on a web page."""

    headings: Sequence[str]
    lines: Sequence[Line]
    left: Collection[int] = (0,)
    title: str = ""
    caption: Sequence[tuple[str, str]] = ()
    prose: bool = False

    @cached_property
    def printed(self) -> Layout:
        """How it fits a paper, with what is said of it. A level of the tree takes an em, and a citation its number."""
        rows = [
            [f"{'  ' * (line.indent or 0)}{line.cells[0]}{' [99]' if line.cite else ''}", *line.cells[1:]]
            for line in self.lines
        ]
        return laid_out(
            self.headings, rows, self.left, [self.title, *(f"{name}: {said}." for name, said in self.caption)]
        )

    @property
    def in_caption(self) -> list[tuple[str, str]]:
        return [line for line in self.caption if line not in self.below]

    @property
    def below(self) -> list[tuple[str, str]]:
        """What is too long for a caption, as where many accuracies are from: TeX cannot even measure the longest."""
        return [(heading, said) for heading, said in self.caption if len(said) > LONGEST_IN_CAPTION]


LONGEST_IN_CAPTION = 500
"""Characters: six lines of an article."""


@dataclass(frozen=True)
class Page:
    """`notes` are headings and texts below the tables; `picture` gives the SVG that a web page shows above them."""

    name: str
    title: str
    tables: Sequence[Table]
    notes: Sequence[tuple[str, str]] = ()
    picture: Callable[[], str] = str

    @property
    def packages(self) -> str:
        """What LaTeX needs for its tables."""
        return ",".join(sorted(set().union(*(table.printed.packages for table in self.tables)))) or "booktabs"


TEMPLATES = {"markdown": "page.md", "latex": "page.tex", "html": "page.html"}


def page_formats(page_of: Callable[[Any, Options], Page]) -> dict[str, View]:
    """Markdown, LaTeX, whose first line says which packages it needs, and HTML, no script, nothing from elsewhere: one
    fragment, which is as light or dark as what it stands in, and the whole page of a file, as the reader's screen."""

    def view(template: str) -> View:
        return lambda result, options: fill(template, page=page_of(result, options))

    return {
        **{name: view(template) for name, template in TEMPLATES.items()},
        PAGE: lambda result, options: _whole(page_of(result, options)),
    }


def _whole(page: Page) -> str:
    from archscope.views.diagram.paint.palette import DARK, LIGHT  # a table needs no colours

    return fill("whole.html", page=page, version=__version__, light=LIGHT, dark=DARK)
