"""The page with a slider: what it holds. tests/views/explorer/test_in_chromium.py slides it."""

import json
import re

import pytest

import archscope
from archscope.continuum.points import Point, Spectrum
from archscope.views import Options, format_of, render
from archscope.views.spectrum.slider import equation
from tests.views.explorer.pages import held


def test_each_point_has_its_panel_and_its_weights_worked_out() -> None:
    spectrum = archscope.spectrum(channels=32, segments=[1, 3, 32])
    html = str(render(spectrum, "page", Options()))
    assert html.count("<script") == 2 and len(html) < 60_000
    data = held(html)
    assert [point["segments"] for point in data["points"]] == ["1", "3", "32"]
    for point in data["points"]:
        light, dark = point["panels"]
        assert light.startswith("<svg") and "style=" not in light + dark and light != dark
    assert data["points"][1]["equation"] == "3 × 3 × (2 × 11² + 10²) = 3,078"
    inception, separable = data["figures"]
    assert (inception["points"], separable["points"]) == ([1], [2])
    assert "Figure 3" in inception["panels"][0] and "Figure 4" in separable["panels"][1]
    (spatial,) = [column for column in data["columns"] if column["name"] == "spatial_params"]
    assert spatial["values"] == [9_216, 3_078, 288]


def test_no_equation_that_does_not_hold() -> None:
    spectrum = archscope.spectrum(channels=32, segments=[4])
    (point,) = spectrum.points
    assert spectrum.block
    assert equation(spectrum.block, point)
    assert equation(spectrum.block, Point(4, point.name, {"spatial_params": 1}, point.partition)) == ""


def test_a_network_has_the_panel_of_the_convolution_that_it_has_most_often() -> None:
    spectrum = archscope.spectrum("xception", [1, 16])
    assert spectrum.commonest and (spectrum.commonest.input_size, spectrum.times) == ((728, 19, 19), 26)
    assert spectrum == Spectrum.from_json(spectrum.to_json())
    data = held(str(render(spectrum, "page", Options())))
    for point in data["points"]:
        network = archscope.build("xception", {"segments": int(point["segments"])})
        spatial = [
            module for name, module in network.named_modules() if name.endswith("block1.body.segmentedconv1.spatial")
        ]
        weights = sum(parameter.numel() for parameter in spatial[-1].parameters())
        assert point["equation"].endswith(f"= {weights:,}") and f"{weights:,} weights in the 3×3" in point["panels"][0]
    assert data["points"][1]["sizes"] == "8 x 46 + 8 x 45"
    assert re.search("xception", data["target"])


def test_no_panels_where_widths_are_held_or_a_point_is_another_word() -> None:
    assert archscope.spectrum("mobilenet_v1", [1], hold="params").commonest is None
    spectrum = archscope.spectrum("resnext50_32x4d", ["cardinality"], input_size=(3, 64, 64))
    (point,) = held(str(render(spectrum, "page", Options())))["points"]
    assert (point["panels"], point["sizes"]) == ([], "")


@pytest.mark.parametrize(
    ("file", "kind", "name"), [("x.html", "report", "page"), ("x.html", "diff", "page"), ("x.html", "diagram", "html")]
)
def test_a_file_is_a_whole_page_where_there_is_one(file: str, kind: str, name: str) -> None:
    assert format_of(file, kind) == name
    assert "<script" not in archscope.spectrum(channels=32, segments=[4]).to_html()


def test_a_saved_network_of_no_segments_has_no_panel() -> None:
    data = archscope.spectrum("mobilenet_v1", [1], input_size=(3, 32, 32)).to_dict()
    data["points"][0]["segments"] = 0
    spectrum = Spectrum.from_json(json.dumps(data))
    (point,) = held(str(render(spectrum, "page", Options())))["points"]
    assert point["panels"] == []
