"""An exported program as it is read, from a file or from torch's own object: operations of ATen on named tensors."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.model.graph import Kind, Shape

MOST_NODES = 200_000
DTYPES = dict(
    pair.split("=")
    for pair in """1=uint8 2=int8 3=int16 4=int32 5=int64 6=float16 7=float32 8=float64 9=complex32 10=complex64
    11=complex128 12=bool 13=bfloat16 28=uint16 29=float8_e4m3fn 30=float8_e5m2""".split()
)
"""Its numbers of types."""


@dataclass(slots=True)
class Ref:
    """A tensor by its name, as an argument."""

    name: str


@dataclass(slots=True)
class Known:
    """What is recorded of a tensor. `digest` and `values` are those of a constant, as of a traced one."""

    shape: Shape
    dtype: str
    trainable: bool = False
    digest: str = ""
    values: tuple[float, ...] = ()


@dataclass(slots=True)
class Operation:
    """`target` is such as aten.conv2d.default; `given` are its arguments by ATen's names; `makes` names of tensors.
    `stack` has path and class of each module around it, the innermost last."""

    target: str
    given: Sequence[tuple[str, Any]]
    makes: Sequence[str]
    stack: Sequence[tuple[str, str]] = ()


@dataclass
class Program:
    """`stored` are parameters, buffers and constants: kind, name in the program, name in the module; `inputs` and
    `results` are names of tensors. `batch` is the symbol for any number of images, which is 1 in all shapes."""

    name: str
    tensors: Mapping[str, Known] = field(default_factory=dict)
    stored: Sequence[tuple[Kind, str, str]] = ()
    inputs: Sequence[str] = ()
    operations: Sequence[Operation] = ()
    results: Sequence[str] = ()
    notes: Sequence[str] = ()

    def read(self, but: Collection[str] = ()) -> set[str]:
        """Names of the tensors that its operations are given, but as these arguments."""
        found: set[str] = set()
        for operation in self.operations:
            for argument, value in operation.given:
                if argument in but:
                    continue
                if isinstance(value, Ref):
                    found.add(value.name)
                elif isinstance(value, list):
                    found.update([each.name for each in value if isinstance(each, Ref)])
        return found


def references(given: Any) -> list[Ref]:
    """The tensors of an argument: one, those of a list, or none."""
    if isinstance(given, list):
        return [each for each in given if isinstance(each, Ref)]
    return [given] if isinstance(given, Ref) else []
