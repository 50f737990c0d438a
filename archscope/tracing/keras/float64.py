"""A Keras model that computes in float64, which Keras itself does not all the way: for a proof with equal weights."""

import sys
from typing import Any

import torch
from torch import nn

from archscope.tracing.keras.adopted import adopt

WIDE = "float64"


def in_float64(model: Any) -> nn.Module:
    """The model itself, which is not the user's, for good: its weights on the CPU, its layers a module tree."""
    layers = [model, *model._flatten_layers(include_self=False)]
    inner = [layer._functional for layer in layers if getattr(layer, "_functional", None)]  # how a Sequential runs
    for layer in [*layers, *inner]:
        layer.dtype_policy = WIDE
        for variable in (*layer._trainable_variables, *layer._non_trainable_variables):
            value = variable._value
            filled = torch.zeros(value.shape) if value.is_meta else value.detach().cpu()
            variable._value = nn.Parameter(filled.double(), requires_grad=False)
            variable._dtype = WIDE
        for given in (layer, *(getattr(layer, "_inputs", None) or ())):  # or a model rounds what it is given
            if str(getattr(given, "_dtype", "")).startswith("float"):
                given._dtype = WIDE
    _keep_float64()
    for layer in layers:
        adopt(layer)
    found: nn.Module = model
    return found


def _keep_float64() -> None:
    """Keras computes float64 with float32 in float32, means and normalisations among them; torch does not."""
    from keras.src.backend.common import dtypes

    original = dtypes.result_type
    if hasattr(original, "archscope"):
        return

    def result_type(*given: Any) -> Any:
        wide = any(WIDE in str(getattr(each, "name", each)) for each in given)
        return WIDE if wide else original(*given)

    result_type.archscope = True  # type: ignore[attr-defined]
    for name, module in list(sys.modules.items()):
        if name.startswith("keras.") and getattr(module, "result_type", None) is original:
            module.result_type = result_type  # type: ignore[attr-defined]
