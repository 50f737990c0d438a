"""In which module a node ran: as the exporters of torch write it down, or as its name says."""

import ast
import re
from typing import Any

from archscope.model.graph import MOST_LEVELS
from archscope.reading.drafting import Draft, said

SCOPES, CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"
LONGEST_SCOPES = 20_000
"""Characters of a list of modules."""


class Scopes:
    """The path and class of the module of each node. `draft` is told the classes of all modules around it."""

    def __init__(self, producer: str, draft: Draft) -> None:
        self.draft = draft
        self.of_torch = producer.startswith("pytorch")
        self.seen: set[str] = set()

    def of(self, node: Any, operation: str, weight: str) -> tuple[str, str]:
        """Where it has a weight of its own, its module is the weight's: a folded normalisation leaves its name to the
        convolution before it. The class is empty where nothing says it."""
        told = {entry.key: entry.value for entry in node.metadata_props}
        scopes, classes = (listed(told.get(key, "")) for key in (SCOPES, CLASSES))
        if len(scopes) > 1:
            return self._by_metadata(scopes, classes, operation, weight)
        if self.of_torch and node.name.startswith("/"):
            return self._by_name(node.name), ""
        parts = [said(part) for part in re.split(r"[/:]+", node.name) if part]
        path = ".".join(parts) if 0 < len(parts) < MOST_LEVELS else said(node.output[0]) if node.output else ""
        return path.strip("."), ""

    def has_norm(self, node: Any) -> bool:
        """Does a layer with weights stand for the batch normalisation after it too? The newer exporter of torch gives
        it the normalisation's name; the older one gives new names to both tensors that it computed."""
        told = next((entry.value for entry in node.metadata_props if entry.key == SCOPES), "")
        scopes = listed(told)
        if scopes:
            return "batch_norm" in scopes[-1]
        stored = node.input[1:3]
        return self.of_torch and len(stored) == 2 and all(name.startswith(f"onnx::{node.op_type}") for name in stored)

    def _by_metadata(self, scopes: list[str], classes: list[str], operation: str, weight: str) -> tuple[str, str]:
        """Such as ['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d'], and the class of each but the last."""
        modules = [said(scope) for scope in scopes[:-1]][:MOST_LEVELS]
        for path, name in zip(modules, classes, strict=False):
            self.draft.classes.setdefault(path, said(name.rpartition(".")[2]))
        path = modules[-1]
        owner, dot, held = weight.rpartition(".")
        if dot and held == "weight" and owner != path and _is_beside(owner, path):
            self.draft.classes[owner] = CLASS_OF.get(operation, "")
            return said(owner), CLASS_OF.get(operation, "")
        return path, self.draft.classes.get(path, "")

    def _by_name(self, name: str) -> str:
        """`/layer1/layer1.0/relu_1/Relu` is the second call of layer1.0.relu."""
        path: list[str] = []
        before = ""
        for part in name.strip("/").split("/")[:-1][:MOST_LEVELS]:
            path.append(said(part.removeprefix(f"{before}.") if before else part))
            before = part
        found = ".".join(path)
        again = re.fullmatch(r"(.+)_\d+", found)
        if again and again[1] in self.seen:
            return again[1]
        self.seen.add(found)
        return found


def _is_beside(one: str, other: str) -> bool:
    return one.rpartition(".")[0] == other.rpartition(".")[0]


CLASS_OF = {
    **{f"conv{axes}d": f"Conv{axes}d" for axes in (1, 2, 3)},
    **{f"conv_transpose{axes}d": f"ConvTranspose{axes}d" for axes in (1, 2, 3)},
    "linear": "Linear",
}
"""The class of torch's that runs an operation with a weight."""


def listed(text: str) -> list[str]:
    if not text or len(text) > LONGEST_SCOPES:
        return []
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return []
    return [str(item) for item in found] if isinstance(found, list) else []
