"""What can be measured of a Graph: one file a measure, each a pure function from Graph to Columns. No torch."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module

from archscope.garbage import collection_paused
from archscope.measures.costs import is_said
from archscope.model.graph import Graph
from archscope.model.report import Column
from archscope.registry import Registry, members

Measure = Callable[[Graph], tuple[Column, ...]]

_measures: Registry[tuple[Measure, tuple[str, ...]]] = Registry("measure")


def measure(*columns: str) -> Callable[[Measure], Measure]:
    """Decorator: register a measure under its function's name, with the names of the columns that it gives."""

    def enter(function: Measure) -> Measure:
        _measures.register(function.__name__)((function, columns))
        return function

    return enter


@cache
def _measure_of() -> Mapping[str, Measure]:
    """By column, in the measures' alphabetical order, whichever was imported first."""
    for name in members(__path__):
        import_module(f"{__name__}.{name}")
    registered = [_measures[name] for name in sorted(_measures)]
    return {column: function for function, columns in registered for column in columns}


class Measured(Mapping[str, Column]):
    """Every column of every measure of a Graph, by name. What is not asked for is not measured: a picture needs two.

    Costs that a user has said are asked at once: what he says may fail, and may be another thing later. Raises
    ArchscopeError for them.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, Column] = {}
        if any([is_said(layer) for layer in graph.layers]):
            self._known = dict(self)

    def __getitem__(self, name: str) -> Column:
        if name not in self._known:
            with collection_paused():
                self._known |= {column.name: column for column in _measure_of()[name](self._graph)}
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in _measure_of()

    def __iter__(self) -> Iterator[str]:
        """Who goes through them asks for all: they are measured in one go."""
        with collection_paused():
            return iter({name: self[name] for name in _measure_of()})

    def __len__(self) -> int:
        return len(_measure_of())

    def __repr__(self) -> str:
        return repr(dict(self))
