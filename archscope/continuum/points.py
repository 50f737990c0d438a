"""The spectrum from regular to depthwise separable convolutions: its points, to JSON and back. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any, Literal

from archscope.cached import cached_property
from archscope.errors import ArchscopeError
from archscope.model.results import Pictured, Tabulated
from archscope.model.rows import row_as
from archscope.model.saved import parsed
from archscope.model.schema import SAVED_SPECTRUM
from archscope.model.segments import Segments
from archscope.model.text import one_line
from archscope.model.units import counted
from archscope.registry import unknown

MOST = 2**31 - 1
"""No size of a block means anything beyond."""

ORDERS = ("pointwise-first", "depthwise-first")
ACTIVATIONS = ("none", "relu", "elu")

UNITS = {
    "channels": "channels", "width_multiplier": "", "params": "parameters", "spatial_params": "parameters",
    "pointwise_params": "parameters", "macs": "MACs", "bytes_moved": "bytes", "intensity": "operations/byte",
    "latency_ms": "ms", "latency_p95_ms": "ms", "latency_min_ms": "ms", "device_ms": "ms", "bound_ms": "ms",
    "bound_percent": "%",
}  # fmt: skip
"""What is known of a point, in the order it is shown."""


@dataclass(frozen=True)
class Block:
    """A 1x1 convolution to `channels`, and k x k convolutions over segments of them; or the other way round.

    Without an `input_size` (channels x height x width) it is `channels` x 35 x 35, as in Inception's first modules.
    """

    channels: int = 256
    input_size: tuple[int, ...] = ()
    kernel_size: int = 3
    stride: int = 1
    depth_multiplier: int = 1
    order: str = "pointwise-first"
    activation: str = "none"

    def __post_init__(self) -> None:
        size = tuple(self.input_size) or (self.channels, 35, 35)  # JSON gives a list
        object.__setattr__(self, "input_size", size)
        if len(self.input_size) != 3:
            raise ArchscopeError(f"a block's input is channels x height x width, not {self.input_size}")
        if not 3 <= self.kernel_size <= MOST or self.kernel_size % 2 == 0:
            raise ArchscopeError(f"a kernel of {self.kernel_size}: it is odd, 3 to {MOST}")
        for what, number in (
            ("channels", self.channels),
            ("stride", self.stride),
            ("depth multiplier", self.depth_multiplier),
        ):
            if not 1 <= number <= MOST:
                raise ArchscopeError(f"{what} {number}: it takes 1 to {MOST}")
        for what, word, known in (("order", self.order, ORDERS), ("activation", self.activation, ACTIVATIONS)):
            if word not in known:
                raise unknown(what, word, known)

    @property
    def segmented_channels(self) -> int:
        """C: what the segments divide, the 1x1 convolution's channels or the input's."""
        return self.channels if self.order == "pointwise-first" else self.input_size[0]


@dataclass(frozen=True)
class Point:
    """One way to segment. `partition` holds the segments' sizes; a network has none, each of its layers has its own.

    `segments` is a word where a network's option takes one: `depthwise`, `cardinality`.
    """

    segments: Segments
    name: str
    values: Mapping[str, Any]
    partition: tuple[int, ...] = ()


Plot = Literal["", "panels", "curve"]
Theme = Literal["light", "dark", "print"]


@dataclass(frozen=True, repr=False)
class Spectrum(Tabulated, Pictured):
    """The points of a block, or of a network (then `block` is None). `setting` is what all were measured with.

    `commonest` is the convolution that a network divides most often, `times` how often: panels are drawn of it. It is
    not told where widths are held.

    `hold` names the quantity that the widths were chosen to keep, `held` its value. What a reader may choose of its
    picture: `plot` panels or a curve, by default panels of a block and a curve of a network and of what was measured;
    and the `theme` of panels.
    """

    KIND = "spectrum"

    target: str
    points: tuple[Point, ...]
    setting: Mapping[str, Any]
    block: Block | None = None
    title: str = ""
    hold: str = ""
    held: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    commonest: Block | None = None
    times: int = 0

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The quantities that some point has, in the order they are shown."""
        return tuple(name for name in UNITS if any(point.values.get(name) is not None for point in self.points))

    def values(self, name: str) -> list[Any]:
        """One quantity, point by point."""
        return [point.values.get(name) for point in self.points]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; docs/spectrum.md describes it."""
        return {
            "schema": SAVED_SPECTRUM.written,
            "target": self.target,
            "title": self.title,
            "block": self.block and asdict(self.block),
            "commonest": self.commonest and {**asdict(self.commonest), "times": self.times},
            "options": dict(self.options),
            "hold": self.hold or None,
            "held": self.held or None,
            "setting": dict(self.setting),
            "units": {name: UNITS[name] for name in self.columns},
            "points": [
                {"segments": point.segments, "name": point.name, "partition": list(point.partition), **point.values}
                for point in self.points
            ],
        }

    def to_svg(self, *, plot: Plot = "", theme: Theme = "light") -> str:
        """The picture as SVG. Raises ArchscopeError for panels of a network whose widths are held."""
        return str(self._render("svg", plot=plot, theme=theme))

    def to_png(self, *, plot: Plot = "", theme: Theme = "light") -> bytes:
        """The picture as the bytes of a PNG file."""
        return bytes(self._render("png", plot=plot, theme=theme))

    def to_pdf(self, *, plot: Plot = "", theme: Theme = "light") -> bytes:
        """The picture as the bytes of a PDF file."""
        return bytes(self._render("pdf", plot=plot, theme=theme))

    def save(self, path: str | PathLike[str], *, plot: Plot = "", theme: Theme = "light") -> None:
        """Write to a file in the format that its suffix names: table, data or picture."""
        self._save(path, plot=plot, theme=theme)

    def _about(self) -> str:
        named = ", ".join(str(point.segments) for point in self.points)
        return f"{one_line(self.target)}: {counted(len(self.points), 'point')}, segments {one_line(named)}"

    @classmethod
    def from_json(cls, text: str, source: str = "spectrum") -> "Spectrum":
        """Read back what `to_json` wrote. Raises ArchscopeError for anything else, naming `source`."""
        return cls.of_checked(parsed(text, (SAVED_SPECTRUM,), source))

    @classmethod
    def of_checked(cls, data: Mapping[str, Any]) -> "Spectrum":
        """Of data that keeps the rules of `saved`."""
        block = data["block"] and row_as(Block, data["block"])
        hold = data["hold"] or "", data["held"] or 0
        commonest = data.get("commonest")
        often = (row_as(Block, commonest), commonest["times"]) if commonest else (None, 0)
        of, points, setting = data["target"], _points(data["points"]), data["setting"]
        return cls(of, points, setting, block, data["title"], *hold, data["options"], *often)


def _points(rows: Sequence[Mapping[str, Any]]) -> tuple[Point, ...]:
    own = ("segments", "name", "partition")
    return tuple(
        Point(
            row["segments"],
            row["name"],
            {name: value for name, value in row.items() if name not in own},
            tuple(row["partition"]),
        )
        for row in rows
    )
