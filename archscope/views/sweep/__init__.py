"""What `archscope sweep` shows: a row a point in every format, and panels of what it costs. No torch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archscope.sweeping.points import Sweep
from archscope.views import Options, View
from archscope.views.data import as_json
from archscope.views.figures import figure_formats
from archscope.views.page import page_formats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def formats() -> Mapping[str, View]:
    from archscope.views.sweep import table

    return {
        "table": table.as_table, "json": as_json, "csv": table.as_csv, **page_formats(table.page),
        **figure_formats(panels),
    }  # fmt: skip


def panels(found: Sweep, options: Options) -> "Figure":
    from archscope.views.sweep.chart import chart
    from archscope.views.sweep.rows import columns

    return chart(found, columns(found, options))
