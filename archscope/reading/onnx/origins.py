"""What the newer exporter of torch writes down of stored tensors: what they were, and of what it made them."""

import re
from collections.abc import Container
from typing import Any

from archscope.reading.onnx.scopes import listed

KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"
FOLDED_FROM = "pkg.onnxscript.optimizer.folded_from"
"""Where a file says what a stored tensor was, what all were before, and of which a tensor was computed beforehand."""
LONGEST_SIGNATURE = 10_000_000
"""Characters."""


def kinds(graph: Any) -> dict[str, str]:
    """PARAMETER, BUFFER or CONSTANT_TENSOR, by the names of tensors."""
    entries = ((value.name, entry) for value in graph.value_info for entry in value.metadata_props)
    return {name: entry.value for name, entry in entries if entry.key == KIND}


def origins(graph: Any, stored: Container[str]) -> dict[str, str]:
    """Which stored tensors are parameters under other names: those computed beforehand of one alone, with numbers of
    the exporter's own, such as a vector that is shown with axes of one, or a token for a batch of one."""
    told = next((entry.value for entry in graph.metadata_props if entry.key == SIGNATURE), "")
    parameters = set(re.findall(r": PARAMETER target='([^']*)'", told[:LONGEST_SIGNATURE]))
    found = {}
    for value in graph.value_info if parameters else ():
        sources = next((listed(entry.value) for entry in value.metadata_props if entry.key == FOLDED_FROM), [])
        sources = [name for name in sources if not re.fullmatch(r"val_\d+", name)]
        if value.name in stored and len(sources) == 1 and sources[0] in parameters and sources[0] not in stored:
            found[value.name] = sources[0]
    return found
