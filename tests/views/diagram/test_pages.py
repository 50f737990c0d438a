"""A picture on its page: as wide as asked for, letters as large as asked for, nothing above it that was not wanted."""

import re
from dataclasses import replace
from functools import cache
from io import BytesIO
from math import inf, nan

import pytest
from PIL import Image

import archscope
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.options import length
from archscope.views.diagram.place.fitting import scale
from archscope.views.diagram.place.legend import LEGEND, ROW
from archscope.views.diagram.place.paper import Paper
from archscope.views.diagram.place.style import SMALL

MM = 72 / 25.4


@cache
def report() -> Report:
    return archscope.summarize("resnet50")


def drawn(**options: object) -> Diagram:
    return draw(report(), DiagramOptions(**options))  # type: ignore[arg-type]


def millimetres(svg: str) -> tuple[float, float]:
    """Width and height as printed."""
    found = re.search(r'<svg [^>]*width="([\d.]+)mm" height="([\d.]+)mm"', svg)
    assert found, "the picture says no size"
    return float(found[1]), float(found[2])


def letters(svg: str) -> float:
    """Points of its small letters as printed."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    assert found
    return SMALL * millimetres(svg)[0] * MM / float(found[1])


def test_a_width_is_kept_whatever_it_takes() -> None:
    made = drawn(width="84mm")
    assert millimetres(made.svg)[0] == pytest.approx(84, abs=0.01)
    assert letters(made.svg) >= 6
    assert len(made.drawing.piece.boxes) < len(drawn().drawing.piece.boxes)


def test_a_small_picture_on_a_wide_page_is_not_blown_up() -> None:
    svg = draw(archscope.summarize("lenet5"), DiagramOptions(width="40cm")).svg
    assert millimetres(svg)[0] == pytest.approx(400, abs=0.01)
    assert letters(svg) == pytest.approx(SMALL, abs=0.01)


def test_what_closed_stages_say_stands_below_their_names_in_a_column() -> None:
    assert letters(draw(archscope.summarize("inception_v3"), DiagramOptions(level="network", page="column")).svg) >= 6


@pytest.mark.parametrize(("page", "wide", "high"), [("a4", 297, 297), ("slide", 338.67, 190.5), ("column", 84, 240)])
def test_a_page_holds_it(page: str, wide: float, high: float) -> None:
    svg = drawn(page=page).svg
    width, height = millimetres(svg)
    assert width <= wide + 0.2 and height <= high + 0.2
    assert letters(svg) >= 6


def test_letters_have_the_size_that_was_asked_for() -> None:
    assert letters(drawn(block="conv3_x.bottleneck2", font_size=8).svg) == pytest.approx(8, abs=0.05)
    made = drawn(page="a4", font_size=8).svg
    assert letters(made) == pytest.approx(8, abs=0.05)


def test_a_picture_knows_how_large_its_letters_are() -> None:
    made = drawn(page="column")
    assert made.letters == pytest.approx(letters(made.svg))
    assert drawn().letters == SMALL


def test_letters_that_find_no_room_are_an_error_that_says_how_large_they_could_be() -> None:
    with pytest.raises(ArchscopeError, match=r"there is room for letters of \d\.\d pt, not of 12"):
        drawn(block="conv3_x.bottleneck2", width="30mm", font_size=12)


def test_no_much_larger_letters_find_room_than_are_said() -> None:
    """It said what there is room for where none are asked for: 6.3 pt, where 7.5 could be drawn."""
    report = archscope.summarize("inception_v4")
    with pytest.raises(ArchscopeError, match="there is room for letters of") as told:
        draw(report, DiagramOptions(page="column", font_size=9))
    said = float(str(told.value).split()[6])
    assert draw(report, DiagramOptions(page="column", font_size=said)).svg
    with pytest.raises(ArchscopeError, match="there is room"):
        draw(report, DiagramOptions(page="column", font_size=said + 0.5))


@pytest.mark.parametrize("level", ["network", "flow", "plate"])
@pytest.mark.parametrize("name", ["densenet121", "inception_v4"])
def test_letters_that_are_said_to_have_room_have_it(name: str, level: str) -> None:
    """A picture whose modules were closed for large letters could have less room than the one drawn otherwise."""
    report = archscope.summarize(name)
    with pytest.raises(ArchscopeError, match="there is room for letters of") as told:
        draw(report, DiagramOptions(level=level, page="column", font_size=12))
    room = float(str(told.value).partition("letters of ")[2].partition(" pt")[0])
    draw(report, DiagramOptions(level=level, page="column", font_size=room))


def test_no_title_and_no_legend() -> None:
    whole, bare = drawn().svg, drawn(show_title=False, show_legend=False).svg
    untitled, plain = drawn(show_title=False).svg, drawn(show_legend=False).svg
    for svg, title, legend in ((whole, 1, 1), (bare, 0, 0), (untitled, 0, 1), (plain, 1, 0)):
        assert ("parameters, " in re.sub(r"<title>[^<]*</title>", "", svg)) == title
        assert (">Convolution<" in svg) == ("s2: stride 2." in svg) == legend


def test_a_png_says_its_resolution() -> None:
    png = drawn(width="84mm", dpi=300).to_png()
    image = Image.open(BytesIO(png))
    assert image.width == pytest.approx(84 / 25.4 * 300, abs=2)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_pdf_has_the_width_too() -> None:
    pytest.importorskip("vl_convert")
    found = re.search(rb"MediaBox ?\[0 0 ([\d.]+)", drawn(width="84mm")._render("pdf"))
    assert found and float(found[1]) == pytest.approx(84 * MM, abs=0.1)


@pytest.mark.parametrize("text", ["84", "mm", "0mm", "84 px", "-3mm", "1e3mm", "1mm", "99999999mm", "9mm9"])
def test_what_is_no_length_is_said(text: str) -> None:
    with pytest.raises(ArchscopeError, match="a length such as 84mm"):
        length(text)


@pytest.mark.parametrize("size", [0.0, -1.0, nan, inf, 1e9, 1e-9])
def test_letters_are_of_a_size_that_there_is(size: float) -> None:
    """0 was taken as automatic, and so was what is no number."""
    with pytest.raises(ArchscopeError, match=r"font size .*: it takes 1 to 500"):
        DiagramOptions(font_size=size).checked()


@pytest.mark.parametrize("dpi", [0, -1, 1_000_000])
def test_pixels_to_the_inch_are_as_many_as_there_are(dpi: int) -> None:
    with pytest.raises(ArchscopeError, match="it takes 10 to 10,000"):
        DiagramOptions(dpi=dpi).checked()


def test_a_png_of_more_pixels_than_memory_holds_is_said() -> None:
    """The painter ended the process."""
    with pytest.raises(ArchscopeError, match="million pixels, of 268 that there may be: take a smaller --dpi"):
        drawn(width="5000mm", dpi=10_000).to_png()


def test_further_rows_of_the_legend_are_reckoned_with() -> None:
    """They made letters on the page smaller than can be read."""
    made = archscope.diagram("nasnet_a_large", level="flow")
    rows = {y for word in LEGEND.values() for y in re.findall(rf' y="([\d.]+)" font-size="11"[^>]*>{word}<', str(made))}
    assert len(rows) == 2
    piece, low = made.drawing.piece, Paper(inf, 500.0)
    assert 500.0 / scale(piece, low) - 500.0 / scale(piece, replace(low, legend=False)) == pytest.approx(ROW)
