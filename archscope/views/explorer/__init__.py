"""Walk through a network: one page that holds its pictures, its numbers and what papers claim of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from archscope.differences import Diff
from archscope.model.report import Report
from archscope.model.results import Result
from archscope.model.text import one_line
from archscope.views import View
from archscope.views.diagram.ops.names import network_title
from archscope.views.diagram.paint.palette import LEGEND
from archscope.views.explorer.data import differences, network_data
from archscope.views.explorer.page import page

SCRIPTS = ("words", "network", "panel", "picture", "table", "details", "differences", "walk")
"""In templates/explorer/: each uses those before it."""

__all__ = ["Explorer", "formats"]


@dataclass(frozen=True, repr=False)
class Explorer(Result):
    """A page to walk through a network with, or through two beside each other with their `diff`; `titles` are what each
    is called. `str()` is its HTML."""

    KIND = "explorer"

    reports: tuple[Report, ...]
    titles: tuple[str, ...] = ()
    diff: Diff | None = None

    @property
    def named(self) -> list[str]:
        """What each network is called: its title, or else its name."""
        given = [*self.titles, *[""] * len(self.reports)]
        return [
            title or network_title(report.graph.name) for report, title in zip(self.reports, given, strict=False)
        ]  # fmt: skip

    def _about(self) -> str:
        return " and ".join(one_line(title) for title in self.named)

    def to_html(self) -> str:
        """The page: it needs no other file, and asks nothing of any network."""
        networks = [network_data(report, title) for report, title in zip(self.reports, self.named, strict=True)]
        data = {"networks": networks, "kinds": LEGEND, "diff": differences(self.diff) if self.diff else None}
        return page(" and ".join(self.named), data, "explorer", SCRIPTS)

    def __str__(self) -> str:
        return self.to_html()


def formats() -> Mapping[str, View]:
    """There is nothing to choose: the page's reader does."""
    return {"html": lambda explorer, options: explorer.to_html()}
