"""Markdown, LaTeX and HTML: what they share, and what each must escape."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from archscope.model.report import Report
from archscope.views import DEFAULT_COLUMNS, Options, render
from archscope.views.tables.rows import rows
from tests.graphs import NETWORKS, Net, layer_totals, report_of, six_layer_report, traced
from tests.views.reading import Line, added_up, number

SIX = six_layer_report()
TIMES = "\u00d7"
SUFFIXES = {"markdown": "md", "latex": "tex", "html": "html"}
HOSTILE = r"a_b|c&d%e{f}g#h$i~j^k\l*m"


def hostile() -> Report:
    net = Net(input=(3, 8, 8))
    net.add(f"{HOSTILE}.relu", "relu", net.conv(f"{HOSTILE}.conv", "input", 4, 1), kind=HOSTILE)
    net.blocks[HOSTILE] = HOSTILE
    return report_of(net.graph(HOSTILE, notes=(HOSTILE,)), title=HOSTILE)


@pytest.mark.parametrize("name", SUFFIXES)
def test_snapshot(name: str, snapshot: Callable[[str, str], None]) -> None:
    snapshot(render(SIX, name), f"summary.{SUFFIXES[name]}")


# ---- read back ---------------------------------------------------------------------------------------------------


def of_markdown(text: str) -> list[Line]:
    found = []
    for line in text.splitlines():
        if not line.startswith("| ") or line.startswith(("| Layer", "| :---")):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        found.append(Line(cells[0].count("&emsp;"), repeat(cells[1]), cells))
    return found


def of_latex(text: str) -> list[Line]:
    _, long, body = text.partition(r"\endfoot")  # of a table that goes over pages
    body = body if long else text.partition(r"\midrule")[2].partition(r"\bottomrule")[0]
    found = []
    for line in filter(None, map(str.strip, body.partition(r"\end{")[0].splitlines())):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix(r"\\"))]
        found.append(
            Line(cells[0].count(r"\quad"), repeat(cells[1].replace(r"$\times$", TIMES).replace("$", "")), cells)
        )
    return found


class Cells(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.indents: list[float] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
            self.indents += [float(style[1]) for _, said in attrs if (style := re.search(r"left: ([\d.]+)em", said))]

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def of_html(text: str) -> list[Line]:
    read = Cells(text.partition("</table>")[0])
    filled = [row for row in read.rows if row]
    levels = {indent: level for level, indent in enumerate(sorted(set(read.indents)))}
    return [Line(levels[indent], repeat(row[1]), row) for indent, row in zip(read.indents, filled, strict=True)]


def repeat(operation: str) -> int:
    times = re.search(rf"{TIMES}(\d+), each", operation)
    return int(times[1]) if times else 1


READERS = {"markdown": of_markdown, "latex": of_latex, "html": of_html}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("form", READERS)
def test_printed_columns_add_up(name: str, form: str) -> None:
    report = traced(name)
    lines = READERS[form](render(report, form, Options(("params", "macs"))))

    for i, column in enumerate(("params", "macs")):
        total = added_up(lines, lambda line, i=i: number(line.cells[i + 2]))
        assert total == pytest.approx(layer_totals(report)[column], rel=1e-3)


@pytest.mark.parametrize("form", READERS)
def test_every_format_has_the_rows_of_the_table(form: str) -> None:
    lines = READERS[form](render(SIX, form))
    expected = rows(SIX, Options(DEFAULT_COLUMNS))

    assert [line.level for line in lines] == [len(row.lines) // 2 for row in expected]
    assert [line.repeat for line in lines] == [row.repeat for row in expected]
    assert [[cell.replace("\\", "") for cell in line.cells[2:]] for line in lines] == [
        list(row.cells) for row in expected
    ]


# ---- escapes -------------------------------------------------------------------------------------------------------


def test_markdown_escapes() -> None:
    text = render(hostile(), "markdown")

    assert {len(line.cells) for line in of_markdown(text)} == {2 + len(DEFAULT_COLUMNS)}
    assert not re.search(r"(?<!\\)[_*]", re.sub(r"\*\*\w[\w ]*\*\*:", "", text))
    heading = text.splitlines()[0].removeprefix("### ")
    assert re.sub(r"\\([_|*\\])", r"\1", heading) == HOSTILE


def test_markdown_shows_no_html_of_names() -> None:
    net = Net(input=(3, 8, 8))
    net.conv("<img src=x>", "input", 4, 1)

    assert "<img" not in render(report_of(net.graph()), "markdown")


def unescaped(text: str) -> str:
    """LaTeX without its escaped characters and comments."""
    text = re.sub(r"\\textbackslash\{\}|\\textasciitilde\{\}|\\textasciicircum\{\}|\\ldots\{\}|\\[&%$#_{}]", "", text)
    return re.sub(r"%.*", "", text)


@pytest.mark.parametrize("report", [SIX, hostile()], ids=["six", "hostile"])
def test_latex_is_balanced(report: Report) -> None:
    text = unescaped(render(report, "latex"))

    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert text.count("$") % 2 == 0
    assert [text.count(rf"\begin{{{name}}}") for name in ("table", "tabular")] == [1, 1]
    assert [text.count(rf"\end{{{name}}}") for name in ("table", "tabular")] == [1, 1]


def test_latex_escapes() -> None:
    text = render(hostile(), "latex")

    assert not re.search(r"(?<!\\)[_#]", text.partition(r"\caption")[2])
    assert {len(line.cells) for line in of_latex(text)} == {2 + len(DEFAULT_COLUMNS)}
    label = re.search(r"\\label\{(.*)\}", text)
    assert label
    assert re.fullmatch(r"tab:[\w-]+", label[1])
    assert text.partition("\n")[0].startswith("% ")
    assert text.splitlines()[1] == r"\begin{table}"


def test_latex_columns_match_the_specification() -> None:
    text = render(SIX, "latex", Options(("params", "macs", "flops")))

    assert r"\begin{tabular}{llrrr}" in text
    assert {len(line.cells) for line in of_latex(text)} == {5}


def test_html_is_one_fragment_without_script() -> None:
    text = render(hostile(), "html")

    assert "<script" not in text
    assert "http" not in text
    assert [line.cells[0] for line in of_html(text)] == [HOSTILE]
    assert text.count("<tr") == text.count("</tr>")
