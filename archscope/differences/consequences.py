"""What no fact of a layer accounts for follows from the sizes that come in, and these from changes before. No torch."""

from dataclasses import dataclass

from archscope.differences.changes import Change, Changes
from archscope.differences.steps import Step

CHANNELS = {"kind", "filters", "multiplier", "depthwise", "input"}
"""Facts that decide how many channels a layer gives: its groups never do."""

SIZES = {"kind", "kernel_size", "stride", "dilation", "padding", "output_size", "ceil_mode", "output_padding", "ratio",
         "input"}  # fmt: skip
"""Facts that decide height and width."""


@dataclass(frozen=True)
class Causes:
    """The changes that a tensor's other channels, and its other height and width, follow from."""

    channels: frozenset[Change] = frozenset()
    sizes: frozenset[Change] = frozenset()

    def __or__(self, other: "Causes") -> "Causes":
        return Causes(self.channels | other.channels, self.sizes | other.sizes)

    @property
    def all(self) -> frozenset[Change]:
        return self.channels | self.sizes


class Consequences:
    """Walks the pairs in execution order."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.causes: dict[int, Causes] = {}

    def collect(self) -> None:
        for a, b in self.changes.pairs:
            own = self.changes.of_pair(b)
            before = Causes()
            for step in (*a.inputs, *b.inputs):
                before |= self._causes(step)
            self.causes[id(b)] = _after(a, b, own, before)
            params = b.params - a.params - sum(change.params for change in own)
            macs = b.macs - a.macs - sum(change.macs for change in own)
            if params or macs:
                causes = _of_numbers(a, b, params, before, self.causes[id(b)])
                what = "other sizes come in"
                self.changes.add(Change("consequence", what, (a,), (b,), b.place, params, macs, causes=causes))

    def _causes(self, step: Step) -> Causes:
        other = self.changes.partner.get(id(step))
        if other is None or id(step) in self.changes.moved:
            first = frozenset(self.changes.by_step.get(id(step), [])[:1])
            return Causes(first, first)
        return self.causes.get(id(step)) or self.causes.get(id(other)) or Causes()


def _after(a: Step, b: Step, own: list[Change], before: Causes) -> Causes:
    """Where the tensor that these layers give has other sizes: what that follows from."""
    if a.shape == b.shape:
        return Causes()
    passed_on = {"kind"} if all(step.shape == step.input_shape for step in (a, b)) else set()  # another activation, say
    deciding = {name: _deciding(own, names - passed_on) for name, names in (("channels", CHANNELS), ("sizes", SIZES))}
    channels = deciding["channels"] or before.channels if a.channels != b.channels else frozenset()
    if a.shape[2:] == b.shape[2:]:
        return Causes(channels)
    passed = before.sizes if a.input_shape[2:] != b.input_shape[2:] else frozenset()
    return Causes(channels, deciding["sizes"] | passed or before.all)


def _deciding(own: list[Change], names: set[str]) -> frozenset[Change]:
    return frozenset(change for change in own if isinstance(change.group, tuple) and change.group[0] in names)


def _of_numbers(a: Step, b: Step, params: int, before: Causes, after: Causes) -> frozenset[Change]:
    """Parameters follow from the channels that come in, MACs from the sizes that go out as well."""
    if b.kind == "linear" and params:
        return before.all
    found = before.channels if params or a.shape[2:] == b.shape[2:] else frozenset()
    return found | after.sizes or before.all
