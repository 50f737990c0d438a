import pytest

from archscope.errors import ArchscopeError
from archscope.views.tables import check_format, format_of, formats, render
from tests.graphs import six_layer_report

FORMATS = {"table": ".txt", "json": ".json", "csv": ".csv", "markdown": ".md", "latex": ".tex", "html": ".html"}


def test_formats() -> None:
    assert set(formats()) >= FORMATS.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_suffixes(name: str) -> None:
    assert format_of(f"some/report.v2{FORMATS[name]}") == name
    assert format_of(f"REPORT{FORMATS[name].upper()}") == name
    check_format(name)


def test_unknown_suffix_lists_the_known() -> None:
    with pytest.raises(ArchscopeError, match=r"no format for 'x\.docx'.*\.md"):
        format_of("x.docx")


@pytest.mark.parametrize("name", ["tabel", "nothing"])
def test_unknown_format(name: str) -> None:
    with pytest.raises(ArchscopeError, match="did you mean table" if name == "tabel" else "known: "):
        render(six_layer_report(), name)


@pytest.mark.parametrize("name", FORMATS)
def test_text_ends_with_one_newline(name: str) -> None:
    text = render(six_layer_report(), name)

    assert text.endswith("\n")
    assert not text.endswith("\n\n")
