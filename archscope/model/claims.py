"""What a paper says of a network, and whether a measured number agrees."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

Number = int | float
Quantity = Number | Sequence[int]
"""A count, or a size: channels x height x width."""

UNITS = {0.01: "%", 1e3: "k", 1024: "K", 1e6: "M", 2**20: "MiB", 1e9: "G"}
"""How a claim's unit is written."""


@dataclass(frozen=True)
class Claim:
    """A published number. `digits` significant digits are what the source prints; none means exact.

    Where a `unit` is given, `value` is in it and every digit of `value` counts. `block` is the path of the module
    that the number is about (or what `conventions.Part` takes), `options` and `input_size` are what the network is
    built and traced with; without them it is the whole network, as it comes.

    `convention` says in the source's words what is counted, `counting` names the convention of `conventions.py` that
    does so. `explanation` names the file of archscope/papers/explanations that recomputes why the number is another;
    `dispute` says of a number that nothing reproduces what is known of it.
    """

    quantity: str
    value: float | list[int]
    source: str
    convention: str = ""
    digits: int = 0
    relation: str = "="
    block: str = ""
    unit: float = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    input_size: Sequence[int] = ()
    counting: str = ""
    explanation: str = ""
    dispute: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_size", tuple(self.input_size))  # TOML and JSON give a list

    @property
    def is_exact(self) -> bool:
        """Is it printed to the last one?"""
        return self.relation == "=" and not self.digits and self.unit == 1

    def holds(self, measured: Quantity, cut: bool = False) -> bool:
        """Does `measured` agree, as precisely as the claim is stated? `cut`: its last digits are cut, not rounded.

        One digit alone is never taken for a cut number: 5 would hold for 5.99.
        """
        if cut and self.digits == 1:
            return False
        if not isinstance(measured, int | float):
            return list(measured) == self.value
        if isinstance(self.value, list):
            return False  # a size, claimed of a count
        if self.relation == "<":
            return measured < self.value * self.unit
        return self._printed(measured, cut) == self.value

    def _printed(self, measured: Number, cut: bool) -> float:
        """`measured` as this claim's source would print it."""
        number = Decimal(measured) / Decimal(str(self.unit))
        if self.digits:
            last = number.adjusted() - self.digits + 1
        elif self.is_exact:
            return measured
        else:
            last = min(int(Decimal(str(self.value)).as_tuple().exponent), 0)
        return float(number.quantize(Decimal(1).scaleb(last), ROUND_DOWN if cut else ROUND_HALF_UP))

    def printed(self) -> str:
        """The number as published: `22,855,952`, `8.4 G`, `less than 25 M`, `64x112x112`."""
        if isinstance(self.value, list):
            return "x".join(map(str, self.value))
        value, unit = self.value, self.unit
        if unit == 1 and (self.digits or self.relation == "<"):
            unit = max([size for size in (1e3, 1e6, 1e9) if size <= value], default=1)
            value = value / unit
        said = f"{value:,}" if unit == 1 else f"{value:g}"
        return ("less than " if self.relation == "<" else "") + f"{said} {UNITS.get(unit, '')}".strip()

    def number(self) -> Quantity:
        """The value without its unit, comparable to what is measured."""
        if isinstance(self.value, list):
            return self.value
        number = Decimal(str(self.value)) * Decimal(str(self.unit))
        return int(number) if number == int(number) else float(number)

    def where(self) -> str:
        """The part that the number is about: `inception_3a`, `all but classifier`; empty for the whole network."""
        return f"all but {self.block[1:]}" if self.block.startswith("-") else self.block

    def about(self) -> str:
        """What the number counts, and of what: `params`, `macs of inception_3a`."""
        return f"{self.quantity} of {self.where()}" if self.block else self.quantity

    def origin(self) -> str:
        """The source, its convention, and the options of the network that it is about."""
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return ", ".join(filter(None, [self.source, self.convention, options and f"with {options}"]))

    def said(self) -> str:
        """`params 22,855,952 (Table 3, trainable parameters)`."""
        return f"{self.about()} {self.printed()} ({self.origin()})"


def table(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]], **common: Any) -> Iterator[Claim]:
    """A table of a paper, a claim a cell.

    Each row is a block and its cells: the printed number, or that as `value` with more to say; "" is no claim.
    """
    for block, *cells in rows:
        for column, cell in zip(columns, cells, strict=True):
            if cell != "":
                own = cell if isinstance(cell, Mapping) else {"value": cell}
                yield Claim(**{"block": block, **common, **column, **own})


@dataclass(frozen=True)
class Equivalence:
    """Two ways to write one function, compared: the largest difference, relative to the largest value.

    `twins` are wrong ways to write it, by what is wrong in them; each must differ.
    """

    name: str
    statement: str
    difference: float
    twins: Mapping[str, float]

    TOLERANCE = 1e-12
    NOTICEABLE = 1e-3

    @property
    def holds(self) -> bool:
        return self.agrees and all(map(self.shows, self.twins.values()))

    @property
    def agrees(self) -> bool:
        """Is the difference no more than rounding?"""
        return self.difference < self.TOLERANCE

    def shows(self, difference: float) -> bool:
        """Is it beyond what rounding can do?"""
        return difference > self.NOTICEABLE
