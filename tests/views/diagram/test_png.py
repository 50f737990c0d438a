"""Text in a PNG is really painted: archscope brings its fonts, and a font that is missing paints nothing, silently."""

import re
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree

import pytest
import resvg_py
from PIL import Image, ImageChops

import archscope
from archscope.views.diagram.drawing import DiagramOptions, draw
from archscope.views.diagram.paint.png import _zoom as zoom_of

SVG = "{http://www.w3.org/2000/svg}"
ZOOM = 2.0
CAPITAL = 0.7
"""Height of a digit or capital letter, by the size of the font."""

Area = tuple[float, float, float, float]
NEAR = 60
"""How far the three channels of a pixel may be from the text's colour: letters are blended at their borders."""


def texts(svg: str) -> Iterator[tuple[str, Area, str]]:
    """Each text of an SVG: what it says, where it stands in pixels, its colour."""
    yield from _texts(ElementTree.fromstring(svg), 0.0, 0.0)


def _texts(element: ElementTree.Element, dx: float, dy: float) -> Iterator[tuple[str, Area, str]]:
    moved = re.fullmatch(r"translate\(([-\d.]+) ([-\d.]+)\)", element.get("transform", ""))
    if moved:
        dx, dy = dx + float(moved[1]), dy + float(moved[2])
    if element.tag == f"{SVG}text":
        x, y, size, width = (float(element.get(name, 0)) for name in ("x", "y", "font-size", "textLength"))
        left = x + dx - width * {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor", ""), 0.0)
        top, right, bottom = y + dy - size * CAPITAL, left + width, y + dy
        yield element.text or "", (ZOOM * left, ZOOM * top, ZOOM * right, ZOOM * bottom), element.get("fill", "")
    for child in element:
        yield from _texts(child, dx, dy)


def unpainted(svg: str, png: bytes) -> list[str]:
    """The texts whose place in the picture has no pixel of their colour."""
    image = Image.open(BytesIO(png)).convert("RGB")
    return [text for text, area, color in texts(svg) if not _has_ink(image.crop(area), color)]


def _has_ink(image: Image.Image, color: str) -> bool:
    wanted = Image.new("RGB", image.size, color)
    distance = ImageChops.difference(image, wanted)
    return min(sum(pixel) for _, pixel in distance.getcolors(image.width * image.height)) < NEAR


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("xception", DiagramOptions()),
        ("inception_v4", DiagramOptions(block="inception_c", theme="dark")),
        ("lenet5", DiagramOptions(direction="LR", color="macs", show=("params",))),
    ],
    ids=["light", "dark", "heat"],
)
def test_every_text_has_ink(name: str, options: DiagramOptions) -> None:
    made = draw(archscope.summarize(name), options)
    assert len(list(texts(made.svg))) > 15
    assert unpainted(made.svg, made.to_png(zoom=ZOOM)) == []


def test_without_fonts_no_text_has_ink() -> None:
    """What `unpainted` must find; `to_png` never asks the machine for fonts either."""
    svg = draw(archscope.summarize("lenet5")).svg
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM, dpi=96, skip_system_fonts=True))
    assert unpainted(svg, png) == [text for text, _, _ in texts(svg)]


@pytest.mark.parametrize(
    ("width", "height", "zoom"),
    [
        (800, 1200, 2.0),
        (4000, 8000, 2**0.5),  # 64 million pixels
        (8000, 16_000, 1.0),
        (8192, 32_768, 0.5),  # browsers show no more than 16,384
    ],
)
def test_a_large_picture_has_as_many_pixels_as_programs_open(width: int, height: int, zoom: float) -> None:
    assert zoom_of(f'<svg width="1mm" viewBox="0 0 {width} {height}">') == pytest.approx(zoom)


def test_the_resolution_that_is_asked_for_is_had(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float | None] = []
    monkeypatch.setattr(
        "archscope.views.diagram.drawing.to_png", lambda svg, zoom: asked.append(zoom) or b"", raising=True
    )
    report = archscope.summarize("lenet5")
    for dpi in (192, 96, 300):
        draw(report, DiagramOptions(dpi=dpi)).to_png()
    assert asked == [None, 1.0, 3.125]
