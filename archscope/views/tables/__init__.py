"""How a Report is shown: one file a format, each a pure function from Report and Options to text. No torch."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from archscope.auditing.counters import counter_names
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.registry import Registry
from archscope.views import DEFAULT_COLUMNS, Options

BOUND_COLUMNS = ("bound_ms", "bound", "bound_percent")
"""Shown besides where a report has them."""
SPARE_COLUMNS = (*reversed(BOUND_COLUMNS), "output", "share", "latency_share")
"""Beside a latency these go where a terminal is narrow, the first first."""


View = Callable[[Report, Options], str]

_views: Registry[View] = Registry("format")
_suffixes: dict[str, str] = {}


def view(name: str, *suffixes: str) -> Callable[[View], View]:
    """Decorator: register a view under `name`, and as the one for files with these suffixes."""
    _suffixes.update(dict.fromkeys(suffixes, name))
    return _views.register(name)


@cache
def _load() -> None:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


def default_columns(report: Report) -> tuple[str, ...]:
    """What a table shows unless told otherwise."""
    latency = ("latency_ms", "latency_share") if "latency_ms" in report.columns else ()
    asked = [name for name in (*BOUND_COLUMNS, *counter_names()) if name in report.columns]
    return (*DEFAULT_COLUMNS, *latency, *asked)


def render(report: Report, name: str, options: Options | None = None) -> str:
    """The report in the format of this name. Raises ArchscopeError for an unknown format or column."""
    _load()
    return _views[name](report, options or Options(default_columns(report)))


def check_format(name: str) -> None:
    """Raises ArchscopeError for an unknown format."""
    _load()
    _views[name]


def formats() -> tuple[str, ...]:
    """Names of all formats."""
    _load()
    return tuple(sorted(_views))


def format_of(file_name: str) -> str:
    """The format that a file's suffix asks for. Raises ArchscopeError for a suffix that no format has."""
    _load()
    for suffix, name in _suffixes.items():
        if file_name.lower().endswith(suffix):
            return name
    raise ArchscopeError(f"no format for '{file_name}': use one of {', '.join(sorted(_suffixes))}, or --format")
