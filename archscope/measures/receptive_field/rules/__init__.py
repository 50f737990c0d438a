"""What each operation does to the receptive field: one function an operation or kind, from its inputs' fields to its
outputs'. What stands in no table here is not guessed at."""

from archscope.measures.receptive_field.field import Field
from archscope.measures.receptive_field.reach import PositionLost
from archscope.measures.receptive_field.rules import joined, mixing, parts, patches, products, shapes, windows
from archscope.measures.receptive_field.rules.common import Call, Rule, same
from archscope.measures.receptive_field.term import Term, Whole, plain
from archscope.model.graph import Shape, less_batch
from archscope.model.operations import CATEGORY

RULES: dict[str, Rule] = {
    **windows.RULES,
    **patches.RULES,
    **mixing.RULES,
    **products.RULES,
    **shapes.RULES,
    **parts.RULES,
    **joined.RULES,
}
OF_CATEGORY: dict[str, Rule] = {
    **windows.OF_CATEGORY,
    **mixing.OF_CATEGORY,
    **products.OF_CATEGORY,
    "activation": same,
    "elementwise": same,
    "dropout": same,
}

NO_VALUES = frozenset(
    "zeros_like ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full new_empty zero".split()
)
"""Operations that take no more than the shape of what they are given."""


def of_call(call: Call) -> list[Field]:
    """The fields of a layer's outputs. Raises PositionLost where they cannot be told."""
    layer = call.layer
    if not call.seeing or layer.operation in NO_VALUES:
        return [Field(shape, (), ()) for shape in call.shapes]
    rule = RULES.get(layer.operation) or OF_CATEGORY.get(CATEGORY.get(layer.operation, ""))
    try:
        if rule is None:
            raise PositionLost
        found = rule(call)
        fields = found if isinstance(found, list) else [found] * len(call.shapes)
        if [less_batch(field.shape) for field in fields] != list(layer.output_shapes):
            raise PositionLost
        return fields
    except (PositionLost, LookupError, ValueError, TypeError):  # what the call does not say, shapes that do not fit
        if not all(field.is_global for field in call.seeing):
            raise PositionLost from None
    return [everything(shape, call.pixels) for shape in call.shapes]


def everything(shape: Shape, pixels: Shape) -> Field:
    """Whatever is made of tensors of which each element sees all sees no more."""
    whole: Whole = "global"
    axes = tuple([plain(size, len(pixels)) for size in shape])
    return Field(shape, (Term(axes, tuple([whole] * len(pixels))),), pixels)
