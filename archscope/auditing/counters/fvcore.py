"""fvcore.nn.FlopCountAnalysis: multiply-accumulates, which it calls flops, from a torch.jit trace."""

import logging
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import (
    CELLS,
    Count,
    Counter,
    Found,
    counter,
    given_elements,
    is_fused_attention,
    normalisation,
    numpys_einsum,
)
from archscope.measures.macs import attention_scores
from archscope.model.graph import Graph, Layer
from archscope.model.operations import CATEGORY

if TYPE_CHECKING:
    from torch import nn

NORMALISATIONS = {"layer_norm", "group_norm", "instance_norm"}
UNSUPPORTED = {"mv", "dot", "vdot", "inner", "baddbmm", "addbmm", "addmv", "tensordot", "bilinear", "outer"}
EXACT = {"abc,abd->acd", "abc,adc->adb"}
"""einsum that it has a formula for."""
RESAMPLED = {"nearest": 1, "bilinear": 4}
"""Operations that it counts an element of the resampled image, in two dimensions."""
IMAGE = 4
"""Axes of images, the batch among them."""


@counter
class Fvcore(Counter):
    name = "fvcore"
    package = "fvcore"
    unit = "MACs"
    rules = """batch normalisation 2 an element, other normalisation 5, global average pooling 1, interpolation 1 to 4;
        no attention kernel, no recurrent layer, no convolution padded by a word"""

    def count(self, layer: Layer, graph: Graph) -> Count:
        elements = given_elements(layer)
        affine = layer.given("weight") is not None
        category = CATEGORY.get(layer.operation)
        if layer.operation == "batch_norm" and not layer.settings.get("training"):
            return Count((2 if affine else 1) * elements, f"batch normalisation: {2 if affine else 1} an element")
        if layer.operation in NORMALISATIONS or layer.operation == "batch_norm":
            return Count((5 if affine else 4) * elements, f"{normalisation(layer)}: {5 if affine else 4} an element")
        if layer.operation == "adaptive_avg_pool2d":
            return Count(elements, "global average pooling: 1 an input element")
        if layer.operation == "grid_sample":
            return Count(4 * layer.output_elements, "grid_sample: 4 an output element")
        mode = layer.settings.get("mode", "nearest")
        if (
            layer.operation in {"interpolate", "upsample"}
            and len(layer.operand_shapes[0]) == IMAGE
            and mode in RESAMPLED
        ):
            return Count(
                RESAMPLED[mode] * layer.output_elements, f"{mode} interpolation: {RESAMPLED[mode]} an output element"
            )
        if is_fused_attention(layer):
            return Count(self.own(layer) - attention_scores(layer), "attention's products not counted")
        if layer.settings.get("padding") in {"same", "valid"}:
            return Count(0, "convolutions padded by a word not counted")
        if layer.operation == "einsum":
            return Count(_einsum(layer, self.own(layer)), "einsum: half of what numpy says, in four digits")
        if (category == "recurrent" and layer.operation not in CELLS) or layer.operation in UNSUPPORTED:
            return Count(0, f"{layer.operation} not counted")
        return Count(self.own(layer))

    def run(self, module: "nn.Module", arguments: tuple[Any, ...]) -> Found:
        from fvcore.nn import FlopCountAnalysis, parameter_count

        logging.getLogger("fvcore").setLevel(logging.ERROR)
        counted = FlopCountAnalysis(module, arguments).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return Found(int(counted.total()), parameter_count(module)[""])


def _einsum(layer: Layer, own: int) -> int:
    equation = str(layer.settings["equation"]).replace(" ", "")
    order = dict.fromkeys(letter for letter in equation if letter.isalpha())
    plain = equation.translate({ord(letter): chr(ord("a") + place) for place, letter in enumerate(order)})
    return own if plain in EXACT else int(numpys_einsum(layer) / 2)
