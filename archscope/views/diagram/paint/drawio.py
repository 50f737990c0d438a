"""A placed picture for draw.io (diagrams.net): boxes to move with their lines, frames that hold what is in them."""

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from archscope.model.text import shown_lines
from archscope.views.diagram.paint.painter import number
from archscope.views.diagram.paint.palette import THEMES, Theme
from archscope.views.diagram.place.picture import Box, Frame, Line, Piece, Row
from archscope.views.diagram.place.style import BOLD, LINE, MARGIN, SMALL
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.place.text import room_for

HEAD = 40.0
"""Room for the title."""

Area = tuple[float, float, float, float]
"""Left, top, width, height."""


def to_drawio(piece: Piece, title: str, theme_name: str) -> str:
    """The file: one page, every element a cell, those of a frame its children."""
    cells = Cells(piece, THEMES[theme_name])
    name = quoteattr(shown_lines(title))
    return "\n".join([
        f'<mxfile host="archscope"><diagram name={name}>',
        '<mxGraphModel grid="0" guides="1" connect="1" arrows="1" fold="1" math="0"><root>',
        '<mxCell id="0"/><mxCell id="1" parent="0"/>',
        *cells.title(title),
        *(cell for frame in cells.frames for cell in cells.frame(frame)),
        *(cell for box in piece.boxes for cell in cells.box(box)),
        *(cell for number_, line in enumerate(piece.lines) for cell in cells.line(line, number_)),
        *(cell for number_, row in enumerate(piece.rows) for cell in cells.row(row, f"r{number_}")),
        *(cell for number_, table in enumerate(piece.tables) for cell in cells.table(table, f"t{number_}")),
        "</root></mxGraphModel></diagram></mxfile>",
    ]) + "\n"  # fmt: skip


class Cells:
    """The cells of a picture; its axis is moved so that nothing is left of the page."""

    def __init__(self, piece: Piece, theme: Theme) -> None:
        self.piece, self.theme = piece, theme
        self.dx, self.dy = piece.left + MARGIN, MARGIN + HEAD
        self.frames = sorted(piece.frames, key=lambda frame: -(frame.right - frame.left) * (frame.bottom - frame.top))
        self.ids = {frame.name: f"f{i}" for i, frame in enumerate(self.frames)}
        self.ids |= {box.name: f"b{i}" for i, box in enumerate(piece.boxes)}
        self.areas = {frame.name: (frame.left, frame.top, frame.right, frame.bottom) for frame in piece.frames}
        self.areas |= {
            box.name: (box.left, box.top, box.right, box.bottom) for box in piece.boxes if box.form != "point"
        }

    def title(self, title: str) -> Iterator[str]:
        style = f"text;html=1;align=center;fontStyle=1;fontSize=18;fontColor={self.theme.ink};"
        yield _vertex("title", title, style, "1", (MARGIN, 8.0, self.piece.left + self.piece.right, 24.0))

    def frame(self, frame: Frame) -> Iterator[str]:
        text = f"{frame.title} ×{frame.repeat}" if frame.repeat > 1 else frame.title
        style = (
            f"rounded=1;arcSize=3;container=1;collapsible=0;verticalAlign=top;fontStyle=1;fontSize={number(SMALL)};"
            f"fillColor={self.theme.panel};strokeColor={self.theme.panel_border};fontColor={self.theme.muted};"
        )
        area = (frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
        yield self._placed(self.ids[frame.name], text, style, area, frame)

    def box(self, box: Box) -> Iterator[str]:
        area = (box.left, box.top, box.right - box.left, box.bottom - box.top)
        if box.form == "point":
            yield self._placed(self.ids[box.name], "", "shape=waypoint;size=1;perimeter=centerPerimeter;", area)
            return
        shape = {"circle": "ellipse;", "volume": "shape=cube;size=4;"}.get(box.form, "rounded=1;arcSize=20;")
        fill, line = self.theme.kinds[box.kind]
        style = f"{shape}html=1;whiteSpace=wrap;fillColor={fill};strokeColor={line};{self._font(self.theme.ink)}"
        style += "horizontal=0;" if box.upright else ""
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
            f'<mxCell id="e{number_}" value={quoteattr(line.label)} style="{style}" edge="1" parent="1"{bound}>'
            f'<mxGeometry relative="1" as="geometry">{ends}<Array as="points">{points}</Array></mxGeometry></mxCell>'
        )

    def row(self, row: Row, name: str) -> Iterator[str]:
        side = "center" if row.upright else "left"
        style = f"text;html=1;align={side};verticalAlign=middle;spacing=0;{self._font(self.theme.muted)}"
        wide = room_for(row.text, SMALL)
        at = (row.y - wide / 2, row.at, wide, LINE) if row.upright else (row.at, row.y - LINE / 2, wide, LINE)
        yield self._placed(name, row.text, style, at)

    def table(self, table: Table, name: str) -> Iterator[str]:
        rows = "".join(f"<tr><td>{'</td><td align=right>'.join(map(_html, row))}</td></tr>" for row in table.rows)
        style = f"text;html=1;overflow=fill;{self._font(self.theme.muted)}"
        area = (table.left, table.top, table.width, table.height)
        yield self._placed(name, f'<table width="100%">{rows}</table>', style, area)

    def _font(self, color: str) -> str:
        return f"fontFamily=Helvetica;fontSize={number(SMALL)};fontColor={color};"

    def _placed(self, name: str, text: str, style: str, area: Area, own: Frame | None = None) -> str:
        """A cell in the smallest frame around it, by whose corner its place is told."""
        x, y, width, height = area
        around = [frame for frame in self.frames if frame is not own and _holds(frame, area)]
        parent, left, top = "1", -self.dx, -self.dy
        if around:
            parent, left, top = self.ids[around[-1].name], around[-1].left, around[-1].top
        return _vertex(name, text, style, parent, (x - left, y - top, width, height))


def _holds(frame: Frame, area: Area) -> bool:
    x, y, width, height = area
    return frame.left <= x and x + width <= frame.right and frame.top <= y and y + height <= frame.bottom


def _html(text: str) -> str:
    return shown_lines(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _share(value: float, low: float, high: float) -> str:
    return number(min(max((value - low) / (high - low), 0.0), 1.0))


def _vertex(name: str, text: str, style: str, parent: str, area: Area) -> str:
    x, y, width, height = (number(value) for value in area)
    return (
        f'<mxCell id="{name}" value={quoteattr(shown_lines(text))} style="{style}" vertex="1" parent="{parent}">'
        f'<mxGeometry x="{x}" y="{y}" width="{width}" height="{height}" as="geometry"/></mxCell>'
    )
