"""A placed picture as SVG: text stays text, every node has a title for the reader who points at it."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from archscope.model.text import shown_lines
from archscope.views.diagram.paint.heading import head_of, shown_kinds
from archscope.views.diagram.paint.painter import Page, Painter, number
from archscope.views.diagram.paint.palette import THEMES
from archscope.views.diagram.place.picture import Box, Frame, Line, Piece, Point, Row
from archscope.views.diagram.place.style import BOLD, DEEP, HEADING, LINE, MARGIN, SMALL, STACK, badge_width
from archscope.views.diagram.place.table import Table
from archscope.views.diagram.place.text import room_for, text_width

RADIUS = 8.0
ARROW = (8.0, 3.2)
FLATTEST = 1 / 2.15


def to_svg(piece: Piece, page: Page) -> str:
    """The whole picture. The same piece and page give the same bytes. Raises ArchscopeError, see Sheet."""
    painter = Painter(THEMES[page.theme])
    head = head_of(page, shown_kinds(page, piece), piece.left + piece.right)
    top = MARGIN + head.height
    width, height = head.width + 2 * MARGIN, top + piece.height + MARGIN
    extra = side = 0.0
    if page.sheet is None:
        extra = max(width * FLATTEST - height, 0.0) / 2
        side = max(height * FLATTEST - width, 0.0) / 2
    elif page.sheet.exact:
        side = (page.sheet.width / page.sheet.scale(width, height) - width) / 2
    width, height, top = width + 2 * side, height + 2 * extra, top + extra
    x = (width - piece.left - piece.right) / 2 + piece.left
    head.paint(painter, width, extra)
    body = painter.another()
    _body(body, piece, page)
    painter.out += [f'<g transform="translate({number(x)} {number(top)})">', *body.out, "</g>"]
    unit = page.sheet.scale(width, height) * 25.4 / 72 if page.sheet else 0.0
    return painter.document(page.title, width, height, unit)


def to_fragment(piece: Piece, page: Page) -> str:
    """The picture alone, from its left upper corner on, as the inside of an SVG element: `extent` is its size."""
    painter = Painter(THEMES[page.theme])
    _body(painter, piece, page)
    return f'<g transform="translate({number(MARGIN + piece.left)} {number(MARGIN)})">{"".join(painter.out)}</g>'


def extent(piece: Piece) -> tuple[float, float]:
    """Width and height of a picture with its margins."""
    return piece.left + piece.right + 2 * MARGIN, piece.height + 2 * MARGIN


# ---- body -------------------------------------------------------------------------------------------------------


def _body(painter: Painter, piece: Piece, page: Page) -> None:
    for frame in piece.frames:
        _frame(painter, frame, page)
    for row in piece.rows:
        _leader(painter, row)
    for line in sorted(piece.lines, key=lambda line: line.kind == "flow"):
        if line.points:
            _line(painter, line, page)
    for frame in piece.frames:
        _frame_title(painter, frame)
    for line in piece.lines:
        if line.label:
            framed = any(_holds(frame, line.label_at) for frame in piece.frames)
            _word(painter, line, "panel" if framed else "ground")
    for table in piece.tables:
        _table(painter, table)
    for number_, box in enumerate(piece.boxes):
        if box.form != "point":
            _box(painter, box, page, number_)


def _frame(painter: Painter, frame: Frame, page: Page) -> None:
    box = (frame.left, frame.top, frame.right, frame.bottom)
    if page.attributes:
        painter.out.append(f'<g class="module"{page.attributes(frame)}>')
    else:
        painter.out.append(f'<g class="module"><title>{escape(shown_lines(frame.path))}</title>')
    painter.rect(box, 10.0, "panel", "panel-border", ' stroke-width="1.2"')
    painter.out.append("</g>")


def _frame_title(painter: Painter, frame: Frame) -> None:
    size = HEADING if frame.heading else SMALL
    width = text_width(frame.title, size, bold=True)
    badge = badge_width(frame.repeat)
    y = frame.bottom - 8.0 if frame.title_below else frame.top + (22.0 if frame.heading else 16.0)
    if frame.title_x is None:
        x = (frame.left + frame.right - width - (badge + 8.0 if badge else 0.0)) / 2
    else:
        x = frame.title_x
    color = "ink" if frame.heading else "muted"
    if frame.title and frame.title_x is None and not badge:
        painter.text(frame.title, x + width / 2, y, size, color, bold=True)
    elif frame.title:
        held = "end" if badge and frame.title_x is None else "start"
        painter.text(frame.title, x + width * (held == "end"), y, size, color, bold=True, anchor=held)
    if badge:
        painter.badge(frame.repeat, x + width + (8.0 if frame.title else 0.0), y - 4.0)


def _table(painter: Painter, table: Table) -> None:
    for y in table.rules():
        painter.path(f"M{number(table.left)} {number(y)}h{number(table.width)}", line="panel-border")
    for i, (text, x, y, starts) in enumerate(table.cells()):
        heads = i < len(table.widths)
        painter.text(text, x, y, SMALL, "ink" if heads else "muted", heads, "start" if starts else "end")


def _leader(painter: Painter, row: Row) -> None:
    start, end, y = number(row.start + 6.0), number(row.at - 6.0), number(row.y)
    path = f"M{y} {start}V{end}" if row.upright else f"M{start} {y}H{end}"
    if row.at != row.start:
        painter.path(path, line="leader", more=' stroke-width="1.2" stroke-dasharray="0.1 4" stroke-linecap="round"')
    if row.upright:
        painter.text(row.text, row.y, row.at + 5.0, SMALL, "muted")
    else:
        painter.text(row.text, row.at, row.y + 4.0, SMALL, "muted", anchor="start")


def _line(painter: Painter, line: Line, page: Page) -> None:
    color = {"shortcut": "add-line", "skip": "concat-line"}.get(line.kind, "edge")
    points = list(line.points)
    head = _arrow(points[-2], points[-1]) if line.arrow else ""
    if head:
        points[-1] = _towards(points[-1], points[-2], ARROW[0] - 1.0)
    ends = [quoteattr(shown_lines(name)) for name in (line.source, line.target)]
    named = "" if page.attributes else f" data-from={ends[0]} data-to={ends[1]}"
    painter.out.append(f'<g class="edge"{named}>')
    painter.path(_curve(points) if line.curved else _rounded(points), line=color, more=' stroke-width="1.3"')
    if head:
        painter.path(head, fill=color)
    painter.out.append("</g>")


def _towards(start: Point, end: Point, by: float) -> Point:
    length = max(((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5, 0.01)
    return start[0] + (end[0] - start[0]) * by / length, start[1] + (end[1] - start[1]) * by / length


def _arrow(before: Point, tip: Point) -> str:
    x, y = _towards(tip, before, ARROW[0])
    length = max(((tip[0] - x) ** 2 + (tip[1] - y) ** 2) ** 0.5, 0.01)
    dx, dy = -(tip[1] - y) / length * ARROW[1], (tip[0] - x) / length * ARROW[1]
    corners = (tip, (x + dx, y + dy), (x - dx, y - dy))
    return f"M{'L'.join(f'{number(a)} {number(b)}' for a, b in corners)}Z"


def _rounded(points: Sequence[Point]) -> str:
    """An orthogonal line with round corners."""
    path = f"M{number(points[0][0])} {number(points[0][1])}"
    for before, at, after in zip(points, points[1:], points[2:], strict=False):
        reach = min(RADIUS, *(max(abs(at[0] - other[0]), abs(at[1] - other[1])) / 2 for other in (before, after)))
        one, two = _towards(at, before, reach), _towards(at, after, reach)
        path += f"L{number(one[0])} {number(one[1])}Q{number(at[0])} {number(at[1])} {number(two[0])} {number(two[1])}"
    return f"{path}L{number(points[-1][0])} {number(points[-1][1])}"


def _curve(points: Sequence[Point]) -> str:
    """Cubic Béziers: three points each, after the first."""
    start, *rest = [f"{number(x)} {number(y)}" for x, y in points]
    return f"M{start}" + "".join(f"C{' '.join(rest[i : i + 3])}" for i in range(0, len(rest), 3))


def _holds(frame: Frame, point: Point) -> bool:
    return frame.left <= point[0] <= frame.right and frame.top <= point[1] <= frame.bottom


def _word(painter: Painter, line: Line, ground: str) -> None:
    x, y = line.label_at
    half = text_width(line.label, SMALL) / 2 + 2.0
    painter.rect((x - half, y - 8.0, x + half, y + 8.0), 0.0, "ground", "")
    painter.text(line.label, x, y + 4.0, SMALL, "add-line")


def _box(painter: Painter, box: Box, page: Page, number_: int) -> None:
    if page.attributes:
        painter.out.append(f'<g class="op {box.kind}"{page.attributes(box)}>')
    else:
        title = escape(shown_lines(page.tell(box)))
        painter.out.append(f'<g id="n{number_}" class="op {box.kind}"><title>{title}</title>')
    fill, line = f"{box.kind}-fill", f"{box.kind}-line"
    more = ' stroke-width="1.4"'
    if box.name in page.ghosts | page.added:
        fill, line = "ground", "mark"
        more += f' stroke-dasharray="{"5 4" if box.name in page.ghosts else "1 3"}"'
    if box.name in page.heat:
        fill, line = painter.theme.heated(page.heat[box.name]), painter.theme.heat_line
    if box.form == "circle":
        painter.out.append(
            f'<circle cx="{number(box.x)}" cy="{number(box.y)}" r="{number((box.right - box.left) / 2)}" '
            f"{painter.paint(fill, line)[1:]}{more}/>"
        )
        _symbol(painter, box)
    elif box.form == "volume":
        _volume(painter, box, fill, line)
    else:
        if box.repeat > 1:
            outer = (box.left - STACK, box.top - STACK, box.right + STACK, box.bottom + STACK)
            painter.rect(outer, RADIUS + 3.0, "ground", line, more)
        painter.rect((box.left, box.top, box.right, box.bottom), RADIUS, fill, line, more)
        if box.upright:
            painter.out.append(f'<g transform="rotate(-90 {number(box.x)} {number(box.y)})">')
        _label(painter, box, page)
        painter.out += ["</g>"] * box.upright
    if box.name in page.marks:
        _mark(painter, box, page.marks[box.name])
    painter.out.append("</g>")


def _volume(painter: Painter, box: Box, fill: str, line: str) -> None:
    """The front of a block, its top and its right side."""
    back = box.depth * DEEP
    left, top, right, bottom = (number(side) for side in (box.left, box.top, box.right, box.bottom))
    more = ' stroke-width="1" stroke-linejoin="round"'
    up, across = number(box.top - back), number(box.left + back)
    far, low = number(box.right + back), number(box.bottom - back)
    painter.path(f"M{left} {top}L{across} {up}H{far}L{right} {top}Z", "ground", line, more)
    side = f"M{right} {top}L{far} {up}V{low}L{right} {bottom}Z"
    painter.path(side, "ground")  # nothing behind it shines through
    painter.path(side, line, line, more + ' fill-opacity="0.45"')
    painter.path(f"M{left} {top}H{right}V{bottom}H{left}Z", fill, line, more)


def _mark(painter: Painter, box: Box, sign: str) -> None:
    """The sign in the box's corner."""
    half = max(room_for(sign, SMALL) / 2 + 5.0, 8.0)
    x, y = box.right + STACK, box.top - STACK
    painter.rect((x - half, y - 8.0, x + half, y + 8.0), 8.0, "mark", "")
    painter.text(sign, x, y + 4.0, SMALL, "ground", bold=True)


def _symbol(painter: Painter, box: Box) -> None:
    """The sign in a circle, drawn: a font would not centre it."""
    x, y, arm = box.x, box.y, 5.0
    if box.title == "+":
        path = f"M{number(x - arm)} {number(y)}H{number(x + arm)}M{number(x)} {number(y - arm)}V{number(y + arm)}"
    else:
        arm = 3.8
        path = (
            f"M{number(x - arm)} {number(y - arm)}L{number(x + arm)} {number(y + arm)}"
            f"M{number(x - arm)} {number(y + arm)}L{number(x + arm)} {number(y - arm)}"
        )
    painter.path(path, line="ink", more=' stroke-width="2"')


def _label(painter: Painter, box: Box, page: Page) -> None:
    heated = box.name in page.heat
    ink = painter.theme.heat_ink if heated else "ink"
    muted = painter.theme.heat_ink if heated else "muted"
    beside = box.details[:1] if box.one_line else ()
    below = box.details[1:] if box.one_line else box.details
    badge = badge_width(box.repeat)
    first = text_width(box.title, BOLD, bold=True)
    row = first + sum(text_width(text, SMALL) + 8.0 for text in beside) + (badge + 8.0 if badge else 0.0)
    y = box.y + 4.3 - LINE / 2 * len(below)
    x = box.x - row / 2 + first
    # where something stands beside the word, both are held where they meet: a wider font than ours grows outwards
    if beside or badge:
        painter.text(box.title, x, y, BOLD, ink, bold=True, anchor="end")
    else:
        painter.text(box.title, box.x, y, BOLD, ink, bold=True)
    x += 8.0
    for text in beside:
        painter.text(text, x, y, SMALL, muted, anchor="start")
        x += text_width(text, SMALL) + 8.0
    if badge:
        painter.badge(box.repeat, x, y - 4.3)
    for text in below:
        y += LINE
        painter.text(text, box.x, y, SMALL, muted)
