"""How a tensor is seen: which elements of a step's result, in which order, as torch's strides say it. No torch.

Views, permutations, slices, chunks and shuffles only choose and order elements. Two ways to write one choice have one
layout, whatever the calls are; a channel shuffle is a reshape, a transposition and a reshape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from archscope.cached import cached_property
from archscope.model.graph import Shape

Runs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Layout:
    """`sizes` of the tensor that is seen, and how far apart elements lie along each axis; the first is at `offset`."""

    sizes: Shape
    strides: tuple[int, ...]
    offset: int = 0

    @classmethod
    def of(cls, shape: Shape) -> "Layout":
        """Row by row."""
        return cls(shape, strides_of(shape))

    @cached_property
    def runs(self) -> Runs:
        """Sizes and strides without axes of one element, axes that lie one in the other as one."""
        found: list[tuple[int, int]] = []
        for size, stride in zip(self.sizes, self.strides, strict=True):
            if size == 1:
                continue
            outer = found.pop()[0] if found and found[-1][1] == size * stride else 1
            found.append((outer * size, stride))
        return tuple(found)

    @cached_property
    def chosen(self) -> tuple[int, Runs]:
        """Which elements, in whatever order: the first of them, and sizes and strides from the largest stride on."""
        first = self.offset + sum((size - 1) * stride for size, stride in self.runs if stride < 0)
        runs = sorted(((size, abs(stride)) for size, stride in self.runs), key=lambda run: (-run[1], run[0]))
        return first, Layout(tuple(size for size, _ in runs), tuple(stride for _, stride in runs)).runs

    @property
    def elements(self) -> int:
        return prod(self.sizes)

    def is_all_of(self, elements: int) -> bool:
        """All of so many elements, row by row?"""
        return self.offset == 0 and self.runs == (((elements, 1),) if elements != 1 else ())

    def shows_as(self, other: "Layout") -> bool:
        """The same elements in the same order, but for axes of one?"""
        return (self.offset, self.runs) == (other.offset, other.runs)

    def permutes(self, elements: int) -> bool:
        """All of so many elements, each once, in whatever order of the axes?"""
        if self.offset or self.elements != elements:
            return False
        expected = 1
        for size, stride in sorted(self.runs, key=lambda run: run[1]):
            if stride != expected:
                return False
            expected *= size
        return expected == elements

    # ---- other views of the same --------------------------------------------------------------------------------

    def permuted(self, axes: Sequence[int]) -> "Layout":
        return Layout(tuple(self.sizes[i] for i in axes), tuple(self.strides[i] for i in axes), self.offset)

    def sliced(self, axis: int, start: int, stop: int, step: int = 1) -> "Layout":
        sizes, strides = list(self.sizes), list(self.strides)
        sizes[axis] = len(range(start, stop, step))
        strides[axis] *= step
        return Layout(tuple(sizes), tuple(strides), self.offset + start * self.strides[axis])

    def flipped(self, axis: int) -> "Layout":
        return self.sliced(axis, self.sizes[axis] - 1, -1, -1)

    def expanded(self, shape: Shape) -> "Layout | None":
        """Broadcast to a larger shape."""
        more = len(shape) - len(self.sizes)
        sizes, strides = (1,) * more + self.sizes, (0,) * more + self.strides
        if more < 0 or any(size not in (1, wanted) for size, wanted in zip(sizes, shape, strict=True)):
            return None
        kept = [stride if size == wanted else 0 for size, wanted, stride in zip(sizes, shape, strides, strict=True)]
        return Layout(tuple(shape), tuple(kept), self.offset)

    def unexpanded(self) -> "Layout":
        """Without what a broadcast repeats."""
        if 0 not in self.strides:
            return self
        sizes = [1 if stride == 0 else size for size, stride in zip(self.sizes, self.strides, strict=True)]
        return Layout(tuple(sizes), self.strides, self.offset)

    def reshaped(self, shape: Shape) -> "Layout | None":
        """The same elements in the same order under other sizes; None where no strides say that."""
        if prod(shape) != self.elements:
            return None
        if 0 in shape:
            return Layout.of(tuple(shape))
        strides = [1] * len(shape)
        runs = list(self.runs)
        inner, left = runs.pop()[::-1] if runs else (1, 1)
        for axis in range(len(shape) - 1, -1, -1):
            size = shape[axis]
            if size == 1:
                continue
            if left == 1:
                if not runs:
                    return None
                inner, left = runs.pop()[::-1]
            if left % size:
                return None
            strides[axis], inner, left = inner, inner * size, left // size
        return Layout(tuple(shape), tuple(strides), self.offset) if left == 1 and not runs else None

    def axes_of(self, axis: int, shape: Shape) -> tuple[int, ...] | None:
        """The axes of a tensor of this shape, row by row, that `axis` of what is seen runs along; none where it has
        one element, None where it is no whole number of them."""
        size, stride = self.sizes[axis], self.strides[axis]
        if size == 1:
            return ()
        steps = strides_of(shape)
        last = next((i for i in range(len(shape) - 1, -1, -1) if shape[i] != 1 and steps[i] == stride), None)
        if last is None:
            return None
        found: list[int] = []
        covered = 1
        for i in range(last, -1, -1):
            if covered == size:
                break
            if shape[i] != 1:
                found.insert(0, i)
                covered *= shape[i]
        return tuple(found) if covered == size else None


def strides_of(shape: Shape) -> tuple[int, ...]:
    """Of a tensor that lies row by row."""
    strides, inner = [], 1
    for size in reversed(shape):
        strides.append(inner)
        inner *= size
    return tuple(reversed(strides))
