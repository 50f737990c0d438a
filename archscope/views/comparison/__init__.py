"""What `archscope compare` shows: tables in every format of a summary, and plots. No torch."""

from collections.abc import Mapping

from archscope.views import View
from archscope.views.figures import figure_formats
from archscope.views.page import page_formats

PLOTS = ("bars", "tradeoff")


def formats() -> Mapping[str, View]:
    from archscope.views.comparison import data, markup, plot, table

    return {
        "table": table.as_table,
        "json": data.as_json,
        "csv": data.as_csv,
        **page_formats(markup.page),
        "latex": page_formats(markup.printed)["latex"],
        **figure_formats(plot.figure),
    }
