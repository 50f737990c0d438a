"""What `archscope sweep` shows: a row a point in every format, and panels of what it costs. No torch."""

from collections.abc import Mapping

from archscope.views import View
from archscope.views.page import page_formats


def formats() -> Mapping[str, View]:
    from archscope.views.sweep import plot, table

    return {
        "table": table.as_table, "json": table.as_json, "csv": table.as_csv, **page_formats(table.page),
        "svg": plot.as_svg, "png": plot.as_png, "pdf": plot.as_pdf,
    }  # fmt: skip
