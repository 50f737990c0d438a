import csv
import json
from collections.abc import Callable
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest

from archscope.errors import ArchscopeError
from archscope.model.report import Column, Report, summed
from tests.graphs import NETWORKS, Net, layer_totals, report_of, six_layer_report, six_layers, traced

SIX = six_layer_report()


@pytest.mark.parametrize("name", NETWORKS)
def test_json_round_trip(name: str) -> None:
    report = traced(name)
    read = Report.from_json(report.to_json())

    assert read.graph == report.graph
    assert dict(read.columns) == dict(report.columns)
    assert list(read.columns) == list(report.columns)
    assert (read.setting, read.claims, read.title) == (report.setting, report.claims, report.title)
    assert str(read) == str(report)
    assert read.to_json() == report.to_json()


@pytest.mark.parametrize("name", NETWORKS)
def test_contract_for_programs(name: str) -> None:
    """DESIGN.md, section 8."""
    report = traced(name)
    data = json.loads(report.to_json())

    assert data["schema"] == "archscope.report/2"
    assert data["network"] == data["target"] == name
    assert data["input_shape"] == [3, 299, 299]
    assert data["setting"].keys() >= {"device", "dtype", "batch", "mode", "archscope", "torch", "date"}
    assert data["totals"].keys() >= {
        "params", "buffers", "macs", "flops", "unused_params", "receptive_field", "peak_memory_bytes"}  # fmt: skip
    assert data["totals"]["flops"] == 2 * data["totals"]["macs"]
    for layer in data["layers"]:
        assert layer.keys() >= {"name", "kind", "inputs", "output_shape", "params", "macs"}
    assert [layer["name"] for layer in data["layers"]] == [layer.name for layer in report.graph.layers]


def test_json_of_the_first_layer_of_xception() -> None:
    """The example of DESIGN.md, section 8."""
    first = json.loads(traced("xception").to_json())["layers"][0]
    side = (299 - 3) // 2 + 1

    assert (first["name"], first["kind"], first["inputs"]) == ("entry_flow.conv1.conv", "Conv2d", ["input"])
    assert first["output_shape"] == [32, side, side]
    assert first["params"] == 32 * 3 * 3 * 3
    assert first["macs"] == first["params"] * side**2


def test_several_inputs() -> None:
    net = Net(left=(4, 8, 8), right=(4, 8, 8))
    net.add("add", "add", "left", "right")
    report = report_of(net.graph())
    data = json.loads(report.to_json())

    assert data["input_shape"] == [[4, 8, 8], [4, 8, 8]]
    assert Report.from_json(report.to_json()).graph == report.graph


def test_unknown_values_stay_unknown() -> None:
    net = Net(input=(4, 8, 8))
    net.add("mystery", "linalg_inv", "input")
    report = report_of(net.graph())

    assert json.loads(report.to_json())["layers"][0]["macs"] is None
    assert Report.from_json(report.to_json()).columns["macs"].values == {"mystery": None}
    assert next(csv.DictReader(StringIO(report.to_csv())))["macs"] == ""


# ---- what is no report -----------------------------------------------------------------------------------------


def changed(**entries: Any) -> str:
    return json.dumps(json.loads(SIX.to_json()) | entries)


def without(*path: str) -> str:
    data = json.loads(SIX.to_json())
    place = data
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no complete JSON"),
        (SIX.to_json()[: len(SIX.to_json()) // 2], "no complete JSON"),
        ("[" * 100_000, "no complete JSON"),
        ("[]", "no archscope report"),
        ("7", "no archscope report"),
        ('{"layers": []}', "no archscope report"),
        (changed(schema="archscope.compare/1"), "some.json holds archscope.compare/1"),
        (changed(schema="archscope.report/x"), "some.json holds archscope.report/x"),
        (changed(schema=None), "no archscope report"),
        (changed(schema="archscope.report/3"), "upgrade archscope"),
        (without("layers"), "broken"),
        (without("setting", "batch"), "broken"),
        (without("totals", "macs"), "broken"),
        (without("columns", "operations"), "broken"),
        (changed(layers=[{"name": "x"}]), "broken"),
        (changed(layers=7), "broken"),
        (changed(blocks=None), "broken"),
        (changed(parameters=[]), "broken"),
        (changed(claims=[{"nothing": 1}]), "broken"),
        (changed(totals={}), "broken"),
    ],
)
def test_anything_else_is_an_error_of_one_line(text: str, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said) as caught:
        Report.from_json(text, "some.json")

    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("some.json ")


# ---- other forms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_csv_columns_sum_to_totals(name: str) -> None:
    report = traced(name)
    rows = list(csv.DictReader(StringIO(report.to_csv())))

    assert [row["name"] for row in rows] == [layer.name for layer in report.graph.layers]
    totals = layer_totals(report)
    assert {column: sum(int(row[column]) for row in rows) for column in totals} == totals


def test_pandas() -> None:
    pytest.importorskip("pandas")
    frame = SIX.to_pandas()

    assert list(frame.index) == [layer.name for layer in SIX.graph.layers]
    assert frame["macs"].sum() == SIX.totals["macs"]
    assert frame.loc["stem", "params"] == 8 * 3 * 3 * 3 + 8


def test_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)

    with pytest.raises(ArchscopeError, match="pip install pandas"):
        SIX.to_pandas()


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        assert all(not name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_escapes_names() -> None:
    hostile = '<script>alert("&amp;")</script>'
    net = Net(input=(4, 8, 8))
    net.conv(f"{hostile}.conv", "input", 4, 1)
    net.add('x" onclick="alert(1)', "relu", "input", kind=hostile)
    report = report_of(net.graph(hostile, notes=(hostile,)), title=hostile)
    shown = Tags(report._repr_html_())

    assert "script" not in shown.tags
    assert shown.text.count(hostile) >= 4  # heading, title, a row, an operation, the note
    assert "table" in shown.tags


def test_str_is_plain() -> None:
    assert "\x1b" not in str(SIX)
    assert str(SIX).splitlines()[0].startswith("six_layers   3x64x64 to 8x1x1")


# ---- values ------------------------------------------------------------------------------------------------------


def of(column: Column) -> Callable[..., Any]:
    report = Report(six_layers(), {column.name: column}, {"batch": 1}, "x")
    return lambda *layers: report.value(column.name, list(layers))


def test_a_sum_leaves_out_what_is_unknown() -> None:
    value = of(summed("x", "unit", {"a": 1, "b": None, "c": 3}))

    assert value("a", "b", "c") == 4
    assert value("b") is None
    assert value() is None
    assert summed("x", "unit", {"a": 1, "b": None}).total == 1


def test_maximum_and_last() -> None:
    values = {"a": 5, "b": 2, "c": None}

    assert of(Column("x", "unit", 5, values, "max"))("a", "b", "c") == 5
    assert of(Column("x", "unit", 2, values, "last"))("a", "b") == 2
    assert of(Column("x", "unit", 2, values, "last"))("a", "c") is None


def test_table_columns_have_values_by_layer() -> None:
    assert "macs" in SIX.table_columns
    assert "depth" not in SIX.table_columns
    assert SIX.totals["depth"] == 3
