"""A spectrum as a page with a slider over its points: the panel of a block, or of the convolution that a network has
most often, what each costs, and curves of it."""

from typing import Any

from archscope.continuum.points import UNITS, Block, Point, Spectrum
from archscope.model.text import shown
from archscope.views import Options
from archscope.views.spectrum.canvas import picture
from archscope.views.spectrum.panels import commonest, panel
from archscope.views.spectrum.paper_figures import at_stops
from archscope.views.spectrum.rows import HEADINGS, notes, sizes, title

BESIDE = {"latency_p95_ms", "latency_min_ms"}
"""Told in other formats alone."""


def as_page(spectrum: Spectrum, options: Options) -> str:
    """All points, worked out; the page asks nothing of any network."""
    from archscope.views.explorer.page import page  # which brings all pictures with it: a table needs none

    columns = [name for name in spectrum.columns if name in HEADINGS and name not in BESIDE]
    data = {
        "target": shown(spectrum.target),
        "title": shown(title(spectrum)),
        "notes": [[heading, shown(said)] for heading, said in notes(spectrum)],
        "columns": [
            {"name": name, "unit": UNITS[name], "said": HEADINGS[name], "values": spectrum.values(name)}
            for name in columns
        ],
        "points": [_point(spectrum, point) for point in spectrum.points],
        "figures": _figures(spectrum),
    }
    name = "" if spectrum.block else f" of {shown(spectrum.target)}"
    return page(f"From regular to depthwise separable convolutions{name}", data, "spectrum", ("words", "slider"))


def _point(spectrum: Spectrum, point: Point) -> dict[str, Any]:
    segments = len(point.partition) if point.partition else point.segments
    said = {"segments": str(segments), "name": point.name, "sizes": "", "equation": "", "panels": []}
    block = spectrum.block or spectrum.commonest
    drawn = (point, panel(spectrum.block, point)) if spectrum.block else commonest(spectrum, point)
    if not block or not drawn:
        return said
    inside, made = drawn
    panels = [picture("", "", [made], theme, turns=False) for theme in ("light", "dark")]
    return said | {"sizes": sizes(inside), "equation": equation(block, inside), "panels": panels}


def _figures(spectrum: Spectrum) -> list[dict[str, Any]]:
    """The Xception paper's Figures 1 to 4, light and dark, at those of the points that they are of."""
    themes = [at_stops(theme) for theme in ("light", "dark")]
    return [
        {"points": [i for i, point in enumerate(spectrum.points) if point.name.partition(",")[0] == name],
         "said": said, "panels": [theme[name] for theme in themes]}
        for name, said in zip(themes[0], ("Figures 1 to 3 of the paper", "Figure 4 of the paper"), strict=True)
    ]  # fmt: skip


def equation(block: Block, point: Point) -> str:
    """How the weights of the k x k convolutions come about; empty where that is not how they are counted."""
    area, squares = block.kernel_size**2, sum(size * size for size in point.partition)
    count = area * squares * block.depth_multiplier
    if count != point.values.get("spatial_params"):
        return ""
    counted = {size: point.partition.count(size) for size in dict.fromkeys(point.partition)}
    terms = [f"{many} × {size}²" if many > 1 else f"{size}²" for size, many in counted.items()]
    times = f" × {block.depth_multiplier}" if block.depth_multiplier > 1 else ""
    kernel = f"{block.kernel_size} × {block.kernel_size}"
    return f"{kernel} × ({' + '.join(terms)}){times} = {count:,}"
