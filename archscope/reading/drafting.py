"""A Graph in the making, operation by operation, as a file lists them: named by the rules that name a traced one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from archscope.model.graph import Graph, Kind, Layer, Operand, Output, Shape, Tensor, Window, less_batch
from archscope.model.naming import name_records
from archscope.model.rows import row_of_window
from archscope.model.schema import GROUPS, WINDOW
from archscope.model.text import shown

MODULE = "Module"
"""The class of a module whose class a file does not say."""

LONGEST_NAME = 300
"""Characters of a name: a file may hold anything."""


def said(name: object) -> str:
    """A name from a file, as it can be shown."""
    text = shown(name)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


@dataclass(slots=True, eq=False)
class Call:
    """Operations in a row that are of one module."""

    path: str
    kind: str
    leaf: bool = True


@dataclass(slots=True, eq=False)
class Value:
    """A tensor: what holds or makes it, its whole shape, its type, and as which output or by which views."""

    kind: Kind
    source: "Record | Tensor"
    shape: Shape
    dtype: str
    output: int = 0
    views: tuple[str, ...] = ()

    def operand(self, argument: str) -> Operand:
        return Operand(argument, self.kind, self.source.name, self.shape, self.output, self.views)


@dataclass(slots=True, eq=False)
class Record:
    """One operation; it becomes a Layer once all names are known. `given` are its tensors by torch's arguments."""

    call: Call
    operation: str
    given: Sequence[tuple[str, Value]]
    shapes: tuple[Shape, ...]
    dtypes: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    window: Window | None = None
    groups: int = 1
    memory: Literal["new", "view", "in_place"] = "new"
    kind: str = ""
    name: str = ""
    main: bool = False

    def layer(self) -> Layer:
        operands = tuple([value.operand(argument) for argument, value in self.given])
        computed = [operand for operand in operands if operand.kind in ("layer", "input")]
        return Layer(
            name=self.name,
            kind=(self.kind or self.call.kind or self.operation) if self.main else self.operation,
            operation=self.operation,
            inputs=tuple([operand.source for operand in computed]),
            input_shapes=tuple([less_batch(operand.shape) for operand in computed]),
            output_shapes=tuple(map(less_batch, self.shapes)),
            dtypes=self.dtypes,
            window=self.window,
            groups=self.groups,
            settings=self.settings,
            parameters=_sources(operands, "parameter"),
            buffers=_sources(operands, "buffer"),
            memory=self.memory,
            operands=operands,
        )


def _sources(operands: Sequence[Operand], kind: Kind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(operand.source for operand in operands if operand.kind == kind))


class Draft:
    """What was read so far. `classes` are those of the modules, by path."""

    def __init__(self, name: str) -> None:
        self.name = said(name)
        self.classes: dict[str, str] = {}
        self.records: list[Record] = []
        self.stored: dict[Kind, dict[str, Tensor]] = {kind: {} for kind in ("input", "parameter", "buffer", "constant")}
        self.notes: list[str] = []
        self._call: Call | None = None
        self._taken: set[str] = set()

    def hold(self, kind: Kind, tensor: Tensor) -> Tensor:
        """Keep an input, a parameter, a buffer or a constant, under a name that no other has."""
        name, times = said(tensor.name) or kind, 0
        tensor = tensor._replace(name=name)
        while tensor.name in self._taken:
            times += 1
            tensor = tensor._replace(name=f"{name}_{times}")
        self._taken.add(tensor.name)
        self.stored[kind][tensor.name] = tensor
        return tensor

    def add(self, path: str, kind: str, operation: str, **fields: Any) -> Record:
        """An operation of the module of this path, that runs anew unless the one before was its, too. Raises ValueError
        for a window, or a number of groups, that no saved report may have: a file can say anything."""
        if self._call is None or self._call.path != path:
            self._call = Call(path, kind)
        made = Record(self._call, operation, **fields)
        GROUPS.check(made.groups)
        if made.window:
            WINDOW.check(row_of_window(made.window))
        self.records.append(made)
        return made

    def undo(self, count: int) -> None:
        """Keep so many operations alone."""
        del self.records[count:]

    def graph(self, results: Sequence[tuple[str, Value]]) -> Graph:
        """Of what was read; `results` are what the network returns, by name."""
        blocks = self._blocks()
        inner = {path.rpartition(".")[0] for path in blocks if path}
        for record in self.records:
            record.call.leaf = record.call.path not in inner
        inputs = self.stored["input"]
        name_records(self.records, inputs, blocks)
        operands = tuple([value.operand(name) for name, value in results])
        computed = [operand for operand in operands if operand.kind in ("layer", "input")]
        named = {
            (each.source, each.output): Output(each.argument, each.source, less_batch(each.shape))
            for each in reversed(computed)
        }
        return Graph(
            name=self.name,
            inputs=inputs,
            layers=tuple([record.layer() for record in self.records]),
            outputs=tuple(dict.fromkeys(operand.source for operand in computed)),
            blocks=blocks,
            parameters=self.stored["parameter"],
            buffers=self.stored["buffer"],
            notes=tuple(self.notes),
            named_outputs=tuple(reversed(named.values())),
            constants=self.stored["constant"],
            results=operands,
        )

    def _blocks(self) -> dict[str, str]:
        """Every module that an operation ran in, with those around it, in the order in which they are met."""
        blocks: dict[str, str] = {"": self.classes.get("", MODULE)}
        for record in self.records:
            parts = record.call.path.split(".")
            for depth in range(1, len(parts) + 1):
                path = ".".join(parts[:depth])
                if path not in blocks:
                    own = record.call.kind if path == record.call.path else ""
                    blocks[path] = self.classes.get(path) or own or MODULE
        return blocks
