"""Exported programs: what torch.export records of a network, from its file or from torch's object. No torch.

program        what is read: operations of ATen on named tensors
archive        from a .pt2 file: its model.json
contents       what its constants hold
folding        what it computes of constants alone
exact          the numbers of these, in numpy
live           from an ExportedProgram at hand
aten           an operation in the words of torch's functions
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from archscope.errors import ArchscopeError
from archscope.model.graph import Graph, Shape, Tensor, less_batch
from archscope.model.input_sizes import Input
from archscope.model.operations import CATEGORY
from archscope.reading.drafting import Call, Draft, Value, said
from archscope.reading.exported.archive import BROKEN, read_archive, shape_said
from archscope.reading.exported.aten import BY_TENSORS, NOTHING, Called, by_tensors, called, chosen, operation_of
from archscope.reading.exported.folding import folded
from archscope.reading.exported.program import Operation, Program, Ref

TURNS = {"t", "transpose", "permute", "T"}
"""Operations that a decomposed linear layer shows its weight by."""
CHOOSES = {"select", "slice"}
"""Those that choose elements by numbers."""
SHOWS = {"view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand"}
"""Those that show a stored tensor in other axes, and in its own order."""


def read(path: str, wanted: Sequence[Input] = ()) -> tuple[Graph, int | None]:
    """The Graph of a .pt2 file. Raises ArchscopeError."""
    return read_program(read_archive(path), path, wanted)


def read_program(program: Program, path: str, wanted: Sequence[Input] = ()) -> tuple[Graph, int | None]:
    """Sizes that are given must be those of the export: the program holds no others."""
    shapes = [program.tensors[name].shape for name in program.inputs]
    for each, shape in zip(wanted, shapes, strict=False):
        if each.size not in (shape, less_batch(shape)):
            raise ArchscopeError(f"{path} was exported at {shape_said(shape)}: --input {each} does not apply")
    try:
        reading = Reading(folded(program))
        for operation in reading.program.operations:
            reading.add(operation)
        graph = reading.graph()
    except BROKEN as error:
        raise ArchscopeError(f"{path}: its program is not as torch.export writes it ({said(error)})") from None
    if shapes and shapes[0] and shapes[0][0] > 1 and len(shapes[0]) > 1:
        graph = replace(graph, notes=(*graph.notes, f"exported for a batch of {shapes[0][0]}: counts are of all"))
    return graph, None


class Reading:
    """The operations of a program so far, and the value of each tensor. `bases`: of views the tensor that they are of;
    what is written into one is written into the other; `modules`: path and class of each, by those in the stack of
    a call."""

    def __init__(self, program: Program) -> None:
        self.program, self.draft = program, Draft(program.name)
        self.values: dict[str, Value] = {}
        self.turned: dict[str, Value] = {}
        self.bases: dict[str, str] = {}
        self.modules: dict[tuple[str, str], tuple[str, str]] = {}
        self.called: dict[tuple[str, str, Shape | None], Called] = {}
        self.read = program.read() | {*program.results, *_parts_read(program)}
        self.draft.notes += program.notes
        for name in program.inputs:
            known = program.tensors[name]
            tensor = self.draft.hold("input", Tensor(name, less_batch(known.shape), known.dtype))
            self.values[name] = Value("input", tensor, known.shape, known.dtype)
        for kind, name, path in program.stored:
            known = program.tensors[name]
            trainable = known.trainable and kind == "parameter"
            tensor = self.draft.hold(
                kind, Tensor(path, known.shape, known.dtype, trainable, known.digest, known.values)
            )
            self.values[name] = Value(kind, tensor, known.shape, known.dtype)

    def add(self, operation: Operation) -> None:
        """One operation; of those that compute no tensor, such as checks of sizes, nothing."""
        if not operation.makes:
            return
        name, _ = operation_of(operation.target)
        given = _named(operation.given)
        if operation.target == "getitem":  # of an operation that makes several
            (_, whole), (_, place) = operation.given
            self.values[operation.makes[0]] = self.values[f"{whole.name}.{place}"]
            return
        references = _references(given.items())
        tensors = [(argument, self.values[ref.name]) for argument, ref in references]
        if name in NOTHING and tensors:
            self.values[operation.makes[0]] = tensors[0][1]
        elif name in SHOWS | TURNS | CHOOSES and len(tensors) == 1 and _shows(name, tensors[0][1]):
            self.values[operation.makes[0]] = self._shown(operation, name, given, tensors[0][1])
        else:
            self._record(operation, given, tensors, references[0][1].name if references else "")

    def _shown(self, operation: Operation, name: str, given: Mapping[str, Any], value: Value) -> Value:
        """A stored tensor as it is read, which is no operation: the weight of a decomposed linear layer, say."""
        known = self.program.tensors[operation.makes[0]]
        if name in CHOOSES:
            name, given = "getitem", chosen(name, given)
        said = ", ".join(f"{argument}={number}" for argument, number in given.items() if not _holds_tensors(number))
        if name in TURNS and len(value.shape) == 2:
            self.turned[operation.makes[0]] = value
        return Value(value.kind, value.source, known.shape, known.dtype, views=(*value.views, f"{name}({said})"))

    def _record(
        self, operation: Operation, given: Mapping[str, Any], tensors: list[tuple[str, Value]], first: str
    ) -> None:
        """`first` is the name of the tensor that an operation in place, or a view, is of."""
        numbers = {name: value for name, value in given.items() if not _holds_tensors(value)}
        shapes = {argument: value.shape for argument, value in tensors}
        found = self._called(operation.target, numbers, shapes.get("weight"))
        settings = found.settings
        name = found.operation
        if name.endswith("_with_indices") and operation.makes[1] not in self.read:
            name, settings = (
                name.removesuffix("_with_indices"),
                {"ceil_mode": False, "return_indices": False} | settings,
            )
        linear = self._linear(name, given, tensors)
        if linear is not None:
            name, tensors, settings = "linear", linear, {}
        elif name == "slice":
            name, settings = "getitem", chosen(name, numbers)
        elif name in BY_TENSORS and not given.get("accumulate"):
            name, settings, tensors = BY_TENSORS[name], *by_tensors(given, self.values)
        elif name == "embedding":
            by_name = dict(tensors)
            tensors = [("input", by_name["indices"]), ("weight", by_name["weight"])]
        makes = [each for place, each in enumerate(operation.makes) if place == 0 or each in self.read]
        known = [self.program.tensors.get(each) for each in makes]
        path, kind = self._module(operation)
        record = self.draft.add(
            path, kind, name, given=tensors, shapes=tuple(each.shape if each else () for each in known),
            dtypes=tuple(each.dtype if each else "float32" for each in known), settings=settings,
            window=found.window, groups=found.groups, memory=_memory(name, found.in_place, settings, len(tensors)),
        )  # fmt: skip
        for place, (each, about) in enumerate(zip(makes, known, strict=True)):
            value = Value("layer", record, about.shape if about else (), record.dtypes[place], place)
            self.values[each] = self.values[f"{each}.{place}"] = value
        if record.memory == "view":
            self.bases |= dict.fromkeys(operation.makes, first)
        elif record.memory == "in_place":
            self._write(first, self.values[operation.makes[0]], record.call)

    def _write(self, name: str, value: Value, call: Call) -> None:
        """From here on a tensor is this value, and what it is a view of has it for a part."""
        self.values[name] = value
        while name in self.bases:
            name = self.bases[name]
        whole = self.values[name]
        if whole.source is value.source or whole.kind in STORED:
            return
        record = self.draft.add(
            call.path, call.kind, "setitem", given=[("input", whole), ("value", value)], shapes=(whole.shape,),
            dtypes=(whole.dtype,), memory="in_place",
        )  # fmt: skip
        self.values[name] = Value("layer", record, whole.shape, whole.dtype)

    def _linear(
        self, name: str, given: Mapping[str, Any], tensors: Sequence[tuple[str, Value]]
    ) -> list[tuple[str, Value]] | None:
        """Of addmm and mm with a weight that is shown turned: the linear layer that was decomposed."""
        weight = given.get("mat2")
        if name not in ("addmm", "mm") or not isinstance(weight, Ref) or weight.name not in self.turned:
            return None
        by_name = dict(tensors)
        factor = by_name.get("mat1", by_name.get("input"))
        if factor is None:
            return None
        bias = [("bias", by_name["input"])] if name == "addmm" else []
        return [("input", factor), ("weight", self.turned[weight.name]), *bias]

    def _module(self, operation: Operation) -> tuple[str, str]:
        """Path and class of the innermost module; a second call of one is told by an @ and a number."""
        for module in operation.stack:
            if module not in self.modules:
                path, kind = said(re.sub(r"@\d+", "", module[0])), said(module[1].rpartition(".")[2])
                self.modules[module] = path, kind
                self.draft.classes.setdefault(path, kind)
        return self.modules[operation.stack[-1]] if operation.stack else ("", "")

    def _called(self, target: str, given: Mapping[str, Any], weight: Shape | None) -> Called:
        """As `called`, which equal layers need not ask again."""
        key = target, str(given), weight
        if key not in self.called:
            self.called[key] = called(target, given, weight)
        return self.called[key]

    def graph(self) -> Graph:
        results = [self.values[name] for name in self.program.results]
        several = len(results) > 1
        return self.draft.graph([(str(place) if several else "", value) for place, value in enumerate(results)])


def _parts_read(program: Program) -> Iterator[str]:
    """Of operations that make several tensors, those that are taken by their number."""
    for each in program.operations:
        if each.target == "getitem":
            (_, whole), (_, place) = each.given
            yield f"{whole.name}.{place}"


def _memory(name: str, in_place: bool, settings: Mapping[str, Any], tensors: int) -> Literal["new", "view", "in_place"]:
    if in_place:
        return "in_place"
    category = CATEGORY.get(name)
    if name == "getitem" and tensors > 1:  # places that a tensor says are gathered
        return "new"
    return "view" if category == "view" or (category == "dropout" and not settings.get("training")) else "new"


def _shows(name: str, value: Value) -> bool:
    """Is it a view of a stored tensor? To reshape one that was turned, or repeated, is to copy it."""
    turned = any(view.partition("(")[0] not in SHOWS - {"expand"} for view in value.views)
    return value.kind in STORED and not (turned and name in SHOWS)


STORED = {"parameter", "buffer", "constant"}


def _named(given: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    return {"input" if name == "self" else name: value for name, value in given}


def _holds_tensors(value: Any) -> bool:
    return isinstance(value, Ref) or (isinstance(value, list) and any(isinstance(each, Ref) for each in value))


def _references(given: Iterable[tuple[str, Any]]) -> list[tuple[str, Ref]]:
    """Every tensor with its argument: `tensors.1` of a list."""
    found: list[tuple[str, Ref]] = []
    for name, value in given:
        if isinstance(value, Ref):
            found.append((name, value))
        elif isinstance(value, list):
            found += [(f"{name}.{place}", each) for place, each in enumerate(value) if isinstance(each, Ref)]
    return found
