"""What a network is known, or thought, to take: its own input, or what its first layer says of it. No torch."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from archscope.errors import ArchscopeError
from archscope.model.input_sizes import Input, parameters_of

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archscope.model.input_sizes import Sizes

    Example = torch.Tensor | Sequence[Any] | Mapping[str, Any]
    """What goes into `forward`, the batch included: a tensor, positional arguments, or arguments by name."""
    InputSize = Sizes | Example

SIDES = (224, 299, 32, 28, 64, 96, 128, 256, 384, 512)
"""Sides of square images, the most customary ones first."""

TOKENS = 128
SAMPLES = 1024
CLIP, LARGE_CLIP = (16, 112, 112), (16, 224, 224)
"""Lengths that nothing but custom says: of a text, of a signal, and frames x height x width of a video."""


@dataclass(frozen=True)
class Expected:
    """The inputs that a network is known, or thought, to take, the likeliest first.

    `why` is what a guess rests on, such as "its first layer, conv1, takes 3 channels"; empty: the network's own.
    `any_length`: the first size is that of a text or a signal, which may be another.
    """

    inputs: tuple[Input, ...]
    why: str = ""
    any_length: bool = False

    def complete(self, given: Input) -> tuple[Input, int | None]:
        """What is meant by one side or two instead of all sizes, by a batch in front, by no dtype; and that batch."""
        likely = self.inputs[0]
        size, images = given.size, None
        if len(size) == 1 and len(likely.size) > 1:  # the side of a square image, or a cube
            size = (likely.size[0], *size * (len(likely.size) - 1))
        elif len(size) == 2 and len(likely.size) == 3:  # height x width of an image
            size = (likely.size[0], *size)
        # One size more than the network takes is the batch; but where the first layer only suggests features, 8x16 may
        # as well be a sequence of 8.
        elif len(size) == len(likely.size) + 1 and not (self.why and len(size) == 2):
            images, size = size[0], size[1:]
        elif len(size) != len(likely.size) and not self.why:
            raise ArchscopeError(f"--input {given}: the network takes {len(likely.size)} sizes, such as {likely}")
        return replace(given, size=size, dtype=given.dtype or likely.dtype), images


def published(module: "nn.Module", size: tuple[int, ...], of: str, passes: Callable[[Input], bool]) -> Expected:
    """The size that a library's weights of this network take; with as many channels as this module's first layer, where
    only so it passes: an option may have changed them, but the layer may also see the image rearranged."""
    guessed = expected_by(module)
    others = guessed.inputs if guessed and len(guessed.inputs[0].size) == len(size) else ()
    own = Input(size)
    if others and others[0].size[0] != size[0]:
        if passes(own):
            return Expected((own,), f"{of} take it")
        own = Input((others[0].size[0], *size[1:]))
    return Expected((own, *[each for each in others if each.size != own.size]), f"{of} take it")


def recorded(module: "nn.Module") -> Expected | None:
    """What a graph that torch.export recorded was recorded of; None of any other module. An open size is what it was
    then, and the batch is one."""
    graph = getattr(module, "graph", None)
    if graph is None or type(graph).__module__ != "torch.fx.graph":  # torch.jit has another
        return None
    taken = [node for node in graph.nodes if node.op == "placeholder"]
    values = [node.meta.get("val") for node in taken]
    if not values or any(not hasattr(value, "dtype") or not value.shape for value in values):
        return None
    found = []
    for node, value in zip(taken, values, strict=True):
        size = tuple(int(getattr(getattr(axis, "node", None), "hint", axis)) for axis in value.shape[1:])
        dtype = "" if value.dtype.is_floating_point else str(value.dtype).removeprefix("torch.")
        found.append(Input(size, dtype, node.target if len(taken) > 1 else ""))
    return Expected(tuple(found))


def expected_by(module: "nn.Module") -> Expected | None:
    """What a module's first layer says of its input; None where that is not enough."""
    arguments = required_arguments(module)
    if len(arguments) > 1:
        return None  # which of them the first layer takes is not known
    for path, layer in module.named_modules():
        for kind, number in _guesses(layer):
            found = _customary_by_name(kind, number, arguments)
            return Expected(found, f"its first layer, {path or kind}, takes {_said(kind, number)}") if number else None
        if layer._parameters and not layer._modules:
            return None  # a layer that says nothing of what it takes
    return None


def expected_where(module: "nn.Module", path: str, given: Input, error: str) -> Expected | None:
    """What the layer that ran first says of the input, where `given` failed in it: modules may be made in another order
    than they run in, and see the image rearranged."""
    layer = dict(module.named_modules()).get(path)
    for kind, number in _guesses(layer) if layer is not None else ():
        times = _times(given, next(_customary(kind, number)), error)
        if not times or number % times or not number:
            return None
        said = f"{path or kind}, which runs first, takes {_said(kind, number)}"
        said += f", {times} for each of the input's" if times > 1 else ""
        return Expected(_customary_by_name(kind, number // times, required_arguments(module)), said)
    return None


def _times(given: Input, likely: Input, error: str) -> int:
    """How many channels a layer got for each of the input's, by what torch says; 0 where that is no whole number."""
    misfit = MISFIT.search(error) if len(given.size) == len(likely.size) else None
    times, left = divmod(int(misfit[1]), given.size[0]) if misfit else (1, 0)
    return 0 if left else times


MISFIT = re.compile(r"to have \d+ channels, but got (\d+) channels")
"""What torch says of an image with other channels than a layer takes."""


def _guesses(layer: "nn.Module") -> Iterator[tuple[str, int]]:
    """The kind of a layer and how much it takes, if it says so."""
    kinds = {kind.__name__ for kind in type(layer).__mro__}
    for kind in kinds & GUESSES.keys():
        number = getattr(layer, GUESSES[kind][0], None)
        if isinstance(number, int):  # else it is somebody else's class of that name
            yield kind, number


def _said(kind: str, number: int) -> str:
    what = GUESSES[kind][1]
    return f"{number:,} {what.removesuffix('s') if number == 1 else what}"


def _customary_by_name(kind: str, number: int, arguments: Mapping[str, bool]) -> tuple[Input, ...]:
    name = next((name for name, by_keyword in arguments.items() if by_keyword), "")
    return tuple(replace(each, name=name) for each in _customary(kind, number))


GUESSES = {
    "Conv1d": ("in_channels", "channels"),
    "Conv2d": ("in_channels", "channels"),
    "Conv3d": ("in_channels", "channels"),
    "BatchNorm2d": ("num_features", "channels"),
    "Linear": ("in_features", "features"),
    "Embedding": ("num_embeddings", "different integers"),
}
"""Where a layer, by its class, has what it takes, and what that is."""


def _customary(kind: str, number: int) -> Iterator[Input]:
    if kind in {"Conv2d", "BatchNorm2d"}:
        yield from (Input((number, side, side)) for side in SIDES)
    elif kind == "Conv1d":
        yield Input((number, SAMPLES))
    elif kind == "Conv3d":
        yield from (Input((number, *clip)) for clip in (CLIP, LARGE_CLIP))
    elif kind == "Linear":
        yield Input((number,))
    else:
        yield Input((TOKENS,), "int64")


def required_arguments(module: "nn.Module") -> dict[str, bool]:
    """The arguments that `forward` cannot do without, and whether they go by keyword only."""
    parameters = parameters_of(module.forward)
    needed = (p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
    return {p.name: p.kind is p.KEYWORD_ONLY for p in needed}
