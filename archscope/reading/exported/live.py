"""An ExportedProgram at hand, read as its file is: its graph says all, and nothing runs. It is torch's; torch is not
imported here."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from archscope.model.content import FEW, digest_of
from archscope.reading.exported.contents import fixed
from archscope.reading.exported.program import Known, Operation, Program, Ref

MOST_READ = 2**23
"""Elements of the largest tensor whose content is compared."""
STORED: dict[str, Any] = {"PARAMETER": "parameter", "BUFFER": "buffer", "CONSTANT_TENSOR": "constant"}


def program_of(exported: Any) -> Program:
    nodes = list(exported.graph.nodes)
    found = Program("ExportedProgram")
    tensors: dict[str, Known] = {}
    for node in nodes:
        tensors.update(_tensors(node))
    specs = exported.graph_signature.input_specs
    found.stored = [
        (STORED[spec.kind.name], spec.arg.name, spec.target) for spec in specs if spec.kind.name in STORED
    ]  # fmt: skip
    found.inputs = [spec.arg.name for spec in specs if spec.kind.name == "USER_INPUT" and spec.arg.name in tensors]
    weights = dict(exported.named_parameters())
    for kind, name, path in found.stored:
        if kind == "parameter" and name in tensors:
            known = tensors[name]
            tensors[name] = Known(known.shape, known.dtype, bool(weights[path].requires_grad))
    found.tensors = tensors
    found.operations = [_operation(node) for node in nodes if node.op == "call_function"]
    held = {**exported.constants, **exported.state_dict}
    for name, path in fixed(found):
        tensors[name] = _with_content(tensors[name], held.get(path))
    results = exported.graph_signature.output_specs
    found.results = [each.arg.name for each in results if each.kind.name == "USER_OUTPUT" and each.arg.name in tensors]
    stack: Any = next((node.meta["nn_module_stack"] for node in nodes if node.meta.get("nn_module_stack")), {})
    name = next(iter(_stack(stack)), ("", ""))[1]
    found.name = name.rpartition(".")[2] or found.name
    return found


def _tensors(node: Any) -> Iterator[tuple[str, Known]]:
    """What a node makes: one tensor, or several by number."""
    value = node.meta.get("val")
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        yield node.name, _known(value)
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            if hasattr(each, "dtype"):
                yield f"{node.name}.{place}", _known(each)


def _known(value: Any) -> Known:
    """An open size is what it was at the export."""
    shape = tuple(int(getattr(getattr(size, "node", None), "hint", size)) for size in value.shape)
    return Known(shape, str(value.dtype).removeprefix("torch."))


def _with_content(known: Known, value: Any) -> Known:
    if value is None or value.is_meta or value.numel() > MOST_READ or value.is_complex():
        return known
    numbers = (value.float() if value.is_floating_point() else value.long()).detach().cpu().reshape(-1).numpy()
    values = tuple(numbers.tolist()) if numbers.size <= FEW else ()
    return replace(known, digest=digest_of([numbers.data]), values=values)


def _operation(node: Any) -> Operation:
    if getattr(node.target, "__name__", "") == "getitem":
        return Operation("getitem", [("", Ref(node.args[0].name)), ("", node.args[1])], [node.name])
    schema = getattr(node.target, "_schema", None)
    names = [argument.name for argument in schema.arguments] if schema else []
    positional = zip(names or (f"argument_{place}" for place in range(len(node.args))), node.args, strict=False)
    given = [(name, _argument(value)) for name, value in (*positional, *node.kwargs.items())]
    value = node.meta.get("val")
    several = isinstance(value, list | tuple)
    makes = [f"{node.name}.{place}" for place in range(len(value))] if several else [node.name]
    if not several and not hasattr(value, "dtype"):
        makes = []
    target = str(node.target) if schema else f"higher_order.{getattr(node.target, '__name__', node.target)}"
    return Operation(target, given, makes, list(_stack(node.meta.get("nn_module_stack") or {})))


def _stack(stack: Any) -> Iterator[tuple[str, str]]:
    for path, kind in stack.values():
        yield path, kind if isinstance(kind, str) else kind.__name__


def _argument(value: Any) -> Any:
    """Nodes as references, types by their names; what is neither plain nor a node is left out."""
    if hasattr(value, "op") and hasattr(value, "meta"):
        return Ref(value.name)
    if isinstance(value, list | tuple):
        return [_argument(each) for each in value]
    if isinstance(value, bool | int | float | str | None):
        return value
    said = str(value)
    return said.removeprefix("torch.") if said.startswith("torch.") and type(value).__name__ == "dtype" else None
