"""What the rules share: a call with the fields of its tensors, axes by number, and what works element by element."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from archscope.measures.receptive_field.field import Field, merged
from archscope.measures.receptive_field.reach import PositionLost
from archscope.measures.receptive_field.term import Term, contracted
from archscope.model.graph import Layer, Shape


class Call(NamedTuple):
    """A layer, the field of each of its operands, and the shape of each of its outputs, the batch included."""

    layer: Layer
    fields: tuple[Field, ...]
    shapes: tuple[Shape, ...]
    seeing: list[Field]
    """The operands that are made of the image."""

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.layer.settings

    @property
    def input(self) -> Field:
        return self.fields[0]

    @property
    def rank(self) -> int:
        return len(self.input.shape)

    @property
    def shape(self) -> Shape:
        """Of the first output."""
        return self.shapes[0]

    @property
    def pixels(self) -> Shape:
        return self.seeing[0].pixels

    @property
    def named(self) -> dict[str, Field]:
        """The operands by torch's names of the arguments."""
        names = [operand.argument for operand in self.layer.operands]
        return dict(zip(names, self.fields, strict=True))

    def axis(self, dim: object, rank: int | None = None) -> int:
        """An axis of the input counted from the front."""
        rank = self.rank if rank is None else rank
        if not isinstance(dim, int) or isinstance(dim, bool) or not -rank <= dim < rank:
            raise PositionLost
        return dim % rank

    def axes(self, dims: object) -> list[int]:
        """One axis or several."""
        return [self.axis(dim) for dim in (dims if isinstance(dims, list | tuple) else [dims])]


def reordered(field: Field, order: Sequence[int]) -> Field:
    """The axes in another order."""
    if sorted(order) != list(range(len(field.shape))):
        raise PositionLost
    return field.each(
        lambda term: Term(tuple(term.axes[place] for place in order), term.reaches),
        tuple(field.shape[place] for place in order),
    )


Rule = Callable[[Call], Field | list[Field]]


def moves(field: Field, axis: int) -> bool:
    """Does the place along this axis say where an element lies in the input?"""
    return any(digit.size > 1 and any(digit.steps) for term in field.terms for digit in term.axes[axis])


def same(call: Call) -> Field:
    """Element by element: what is made of one element of each operand, broadcast."""
    seeing = call.seeing
    first = seeing[0]
    if first.shape == call.shape and all(field is first for field in seeing):
        return first
    return merged(seeing, call.shape, first.pixels)


def with_rest(call: Call, found: Field, *used: Field) -> Field:
    """And what the other operands saw, weights made of the image, say: of these an element reads all."""
    rest = [field for field in call.seeing if not any(field is own for own in used)]
    if not rest:
        return found

    def everywhere(term: Term) -> Term:
        return Term((), contracted(term, range(len(term.axes)), found.pixels).reaches)

    return merged([found, *(field.each(everywhere, ()) for field in rest)], found.shape, found.pixels)
