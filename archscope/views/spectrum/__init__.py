"""What `archscope spectrum` shows: tables in every format of a summary, and pictures. No torch."""

from collections.abc import Mapping

from archscope.views import View
from archscope.views.page import page_formats


def formats() -> Mapping[str, View]:
    from archscope.views.spectrum import data, markup, plot, slider, table

    return {
        "table": table.as_table,
        "json": data.as_json,
        "csv": data.as_csv,
        **page_formats(markup.page),
        "page": slider.as_page,
        "svg": plot.as_svg,
        "png": plot.as_png,
        "pdf": plot.as_pdf,
    }
