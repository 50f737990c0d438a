"""What every result offers: the formats of its views, as methods. No result knows a view."""

from importlib import import_module
from typing import Any, ClassVar


class Result:
    """What a reader holds. Its views are found by its `KIND`, in the one registry of `archscope.views`."""

    KIND: ClassVar[str]

    def _render(self, name: str, **choices: Any) -> Any:
        """In the format of this name: text, or bytes. Nothing else in the package looks up to those that use it."""
        views = import_module("archscope.views")
        return views.render(self, name, views.Options(**choices))

    def __str__(self) -> str:
        return str(self._render("table"))


class Shown(Result):
    """A result that reads as text."""

    def to_json(self) -> str:
        return str(self._render("json"))

    def to_markdown(self) -> str:
        return str(self._render("markdown"))


class Tabulated(Shown):
    """A result that is one table: for spreadsheets, papers and notebooks too."""

    def to_csv(self) -> str:
        return str(self._render("csv"))

    def to_latex(self) -> str:
        return str(self._render("latex"))

    def _repr_html_(self) -> str:
        return str(self._render("html"))
