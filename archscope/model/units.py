"""How archscope says things: numbers with units, shapes, and what a layer is."""

import re
from collections.abc import Iterator, Sequence
from math import isfinite

from archscope.errors import ArchscopeError
from archscope.model.graph import Layer, Shape, is_depthwise
from archscope.model.operations import CATEGORY
from archscope.model.text import one_line
from archscope.model.tree import Node

PLAIN = {"Sequential", "ModuleList", "ModuleDict"}
"""Containers whose class says nothing about what they are."""

EXACT_BELOW = 100_000
"""Counts under this are shown to the last one, with thousands separated."""

NUMBER = re.compile(r"([-+]?[\d,_]*\.?\d+(?:[eE][-+]?\d+)?)\s*([a-zA-Z%]*)")
FACTORS = {
    "": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "%": 1, "ms": 1,
    "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
"""What may follow a number that a reader types, in lower case: counts are powers of 1000, and so are kB, MB and GB."""

MILLISECONDS_FROM = 0.01
"""Shorter times, in ms, are shown in µs or ns."""


def shape(sizes: Shape | Sequence[int]) -> str:
    """`32x149x149`; a scalar is `1`."""
    return "x".join(map(str, sizes)) or "1"


def count(value: float) -> str:
    """`18,560` or `1.107 M`: four significant digits, powers of 1000."""
    if abs(value) < EXACT_BELOW:
        return f"{value:,.0f}"
    return scaled(value, 4)


def counted(number: int, what: str) -> str:
    """`1 layer`, `2 layers`."""
    return f"{number:,} {what}" + "s" * (number != 1)


def scaled(value: float, digits: int) -> str:
    """`8.36 G`: powers of 1000; `768` below."""
    if abs(value) < 1000:
        return f"{value:.0f}"
    for power, prefix in enumerate(("k", "M", "G", "T", "P"), start=1):
        if abs(value) < 999.5 * 1000**power or prefix == "P":
            number = value / 1000**power
            whole = len(str(int(float(f"{abs(number):.{digits}g}"))))
            return f"{number:.{max(digits - whole, 0)}f} {prefix}"
    raise AssertionError("the last prefix takes every value")


def parse_number(text: str, where: str = "") -> float:
    """What a reader types: `600M`, `1.5 G`, `22,855,952`, `100MiB`, `79 %`. Raises ArchscopeError, which begins with
    `where`. An integer where it is one."""
    found = NUMBER.fullmatch(text.strip())
    if found is None or found[2].lower() not in FACTORS:
        raise ArchscopeError(f"{where}'{text}' is no number: write one such as 600M, 1.5G, 100MiB or 22855952")
    value = float(found[1].replace(",", "").replace("_", "")) * FACTORS[found[2].lower()]
    if not isfinite(value):
        raise ArchscopeError(f"{where}'{one_line(text)}' is too large a number")
    return int(value) if value.is_integer() else value


def size(value: float) -> str:
    """Bytes: `87.4 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 1000 else f"{value:.1f} {unit}"


def milliseconds(value: float) -> str:
    """`28.4 ns`, `5.46 µs`, `0.0123 ms`, `12.3 ms`, `1,234 ms`: three significant digits."""
    if 0 < abs(value) < MILLISECONDS_FROM:
        microseconds = float(f"{1e3 * value:.3g}")
        small, unit = (microseconds, "µs") if abs(microseconds) >= 1 else (1e3 * microseconds, "ns")
        return f"{small:#.3g}".rstrip(".") + f" {unit}"
    whole = len(f"{abs(value):.0f}") if abs(value) >= 1 else 0
    return f"{value:.3g} ms" if abs(value) < 1 else f"{value:,.{max(3 - whole, 0)}f} ms"


def rate(value: float) -> str:
    """How many a second: three significant digits."""
    whole = len(f"{value:.0f}") if value >= 1 else 0
    return f"{value:,.{max(3 - whole, 0)}f}"


def windows(layer: Layer) -> str:
    """`3x3 /2`: kernel size, then stride where it is not 1 and dilation where it is not 1."""
    if layer.window is None:
        return ""
    said = shape(layer.window.kernel_size)
    for mark, values in (("/", layer.window.stride), ("dilation ", layer.window.dilation)):
        if set(values) != {1}:
            said += f" {mark}{values[0] if len(set(values)) == 1 else shape(values)}"
    return said


def operation(node: Node) -> str:
    """What a row is: `SeparableConv 3x3, 728`, `Conv 1x1 /2, 1024`, `Linear 2048 to 1000`, `Residual`."""
    if node.layer is not None and not node.children:
        return layer_words(node.layer)
    if node.is_unit:
        main = max(node.convolutions, key=lambda layer: layer.window.kernel_size if layer.window else ())
        return f"{class_words(node.kind)} {windows(main)}, {node.convolutions[-1].output_shape[0]}"
    if node.unused and not node.layers:
        return f"{class_words(node.kind)} (not used)"
    return "" if node.kind in PLAIN else class_words(node.kind)


def contents(node: Node) -> str:
    """What a plain container holds that is worth a word: `3 x SeparableConv 3x3`, `5 convolutions`."""
    counted = list(_units(node))
    units = [unit for _, unit in counted]
    said = {operation(unit) for unit in units}
    number = sum(times for times, _ in counted)
    if len(said) == 1 and number == 1:
        return said.pop()
    kinds = {operation(unit).partition(",")[0] for unit in units}
    if len(kinds) == 1:
        return f"{number} x {kinds.pop()}"
    return f"{number} convolutions" if number else ""


def _units(node: Node, times: int = 1) -> Iterator[tuple[int, Node]]:
    """The convolution units below a node, each with how often it stands there."""
    for child in node.children:
        if child.convolutions and (child.is_unit or child.layer):
            yield times * child.repeat, child
        if not child.is_unit:
            yield from _units(child, times * child.repeat)


def class_words(name: str) -> str:
    """A module's class without torch's dimension mark: `Conv2d` is `Conv`."""
    return name.removesuffix("1d").removesuffix("2d").removesuffix("3d") or name


def layer_words(layer: Layer) -> str:
    """What a single operation is."""
    kind = class_words(layer.kind)
    category = CATEGORY.get(layer.operation, "")
    if "convolution" in category:
        if is_depthwise(layer):
            kind = f"Depthwise {kind}"
        groups = f", {layer.groups} groups" if layer.groups > 1 and not is_depthwise(layer) else ""
        return f"{kind} {windows(layer)}, {layer.output_shape[0] if layer.output_shape else 1}{groups}"
    if layer.window is not None:
        return f"{kind} {windows(layer)}"
    if category == "linear" and layer.input_shapes and layer.input_shapes[0]:
        return f"{kind} {layer.input_shapes[0][-1]} to {layer.output_shape[-1] if layer.output_shape else 1}"
    if category == "dropout":
        return f"{kind} {layer.settings.get('p', 0.5):g}"
    if layer.operation in {"mul", "add", "div", "sub"} and isinstance(layer.settings.get("other"), int | float):
        return f"{kind} {layer.settings['other']:g}"
    return f"{kind} (unknown)" if not category else kind
