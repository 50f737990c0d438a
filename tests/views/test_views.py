import gc
import subprocess
import sys

import pytest

import archscope
from archscope.errors import ArchscopeError
from archscope.views import HOMES, format_of, formats, render
from tests.graphs import six_layer_report

FORMATS = {"table": ".txt", "json": ".json", "csv": ".csv", "markdown": ".md", "latex": ".tex", "html": ".html"}


PICTURES = {"svg": ".svg", "png": ".png", "pdf": ".pdf"}
KINDS = {
    "report": {**FORMATS, "page": FORMATS["html"]},
    "comparison": {**FORMATS, "page": FORMATS["html"]} | PICTURES,
    "spectrum": {**FORMATS, "page": FORMATS["html"]} | PICTURES,
    "diagram": PICTURES | {"dot": ".dot", "mermaid": ".mmd", "latex": ".tex", "drawio": ".drawio", "html": ".html"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_formats_and_their_suffixes(kind: str) -> None:
    assert set(formats(kind)) == KINDS[kind].keys()
    for name, suffix in KINDS[kind].items():
        if name == "html" and "page" in KINDS[kind]:
            continue  # a file is the whole page
        assert format_of(f"some/report.v2{suffix}", kind) == name
        assert format_of(f"REPORT{suffix.upper()}", kind) == name


@pytest.mark.parametrize("kind", HOMES)
def test_each_kind_of_result_has_views(kind: str) -> None:
    assert formats(kind)


@pytest.mark.parametrize("path", ["x.docx", "json", "json.", "svg"])
def test_no_format(path: str) -> None:
    assert format_of(path, "comparison") == ""


@pytest.mark.parametrize("name", ["tabel", "nothing"])
def test_unknown_format(name: str) -> None:
    with pytest.raises(ArchscopeError, match="did you mean table" if name == "tabel" else "known: "):
        render(six_layer_report(), name)


@pytest.mark.parametrize("name", FORMATS)
def test_text_ends_with_one_newline(name: str) -> None:
    text = render(six_layer_report(), name)

    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_pythons_collector_waits_while_a_result_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 90,000 layers it had taken half of the time."""
    monkeypatch.setattr(archscope.views, "formats", lambda kind: {"probe": lambda result, options: str(gc.isenabled())})
    assert (gc.isenabled(), archscope.views.render(archscope.summarize("lenet5"), "probe")) == (True, "False")


def test_loading_views_takes_no_random_number_of_the_users() -> None:
    code = "import random; from archscope.views import formats; seen = random.getstate(); formats('report')"
    subprocess.run([sys.executable, "-c", f"{code}; assert random.getstate() == seen"], check=True)
