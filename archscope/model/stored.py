"""How a library stores a weight whose axes stand otherwise than torch's: said in a Graph, and read back. No torch."""

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from archscope.model.graph import Operand, Shape

NAME = "stored"
SAID = re.compile(NAME + r"\(shape=(\[[\d, ]*\]), axes=(\[[\d, ]*\])\)")


class Axes(NamedTuple):
    """A stored tensor, read as of this `shape`, has torch's `axes` where these are: 3, 2, 0, 1 of a Keras kernel."""

    shape: Shape
    axes: Shape

    def __str__(self) -> str:
        return f"{NAME}(shape={[*self.shape]}, axes={[*self.axes]})"

    @property
    def seen(self) -> Shape:
        return tuple(self.shape[axis] for axis in self.axes)


def axes_of(views: Sequence[str]) -> Axes | None:
    """What the views of an Operand say of it, if they say that."""
    found = SAID.fullmatch(views[0]) if views else None
    return Axes(*(tuple(ast.literal_eval(said)) for said in found.groups())) if found else None


def axes_by_name(operands: Sequence[Operand]) -> dict[str, Axes]:
    """Of the weights that are stored so."""
    return {each.source: axes for each in operands if (axes := axes_of(each.views)) is not None}
