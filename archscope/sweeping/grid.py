"""What a sweep goes over: values of options, and sizes of inputs, as they are typed. No torch."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.input_sizes import parse_input
from archscope.targets import variants

MOST_POINTS = 100_000
INPUT = "input"
"""The name of the axis that is no option."""

BETWEEN_VALUES = re.compile(r",(?![^\[(]*[\])])")
"""A comma that is not within a list."""

FINEST = Decimal("0.001")
"""A range of fractions without a step of its own goes by this."""

Axes = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Place:
    """A point of the grid: the options of the builder that differ there, and the input's size where it does."""

    options: Mapping[str, Any] = field(default_factory=dict)
    input_size: str = ""

    def named(self) -> dict[str, Any]:
        """Each axis with its value here."""
        return dict(self.options) | ({INPUT: self.input_size} if self.input_size else {})

    def with_option(self, name: str, value: Any) -> "Place":
        return Place({**self.options, name: value}, self.input_size)


def parse_axis(item: str) -> tuple[str, tuple[Any, ...]]:
    """`middle_blocks=4,8` or `width_multiplier=0.25:2:0.25`: an option and its values. Raises ArchscopeError."""
    name, equals, written = item.partition("=")
    if not equals or not name.strip() or not written.strip():
        raise ArchscopeError(f"--set {item}: write option=values, such as middle_blocks=4,8 or width=0.25:2:0.25")
    values: list[Any] = []
    for part in BETWEEN_VALUES.split(written):
        values += _range(part, item) if ":" in part else [variants.parse(f"value={part}", f"--set {item}:")[1]]
    return name.strip().replace("-", "_"), tuple(dict.fromkeys(map(hashable, values)))


def hashable(value: Any) -> Any:
    """An option's value, which may be a list of lists, as a key."""
    return tuple(map(hashable, value)) if isinstance(value, list | tuple) else value


def _range(text: str, item: str) -> Iterable[int | float]:
    """`0.25:2:0.25`: both ends included; of whole numbers by 1, of others by a thousandth, where no step is given."""
    try:
        first, last, *steps = map(Decimal, text.split(":"))
        (step,) = steps or (_usual_step(first, last),)
    except (InvalidOperation, ValueError):  # no number, or none at all
        raise ArchscopeError(f"--set {item}: write a range as first:last:step, such as 0.25:2:0.25") from None
    if not (all(each.is_finite() for each in (first, last, step)) and first <= last and step > 0):
        raise ArchscopeError(f"--set {item}: a range goes up, from its first value to its last by a step above 0")
    count = int((last - first) / step) + 1
    if count > MOST_POINTS:
        raise ArchscopeError(f"--set {item}: {count:,} values; at most {MOST_POINTS:,} are swept")
    return [_plain(first + step * i) for i in range(count)]


def _usual_step(first: Decimal, last: Decimal) -> Decimal:
    return Decimal(1) if first % 1 == last % 1 == 0 else FINEST


def _plain(value: Decimal) -> int | float:
    return int(value) if value % 1 == 0 and "." not in str(value) else float(value)


def axes_of(settings: Iterable[str], inputs: Iterable[str] = ()) -> dict[str, tuple[Any, ...]]:
    """The axes as they are typed, sizes of inputs last. Raises ArchscopeError."""
    axes: dict[str, tuple[Any, ...]] = {}
    for item in settings:
        name, values = parse_axis(item)
        if name in axes:
            raise ArchscopeError(f"--set {name} is there twice: write its values behind one another, {name}=1,2")
        axes[name] = values
    sizes = [size.strip() for text in inputs for size in text.split(",") if size.strip()]
    for size in sizes:
        parse_input(size)
    return axes | ({INPUT: tuple(dict.fromkeys(sizes))} if sizes else {})


def places(axes: Axes) -> list[Place]:
    """Every combination, the last axis the fastest. Raises ArchscopeError where there are too many."""
    count = 1
    for values in axes.values():
        count *= len(values)
    if count > MOST_POINTS:
        raise ArchscopeError(f"{count:,} points; at most {MOST_POINTS:,} are swept")
    return [_place(dict(zip(axes, values, strict=True))) for values in product(*axes.values())]


def _place(values: dict[str, Any]) -> Place:
    size = values.pop(INPUT, "")
    return Place(values, size)


def differing(axes: Axes) -> Sequence[str]:
    """Names of the axes with more than one value."""
    return [name for name, values in axes.items() if len(values) > 1]
