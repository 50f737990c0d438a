"""The few SVG elements that pictures consist of, and what is painted around them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from xml.sax.saxutils import escape

from archscope.errors import ArchscopeError
from archscope.model.dark import dark_style
from archscope.model.text import shown_lines
from archscope.views.diagram.paint.palette import DARK, LIGHT, Theme
from archscope.views.diagram.place.picture import Box, Frame
from archscope.views.diagram.place.style import SMALL, badge_width
from archscope.views.diagram.place.text import FONT_FAMILY, text_width


@dataclass(frozen=True)
class Page:
    """What stands around the picture, and what its nodes tell. By a box's name: `heat` is its share of the dearest,
    `marks` is a sign that it bears; `ghosts` are dashed, as not there, `added` dotted, as there besides.

    Not `titled` or without `legend`, what it would say there is left out. `sheet`: where it is to stand. `attributes`
    of the groups of boxes and frames stand in the place of an id and a title, where a page tells what they are.
    """

    title: str
    subtitles: Sequence[str] = ()
    theme: str = "light"
    tell: Callable[[Box], str] = lambda box: box.title
    heat: Mapping[str, float] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    scale: str = ""
    meanings: Sequence[str] = ()
    titled: bool = True
    legend: bool = True
    sheet: "Sheet | None" = None
    ghosts: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    attributes: "Callable[[Box | Frame], str] | None" = None


class NoRoom(ArchscopeError):
    """For letters of the size asked for, on the page or width asked for."""


@dataclass(frozen=True)
class Sheet:
    """What a picture becomes as printed: so many points wide, or within a page, its letters so many points high.

    `font_size` 0: as large as there is room for, to that of the picture's own. Where `exact`, the width is filled.
    """

    width: float = inf
    height: float = inf
    font_size: float = 0.0
    turns: bool = False
    exact: bool = False

    def scale(self, width: float, height: float) -> float:
        """Points for one of the picture's. Raises NoRoom where its letters would be smaller than asked for."""
        most = min(self.width / width, self.height / height)
        most = max(most, min(self.height / width, self.width / height)) if self.turns else most
        if self.font_size > most * SMALL + 0.05:
            raise NoRoom(
                f"there is room for letters of {most * SMALL:.1f} pt, not of {self.font_size:g}: "
                "take a smaller --font-size, a larger --width or --page, or close modules with --level or --depth"
            )
        return self.font_size / SMALL if self.font_size else min(most, 1.0)


@lru_cache(4096)
def number(value: float) -> str:
    """Two decimals at most, never -0."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class Painter:
    """Collects SVG elements in one theme.

    Colours are attributes, which every renderer reads. The light theme writes classes besides, by which a style turns
    the picture dark where the reader's screen is, if it `turns`: `turned` are the rules that this takes.
    """

    def __init__(self, theme: Theme, turns: bool = True) -> None:
        self.theme = theme
        self.turns = turns and theme is LIGHT
        self.turned: dict[str, str] = {}
        self.out: list[str] = []
        self._painted: dict[tuple[str, str], str] = {}

    def another(self) -> "Painter":
        """One that collects elements of the same picture."""
        other = Painter(self.theme, self.turns)
        other.turned = self.turned
        return other

    def paint(self, fill: str = "", line: str = "") -> str:
        """The attributes that colour an element, by names of the theme's colours or by fixed ones."""
        if (fill, line) not in self._painted:
            self._painted[fill, line] = self._paint(fill, line)
        return self._painted[fill, line]

    def _paint(self, fill: str, line: str) -> str:
        said, classes = "", []
        for attribute, name in (("fill", fill), ("stroke", line)):
            if not name:
                continue
            color = self.theme.color(name)
            said += f' {attribute}="{color}"'
            if self.turns and color != name:
                classes.append(f"{attribute[0]}-{name}")
                self.turned[classes[-1]] = f"{attribute}:{DARK.color(name)}"
        return f' class="{" ".join(classes)}"{said}' if classes else said

    def rect(self, box: tuple[float, float, float, float], radius: float, fill: str, line: str, more: str = "") -> None:
        left, top, right, bottom = box
        self.out.append(
            f'<rect x="{number(left)}" y="{number(top)}" width="{number(right - left)}" '
            f'height="{number(bottom - top)}" rx="{number(radius)}"{self.paint(fill, line)}{more}/>'
        )

    def path(self, path: str, fill: str = "none", line: str = "", more: str = "") -> None:
        self.out.append(f'<path d="{path}"{self.paint(fill, line)}{more}/>')

    def text(
        self, text: str, x: float, y: float, size: float, color: str, bold: bool = False, anchor: str = "middle"
    ) -> None:
        """`textLength` keeps the width that was measured, whatever font the reader has."""
        weight = ' font-weight="700"' if bold else ""
        place = f' text-anchor="{anchor}"' if anchor != "start" else ""
        width = number(text_width(text, size, bold))
        self.out.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{weight}{place}{self.paint(color)} '
            f'textLength="{width}" lengthAdjust="spacingAndGlyphs">{escape(shown_lines(text))}</text>'
        )

    def badge(self, repeat: int, x: float, y: float) -> None:
        """×N on its ground, from `x` on, its middle at `y`."""
        width = badge_width(repeat)
        self.rect((x, y - 8.5, x + width, y + 8.5), 6.0, "badge", "")
        self.text(f"×{repeat}", x + width / 2, y + 4.0, SMALL, "badge-ink", bold=True)

    def document(self, title: str, width: float, height: float, unit: float = 0.0) -> str:
        """All that was painted, on its ground. `unit`: millimetres of one of its own, where it has a size on paper."""
        wide, high = (f"{number(side * unit)}mm" if unit else number(side) for side in (width, height))
        ground = self.paint("ground")
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="archscope" width="{wide}" height="{high}" '
            f'viewBox="0 0 {number(width)} {number(height)}" font-family="{FONT_FAMILY}" role="img">',
            f"<title>{escape(shown_lines(title))}</title>",
            *self._style(),
            f'<rect width="100%" height="100%"{ground}/>',
        ]
        return "\n".join([*head, *self.out, "</svg>"]) + "\n"

    def _style(self) -> list[str]:
        """The rules that turn what was painted. Where nothing turns there are none."""
        rules = [f".{name}{{{rule}}}" for name, rule in sorted(self.turned.items())]
        return [dark_style(rules)] if rules else []
