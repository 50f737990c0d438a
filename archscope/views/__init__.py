"""How results look: each view a pure function from a result and what the reader chose to text or bytes. No torch."""

import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.model.results import Result
from archscope.model.text import listed, shown_lines
from archscope.registry import unknown

WAYS = ("kind", "stage", "layer")
THEMES = ("light", "dark", "print")
DEFAULT_COLUMNS = ("output", "params", "macs", "share")


@dataclass(frozen=True)
class Options:
    """What a reader may choose; a view heeds what there is to choose of its kind of result.

    Of a table its `columns` (none: the usual ones), `depth` levels of the module tree (0: all), equal neighbours
    folded to one, `sort` flattens the tree to its parts in descending order of a column. Of a comparison where costs
    go, `by` kind, stage or layer. Of a picture which `plot`, and its `theme`. `width` 0 is as wide as needed; where it
    is too narrow, the columns in `spare` are left out, the first first. In LaTeX a comparison may `cite` its papers.
    """

    columns: tuple[str, ...] = ()
    depth: int = 3
    fold: bool = True
    sort: str = ""
    by: Literal["", "kind", "stage", "layer"] = ""
    plot: str = ""
    theme: str = "light"
    width: int = 0
    color: bool = False
    spare: tuple[str, ...] = ()
    cite: bool = False

    def __post_init__(self) -> None:
        """Raises ArchscopeError for a choice that there is not, whatever it is of."""
        if self.depth < 0:
            raise ArchscopeError(f"depth {self.depth}: it takes 0, for all levels, or more")
        for what, name, known in (("way to break down", self.by, WAYS), ("theme", self.theme, THEMES)):
            if name and name not in known:
                raise unknown(what, name, known)


View = Callable[[Any, Options], str | bytes]

HOMES = {
    "report": "tables", "comparison": "comparison", "spectrum": "spectrum", "figures": "spectrum.paper_figures",
    "diff": "differences", "audit": "audit", "verification": "verdicts", "equivalences": "equivalences",
    "diagram": "diagram.drawing", "explorer": "explorer", "findings": "findings", "fit": "fit", "zoo": "zoo",
    "explanation": "explanation", "worksheet": "worksheet", "sweep": "sweep", "card": "card", "lineage": "lineage",
}  # fmt: skip
"""The module below this one that has the views of a kind of result."""

SUFFIXES = {"txt": "table", "md": "markdown", "tex": "latex", "mmd": "mermaid"}
"""Where a file's suffix is not the format's name."""

PAGE = "page"
"""What a .html file holds of a kind of result that has a whole page besides the fragment, html."""

PICTURES = ("svg", "png", "pdf")
PLOTTED = {"comparison": (*PICTURES, "html", PAGE), "spectrum": PICTURES}
"""Formats that show a plot, of the kinds of results that have a choice of them."""


def formats(kind: str) -> Mapping[str, View]:
    """The views of a kind of result, by the format's name. They are loaded when they are first asked for."""
    drawn = None if "rich" in sys.modules else random.getstate()  # it draws a number as it is imported
    found: Mapping[str, View] = import_module(f"{__name__}.{HOMES[kind]}").formats()
    if drawn:
        random.setstate(drawn)
    return found


def format_of(path: str, kind: str) -> str:
    """The format that a file's suffix asks for; empty where this kind of result has none such."""
    suffix = path.lower().rpartition(".")[2] if "." in path else ""
    name = SUFFIXES.get(suffix, suffix)
    known = formats(kind)
    if name == "html" and PAGE in known:
        return PAGE  # a file is opened by itself: it may have a script
    return name if name in known else ""


def suffixes(kind: str) -> list[str]:
    """Those of the files that a kind of result is written to."""
    short = {name: suffix for suffix, name in SUFFIXES.items()}
    return [f".{short.get(name, name)}" for name in formats(kind) if name != PAGE]


def check_plot(plot: str | None, name: str, kind: str, asked: str = "--plot {}", way: str = "write it with -o") -> None:
    """Raises ArchscopeError for a plot in a format that has none: it would be left out in silence."""
    if plot and name not in PLOTTED[kind]:
        files = listed([f".{suffix}" for suffix in PLOTTED[kind] if suffix != PAGE], "or")
        included = r"; \includegraphics takes the .pdf" if name == "latex" else ""
        raise ArchscopeError(f"{asked.format(plot)} is a picture: {way} to a {files} file{included}")


def render(result: Result, name: str, options: Options = Options()) -> str | bytes:  # it is frozen
    """The result in the format of this name. Raises ArchscopeError for a format that its kind does not have."""
    views = formats(result.KIND)
    if name not in views:
        raise unknown("format", name, views)
    with collection_paused():
        made = views[name](result, options)
    return made if options.color or isinstance(made, bytes) else shown_lines(made)  # colours are a terminal's escapes
