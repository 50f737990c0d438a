"""ptflops.get_model_complexity_info with its `pytorch` backend: hooks on modules, and patched functions beside them.

A module that calls a patched function is counted by both: nn.ReLU, nn.MaxPool2d and their like count twice. What the
hooks count is divided by the number of images, what the functions count is not.
"""

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
    names_of,
    normalisation,
    response_norm,
    softmax_elements,
    torchs_type,
    written,
)  # fmt: skip
from archscope.measures.macs import attention_scores, queried
from archscope.model.graph import Graph, Layer, Shape
from archscope.model.operations import CATEGORY

if TYPE_CHECKING:
    from torch import nn

AXES = (1, 2, 3)
SCALED = {f"{kind}{axes}d" for kind in ("BatchNorm", "InstanceNorm") for axes in AXES} | {"GroupNorm"}
ACTIVATIONS = {"ReLU", "PReLU", "ELU", "GELU", "LeakyReLU", "ReLU6"}
POOLS = {f"{kind}Pool{axes}d" for kind in ("Max", "Avg", "AdaptiveMax", "AdaptiveAvg") for axes in AXES}
MAPPED = {f"{kind}{axes}d" for kind in ("Conv", "ConvTranspose") for axes in AXES} | {"Linear"}
"""Module types whose products it knows, by their very class."""
RECURRENT = {"LSTM": (18, 10), "GRU": (13, 7), "RNN": (3, 1)}
RECURRENT |= {f"{kind}Cell": each for kind, each in RECURRENT.items()}
"""Elementwise operations a hidden unit and step, with biases and without."""

PATCHED = {f"F.{name}" for name in ("relu", "prelu", "elu", "gelu", "relu6", "silu", "softmax")}
PATCHED |= {f"F.{kind}_pool{axes}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for axes in AXES}
"""Functions that count an operation an input element."""
RESAMPLING = {"F.interpolate", "F.upsample"}
PRODUCTS = {f"{place}.{name}" for place in ("torch", "Tensor") for name in ("matmul", "mm", "bmm")}
ADDED = {"torch.addmm", "Tensor.addmm", "torch.baddbmm"}

PARTS = frozenset({"qkv", "q_norm", "k_norm", "attn_drop", "norm", "proj", "proj_drop"})
"""What timm's Attention is made of, by which it is known here: the tool knows its class, where timm is installed."""


@counter
class Ptflops(Counter):
    name = "ptflops"
    package = "ptflops"
    unit = "MACs"
    rules = """biases, normalisation 2 an element, most activations and pooling 1 an input element, and again where
        a module does it; no matrix product by @, no attention kernel"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        names = names_of(layer, graph)  # what a module has counted is added at each of its paths
        hooked, called = names * self._of_module(layer, graph), self._of_function(layer)
        amount = hooked // graph.images + called
        return Count(amount, "" if amount == self.own(layer) else self._why(layer, hooked, called, graph))

    def _why(self, layer: Layer, hooked: int, called: int, graph: Graph) -> str:
        category = CATEGORY.get(layer.operation, "")
        elements = given_elements(layer)
        if hooked and names_of(layer, graph) > 1:
            return "a module under several names: once for each"
        if timms_attention(layer, graph):
            return "timm's Attention: scaling, scores and weighted sum, and none of its linear layers"
        if called and hooked:
            return f"{'pooling' if 'pool' in layer.operation else category}: for the module and for its function"
        if category.endswith("normalisation"):
            return f"{normalisation(layer)}: {hooked // elements if elements else 0} an element"
        if hooked and category in {"convolution", "transposed convolution", "linear"}:
            return f"a {category} layer's bias".replace("convolution layer", "convolution")
        if hooked and category == "attention":
            return "nn.MultiheadAttention: scaling, softmax and biases too"
        if hooked and category == "recurrent":
            return f"{layer.kind}: what is done beside its products"
        if hooked or called:
            return f"{'pooling' if 'pool' in layer.operation else category or layer.operation}, an element"
        return f"{layer.operation} not counted"

    # ---- what the hooks on modules count, of all images ----------------------------------------------------------

    def _of_module(self, layer: Layer, graph: Graph) -> int:
        if block := timms_attention(layer, graph):
            return self._timms(layer, graph, block)
        kind, elements = torchs_type(layer, graph), given_elements(layer)
        if kind in SCALED:
            return (2 if layer.parameters else 1) * elements
        if kind in POOLS or kind == "LayerNorm":
            return elements
        if kind in ACTIVATIONS:
            return layer.output_elements
        if kind == "Upsample":
            return layer.output_elements // layer.operand_shapes[0][0]  # of the first image
        if kind in MAPPED and layer.operation != "pad":
            bias = layer.output_elements if layer.given("bias") is not None else 0
            return self.own(layer) + bias
        if kind in RECURRENT:
            return self.own(layer) + RECURRENT[kind][not has_biases(layer)] * hidden_steps(layer)
        if kind == "MultiheadAttention" and layer.operation == "multi_head_attention_forward":
            return self._attention(layer)
        return 0

    def _attention(self, layer: Layer) -> int:
        query, key, value = queried(layer)
        batch, heads = query[1] if len(query) == 3 else 1, int(layer.settings["num_heads"])
        width, of_values = query[-1], value[-1]
        projections = sum(rows * features**2 for rows, *_, features in (query, key, value))
        biases = (query[0] + key[0] + value[0]) * width if layer.given("in_proj_bias") is not None else 0
        scores = heads * query[0] * key[0] * (width // heads + 1 + of_values // heads)
        return batch * (query[0] * width + projections + biases + scores + query[0] * of_values * (of_values + 1))

    def _timms(self, layer: Layer, graph: Graph, block: str) -> int:
        """All of it, at its first layer."""
        if graph.module_of(layer) != f"{block}.qkv":
            return 0
        batch, tokens, _ = layer.operand_shapes[0]
        split = graph.layer[graph.consumers[layer.name][0]]  # batch x tokens x 3 x heads x width of a head
        heads, width = split.output_shape[-2], layer.output_shape[-1] // 3
        return batch * (tokens * width + 2 * tokens**2 * width + heads * tokens**2)

    # ---- what the functions count --------------------------------------------------------------------------------

    def _of_function(self, layer: Layer) -> int:
        called, shapes = written(layer), layer.operand_shapes
        if called in PATCHED:
            return given_elements(layer)
        if called in RESAMPLING:
            return _resampled(layer, shapes[0])
        if called in PRODUCTS:
            return prod(shapes[0]) * shapes[1][-1]
        if called in ADDED:
            return prod(shapes[1]) * shapes[2][-1] + prod(shapes[0])
        if called in ELEMENTWISE:
            return elementwise(layer)
        if layer.operation == "local_response_norm":
            return response_norm(layer)
        if layer.operation == "multi_head_attention_forward" and not is_fused_attention(layer):
            return attention_scores(layer) + softmax_elements(layer) + mask_elements(layer)
        return 0

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from ptflops import get_model_complexity_info

        size = tuple(arguments[0].shape[1:])
        operations, params = get_model_complexity_info(
            module, size, as_strings=False, print_per_layer_stat=False, backend="pytorch",
            input_constructor=(lambda size: arguments[0]) if len(arguments) == 1 else None,
        )  # fmt: skip
        return Found(operations, params)


def _resampled(layer: Layer, given: Shape) -> int:
    """The elements of the result as it tells them: by the size, or by the factors, where several are whole numbers."""
    axes, size, scale = len(given) - 2, layer.settings.get("size"), layer.settings.get("scale_factor")
    if size is not None:
        return prod(given[:2]) * (prod(size) if isinstance(size, list | tuple) else int(size) ** axes)
    if isinstance(scale, list | tuple):
        return prod(given) * prod(map(int, scale))
    return int(prod(given) * float(scale or 1) ** axes)


def timms_attention(layer: Layer, graph: Graph) -> str:
    """The path of timm's Attention that this layer is a part of; nothing outside of one."""
    path = graph.module_of(layer)
    while path:
        if graph.blocks.get(path) == "Attention" and {f"{path}.{part}" for part in PARTS} <= graph.blocks.keys():
            return path
        path = path.rpartition(".")[0]
    return ""
