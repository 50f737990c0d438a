"""Walk through a network: one page that holds its pictures, its numbers and what papers claim of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from xml.sax.saxutils import quoteattr

from archscope.differences import Diff
from archscope.garbage import collection_paused
from archscope.model.report import Report
from archscope.model.results import Result
from archscope.model.text import one_line, shown
from archscope.views import View
from archscope.views.diagram.ops.names import title_of
from archscope.views.diagram.place.legend import LEGEND
from archscope.views.explorer.data import differences, network_data
from archscope.views.explorer.page import page

SCRIPTS = ("words", "network", "panel", "picture", "table", "details", "differences", "walk")
"""In templates/explorer/: each uses those before it."""

__all__ = ["Explorer", "formats"]


@dataclass(frozen=True, repr=False)
class Explorer(Result):
    """A page to walk through a network with, or through several beside each other, two with their `diff`; `titles` are
    what each is called. It begins at the module of this `place`, coloured by the column `color`. `str()` is its HTML,
    and notebooks show it."""

    KIND = "explorer"

    reports: tuple[Report, ...]
    titles: tuple[str, ...] = ()
    diff: Diff | None = None
    place: str = ""
    color: str = ""

    @property
    def named(self) -> list[str]:
        """What each network is called: its title, or else its name."""
        given = [*self.titles, *[""] * len(self.reports)]
        return [title or title_of(report) for report, title in zip(self.reports, given, strict=False)]

    def _about(self) -> str:
        return " and ".join(one_line(title) for title in self.named)

    def to_html(self) -> str:
        """The page: it needs no other file, and asks nothing of any network."""
        with collection_paused():  # hundreds of pictures are many objects, and none is garbage before the end
            networks = [network_data(report, title) for report, title in zip(self.reports, self.named, strict=True)]
        diff = differences(self.diff) if self.diff else None
        start = {"place": shown(self.place), "color": self.color}
        data = {"networks": networks, "kinds": LEGEND, "diff": diff, "start": start}
        return page(" and ".join(self.named), data, "explorer", SCRIPTS)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, which can reach nothing of the notebook."""
        sandbox = "allow-scripts allow-downloads allow-modals"
        return (
            f'<iframe sandbox="{sandbox}" title={quoteattr(self._about())} width="100%" height="860" '
            f'srcdoc="{escape(self.to_html())}"></iframe>'
        )

    def __str__(self) -> str:
        return self.to_html()


def formats() -> Mapping[str, View]:
    """There is nothing to choose: the page's reader does."""
    return {"html": lambda explorer, options: explorer.to_html()}
