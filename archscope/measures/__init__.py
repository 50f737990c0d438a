"""What can be measured of a Graph: one file a measure, each a pure function from Graph to Columns. No torch."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from archscope.model.graph import Graph
from archscope.model.report import Column
from archscope.registry import Registry

Measure = Callable[[Graph], tuple[Column, ...]]

_measures: Registry[Measure] = Registry("measure")


def measure(function: Measure) -> Measure:
    """Decorator: register a measure under its function's name."""
    return _measures.register(function.__name__)(function)


@cache
def _load() -> None:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


def measure_all(graph: Graph) -> dict[str, Column]:
    """Every column of every measure, by name; in the measures' alphabetical order, whichever was imported first."""
    _load()
    return {column.name: column for name in sorted(_measures) for column in _measures[name](graph)}
