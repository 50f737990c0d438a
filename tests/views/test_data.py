"""JSON that every reader takes, CSV that no spreadsheet runs, and names from outside in every format."""

import csv
import json
import math
import re
from io import StringIO

import pytest

from archscope.comparison.report import Comparison
from archscope.model.report import Report
from archscope.views import Options, formats, render
from archscope.views.data import to_csv, to_json
from tests.graphs import Net, report_of

ESCAPES = "a\x1b]0;owned\x07\x1b[2J\u202eb\x9b31m\u2066"
LINK = "![x](http://example.org/x.png) <img src=x> www.example.org"


def test_json_holds_only_numbers() -> None:
    text = to_json({"a": [math.nan, {"b": -math.inf}], "c": 1.5})

    assert json.loads(text) == {"a": [None, {"b": None}], "c": 1.5}


def test_json_escapes_what_cannot_be_shown() -> None:
    text = to_json({ESCAPES: "\ud800é\n"})

    assert json.loads(text) == {ESCAPES: "\ud800é\n"}
    assert "é" in text
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\ud800"} & set(text)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\n=1", "\uff1d1+1"])
def test_no_cell_of_text_is_a_formula(cell: str) -> None:
    (row,) = csv.reader(StringIO(to_csv([[cell, -3, 2.5, None, [3, 4]]])))

    assert row == [f"'{cell}", "-3", "2.5", "", "3x4"]


def hostile(name: str) -> Report:
    net = Net(input=(4, 8, 8))
    net.conv(name, "input", 4, 1)
    return report_of(net.graph(name, notes=(name,)), title=name)


MOVING = {"\x1b", "\x07", "\x9b", "\u202e", "\u2066"}


@pytest.mark.parametrize("kind", ["report", "comparison"])
def test_no_format_moves_a_cursor(kind: str) -> None:
    report = hostile(ESCAPES)
    result = report if kind == "report" else Comparison((report, report))
    made = {name: render(result, name) for name in formats(kind)}

    assert [name for name, text in made.items() if isinstance(text, str) and MOVING & set(text)] == []


def test_colours_are_archscopes_own() -> None:
    text = str(render(hostile("a\x1b[31mb"), "table", Options(color=True)))

    assert "\x1b" in text
    assert "a?[31mb" in text


def test_markdown_links_nothing() -> None:
    text = hostile(LINK).to_markdown()

    assert "![" not in text
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "://" not in text
    assert "www." not in text
    assert "<" not in text
