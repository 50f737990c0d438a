"""A placed picture for draw.io (diagrams.net): boxes to move with their lines, frames that hold what is in them."""

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from archscope.model.text import shown_lines
from archscope.views.diagram.paint.heading import head_of, shown_kinds
from archscope.views.diagram.paint.painter import Page, Painter, number
from archscope.views.diagram.paint.palette import THEMES
from archscope.views.diagram.place.picture import Box, Frame, Line, Piece, Row
from archscope.views.diagram.place.style import BOLD, DEEP, LINE, MARGIN, SMALL, STACK
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.place.text import room_for, text_width

Area = tuple[float, float, float, float]
"""Left, top, width, height; of a box's sides left, top, right, bottom."""


def to_drawio(piece: Piece, page: Page) -> str:
    """The file: one page, every element a cell, those of a frame its children."""
    theme = THEMES[page.theme]
    head = head_of(page, shown_kinds(page, piece), piece.left + piece.right)
    above = Above(theme)
    head.paint(above, head.width + 2 * MARGIN, 0.0)
    cells = Cells(piece, page, (head.width + piece.left - piece.right) / 2 + MARGIN, MARGIN + head.height)
    return "\n".join([
        f'<mxfile host="archscope"><diagram name={quoteattr(shown_lines(page.title))}>',
        f'<mxGraphModel background="{theme.ground}" grid="0" guides="1" connect="1" arrows="1" fold="1"><root>',
        '<mxCell id="0"/><mxCell id="1" parent="0"/>',
        *above.out,
        *(cell for frame in cells.frames for cell in cells.frame(frame)),
        *(cell for box in piece.boxes for cell in cells.box(box)),
        *(cell for number_, line in enumerate(piece.lines) for cell in cells.line(line, number_)),
        *(cell for number_, row in enumerate(piece.rows) for cell in cells.row(row, f"r{number_}")),
        *(cell for number_, table in enumerate(piece.tables) for cell in cells.table(table, f"t{number_}")),
        "</root></mxGraphModel></diagram></mxfile>",
    ]) + "\n"  # fmt: skip


class Above(Painter):
    """What stands above a picture, as cells."""

    def rect(self, box: Area, radius: float, fill: str, line: str, more: str = "") -> None:
        left, top, right, bottom = box
        colors = f"fillColor={self.theme.color(fill)};strokeColor={self.theme.color(line)};"
        self._cell("", f"rounded={int(radius > 0)};{colors}", (left, top, right - left, bottom - top))

    def text(
        self, text: str, x: float, y: float, size: float, color: str, bold: bool = False, anchor: str = "middle"
    ) -> None:
        wide = text_width(text, size, bold) + 8.0
        side, left = ("center", x - wide / 2) if anchor == "middle" else ("left", x)
        style = f"text;html=1;align={side};verticalAlign=middle;spacing=0;fontStyle={int(bold)};"
        style += f"{_font(self.theme.color(color), size)}"
        self._cell(_html(text), style, (left, y - size, wide, size * 1.4))

    def _cell(self, text: str, style: str, area: Area) -> None:
        self.out.append(_vertex(f"h{len(self.out)}", text, style, "1", area))


class Cells:
    """The cells of a picture whose axis and top lie at `dx` and `dy` on the page."""

    def __init__(self, piece: Piece, page: Page, dx: float, dy: float) -> None:
        self.page, self.theme, self.dx, self.dy = page, THEMES[page.theme], dx, dy
        self.frames = sorted(piece.frames, key=lambda frame: -(frame.right - frame.left) * (frame.bottom - frame.top))
        self.ids = {frame.name: f"f{i}" for i, frame in enumerate(self.frames)}
        self.ids |= {box.name: f"b{i}" for i, box in enumerate(piece.boxes)}
        self.areas = {frame.name: (frame.left, frame.top, frame.right, frame.bottom) for frame in piece.frames}
        self.areas |= {box.name: _sides(box) for box in piece.boxes if box.form != "point"}
        self.points = {box.name: (box.x, box.y) for box in piece.boxes if box.form == "point"}

    def frame(self, frame: Frame) -> Iterator[str]:
        text = f"{frame.title} ×{frame.repeat}" if frame.repeat > 1 else frame.title
        style = (
            f"rounded=1;arcSize=3;container=1;collapsible=0;verticalAlign=top;fontStyle=1;fontSize={number(SMALL)};"
            f"fillColor={self.theme.panel};strokeColor={self.theme.panel_border};fontColor={self.theme.muted};"
        )
        area = (frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
        yield self._placed(self.ids[frame.name], text, style, area, frame)

    def box(self, box: Box) -> Iterator[str]:
        left, top, right, bottom = _outer(box)
        area = (left, top, right - left, bottom - top)
        if box.form == "point":
            yield self._placed(self.ids[box.name], "", "shape=waypoint;size=1;perimeter=centerPerimeter;", area)
            return
        (fill, line), ink = self.theme.kinds[box.kind], self.theme.ink
        if box.name in self.page.heat:
            fill, line, ink = self.theme.heated(self.page.heat[box.name]), self.theme.heat_line, self.theme.heat_ink
        style = f"{_shape(box)}html=1;whiteSpace=wrap;fillColor={fill};strokeColor={line};{_font(ink)}"
        style += "horizontal=0;" if box.upright else ""
        if box.form == "volume":  # what it is stands below it
            yield self._placed(self.ids[box.name], "", style, area)
            return
        title = f"{box.title} ×{box.repeat}" if box.repeat > 1 else box.title
        joined = "&nbsp; " if box.one_line else "<br>"
        text = joined.join([f'<b style="font-size:{number(BOLD)}px">{_html(title)}</b>', *map(_html, box.details)])
        yield self._placed(self.ids[box.name], text, style, area)

    def line(self, line: Line, number_: int) -> Iterator[str]:
        """Where its ends are boxes it is bound to them; its corners are where they were."""
        if not line.points:
            return
        color = self.theme.color({"shortcut": "add-line", "skip": "concat-line"}.get(line.kind, "edge"))
        arrow = "blockThin" if line.arrow else "none"
        style = f"html=1;rounded=1;endFill=1;endArrow={arrow};endSize=5;strokeColor={color};fontColor={color};"
        style += "curved=1;" if line.curved else ""
        (start, *between), end = line.points[:-1], line.points[-1]
        if self.points.get(line.source, start) != start:
            between.insert(0, start)
        for way, name, (x, y) in (("exit", line.source, start), ("entry", line.target, end)):
            if area := self.areas.get(name):
                left, top, right, bottom = area
                style += f"{way}X={_share(x, left, right)};{way}Y={_share(y, top, bottom)};{way}Perimeter=0;"
        ways = ("source", line.source), ("target", line.target)
        bound = "".join(f' {way}="{self.ids[name]}"' for way, name in ways if name in self.ids)
        points = "".join(f'<mxPoint x="{number(x + self.dx)}" y="{number(y + self.dy)}"/>' for x, y in between)
        ends = "".join(
            f'<mxPoint x="{number(x + self.dx)}" y="{number(y + self.dy)}" as="{way}Point"/>'
            for way, (x, y) in (("source", start), ("target", end))
        )  # fmt: skip
        yield (
            f'<mxCell id="e{number_}" value={quoteattr(_html(line.label))} style="{style}" edge="1" parent="1"{bound}>'
            f'<mxGeometry relative="1" as="geometry">{ends}<Array as="points">{points}</Array></mxGeometry></mxCell>'
        )

    def row(self, row: Row, name: str) -> Iterator[str]:
        side = "center" if row.upright else "left"
        style = f"text;html=1;align={side};verticalAlign=middle;spacing=0;{_font(self.theme.muted)}"
        wide = room_for(row.text, SMALL)
        at = (row.y - wide / 2, row.at, wide, LINE) if row.upright else (row.at, row.y - LINE / 2, wide, LINE)
        yield self._placed(name, _html(row.text), style, at)

    def table(self, table: Table, name: str) -> Iterator[str]:
        rows = "".join(f"<tr><td>{'</td><td align=right>'.join(map(_html, row))}</td></tr>" for row in table.rows)
        style = f"text;html=1;overflow=fill;{_font(self.theme.muted)}"
        area = (table.left, table.top, table.width, table.height)
        yield self._placed(name, f'<table width="100%">{rows}</table>', style, area)

    def _placed(self, name: str, text: str, style: str, area: Area, own: Frame | None = None) -> str:
        """A cell in the smallest frame around it, by whose corner its place is told."""
        x, y, width, height = area
        around = [frame for frame in self.frames if frame is not own and _holds(frame, area)]
        parent, left, top = "1", -self.dx, -self.dy
        if around:
            parent, left, top = self.ids[around[-1].name], around[-1].left, around[-1].top
        return _vertex(name, text, style, parent, (x - left, y - top, width, height))


def _outer(box: Box) -> Area:
    """Left, top, right, bottom, with the second border of a folded box and the depth of a block."""
    if box.form == "volume":
        back = box.depth * DEEP
        return box.left, box.top - back, box.right + back, box.bottom
    around = STACK if box.repeat > 1 else 0.0
    return box.left - around, box.top - around, box.right + around, box.bottom + around


def _sides(box: Box) -> Area:
    """The same, of what is mirrored from the right, as draw.io counts there."""
    left, top, right, bottom = _outer(box)
    return (right, top, left, bottom) if box.form == "volume" else (left, top, right, bottom)


def _shape(box: Box) -> str:
    if box.form == "circle":
        return "ellipse;"
    if box.form == "volume":  # mirrored, since draw.io's reaches to the left; its top white, its side darker
        return f"shape=cube;size={number(box.depth * DEEP)};flipH=1;darkOpacity=-1;darkOpacity2=0.3;"
    double = f"shape=ext;double=1;margin={number(STACK)};" if box.repeat > 1 else ""
    return f"{double}rounded=1;arcSize=20;"


def _holds(frame: Frame, area: Area) -> bool:
    x, y, width, height = area
    return frame.left <= x and x + width <= frame.right and frame.top <= y and y + height <= frame.bottom


def _font(color: str, size: float = SMALL) -> str:
    return f"fontFamily=Helvetica;fontSize={number(size)};fontColor={color};"


def _html(text: str) -> str:
    return shown_lines(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _share(value: float, low: float, high: float) -> str:
    """Where on a side a line ends; one that leaves the trunk below a box ends beyond it, so that it stays level."""
    return f"{(value - low) / (high - low):.5f}"


def _vertex(name: str, text: str, style: str, parent: str, area: Area) -> str:
    x, y, width, height = (number(value) for value in area)
    return (
        f'<mxCell id="{name}" value={quoteattr(shown_lines(text))} style="{style}" vertex="1" parent="{parent}">'
        f'<mxGeometry x="{x}" y="{y}" width="{width}" height="{height}" as="geometry"/></mxCell>'
    )
