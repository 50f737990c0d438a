"""ptflops.get_model_complexity_info with its `pytorch` backend: hooks on modules, and patched functions beside them.

A module that calls a patched function is counted by both: nn.ReLU, nn.MaxPool2d and their like count twice.
"""

from math import prod
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import (
    Count,
    Counter,
    Found,
    counter,
    has_biases,
    hidden_steps,
    is_fused_attention,
    module_type,
    normalisation,
    response_norm,
)  # fmt: skip
from archscope.measures.macs import attention_scores, queried
from archscope.model.graph import Graph, Layer, elements_of
from archscope.model.operations import CATEGORY

if TYPE_CHECKING:
    from torch import nn

NORMALISATIONS = {f"{kind}{axes}d" for kind in ("BatchNorm", "InstanceNorm") for axes in (1, 2, 3)} | {"GroupNorm"}
HOOKED = {"ReLU", "PReLU", "ELU", "GELU", "LeakyReLU", "ReLU6"}
HOOKED |= {f"{kind}Pool{axes}d" for kind in ("Max", "Avg", "AdaptiveMax", "AdaptiveAvg") for axes in (1, 2, 3)}
"""Module types that count an operation an input element."""
PATCHED = {"relu", "prelu", "elu", "gelu", "relu6", "silu", "softmax"}
PATCHED |= {f"{kind}_pool{axes}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for axes in (1, 2, 3)}
"""Functions that do."""
MATRIX_FUNCTIONS = {"mm", "bmm", "addmm", "baddbmm"}
RECURRENT = {"LSTM": (18, 10), "GRU": (13, 7), "RNN": (3, 1)}
"""Elementwise operations a hidden unit and step, with biases and without."""

RECURRENT |= {f"{kind}Cell": each for kind, each in RECURRENT.items()}
MAPPED = {f"{kind}{axes}d" for kind in ("Conv", "ConvTranspose") for axes in (1, 2, 3)} | {"Linear"}
"""Module types whose products it knows, by their very class."""

WHOSE = {"linear": "a linear layer's", "convolution": "a convolution's"}
WHOSE["transposed convolution"] = "a transposed convolution's"


@counter
class Ptflops(Counter):
    name = "ptflops"
    package = "ptflops"
    unit = "MACs"
    rules = """biases, normalisation 2 an element, most activations and pooling 1 an input element, and again where
        a module does it; no matrix product by @, no attention kernel"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        kind = module_type(layer, graph)
        category, elements = CATEGORY.get(layer.operation), elements_of((layer.input_shapes or ((0,),))[0])
        if kind in NORMALISATIONS or kind == "LayerNorm":
            each = 2 if layer.parameters and kind != "LayerNorm" else 1
            return Count(each * elements, f"{normalisation(layer)}: {each} an element")
        if kind in HOOKED or layer.operation in PATCHED:
            times = (kind in HOOKED) + (layer.operation in PATCHED)
            said = "activations" if category in {"activation", "softmax"} else "pooling"
            twice = ", for the module and for its function" if times > 1 else ""
            return Count(times * elements, f"{said}: {times} an input element{twice}")
        if layer.operation == "local_response_norm":
            return Count(response_norm(layer), "local_response_norm: its products, sum and pooling")
        if category in {"convolution", "transposed convolution", "linear"}:
            if kind not in MAPPED:
                return Count(0, f"{layer.operation} not counted: no {' or '.join(sorted(MAPPED))}")
            bias = layer.output_elements if len(layer.parameters) > 1 else 0
            return Count(self.own(layer) + bias, f"{WHOSE[category]} bias" if bias else "")
        if layer.operation in {"interpolate", "upsample"}:
            times = 2 if kind == "Upsample" else 1
            return Count(times * layer.output_elements, f"interpolation: {times} an output element")
        if kind in RECURRENT:
            each = RECURRENT[kind][not has_biases(layer)]
            return Count(self.own(layer) + each * hidden_steps(layer), f"{kind}: {each} a hidden unit and step")
        if kind == "MultiheadAttention":
            return Count(self._attention(layer), "nn.MultiheadAttention: scaling, softmax and biases too")
        if layer.operation in {"addmm", "baddbmm"}:
            return Count(self.own(layer) + prod(layer.operand_shapes[0]), f"{layer.operation}: what is added, too")
        counted = layer.operation in MATRIX_FUNCTIONS or not self.own(layer)
        return Count(self.own(layer) if counted else 0, "" if counted else f"{layer.operation} not counted")

    def _attention(self, layer: Layer) -> int:
        query, key, value = queried(layer)
        width, heads, batch = query[-1], int(layer.settings["num_heads"]), query[1] if len(query) == 3 else 1
        biases = (query[0] + key[0] + value[0]) * width + query[0] * value[-1] if len(layer.parameters) > 2 else 0
        scores = heads * query[0] * key[0]
        besides: int = batch * (query[0] * width + biases + scores)
        if is_fused_attention(layer):
            return self.own(layer) + besides
        return self.own(layer) + besides + attention_scores(layer) + batch * scores  # by functions, once more

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from ptflops import get_model_complexity_info

        size = tuple(arguments[0].shape[1:])
        operations, params = get_model_complexity_info(
            module, size, as_strings=False, print_per_layer_stat=False, backend="pytorch",
            input_constructor=(lambda size: arguments[0]) if len(arguments) == 1 else None,
        )  # fmt: skip
        return Found(operations, params)
