"""Measures of the drawing in points, and how a box's label is set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.place.paper import A4, Paper
from archscope.views.diagram.place.text import text_width

BOLD = 12.0
SMALL = 11.0
TITLE = 18.0
HEADING = 14.0
MARGIN = 18.0
PAD = 12.0
"""Room between a label and its box's border, left and right."""

LINE = 14.5
"""From one line of a label to the next."""

GAP = 16.0
"""From a box to the next one below."""

GUTTER = 36.0
"""From one column of the trunk to the next."""

SIDE = 22.0
"""From a branch to the one beside it."""

LANE = 14.0
"""From a shortcut to what it passes."""

CIRCLE = 22.0
FRAME_PAD = 12.0
FRAME_TITLE = 24.0
STACK = 4.0
"""How far the second border of a folded box stands off."""

DEEP = 0.4
"""How far a block of a volumetric view reaches to the right and up, by its width."""

NARROW = 76.0
WIDE = 104.0
COMPACT = 11 / 13
COMPACT_GAP, COMPACT_GUTTER = 0.7, 0.75
"""Shares of the usual ones in a compact picture."""
BADGE = 9.0
"""Room around the ×N of a badge, left and right together with its gap."""

BESIDE = 8.0
"""Between words of a label that are set side by side."""

ONE_LINE, TWO_LINES = 26.0, 28.0
"""Height of a box with its word alone, details beside it or further below it."""

CLOSER = 4.0
"""The first line of details stands so much nearer to the word than LINE."""

TITLE_AT = 8.0
"""From a frame's left side to its title; the line that enters the frame passes on the other side."""

BAR, BAR_PAD = 24.0, 16.0
"""Height of a bar with one word; room around the word where it stands upright."""

SYMBOLS = {"add": "+", "mul": "×"}


@dataclass(frozen=True)
class Style:
    """Choices that change sizes. `one_line` sets details beside the word; `alike` are the equal Ops that the
    box of each Op stands for, `notes` further lines that say something of them,
    set `beside` the details where those are set so too. `sideways`: axes will be swapped. `engine`: one of
    options.ENGINES. `paper`: what it is to be read on. `shapes`: they are
    written. `room`: branches that are wider together stand in rows, a column that is higher is cut. `frame_title`:
    room for a frame's title above what it holds. `strip`: one column of narrow boxes, in which, with `one_lane`,
    what is wider than the paper, were letters just readable, stands under each other.
    """

    one_line: bool = False
    channels_last: bool = True
    unit_width: float = WIDE
    narrow: float = NARROW
    gap: float = GAP
    alike: Mapping[str, Sequence[Op]] = field(default_factory=dict)
    notes: Callable[[Sequence[Op]], tuple[str, ...]] = lambda alike: ()
    beside: bool = False
    label_width: float = 320.0
    sideways: bool = False
    engine: str = "auto"
    gutter: float = GUTTER
    paper: Paper = A4
    shapes: bool = True
    room: tuple[float, float] = (inf, inf)
    frame_title: float = FRAME_TITLE
    strip: bool = False
    one_lane: bool = False

    def compact(self) -> "Style":
        """Narrower boxes, closer to each other: for a picture that would not fit a page."""
        width = self.unit_width * COMPACT
        return replace(self, unit_width=width, gap=self.gap * COMPACT_GAP, gutter=self.gutter * COMPACT_GUTTER)


def label(op: Op, one_line: bool) -> tuple[str, str]:
    """The bold word and the details: `Conv 3×3` over `32, s2, V`, or `Conv` beside `32, 3×3, stride 2`."""
    if not one_line:
        return f"{op.word} {op.kernel}".strip(), ", ".join(op.facts)
    counted = [fact for fact in op.facts[:1] if fact.isdigit()]
    others = [f"stride {fact[1:]}" if fact[:1] == "s" and fact[1:2].isdigit() else fact
              for fact in op.facts[len(counted):]]  # fmt: skip
    return op.word, ", ".join([*counted, *([op.kernel] if op.kernel else []), *others])


def badge_width(repeat: int) -> float:
    """Width of `×8` with its ground."""
    return text_width(f"×{repeat}", SMALL, bold=True) + 2 * BADGE if repeat > 1 else 0.0


def label_size(title: str, details: tuple[str, ...], one_line: bool, repeat: int) -> tuple[float, float]:
    """Width and height that a box needs."""
    first = text_width(title, BOLD, bold=True)
    badge = badge_width(repeat) + (BESIDE if repeat > 1 else 0.0)
    if one_line:
        beside = [text_width(details[0], SMALL)] if details else []
        below = [text_width(detail, SMALL) for detail in details[1:]]
        row = first + sum(beside) + BESIDE * len(beside) + badge
        return max([row, *below]) + 2 * PAD, ONE_LINE + LINE * len(below)
    widths = [first + badge, *(text_width(detail, SMALL) for detail in details)]
    return max(widths) + 2 * PAD, TWO_LINES + (LINE - CLOSER) * bool(details) + LINE * max(len(details) - 1, 0)
