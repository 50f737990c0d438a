"""thop.profile: multiply-accumulates and elementwise operations, mixed, of the module types that it has rules for."""

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import (
    Count,
    Counter,
    Found,
    counter,
    given_elements,
    has_biases,
    hidden_steps,
    names_of,
    normalisation,
    torchs_type,
)
from archscope.model.graph import Graph, Layer

if TYPE_CHECKING:
    from torch import nn

CONVOLUTIONS = {f"{kind}{axes}d" for kind in ("Conv", "ConvTranspose") for axes in (1, 2, 3)}
NORMALISATIONS = {f"{kind}{axes}d" for kind in ("BatchNorm", "InstanceNorm") for axes in (1, 2, 3)} | {"LayerNorm"}
AVERAGES = {f"AvgPool{axes}d" for axes in (1, 2, 3)}
GLOBAL_AVERAGES = {f"AdaptiveAvgPool{axes}d" for axes in (1, 2, 3)}
RESAMPLED = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 259}
RECURRENT = {"LSTM": (16, 8), "GRU": (13, 7), "RNN": (3, 1)}
RECURRENT |= {f"{kind}Cell": each for kind, each in RECURRENT.items()}
"""Elementwise operations a hidden unit and step, with biases and without."""
UPSAMPLING = {"Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"}
FREE = {"Linear", "ReLU", "ReLU6", "LeakyReLU", "ZeroPad2d", "Dropout", "PixelShuffle", "Softmax", "PReLU"}
FREE |= {f"{kind}MaxPool{axes}d" for kind in ("", "Adaptive") for axes in (1, 2, 3)}
KNOWN = CONVOLUTIONS | NORMALISATIONS | AVERAGES | GLOBAL_AVERAGES | UPSAMPLING | FREE | set(RECURRENT)
"""Module types with a rule; the parameters of any other are not counted either."""


@counter
class Thop(Counter):
    name = "thop"
    package = "thop"
    unit = "MACs"
    rules = """normalisation 4 an element (2 without scale and shift), pooling, softmax and interpolation by rules of
        its own, transposed convolutions at their output's size; no functional operation, attention, nn.Parameter"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        found, names = self._once(layer, graph), names_of(layer, graph)
        if names == 1 or not found.amount:
            return found
        return Count(names**2 * found.amount, "a module under several names: hooked at each, and added up at each")

    def _once(self, layer: Layer, graph: Graph) -> Count:
        kind, given = torchs_type(layer, graph), given_elements(layer)
        if kind not in KNOWN:
            return Count(0, f"{layer.operation} not counted: no rule for it" if self.own(layer) else "")
        if kind in CONVOLUTIONS:
            return self._convolution(layer)
        if kind in NORMALISATIONS:
            each = 4 if layer.parameters else 2
            return Count(each * given, f"{normalisation(layer)}: {each} an element")
        if kind in AVERAGES:
            return Count(layer.output_elements, "average pooling: 1 an output element")
        if kind in GLOBAL_AVERAGES:
            axes = int(kind[-2])
            kernel = prod(layer.operand_shapes[0][-axes:]) / prod(layer.output_shape[-axes:])
            return Count(int((kernel + 1) * layer.output_elements), "global average pooling: kernel + 1 an output")
        if kind == "Softmax":
            features = layer.operand_shapes[0][layer.settings["dim"]]
            return Count(given // features * (3 * features - 1), "softmax: 3 an element")
        if kind == "PReLU":
            return Count(layer.output_elements, "PReLU: 1 an element")
        if kind in UPSAMPLING:
            each = RESAMPLED.get(layer.settings.get("mode", "nearest"), 0)
            return Count(each * layer.output_elements, f"interpolation: {each} an output element")
        if kind in RECURRENT and layer.given("batch_sizes") is None:
            each = RECURRENT[kind][not has_biases(layer)]
            return Count(self.own(layer) + each * hidden_steps(layer), f"{kind}: {each} a hidden unit and step")
        return Count(self.own(layer))

    def _convolution(self, layer: Layer) -> Count:
        if layer.window is None:
            return Count(self.own(layer))
        channels = layer.operand_shapes[0][1] // layer.groups
        amount = layer.output_elements * channels * prod(layer.window.kernel_size)
        return Count(amount, "" if amount == self.own(layer) else "transposed convolutions at their output's size")

    def params(self, graph: Graph) -> Iterable[Count]:
        """What it counts are the modules with a rule that were called, each with all its parameters."""
        called = {graph.module_of(layer): layer for layer in graph.layers if torchs_type(layer, graph) in KNOWN}
        held = sum(
            names_of(layer, graph) * graph.parameters[name].elements
            for layer in called.values()
            for name in layer.parameters
        )
        beyond = held - sum(tensor.elements for tensor in graph.parameters.values())
        if beyond:
            yield Count(beyond, "parameters of modules without a rule left out, shared ones at every module")

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from thop import profile

        operations, params = profile(module, inputs=arguments, verbose=False)
        return Found(int(operations), int(params))
