"""What a user types as the inputs of a network: sizes without the batch, with names and dtypes where it takes them."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.graph import BYTES_PER_ELEMENT, LARGEST_SIZE
from archscope.registry import unknown

INTEGER = re.compile(r"u?int\d")
VALUES = re.compile(r"\s*-?\d+\s*(,\s*-?\d+\s*)*,?\s*")
"""Integers with a comma between them, or after the only one."""


@dataclass(frozen=True)
class Input:
    """One tensor that `forward` takes: its size without the batch. No dtype is the model's own; no name, the next.

    With `values` it is these integers, a tensor of one axis that has no batch; `batch` is that of others beside them.
    """

    size: tuple[int, ...]
    dtype: str = ""
    name: str = ""
    values: tuple[int, ...] = ()
    batch: int = 1

    def __str__(self) -> str:
        named = f"{self.name}=" if self.name else ""
        said = ",".join(map(str, self.values)) if self.values else "x".join(map(str, self.size))
        said += "," if len(self.values) == 1 else ""
        return named + said + (f":{self.dtype}" if self.dtype else "")


Size = int | str | Sequence[int] | Input
Sizes = Size | Sequence[Size]
"""One size or several, each as numbers without the batch or as text: (3, 224, 224), "ids=128:int64"."""


def parse_input(text: str) -> Input:
    """`3x299x299`, `(1, 3, 299, 299)`, `299x299`, `299`, `ids=128:int64`, `lengths=5,3,2:int64`. Raises ArchscopeError.

    What stands between commas before an integer type is values.
    """
    name, _, rest = text.strip().rpartition("=")
    sizes, _, dtype = rest.partition(":")
    if dtype and dtype not in BYTES_PER_ELEMENT:
        raise unknown("dtype", dtype, BYTES_PER_ELEMENT)
    if INTEGER.match(dtype) and "," in sizes and VALUES.fullmatch(sizes):
        values = tuple(int(number) for number in sizes.split(",") if number.strip())
        return Input((len(values),), dtype, name.strip(), values)
    numbers = re.split(r"[x\u00d7,*\s]+", sizes.strip("()[], ").lower())  # a tuple's brackets, as Python prints it
    if not all(number.isdecimal() and len(number) < 20 and int(number) > 0 for number in numbers):
        raise ArchscopeError(
            f"--input {text}: write channels x height x width, such as 3x299x299, or one side, 299; "
            "name and dtype go around it: ids=128:int64; integers may be given: lengths=5,3,2:int64, a single one: "
            "lengths=5,:int64"
        )
    return _counted(Input(tuple(map(int, numbers)), dtype, name.strip()))


def as_inputs(sizes: Any) -> list[Input]:
    """One Input per tensor: `(3, 299, 299)` is one, a list of such tuples or of texts several; or of an example."""
    if isinstance(sizes, int | str | Input):
        return [_input(sizes)]
    if hasattr(sizes, "shape"):  # an example, whose batch stands in front
        return [Input(tuple(map(int, sizes.shape[1:])))]
    if not isinstance(sizes, Sequence):
        raise ArchscopeError(f"an input's size is numbers or text, such as (3, 224, 224), not a {type(sizes).__name__}")
    if sizes and all(isinstance(size, int) for size in sizes):
        return [_input(sizes)]
    return [_input(size) for size in sizes]


def is_example(given: object) -> bool:
    """Tensors, by themselves, in a sequence or by name, rather than sizes."""
    if isinstance(given, Mapping):
        return True
    if isinstance(given, list | tuple):
        return any(map(is_example, given))
    return hasattr(given, "shape") and hasattr(given, "dtype")


def _input(size: Size) -> Input:
    if isinstance(size, str | Input):
        return parse_input(size) if isinstance(size, str) else size
    size = (size,) if isinstance(size, int) else tuple(size)
    if any(length < 1 for length in size):
        raise ArchscopeError(f"input_size must be positive, such as (3, 224, 224), not {size}")
    return _counted(Input(size))


def _counted(wanted: Input) -> Input:
    if prod(wanted.size) > LARGEST_SIZE:
        raise ArchscopeError(f"an input of {wanted} has more elements than a tensor can have")
    return wanted


def parameters_of(forward: Callable[..., Any]) -> list[inspect.Parameter]:
    """What a module's `forward` takes; nothing is known of one that was recorded by torch.jit.trace."""
    try:
        return list(inspect.signature(forward).parameters.values())
    except ValueError:
        return []
