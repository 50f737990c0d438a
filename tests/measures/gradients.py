"""What an element sees, by torch's gradient: the reference of the receptive fields. Nothing here is archscope's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

import archscope
from archscope.measures.receptive_field import all_channels, fields_of
from archscope.measures.receptive_field.field import Field
from archscope.measures.receptive_field.reach import Reach, hull
from archscope.measures.receptive_field.term import Term


class Averages(TorchFunctionMode):
    """Averages in the place of maxima, which pass a gradient to one of their elements only."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if name.startswith("max_pool"):
            mean = _averaged(int(name[8]), *args, **{k: v for k, v in kwargs.items() if k != "return_indices"})
            return (mean, function(*args, **kwargs)[1]) if "indices" in name or kwargs.get("return_indices") else mean
        if name.startswith("max_unpool"):
            return _everywhere(int(name[10]), args[0], *args[2:], **kwargs)
        if name.startswith("adaptive_max_pool") and not kwargs.get("return_indices"):
            return getattr(F, name.replace("max", "avg"))(
                *args[:2], **{k: v for k, v in kwargs.items() if k == "output_size"}
            )
        if name == "max" and (len(args) > 1 or "dim" in kwargs) and not isinstance((*args, None)[1], torch.Tensor):
            mean = args[0].mean(*args[1:], **kwargs)
            return torch.return_types.max((mean, torch.zeros_like(mean, dtype=torch.long)))
        if name == "amax":
            return args[0].mean(*args[1:], **kwargs)
        return function(*args, **kwargs)


def _averaged(axes: int, x: torch.Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
              ceil_mode: bool = False, return_indices: bool = False) -> torch.Tensor:  # fmt: skip
    """An average over the same windows; one that is dilated as a convolution of ones."""
    if dilation in (1, (1,) * axes):
        return getattr(F, f"avg_pool{axes}d")(x, kernel_size, stride, padding, ceil_mode, False)
    kernel = (kernel_size,) * axes if isinstance(kernel_size, int) else tuple(kernel_size)
    ones = torch.ones(x.shape[1], 1, *kernel, dtype=x.dtype)
    return getattr(F, f"conv{axes}d")(x, ones, None, stride or kernel, padding, dilation, x.shape[1])


def _everywhere(axes: int, x: torch.Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
                output_size: Any = None) -> torch.Tensor:  # fmt: skip
    """A value to all places of its window, of which an unpooling chooses one."""
    kernel = (kernel_size,) * axes if isinstance(kernel_size, int) else tuple(kernel_size)
    ones = torch.ones(x.shape[1], 1, *kernel, dtype=x.dtype)
    return getattr(F, f"conv_transpose{axes}d")(x, ones, None, stride or kernel, padding, groups=x.shape[1])


def made_positive(module: nn.Module) -> nn.Module:
    """In float64, with weights that average, so that no path cancels and none vanishes."""
    module = module.double().eval()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.dim() > 1:
                parameter.uniform_(0.5, 1).div_(parameter.flatten(1).sum(1).max())
            elif name.endswith("bias"):
                parameter.zero_()
            else:
                parameter.uniform_(0.5, 1)
    return module


def extents(y: torch.Tensor, x: torch.Tensor, place: tuple[int, ...]) -> list[tuple[int, int] | None]:
    """First and last pixel, along each spatial axis of `x`, that the channels at a place of `y` have a gradient for."""
    values = y[(0, slice(None), *place)]
    (gradient,) = torch.autograd.grad((values * torch.linspace(1, 2, len(values))).sum(), x, retain_graph=True)
    seen = gradient[0].abs().sum(0) > 0
    found: list[tuple[int, int] | None] = []
    for axis in range(seen.dim()):
        line = seen.flatten(0) if seen.dim() == 1 else seen.transpose(0, axis).flatten(1).any(1)
        places = line.nonzero()
        found.append((int(places[0]), int(places[-1])) if len(places) else None)
    return found


def field_by_gradient(module: nn.Module, size: tuple[int, ...], positions: int = 8) -> list[int]:
    """The largest extent along each axis, over `positions` in a row along the diagonal from the middle."""
    torch.manual_seed(0)
    x = torch.rand(1, *size, dtype=torch.float64, requires_grad=True)
    with averages():
        y = made_positive(module)(x)
    best = [0] * (len(size) - 1)
    for step in range(positions):
        for axis, seen in enumerate(extents(y, x, tuple(min(n // 2 + step, n - 1) for n in y.shape[2:]))):
            best[axis] = max(best[axis], seen[1] - seen[0] + 1 if seen else 0)
    return best


BORDER = 32
"""Pixels at a border that strides and dilated windows may leave out."""


@dataclass
class Comparison:
    """Layers of a network whose said field is the gradient's, at each place tried; global and unknown ones; others."""

    equal: int = 0
    whole: int = 0
    unknown: int = 0
    wrong: list[str] = dataclass_field(default_factory=list)


def compared(module: nn.Module, size: tuple[int, ...], most: int = 12) -> Comparison:
    """Up to `most` layers, evenly spaced, the last ones among them, at two places each; beyond the image's border the
    gradient sees nothing, so what is said is cut there."""
    torch.manual_seed(0)
    module = made_positive(module)
    graph = archscope.trace(module, size)
    fields = fields_of(graph)
    outputs = _outputs_by_module(module)
    x = torch.rand(1, *size, dtype=torch.float64, requires_grad=True)
    with averages():
        module(x)
    rank = len(size) + 1
    # a module that exchanges axes returns another shape than the operation that bears its name
    names = [layer.name for layer in graph.layers if layer.name in outputs
             and outputs[layer.name].shape[1:] == layer.output_shape and outputs[layer.name].dim() == rank]  # fmt: skip
    names = [name for name in names if outputs[name][0, 0].numel() > 1 and outputs[name].requires_grad]
    found = Comparison()
    for name in names[:: -max(1, len(names) // most)] if len(names) > most else names:
        _compare(name, fields[name], outputs[name], x, found)
    return found


def _compare(name: str, fields: list[Field] | None, y: torch.Tensor, x: torch.Tensor, found: Comparison) -> None:
    if fields is None or not fields[0].terms:
        found.unknown += 1
        return
    said = [predicted(fields[0], place) for place in _places(y)]
    if any("global" in spans for spans in said):
        found.whole += 1
        return
    if any(None in spans for spans in said):
        found.unknown += 1
        return
    for place, spans in zip(_places(y), said, strict=True):
        seen = extents(y, x, place)
        if not all(map(_agree, spans, seen, x.shape[2:])):
            found.wrong.append(f"{name} at {place}: {spans}, by gradient {seen}")
            return
    found.equal += 1


def _agree(said: Any, seen: tuple[int, int] | None, pixels: int) -> bool:
    """Equal within the image; where the field goes on beyond a border, up to the pixels that are read there."""
    if said is None or seen is None:
        return said == seen
    first = seen[0] == said[0] or (said[0] <= 0 and seen[0] < BORDER)
    return first and (seen[1] == said[1] or (said[1] >= pixels - 1 and seen[1] >= pixels - BORDER))


def _places(y: torch.Tensor) -> list[tuple[int, ...]]:
    """The middle, and one that lies otherwise along each axis."""
    return [
        tuple(n // 2 for n in y.shape[2:]),
        tuple(n // 2 - min(1 + 2 * i, n // 2) for i, n in enumerate(y.shape[2:])),
    ]


def predicted(field: Field, place: tuple[int, ...]) -> list[tuple[int, int] | str | None]:
    """What archscope says that this place sees, along each axis of the input; None where it says nothing."""
    found: list[tuple[int, int] | str | None] = []
    for way in range(len(field.pixels)):
        spans = [_span(term, way, place) for term in all_channels(field).terms]
        if "global" in spans or "scattered" in spans:
            found.append("global" if "global" in spans else None)
        else:
            found.append(hull(spans))  # type: ignore[arg-type]
    return found


def _span(term: Term, way: int, place: tuple[int, ...]) -> Any:
    reach = term.reaches[way]
    if not isinstance(reach, Reach):
        return "global" if reach == "global" else "scattered"
    position = 0
    for axis, left in zip(term.axes[2:], place, strict=True):
        for i, digit in enumerate(axis):
            after = prod(each.size for each in axis[i + 1 :])
            position += left // after % digit.size * digit.steps[way]
    return reach.at(position)


def _outputs_by_module(module: nn.Module) -> dict[str, torch.Tensor]:
    """Filled by the pass to come: the output of each module that is called once, kept as it is before others write
    into it."""
    outputs: dict[str, torch.Tensor] = {}

    def keep(path: str) -> Any:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                outputs[path] = output.clone() if path not in outputs else torch.empty(0)

        return hook

    for path, submodule in module.named_modules():
        if path and not list(submodule.children()):
            submodule.register_forward_hook(keep(path))
    return outputs


@contextmanager
def averages() -> Iterator[None]:
    with Averages():
        yield
