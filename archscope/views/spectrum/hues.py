"""Colours around the circle, for as many segments as there are: one lightness, so that none stands out."""

from colorsys import hls_to_rgb


def hue(turn: float, dark: bool) -> tuple[str, str]:
    """Fill and border of a hue, given as a part of the full circle. Borders stand off their fill by 3.9 and more."""
    fill, border = ((0.22, 0.38), (0.68, 0.55)) if dark else ((0.89, 0.55), (0.28, 0.65))
    return _hex(turn, *fill), _hex(turn, *border)


def _hex(turn: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * part):02X}" for part in hls_to_rgb(turn, lightness, saturation))
