"""SVG as PNG or PDF, painted with fonts of archscope's own: a machine without fonts draws the same."""

import re
import struct
import zlib
from importlib.resources import as_file, files
from math import sqrt

from archscope.errors import EnvironmentFailure

ZOOM = 2.0
MOST_PIXELS = 64_000_000
"""What a PNG has at twice the picture's size; a larger picture has fewer for each of its own, one at least."""
LONGEST_SIDE = 16_384
"""Pixels; what is longer, browsers and editors do not show."""


def to_png(svg: str, zoom: float | None = None) -> bytes:
    """Bytes of a PNG file. Without `zoom` it has twice the picture's size, as far as programs open that."""
    if zoom is None:
        zoom = _zoom(svg)
    try:
        import resvg_py
    except ImportError as error:
        raise EnvironmentFailure("a PNG needs resvg-py: pip install resvg-py") from error
    with as_file(files("archscope.views.diagram").joinpath("fonts")) as folder:
        fonts = [str(folder / f"DiagramSans-{weight}.ttf") for weight in ("Regular", "Bold")]
        made = resvg_py.svg_to_bytes(
            svg_string=svg, zoom=zoom, dpi=96, skip_system_fonts=True, font_files=fonts,
            font_family="Diagram Sans", sans_serif_family="Diagram Sans",
        )  # fmt: skip
    return _with_resolution(bytes(made), zoom * 96)


def _zoom(svg: str) -> float:
    size = re.search(r'<svg[^>]* viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if size is None:
        return ZOOM
    width, height = float(size[1]), float(size[2])
    return min(max(1.0, sqrt(MOST_PIXELS / (width * height))), ZOOM, LONGEST_SIDE / max(width, height))


def _with_resolution(png: bytes, dpi: float) -> bytes:
    """The same with the size of its pixels, by which programs set it at its own width."""
    a_metre = round(dpi / 0.0254)
    chunk = b"pHYs" + struct.pack(">IIB", a_metre, a_metre, 1)
    return png[:33] + struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


def to_pdf(svg: str) -> bytes:
    """Bytes of a PDF file: vectors, and text with its fonts; a pixel of the picture is a point of it."""
    try:
        import vl_convert
    except ImportError as error:
        raise EnvironmentFailure("a PDF needs vl-convert-python: pip install vl-convert-python") from error
    with as_file(files("archscope.views.diagram").joinpath("fonts")) as folder:
        vl_convert.register_font_directory(str(folder))
        made: bytes = vl_convert.svg_to_pdf(re.sub(r'(?<==")([\d.]+)mm(?=")', _in_points, svg, count=2))
    return made


def _in_points(found: re.Match[str]) -> str:
    return f"{float(found[1]) * 72 / 25.4:.2f}"
