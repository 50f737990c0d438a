"""Channels last: Keras says height x width x channels, a Graph channels x height x width, and one rule for all of it.

A tensor that shows channels last is a *guise* of a tensor that lies channels first, its `first`, which is what the
trace records. What a torch function does with guises it does with their firsts where that is the same (element by
element, along an axis, a slice), and gives a guise back. Where it is not, the guise becomes a tensor of its own by a
permutation that stands in the Graph. So every row is a true one, whatever a model does:

    keras    x (1, 147, 147, 64) ---- conv2d ----> (1, 147, 147, 128) ---- reshape ----> (1, 21609, 128)
               :                                      :
    Graph    first (1, 64, 147, 147) - conv2d -> first (1, 128, 147, 147) -- permute -- reshape --> ...
"""

import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from archscope.model.graph import Shape
from archscope.model.operations import CATEGORY
from archscope.tracing import calls
from archscope.tracing.questions import QUESTIONS, TRANSPARENT
from archscope.tracing.records import Record, map_tensors, tensors_in
from archscope.tracing.watcher import Tracer

FIRST, FLAT, OWN = "_archscope_first", "_archscope_flat", "_archscope_own"
CORE = "keras.src.backend.torch.core"
TO_CHANNELS_LAST = "_transpose_spatial_outputs"
"""The function of Keras that ends what torch did channels first."""

ELEMENTWISE = frozenset({"activation", "elementwise", "dropout"})
BY_AXIS = frozenset(
    """prelu outer addr kron cross linalg_cross dropout1d dropout2d dropout3d feature_alpha_dropout quantize_per_channel
    fake_quantize_per_channel_affine""".split()
)
"""Operations of these categories that do not do the same to every element, wherever it lies."""
CONVERSIONS = frozenset("to float double half bfloat16 long int bool type clone zeros_like ones_like full_like".split())
ALONG = frozenset("softmax log_softmax cumsum cumprod flip chunk split tensor_split cat concat glu".split())
"""Operations along a `dim` that leave the axes in their order."""
REDUCTIONS = frozenset("sum mean amax amin max min prod var std norm logsumexp argmax argmin all any".split())
RESHAPES = frozenset({"reshape", "view", "unsqueeze", "expand_dims"})


def first_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """The tensor that lies channels first, of a guise; None of any other."""
    return getattr(tensor, FIRST, None)


def firsts(value: Any) -> Any:
    """The same nested structure, with what the trace records of each tensor."""
    if any(first_of(tensor) is not None for tensor in tensors_in(value)):
        return map_tensors(value, lambda tensor: tensor if (found := first_of(tensor)) is None else found)
    return value


def last(first: torch.Tensor) -> torch.Tensor:
    """The guise of a tensor that lies channels first."""
    with torch._C.DisableTorchFunction():
        guise = first.permute(0, *range(2, first.dim()), 1)
    setattr(guise, FIRST, first)
    return guise


def flat(first: torch.Tensor, shape: Shape) -> torch.Tensor:
    """The guise of a flattened tensor, whose elements follow each other otherwise channels last. `shape`: C x H x W."""
    with torch._C.DisableTorchFunction():
        guise = first.reshape(first.shape[0], *shape).movedim(1, -1).flatten(1)
    setattr(guise, FIRST, first)
    setattr(guise, FLAT, tuple(shape))
    return guise


def flattened_from(tensor: torch.Tensor) -> Shape | None:
    """C x H x W, of a guise that has been flattened."""
    return getattr(tensor, FLAT, None)


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as Keras says it: of a guise by a permutation that is recorded, once."""
    first = first_of(tensor)
    if first is None:
        found: torch.Tensor = getattr(tensor, OWN, tensor)
        return found
    own: torch.Tensor | None = getattr(tensor, OWN, None)
    if own is None:
        shape = flattened_from(tensor)
        if shape is None:
            own = first.permute(0, *range(2, first.dim()), 1)
        else:
            own = first.reshape(1, *shape) if first.shape[0] == 1 else first.reshape(first.shape[0], *shape)
            own = own.permute(0, *range(2, own.dim()), 1).reshape(tuple(first.shape))
        setattr(tensor, OWN, own)
    return own


def to_first(tensor: torch.Tensor) -> torch.Tensor:
    """What lies channels first: that of a guise, or a permutation, which is recorded."""
    first = first_of(tensor)
    if first is not None and flattened_from(tensor) is None:
        return first
    tensor = plain(tensor)
    return tensor.permute(0, tensor.dim() - 1, *range(1, tensor.dim() - 1))


def returned(layout: "ChannelsFirst", tensor: torch.Tensor, images: Collection[int]) -> torch.Tensor:
    """What a network returns, told channels first where it has as many axes as the `images` that the network takes; all
    else as Keras gives it."""
    first, rank = first_of(tensor), tensor.dim()
    if rank not in images:
        return plain(tensor)
    if first is not None:
        return first
    sources, own = layout.tracer.sources, plain(tensor)
    with torch._C.DisableTorchFunction():
        told = own.permute(0, rank - 1, *range(1, rank - 1))
    source = sources.of(own)
    if source is not None:
        output, views = sources.part(own)
        sources.tag(told, source, None, (output, (*views, f"permute(dims={[0, rank - 1, *range(1, rank - 1)]})")))
    return told


class ChannelsFirst(TorchFunctionMode):
    """Sees what torch is asked to do with guises, before the tracer does."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self.tracer = tracer

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if name in QUESTIONS or name == "__get__":
            return function(*args, **kwargs)
        if any(not issubclass(kind, torch.Tensor) for kind in types):  # a Keras variable
            args, kwargs = _values(args), _values(kwargs)
        tensors = [*tensors_in(args), *tensors_in(kwargs)] if kwargs else tensors_in(args)
        caller = sys._getframe(1)
        if name == "empty_like" and caller.f_globals.get("__name__") == CORE and tensors[0].is_meta:
            return tensors[0]  # Keras' way to ask whether it lies on the right device
        if not any(first_of(tensor) is not None or hasattr(tensor, OWN) for tensor in tensors):
            return self._without_guise(function, name, caller.f_code.co_name, args, kwargs)
        operation, in_place = calls.operation_name(function)
        if operation in TRANSPARENT:
            return args[0]
        made = self._on_firsts(function, operation, args, kwargs, tensors)
        if made is NotImplemented:
            made = function(*map_tensors(args, plain), **map_tensors(kwargs, plain))
            if in_place and first_of(args[0]) is not None:
                delattr(args[0], FIRST)  # what it shows is what has been written
                return args[0]
        return args[0] if in_place and made is not None else made

    def _without_guise(self, function: Any, name: str, caller: str, args: tuple[Any, ...], kwargs: Any) -> Any:
        """Where guises come from: Keras' own functions that end channels last, and a vector made an image of 1 x 1."""
        if caller == TO_CHANNELS_LAST and name == "permute":
            return last(args[0])
        if name in RESHAPES and isinstance(self.tracer.sources.of(args[0]), Record):
            with torch._C.DisableTorchFunction():
                shape = tuple(function(*args, **kwargs).shape)
            if len(shape) > 3 and set(shape[1:-1]) == {1}:
                return last(args[0].reshape(shape[0], shape[-1], *shape[1:-1]))
        return function(*args, **kwargs)

    def _on_firsts(self, function: Any, operation: str, args: Any, kwargs: Any, tensors: list[torch.Tensor]) -> Any:
        """The result where it is the same channels first, NotImplemented where it is not."""
        guises = [tensor for tensor in tensors if first_of(tensor) is not None]
        if not guises:
            return NotImplemented
        if any(flattened_from(tensor) is not None for tensor in guises):
            return _on_flat(function, operation, args, kwargs, tensors)
        rank = guises[0].dim()
        if operation in REDUCTIONS:
            return _reduced(function, operation, args, kwargs, rank)
        if operation in ALONG:
            return _along(function, operation, args, kwargs, tensors, rank)
        if _is_elementwise(operation):
            return _each_element(function, args, kwargs, tensors, rank)
        rule = RULES.get(operation)
        return NotImplemented if rule is None or len(tensors) > 1 else rule(function, operation, args, kwargs, rank)


Rule = Callable[[Any, str, tuple[Any, ...], dict[str, Any], int], Any]


def _is_elementwise(operation: str) -> bool:
    return (CATEGORY.get(operation) in ELEMENTWISE and operation not in BY_AXIS) or operation in CONVERSIONS


def _axis(dim: int, rank: int) -> int:
    """Where an axis of a guise lies in its first."""
    dim %= rank
    return 0 if dim == 0 else 1 if dim == rank - 1 else dim + 1


def _order(rank: int) -> list[int]:
    """The axes of a guise as those of its first."""
    return [0, *range(2, rank), 1]


def _values(arguments: Any) -> Any:
    """Arguments with what Keras' variables hold in their places."""
    if isinstance(arguments, dict):
        return {name: _values(value) for name, value in arguments.items()}
    if isinstance(arguments, list | tuple):
        return type(arguments)([_values(value) for value in arguments])
    return arguments._value if hasattr(arguments, "_initializer") and hasattr(arguments, "_value") else arguments


def _guised(made: Any, rank: int) -> Any:
    return map_tensors(made, lambda tensor: last(tensor) if tensor.dim() == rank else tensor)


def _each_element(function: Any, args: Any, kwargs: Any, tensors: Sequence[torch.Tensor], rank: int) -> Any:
    if any(tensor.dim() > rank or (first_of(tensor) is not None and tensor.dim() != rank) for tensor in tensors):
        return NotImplemented

    def laid(tensor: torch.Tensor) -> torch.Tensor:
        first = first_of(tensor)
        if first is not None or tensor.numel() == 1:
            return tensor if first is None else first
        tensor = plain(tensor)
        shape = (*[1] * (rank - tensor.dim()), *tensor.shape)
        there = (shape[0], shape[-1], *shape[1:-1])
        if sum(size != 1 for size in shape) < 2:  # the elements stay in their order
            return tensor if there == tuple(tensor.shape) else tensor.reshape(there)
        return (tensor if tensor.dim() == rank else tensor.reshape(shape)).permute(0, rank - 1, *range(1, rank - 1))

    return _guised(function(*map_tensors(args, laid), **map_tensors(kwargs, laid)), rank)


def _on_flat(function: Any, operation: str, args: Any, kwargs: Any, tensors: Sequence[torch.Tensor]) -> Any:
    """A flattened tensor: element by element, with nothing else or with its like."""
    shape = next(found for tensor in tensors if (found := flattened_from(tensor)) is not None)
    alike = all(flattened_from(tensor) == shape or tensor.numel() == 1 for tensor in tensors)
    if not alike or operation in ALONG or not _is_elementwise(operation):
        return NotImplemented
    made = function(*firsts(args), **firsts(kwargs))
    return flat(made, shape) if isinstance(made, torch.Tensor) and made.dim() == 2 else NotImplemented


def _reduced(function: Any, operation: str, args: Any, kwargs: Any, rank: int) -> Any:
    bound = calls.bind(function, operation, args, kwargs)
    dims = bound.get("dim")
    if isinstance(bound.get("other"), torch.Tensor):  # of two tensors, element by element
        return _each_element(function, args, kwargs, tensors_in((args, kwargs)), rank)
    given = {name: value for name, value in bound.items() if name in {"keepdim", "dtype", "correction", "unbiased"}}
    given = {name: value for name, value in given.items() if value is not None}
    if dims is None:
        return NotImplemented
    listed = list(dims) if isinstance(dims, list | tuple) else [dims]
    axes = [_axis(dim, rank) for dim in listed]
    left = [axis for axis in range(rank) if axis not in axes]
    if not bound.get("keepdim") and 1 in left and len(left) > 2 and left != [0, 1]:
        return NotImplemented  # channels and pixels, in another order
    made = function(firsts(args[0]), dim=axes[0] if isinstance(dims, int) else sorted(axes), **given)
    return _guised(made, rank) if bound.get("keepdim") else made


def _along(function: Any, operation: str, args: Any, kwargs: Any, tensors: Sequence[torch.Tensor], rank: int) -> Any:
    bound = calls.bind(function, operation, args, kwargs)
    dim = bound.get("dim", bound.get("dims", 0))
    if any(tensor.dim() != rank for tensor in tensors) or (not isinstance(dim, int) and operation != "flip"):
        return NotImplemented
    axes = _axis(dim, rank) if isinstance(dim, int) else [_axis(each, rank) for each in dim]
    given = [value for name, value in bound.items() if name in {"split_size", "chunks", "indices_or_sections"}]
    return _guised(function(map_tensors(args[0], to_first), *given, axes), rank)


def _permuted(function: Any, operation: str, args: Any, kwargs: Any, rank: int) -> Any:
    bound = calls.bind(function, operation, args, kwargs)
    order = list(range(rank))
    if operation == "permute":
        dims = bound.get("dims")
        order = list(dims) if dims is not None else order
    elif operation == "transpose":
        one, other = (int(axis) % rank for axis in [*bound.values()][-2:])  # each alias has names of its own for them
        order[one], order[other] = other, one
    else:
        return NotImplemented
    composed = [_order(rank)[axis % rank] for axis in order]
    first = firsts(args[0])
    return first if composed == list(range(rank)) else first.permute(composed)


def _sliced(function: Any, operation: str, args: Any, kwargs: Any, rank: int) -> Any:
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    if any(not isinstance(item, slice) and item is not Ellipsis for item in index):
        return NotImplemented
    if Ellipsis in index:
        place = index.index(Ellipsis)
        index = (*index[:place], *[slice(None)] * (rank + 1 - len(index)), *index[place + 1 :])
    index = (*index, *[slice(None)] * (rank - len(index)))
    return last(function(firsts(args[0]), (index[0], index[-1], *index[1:-1])))


def _padded(function: Any, operation: str, args: Any, kwargs: Any, rank: int) -> Any:
    bound = calls.bind(function, operation, args, kwargs)
    flat_sides = list(bound["pad"])
    sides = [(flat_sides[i], flat_sides[i + 1]) for i in range(0, len(flat_sides), 2)]
    sides = [*sides, *[(0, 0)] * (rank - len(sides))][::-1]  # by axis
    there = [sides[0], sides[-1], *sides[1:-1]][::-1]
    while there and there[-1] == (0, 0):
        there.pop()
    return last(function(firsts(args[0]), [n for pair in there for n in pair], bound["mode"], bound.get("value")))


def _reshaped(function: Any, operation: str, args: Any, kwargs: Any, rank: int) -> Any:
    """An image of 1 x 1 has its channels in the same order either way."""
    first = firsts(args[0])
    if any(size != 1 for size in first.shape[2:]):
        return NotImplemented
    with torch._C.DisableTorchFunction():
        shape = tuple(function(args[0], *args[1:], **kwargs).shape)
    if len(shape) > 3 and shape[0] == first.shape[0] and set(shape[1:-1]) == {1}:
        there = (shape[0], shape[-1], *shape[1:-1])
        return last(first if there == tuple(first.shape) else first.reshape(there))
    return first.reshape(shape)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("permute", "transpose"), _permuted),
    **dict.fromkeys(("reshape", "view", "flatten", "squeeze", "unsqueeze"), _reshaped),
    "getitem": _sliced,
    "pad": _padded,
}
"""By operation, of one guise."""
