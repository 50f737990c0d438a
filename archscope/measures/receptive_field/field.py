"""What the elements of a tensor see of the input."""

from collections.abc import Callable, Sequence
from itertools import product
from operator import is_
from typing import Literal, NamedTuple

from archscope.measures.receptive_field.reach import PositionLost, Reach, Scattered, hull
from archscope.measures.receptive_field.term import Term, broadcast, resized, simple
from archscope.measures.receptive_field.union import alike, everything, united
from archscope.model.graph import Shape

MOST_DIGITS = 10
"""Digits whose first and last values are tried together."""


class Parts(NamedTuple):
    """Tensors side by side along an axis that does not move in the input, such as that of the channels. Without
    `fields` they differ, but how is not known any more."""

    along: int
    fields: tuple["Field", ...]
    every: int = 0
    """So many neighbours see together what all see, as after a channel shuffle; 0 where that is not known."""

    @property
    def sizes(self) -> list[int]:
        return [part.shape[self.along] for part in self.fields]


LOST = Parts(-1, ())
"""Some elements see less than all do, and along which axis they differ is not known any more."""


class Field(NamedTuple):
    """A tensor of this shape, the batch included; what an element sees is the hull of all terms, of which a constant
    has none. `parts` are there where not all channels see the same."""

    shape: Shape
    terms: tuple[Term, ...]
    pixels: Shape
    """The size of the input along the axes that count."""
    parts: Parts | None = None

    def each(self, change: Callable[[Term], Term], shape: Shape | None = None, parts: Parts | None = LOST) -> "Field":
        """The same change made on every way, simplified. `parts` are what has become of those that differ."""
        terms = tuple([simple(change(term)) for term in self.terms])
        if shape is None:
            shape = terms[0].shape if terms else self.shape
        terms = terms if len(terms) < 2 else united(terms, self.pixels)
        return Field(shape, terms, self.pixels, parts if self.parts else None)

    def parted(self, change: Callable[["Field"], "Field"], along: Callable[[int], int] = int) -> Parts | None:
        """The same change made on every part; `along` tells the axis that they then lie along."""
        if self.parts is None or self.parts.along < 0:
            return self.parts
        fields = tuple([change(part) for part in self.parts.fields])
        return Parts(along(self.parts.along), fields, self.parts.every)

    def windowed(self, change: Callable[[Term], Term], shape: Shape) -> "Field":
        """The same for windows along the last axes, which leave the ways as simple as they were, and parts apart."""
        terms = tuple([change(term) for term in self.terms])
        parts = self.parts
        if parts is None and shape == self.shape and all(map(is_, terms, self.terms)):
            return self  # of which it is known already how much it sees
        terms = terms if len(terms) < 2 else united(terms, self.pixels)
        if parts:
            shapes = [
                (*shape[: parts.along], part.shape[parts.along], *shape[parts.along + 1 :]) for part in parts.fields
            ]
            apart = [part.windowed(change, own) for part, own in zip(parts.fields, shapes, strict=True)]
            parts = Parts(parts.along, tuple(apart), parts.every)
        return Field(shape, terms, self.pixels, parts)

    @property
    def has_position(self) -> bool:
        return any(any(digit.steps) for term in self.terms for digit in term.digits)

    @property
    def is_global(self) -> bool:
        """Does every element see the whole of the input?"""
        return any(all(reach == "global" for reach in term.reaches) for term in self.terms)


def merged(fields: Sequence[Field], shape: Shape, pixels: Shape) -> Field:
    """What an element of `shape` sees that is made of one of each."""
    terms = [term if field.shape == shape else broadcast(term, shape) for field in fields for term in field.terms]
    return Field(shape, united(terms, pixels), pixels, _merged_parts(fields, shape, pixels))


def _merged_parts(fields: Sequence[Field], shape: Shape, pixels: Shape) -> Parts | None:
    """Part by part, where all have such parts; with fields of which all channels see the same, these beside each."""
    uneven = [(field, field.parts) for field in fields if field.parts]
    if not uneven:
        return None
    places = {parts.along + len(shape) - len(field.shape) for field, parts in uneven}
    if len(places) > 1 or any(parts.along < 0 for _, parts in uneven):
        return LOST
    along, sizes = places.pop(), uneven[0][1].sizes
    every = [parts.every for _, parts in uneven]
    if all(every) and not any(parts.fields for _, parts in uneven):
        return Parts(along, (), max(every))
    if sum(sizes) != shape[along] or any(parts.sizes != sizes for _, parts in uneven):
        return Parts(along, ())
    own = [along + len(field.shape) - len(shape) for field in fields]  # below 0 where a field has no such axis
    if any(place >= 0 and moves(field, place) for field, place in zip(fields, own, strict=True)):
        return Parts(along, ())
    found = []
    for number, size in enumerate(sizes):
        cut = (*shape[:along], size, *shape[along + 1 :])
        beside = [
            field.parts.fields[number] if field.parts else _beside(field, place, size)
            for field, place in zip(fields, own, strict=True)
        ]
        found.append(merged(beside, cut, pixels))
    return None if _all_see_alike(found, along) else Parts(along, tuple(found))


def _all_see_alike(fields: Sequence[Field], along: int) -> bool:
    """As where what has seen more is added to the parts of a concatenation: then they are parts no more."""
    seen = [[(term.axes[:along], term.axes[along + 1 :], term.reaches) for term in field.terms] for field in fields]
    return not any(field.parts for field in fields) and all(one == seen[0] for one in seen)


def moves(field: Field, axis: int) -> bool:
    """Does the place along this axis say where an element lies in the input?"""
    return any(digit.size > 1 and any(digit.steps) for term in field.terms for digit in term.axes[axis])


def _beside(field: Field, place: int, size: int) -> Field:
    """As many channels of a field as a part has."""
    if place < 0 or field.shape[place] == 1:
        return field
    cut = (*field.shape[:place], size, *field.shape[place + 1 :])
    return field.each(lambda term: resized(term, place, size), cut)


# ---- what is said ------------------------------------------------------------------------------------------------


Size = int | Literal["global", "scattered"]
"""Pixels; `scattered` where elements that see unlike pixels are in an order that is not known."""


def size_along(field: Field, way: int) -> Size:
    """The most pixels that an element sees along one axis of the input."""
    reaches = [term.reaches[way] for term in field.terms]
    if "global" in reaches:
        return "global"
    if len(reaches) == 1:
        width = width_along(field.terms[0], way, field.pixels[way])
        return "scattered" if width is None else width
    known = [reach for reach in reaches if isinstance(reach, Reach)]
    return _size_at_corners(field, way, known) if len(known) == len(reaches) else "scattered"


def width_along(term: Term, way: int, pixels: int) -> int | None:
    """The same, of one way from the input that is not global; None where it is not known."""
    reach = term.reaches[way]
    if not isinstance(reach, Reach):
        return reach.width if isinstance(reach, Scattered) else None
    return reach.widest(term.positions(way), pixels) if reach.period > 1 else reach.width


def _size_at_corners(field: Field, way: int, reaches: Sequence[Reach]) -> Size:
    """Several terms drift apart along the axes, and most at their ends: exact where each moves evenly."""
    digits = [term.digits for term in alike(field.terms)]
    sizes = [digit.size for digit in digits[0]]
    if len(sizes) > MOST_DIGITS:
        raise PositionLost
    most = 0
    for corner in product(*({0, size - 1} for size in sizes)):
        at = [sum(i * digit.steps[way] for i, digit in zip(corner, own, strict=True)) for own in digits]
        span = hull(reach.at(position) for reach, position in zip(reaches, at, strict=True))
        if everything(span, field.pixels[way]):
            return "global"
        most = max(most, span[1] - span[0] + 1 if span else 0)
    if any(reach.period > 1 for reach in reaches):
        raise PositionLost
    return most
