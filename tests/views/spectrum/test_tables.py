"""Every table says what the points hold, in every format."""

import csv
import json
from functools import cache
from io import StringIO
from time import process_time

import pytest

import archscope
from archscope.continuum.points import Point, Spectrum
from archscope.views import Options
from archscope.views.spectrum import formats


@cache
def block() -> Spectrum:
    return archscope.spectrum(segments=[1, 3, 32, (64, 128, 32, 32), 256])


@cache
def held() -> Spectrum:
    return archscope.spectrum(segments=[1, 3, 256], hold="params", activation="relu", order="depthwise-first")


def shown(name: str, spectrum: Spectrum, **options: int) -> str:
    return formats()[name](spectrum, Options(**options))


def test_table(snapshot: object) -> None:
    snapshot(shown("table", block()), "spectrum.txt")  # type: ignore[operator]


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_a_narrow_terminal_leaves_out_columns_and_cuts_no_name(width: int) -> None:
    text = shown("table", block(), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "ResNeXt-like, cardinality 32  " in text
    assert "655.4 k" in text
    for column, least in {"589.8 k": 80, "7.3 MiB": 80, "65,536": 100, "210.2": 100, "86 + 2 x 85": 160}.items():
        assert (column in text) == (width >= least)
    assert ("Not shown" in text) == (width < 160)


def test_what_is_held_is_said() -> None:
    text = shown("table", held())
    assert "256x35x35: 3x3 over segments of 256, ReLU, 1x1 to 256" in text
    assert "67,840 parameters, those of the depthwise separable block; every point within 0.8" in text
    assert "Channels" in text


@pytest.mark.parametrize("name", ["table", "csv", "markdown"])
def test_time_grows_with_the_points(name: str) -> None:
    point = Point(1, "one", {"params": 5, "macs": 7}, (3, 3))
    many = Spectrum("many", (point,) * 5_000, {"device": "meta", "dtype": "float32", "batch": 1})
    started = process_time()
    shown(name, many)
    assert process_time() - started < 3  # 0.1; with the square of them 20


def test_csv_is_exact() -> None:
    rows = list(csv.DictReader(StringIO(shown("csv", block()))))
    assert [row["segments"] for row in rows] == ["1", "3", "4", "32", "256"]
    assert [int(row["params"]) for row in rows] == block().values("params")
    assert rows[2]["partition"] == "64 128 32 32"


def test_json_has_the_contract() -> None:
    data = json.loads(shown("json", block()))
    assert data["schema"] == "archscope.spectrum/1"
    assert data["points"][0] == {
        "segments": 1, "name": "regular convolution", "partition": [256], "params": 655_360, "macs": 802_816_000,
        "bytes_moved": 7_639_040, "intensity": pytest.approx(210.19, abs=0.01), "spatial_params": 589_824,
        "pointwise_params": 65_536,
    }  # fmt: skip


def test_markup_has_a_row_a_point() -> None:
    markdown, latex, html = (shown(name, block()) for name in ("markdown", "latex", "html"))
    assert "| 4 | Inception-like | 64 + 128 + 2 x 32 | 268.3 k | 202.8 k | 65,536 |" in markdown
    assert r"4 & Inception-like & 64 + 128 + 2 x 32 & 268.3 k & 202.8 k & 65,536 &" in latex
    assert "<td>64 + 128 + 2 x 32</td><td>268.3 k</td>" in html
    assert (markdown.count("\n| "), latex.count(" \\\\\n"), html.count("<tr>")) == (5 + 1 + 1, 5 + 1, 5 + 1)
    assert "<script" not in html


def test_a_network_has_no_sizes() -> None:
    network = archscope.spectrum("mobilenet_v1", [1, "depthwise"], options={"width_multiplier": 0.5})
    for name in ("table", "markdown", "latex", "html"):
        text = shown(name, network)
        assert "Sizes" not in text
        assert "depthwise separable, as published" in text
        assert "0.5" in text


def test_points_of_as_many_segments_are_told_apart_by_their_sizes() -> None:
    text = shown("table", archscope.spectrum(segments=[(64, 128, 32, 32), 4]), width=80)
    assert "64 + 128 + 2 x 32" in text
    assert "Not shown  Pointwise, Ops/byte: " in text
