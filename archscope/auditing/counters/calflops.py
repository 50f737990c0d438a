"""calflops.calculate_flops: what torch.nn.functional computes, with bias, activations and pooling."""

from math import prod
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import (
    RECURRENT,
    Count,
    Counter,
    Found,
    counter,
    hidden_steps,
    is_fused_attention,
    normalisation,
    response_norm,
)
from archscope.measures.macs import attention_scores
from archscope.model.graph import Graph, Layer, elements_of
from archscope.model.operations import CATEGORY

if TYPE_CHECKING:
    from torch import nn

ONCE = {"relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu", "softmax"}
ONCE |= {f"{kind}_pool{axes}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for axes in (1, 2, 3)}
"""Functions that count 1 an input element."""
NORMALISATIONS = {"batch_norm": (2, 1), "layer_norm": (5, 4), "group_norm": (5, 4), "instance_norm": (5, 4)}
"""An element, with scale and shift and without."""

ELEMENTWISE = {"LSTM": (10, 2), "GRU": (7, 1), "RNN": (1, -1)}
"""Operations a hidden unit and step, with biases and without."""


@counter
class Calflops(Counter):
    name = "calflops"
    package = "calflops"
    unit = "FLOPs"
    rules = """a convolution's bias, normalisation 2 or 5 an element, most activations and pooling 1 an input
        element; no matrix product by @ or bmm, no attention kernel"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        elements = elements_of(layer.input_shapes[0]) if layer.input_shapes else 0
        category = CATEGORY.get(layer.operation)
        if layer.operation in NORMALISATIONS:
            each = NORMALISATIONS[layer.operation][not layer.parameters]
            return Count(each * elements, f"{normalisation(layer)}: {each} an element")
        if layer.operation in ONCE:
            said = "pooling" if "pool" in layer.operation else "activations"
            return Count(elements, f"{said}: 1 an input element")
        if layer.operation in {"interpolate", "upsample"}:
            return Count(elements, "interpolation: 1 an input element")
        if category in {"convolution", "transposed convolution"} and len(layer.parameters) > 1:
            bias = layer.output_elements if category == "convolution" else self._transposed_bias(layer)
            return Count(self.own(layer) + bias, f"a {category}'s bias")
        if is_fused_attention(layer):
            return Count(self.own(layer) - 2 * attention_scores(layer), "attention's products not counted")
        if kind := RECURRENT.get(layer.operation):
            each = ELEMENTWISE[kind][not layer.settings["has_biases"]]
            return Count(self.own(layer) + each * hidden_steps(layer), f"{kind}: {each} a hidden unit and step")
        if layer.operation == "local_response_norm":
            return Count(response_norm(layer), "local_response_norm: its products, sum and pooling")
        if category == "product":
            return Count(0, f"{layer.operation} not counted")
        return Count(self.own(layer))

    def _transposed_bias(self, layer: Layer) -> int:
        """At the size that the same window, not transposed, would give."""
        assert layer.window
        window, sizes = layer.window, layer.input_shapes[0][-len(layer.window.kernel_size) :]
        sides = zip(sizes, window.kernel_size, window.stride, window.padding, window.dilation, strict=True)
        return layer.output_shape[0] * prod((i + 2 * p - d * (k - 1) - 1) // s + 1 for i, k, s, p, d in sides)

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from calflops import calculate_flops

        operations, _, params = calculate_flops(
            module, args=list(arguments), print_results=False, print_detailed=False, output_as_string=False
        )
        return Found(int(operations), int(params))
