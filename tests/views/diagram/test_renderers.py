"""The same SVG painted by programs that know no style sheets, or not all of them: colours and places are the same."""

import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

import archscope
from archscope.views.diagram.drawing import DiagramOptions, draw
from archscope.views.diagram.paint.palette import THEMES
from archscope.views.diagram.paint.png import to_png

NEAR = 4
"""How far the channels of a pixel may be from the colour that is meant."""


def librsvg(svg: str) -> bytes:
    program = shutil.which("rsvg-convert")
    if program is None:
        pytest.skip("no rsvg-convert on the PATH")
    return subprocess.run([program], input=svg.encode(), capture_output=True, check=True).stdout


def cairo(svg: str) -> bytes:
    cairosvg = pytest.importorskip("cairosvg", exc_type=(ImportError, OSError))  # OSError: no libcairo
    made: bytes = cairosvg.svg2png(bytestring=svg.encode())
    return made


def resvg(svg: str) -> bytes:
    return to_png(svg, 1.0)


@pytest.mark.parametrize("paint", [librsvg, cairo, resvg])
@pytest.mark.parametrize("theme", THEMES)
def test_every_box_has_its_colour(paint: Callable[[str], bytes], theme: str) -> None:
    made = draw(archscope.summarize("resnet18"), DiagramOptions(theme=theme))
    image = Image.open(BytesIO(paint(made.svg))).convert("RGBA")
    piece, colors = made.drawing.piece, THEMES[theme]
    assert near(image.getpixel((1, 1)), colors.ground)
    dx = (image.width - piece.left - piece.right) / 2 + piece.left
    dy = image.height - 18.0 - piece.height
    boxes = [box for box in piece.boxes if box.form == "box"]
    assert len(boxes) > 10
    for box in boxes:
        inside = image.getpixel((round(box.left + dx) + 3, round(box.y + dy)))
        assert near(inside, colors.kinds[box.kind][0]), box.name


def near(pixel: object, color: str) -> bool:
    assert isinstance(pixel, tuple)
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return all(abs(one - other) <= NEAR for one, other in zip(pixel, wanted, strict=False))
