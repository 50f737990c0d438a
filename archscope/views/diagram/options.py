"""What a reader may choose of a diagram. Plain words: no room is asked what it can do, so each may read them."""

import re
from dataclasses import dataclass, replace

from archscope.errors import ArchscopeError

LEVELS = ("network", "flow", "block", "layer", "plate", "volume")
SHOWN = ("shapes", "params", "macs", "receptive_field", "latency")
COLORS = ("kind", "macs", "params", "latency")
DIRECTIONS = ("TB", "LR", "BT")
THEMES = ("light", "dark", "print")
LAYOUTS = ("HxWxC", "CxHxW")
ENGINES = ("auto", "embedded", "dot", "own")
"""`auto`: the embedded one, else dot, else archscope's own layers."""

PAGES = ("a4", "slide", "column")
POINTS = {"mm": 72 / 25.4, "cm": 720 / 25.4, "in": 72.0, "pt": 1.0}
"""Points in a unit of length."""
WIDTHS, LETTERS, DOTS = (5 * POINTS["mm"], 5000 * POINTS["mm"]), (1, 500), (10, 10_000)
"""What is a picture's width, small letters and pixels to the inch: from a thumbnail to a wall."""


@dataclass(frozen=True)
class DiagramOptions:
    """What a reader may choose; an empty `level` is flow, or block where `block` names one.

    `depth`: modules so many levels below the root, or the block, are one box each. `engine` places what is not
    series-parallel. `page` and `width` ("84mm") say where the picture goes, `font_size` how many points its small
    letters have there, `dpi` how fine its pixels are. What stands above it can be left out.
    """

    level: str = ""
    block: str = ""
    depth: int = 0
    direction: str = "TB"
    show: tuple[str, ...] = ()
    color: str = "kind"
    theme: str = "light"
    layout: str = "HxWxC"
    engine: str = "auto"
    fold: bool = True
    title: str = ""
    page: str = ""
    width: str = ""
    font_size: float | None = None
    dpi: int = 192
    show_title: bool = True
    show_legend: bool = True

    def checked(self) -> "DiagramOptions":
        """Raises ArchscopeError for a value that there is not."""
        choices = (
            ("level", self.level or "flow", LEVELS), ("direction", self.direction, DIRECTIONS),
            ("color", self.color, COLORS), ("theme", self.theme, THEMES),
            ("layout", self.layout, LAYOUTS), ("engine", self.engine, ENGINES),
            ("page", self.page or "a4", PAGES), *(("--show value", one, SHOWN) for one in self.show),
        )  # fmt: skip
        for what, value, known in choices:
            if value not in known:
                raise ArchscopeError(f"no {what} '{value}': it is one of {', '.join(known)}")
        if self.level in {"plate", "volume"}:
            self._check_whole()
        length(self.width)
        if self.font_size is not None:
            _check_within("font size", self.font_size, LETTERS)
        _check_within("dots per inch", self.dpi, DOTS)
        level = self.level or ("block" if self.block else "flow")
        return replace(self, level=level)

    def _check_whole(self) -> None:
        chosen = {"--show": self.show, "--unfold": not self.fold, "--depth": self.depth}
        refused = [name for name, value in chosen.items() if value] + ["--direction"] * (self.direction != "TB")
        if refused:
            raise ArchscopeError(f"a {self.level} takes no {refused[0]}: there is one way to draw it")


def _check_within(what: str, value: float, limits: tuple[float, float]) -> None:
    if not limits[0] <= value <= limits[1]:
        raise ArchscopeError(f"{what} {value:g}: it takes {limits[0]:,} to {limits[1]:,}")


def length(text: str) -> float:
    """Points of a length such as `84mm`; 0 of none. Raises ArchscopeError."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+) ?(mm|cm|in|pt)", text)
    if not text:
        return 0.0
    points = float(found[1]) * POINTS[found[2]] if found else 0.0
    if not WIDTHS[0] <= points <= WIDTHS[1]:
        raise ArchscopeError(
            f"no width '{text}': it is a length such as 84mm, 8.4cm, 3.3in or 240pt, from 5mm to 5000mm"
        )
    return points
