"""The face that every result shows: a line, a table, its formats, files, and the choices that the command line has."""

import json
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import archscope
from archscope import cli, differences
from archscope.auditing import Audit, Audited
from archscope.comparison.limits import Finding, Findings, Limit
from archscope.comparison.report import Comparison
from archscope.continuum.paper_figures import paper_figures
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.model.claims import Claim, Equivalence
from archscope.model.dark import in_notebook
from archscope.model.results import Drawn, Pictured, Result, Tabulated
from archscope.model.text import one_line
from archscope.modelcard import Card
from archscope.networks import find
from archscope.papers.verdicts import Verdict
from archscope.papers.verification import Equivalences, Verification
from archscope.views import HOMES, PAGE, Options, formats, render
from tests.graphs import report_of, six_layer_report, six_layers, traced

SIX = six_layer_report()
HOSTILE = "a\nb\x1b[31m" + "very_long_" * 20
STRANGE = report_of(replace(six_layers("twin"), name=HOSTILE), target=HOSTILE)
CLAIM = Claim("params", 1376, "Table 1")
CLAIMED = Limit("min", "macs", 1)

RESULTS: dict[str, Callable[[], Result]] = {
    "report": lambda: SIX,
    "comparison": lambda: Comparison((SIX, STRANGE)),
    "spectrum": lambda: archscope.spectrum(channels=8),
    "figures": paper_figures,
    "diff": lambda: differences.compare(STRANGE, SIX),
    "audit": lambda: Audit(SIX, (Audited("thop", "1", "MACs", "all", 1, 1, (), 2, 1, (), ""),), ("calflops",)),
    "verification": lambda: Verification((Verdict(HOSTILE, CLAIM, "fails", 7), Verdict("twin", CLAIM, "holds", 1376))),
    "equivalences": lambda: Equivalences((Equivalence("same", "a is b", 0.0, {HOSTILE: 1.0}),)),
    "diagram": lambda: archscope.diagram("lenet5"),
    "explorer": lambda: archscope.explore("lenet5"),
    "findings": lambda: Findings((Finding(HOSTILE, Limit("max", "params", 7), 8), Finding("b", CLAIMED, None))),
    "fit": lambda: archscope.fit(nn.Linear(8, 4).state_dict(), nn.Linear(8, 5)),
    "explanation": lambda: archscope.explain("lenet5", "c1"),
    "worksheet": lambda: archscope.worksheet("lenet5", "c1", blank="params"),
    "sweep": lambda: archscope.sweep("lenet5", {"num_classes": (4, 10)}),
    "card": lambda: Card(STRANGE),
    "zoo": lambda: archscope.networks("lenet"),
    "lineage": lambda: archscope.lineage("zfnet"),
}
every_result = pytest.mark.parametrize("kind", RESULTS)


def test_every_kind_of_result_is_here() -> None:
    assert RESULTS.keys() == HOMES.keys()


@every_result
def test_repr_is_one_short_line(kind: str) -> None:
    found = RESULTS[kind]()
    line = repr(found)
    assert line.startswith(f"<{type(found).__name__} ")
    assert len(line) < 200
    assert line.isprintable()


def test_repr_says_what_it_is_of() -> None:
    assert repr(SIX) == "<Report six_layers, 3x64x64: 1,376 parameters, 1.401 M MACs, 6 layers>"
    assert repr(Comparison((SIX, traced("xception")))) == "<Comparison 2 networks: six_layers, Xception>"
    assert repr(differences.compare(SIX, SIX)) == "<Diff six_layers against six_layers: identical, 0 differences>"
    assert repr(RESULTS["verification"]()) == "<Verification 2 networks, 2 claims: 1 fails, 1 holds>"
    assert repr(RESULTS["spectrum"]()) == "<Spectrum block: 5 points, segments 1, 2, 3, 4, 8>"
    timed = replace(SIX.columns["macs"], name="wall_ms", total={"median": 1.5})
    assert repr(replace(SIX, columns={**SIX.columns, "wall_ms": timed})).endswith("6 layers, 1.50 ms on meta>")


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_the_parts_of_a_result_have_short_reprs_too(name: str) -> None:
    """Each knows others, which know others: repr of the whole once did not end."""
    report = traced(name)
    found = differences.compare(report, replace(report, graph=replace(report.graph, name="b")))
    for part in (report.graph, *report.graph.layers, *report.columns.values(), *found.pairs):
        assert len(repr(part)) < 5_000
    assert len(repr(find(name))) < 1_000
    assert is_dataclass(found) and all(len(repr(getattr(found, each.name))) < 10**6 for each in fields(found))


@pytest.mark.parametrize(("text", "most"), [("short", 5), ("a" * 100, 9), ("a" * 100, 10), ("a\tb\u202e", 50)])
def test_one_line(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) == min(len(text), most)
    assert line.isprintable()


@every_result
def test_every_format_is_a_method_and_a_file(kind: str, tmp_path: Path) -> None:
    found = RESULTS[kind]()
    names = [name for name in formats(kind) if name != PAGE]
    for name, suffix in zip(names, archscope.views.suffixes(kind), strict=True):
        if name == "github":  # how a job of theirs is told, which is for the command line alone
            continue
        made = getattr(found, "to_text" if name == "table" else f"to_{name}")()
        path = tmp_path / f"x{suffix}"
        found.save(path)
        if name == "pdf":  # whose fonts are embedded in any order
            assert made.startswith(b"%PDF") and path.read_bytes().startswith(b"%PDF")
        elif name == "html" and PAGE in formats(kind):  # a page of its own, a fragment where it goes into another
            assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
            assert made.startswith("<!doctype html>" if kind == "report" else "<div")
        else:
            assert path.read_bytes() == (made if name == "png" else made.encode("utf-8"))
    assert {path.suffix for path in tmp_path.glob("x*")} == {*archscope.views.suffixes(kind)} - {".github"}


@every_result
def test_what_a_notebook_shows(kind: str) -> None:
    """It keeps the line, and one of HTML and SVG."""
    found = RESULTS[kind]()
    shown = [getattr(found, name)() for name in ("_repr_html_", "_repr_svg_") if hasattr(found, name)]
    if isinstance(found, Tabulated):
        assert shown == [in_notebook(found.to_html() if kind != "report" else str(render(found, "html")))]
        assert str(found) == found.to_text()
        assert json.loads(found.to_json()) == json.loads(json.dumps(found.to_dict(), default=float))
    elif isinstance(found, Pictured):
        assert shown == [in_notebook(found.to_svg())]
        assert str(found) == (found.to_markdown() if isinstance(found, Card) else found.to_svg())


@pytest.mark.parametrize("kind", ["comparison", "diagram", "figures"])
def test_a_notebook_shows_pictures_in_its_own_theme(kind: str) -> None:
    """They were dark in a light notebook on a dark screen. What it shows as an image stays light."""
    found = RESULTS[kind]()
    shown = found._repr_svg_() if isinstance(found, Drawn) else found._repr_html_()
    (rules,) = re.findall(r"<style>@media screen{(.*)}</style>", shown)
    told = ":is([data-jp-theme-light=false],.vscode-dark,[theme=dark],[data-theme=dark]) .archscope "
    assert all(rule.startswith(told) for rule in re.findall(r"([^{}]+){", rules))
    assert "prefers-color-scheme" not in shown
    assert in_notebook(shown) == shown


def test_a_notebook_keeps_little() -> None:
    found = archscope.diff("resnet18", "resnet34")
    assert len(repr(found)) + len(found._repr_html_()) < 50_000
    assert not hasattr(found, "_repr_svg_")  # which would be kept beside the table
    assert len(archscope.compare("resnet18", "resnet34")._repr_html_()) < 50_000


# ---- files -------------------------------------------------------------------------------------------------------


def test_a_suffix_that_names_no_format(tmp_path: Path) -> None:
    with pytest.raises(ArchscopeError, match=r"no format for '.*x\.docx': use one of .*\.csv.*\.md"):
        SIX.save(tmp_path / "x.docx")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.md"
    SIX.save(path)
    before = path.read_text(encoding="utf-8")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(EnvironmentFailure, match="No space left on device"):
        SIX.save(str(path), depth=1)
    assert path.read_text(encoding="utf-8") == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArchscopeError, match="cannot write"):
        SIX.save(tmp_path / "nowhere" / "x.md")


# ---- choices -----------------------------------------------------------------------------------------------------

CHOICES = [
    ({"depth": 1}, "--depth 1"),
    ({"columns": ["params", "macs"], "depth": 0}, "--columns params,macs --depth 0"),
    ({"columns": "params,macs"}, "--columns params,macs"),
    ({"columns": "all"}, "--columns all"),
    ({"sort": "macs", "fold": False}, "--sort macs --unfold"),
]


@pytest.mark.parametrize("name", ["markdown", "latex", "text"])
@pytest.mark.parametrize(("choices", "typed"), CHOICES, ids=[typed for _, typed in CHOICES])
def test_choices_of_a_table_are_those_of_the_command_line(
    name: str, choices: dict[str, Any], typed: str, tmp_path: Path
) -> None:
    SIX.save(tmp_path / "six.json")
    form = "table" if name == "text" else name
    suffix = {"text": ".txt", "markdown": ".md", "latex": ".tex"}[name]
    written, saved = tmp_path / "written", tmp_path / f"saved{suffix}"
    typed = f"summary {tmp_path / 'six.json'} --format {form} -o {written} {typed}"
    cli.app(typed.split(), standalone_mode=False)
    assert getattr(SIX, f"to_{name}")(**choices) == written.read_text(encoding="utf-8")
    SIX.save(saved, **choices)
    assert saved.read_bytes() == written.read_bytes()


def test_choices_of_a_comparison(tmp_path: Path) -> None:
    found = Comparison((SIX, traced("lenet5")))
    found.save(tmp_path / "both.json")
    for suffix, method in ((".csv", found.to_csv), (".tex", found.to_latex), (".md", found.to_markdown)):
        cli.app(["compare", str(tmp_path / "both.json"), "--by", "kind", "-o", str(tmp_path / f"x{suffix}")],
                standalone_mode=False)  # fmt: skip
        assert method(by="kind") == (tmp_path / f"x{suffix}").read_text(encoding="utf-8")
    assert json.loads(found.to_json(by="stage"))["by"] == "stage"


@pytest.mark.parametrize(
    ("choose", "said"),
    [
        (lambda: SIX.to_latex(columns=["prams"]), "no column named 'prams'; did you mean"),
        (lambda: SIX.to_latex(depth=-1), "depth -1: it takes 0, for all levels, or more"),
        (lambda: SIX.to_latex(sort="mcas"), "no column to sort by named 'mcas'"),
        (lambda: Comparison((SIX,)).to_csv(by="king"), "no way to break down named 'king'; did you mean kind"),
        (lambda: Comparison((SIX,)).to_svg(plot="pie"), "no plot of a comparison named 'pie'"),
        (lambda: archscope.spectrum(channels=8).to_svg(plot="bars"), "no plot of a spectrum named 'bars'"),
        (lambda: archscope.spectrum(channels=8).to_svg(theme="drak"), "no theme named 'drak'; did you mean dark"),
        (lambda: render(SIX, "svg", Options()), "no format named 'svg'"),
    ],
)
def test_a_choice_that_there_is_not(choose: Callable[[], object], said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        choose()
