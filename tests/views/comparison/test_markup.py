"""Markdown, LaTeX and HTML of a comparison: well-formed, and with names escaped."""

import re
from html.parser import HTMLParser

import pytest

from archscope.comparison.report import Comparison
from archscope.views import Options
from archscope.views.comparison import formats
from tests.graphs import report_of, six_layer_report, six_layers
from tests.views.tables.test_markup import HOSTILE, hostile

BOTH = Comparison((six_layer_report(), report_of(six_layers("twin"))))


def shown(comparison: Comparison, name: str, by: str = "") -> str:
    text = formats()[name](comparison, Options(by=by))
    assert isinstance(text, str)
    return text


def test_markdown_tables_have_equal_lines() -> None:
    for by in ("", "kind", "layer"):
        blocks = re.findall(r"(?:^\|.*\n)+", shown(BOTH, "markdown", by), re.M)
        assert blocks
        for block in blocks:
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(cells) == 1
            assert re.match(r"\| :---( \| ---:)+ \|$", block.splitlines()[1])


def test_latex_rows_fit_their_columns() -> None:
    text = shown(BOTH, "latex", "kind")
    tables = re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.S)
    assert len(tables) == 4
    for columns, body in tables:
        lines = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(columns) - 1}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_closed_and_has_no_script() -> None:
    tags = Tags(shown(BOTH, "html", "stage"))
    assert tags.open == []
    assert tags.seen.count("table") == 4
    assert "script" not in tags.seen


@pytest.mark.parametrize("name", ["markdown", "latex", "html"])
def test_names_are_escaped(name: str) -> None:
    text = shown(Comparison((hostile(), BOTH.reports[0])), name, "stage")
    assert HOSTILE not in text
    assert "a_b" in text.replace("\\", "")
