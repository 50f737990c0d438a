"""What torch calls the arguments of its functions, and what it takes where a call does not say them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import torch

from archscope.cached import cached_property

NAMES = {
    "convolution": "input weight bias stride padding dilation transposed output_padding groups",
    "conv1d conv2d conv3d": "input weight bias stride padding dilation groups",
    "conv_transpose1d conv_transpose2d conv_transpose3d":
        "input weight bias stride padding output_padding groups dilation",
    "avg_pool1d avg_pool2d avg_pool3d":
        "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "max_pool1d max_pool2d max_pool3d": "input kernel_size stride padding dilation ceil_mode",
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d": "input output_size",
    "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d": "input output_size return_indices",
    "linear": "input weight bias",
    "cat stack": "tensors dim",
    "add sub mul div pow rsub": "input other",
    "softmax log_softmax": "input dim",
    "sum amax amin argmax": "input dim keepdim",
    "transpose": "input dim0 dim1",
    "squeeze unsqueeze": "input dim",
    "flatten": "input start_dim end_dim",
    "chunk": "input chunks dim",
    "split": "input split_size dim",
    "getitem": "input index",
    "setitem": "input index value",
    "clamp": "input min max",
    "permute flip": "input *dims",
    "repeat": "input *repeats",
    "expand view": "input *size",
    "reshape": "input *shape",
    "cdist": "input other p",
    "einsum": "equation *operands",
    "lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell": "input hx w_ih w_hh b_ih b_hh",
    "lstm gru rnn_tanh rnn_relu":
        "input hx weights has_biases num_layers dropout train bidirectional batch_first",
}  # fmt: skip
"""Names of positional arguments where torch's own are not the ones, or are not told. `*` gathers all that follow."""

BY_OPERATION = {operation: tuple(names.split()) for group, names in NAMES.items() for operation in group.split()}


@dataclass(frozen=True)
class Signature:
    names: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Of each name."""
        return {name: place for place, name in enumerate(self.names)}


def signature_of(
    function: Callable[..., Any], operation: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Signature:
    """Of the function as it is called: torch has several of one name, told apart by the types of what is given."""
    known = None if FOREIGN in operation else _of_operator(function) or _of_python(function)
    found = known or _of_kernel(operation, tuple([*map(type, args)]), tuple(kwargs))
    names = BY_OPERATION.get(operation)
    return Signature(names, found.defaults) if names else found


@cache
def _of_operator(function: Callable[..., Any]) -> Signature | None:
    """Of a kernel that is called as such, `torch.ops.aten.mean.dim`, as graphs of torch.export do."""
    if not isinstance(function, torch._ops.OpOverload):
        return None
    arguments = function._schema.arguments
    defaults = {_as_torch_says(each.name): each.default_value for each in arguments if each.has_default_value()}
    return Signature(tuple(_as_torch_says(each.name) for each in arguments), _said(defaults))


@cache
def _of_python(function: Callable[..., Any]) -> Signature | None:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a builtin
        return None
    positional = [p for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
    names = [("*" if p.kind is p.VAR_POSITIONAL else "") + _as_torch_says(p.name) for p in positional]
    defaults = {_as_torch_says(p.name): p.default for p in parameters if p.default is not p.empty}
    return Signature(tuple(names), _said(defaults))


@lru_cache(4096)
def _of_kernel(operation: str, given: tuple[type, ...], by_name: tuple[str, ...]) -> Signature:
    """By the schemas of torch's kernels, the first that takes arguments of the types that are given."""
    for schema in _schemas(operation):
        if schema.takes(given, by_name):
            return schema.signature(given)
    return Signature()


@dataclass(frozen=True)
class Schema:
    """One form of a kernel: its arguments' names and types, and how many may be given by position."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    positional: int
    defaults: Mapping[str, Any]

    def takes(self, given: Sequence[type], by_name: Sequence[str]) -> bool:
        """Arguments of these types by position, and these by name."""
        gathered = self._gathered(given)
        own = {name for name in by_name if name in self.names}
        return (
            len(gathered) <= self.positional
            and all(_accepts(kind, each) for kind, each in zip(self.types, gathered, strict=False))
            and own == {name for name in by_name if name not in EVERYWHERE}
            and all(name in self.defaults or name in own for name in self.names[len(gathered) :])
        )

    def signature(self, given: Sequence[type]) -> Signature:
        names = self.names[: self.positional]
        if len(self._gathered(given)) < len(given):
            names = (*names[:-1], f"*{names[-1]}")
        return Signature(names, _said(self.defaults))

    def _gathered(self, given: Sequence[type]) -> Sequence[type]:
        """`x.tile(2, 2)` gives one list, number by number."""
        last = self.positional - 1
        if len(given) > self.positional > 0 and "List[int]" in self.types[last]:
            return [*given[:last], list]
        return given


FOREIGN = "::"
"""In the name of an operator that is not torch's own: its library's name comes first."""

EVERYWHERE = frozenset("inplace device dtype out".split())
"""Arguments by name that say nothing of which form is called."""


@cache
def _schemas(operation: str) -> tuple[Schema, ...]:
    found = []
    for schema in torch._C._jit_get_schemas_for_operator(operation if FOREIGN in operation else f"aten::{operation}"):
        arguments = schema.arguments
        if any(argument.is_out for argument in arguments):
            continue
        names = tuple(_as_torch_says(argument.name) for argument in arguments)
        defaults = {
            name: argument.default_value
            for name, argument in zip(names, arguments, strict=True)
            if argument.has_default_value()
        }
        positional = sum(not argument.kwarg_only for argument in arguments)
        found.append(Schema(names, tuple(str(argument.type) for argument in arguments), positional, defaults))
    return tuple(found)


def _accepts(kind: str, given: type) -> bool:
    """May an argument of this kind be of this type?"""
    if given is type(None):
        return kind.startswith("Optional")
    if issubclass(given, torch.Tensor):
        return "Tensor" in kind and "List" not in kind
    if issubclass(given, list | tuple):
        return "List" in kind
    words: dict[type, tuple[str, ...]] = {
        bool: ("bool", "number"), int: ("int", "number", "float"), float: ("float", "number"), str: ("str",),
        complex: ("complex", "number"), torch.dtype: ("int",),
    }  # fmt: skip
    return any(word in kind for word in words.get(given, ("",)))


def _as_torch_says(name: str) -> str:
    return "input" if name == "self" else name


def _said(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults that say something: None and an empty list stand for what follows from the rest."""
    return {name: value for name, value in defaults.items() if value is not None and value != []}
