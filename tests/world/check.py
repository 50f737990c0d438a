"""One network: what archscope says of it, what torch says, and how long each took."""

import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_map_only
from torch.utils.flop_counter import FlopCounterMode

import archscope
from archscope.measures.macs import of_layer
from archscope.model.report import Report
from tests.world.networks import Made, ways

NOT_TORCHS = frozenset(
    "mv addmv addbmm bilinear conv_tbc cdist linalg_solve_triangular deform_conv2d dot vdot linalg_vecdot inner".split()
)
"""Products that torch's counter has no formula for."""


def check(library: str, name: str) -> dict[str, Any]:
    """A row of the table. Whatever fails is said in it."""
    row: dict[str, Any] = {"library": library, "name": name}
    warnings.filterwarnings("ignore")
    torch.manual_seed(0)
    tries = (tried(way) for way in ways(library, name))
    first = next(tries)
    runs = (each for each in tries if runs_in_torch(each)) if not runs_in_torch(first) else iter(())
    found, module, inputs = next(runs, first)
    row |= found
    if module is None:
        return row
    try:
        seconds, report = timed(lambda: archscope.summarize(module, input_data=inputs))
    except archscope.ArchscopeError as error:
        return row | {"error": said(error)}
    except Exception as error:
        return row | {"traceback": said(error)}
    return row | {"ms": 1000 * seconds} | archscopes(report) | difference(report, row)


def tried(way: Callable[[], Made]) -> tuple[dict[str, Any], nn.Module | None, Any]:
    """What torch says of a network as this way builds it."""
    try:
        module, inputs = way()
    except Exception as error:
        return {"not_built": said(error)}, None, None
    module.requires_grad_(False)  # torch's counter looks at gradients' functions, which views of parameters lack
    params = sum(parameter.numel() for parameter in module.parameters())
    return {"torch_params": params} | torchs(module, inputs), module, inputs


def runs_in_torch(found: tuple[dict[str, Any], nn.Module | None, Any]) -> bool:
    return "torch_flops" in found[0]


def said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:300]


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def archscopes(report: Report) -> dict[str, Any]:
    totals = report.totals
    unknown = sorted({layer.operation for layer in report.graph.layers if of_layer(layer) is None})
    return {
        "params": totals["params"], "macs": totals["macs"], "layers": len(report.graph.layers), "unknown": unknown,
        "notes": list(report.graph.notes),
    }  # fmt: skip


# ---- torch -------------------------------------------------------------------------------------------------------


def torchs(module: nn.Module, inputs: Any) -> dict[str, Any]:
    """FLOPs by operator and milliseconds of a plain pass, on the device that the module is on."""
    device = next(module.parameters()).device
    # on the CPU the very same values: how many objects are found, and run through the heads, hangs on them
    inputs = tree_map_only(
        torch.Tensor, lambda given: given if given.device == device else torch.zeros_like(given, device=device), inputs
    )

    def forward() -> None:
        module(**inputs) if isinstance(inputs, dict) else module(*inputs)

    with torch.no_grad(), written_out():
        try:
            seconds, _ = timed(forward)
            with FlopCounterMode(display=False) as counter:
                forward()
        except Exception as error:
            return {"torch_error": said(error), "torch_device": device.type}
    by_operator = counter.get_flop_counts()["Global"]
    return {
        "torch_device": device.type,
        "torch_flops": counter.get_total_flops(), "torch_ms": 1000 * seconds,
        "torch_by_operator": {str(operator): flops for operator, flops in by_operator.items()},
    }  # fmt: skip


@contextmanager
def written_out() -> Iterator[None]:
    """torch counts nothing in its fused kernels for inference, be it attention or recurrent layers."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), torch.backends.mkldnn.flags(enabled=False):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def difference(report: Report, row: dict[str, Any]) -> dict[str, Any]:
    """FLOPs beyond torch's: those of products that it has no formula for, and the rest, with the count by operator."""
    if "torch_flops" not in row:
        return {}
    own = Counter[str]()
    for layer in report.graph.layers:
        by_vector = layer.operation == "matmul" and any(len(shape) == 1 for shape in layer.operand_shapes)
        own["mv" if by_vector else layer.operation] += 2 * (of_layer(layer) or 0)
    beyond = {operation: flops for operation, flops in own.items() if flops and operation in NOT_TORCHS}
    rest = sum(own.values()) - sum(beyond.values()) - row["torch_flops"]
    by_operator = {operation: flops for operation, flops in own.items() if flops} if rest else {}
    return {"beyond_torch": beyond, "rest": rest, "by_operator": by_operator}
