"""The few SVG elements that pictures consist of, and what is painted around them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from archscope.views.diagram.paint.palette import Theme
from archscope.views.diagram.place.picture import Box
from archscope.views.diagram.place.style import SMALL, badge_width
from archscope.views.diagram.place.text import text_width


@dataclass(frozen=True)
class Page:
    """What stands around the picture, and what its nodes tell. By a box's name: `heat` is its share of the dearest,
    `marks` is a sign that it bears."""

    title: str
    subtitles: Sequence[str] = ()
    theme: str = "light"
    tell: Callable[[Box], str] = lambda box: box.title
    heat: Mapping[str, float] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    scale: str = ""
    direction: str = "TB"


def number(value: float) -> str:
    """Two decimals at most, never -0."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class Painter:
    """Collects SVG elements. `variables`: colours as CSS variables, which resvg does not know."""

    def __init__(self, theme: Theme, variables: bool) -> None:
        self.theme, self.variables = theme, variables
        self.out: list[str] = []

    def color(self, name: str) -> str:
        if self.variables:
            return f"var(--{name})"
        kind, _, part = name.rpartition("-")
        if part in {"fill", "line"}:
            return self.theme.kinds[kind][part == "line"]
        return str(getattr(self.theme, name.replace("-", "_")))

    def rect(self, box: tuple[float, float, float, float], radius: float, fill: str, line: str, more: str = "") -> None:
        left, top, right, bottom = box
        stroke = f' stroke="{line}"' if line else ""
        self.out.append(
            f'<rect x="{number(left)}" y="{number(top)}" width="{number(right - left)}" '
            f'height="{number(bottom - top)}" rx="{number(radius)}" fill="{fill}"{stroke}{more}/>'
        )

    def text(
        self, text: str, x: float, y: float, size: float, color: str, bold: bool = False, anchor: str = "middle"
    ) -> None:
        """`textLength` keeps the width that was measured, whatever font the reader has."""
        weight = ' font-weight="700"' if bold else ""
        place = f' text-anchor="{anchor}"' if anchor != "start" else ""
        width = number(text_width(text, size, bold))
        self.out.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{weight}{place} fill="{color}" '
            f'textLength="{width}" lengthAdjust="spacingAndGlyphs">{escape(printable(text))}</text>'
        )

    def badge(self, repeat: int, x: float, y: float) -> None:
        """×N on its ground, from `x` on, its middle at `y`."""
        width = badge_width(repeat)
        self.rect((x, y - 8.5, x + width, y + 8.5), 6.0, self.color("badge"), "")
        self.text(f"×{repeat}", x + width / 2, y + 4.0, SMALL, self.color("badge-ink"), bold=True)


def printable(text: str) -> str:
    """Without the control characters that XML does not allow."""
    return "".join(character if character >= " " or character == "\n" else " " for character in text)
