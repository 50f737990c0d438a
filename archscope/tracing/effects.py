"""What a call of a torch function does to shapes: by a memo of equal calls, plain-Python rules, or torch itself."""

from typing import Any

import torch

from archscope.model.graph import Shape
from archscope.model.operations import CATEGORIES, CATEGORY
from archscope.tracing import shape_rules
from archscope.tracing.elsewhere import says_device
from archscope.tracing.records import META, Effect, Invocation, Irregular, Memory, Unchanged, map_tensors, tensors_in
from archscope.tracing.signatures import FOREIGN
from archscope.tracing.sources import Sources, shown_again

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
PACKING = frozenset({"pack_padded_sequence", "pad_packed_sequence"})
"""Their second argument and their second result are numbers that shapes depend on: how long each sequence is, or how
many run at each step. They stay real."""


class Effects:
    """The effects of one pass on meta. Equal calls have one."""

    def __init__(self, sources: Sources) -> None:
        self._twin = sources.twin
        self._memo: dict[Any, Effect] = {}

    def of(self, call: Invocation) -> tuple[Effect, Any]:
        """What `call` does, and its result."""
        if call.operation in PACKING:
            sequences, *others = call.args
            result = call.function(self._twin(sequences), *others, **call.kwargs)
            return call.effect([result[0]], "new", Irregular), result
        try:
            effect = self._memo.get(key := call.key())
        except TypeError:  # an argument that cannot be hashed
            return self._first_time(call)
        if effect is None:
            shape = call.tensors[0].shape
            effect, result = self._first_time(call)
            reshaped = effect.memory == "in_place" and call.tensors[0].shape != shape  # unsqueeze_ must run each time
            if effect.outputs and effect.container is not Irregular and not reshaped:
                self._memo[key] = effect
            return effect, result
        if effect.memory == "in_place":
            return effect, call.tensors[0] if call.operation != "setitem" else None
        if effect.container is Unchanged:
            return effect, call.tensors[0]
        return effect, effect.again()

    def _first_time(self, call: Invocation) -> tuple[Effect, Any]:
        call.understand()
        predicted = self._predict(call)
        if predicted is not None:
            return predicted
        args, kwargs = map_tensors(call.args, self._twin), map_tensors(call.kwargs, self._twin)
        if call.operation in RECURRENT and "batch_sizes" in call.understand().bound:
            args = (args[0], call.args[1], *args[2:])  # of a packed sequence, as above
        twins = [*tensors_in(args), *tensors_in(kwargs)]
        if call.operation in {"cpu", "cuda"}:
            return observed(call, twins, twins[0]), call.tensors[0]
        try:
            result = call.function(*stay_on_meta(call.operation, args), **stay_on_meta(call.operation, kwargs))
        except RuntimeError as error:
            raise reason_on_cpu(call) or error from None
        if call.operation == "scaled_dot_product_attention" and result.dim() == 4:
            result = result.new_empty_strided(result.shape, heads_side_by_side(tuple(result.shape)))
        result = not_itself(call, twins[0], result)
        effect = observed(call, twins, result)
        if effect.container is Unchanged or (effect.memory == "in_place" and result is not None):
            result = call.tensors[0]
        return effect, result

    def _predict(self, call: Invocation) -> tuple[Effect, Any] | None:
        """The result by archscope's own shape rules, where one applies and the types leave no doubt."""
        dtype = call.tensors[0].dtype
        if (
            call.operation not in shape_rules.RULES
            or not dtype.is_floating_point
            or call.kwargs.get("dtype") is not None
        ):
            return None
        if any(tensor.dtype != dtype for tensor in call.tensors) or any(isinstance(arg, complex) for arg in call.args):
            return None
        said = call.understand()
        sizes = [tuple(tensor.shape) for tensor in call.tensors]
        predicted = shape_rules.output_shapes(call.operation, sizes, said.bound, said.window)
        if predicted is None or (call.in_place and predicted[0] != sizes[0]):
            return None
        strides = self._strides(call, predicted[0])
        if strides is None:
            return None
        if call.in_place:
            effect = Effect(call.operation, call.tensors[:1], "in_place", None, said)
            return effect, call.tensors[0]
        drops = said.bound.get("training", True) and said.bound.get("p", 0.5)
        idle = CATEGORY[call.operation] == "dropout" and not drops
        outputs = [torch.empty(shape, dtype=dtype, device=META) for shape in predicted]
        if strides:
            outputs = [torch.empty_strided(predicted[0], strides, dtype=dtype, device=META)]
        container = tuple if call.operation in RECURRENT else None
        memory: Memory = "view" if idle else "new"
        effect = Effect(call.operation, outputs, memory, container, said)
        return effect, outputs[0] if container is None else tuple(outputs)

    @staticmethod
    def _strides(call: Invocation, shape: Shape) -> tuple[int, ...] | None:
        """How the result, of this shape, lies in memory: () if row by row, None if only torch can tell."""
        if call.operation == "scaled_dot_product_attention":
            return heads_side_by_side(shape)
        if all([tensor.is_contiguous() for tensor in call.tensors]) or call.operation in shape_rules.ROW_BY_ROW:
            return ()
        if call.operation == "cat":  # of images as their channels lie, last ones too
            return () if all([tensor.dim() < 4 for tensor in call.tensors]) else None
        if call.operation not in shape_rules.POINTWISE:
            return None
        swapped = call.operation in {"rsub", "rpow"}
        for tensor in call.tensors[:: -1 if swapped else 1]:
            # The first one of the whole shape decides: vectors and numbers have no order.
            if tensor.shape == shape:
                return tensor.stride() if is_dense(tensor) else None
            if tensor.numel() != max(tensor.shape, default=1):
                return None
        return None


def heads_side_by_side(shape: Shape) -> tuple[int, ...]:
    """Strides of the result of an attention, batch x heads x places x features, as kernels write it."""
    _, heads, places, features = shape
    return heads * places * features, features, heads * features, 1


def not_itself(call: Invocation, given: torch.Tensor, result: Any) -> Any:
    """What dropout gives in evaluation is what it is given: a tensor of its own, so that it has a row."""
    idle = result is given and CATEGORY.get(call.operation) == "dropout" and not call.in_place
    return shown_again(given) if idle else result


def observed(call: Invocation, tensors: list[torch.Tensor], result: Any) -> Effect:
    """The effect of a call that torch has answered, `tensors` being what it was given."""
    if call.in_place:
        return call.effect(tensors[:1], "in_place")
    outputs = tensors_in(result)
    if result is tensors[0]:
        return call.effect(outputs, "view", Unchanged)
    shared = bool(outputs) and torch._C._is_alias_of(outputs[0], tensors[0])  # type: ignore[attr-defined]
    memory: Memory = "view" if shared else "new"
    if isinstance(result, torch.Tensor):
        return call.effect(outputs, memory)
    flat = isinstance(result, list | tuple) and all([item is None or isinstance(item, torch.Tensor) for item in result])
    effect = call.effect(outputs, memory, type(result) if flat else Irregular)
    if flat:
        effect.blanks = tuple([place for place, item in enumerate(result) if item is None])
    return effect


def is_dense(tensor: torch.Tensor) -> bool:
    """Do the elements fill their memory without gaps or overlaps, in whatever order of the axes?"""
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


CERTAIN = "_archscope_certain"
"""Attribute of an error that values have no part in."""


def refused(reason: str) -> Exception:
    """An error that a pass for real would end in, too."""
    error = RuntimeError(reason)
    setattr(error, CERTAIN, True)
    return error


def written_by(call: Invocation) -> list[torch.Tensor]:
    """What an operator of a user's writes into, as its schema says, where it returns nothing."""
    if FOREIGN not in call.operation:
        return []
    schema = getattr(getattr(call.function, "default", call.function), "_schema", None)
    if schema is None or schema.returns:
        return []
    given = dict(zip([argument.name for argument in schema.arguments], call.args, strict=False)) | call.kwargs
    marked = [argument.name for argument in schema.arguments if argument.alias_info and argument.alias_info.is_write]
    return tensors_in([given.get(name) for name in marked])


BY_SIZES = frozenset(CATEGORIES) - {"attention", "recurrent", "embedding"}
"""Categories whose operations, on floating numbers, fail because of sizes alone."""


def reason_on_cpu(call: Invocation) -> Exception | None:
    """Why a call fails, in torch's words for real tensors, which say more than those for tensors on meta."""
    try:
        call.function(*map_tensors(call.args, stand_in), **map_tensors(call.kwargs, stand_in))
    except Exception as reason:
        floating = all(tensor.dtype.is_floating_point for tensor in call.tensors)
        setattr(reason, CERTAIN, floating and CATEGORY.get(call.operation) in BY_SIZES)
        return reason
    return None


def stand_in(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor like it on the CPU. Memory that nobody writes costs nothing; an index must be a valid one, though."""
    made = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
    return made if tensor.dtype.is_floating_point else made.zero_()


def stay_on_meta(operation: str, arguments: Any) -> Any:
    """Arguments, positional or by keyword, that ask for no device but meta."""
    if isinstance(arguments, dict):
        return {
            name: META if name == "device" and value is not None else stay_on_meta(operation, [value])[0]
            for name, value in arguments.items()
        }
    return [
        META if isinstance(value, torch.device) or (operation == "to" and says_device(value)) else value
        for value in arguments
    ]
