"""What stands above a picture: title, facts, the legend of its kinds or the scale of its colours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archscope.model import units
from archscope.model.report import Report
from archscope.model.tree import tree_of
from archscope.views.diagram.ops.channels import Axis
from archscope.views.diagram.ops.fuse import absorbed
from archscope.views.diagram.ops.names import pretty, title_of
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.paint.painter import Page, Painter
from archscope.views.diagram.place.legend import KEY, LEGEND, NARROWEST, ROW, key_width, legend_rows, row_width
from archscope.views.diagram.place.paper import HEAD_LINE
from archscope.views.diagram.place.picture import Box, Piece
from archscope.views.diagram.place.style import MARGIN, SMALL, TITLE
from archscope.views.diagram.place.text import fitted, sizes, text_width

LONGEST_TITLE = 480.0
"""A title that is wider, and wider than the picture, is broken between words, a longer word shortened."""


# ---- what it says -------------------------------------------------------------------------------------


def heading(
    report: Report, options: DiagramOptions, ops: Sequence[Op], axes: Mapping[str, Axis]
) -> tuple[str, list[str]]:
    """Title and sentences: whose costs these are, and what is not drawn. `axes` are those of channels, by name."""
    graph = report.graph
    name = options.title or title_of(report)
    said = []
    if options.block:
        title = _block_name(options.block)
        said.append(_whereabouts(report, options, name))
    else:
        title = name
        # Not the totals: what else there is stays unmeasured.
        params, macs = (report.columns[name].total for name in ("params", "macs"))
        shapes = [sizes(tensor.shape, options.layout == "HxWxC", axes[name]) for name, tensor in graph.inputs.items()]
        at = f" at {shapes[0]}" if shapes else ""
        said.append(f"{units.count(params)} parameters, {units.scaled(macs, 3)} MACs{at}.")
    if options.level != "layer" and (within := absorbed(ops, graph)):
        said.append(f"Not drawn apart: {within}.")
    if "latency" in (*options.show, options.color) and "device_name" in report.setting:
        setting = report.setting
        said.append(f"Latency on {setting['device_name']}, {setting['dtype']}, batch {setting['batch']}.")
    return title, said


def meanings(boxes: Sequence[Box]) -> list[str]:
    """What short labels mean, of those that are there."""
    facts = {fact for box in boxes if box.op and box.form != "volume" for fact in box.op.facts}
    said = []
    if any(fact[:1] == "s" and fact[1:].isdigit() for fact in facts) and not _one_line(boxes):
        said.append("s2: stride 2.")
    if "V" in facts:
        said.append("V: valid padding.")
    if "ceil" in facts:
        said.append("ceil: sizes rounded up.")
    return said


def _block_name(path: str) -> str:
    parent, _, name = path.rpartition(".")
    plain = re.fullmatch(r"(block|unit|layer|concat|residual|body)?\d*", name)
    return f"{pretty(parent.rpartition('.')[2])} {name}" if plain and parent else pretty(name)


def _whereabouts(report: Report, options: DiagramOptions, name: str) -> str:
    """`Inception-v4, inception_a: 4 of these in a row.`"""
    node = tree_of(report.graph)
    for part in options.block.split("."):
        node = next((child for child in node.children if child.name == part), node)
    while len(node.children) == 1 and node.repeat == 1 and node.children[0].children:
        node = node.children[0]
    many = f": {node.repeat} of these in a row" if node.repeat > 1 else ""
    return f"{name}, {options.block}{many}."


def _one_line(boxes: Sequence[Box]) -> bool:
    return all(box.one_line for box in boxes if box.op and box.op.kernel)


# ---- how it is set ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Head:
    """What stands above a picture, set into lines that are `width` wide."""

    titles: Sequence[str]
    lines: Sequence[str]
    legend: Sequence[Sequence[str]]
    scale: str
    width: float

    @property
    def height(self) -> float:
        rows = ROW * (len(self.legend) + bool(self.scale))
        parts = (TITLE + 6.0) * len(self.titles) + HEAD_LINE * len(self.lines) + rows
        return parts + 12.0 if parts else 0.0

    def paint(self, painter: Painter, width: float, extra: float) -> None:
        """In the middle of a picture so wide, `extra` is free above and below it."""
        y = MARGIN + extra * 0.5
        for title in self.titles:
            painter.text(title, width / 2, y + TITLE * 0.8, TITLE, "ink", bold=True)
            y += TITLE * 0.8 + 8.0
        for line in self.lines:
            y += HEAD_LINE
            painter.text(line, width / 2, y, SMALL, "muted")
        for row in self.legend:
            y += ROW
            _legend(painter, row, (width - row_width(row)) / 2, y)
        if self.scale:
            _heat_scale(painter, self.scale, width, y + ROW)


def shown_kinds(page: Page, piece: Piece) -> list[str]:
    """The kinds whose colours the legend tells: those of boxes, where colours are not for costs."""
    uncoloured = page.ghosts | page.added
    shown = {box.kind for box in piece.boxes if box.form != "point" and box.name not in uncoloured}
    return [kind for kind in LEGEND if kind in shown and not page.heat]


def head_of(page: Page, kinds: Sequence[str], width: float) -> Head:
    """What this page has above a picture so wide, whose boxes are of these kinds."""
    room = max(width, LONGEST_TITLE)
    broken = wrapped([page.title], room, TITLE, True) if page.titled and page.title else []
    titles = [fitted(line, TITLE, room, True) for line in broken]
    sentences = [*(page.subtitles if page.titled else ()), *(page.meanings if page.legend else ())]
    kinds, scale = (kinds, page.scale) if page.legend else ((), "")
    inner = max([width, *(max(220.0, text_width(title, TITLE, True)) for title in titles)])
    lines = wrapped(sentences, max(inner, NARROWEST))
    legend = legend_rows(kinds, inner)
    needed = [text_width(line, SMALL) for line in lines] + [row_width(row) for row in legend]
    return Head(titles, lines, legend, scale, max([inner, *needed, text_width(scale, SMALL) + 130.0 if scale else 0.0]))


def _legend(painter: Painter, row: Sequence[str], x: float, y: float) -> None:
    for kind in row:
        box = (x, y - 9.5, x + KEY, y + 1.5)
        painter.rect(box, 3.0, f"{kind}-fill", f"{kind}-line", ' stroke-width="1.3"')
        painter.text(LEGEND[kind], x + KEY + 6.0, y, SMALL, "muted", anchor="start")
        x += key_width(kind)


def _heat_scale(painter: Painter, said: str, width: float, y: float) -> None:
    """From white to dark, and what that means."""
    x = (width - text_width(said, SMALL) - 6 * KEY - 8.0) / 2
    for i in range(6):
        painter.rect(
            (x, y - 9.5, x + KEY, y + 1.5),
            0.0,
            painter.theme.heated(i / 5),
            painter.theme.heat_line,
            ' stroke-width="0.8"',
        )
        x += KEY
    painter.text(said, x + 8.0, y, SMALL, "muted", anchor="start")


def wrapped(sentences: Sequence[str], width: float, size: float = SMALL, bold: bool = False) -> list[str]:
    """Sentences set into lines of this width; one that is longer is broken between words."""
    lines: list[str] = []
    for sentence in sentences:
        words = sentence.split(" ")
        if lines and text_width(f"{lines[-1]}  {sentence}", size, bold) <= width:
            lines[-1] += f"  {sentence}"
            continue
        lines.append(words[0])
        for word in words[1:]:
            if text_width(f"{lines[-1]} {word}", size, bold) <= width:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
    return lines
