"""What the rules share: a call with the fields of its tensors, axes by number, and what works element by element."""

from collections.abc import Callable, Collection, Mapping, Sequence
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
        field.parted(lambda part: reordered(part, order), list(order).index),
    )


def without_axes(field: Field, kept: Sequence[int | None]) -> Field:
    """Only these axes, in this order; None is a new one of size 1."""
    if list(kept) == list(range(len(field.shape))):
        return field
    shape = tuple([1 if place is None else field.shape[place] for place in kept])
    return field.each(
        lambda term: Term(tuple([() if place is None else term.axes[place] for place in kept]), term.reaches),
        shape,
        field.parted(lambda part: without_axes(part, kept), list(kept).index),
    )


def with_new_axis(field: Field, place: int) -> Field:
    """An axis of size 1 before this place."""
    return field.each(
        lambda term: Term((*term.axes[:place], (), *term.axes[place:]), term.reaches),
        (*field.shape[:place], 1, *field.shape[place:]),
        field.parted(lambda part: with_new_axis(part, place), lambda along: along + (along >= place)),
    )


def read_through(field: Field, axes: Collection[int], keep: bool = True) -> Field:
    """Every element sees what all along these axes saw, which stay with size 1, or go."""

    def change(term: Term) -> Term:
        term = contracted(term, axes, field.pixels)
        return Term(tuple(axis for place, axis in enumerate(term.axes) if keep or place not in axes), term.reaches)

    shape = tuple([1 if place in axes else n for place, n in enumerate(field.shape) if keep or place not in axes])
    if field.parts and field.parts.along in axes:
        return field.each(change, shape, None)
    gone = () if keep else axes
    parts = field.parted(
        lambda part: read_through(part, axes, keep), lambda along: along - sum(place < along for place in gone)
    )
    return field.each(change, shape, parts)


def alike(field: Field) -> Field:
    """A field whose elements go to other places than the axis that its parts lie along: one of the parts must see as
    much as all. Raises PositionLost where each sees something else."""
    if field.parts is None:
        return field
    whole = [term.reaches for term in field.terms]
    if not any([term.reaches for term in part.terms] == whole for part in field.parts.fields):
        raise PositionLost
    return field


Rule = Callable[[Call], Field | list[Field]]


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

    return merged([found, *(field.each(everywhere, (), None) for field in rest)], found.shape, found.pixels)


# ---- indices -----------------------------------------------------------------------------------------------------


def spelled_out(items: list[Any], rank: int) -> list[Any]:
    """An index with a number or a slice for each axis."""
    if any(item == "tensor" or isinstance(item, bool | list) for item in items):
        raise PositionLost
    missing = rank - sum(item is not None and item != "..." for item in items)
    if missing < 0:
        raise PositionLost
    if "..." not in items:
        items = [*items, "..."]
    dots = items.index("...")
    return [*items[:dots], *[":"] * missing, *items[dots + 1 :]]


def places_of(item: Any, size: int) -> range:
    """Which places a number or a slice takes."""
    if isinstance(item, int):
        return range(item % size, item % size + 1)
    numbers = [int(number) if number else None for number in str(item).split(":")]
    return range(*slice(*numbers).indices(size))
