"""Functional equality, run: one network's weights in both, the same images, the outputs compared in float64.

The weights are random and keep the signal alive: He's deviation for each convolution and linear layer, statistics of
each normalisation near those that its input has. With torch's own initialisation the signal dies in a deep network,
and what is wrong goes unnoticed.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from archscope.differences import Diff, Proof
from archscope.differences.steps import WEIGHTED, Step
from archscope.differences.words import noun
from archscope.model.graph import Graph
from archscope.model.stored import axes_by_name
from archscope.papers.equivalences import relative_difference
from archscope.tracing import run, values_of
from archscope.tracing.keras import is_keras
from archscope.tracing.records import tensors_in
from archscope.tracing.results import named_tensors

IMAGES = 2
TOLD_APART = 1e-6
"""Outputs for two images that differ by less, of the largest value, prove nothing."""

Stored = dict[str, torch.Tensor]


def prove(diff: Diff, a: nn.Module, b: nn.Module) -> Proof:
    """Fill `a` with random weights, copy them to `b`, compare what both say to the same images. Both modules are left
    as they are: copies run."""
    pairs = list(_pairs(diff))
    if reason := _impossible(diff, pairs):
        return Proof(reason=reason, uncopied=True)
    try:
        return _run(diff, _runnable(a), _runnable(b), pairs)
    except Exception as error:  # code of the user's, which may do anything
        return Proof(reason=f"a real pass fails: {str(error).strip().partition(chr(10))[0] or type(error).__name__}")


def _run(diff: Diff, a: nn.Module, b: nn.Module, pairs: Sequence[tuple[str, str]]) -> Proof:
    """Fill the one, copy, compare."""
    of_a, of_b = _stored(a, diff.a.graph), _stored(b, diff.b.graph)
    generator = torch.Generator().manual_seed(0)
    images = _images(diff.a.graph, generator)
    filled, side, stored = (b, 1, of_b) if is_keras(a) else (a, 0, of_a)  # of Keras no statistics can be set on the way
    with torch.no_grad():
        for steps in diff.pairs:
            _fill(steps[side], stored, generator)
        with NearStatistics(generator):
            made = run(filled, images)
        if is_keras(filled):  # only others have what was made on the way by the statistics that they keep
            made = run(filled, images)
        for mine, theirs in pairs:
            source, copied = (of_b[theirs], of_a[mine]) if side else (of_a[mine], of_b[theirs])
            copied.copy_(source.reshape(copied.shape))
        other = run(a if side else b, images)
        ours, reference = (other, made) if side else (made, other)
        found = _compared(*_in_one_order(ours, reference), len(pairs))
    if found.relative_error is None or found.holds:
        return found
    return replace(found, first=_first_apart(diff, a, b, images))


def _in_one_order(mine: Any, reference: Any) -> tuple[Sequence[torch.Tensor], Sequence[torch.Tensor]]:
    """The tensors of two results: by their names, where both have the same."""
    named = dict(named_tensors(mine)), dict(named_tensors(reference))
    if "" in named[0] or named[0].keys() != named[1].keys():
        return tensors_in(mine), tensors_in(reference)
    return [named[0][name] for name in named[1]], list(named[1].values())


def _first_apart(diff: Diff, a: nn.Module, b: nn.Module, images: Sequence[torch.Tensor]) -> str:
    """The first layer of `a` whose output is not that of its partner, by its name."""
    mine, theirs = (values_of(module, tuple(images)) for module in (a, b))
    for one, other in diff.pairs:
        if one.layer is None or other.layer is None:
            continue
        if one.seen is not None:
            if one.key != other.key:
                return one.layer.name
            continue
        value, reference = mine.get(one.layer.name), theirs.get(other.layer.name)
        if value is None or reference is None or value.squeeze().shape != reference.squeeze().shape:
            continue  # channels that lie elsewhere, for one
        if (
            value.dtype.is_floating_point
            and relative_difference(reference, value.reshape(reference.shape)) > TOLD_APART
        ):
            return one.layer.name
    return ""


def _pairs(diff: Diff) -> Iterator[tuple[str, str]]:
    """Names of the tensors that stand for each other."""
    for a, b in diff.pairs:
        if a.layer and b.layer:
            yield from zip(a.parameters, b.parameters, strict=False)
            yield from zip(a.statistics, b.statistics, strict=False)


def _impossible(diff: Diff, pairs: Sequence[tuple[str, str]]) -> str:
    """Why not every tensor of one network is one of the other; nothing where each is."""
    for a, b in diff.pairs:
        mine, theirs = _shapes(diff.a.graph, a), _shapes(diff.b.graph, b)
        if mine != theirs:
            return f"the {noun(b)} {a.name} stores {_said(mine)}, {b.name} of the reference {_said(theirs)}"
    for side, report, names in (
        ("", diff.a, {mine for mine, _ in pairs}),
        (" of the reference", diff.b, {theirs for _, theirs in pairs}),
    ):
        used = (name for layer in report.graph.layers for name in layer.parameters)
        if lone := next((name for name in used if name not in names), ""):
            return f"{lone}{side} has no partner"
    owners: dict[str, str] = {}
    for name, other in pairs:
        if owners.setdefault(other, name) != name:
            return f"the reference shares {other}, which would have to be {owners[other]} and {name}"
    return ""


def _shapes(graph: Graph, step: Step) -> list[tuple[int, ...]]:
    """Of what a layer stores, without axes of one element; a linear layer's matrix and a kernel over the whole map are
    one."""
    layer = step.layer
    if layer is None:
        return []
    stored = {**graph.parameters, **graph.buffers}
    other = axes_by_name(layer.operands)
    names = (*step.parameters, *step.statistics)
    shapes = [other[name].seen if name in other else stored[name].shape for name in names]
    if step.kind == "linear":
        shapes = [(shape[0], prod(shape[1:])) for shape in shapes]
    return [tuple(size for size in shape if size != 1) for shape in shapes]


def _said(shapes: Sequence[Sequence[int]]) -> str:
    return " and ".join("x".join(map(str, shape)) or "1" for shape in shapes) or "nothing"


def _runnable(module: nn.Module) -> nn.Module:
    """A copy in evaluation and float64, with memory of its own."""
    if is_keras(module):
        from archscope.tracing.keras.float64 import in_float64

        return in_float64(module)
    if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module
    stored = [*module.parameters(), *module.buffers()]
    if any(tensor.is_meta for tensor in stored):
        module = copy.deepcopy(module).to_empty(device="cpu")
    else:
        module = copy.deepcopy(module).cpu()
    return module.double().eval()


def _stored(module: nn.Module, graph: Graph) -> Stored:
    """By name, with torch's axes whatever those are that it is stored with."""
    found = {**dict(nn.Module.named_parameters(module)), **dict(module.named_buffers())}
    other = axes_by_name([operand for layer in graph.layers for operand in layer.operands])
    seen = {name: found[name].detach().view(axes.shape).permute(axes.axes) for name, axes in other.items()}
    return found | seen


def _images(graph: Graph, generator: torch.Generator) -> list[torch.Tensor]:
    """For each input large shapes and noise: of noise alone the last average pooling leaves the same for any image."""
    images = []
    for tensor in graph.inputs.values():
        if not tensor.dtype.startswith(("float", "bfloat")):
            images.append(torch.randint(0, 2, (IMAGES, *tensor.shape), generator=generator))
            continue
        noise = torch.randn((IMAGES, *tensor.shape), generator=generator, dtype=torch.float64)
        if len(tensor.shape) == 3:
            shapes = torch.randn((IMAGES, tensor.shape[0], 4, 4), generator=generator, dtype=torch.float64)
            noise = noise / 2 + F.interpolate(shapes, tensor.shape[1:], mode="bilinear")
        images.append(noise)
    return images


def _fill(step: Step, stored: Stored, generator: torch.Generator) -> None:
    """Random values that keep what flows near 1: He's deviation, without his gain where no activation follows."""
    for place, name in enumerate(step.parameters if step.layer else ()):
        tensor = stored[name]
        if step.kind in WEIGHTED and tensor.dim() > 1:
            gain = 1 if step.is_depthwise else 2
            tensor.normal_(0, (gain / tensor[0].numel()) ** 0.5, generator=generator)
        elif tensor.dim() > 1 or (step.kind == "batch norm" and place == 0 and step.facts["scale"]):
            tensor.uniform_(0.5, 1.5, generator=generator)
        else:
            tensor.normal_(0, 0.1, generator=generator)


class NearStatistics(TorchFunctionMode):
    """Sets the statistics of each batch normalisation near those of its input, and not to them, before it runs."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_function__(self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function is F.batch_norm:
            names = ("input", "running_mean", "running_var")
            given = dict(zip(names, args, strict=False)) | kwargs
            if isinstance(given.get("running_mean"), torch.Tensor):
                self._set(*(given[name] for name in names))
        return function(*args, **kwargs)

    def _set(self, values: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> None:
        axes = [axis for axis in range(values.dim()) if axis != 1]
        variance.copy_(values.var(axes) + 1e-3)
        mean.copy_(values.mean(axes))
        mean += variance.sqrt() * torch.empty_like(mean).normal_(0, 0.1, generator=self.generator)
        variance *= torch.empty_like(variance).uniform_(0.8, 1.25, generator=self.generator)


def _compared(mine: Sequence[torch.Tensor], theirs: Sequence[torch.Tensor], copied: int) -> Proof:
    if len(mine) != len(theirs) or any(a.numel() != b.numel() for a, b in zip(mine, theirs, strict=True)):
        return Proof(copied, reason="the outputs are not of the same size")
    error = max(relative_difference(b, a.reshape(b.shape)) for a, b in zip(mine, theirs, strict=True))
    first = theirs[0]
    if not torch.isfinite(first).all() or relative_difference(first[0], first[1]) < TOLD_APART:
        return Proof(copied, reason="random weights give all images the same output, which proves nothing")
    return Proof(copied, error)
