"""What every result offers: a line for `repr`, text for `str`, its views' formats, and files. None knows a view."""

from importlib import import_module
from os import PathLike
from typing import Any, ClassVar

from archscope.errors import ArchscopeError
from archscope.model.dark import in_notebook
from archscope.model.text import one_line

LONGEST_REPR = 190
"""With its brackets below 200 letters: notebooks keep it for every cell, and a traceback shows it."""


class Result:
    """What a reader holds. Its views are found by its `KIND`, in the one registry of `archscope.views`."""

    KIND: ClassVar[str]

    def _about(self) -> str:
        """What `repr` says of it: which network, and its main figures."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """One line: notebooks and debuggers ask for it again and again."""
        kind = type(self).__name__
        return f"<{kind} {one_line(self._about(), LONGEST_REPR - len(kind))}>"

    def save(self, path: str | PathLike[str]) -> None:
        """Write to a file, whole or not at all, in the format that its suffix names.

        Raises ArchscopeError for a suffix that names none, and EnvironmentFailure where the file cannot be written.
        """
        self._save(path)

    def _save(self, path: str | PathLike[str], **choices: Any) -> None:
        from archscope.model.files import write_whole

        views, file = _views(), str(path)
        name = views.format_of(file, self.KIND)
        if not name:
            raise ArchscopeError(f"no format for '{file}': use one of {', '.join(views.suffixes(self.KIND))}")
        views.check_plot(choices.get("plot"), name, self.KIND, "plot={!r}", "save it")
        write_whole(file, self._render(name, **choices))

    def _render(self, name: str, **choices: Any) -> Any:
        """In the format of this name: text, or bytes."""
        views = _views()
        return views.render(self, name, views.Options(**choices))


class Tabulated(Result):
    """A result that is tables, and words around them."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, by the schema that its `schema` names and docs/ describes."""
        raise NotImplementedError

    def to_json(self) -> str:
        """`to_dict` as text."""
        return str(self._render("json"))

    def to_csv(self) -> str:
        """A line a row, exact numbers, unknown ones empty: for spreadsheets."""
        return str(self._render("csv"))

    def to_markdown(self) -> str:
        """For a README or an issue."""
        return str(self._render("markdown"))

    def to_latex(self) -> str:
        """For a paper; its first line says which packages it needs."""
        return str(self._render("latex"))

    def to_html(self) -> str:
        """For a web page: one fragment, no script, nothing from elsewhere."""
        return str(self._render("html"))

    def to_text(self) -> str:
        """The table that the command line shows, as wide as it needs."""
        return str(self._render("table"))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return in_notebook(self.to_html())


class Pictured(Result):
    """A result that has a picture."""

    def to_svg(self) -> str:
        """The picture as SVG, whose text stays text."""
        return str(self._render("svg"))

    def to_png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        return bytes(self._render("png"))

    def to_pdf(self) -> bytes:
        """The picture as the bytes of a PDF file: vectors, and fonts that are embedded."""
        return bytes(self._render("pdf"))


class Drawn(Pictured):
    """A result that is a picture: `str` is its SVG, and notebooks show it."""

    def __str__(self) -> str:
        return self.to_svg()

    def _repr_svg_(self) -> str:
        return in_notebook(self.to_svg())


def _views() -> Any:
    """The registry of views, by its name. Nothing else in the package looks up to those that use it."""
    return import_module("archscope.views")
