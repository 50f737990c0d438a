"""torch.utils.flop_counter.FlopCounterMode: convolutions and matrix products as torch dispatches them on the CPU."""

from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import Count, Counter, Found, counter, is_fused_attention
from archscope.measures.macs import attention_scores, queried
from archscope.model.graph import Graph, Layer

if TYPE_CHECKING:
    from torch import nn

UNSEEN = {"lstm", "bilinear"}
HEADS = 4
"""Axes of what attention reads, the heads among them."""


@counter
class FlopCounter(Counter):
    name = "flop_counter"
    package = "torch"
    unit = "FLOPs"
    rules = "as archscope, but on the CPU neither LSTM layers nor the fused attention kernel, and no bilinear layer"

    def count(self, layer: Layer, graph: Graph) -> Count:
        if layer.operation in UNSEEN:
            return Count(0, f"{layer.operation} not counted: one kernel on the CPU")
        if is_fused_attention(layer) and _has_kernel(layer):
            missed = 2 * attention_scores(layer)
            return Count(self.own(layer) - missed, "attention's products not counted: one fused kernel on the CPU")
        return Count(self.own(layer))

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counted:
            module(*arguments)
        return Found(counted.get_total_flops(), None)


def _has_kernel(layer: Layer) -> bool:
    """The kernel takes batch x heads x tokens x width alone, and one width for all."""
    if layer.operation == "multi_head_attention_forward":
        return True
    query, key, value = queried(layer)
    return len(query) == HEADS and query[-1] == key[-1] == value[-1]
