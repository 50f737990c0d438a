"""The library's call: a Report and what the reader chose, to a Diagram in any format."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

from archscope.cached import cached_property
from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.model.report import Report
from archscope.model.results import Drawn
from archscope.model.text import one_line
from archscope.model.tree import tree_of
from archscope.registry import unknown
from archscope.views import View
from archscope.views.diagram.compose import compose
from archscope.views.diagram.ops.channels import channel_axes
from archscope.views.diagram.options import POINTS, DiagramOptions, length
from archscope.views.diagram.paint.costs import check_is_measured, heat, notes, told
from archscope.views.diagram.paint.drawio import to_drawio
from archscope.views.diagram.paint.heading import heading, meanings
from archscope.views.diagram.paint.paint import to_svg
from archscope.views.diagram.paint.painter import NoRoom, Page, Sheet
from archscope.views.diagram.paint.png import to_pdf, to_png
from archscope.views.diagram.paint.sources import to_dot, to_mermaid
from archscope.views.diagram.paint.tikz import to_tikz
from archscope.views.diagram.place import engines
from archscope.views.diagram.place.paper import PAPERS, Paper
from archscope.views.diagram.place.style import SMALL, Style
from archscope.views.diagram.place.turn import upside_down
from archscope.views.diagram.plate import plate
from archscope.views.diagram.sketch import Drawing
from archscope.views.diagram.volume import volume

__all__ = ["Diagram", "DiagramOptions", "draw", "formats"]

TRIES = 4
"""So many sizes of letters are tried to tell the largest."""

FIRST_ELEMENT = 999
"""Characters of an SVG that its first element ends within."""


@dataclass(frozen=True, repr=False)
class Diagram(Drawn):
    """A picture. `str()` is its SVG; notebooks show it."""

    KIND = "diagram"

    report: Report
    options: DiagramOptions
    drawing: Drawing

    def _about(self) -> str:
        boxes, options = self.drawing.piece.boxes, self.options
        part = f", {one_line(options.block)}" if options.block else ""
        return f"{one_line(self.report.graph.name)}{part}: {len(boxes)} boxes, level {options.level}"

    @cached_property
    def svg(self) -> str:
        return to_svg(self.drawing.piece, self._page())

    def to_png(self, *, zoom: float = 0.0) -> bytes:
        """The picture as the bytes of a PNG file: `zoom` pixels for one of the SVG's, or by the `dpi` asked for."""
        asked = self.options.dpi != DiagramOptions.dpi
        return to_png(self.svg, zoom or (self.options.dpi / 96 if asked else None))

    @property
    def letters(self) -> float:
        """Points of the smallest letters on the page that it is for, or of those of the picture's own."""
        found = self._printed()
        return SMALL * (float(found["width"]) * POINTS["mm"] / float(found["own"]) if found else 1.0)

    @property
    def height(self) -> float:
        """Millimetres on the page that it is for; 0 where it is for none."""
        found = self._printed()
        return float(found["height"]) if found else 0.0

    def _printed(self) -> re.Match[str] | None:
        return re.search(
            r'width="(?P<width>[\d.]+)mm" height="(?P<height>[\d.]+)mm" viewBox="0 0 (?P<own>[\d.]+) ',
            self.svg[:FIRST_ELEMENT],
        )

    def to_dot(self) -> str:
        """The graph as Graphviz source."""
        return to_dot(self.drawing.piece, self.drawing.ops, self._page().title, self.options.direction)

    def to_mermaid(self) -> str:
        """The graph as Mermaid source."""
        return to_mermaid(self.drawing.piece, self.drawing.ops, self._page().title, self.options.direction)

    def to_latex(self) -> str:
        """The picture as TikZ: a document of its own, or for `input` in one that uses tikz."""
        return to_tikz(self.svg)

    def to_drawio(self) -> str:
        """The picture for draw.io, to be edited: boxes with their lines, within frames that hold them."""
        return to_drawio(self.drawing.piece, self._page())

    def to_html(self) -> str:
        """A page to walk through what is drawn, that of `archscope explore`."""
        from archscope.views.explorer import Explorer

        color = {"kind": "", "latency": "latency_ms"}.get(self.options.color, self.options.color)
        titles = () if len(self.shown) > 1 else (self.options.title,)
        return Explorer(self.shown, titles, place=self.options.block, color=color).to_html()

    @property
    def shown(self) -> tuple[Report, ...]:
        """The networks in the picture."""
        return (self.report,)

    def _page(self) -> Page:
        options, boxes = self.options, self.drawing.piece.boxes
        axes = channel_axes(self.report.graph)
        title, subtitles = heading(self.report, options, self.drawing.counted or self.drawing.ops, axes)
        subtitles += [self.drawing.note] if self.drawing.note else []
        shares, scale = heat(self.report, options.color, boxes)
        return Page(
            title, subtitles, options.theme, lambda box: told(self.report, box, axes), shares, {}, scale,
            meanings(boxes), options.show_title, options.show_legend, sheet(options),
        )  # fmt: skip


def formats() -> Mapping[str, View]:
    """What was chosen of a diagram is in it, hence no view looks at the options."""
    return {
        "svg": lambda diagram, options: diagram.svg,
        "png": lambda diagram, options: diagram.to_png(),
        "pdf": lambda diagram, options: to_pdf(diagram.svg),
        "dot": lambda diagram, options: diagram.to_dot(),
        "mermaid": lambda diagram, options: diagram.to_mermaid(),
        "latex": lambda diagram, options: diagram.to_latex(),
        "drawio": lambda diagram, options: diagram.to_drawio(),
        "html": lambda diagram, options: diagram.to_html(),
    }


@collection_paused()
def draw(report: Report, options: DiagramOptions | None = None) -> Diagram:
    """The report's picture. Raises ArchscopeError for a choice that there is not, EnvironmentFailure for an engine."""
    options = (options or DiagramOptions()).checked()
    if options.engine != "auto":
        engines.find(options.engine)  # a missing one is told even where the picture would do without
    check_is_measured(report, options)
    made = _drawn(report, options)
    if options.font_size:
        try:
            _ = made.svg  # where there is no room for such letters, it is said now
        except NoRoom:  # the picture that has the largest letters says which they are
            made = replace(_with_largest_letters(report, options, options.font_size), options=options)
            _ = made.svg
    return made


def _with_largest_letters(report: Report, options: DiagramOptions, high: float) -> Diagram:
    """The picture where none are asked for, or one with larger letters, which are smaller than `high`."""
    best = _drawn(report, replace(options, font_size=None))
    low = best.letters
    for _ in range(TRIES):
        middle = (low + high) / 2
        made = _drawn(report, replace(options, font_size=middle))
        try:
            _ = made.svg
            best, low = made, middle
        except NoRoom:
            high = middle
    return best


def _drawn(report: Report, options: DiagramOptions) -> Diagram:
    graph, block = report.graph, find_block(report, options)
    style = Style(
        channels_last=options.layout == "HxWxC", notes=notes(report, options), beside=bool(options.show),
        sideways=options.direction == "LR", engine=options.engine, paper=paper(options),
    )  # fmt: skip
    if options.level == "plate":
        drawing = plate(graph, block, style)
    elif options.level == "volume":
        drawing = volume(graph, block, style)
    else:
        drawing = compose(graph, options.level, block, style, options.fold, options.depth)
    if options.direction == "BT":
        upside_down(drawing.piece)
    return Diagram(report, options, drawing)


def paper(options: DiagramOptions) -> Paper:
    """What the picture is composed for."""
    chosen = PAPERS[options.page or "a4"]
    if options.width:
        chosen = replace(chosen, width=length(options.width), turns=False)
    if not (options.show_title and options.show_legend):
        half = chosen.head[1] / 2 if options.show_title or options.show_legend else 0.0
        chosen = replace(chosen, head=(0.0, half))
    return replace(chosen, letters=options.font_size or 0.0, legend=options.show_legend and options.color == "kind")


def sheet(options: DiagramOptions) -> Sheet | None:
    """How large the picture is printed; None where nothing was asked for."""
    if not (options.page or options.width or options.font_size):
        return None
    page, letters = PAPERS.get(options.page, Paper(inf, inf)), options.font_size or 0.0
    if options.width:
        return Sheet(length(options.width), page.height, letters, exact=True)
    return Sheet(page.width, page.height, letters, page.turns)


def find_block(report: Report, options: DiagramOptions) -> str:
    """The module to draw: of equal ones in a row the first. Raises ArchscopeError for a path that there is not."""
    path = options.block
    if not path and options.level != "block":
        return ""
    run = {path for layer in report.graph.layers for path in _upwards(layer.name)}
    blocks = [path for path in report.graph.blocks if path in run]
    named = f"such as {', '.join([path for path in blocks if '.' not in path][:6])}"
    if not path and not any(blocks):
        raise ArchscopeError(f"{report.graph.name} has no module that runs, and so no block: leave --level out")
    if not path:
        raise ArchscopeError(f"--level block needs --block PATH, {named}")
    if path not in blocks:
        raise unknown(f"block of {report.graph.name}", path, blocks, named)
    node = tree_of(report.graph)
    for part in path.split("."):
        node = next((child for child in node.children if child.name == part), node)
    while len(node.children) == 1 and node.path == path and node.children[0].children and not node.children[0].layer:
        node = node.children[0]
        path = node.path
    return path


def _upwards(path: str) -> Iterator[str]:
    """The modules that a layer is within."""
    while path := path.rpartition(".")[0]:
        yield path
