"""What `archscope spectrum` shows: tables in every format of a summary, and pictures. No torch."""

from collections.abc import Callable, Mapping

from archscope.continuum.points import Spectrum
from archscope.views import Options


def spectrum_formats() -> Mapping[str, Callable[[Spectrum, Options], str]]:
    """Every format by name."""
    from archscope.views.spectrum import data, markup, table

    return {
        "table": table.as_table,
        "json": data.as_json,
        "csv": data.as_csv,
        "markdown": markup.as_markdown,
        "latex": markup.as_latex,
        "html": markup.as_html,
    }
