"""Several networks side by side in one picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil

from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.model.report import Report
from archscope.model.text import listed, one_line
from archscope.views.diagram.compose import compose
from archscope.views.diagram.drawing import Diagram, paper, sheet
from archscope.views.diagram.ops.channels import channel_axes
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.paint.costs import told
from archscope.views.diagram.paint.heading import meanings
from archscope.views.diagram.paint.painter import Page
from archscope.views.diagram.place.bands import BETWEEN, TITLE_BAND, beside
from archscope.views.diagram.place.fitting import SMALLEST_TEXT, scale
from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.picture import Box, Piece, stacked
from archscope.views.diagram.place.style import FRAME_PAD, PAD, SMALL, Style
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.sketch import LABEL, Drawing

STRIP = Paper(60.0, 6000.0, letters=0.01)
"""Each network is one column, however long."""

AROUND = (100.0, 110.0)
"""Width of what stands beside the networks on a page, and height of what stands above and below."""

BESIDE, OVER = 2 * FRAME_PAD + BETWEEN, TITLE_BAND + FRAME_PAD + BETWEEN
"""What each network takes beside its column, and above and below it."""

ROW, SHAPES, LEAST = 40.0, 117.0, 190.0
"""Height of a box and what is between it and the next; widths of the shapes beside a column, and of a narrow one."""

FEWEST = 6
"""A network has no fewer boxes."""

CLOSER = (1.0, 0.85, 0.72)
"""Shares of the height that a network may have: some is lost where bands are to be level."""


@dataclass(frozen=True, repr=False)
class Lineup(Diagram):
    """A picture of several networks, `reports` from left to right; `report` is the first."""

    reports: tuple[Report, ...] = ()

    @property
    def shown(self) -> tuple[Report, ...]:
        return self.reports

    def _about(self) -> str:
        return f"{', '.join(one_line(report.graph.name) for report in self.reports)}: level {self.options.level}"

    def _page(self) -> Page:
        held = zip(self.reports, _by_frame(self.drawing.piece), strict=True)
        owner = {id(box): report for report, boxes in held for box in boxes}
        axes = {id(report): channel_axes(report.graph) for report in self.reports}

        def tell(box: Box) -> str:
            report = owner.get(id(box))
            return told(report, box, axes[id(report)]) if report else box.title

        options = self.options
        return Page(
            options.title, ["Rows: resolution, as a share of the input's."], options.theme, tell,
            meanings=meanings(self.drawing.piece.boxes), titled=options.show_title, legend=options.show_legend,
            sheet=sheet(options),
        )  # fmt: skip


@collection_paused()
def line_up(reports: Sequence[Report], options: DiagramOptions) -> Lineup:
    """The networks side by side. Raises ArchscopeError for a choice that is one network's."""
    options = options.checked()
    refused = {
        "--block": options.block, "--show": options.show, "--color": options.color != "kind",
        "--direction": options.direction != "TB", f"--level {options.level}": options.level in {"plate", "volume"},
    }  # fmt: skip
    if any(refused.values()):
        name = next(name for name, chosen in refused.items() if chosen)
        raise ArchscopeError(f"several networks in one picture take no {name}: draw each by itself")
    from archscope.comparison.report import Comparison  # which a picture of one network does without

    named = Comparison(tuple(reports)).names
    style = Style(channels_last=options.layout == "HxWxC", engine=options.engine, paper=STRIP, strip=True)
    tried = [_set_out(reports, options, named, style, len(reports))]
    letters = options.font_size or SMALLEST_TEXT
    if options.page or options.width:
        most = max(sum(box.form != "point" for box in boxes) for boxes in _by_frame(tried[0].piece))
        for in_row, narrow in _ways(paper(options), len(reports), most, style, letters):
            if scale(tried[-1].piece, paper(options)) * SMALL >= letters:
                break
            tried.append(_set_out(reports, options, named, narrow, in_row))
    drawing = max(tried, key=lambda one: min(scale(one.piece, paper(options)) * SMALL, letters))
    title = options.title or listed(named, "and")
    return Lineup(reports[0], replace(options, title=title), drawing, tuple(reports))


def _ways(page: Paper, count: int, most: int, style: Style, letters: float) -> Iterator[tuple[int, Style]]:
    """How many networks may stand in a row of the page, and how narrow and short each has to be there for such
    letters: those with the most boxes first. Their shapes are left out where there is no room for them."""
    larger = SMALL / letters
    found = []
    for wide, high in [(page.width, page.height), (page.height, page.width)][: 1 + page.turns]:
        for rows, closer in product(range(1, count + 1), CLOSER):
            in_row = ceil(count / rows)
            room = (wide * larger - AROUND[0]) / in_row - BESIDE
            height = ((high * larger - AROUND[1]) / rows - OVER) * closer
            shapes, boxes = room >= LEAST + SHAPES, min(most, int(height / ROW))
            if room >= LEAST and boxes >= FEWEST:
                part = Paper(
                    (room + 40.0) / larger,
                    (height + 20.0) / larger,
                    False,
                    letters,
                    (0.0, 0.0),
                    0.0,
                    False,
                    boxes,
                )
                label = min(room - SHAPES * shapes, LABEL) - 2 * PAD
                found.append(
                    (boxes, shapes, -rows, in_row, replace(style, shapes=shapes, label_width=label, paper=part))
                )
    return (one[3:] for one in sorted(found, key=lambda one: one[:3], reverse=True))


def _set_out(
    reports: Sequence[Report], options: DiagramOptions, named: Sequence[str], style: Style, in_row: int
) -> Drawing:
    """So many networks in each row."""
    drawings = [compose(report.graph, options.level, "", style, options.fold, options.depth) for report in reports]
    rows, y = [], 0.0
    for i in range(0, len(drawings), in_row):
        part = slice(i, i + in_row)
        rows.append(beside([drawing.piece for drawing in drawings[part]], named[part], i))
        rows[-1].shift(0.0, y)
        y += rows[-1].height + BETWEEN
    whole = stacked(rows)
    whole.height = y - BETWEEN
    ops = [op for i, drawing in enumerate(drawings) for op in _apart(drawing, i)]
    return Drawing(whole, ops, Plan(ops))


def _by_frame(piece: Piece) -> list[list[Box]]:
    """The boxes of each network, which stand in its frame."""
    return [
        [box for box in piece.boxes if frame.left <= box.x <= frame.right and frame.top <= box.y <= frame.bottom]
        for frame in piece.frames if frame.heading
    ]  # fmt: skip


def _apart(drawing: Drawing, number: int) -> list[Op]:
    """The Ops of one network, under names that no other network's has; its boxes and lines too."""
    new = {box.name: f"{number}|{box.name}" for box in drawing.piece.boxes}
    new |= {frame.name: f"{number}|{frame.name}" for frame in drawing.piece.frames if not frame.heading}
    for box in drawing.piece.boxes:
        box.name = new[box.name]
        box.op = replace(box.op, name=f"{number}|{box.op.name}") if box.op else None
        box.alike = tuple(replace(op, name=f"{number}|{op.name}") for op in box.alike)
    for line in drawing.piece.lines:
        line.source, line.target = new.get(line.source, line.source), new.get(line.target, line.target)
    for frame in drawing.piece.frames:
        frame.name = new.get(frame.name, frame.name)
        frame.ops = tuple(replace(op, name=f"{number}|{op.name}") for op in frame.ops)
    return [
        replace(op, name=f"{number}|{op.name}", inputs=tuple([f"{number}|{name}" for name in op.inputs]))
        for op in drawing.ops
    ]  # fmt: skip
