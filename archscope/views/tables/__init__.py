"""How a Report is shown: one file a format, each a pure function from Report and Options to text. No torch."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module

from archscope.model.report import Report
from archscope.registry import members
from archscope.views import DEFAULT_COLUMNS, Options, View

BOUND_COLUMNS = ("bound_ms", "bound", "bound_percent")
"""Shown besides where a report has them."""
SPARE_COLUMNS = (*reversed(BOUND_COLUMNS), "output", "share", "latency_share")
"""Beside a latency these go where a terminal is narrow, the first first."""


_views: dict[str, View] = {}


def view(name: str) -> Callable[[View], View]:
    """Decorator: register a view under the format's name. It is given the names of the columns, whatever was chosen."""

    def enter(function: View) -> View:
        _views[name] = lambda report, options: function(report, replace(options, columns=chosen(report, options)))
        return function

    return enter


def chosen(report: Report, options: Options) -> tuple[str, ...]:
    """The columns: the usual ones where none is chosen, every one for `all`."""
    if options.columns == ("all",):
        return ("output", "share", *report.table_columns)
    return options.columns or default_columns(report)


def default_columns(report: Report) -> tuple[str, ...]:
    """What a table shows unless told otherwise."""
    from archscope.auditing.counters import counter_names

    latency = ("latency_ms", "latency_share") if "latency_ms" in report.columns else ()
    asked = [name for name in (*BOUND_COLUMNS, *counter_names()) if name in report.columns]
    return (*DEFAULT_COLUMNS, *latency, *asked)


@cache
def formats() -> Mapping[str, View]:
    """Every view by its format's name."""
    for name in members(__path__):
        import_module(f"{__name__}.{name}")
    return dict(sorted(_views.items()))
