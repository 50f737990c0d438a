"""The .pt2 archive of torch.export.save: its model.json, and what its constants hold. `torch.export.load` would run
pickles."""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.graph import LARGEST_SIZE, Shape, elements_of
from archscope.model.units import counted
from archscope.reading import documents
from archscope.reading.drafting import said
from archscope.reading.exported.contents import with_contents
from archscope.reading.exported.program import DTYPES, MOST_NODES, Known, Operation, Program, Ref
from archscope.reading.kinds import BROKEN_ARCHIVE

LARGEST = 200 * 2**20
"""Bytes of a model.json."""
MOST = {"values": (",", 4_000_000)}
"""In a model.json."""
MOST_AXES = 64
SCHEMA = 8
"""The version of torch.export's format, whose major number changes with its meaning."""
BROKEN = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
"""What a document of another form raises as it is read."""


def read_archive(path: str) -> Program:
    """Raises ArchscopeError for what torch.export.save has not written, or another release's."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if re.search(r"/models/[^/]+\.json$", each.filename)]
            if len(members) != 1:
                raise ArchscopeError(f"{path} holds {counted(len(members), 'program')}: archscope reads one")
            if members[0].file_size > LARGEST:
                raise ArchscopeError(f"{path}: its program is of {members[0].file_size:,} bytes, too many to read")
            with archive.open(members[0]) as file:
                written = file.read(LARGEST)
            document = documents.load(path, "its program", written, MOST)
            program = _checked(path, document)
            with_contents(program, archive, members[0].filename.rpartition("/models/")[0])
            return program
    except (OSError, RecursionError, zipfile.BadZipFile, *BROKEN_ARCHIVE) as error:
        reason = getattr(error, "strerror", None) or "it is no whole archive"
        raise ArchscopeError(f"cannot read {path}: {str(reason).lower()}") from None


def _checked(path: str, document: Any) -> Program:
    try:
        version = document["schema_version"]["major"]
        if version != SCHEMA:
            raise ArchscopeError(f"{path} is of another torch: its schema is {version}, archscope reads {SCHEMA}")
        return _program(path, document["graph_module"])
    except BROKEN as error:
        raise ArchscopeError(f"{path}: its program is not as torch.export writes it ({said(error)})") from None


def _program(path: str, module: Mapping[str, Any]) -> Program:
    graph, signature = module["graph"], module["signature"]
    if len(graph["nodes"]) > MOST_NODES:
        raise ArchscopeError(f"{path} has {counted(len(graph['nodes']), 'node')}: archscope reads {MOST_NODES:,}")
    found = Program(Path(path).stem)
    stored, inputs = [], []
    for spec in signature["input_specs"]:
        ((kind, about),) = spec.items()
        if kind == "user_input":
            inputs += [argument["name"] for key, argument in about["arg"].items() if key == "as_tensor"]
        elif kind in STORED:
            what, name = STORED[kind]
            stored.append((what, about["arg"]["name"], about[name]))
    batch = _batch(graph["tensor_values"], inputs)
    found.tensors = {name: _known(name, about, batch) for name, about in graph["tensor_values"].items()}
    found.stored, found.inputs = stored, inputs
    found.operations = list(map(_operation, graph["nodes"]))
    found.results = list(_results(signature["output_specs"]))
    made = [*inputs, *(name for _, name, _ in stored), *(name for each in found.operations for name in each.makes)]
    if len(made) > len(set(made)):
        raise ValueError("a tensor is made twice")
    found.notes = [] if batch or not _open(graph["tensor_values"]) else ["open sizes are those that it was exported at"]
    return found


STORED: dict[str, tuple[Any, str]] = {
    "parameter": ("parameter", "parameter_name"),
    "buffer": ("buffer", "buffer_name"),
    "tensor_constant": ("constant", "tensor_constant_name"),
}
"""Kinds of inputs that are no user's, and where their names stand."""


def _results(specs: Any) -> Iterator[str]:
    for spec in specs:
        argument = spec.get("user_output", {}).get("arg", {})
        if "as_tensor" in argument:
            yield argument["as_tensor"]["name"]


def _batch(tensors: Mapping[str, Any], inputs: list[str]) -> str:
    """The symbol of the first axis of every input, where that is open."""
    first = {str(tensors[name]["sizes"][:1]) for name in inputs}
    sizes = tensors[inputs[0]]["sizes"] if inputs else []
    return sizes[0]["as_expr"]["expr_str"] if len(first) == 1 and sizes and "as_expr" in sizes[0] else ""


def _open(tensors: Mapping[str, Any]) -> bool:
    return any("as_expr" in size for about in tensors.values() for size in about["sizes"])


def _known(name: str, about: Mapping[str, Any], batch: str) -> Known:
    shape = tuple([_size(size, batch) for size in about["sizes"]])
    if len(shape) > MOST_AXES or min(shape, default=0) < 0 or elements_of(shape) > LARGEST_SIZE:
        raise ValueError(f"{said(name)} is no tensor that there can be")
    return Known(shape, DTYPES.get(str(about["dtype"]), "float32"), bool(about["requires_grad"]))


def _size(size: Mapping[str, Any], batch: str) -> int:
    """A number; the batch, which is 1, or so many times it; of another expression what it was at the export."""
    if "as_int" in size:
        return int(size["as_int"])
    expression = size["as_expr"]["expr_str"]
    times = re.fullmatch(rf"(?:(\d+)\*)?{re.escape(batch)}", expression) if batch else None
    return int(times[1] or 1) if times else int(size["as_expr"]["hint"]["as_int"])


def _operation(node: Mapping[str, Any]) -> Operation:
    given = [(each["name"], _argument(each["arg"])) for each in node["inputs"]]
    makes: list[str] = []
    for each in node["outputs"]:
        for kind, about in each.items():
            makes += [about["name"]] if kind == "as_tensor" else []
            makes += [one["name"] for one in about] if kind == "as_tensors" else []
    stack = _stack(node.get("metadata", {}).get("nn_module_stack", ""))
    return Operation(str(node["target"]).removeprefix("torch.ops."), given, makes, stack)


@lru_cache
def _stack(said: str) -> Sequence[tuple[str, str]]:
    parts = [part.split(",") for part in said.split(";") if part]
    return tuple([(path, kind) for _, path, kind in parts])


def _argument(about: Mapping[str, Any]) -> Any:
    """Tensors as references; what is no tensor and no number is left out."""
    ((kind, value),) = about.items()
    if kind == "as_tensor":
        return Ref(value["name"])
    if kind == "as_tensors":
        return [Ref(each["name"]) for each in value]
    if kind == "as_optional_tensors":
        return [Ref(each["as_tensor"]["name"]) if "as_tensor" in each else None for each in value]
    if kind in ("as_sym_ints", "as_sym_int"):
        sizes = [each.get("as_int", -1) for each in (value if isinstance(value, list) else [value])]
        return sizes if kind == "as_sym_ints" else sizes[0]
    if kind == "as_scalar_type":
        return DTYPES.get(str(value), "float32")
    return value if kind in PLAIN else None


PLAIN = {"as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools", "as_string", "as_strings"}


def shape_said(shape: Shape) -> str:
    return "x".join(map(str, shape))
