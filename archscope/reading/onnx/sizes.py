"""The sizes of what goes into an ONNX model: as the file fixes them, and as they were typed where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.graph import LARGEST_SIZE, Shape
from archscope.model.input_sizes import Input
from archscope.reading.drafting import said
from archscope.reading.onnx.model import Model, dtype_of

IMAGE = 3
"""Axes of an image, without the batch."""


@dataclass(frozen=True)
class Declared:
    """An input: its axes are numbers, or the words that the file has for what may be any number."""

    name: str
    axes: tuple[int | str, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{said(self.name)} is {' x '.join(str(axis) for axis in self.axes) or 'a number'}"

    @property
    def has_batch(self) -> bool:
        """Does its first axis count images, one then?"""
        return len(self.axes) > 1 and not isinstance(self.axes[0], int)

    def at(self, size: Shape) -> Shape:
        """Its whole shape at a size that was typed: without the batch, or with it, or as one side or two of an image.
        Raises ArchscopeError."""
        axes = self.axes[1:] if self.axes and (self.has_batch or self.axes[0] == 1) else self.axes
        front: tuple[int, ...] = (1,) * (len(self.axes) - len(axes))
        if len(size) == len(axes) + 1 and front:
            size = size[1:]
        elif len(size) < len(axes) == IMAGE and isinstance(axes[0], int):
            size = (axes[0], *(size * 2)[:2])
        fits = len(size) == len(axes) and all(
            axis == given or not isinstance(axis, int) for axis, given in zip(axes, size, strict=True)
        )
        if not fits:
            raise ArchscopeError(f"{self} in the file: --input {'x'.join(map(str, size))} does not fit")
        return (*front, *size)


def set_sizes(model: Model, wanted: Sequence[Input]) -> tuple[dict[str, tuple[Shape, str]], int | None]:
    """Fix every axis of the model's inputs. Whole shape and type of each, and the batch if one stood in front."""
    declared = {given.name: _declared(given) for given in model.graph.input if given.name not in model.stored}
    asked = _by_name(model.path, declared, wanted)
    found, images = {}, None
    for name, each in declared.items():
        size = asked.get(name)
        shape = each.at(size) if size else tuple([axis if isinstance(axis, int) else 0 for axis in _alone(each)])
        if size and len(size) == len(shape) and shape[:1] == (1,) != size[:1]:
            images = size[0]
        found[name] = shape, each.dtype
    if missing := [each for name, each in declared.items() if 0 in found[name][0] and name not in asked]:
        raise ArchscopeError(
            f"{model.path}: {' and '.join(map(str, missing))}: give {'its size' if len(missing) == 1 else 'sizes'}, "
            + " ".join(f"--input {said(each.name)}={_example(each)}" for each in missing)
        )
    for given in model.graph.input:
        if given.name in found:
            _fix(given, found[given.name][0])
    return found, images


def _alone(each: Declared) -> tuple[int | str, ...]:
    """With a batch of one."""
    return (1, *each.axes[1:]) if each.has_batch else each.axes


def _declared(given: Any) -> Declared:
    tensor = given.type.tensor_type
    axes: list[int | str] = []
    for axis in tensor.shape.dim:
        fixed = axis.HasField("dim_value") and 0 < axis.dim_value <= LARGEST_SIZE
        axes.append(axis.dim_value if fixed else said(axis.dim_param) or "?")
    return Declared(given.name, tuple(axes), dtype_of(tensor.elem_type))


def _by_name(path: str, declared: dict[str, Declared], wanted: Sequence[Input]) -> dict[str, Shape]:
    """What was typed for each input, by its name or else in the order of the file."""
    rest = iter([name for name in declared if name not in {each.name for each in wanted}])
    asked: dict[str, Shape] = {}
    for each in wanted:
        name = each.name or next(rest, "")
        if name not in declared:
            raise ArchscopeError(f"{path} takes {' and '.join(map(said, declared)) or 'no input'}, not --input {each}")
        if each.values:
            raise ArchscopeError(f"{path} is counted, not run: give the size of {said(name)}, not its values")
        asked[name] = each.size
    return asked


def _example(each: Declared) -> str:
    """As it may be typed: images of 224 pixels, where it takes images."""
    axes = each.axes[1:] if each.has_batch or each.axes[:1] == (1,) else each.axes
    customary = 224 if len(axes) == IMAGE else 128
    return "x".join(str(axis) if isinstance(axis, int) else str(customary) for axis in axes)


def _fix(given: Any, shape: Shape) -> None:
    dims = given.type.tensor_type.shape.dim
    for axis, size in zip(dims, shape, strict=True):
        axis.dim_value = size
