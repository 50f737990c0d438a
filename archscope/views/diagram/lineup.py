"""Several networks side by side in one picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.model.report import Report
from archscope.model.text import listed, one_line
from archscope.views.diagram.compose import compose
from archscope.views.diagram.drawing import Diagram, sheet
from archscope.views.diagram.ops.channels import channel_axes
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.options import DiagramOptions
from archscope.views.diagram.paint.costs import told
from archscope.views.diagram.paint.heading import meanings
from archscope.views.diagram.paint.painter import Page
from archscope.views.diagram.place.bands import beside
from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.picture import Box
from archscope.views.diagram.place.style import Style
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.sketch import Drawing

STRIP = Paper(60.0, 6000.0, letters=0.01)
"""Each network is one column, however long."""


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
        owner = {id(box): report for report, boxes in self._boxes() for box in boxes}
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

    def _boxes(self) -> list[tuple[Report, list[Box]]]:
        """The boxes of each network, which stand in its frame."""
        piece = self.drawing.piece
        frames = [frame for frame in piece.frames if frame.heading]
        return [
            (report, [box for box in piece.boxes if frame.left <= box.x <= frame.right])
            for report, frame in zip(self.reports, frames, strict=True)
        ]


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
    style = Style(channels_last=options.layout == "HxWxC", engine=options.engine, paper=STRIP)
    drawings = [compose(report.graph, options.level, "", style, options.fold, options.depth) for report in reports]
    piece = beside([drawing.piece for drawing in drawings], named)
    ops = [op for i, drawing in enumerate(drawings) for op in _apart(drawing, i)]
    title = options.title or listed(named, "and")
    return Lineup(reports[0], replace(options, title=title), Drawing(piece, ops, Plan(ops)), tuple(reports))


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
