"""Markdown, LaTeX and HTML of a comparison: well-formed, and with names escaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from archscope.comparison.report import Comparison
from archscope.errors import ArchscopeError
from archscope.model.claims import Claim
from archscope.views import Options
from archscope.views.comparison import formats
from tests.graphs import in_paper, report_of, six_layer_report, six_layers
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


def test_latex_is_one_table_whose_caption_says_what_the_numbers_mean() -> None:
    many = Comparison(tuple(report_of(six_layers(f"net{i}")) for i in range(7)))
    text = shown(many, "latex")
    assert text.count(r"\begin{table}") == text.count(r"\label{") == 1
    assert text.count("MACs: multiply-accumulates of one image") == 1
    assert "ratio" not in text


@pytest.mark.parametrize("name", ["markdown", "latex", "html"])
def test_a_title_names_the_networks_or_how_many_there_are(name: str) -> None:
    few, many = (Comparison(tuple(report_of(six_layers(f"net{i:07d}")) for i in range(count))) for count in (3, 12))
    assert "net0000000, net0000001, net0000002" in shown(few, name)
    assert "12 networks, net0000000 to net0000011" in shown(many, name)
    assert "net0000000, net0000001" not in shown(many, name)
    if name == "latex":
        assert r"\label{tab:12-networks-net0000000-to-net0000011}" in shown(many, name)


@pytest.mark.parametrize("name", ["markdown", "latex", "html", "table"])
def test_weights_that_saw_other_data_have_a_dagger(name: str) -> None:
    convention = "ImageNet, fine-tuned from JFT-300M, percent"
    claimed = replace(BOTH.reports[0], claims=(Claim("top1_accuracy", 84.0, "Table 5", convention=convention),))
    text = shown(Comparison((claimed, BOTH.reports[1])), name)
    assert "†" in text.replace(r"\textdagger", "†") and "the weights saw other data" in text
    assert re.search(rf"{claimed.graph.name}(†|.textdagger)", text.replace("\\_", "_"))
    assert "†" not in shown(BOTH, name)


def test_readers_see_the_papers_names_and_programs_the_ids() -> None:
    both = Comparison((in_paper("inception_v3"), report_of(six_layers("nobody_s"))))
    for name in ("table", "latex", "markdown", "html"):
        assert "Inception-v3" in shown(both, name) and "inception_v3" not in shown(both, name)
        assert "nobody" in shown(both, name)
    for name in ("json", "csv"):
        assert "inception_v3" in shown(both, name) and "Inception-v3" not in shown(both, name)


def test_a_caption_says_once_that_accuracies_are_published() -> None:
    claims = (
        Claim("top1_accuracy", accuracy, f"Table {accuracy:.0f}", convention="ImageNet, percent")
        for accuracy in (70.0, 80.0)
    )
    text = shown(
        Comparison(tuple(replace(one, claims=(claim,)) for one, claim in zip(BOTH.reports, claims, strict=True))),
        "latex",
    )
    assert text.count("Published: ") == 1
    assert "Table 70" in text and "Table 80" in text


def test_a_source_of_all_networks_is_said_without_their_names() -> None:
    claim = Claim("top1_accuracy", 70.0, "Table 7", convention="ImageNet, percent")
    text = shown(Comparison(tuple(replace(report, claims=(claim,)) for report in BOTH.reports)), "latex")
    assert "Published: its paper's Table 7" in text


def test_columns_and_order_are_chosen() -> None:
    few = BOTH.chosen(["macs", "params"], sort="macs")
    assert [row.quantity.name for row in few.rows] == ["macs", "params"]
    with pytest.raises(ArchscopeError, match="no quantity of these networks named 'para'; did you mean params"):
        BOTH.chosen(["para"])
