"""How a plot is set and written: one font, one palette, the same bytes every time. Loads matplotlib."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any
from warnings import catch_warnings, filterwarnings

from matplotlib import font_manager, rc_context
from matplotlib.figure import Figure

from archscope.model.dark import dark_style
from archscope.views.diagram.paint.palette import DARK, LIGHT
from archscope.views.diagram.place.text import FONT_FAMILY, fitted, text_width

WIDTH = 7.2
"""Inches: a page of two columns."""
PNG_DPI = 250
LONGEST_NAME = 160.0
"""Points; a longer name is broken behind its commas, and the middle of a longer part left out."""

OWN_FONT = "Diagram Sans"

SHAPE = re.compile(r'(<path id="[^"]*" d="[^"]*") style="[^"]*"')
"""What is drawn again and again by `use`, whose style says the same: a browser's rules do not reach its own."""

CHROME = ("ink", "muted", "edge", "leader", "panel-border")
BLACK, WHITE = "#000000", "#ffffff"

STYLE: dict[Any, Any] = {
    "font.family": [OWN_FONT, "sans-serif"], "font.size": 8, "svg.fonttype": "none",
    "pdf.fonttype": 42, "svg.hashsalt": "archscope",
    "text.color": LIGHT.ink, "axes.labelcolor": LIGHT.ink, "axes.edgecolor": LIGHT.leader, "axes.linewidth": 0.6,
    "xtick.color": LIGHT.leader, "ytick.color": LIGHT.leader, "xtick.labelcolor": LIGHT.muted,
    "ytick.labelcolor": LIGHT.muted, "xtick.labelsize": 7, "ytick.labelsize": 7, "xtick.major.width": 0.6,
    "ytick.major.width": 0.6, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "grid.color": LIGHT.panel_border, "grid.linewidth": 0.4, "grid.alpha": 0.6, "legend.frameon": False,
    "figure.facecolor": LIGHT.ground, "text.parse_math": False,  # a name may hold dollars
}  # fmt: skip


def in_lines(name: str, size: float) -> list[str]:
    """A network's name with its options, of which as many share a line as have room."""
    first, *parts = name.split(", ")
    lines = [first]
    for part in parts:
        longer = f"{lines[-1]}, {part}"
        if text_width(longer, size) <= LONGEST_NAME:
            lines[-1] = longer
        else:
            lines[-1] += ","
            lines.append(part)
    return [fitted(line, size, LONGEST_NAME) for line in lines]


@contextmanager
def styled() -> Iterator[None]:
    """Within, figures are set in archscope's font and colours, whatever the machine has."""
    with as_file(files("archscope.views.diagram").joinpath("fonts")) as folder:
        known = {entry.fname for entry in font_manager.fontManager.ttflist}
        for path in sorted(folder.glob("*.ttf")):
            if str(path) not in known:
                font_manager.fontManager.addfont(path)
        with rc_context(STYLE):
            yield


def to_svg(figure: Figure) -> str:
    """Text stays text, and no date or version is written: equal figures give equal bytes."""
    text = _written(figure, format="svg", metadata={"Date": None, "Creator": "archscope"}).decode("utf-8")
    text = re.sub(rf"'{OWN_FONT}'[^;\"]*", FONT_FAMILY, text)
    text = text.replace("<svg ", '<svg class="archscope" ', 1)
    text = SHAPE.sub(r"\1", text)
    return text.replace("<defs>", f"<defs>\n  {_turned(text)}", 1)


def _turned(svg: str) -> str:
    """The rules that turn a figure, and no other of its page, dark where the reader's screen is; bars stay, and what is
    written on them."""
    lines = {LIGHT.color(name): DARK.color(name) for name in (*CHROME, *(f"{kind}-line" for kind in LIGHT.kinds))}
    fills = {LIGHT.color(name): DARK.color(name) for name in ("ground", *(f"{kind}-fill" for kind in LIGHT.kinds))}
    turning = (
        ("text", "fill", lines), ("use", "fill", lines | fills), ("path", "fill", fills),
        ("*", "stroke", lines | {LIGHT.ground: DARK.leader}),
    )  # fmt: skip
    rules = [
        f'{element}[style*="{attribute}: {light.lower()}"]{{{attribute}:{dark}!important}}'
        for element, attribute, colors in turning
        for light, dark in colors.items()
        if f"{attribute}: {light.lower()}" in svg
    ]
    return dark_style(rules)


def to_png(figure: Figure) -> bytes:
    return _written(figure, format="png", dpi=PNG_DPI, metadata={"Software": None})


def to_pdf(figure: Figure) -> bytes:
    """Vectors and embedded fonts, without a date."""
    return _written(figure, format="pdf", metadata={"CreationDate": None, "Creator": "archscope", "Producer": None})


def _written(figure: Figure, **how: Any) -> bytes:
    made = BytesIO()
    with styled(), catch_warnings():  # of names in scripts that the font lacks, which a reader's program may have
        filterwarnings("ignore", r"Glyph \d+ .* missing from font", UserWarning)
        figure.savefig(made, **how)
    return made.getvalue()


def ink_on(fill: str) -> str:
    """Black or white, whichever reads better on this colour (WCAG's relative luminance)."""
    parts = (int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return BLACK if (luminance + 0.05) ** 2 > 1.05 * 0.05 else WHITE
