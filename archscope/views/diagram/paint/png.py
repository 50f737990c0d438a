"""SVG as PNG or PDF, painted with fonts of archscope's own: a machine without fonts draws the same."""

import re
import struct
import zlib
from importlib.resources import as_file, files
from math import sqrt

from archscope.errors import ArchscopeError, EnvironmentFailure

ZOOM = 2.0
MOST_PIXELS = 64_000_000
"""What a PNG has at twice the picture's size; a larger picture has fewer for each of its own, one at least."""
MOST_ASKED = 268_000_000
"""What one has at most at the size that was asked for: a GiB of memory."""
LONGEST_SIDE = 16_384
"""Pixels; what is longer, browsers and editors do not show."""


def to_png(svg: str, zoom: float | None = None) -> bytes:
    """Bytes of a PNG file. Without `zoom` it has twice the picture's size, as far as programs open that."""
    if zoom is None:
        zoom = _zoom(svg)
    _check_pixels(svg, zoom)
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
    width, height = _size(svg)
    return min(max(1.0, sqrt(MOST_PIXELS / (width * height))), ZOOM, LONGEST_SIDE / max(width, height))


def _check_pixels(svg: str, zoom: float) -> None:
    width, height = _size(svg)
    pixels = width * height * zoom**2
    if pixels > MOST_ASKED:
        raise ArchscopeError(
            f"a PNG of {pixels / 1e6:,.0f} million pixels, of {MOST_ASKED / 1e6:,.0f} that there may be: "
            "take a smaller --dpi, --width or --font-size"
        )


def _size(svg: str) -> tuple[float, float]:
    """Pixels, 96 to the inch."""
    printed = re.search(r'<svg[^>]* width="([\d.]+)mm" height="([\d.]+)mm"', svg)
    own = re.search(r'<svg[^>]* viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    found, unit = (printed, 96 / 25.4) if printed else (own, 1.0)
    return (float(found[1]) * unit, float(found[2]) * unit) if found else (1.0, 1.0)


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
