"""Bars and tradeoff: what is drawn is what the reports say, and always the same bytes."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from archscope import roofline
from archscope.comparison.report import Comparison
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.networks import catalogue
from archscope.roofline import devices
from archscope.views import Options
from archscope.views.comparison import PLOTS, formats
from archscope.views.comparison.bars import COLORS, bars
from archscope.views.comparison.plot_style import ink_on
from archscope.views.comparison.stacks import FEATURE_MAPS, Panel, panels
from archscope.views.comparison.tradeoff import tradeoff
from archscope.views.diagram.paint.palette import DARK
from tests.graphs import report_of, six_layers, traced
from tests.views.tables.test_markup import hostile
from tests.zoo import NETWORKS


@cache
def three() -> Comparison:
    return Comparison((traced("xception"), traced("inception_v3"), traced("resnet50")))


@cache
def many() -> Comparison:
    return Comparison((*three().reports, *map(traced, ["vgg16", "googlenet", "mobilenet_v1", "resnext29_8x64d"])))


def shown(comparison: Comparison, name: str, plot: str) -> str | bytes:
    return formats()[name](comparison, Options(plot=plot))


def texts(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text"))}  # type: ignore[attr-defined]


# ---- both ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plot", PLOTS)
def test_svg(plot: str) -> None:
    svg = shown(three(), "svg", plot)
    assert isinstance(svg, str)
    ET.fromstring(svg)
    assert svg == shown(three(), "svg", plot)
    assert re.search(r">\s*Inception-v3\s*</text>", svg)
    assert "Helvetica, Arial" in svg
    assert not re.search("<script|<image|<dc:date|Matplotlib v", svg)


def test_names_in_scripts_that_the_font_lacks_are_written_without_a_warning() -> None:
    networks = Comparison(tuple(report_of(six_layers(name)) for name in ("网络", "網路")))
    assert "网络" in str(shown(networks, "svg", "bars"))


@pytest.mark.parametrize("plot", PLOTS)
def test_png_and_pdf(plot: str) -> None:
    for name, begins in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        made = shown(three(), name, plot)
        assert isinstance(made, bytes)
        assert made.startswith(begins)
        assert made == shown(three(), name, plot)


def test_html_has_the_picture() -> None:
    html = shown(three(), "html", "tradeoff")
    assert isinstance(html, str)
    assert html.count("<svg") == 1
    assert "Top-1 accuracy on ImageNet" in html


@pytest.mark.parametrize("plot", PLOTS)
def test_names_are_only_text(plot: str) -> None:
    odd = replace(traced("xception"), graph=replace(traced("xception").graph, name=hostile().graph.name))
    svg = shown(Comparison((odd, traced("inception_v3"))), "svg", plot)
    assert isinstance(svg, str)
    assert hostile().graph.name in "".join(ET.fromstring(svg).itertext())


@pytest.mark.parametrize("plot", PLOTS)
def test_a_long_name_leaves_room_for_the_plot(plot: str) -> None:
    long = replace(traced("xception"), graph=replace(traced("xception").graph, name="x" * 300))
    svg = shown(Comparison((long, traced("inception_v3"))), "svg", plot)
    assert isinstance(svg, str)
    assert re.search(r">\s*x{5,60}…x{5,60}\s*</text>", svg)


@pytest.mark.parametrize("plot", PLOTS)
def test_a_variants_options_are_broken_at_their_commas_and_not_cut(plot: str) -> None:
    options = ["width_multiplier=0.5", "middle_blocks=4", "fully_connected=True"]
    graph = replace(traced("xception").graph, name=f"xception?{'&'.join(options)}")
    made = (bars if plot == "bars" else tradeoff)(Comparison((replace(traced("xception"), graph=graph),)))
    (axes, *_) = made.axes
    said = [text.get_text() for text in (*axes.texts, *axes.get_yticklabels())]
    assert any(text.replace("\n", " ") == ", ".join(["Xception", *options]) and "\n" in text for text in said)


def test_many_networks_are_plotted_by_accuracy() -> None:
    assert shown(many(), "svg", "") == shown(many(), "svg", "tradeoff")
    assert shown(three(), "svg", "") == shown(three(), "svg", "bars")


@pytest.mark.parametrize("plot", PLOTS)
def test_the_picture_turns_dark_with_its_page(plot: str) -> None:
    """Ground, words and lines; the bars stay, and what is written on them does."""
    svg = str(shown(three(), "svg", plot))
    (rules,) = re.findall(r"<style>@media screen and \(prefers-color-scheme:dark\){(.*)}</style>", svg)
    turned = dict(re.findall(r'(\w+\[style\*="[^"]*"\])\{\w+:(#\w+)!important\}', rules))
    assert turned['path[style*="fill: #ffffff"]'] == DARK.ground
    assert turned['text[style*="fill: #1b1f24"]'] == DARK.ink
    assert not {f'text[style*="fill: {ink_on(color)}"]' for color in ("#FFFFFF", "#000000")} & turned.keys()
    assert not {f'path[style*="fill: {color.lower()}"]' for color in COLORS.values()} & turned.keys()


@pytest.mark.parametrize("plot", PLOTS)
def test_a_shape_that_is_used_again_turns_too(plot: str) -> None:
    """The borders of circles stayed dark blue on a dark ground: browsers match no rule within what `use` repeats."""
    root = ET.fromstring(str(shown(three(), "svg", plot)))
    shapes = {path.get("id", ""): path for path in root.findall(".//{*}path") if path.get("id")}
    uses = [use for use in root.findall(".//{*}use") if use.get("{http://www.w3.org/1999/xlink}href", "")[1:] in shapes]
    assert shapes and len(uses) >= len(shapes)
    assert not [path for path in shapes.values() if path.get("style")]
    assert all(use.get("style") for use in uses)


def test_ink_is_read_on_every_colour() -> None:
    assert ink_on("#FFFFFF") != ink_on("#000000")


# ---- bars ------------------------------------------------------------------------------------------------------


def lengths(axes: Axes) -> dict[int, float]:
    """The length of each network's bar."""
    found: dict[int, float] = {}
    for bar in axes.patches:
        assert isinstance(bar, Rectangle)
        y = round(bar.get_y() + bar.get_height() / 2)
        found[y] = found.get(y, 0) + bar.get_width()
    return found


def test_bars_are_as_long_as_the_totals() -> None:
    parameters, macs, memory = bars(three()).axes
    for axes, name, unit in ((parameters, "params", 1e6), (macs, "macs", 1e9), (memory, "peak_memory_bytes", 2**20)):
        expected = {i: report.totals[name] / unit for i, report in enumerate(three().reports)}
        assert lengths(axes) == pytest.approx(expected)
    assert [axes.get_title("left") for axes in (parameters, macs, memory)] == [
        "Parameters (M)", "MACs of one image (G)", "Inference memory, batch 1 (MiB)",
    ]  # fmt: skip


def test_every_kind_has_a_colour_of_its_own() -> None:
    assert len(set(COLORS.values())) == len(COLORS)
    stacks = [stack for panel in panels(many().reports) for stack in panel.stacks]
    assert {kind for stack in stacks for kind in stack} <= set(COLORS)


def test_numbers_fit_beside_their_bars() -> None:
    figure = bars(three())
    renderer = FigureCanvasAgg(figure).get_renderer()
    for axes in figure.axes:
        for text in axes.texts:
            assert text.get_window_extent(renderer).x1 <= axes.get_window_extent(renderer).x1 + 1


def test_a_prediction_is_a_panel_more() -> None:
    ceilings = [devices.find("h200").ceilings]
    predicted = Comparison(tuple(roofline.predict(report, ceilings, "tf32", 8) for report in three().reports))
    *_, time = panels(predicted.reports)
    assert time.title == f"Lower bound on the time, {ceilings[0].device}, batch 8"
    assert time.totals == pytest.approx([report.totals["bound_ms"] for report in predicted.reports])
    assert len(bars(predicted).axes) == 4


def test_memory_is_weights_and_feature_maps() -> None:
    memory = panels([traced("vgg16")])[2]
    totals = traced("vgg16").totals
    assert memory.stacks[0][FEATURE_MAPS] == totals["peak_memory_bytes"] - totals["weight_bytes"]
    assert memory.totals == [totals["peak_memory_bytes"]]


@pytest.mark.parametrize(
    ("unit", "value", "axis"),
    [("MACs", 8.4e9, (1e9, "G")), ("bytes", 3 * 2**30, (2**30, "GiB")), ("bytes", 0, (1, "B")), ("ms", 3, (1, "ms"))],
)
def test_axes_count_in_units_of_their_longest_bar(unit: str, value: float, axis: tuple[float, str]) -> None:
    assert Panel("", unit, [{"1x1": value}, {}]).axis == axis


# ---- tradeoff --------------------------------------------------------------------------------------------------


def test_bubbles_are_where_the_numbers_are() -> None:
    (axes,) = tradeoff(three()).axes
    centres = {tuple(part.get_offsets()[0]) for part in axes.collections if isinstance(part, PathCollection)}
    macs = [report.totals["macs"] for report in three().reports]
    assert centres == set(zip(macs, (79.0, 78.2, 75.3), strict=True))


def test_a_narrow_family_has_numbers_enough_on_its_axis() -> None:
    family = Comparison(tuple(traced(name) for name in ("densenet121", "densenet201")))
    axes = tradeoff(family).axes[0]
    assert sum(axes.get_xlim()[0] < tick < axes.get_xlim()[1] for tick in axes.get_xticks()) >= 2
    assert {3e9, 4e9} <= {*axes.get_xticks()}


def test_areas_are_as_the_parameters() -> None:
    (axes,) = tradeoff(many()).axes
    areas: Mapping[float, float] = {
        part.get_offsets()[0][0]: max(part.get_sizes()[0], 3) for part in reversed(axes.collections)
        if isinstance(part, PathCollection) and part.get_sizes()[0] > 3
    }  # fmt: skip
    one, other = traced("vgg16").totals, traced("xception").totals
    assert areas[one["macs"]] / areas[other["macs"]] == pytest.approx(one["params"] / other["params"])


def everything() -> tuple[Report, ...]:
    known = [name for name in NETWORKS if any(c.quantity.startswith("top1") for c in catalogue()[name].claims)]
    return tuple(map(traced, known))


def test_labels_of_the_whole_catalogue_keep_apart() -> None:
    comparison = Comparison(everything())
    figure = tradeoff(comparison)
    (axes,) = figure.axes
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert len(boxes) >= 12
    (front,) = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) > 2]
    named = {text.get_text().removesuffix("†") for text in axes.texts}
    on_front = [label for label, best in zip(comparison.names, comparison.front, strict=True) if best]
    assert set(on_front) <= named and len(front) == len(on_front)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    frame = axes.get_window_extent(renderer)
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)


def test_what_is_left_out_is_said() -> None:
    notes = "\n".join(texts(tradeoff(many())))
    assert "Not shown, for want of such an accuracy: ResNeXt-29 (8x64d)." in notes
    assert "MobileNet: its paper's Table 4 (ImageNet, protocol not stated)" in notes.replace("\n", " ")
    assert "dashed: another protocol, or not stated" in notes
    assert "dashed: another protocol, or not stated" not in texts(tradeoff(three()))


def test_notes_begin_under_the_axes_and_fit() -> None:
    figure = tradeoff(many())
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.texts]
    below = figure.axes[0].get_tightbbox(renderer).y0 - max(box.y1 for box in boxes)
    assert 0 <= below < 2 * boxes[0].height
    assert max(box.x1 for box in boxes) < figure.bbox.x1


def test_nothing_to_plot() -> None:
    with pytest.raises(ArchscopeError, match="no published top-1 accuracy"):
        tradeoff(Comparison((report_of(six_layers()),)))


@pytest.mark.parametrize("suffix", ["tex", "csv", "txt"])
def test_a_plot_in_a_file_that_has_none_is_refused_rather_than_left_out(tmp_path: Path, suffix: str) -> None:
    """The table was written in silence."""
    made = Comparison((report_of(six_layers()),) * 2)
    with pytest.raises(ArchscopeError, match=r"plot='tradeoff' is a picture: save it to a .svg, .png, .pdf or .html"):
        made.save(tmp_path / f"x.{suffix}", plot="tradeoff")
    assert not list(tmp_path.iterdir())
    made.save(tmp_path / f"x.{suffix}")
