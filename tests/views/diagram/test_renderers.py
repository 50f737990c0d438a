"""The same SVG painted by programs that know no style sheets, or not all of them: colours and places are the same."""

import re
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from xml.etree import ElementTree

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


VIEWS = {
    "volume": lambda: str(archscope.diagram("alexnet", level="volume")),
    "plate": lambda: str(archscope.diagram("lenet5", level="plate")),
    "upright": lambda: str(archscope.diagram("googlenet", block="inception_3a", direction="LR")),
    "beside": lambda: str(archscope.diagram(["lenet5", "alexnet"], level="network")),
    "difference": lambda: archscope.diff("lenet5", "lenet5?num_classes=7").to_svg(),
    "lineage": lambda: archscope.lineage().to_svg(),
    "spectrum": lambda: archscope.spectrum(channels=12, segments=[1, 3, 12]).to_svg(plot="panels"),
    "sweep": lambda: archscope.sweep("lenet5", {"num_classes": [5, 10]}).to_svg(),
}


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "sweep"])
def test_each_view_turns_dark_where_the_readers_screen_is(view: str) -> None:
    """The family tree, and a spectrum's panels, stayed white in a page that had turned."""
    svg = VIEWS[view]()
    (rules,) = re.findall(r"<style>@media screen and \(prefers-color-scheme:dark\){(.*)}</style>", svg)
    dark = dict(re.findall(r"\.archscope \.([\w-]+){\w+:(#\w+)}", rules))
    assert dark["f-ground"] == THEMES["dark"].ground
    for element in ElementTree.fromstring(svg).iter():
        turned = {name[0]: dark[name] for name in element.get("class", "").split() if name in dark}
        for attribute in ("fill", "stroke"):
            painted = element.get(attribute, "none")
            assert attribute[0] in turned or painted == "none", (element.tag, painted)


SMALL, ALIKE = (120, 120), 20.0
"""A size at which borders differ no more, and how far the grey of such a spot may be from another's on average."""


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("paint", [librsvg, cairo])
def test_each_view_has_one_layout_for_every_renderer(view: str, paint: Callable[[str], bytes]) -> None:
    svg = re.sub("<text.*?</text>", "", VIEWS[view](), flags=re.DOTALL)  # without letters, which are each one's own
    ours, theirs = (Image.open(BytesIO(made)).convert("RGBA") for made in (resvg(svg), paint(svg)))
    assert abs(ours.width - theirs.width) <= 1
    assert abs(ours.height - theirs.height) <= 1
    both = (0, 0, min(ours.width, theirs.width), min(ours.height, theirs.height))  # one rounds up, the other down
    spots = [on_white(image.crop(both)).resize(SMALL, Image.Resampling.BOX).tobytes() for image in (ours, theirs)]
    apart = sorted(abs(one - other) for one, other in zip(*spots, strict=True))
    assert apart[len(apart) * 99 // 100] <= ALIKE
    assert max(spots[0]) - min(spots[0]) > 20  # there is something


def on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("L")
