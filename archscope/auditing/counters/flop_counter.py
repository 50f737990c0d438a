"""torch.utils.flop_counter.FlopCounterMode: convolutions and matrix products as torch dispatches them on the CPU."""

from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import Count, Counter, Found, counter, is_fused_attention
from archscope.measures.macs import attention_scores
from archscope.model.graph import Graph, Layer

if TYPE_CHECKING:
    from torch import nn

UNSEEN = {"lstm", "bilinear"}


@counter
class FlopCounter(Counter):
    name = "flop_counter"
    package = "torch"
    unit = "FLOPs"
    batches = True
    rules = "as archscope, but on the CPU neither LSTM layers nor the fused attention kernel, and no bilinear layer"

    def count(self, layer: Layer, graph: Graph) -> Count:
        if layer.operation in UNSEEN:
            return Count(0, f"{layer.operation} not counted: one kernel on the CPU")
        if is_fused_attention(layer):
            missed = 2 * attention_scores(layer)
            return Count(self.own(layer) - missed, "attention's products not counted: one fused kernel on the CPU")
        return Count(self.own(layer))

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counted:
            module(*arguments)
        return Found(counted.get_total_flops(), None)
