"""What the newer exporter of torch writes down of stored tensors: what they were, and what it made of them."""

import re
from typing import TYPE_CHECKING

from archscope.reading.onnx.scopes import listed

if TYPE_CHECKING:
    from archscope.reading.onnx.model import Model

KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"
FOLDED_FROM = "pkg.onnxscript.optimizer.folded_from"
"""Where a file says what a stored tensor was, what all were before, and of which a tensor was computed beforehand."""
LONGEST_SIGNATURE = 10_000_000
"""Characters."""


def tell(model: "Model") -> None:
    """The kinds of stored tensors. What was computed beforehand of one parameter, with numbers of the exporter's own
    alone, is that parameter: a vector that is shown with axes of one, a token for a batch of one."""
    told = {entry.key: entry.value for entry in model.graph.metadata_props}
    parameters = set(re.findall(r": PARAMETER target='([^']*)'", told.get(SIGNATURE, "")[:LONGEST_SIGNATURE]))
    for value in model.graph.value_info:
        said = {entry.key: entry.value for entry in value.metadata_props}
        if KIND in said:
            model.kinds[value.name] = said[KIND]
        sources = [name for name in listed(said.get(FOLDED_FROM, "")) if not re.fullmatch(r"val_\d+", name)]
        if value.name in model.stored and len(sources) == 1 and sources[0] in parameters - model.stored.keys():
            model.stored[value.name].owner = sources[0]
            model.kinds[sources[0]] = "PARAMETER"
