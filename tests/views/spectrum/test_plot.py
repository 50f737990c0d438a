"""Pictures: texts stay in their boxes, strips add up to the channels, what is printed was traced, bytes repeat."""

import re
import xml.etree.ElementTree as ET
from functools import cache
from itertools import pairwise

import pytest

import archscope
from archscope.continuum.paper_figures import paper_figures
from archscope.continuum.points import Spectrum
from archscope.errors import ArchscopeError
from archscope.model.segments import equal_partition
from archscope.views import Options, render
from archscope.views.diagram.paint.palette import THEMES
from archscope.views.spectrum.canvas import PANEL, columns_for
from archscope.views.spectrum.panels import panels, strips_of
from archscope.views.spectrum.paper_figures import CANONICAL, SIMPLIFIED, at_stops, branches

SVG = "{http://www.w3.org/2000/svg}"
BLOCKS = {
    "twelve": {"channels": 12, "segments": [1, 3, 4, 5, 12]},
    "wide": {"channels": 728, "segments": [1, 3, 11, 13, 91, 728, (700, 1, 1, 26)]},
    "separable": {"channels": 64, "segments": [1, 64], "order": "depthwise-first", "activation": "elu"},
    "multiplied": {"channels": 8, "segments": [1, 3, 8], "depth_multiplier": 2, "kernel_size": 5, "stride": 2},
    "held": {"channels": 32, "segments": [1, 4, 32], "hold": "params"},
}


@cache
def block(name: str) -> Spectrum:
    return archscope.spectrum(**BLOCKS[name])


@cache
def root_of(name: str, theme: str = "light") -> ET.Element:
    svg = paper_figures().to_svg(theme=theme) if name == "figures" else panels(block(name), theme)
    return ET.fromstring(svg)


def texts(element: ET.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def span(text: ET.Element) -> tuple[float, float]:
    """Left and right end; every text of these pictures is set around its middle."""
    assert text.get("text-anchor") == "middle"
    middle, width = float(text.attrib["x"]), float(text.attrib["textLength"])
    return middle - width / 2, middle + width / 2


def sides(rect: ET.Element) -> tuple[float, float, float, float]:
    left, top, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
    return left, top, left + width, top + height


@pytest.mark.parametrize("name", [*BLOCKS, "figures"])
def test_text_stays_in_its_box_and_panel(name: str) -> None:
    root = root_of(name)
    rects = [sides(rect) for rect in root.iter(f"{SVG}rect") if rect.get("x")]
    width = float(root.attrib["width"])
    for text in root.iter(f"{SVG}text"):
        left, right = span(text)
        y = float(text.attrib["y"])
        assert left >= 0
        assert right <= width
        around = [box for box in rects if box[0] < (left + right) / 2 < box[2] and box[1] < y < box[3]]
        for box in around:
            assert box[0] <= left + 0.01, text.text
            assert right <= box[2] + 0.01, text.text


@pytest.mark.parametrize("name", BLOCKS)
def test_strips_add_up_to_the_channels(name: str) -> None:
    spectrum = block(name)
    multiplier = spectrum.block.depth_multiplier if spectrum.block else 1
    panel_groups = [group for group in root_of(name).findall(f"{SVG}g")]
    assert len(panel_groups) == len(spectrum.points)
    for group, point in zip(panel_groups, spectrum.points, strict=True):
        strips = [strip for strip in group.findall(f"{SVG}g") if strip.get("data-channels")]
        rows: dict[float, int] = {}
        for strip in strips:
            rect = strip.find(f"{SVG}rect")
            assert rect is not None
            rows[sides(rect)[1]] = rows.get(sides(rect)[1], 0) + int(strip.attrib["data-channels"])
        channels = sum(point.partition)
        assert list(rows.values()) == [channels, channels * multiplier]


@pytest.mark.parametrize("name", BLOCKS)
def test_what_is_printed_was_traced(name: str) -> None:
    for group, point in zip(root_of(name).findall(f"{SVG}g"), block(name).points, strict=True):
        said = texts(group)
        kernel = "5×5" if name == "multiplied" else "3×3"
        assert f"{point.values['spatial_params']:,} weights in the {kernel}" in said
        assert any(f"with the 1×1: {point.values['params']:,} weights" in line for line in said)
        assert point.name in said
        assert f"{len(point.partition)} segment" + ("s" if len(point.partition) > 1 else "") in said


@pytest.mark.parametrize("count", [1, 2, 12, 13, 728])
def test_strips_are_side_by_side_and_name_every_segment(count: int) -> None:
    strips = strips_of(equal_partition(728, count), 10.0, 250.0)
    assert strips[0].left == 10.0
    assert strips[-1].right == pytest.approx(250.0)
    assert all(one.right == pytest.approx(two.left) for one, two in pairwise(strips))
    assert sum(max(strip.between, 1) for strip in strips) == count
    assert strips[-1].number == count - 1


def test_equal_segments_are_equally_wide_and_larger_ones_wider() -> None:
    strips = strips_of((64, 128, 32, 32), 0.0, 200.0)
    widths = [strip.right - strip.left for strip in strips]
    assert widths[1] > widths[0] > widths[2] == pytest.approx(widths[3])


def test_order_and_activation_are_drawn() -> None:
    said = texts(root_of("separable").findall(f"{SVG}g")[0])
    assert said.index("64 channels in 1 segment") < said.index("ELU") < said.index("Conv 1×1")
    said = texts(root_of("twelve").findall(f"{SVG}g")[0])
    assert said.index("Conv 1×1") < said.index("12 channels in 1 segment")


def test_the_figures_of_the_paper() -> None:
    traced = paper_figures()
    assert branches(traced.canonical) == CANONICAL
    assert branches(traced.simplified) == SIMPLIFIED
    assert traced.simplified.totals["params"] == traced.segmented.points[0].values["params"] == 576
    assert [len(point.partition) for point in traced.segmented.points] == [3, 12]
    said = texts(root_of("figures"))
    assert said.count("576 weights") == 2
    assert [f"Figure {i}" in said for i in range(1, 6)] == [True] * 4 + [False]


def test_the_figures_at_their_stops_are_those_that_are_traced() -> None:
    first, last = (ET.fromstring(svg) for svg in at_stops("light").values())
    assert list(at_stops("light")) == ["Inception-like", "depthwise separable"]
    assert {text for text in texts(root_of("figures")) if not text.startswith(("From an", "The argument"))} == {
        *texts(first), *texts(last)
    }  # fmt: skip


def luminance(color: str) -> float:
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_hues_can_be_told_from_their_borders_and_read_on(theme: str) -> None:
    for i in range(12):
        fill, border = (THEMES[theme].color(f"hue-{1000 * i // 12}-{part}") for part in ("fill", "line"))
        assert contrast(fill, border) > 3
        assert contrast(fill, THEMES[theme].ink) > 7


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (5, 5), (6, 3), (7, 4), (8, 4), (9, 3), (10, 5)])
def test_rows_leave_few_places_empty(count: int, columns: int) -> None:
    assert columns_for(count) == columns
    assert PANEL * columns < 1400


@pytest.mark.parametrize("theme", THEMES)
def test_the_same_spectrum_gives_the_same_bytes(theme: str) -> None:
    one, two = (panels(archscope.spectrum(channels=12, segments=[1, 12]), theme) for _ in range(2))
    assert one == two
    assert THEMES[theme].ground in one


# ---- curves ------------------------------------------------------------------------------------------------------


def with_latency() -> Spectrum:
    """Times that do not follow the MACs; made up, as no test measures."""
    saved = archscope.spectrum(channels=16).to_dict()
    for i, point in enumerate(saved["points"]):
        point |= {"latency_ms": 4.0 - 0.1 * i, "latency_p95_ms": 5.0}
    import json

    return Spectrum.from_json(json.dumps(saved))


def test_a_curve_names_its_lines_points_and_setting() -> None:
    svg = render(with_latency(), "svg")
    said = " ".join(re.findall(r">([^<>\n]+)</(?:text|tspan)>", svg))
    for words in ("Parameters 400", "MACs 490.0 k", "Latency 3.50 ms", "Inception-", "separable", "promise"):
        assert words in said, words
    assert svg == render(with_latency(), "svg", Options(plot="curve"))


def test_networks_have_curves_and_panels_of_their_commonest_convolution() -> None:
    network = archscope.spectrum("mobilenet_v1", [1, 3, "depthwise"], input_size=(3, 32, 32))
    assert "depthwise" in render(network, "svg")
    svg = network.to_svg(plot="panels")
    for said in ("2,359,296 weights", "786,438 weights", "4,608 weights", "one of the network's 5 of 512x2x2"):
        assert said in svg, said
    held = archscope.spectrum("mobilenet_v1", [1], input_size=(3, 32, 32), hold="params")
    with pytest.raises(ArchscopeError, match="widths are not held"):
        held.to_svg(plot="panels")


@pytest.mark.parametrize("plot", ["panels", "curve"])
def test_png(plot: str) -> None:
    assert render(block("held"), "png", Options(plot=plot, theme="print")).startswith(b"\x89PNG")


def test_a_curve_of_one_point_or_of_partitions_alone() -> None:
    for segments in ([3], [(5, 2, 1)], [(5, 2, 1), (4, 3, 1)]):
        assert render(archscope.spectrum(channels=8, segments=segments), "svg", Options(plot="curve"))
