"""What a diagram draws: one Op for each operation of a Graph, or for several that figures draw as one."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archscope.cached import cached_property
from archscope.model.graph import Graph, Layer, Shape

EXTRA = "+"
"""The name of what only the reader's network has, among the reference's, begins with it."""


@dataclass(frozen=True)
class Op:
    """A box. `layers` are all that it stands for, in execution order; `inputs` are names of Ops.

    `word`, `kernel` and `facts` are what its label says: Conv, 3×3, (32, s2, V). `join` is `add`, `cat` or `mul`
    where tensors come together. `shape` is the box's own, `channels` the axis of its channels. `inner` is what two
    closed modules must have in common to look the same, `shared` the weight that it has in common with others,
    `members` what a closed module was made of, `views` the views of its tensor: layer, shape, axis of channels.
    `reads` are its inputs before modules were closed around some of them; empty where none was. `results`: of a closed
    module the shape of each tensor that is read of it, with its axis of channels, `shape` the last.
    `dilated`: in blocks of a row that differ in their dilations alone, the place there and the Op's own `dilation 4`.
    """

    name: str
    kind: str
    word: str
    path: str
    layers: tuple[str, ...]
    inputs: tuple[str, ...]
    shape: Shape
    kernel: str = ""
    facts: tuple[str, ...] = ()
    join: str = ""
    inner: Any = None
    channels: int | None = None
    copies: tuple["Op", ...] = ()
    shared: str = ""
    members: tuple["Op", ...] = ()
    views: tuple[tuple[str, Shape, int | None], ...] = ()
    reads: tuple[str, ...] = ()
    results: tuple[tuple[Shape, int | None], ...] = ()
    dilated: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Of its name alone: what it holds takes long to go through."""
        return hash(self.name)

    @property
    def is_extra(self) -> bool:
        """Does it stand for what only the reader's network has, in the picture of a difference?"""
        return self.name.startswith(EXTRA) and self.layers == (self.name,)

    @property
    def each(self) -> tuple["Op", ...]:
        """The step of a loop and the equal ones that follow it, which one box stands for; another Op alone."""
        return (self, *self.copies)

    @property
    def spatial(self) -> Shape:
        """Height and width, or the length of a sequence; those of a token are not known."""
        at = 0 if self.channels is None else self.channels
        return self.shape[:at] if at and at == len(self.shape) - 1 else self.shape[at + 1 :]

    @cached_property
    def key(self) -> Any:
        """Equal for Ops that look the same."""
        return self.kind, self.word, self.kernel, self.facts, self.join, self.inner


@dataclass
class Group:
    """Layers that become one Op; `main` gives it its name and label."""

    main: Layer
    layers: list[Layer] = field(default_factory=list)


class Ops:
    """Ops in execution order, and the readers of each among them."""

    def __init__(self, ops: Iterable[Op]) -> None:
        self.by_name: dict[str, Op] = {op.name: op for op in ops}
        self.readers: dict[str, list[str]] = {name: [] for name in self.by_name}
        for op in self.by_name.values():
            for source in op.inputs:
                if source in self.readers:
                    self.readers[source].append(op.name)

    def __iter__(self) -> Any:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)


def under(path: str, block: str) -> bool:
    """Is `path` this block, or within it?"""
    return not block or path == block or path.startswith(f"{block}.")


def upwards(path: str) -> Iterator[str]:
    """The path and all that it is within, the root last."""
    while path:
        yield path
        path = path.rpartition(".")[0]
    yield ""


def holders(paths: Iterable[str]) -> set[str]:
    """All that some of these paths are within, themselves left out."""
    return {above for path in paths if path for above in upwards(path.rpartition(".")[0])}


def common_module(ops: Sequence[Op]) -> str:
    """The path of the smallest module around these Ops; empty where that is the network."""
    paths = [op.path for op in ops]
    ends = [path.split(".")[:-1] for path in (min(paths), max(paths))]  # what both have, all have
    return ".".join(one for one, _ in itertools.takewhile(lambda two: two[0] == two[1], zip(*ends, strict=False)))


def relative(ops: Iterable[Op]) -> Any:
    """What a part of the network does, told without names: labels, and inputs counted back."""
    place: dict[str, int] = {}
    told = []
    for number, op in enumerate(ops):
        if len(op.inputs) == 1:  # most: no list is made
            told.append((op.key, number - place.get(op.inputs[0], number)))
        else:
            told.append((op.key, *[number - place.get(source, number) for source in op.inputs]))
        place[op.name] = number
    return tuple(told)


def merged(ops: Iterable[Op], members: Mapping[str, Op]) -> list[Op]:
    """The Ops with each name in `members` replaced by the Op that it now belongs to, once, where its last part stood.

    Inputs are renamed; what an Op reads from itself is dropped.
    """
    new_name = {name: whole.name for name, whole in members.items()}
    last = {whole.name: name for name, whole in members.items()}
    result = []
    for op in ops:
        whole = members.get(op.name, op)
        if op.name in members and last[whole.name] != op.name:
            continue
        made = _renamed(whole, new_name)
        if made.copies:
            made = replace(made, copies=tuple(_renamed(copy, new_name) for copy in made.copies))
        result.append(made)
    return result


def _renamed(op: Op, new_name: Mapping[str, str]) -> Op:
    if new_name.keys().isdisjoint(op.inputs) and op.name not in op.inputs:
        return op
    inputs = dict.fromkeys(new_name.get(source, source) for source in op.inputs)
    told = tuple(source for source in inputs if source != op.name)
    return replace(op, inputs=told, reads=op.reads or op.inputs)


def is_acyclic(ops: Iterable[Op]) -> bool:
    """Can the Ops be put in an order in which each follows its inputs?"""
    every = Ops(ops)
    waiting = {op.name: len({source for source in op.inputs if source in every.by_name}) for op in every}
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:  # it grows on the way
        for reader in dict.fromkeys(every.readers[name]):
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return len(ready) == len(waiting)


def in_order(ops: Iterable[Op]) -> list[Op]:
    """The Ops so that each follows its inputs, otherwise in the order given."""
    found = {op.name: op for op in ops}
    placed: dict[str, Op] = {}
    stack = list(reversed(found))
    while stack:
        name = stack[-1]
        missing = [source for source in found[name].inputs if source in found and source not in placed]
        if name in placed or not missing:
            placed.setdefault(name, found[name])
            stack.pop()
        else:
            stack.extend(reversed(missing))
    return list(placed.values())


def inputs_of(graph: Graph, axes: Mapping[str, int | None]) -> list[Op]:
    """One Op for each input of the network; `axes`: those of channels, by name."""
    one = len(graph.inputs) == 1
    return [
        Op(name, "tensor", "Input" if one else _argument(name, graph), name, (), (), tensor.shape, channels=axes[name])
        for name, tensor in graph.inputs.items()
    ]


def _argument(name: str, graph: Graph) -> str:
    """An input as `forward` calls it: that of a module's name bears a low line in the Graph."""
    own = name.rstrip("_")
    return own if own in graph.blocks else name
