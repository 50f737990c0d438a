"""What every result offers: the formats of its views, as methods."""


class Shown:
    """A result that views show; `_render` gives it in the format of a name."""

    def _render(self, name: str) -> str:
        raise NotImplementedError

    def to_json(self) -> str:
        return self._render("json")

    def to_markdown(self) -> str:
        return self._render("markdown")

    def __str__(self) -> str:
        return self._render("table")


class Tabulated(Shown):
    """A result that is one table: for spreadsheets, papers and notebooks too."""

    def to_csv(self) -> str:
        return self._render("csv")

    def to_latex(self) -> str:
        return self._render("latex")

    def _repr_html_(self) -> str:
        return self._render("html")
