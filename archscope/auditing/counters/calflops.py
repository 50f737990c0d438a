"""calflops.calculate_flops: what torch.nn.functional computes, with bias, activations and pooling."""

from math import prod
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import (
    ELEMENTWISE,
    Count,
    Counter,
    Found,
    counter,
    elementwise,
    given_elements,
    has_biases,
    hidden_steps,
    is_fused_attention,
    mask_elements,
    normalisation,
    numpys_einsum,
    response_norm,
    softmax_elements,
    torchs_type,
    written,
)
from archscope.measures.macs import NotGiven, attention_scores
from archscope.model.graph import Graph, Layer, Shape, Window

if TYPE_CHECKING:
    from torch import nn

AXES = (1, 2, 3)
CONVOLUTIONS = {f"F.conv{axes}d" for axes in AXES}
TRANSPOSED = {f"F.conv_transpose{axes}d" for axes in AXES}
ONCE = {f"F.{name}" for name in ("relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu", "softmax")}
ONCE |= {f"F.{kind}_pool{axes}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for axes in AXES}
"""Functions that count 1 an input element."""
NORMALISATIONS = {"F.layer_norm": (5, 4), "F.group_norm": (5, 4), "F.instance_norm": (5, 4)}
"""An element, with scale and shift and without."""
PRODUCTS = {"torch.matmul", "Tensor.matmul"}
ADDED = {"torch.addmm", "Tensor.addmm", "torch.baddbmm"}
BESIDE = {"LSTM": (10, 2), "GRU": (7, 1), "RNN": (1, -1)}
BESIDE |= {f"{kind}Cell": each for kind, each in BESIDE.items()}
"""Operations a hidden unit and step, with biases and without."""


@counter
class Calflops(Counter):
    name = "calflops"
    package = "calflops"
    unit = "FLOPs"
    rules = """a convolution's bias, normalisation 2 or 5 an element, most activations and pooling 1 an input
        element; no matrix product by @ or bmm, no attention kernel"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        called = written(layer)
        if called in CONVOLUTIONS | TRANSPOSED:
            return self._convolution(layer)
        if called == "F.linear":
            return Count(self.own(layer))
        if called == "F.batch_norm" or called in NORMALISATIONS:
            return self._normalisation(layer, called)
        if called in ONCE:
            said = "pooling" if "pool" in called else "activations"
            return Count(given_elements(layer), f"{said}: 1 an input element")
        if called in {"F.interpolate", "F.upsample"}:
            return self._interpolation(layer)
        if called == "F.multi_head_attention_forward":
            return self._attention(layer)
        if (kind := torchs_type(layer, graph)) in BESIDE:
            each = BESIDE[kind][not has_biases(layer)]
            return Count(self.own(layer) + each * hidden_steps(layer), f"{kind}: {each} a hidden unit and step")
        if layer.operation == "local_response_norm":
            return Count(response_norm(layer), "local_response_norm: its products, sum and pooling")
        return self._product(layer, called)

    def _product(self, layer: Layer, called: str) -> Count:
        shapes = layer.operand_shapes
        if called in PRODUCTS:
            amount = 2 * prod(shapes[0]) * shapes[1][-1]
            return Count(amount, "" if amount == self.own(layer) else "torch.matmul, as if of matrices")
        if called in ADDED:
            amount = 2 * prod(shapes[1]) * shapes[2][-1] + prod(shapes[0])
            return Count(amount, f"{layer.operation}: what is added, too")
        if called in ELEMENTWISE:
            return Count(elementwise(layer), f"{called}: 1 an element")
        if called == "torch.einsum":
            return Count(numpys_einsum(layer), "einsum: in four digits, and 1 an element where nothing is summed")
        return Count(0, f"{layer.operation} not counted" if self.own(layer) else "")

    def _normalisation(self, layer: Layer, called: str) -> Count:
        folded = called == "F.batch_norm" and not layer.settings.get("training")
        each = ((2, 1) if folded else NORMALISATIONS.get(called, (5, 4)))[layer.given("weight") is None]
        return Count(each * given_elements(layer), f"{normalisation(layer)}: {each} an element")

    def _interpolation(self, layer: Layer) -> Count:
        size = layer.settings.get("size")
        if size is None:
            return Count(given_elements(layer), "interpolation: 1 an input element")
        return Count(prod(size) if isinstance(size, list | tuple) else int(size), "interpolation: 1 a pixel")

    def _attention(self, layer: Layer) -> Count:
        """torch.bmm is not seen, but torch.baddbmm is, which adds a mask to the scores."""
        scores = attention_scores(layer)
        projections = self.own(layer) - 2 * scores
        if is_fused_attention(layer):
            return Count(projections, "attention's products not counted")
        mask = mask_elements(layer)
        return Count(projections + softmax_elements(layer) + (scores + mask if mask else 0),
                     "attention's products not counted, but its softmax")  # fmt: skip

    def _convolution(self, layer: Layer) -> Count:
        """At the size that the window gives as if it were no transposed one: of which only the bias is counted so."""
        window, given = layer.window, layer.operand_shapes[0]
        if window is None:
            raise NotGiven("window")
        size = _result(given[-len(window.kernel_size) :], window, layer.settings.get("padding"))
        positions = prod(given[: -len(window.kernel_size) - 1]) * prod(size)
        channels = layer.output_shape[-len(window.kernel_size) - 1]
        bias = positions * channels if layer.given("bias") is not None else 0
        if "transpose" in layer.operation:  # which divides by the groups twice
            filters = layer.operand_shapes[1][1]
            amount = self.own(layer) * (filters // layer.groups) // filters + bias // layer.groups
            return Count(amount, "a transposed convolution's bias")
        weights = 2 * prod(layer.operand_shapes[1])
        return Count(weights * positions + bias, "a convolution's bias" if bias else "convolutions of even kernels")

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from calflops import calculate_flops

        operations, _, params = calculate_flops(
            module, args=list(arguments), print_results=False, print_detailed=False, output_as_string=False
        )
        return Found(int(operations), int(params))


def _result(given: Shape, window: Window, padding: Any) -> list[int]:
    """What remains of each axis under a window; `same` is taken as as much on both sides."""
    sides = zip(given, window.kernel_size, window.stride, window.padding, window.dilation, strict=True)
    same = padding == "same"
    return [(i + 2 * (d * (k - 1) // 2 if same else p) - d * (k - 1) - 1) // s + 1 for i, k, s, p, d in sides]
