"""A page's tables: words from the left, numbers from the right, in every format alike."""

import re

import archscope
from archscope.views import format_of, render
from archscope.views.page import Line, Page, Table
from archscope.views.templates import fill

TABLE = Table(["Point", "Params", "Where"], [Line(["<a>", "1", "net.conv_1"])], (0, 2), prose=True)
COMPARED = archscope.compare("lenet5", "alexnet")
NUMBERS = Table(["Width", "Params"], [Line(["0.5", "1"])], ())


def test_words_stand_on_the_left_and_numbers_on_the_right() -> None:
    page = Page("net", "", [TABLE, NUMBERS], [("Setting", "batch 1"), ("", "closing")])
    html, latex, markdown = (fill(f"page.{suffix}", page=page) for suffix in ("html", "tex", "md"))
    rules = re.findall(r"\.archscope \.(left-[\d-]*) tr > :nth-child\((\d)\)", html)
    assert rules == [("left-0-2", "1"), ("left-0-2", "3")]
    assert re.findall(r'<table class="([^"]*)"', html) == ["left-0-2 prose", "left-"]
    assert re.findall(r"begin\{tabular\}\{(\w+)\}", latex) == ["lrl", "rr"]
    assert re.findall(r"^\| :?---.*", markdown, re.M) == ["| :--- | ---: | :--- |", "| ---: | ---: |"]


def test_html_escapes_what_it_breaks_and_says_notes_without_headings_alone() -> None:
    html = fill("page.html", page=Page("net", "", [TABLE], [("Setting", "batch 1"), ("", "closing")]))
    assert "<td>&lt;a&gt;</td><td>1</td><td>net.<wbr>conv_1</td>" in html
    assert '<dt>Setting</dt><dd>batch 1</dd>\n<dd class="alone">closing</dd>' in html


def test_a_file_is_a_whole_page_that_turns_with_the_readers_screen() -> None:
    """The chart turned dark, the page around it did not; and no word said in which encoding its letters are."""
    fragment, whole = (str(render(COMPARED, name)) for name in ("html", format_of("x.html", COMPARED.KIND)))
    assert whole.startswith("<!doctype html>") and '<meta charset="utf-8">' in whole
    assert '<meta name="color-scheme" content="light dark">' in whole
    (ground,) = re.findall(r"prefers-color-scheme: dark\) \{ :root \{ background: (#\w+)", whole)
    assert f"fill:{ground}!important".lower() in whole.lower()  # the chart has the same
    assert fragment in whole and "<meta " not in fragment


def test_a_chart_in_a_page_turns_itself_alone() -> None:
    """Its rules turned every white figure of a notebook."""
    (rules,) = re.findall(r"prefers-color-scheme:dark\)\{(.*?)\}</style>", str(render(COMPARED, "html")))
    assert all(rule.startswith(".archscope ") for rule in re.findall(r"([^{}]+)\{", rules))
