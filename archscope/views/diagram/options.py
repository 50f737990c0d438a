"""What a reader may choose of a diagram. Plain words: no room is asked what it can do, so each may read them."""

from dataclasses import dataclass, replace

from archscope.errors import ArchscopeError

LEVELS = ("network", "flow", "block", "layer")
SHOWN = ("shapes", "params", "macs", "receptive_field", "latency")
COLORS = ("kind", "macs", "params", "latency")
DIRECTIONS = ("TB", "LR", "BT")
THEMES = ("light", "dark", "print")
LAYOUTS = ("HxWxC", "CxHxW")
ENGINES = ("auto", "embedded", "dot", "own")
"""`auto`: the embedded one, else dot, else archscope's own layers."""


@dataclass(frozen=True)
class DiagramOptions:
    """What a reader may choose; an empty `level` is flow, or block where `block` names one.

    `depth`: modules so many levels below the root, or the block, are one box each. `engine` places what is not
    series-parallel.
    """

    level: str = ""
    block: str = ""
    depth: int = 0
    direction: str = "TB"
    show: tuple[str, ...] = ()
    color: str = "kind"
    theme: str = "light"
    layout: str = "HxWxC"
    engine: str = "auto"
    fold: bool = True
    title: str = ""

    def checked(self) -> "DiagramOptions":
        """Raises ArchscopeError for a value that there is not."""
        choices = (
            ("level", self.level or "flow", LEVELS), ("direction", self.direction, DIRECTIONS),
            ("color", self.color, COLORS), ("theme", self.theme, THEMES),
            ("layout", self.layout, LAYOUTS), ("engine", self.engine, ENGINES),
            *(("--show value", one, SHOWN) for one in self.show),
        )  # fmt: skip
        for what, value, known in choices:
            if value not in known:
                raise ArchscopeError(f"no {what} '{value}': it is one of {', '.join(known)}")
        level = self.level or ("block" if self.block else "flow")
        return replace(self, level=level)
