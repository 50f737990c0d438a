"""A comparison as a page: the plot of a web page, the tables, and what to know of the numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from archscope.comparison.report import Comparison
from archscope.model.text import listed
from archscope.papers.names import network_of
from archscope.views import Options
from archscope.views.comparison.grids import grids, in_rows
from archscope.views.comparison.notes import conventions, notes
from archscope.views.comparison.parts import part_grids
from archscope.views.comparison.plot import figure
from archscope.views.page import Line, Page, Table

PRINTED = (
    "input_shape", "params", "macs", "depth_separable_as_one", "peak_memory_bytes", "latency_median_ms",
    "top1_accuracy", "top5_accuracy",
)  # fmt: skip
"""What a paper's table has where nothing else was asked for."""


def page(comparison: Comparison, options: Options) -> Page:
    said = notes(comparison)
    parts = part_grids(comparison, options.by) if options.by else ()
    tables = [
        Table(grid.headings, [Line(row) for row in grid.rows], title=grid.title)
        for grid in [*grids(comparison), *parts]
    ]
    return Page(title(comparison), "", tables, said, lambda: _picture(comparison, options))


LONGEST = 100
"""Of a title that names every network, in characters."""


def title(comparison: Comparison) -> str:
    """The networks, or, where there are many, how many and which are the first and the last below."""
    names = comparison.names
    every = listed(names)
    return every if len(every) <= LONGEST or len(names) < 4 else f"{len(names)} networks, {names[0]} to {names[-1]}"


def _picture(comparison: Comparison, options: Options) -> str:
    from archscope.views.comparison.plot_style import to_svg

    return inlined(to_svg(figure(comparison, options)))


def printed(comparison: Comparison, options: Options) -> Page:
    """For a paper: a row a network, however many, and what the numbers mean said once, in the first caption."""
    if not comparison.quantities:
        present = {row.quantity.name for row in comparison.rows}
        comparison = replace(comparison, quantities=tuple(name for name in PRINTED if name in present))
    said = [*_joined([*conventions(comparison), *notes(comparison)])]
    parts = part_grids(comparison, options.by) if options.by else ()
    keys = [known.paper.key if options.cite and (known := network_of(each)) else "" for each in comparison.reports]
    rows = [
        Table(grid.headings, [Line(row, cite=key) for row, key in zip(grid.rows, keys, strict=False)], title=grid.title,
              caption=[] if i else said)
        for i, grid in enumerate(in_rows(comparison))
    ]  # fmt: skip
    tables = [*rows, *(Table(grid.headings, [Line(row) for row in grid.rows], title=grid.title) for grid in parts)]
    return Page(title(comparison), "", tables, said)


def _joined(said: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What has one heading after it once: a caption is no list."""
    for heading, lines in groupby(said, key=lambda line: line[0]):
        yield heading, "; ".join(text for _, text in lines)


def inlined(svg: str) -> str:
    """A picture as a part of a page: without the declaration of a file."""
    return svg[svg.index("<svg") :]
