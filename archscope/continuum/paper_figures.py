"""Figures 1 to 4 of the Xception paper (arXiv:1610.02357) as modules, traced: from Inception to its extreme."""

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from archscope.continuum.points import Block, Spectrum, Theme
from archscope.model.results import Drawn

if TYPE_CHECKING:
    from archscope.model.report import Report

CHANNELS = 12
"""What the paper leaves open: so many channels go in and out of Figures 2 to 4, to be counted on the picture."""

TOWERS = 3


@dataclass(frozen=True, repr=False)
class PaperFigures(Drawn):
    """`canonical` and `simplified` are Figures 1 and 2; the points of `segmented` Figures 3 and 4."""

    KIND = "figures"

    canonical: "Report"
    simplified: "Report"
    segmented: Spectrum

    def to_svg(self, *, theme: Theme = "light") -> str:
        """All four side by side."""
        return str(self._render("svg", theme=theme))

    def to_png(self, *, theme: Theme = "light") -> bytes:
        """As `to_svg`."""
        return bytes(self._render("png", theme=theme))

    def to_pdf(self, *, theme: Theme = "light") -> bytes:
        """As `to_svg`."""
        return bytes(self._render("pdf", theme=theme))

    def save(self, path: str | PathLike[str], *, theme: Theme = "light") -> None:
        """Write to a .svg, .png or .pdf file."""
        self._save(path, theme=theme)

    def _about(self) -> str:
        return f"1 to 4 of the Xception paper, with {CHANNELS} channels"


def paper_figures() -> PaperFigures:
    """Figure 1 is Inception-v3's module with 3x3 kernels (its Figure 5); 2 has one kernel size and no pooling; 3 is
    Figure 2 written with one large 1x1 convolution; 4 has a 3x3 convolution per output channel of the 1x1."""
    from torch import nn

    from archscope.continuum import of_block
    from archscope.networks.inception_v3 import inception_a
    from archscope.networks.layers import Concat, series
    from archscope.summary import summarize
    from archscope.tracing.meta_build import Skeleton

    width, size = CHANNELS // TOWERS, (CHANNELS, 35, 35)

    def tower() -> nn.Module:
        return series(
            nn.Conv2d(CHANNELS, width, 1, bias=False),
            conv3x3=nn.Conv2d(width, width, 3, padding=1, bias=False),
        )

    with Skeleton():
        canonical = inception_a(192, 64, kernel_size=3)
        simplified = Concat(**{f"tower{i}": tower() for i in range(1, TOWERS + 1)})
    segmented = of_block(Block(CHANNELS, size), [TOWERS, CHANNELS])
    return PaperFigures(summarize(canonical, (192, 35, 35)), summarize(simplified, size), segmented)
