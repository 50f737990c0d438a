"""One node of an ONNX model: what it is given, and the operations of torch's that it is said in."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from archscope.errors import ArchscopeError
from archscope.model.content import FEW, digest_of
from archscope.model.graph import Kind, Shape, Tensor, Window
from archscope.model.operations import CATEGORY
from archscope.reading.drafting import LONGEST_NAME, Draft, Record, Value, said
from archscope.reading.onnx.folding import Known
from archscope.reading.onnx.model import Model, Stored

Rule = Callable[["Node"], None]
Role = Literal["weight", "statistic", "operand"]

FOLDABLE = {"convolution", "transposed convolution", "linear"}
"""Operations that a normalisation can be folded into."""

UNKNOWN: Known = ((), "float32")


@dataclass(slots=True)
class Reading:
    """What was read of a model so far. `values` are the tensors that operations made, by the file's names; `taken` are
    nodes that were read with one before them, `unknown` tensors of unknown size, with the operator that makes each;
    `merged` are stored tensors that stand for several, with how often each module read them; `once` modules of which a
    tensor is read once."""

    model: Model
    draft: Draft
    known: Mapping[str, Known]
    values: dict[str, Value] = field(default_factory=dict)
    tensors: dict[str, tuple[Kind, Tensor]] = field(default_factory=dict)
    readers: dict[str, Any] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    unknown: dict[str, str] = field(default_factory=dict)
    merged: dict[str, Counter[str]] = field(default_factory=dict)
    once: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in self.model.stored:
            if self.model.reads.get(name) == 1 and len(name) <= LONGEST_NAME:
                parts = name.split(".")[:-1]
                self.once |= {".".join(parts[:depth]) for depth in range(1, len(parts) + 1)}

    def held(self, stored: Stored, role: Role, path: str = "") -> Value:
        """A stored tensor as an operand: what is multiplied is a parameter; numbers that a graph computes with are,
        where there are several and they are floating. `path` is the module that reads it."""
        name = self._own_name(stored, path)
        if name not in self.tensors:
            kind = self._kind(stored, role)
            told = _content(stored) if kind != "parameter" and role == "operand" else ("", ())
            tensor = Tensor(name, stored.shape, stored.dtype, kind == "parameter", *told)
            self.tensors[name] = kind, self.draft.hold(kind, tensor)
        kind, tensor = self.tensors[name]
        return Value(kind, tensor, stored.shape, stored.dtype, views=stored.views)

    def _kind(self, stored: Stored, role: Role) -> Kind:
        """What the exporter computed beforehand was no parameter."""
        if role == "statistic":
            return "buffer"
        if self.model.kinds and role == "operand":
            kinds: dict[str, Kind] = {"PARAMETER": "parameter", "BUFFER": "buffer"}
            return kinds.get(self.model.kinds.get(stored.owner, ""), "constant")
        several = stored.elements > 1 and stored.dtype.startswith(("float", "bfloat")) and not stored.generated
        return "parameter" if role == "weight" or several else "constant"

    def _own_name(self, stored: Stored, path: str) -> str:
        """Of equal tensors of several modules the newer exporter of torch stores one: each module has its own."""
        owner, _, held = stored.owner.rpartition(".")
        reads = max(self.model.reads.get(name, 0) for name in (stored.owner, stored.name))
        declared = self.model.kinds.get(stored.owner) == "PARAMETER" and reads > 1
        if not declared or not path or owner in (path, "") or not stored.may_be_merged:
            return stored.owner
        times = self.merged.setdefault(stored.owner, Counter())
        times[path] += 1
        again = times[path] - 1 if path in self.once else 0  # a module that runs once has one for each operation
        return f"{path}.{held}_{again}" if again else f"{path}.{held}"


def _content(stored: Stored) -> tuple[str, tuple[float, ...]]:
    """A digest of the numbers, and the numbers themselves where they are few; neither of what was not read."""
    if stored.numbers is None or stored.numbers.dtype.kind not in "biuf":
        return "", ()
    numbers = stored.numbers.reshape(-1).astype("float32" if stored.numbers.dtype.kind == "f" else "int64")
    return digest_of([numbers.tobytes()]), tuple(numbers.tolist()) if numbers.size <= FEW else ()


Usual = Mapping[str, tuple[Any, Any]]
"""Of attributes, what ONNX takes by default, and what torch does."""

UNUSUAL: dict[str, Usual] = {
    "IsInf": {"detect_negative": (1, 1), "detect_positive": (1, 1)},
    "ArgMax": {"select_last_index": (0, 0)},
    "ArgMin": {"select_last_index": (0, 0)},
    "CumSum": {"exclusive": (0, 0), "reverse": (0, 0)},
    "Selu": {"alpha": (1.673263, 1.673263), "gamma": (1.050701, 1.050701)},
    "Swish": {"alpha": (1.0, 1.0)},
    "Attention": {"softcap": (0.0, 0.0), "qk_matmul_output_mode": (0, 0), "left_window_size": (-1, -1),
                  "right_window_size": (-1, -1)},
    **{
        name: {"clip": (None, None), "activation_alpha": (None, None), "activation_beta": (None, None), **own}
        for name, own in (("LSTM", {"input_forget": (0, 0)}), ("GRU", {"linear_before_reset": (0, 1)}), ("RNN", {}))
    },
}  # fmt: skip
"""Attributes that torch's operations have no argument for: what ONNX takes by default, and what torch does."""


@dataclass(slots=True)
class Node:
    """`path` and `kind` are of its module. `has_norm`: its weights are those of a normalisation too."""

    proto: Any
    reading: Reading
    path: str = ""
    kind: str = ""
    has_norm: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def operator(self) -> str:
        """With its library, where that is not the standard."""
        domain = self.proto.domain
        return self.proto.op_type if domain in ("", "ai.onnx") else f"{domain}::{self.proto.op_type}"

    @property
    def outputs(self) -> Sequence[str]:
        """What it makes: the first, and of others, such as the mask of a dropout, those that are read."""
        reads = self.reading.model.reads
        return [name for place, name in enumerate(self.proto.output) if name and (place == 0 or reads.get(name))]

    def name(self, place: int) -> str:
        return self.proto.input[place] if place < len(self.proto.input) else ""

    def has(self, place: int) -> bool:
        return bool(self.name(place))

    def stored(self, place: int) -> Stored | None:
        return self.reading.model.stored.get(self.name(place))

    def value(self, place: int, role: Role = "operand") -> Value:
        """An operand. Raises LookupError where the file does not give it."""
        stored, name = self.stored(place), self.name(place)
        if name in self.reading.unknown:
            raise LookupError(name)
        return self.reading.held(stored, role, self.path) if stored else self.reading.values[name]

    def shape(self, place: int) -> Shape:
        stored = self.stored(place)
        return stored.shape if stored else self.value(place).shape

    def numbers(self, place: int) -> list[Any] | None:
        """A list of integers or of other numbers that the file says; None where it computes them."""
        stored = self.stored(place)
        return None if stored is None or stored.numbers is None else stored.numbers.reshape(-1).tolist()

    def number(self, place: int) -> int | float | None:
        """Of one element: as it was written, so that 0.1 is not what float32 makes of it."""
        stored = self.stored(place)
        if stored is None or stored.numbers is None or stored.elements != 1:
            return None
        return plain(stored.numbers.reshape(-1)[0])

    def out(self, place: int = 0) -> Shape:
        return self.reading.known.get(self.proto.output[place], UNKNOWN)[0]

    def dtype(self, place: int = 0) -> str:
        return self.reading.known.get(self.proto.output[place], UNKNOWN)[1]

    def is_known(self) -> bool:
        return all(name in self.reading.known for name in self.outputs)

    def get(self, name: str, default: Any) -> Any:
        return self.attributes.get(name, default)

    def unusual(self, usual: Usual) -> dict[str, Any]:
        """Attributes whose values are not what torch does."""
        values = {name: self.get(name, default) for name, (default, _) in usual.items()}
        plain = {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
        return {name: value for name, value in plain.items() if value != usual[name][1]}

    # ---- what it becomes -------------------------------------------------------------------------------------------

    def add(
        self,
        operation: str,
        given: Sequence[tuple[str, Value]],
        settings: Mapping[str, Any] | None = None,
        shapes: Sequence[Shape] | None = None,
        dtypes: Sequence[str] | None = None,
        window: Window | None = None,
        groups: int = 1,
        memory: Literal["new", "view"] = "new",
    ) -> list[Value]:
        """An operation, and its results: those of the node, or of other `shapes` on the way to them."""
        if shapes is None:
            places = [place for place, name in enumerate(self.proto.output) if name in self.outputs]
            shapes, dtypes = [self.out(place) for place in places], [self.dtype(place) for place in places]
        if self.has_norm and CATEGORY.get(operation) in FOLDABLE:
            settings = {**(settings or {}), "folded": "batch_norm"}
        record: Record = self.reading.draft.add(
            self.path, self.kind, operation, given=given, shapes=tuple(shapes),
            dtypes=tuple(dtypes or [given[0][1].dtype] * len(shapes)), settings=settings or {}, window=window,
            groups=groups, memory=memory,
        )  # fmt: skip
        return [
            Value("layer", record, shape, dtype, output)
            for output, (shape, dtype) in enumerate(zip(shapes, record.dtypes, strict=True))
        ]

    def give(self, values: Sequence[Value]) -> None:
        """These are what the node makes."""
        for name, value in zip(self.outputs, values, strict=True):
            if name in self.reading.values or name in self.reading.model.stored:
                raise ArchscopeError(f"{self.reading.model.path} makes {said(name)} twice: it is no ONNX model")
            self.reading.values[name] = value

    def is_operation(
        self, operation: str, given: Sequence[tuple[str, Value]], settings: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """One operation that makes all that the node makes."""
        unusual = self.unusual(UNUSUAL.get(self.operator, {}))
        self.give(self.add(operation, given, {**(settings or {}), **unusual}, **more))

    def alias(self, value: Value) -> None:
        """Nothing is done: its result is what it is given."""
        self.give([value])


def plain(number: Any) -> int | float:
    """Of numpy: the shortest number that is the same in its type."""
    kind = number.dtype.kind if hasattr(number, "dtype") else ""
    if kind in "iub":
        return int(number)
    return float(str(number.astype("float32") if kind not in "f" or number.dtype.itemsize < 4 else number))


def written(number: float) -> float:
    """A float32 attribute as it was written; some exporters round more than once on the way."""
    import numpy

    if not isfinite(number):
        return number
    single, short = numpy.float32(number), numpy.float32(f"{number:.6g}")
    return float(str(short if abs(short - single) <= numpy.spacing(abs(single)) else single))
