"""What `archscope compare` shows: tables in every format of a summary, and pictures. No torch."""

from collections.abc import Callable, Mapping

from archscope.comparison import Comparison
from archscope.views import Options

View = Callable[[Comparison, str, Options], str]


def formats() -> Mapping[str, View]:
    """A view takes the comparison, `by` (kind, stage, layer or nothing) and the options of a table."""
    from archscope.views.comparison import data, markup, table

    return {
        "table": table.as_table,
        "json": data.as_json,
        "csv": data.as_csv,
        "markdown": markup.as_markdown,
        "latex": markup.as_latex,
        "html": markup.as_html,
    }
