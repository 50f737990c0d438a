"""A worksheet: the layers of a network as a table with cells to fill in, and its key with the working of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from archscope.errors import ArchscopeError
from archscope.explaining import QUANTITIES, Working, found_path, node_of, workings_of
from archscope.explaining.in_graph import Surroundings
from archscope.explaining.messages import check_language
from archscope.model import units
from archscope.model.graph import Layer
from archscope.model.report import Report, names_of
from archscope.model.results import Tabulated
from archscope.model.tree import Node
from archscope.registry import canonical, unknown

SCHEMA = "archscope.worksheet/1"

SHOWN = ("output", "params", "macs")
"""What every sheet has, given or to fill in."""
CAN_BE_BLANK = tuple(name for name in QUANTITIES if name not in {"intensity", "peak_memory_bytes"})


@dataclass(frozen=True)
class Exercise:
    """A row: a layer, `repeat` equal ones in a row as one, with the workings of each quantity. What it is given may be
    what a layer above it makes."""

    path: str
    said: str
    repeat: int
    input_shape: tuple[int, ...]
    is_made_above: bool
    output_shape: tuple[int, ...]
    workings: dict[str, tuple[Working, ...]]


@dataclass(frozen=True, repr=False)
class Worksheet(Tabulated):
    """The quantities in `blank` are to be filled in; in a `key` they are, with their working."""

    KIND: ClassVar[str] = "worksheet"

    report: Report
    path: str
    blank: tuple[str, ...]
    key: bool
    exercises: tuple[Exercise, ...]
    language: str = "en"

    @property
    def quantities(self) -> tuple[str, ...]:
        """The columns, in the order in which quantities are explained."""
        return tuple(name for name in QUANTITIES if name in {*SHOWN, *self.blank})

    def hides_input(self, exercise: Exercise) -> bool:
        """The size of an input would give away the output that is to be filled in a line above."""
        return exercise.is_made_above and "output" in self.blank and not self.key

    def _about(self) -> str:
        what = "answers" if self.key else "to fill in"
        return (
            f"{self.report.graph.name}: {units.counted(len(self.exercises), 'layer')}, {', '.join(self.blank)} {what}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data; what is to be filled in is null, in a key it has its formula beside."""
        rows = [
            {"layer": each.path, "operation": each.said, "repeat": each.repeat}
            | {"input_shape": None if self.hides_input(each) else list(each.input_shape)}
            | {name: self._plain(name, each) for name in self.quantities}
            for each in self.exercises
        ]
        network = self.report.graph.name
        return {"schema": SCHEMA, "network": network, "blank": list(self.blank), "key": self.key, "layers": rows}

    def _plain(self, name: str, exercise: Exercise) -> Any:
        workings = exercise.workings[name]
        value = list(exercise.output_shape) if name == "output" else workings[0].value if workings else 0
        if name not in self.blank:
            return value
        steps = [{"of": working.of, "formula": working.text, "value": working.value} for working in workings]
        return {"value": value, "working": steps} if self.key else None


def worksheet(report: Report, path: str, blank: str | Iterable[str], key: bool, language: str = "en") -> Worksheet:
    """The sheet of a layer, a module or, without a path, of the network.

    Raises ArchscopeError for a quantity that there is not, and where no layer has a formula for what is left blank.
    """
    check_language(language)
    names = tuple(dict.fromkeys(canonical(name) for name in names_of(blank if isinstance(blank, str) else [*blank])))
    for name in names:
        if name not in CAN_BE_BLANK:
            raise unknown("quantity to fill in", name, CAN_BE_BLANK)
    if not names:
        raise ArchscopeError("say what is to be filled in, such as output,params")
    path = found_path(report.graph, path)
    asked = tuple(name for name in QUANTITIES if name in {*SHOWN, *names})
    found = tuple(_exercises(report, path, asked, names))
    if not found:
        raise ArchscopeError(f"no layer of {path or report.graph.name} has a formula for {', '.join(names)}")
    return Worksheet(report, path, names, key, found, language)


def _exercises(report: Report, path: str, asked: Sequence[str], blank: Sequence[str]) -> Iterator[Exercise]:
    """Of each layer that has something to fill in, in the order of execution; equal neighbours once."""
    layer = report.graph.layer.get(path)
    around = Surroundings(report.graph)
    leaves = [(1, layer)] if layer else _leaves(node_of(report, path), 1)
    for repeat, leaf in leaves:
        workings = {name: tuple(workings_of(report, leaf, [name], around)) for name in asked}
        if any(_to_work_out(working) for name in blank for working in workings[name]):
            given = leaf.input_shapes[0] if leaf.input_shapes else ()
            above = any(_is_within(name, path) for name in leaf.inputs if name in report.graph.layer)
            yield Exercise(leaf.name, units.layer_words(leaf), repeat, given, above, leaf.output_shape, workings)


def _is_within(name: str, path: str) -> bool:
    return not path or name == path or name.startswith(f"{path}.")


def _leaves(node: Node, times: int) -> Iterator[tuple[int, Layer]]:
    if node.layer is not None:
        yield times, node.layer
    for child in node.children:
        yield from _leaves(child, times * child.repeat)


def _to_work_out(working: Working) -> bool:
    """A receptive field has its steps elsewhere."""
    return bool(working.text) or (working.quantity == "receptive_field" and isinstance(working.value, list))
