"""Quantised layers: their weights lie packed, with their settings, in objects that only torch's kernels read.

A call of such a kernel is noted as the plain operation that it stands for, on the weights as they are when unpacked.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from archscope.errors import ArchscopeError
from archscope.model.operations import CATEGORY

FUSED = re.compile(r"(_leaky_relu|_relu|_tanh|_add|_scalar|_dynamic|_fp16)+$")
"""What a kernel does besides, or how it comes by its scales."""


@cache
def plain_name(kernel: str) -> str:
    """The operation of a kernel of the library `quantized`: `conv2d` of conv2d_relu; unknown ones keep its name."""
    name = re.sub(r"(batch_norm)\dd", r"\1", FUSED.sub("", kernel.removeprefix("quantized_")))
    return name if name in CATEGORY else f"quantized::{kernel}"


def packs(module: nn.Module) -> bool:
    """Does a module hold an object of torch's? Nearly none does, and none of torch's plain layers."""
    plain = type(module).__module__.startswith("torch.nn.modules.")
    return not plain and torch.ScriptObject in map(type, vars(module).values())


def packed_in(module: nn.Module) -> Iterator[tuple[torch.ScriptObject, dict[str, torch.Tensor]]]:
    """What a module packs: each object with the tensors in it, by name."""
    attributes = vars(module)
    for attribute, value in attributes.items():
        if type(value) is torch.ScriptObject and (tensors := _unpacked(value)):
            if "1d" in type(module).__name__:  # packed as if it had two axes
                tensors["weight"] = tensors["weight"].squeeze(2)
            if attribute.startswith("_packed_weight"):  # a cell's: its bias lies beside it
                which = attribute.removeprefix("_packed_weight")
                bias = attributes[f"bias{which}"]
                tensors = {f"weight{which}": tensors["weight"]} | ({} if bias is None else {f"bias{which}": bias})
            yield value, tensors


def _unpacked(packed: Any) -> dict[str, torch.Tensor]:
    methods = packed._method_names()
    if "unpack" in methods:
        try:
            found = dict(zip(("weight", "bias"), packed.unpack(), strict=True))
        except RuntimeError as error:  # of another engine than the one that packed them
            reason = str(error).partition("\n")[0]
            raise ArchscopeError(f"the weights of a quantised layer cannot be read: {reason}") from None
    elif "CellParams" in str(packed._type()):
        _, biases, _, _, matrices = packed.__getstate__()[0]
        found = dict(zip(("w_ih", "w_hh"), [matrix.unpack()[0] for matrix in matrices], strict=True))
        found |= dict(zip(("b_ih", "b_hh"), biases, strict=False))
    else:
        return {}
    return {name: tensor.detach() for name, tensor in found.items() if tensor is not None}


def plain_call(
    function: Callable[..., Any],
    operation: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    tensors_of: Callable[[torch.ScriptObject], dict[str, torch.Tensor]],
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The call with weights where packed objects stand, as torch's plain operation takes its arguments; and a function
    that runs the kernel whatever it is given."""
    run = partial(_run, function, args, kwargs)
    packed = next((argument for argument in args if isinstance(argument, torch.ScriptObject)), None)
    if packed is not None and CATEGORY.get(operation) in {"convolution", "transposed convolution", "linear"}:
        tensors = tensors_of(packed)
        weights = (args[0], tensors.get("weight"), tensors.get("bias"))
        return run, (*weights, *_window(packed, operation))
    return run, tuple(_replaced(argument, tensors_of) for argument in args)


def _run(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *_: Any) -> Any:
    return function(*args, **kwargs)


def _window(packed: Any, operation: str) -> tuple[Any, ...]:
    """Settings of a convolution in the order in which torch takes them."""
    if operation == "linear":
        return ()
    axes = int(operation[-2])
    stride, padding, dilation = (getattr(packed, name)()[-axes:] for name in ("stride", "padding", "dilation"))
    if "transpose" in operation:
        return stride, padding, packed.output_padding()[-axes:], packed.groups(), dilation
    return stride, padding, dilation, packed.groups()


def _replaced(argument: Any, tensors_of: Callable[[torch.ScriptObject], dict[str, torch.Tensor]]) -> Any:
    """Weights instead of a packed object: those of a cell without its biases, which are arguments of their own."""
    if isinstance(argument, torch.ScriptObject):
        return next(iter(tensors_of(argument).values()), None)
    if isinstance(argument, list | tuple) and any(isinstance(item, torch.ScriptObject) for item in argument):
        return [tensor for item in argument for tensor in tensors_of(item).values()]
    return argument
