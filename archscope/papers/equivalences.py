"""Functions that the papers call equal, run: in float64, on random weights that keep the signal alive.

Each proof computes one function in two ways and compares; beside it, ways that are wrong on purpose, and that the
comparison must notice.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from archscope.model.claims import Equivalence
from archscope.model.segments import equal_partition
from archscope.networks import find
from archscope.networks.layers import Concat, series
from archscope.networks.segmented import SegmentedConv
from archscope.registry import Registry

Weights = dict[str, torch.Tensor]
Outputs = tuple[torch.Tensor, torch.Tensor, Mapping[str, torch.Tensor]]
"""What the function gives, what it gives written in the other way, and what its wrong twins give."""

_proofs: Registry[Callable[[torch.Generator], Outputs]] = Registry("equivalence")


def equivalence(function: Callable[[torch.Generator], Outputs]) -> Callable[[torch.Generator], Outputs]:
    """Decorator: register a proof under its function's name; its docstring is what it proves."""
    return _proofs.register(function.__name__)(function)


def prove_all() -> tuple[Equivalence, ...]:
    """Every proof, run."""
    return tuple(prove(name) for name in _proofs)


def prove(name: str) -> Equivalence:
    with torch.no_grad():
        reference, other, twins = _proofs[name](torch.Generator().manual_seed(0))
        differences = {what: relative_difference(reference, output) for what, output in twins.items()}
        statement = " ".join((_proofs[name].__doc__ or "").split())
        return Equivalence(name, statement, relative_difference(reference, other), differences)


def relative_difference(reference: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference, relative to the largest value."""
    return float((reference - other).abs().max() / reference.abs().max())


def random(generator: torch.Generator, *sizes: int) -> torch.Tensor:
    return torch.randn(sizes, generator=generator, dtype=torch.float64)


def randomised(module: nn.Module, generator: torch.Generator) -> nn.Module:
    """In evaluation and float64, with He-scaled kernels and random statistics."""
    module = module.double().eval()
    for name, tensor in module.state_dict().items():
        if tensor.dim() > 1:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        elif name.endswith(("running_var", "bn.weight")):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.dim() == 1:
            tensor.normal_(0, 0.1, generator=generator)
    return module


# ---- Inception, and the spectrum from regular to depthwise convolutions -----------------------------------------


def segmented(pointwise: torch.Tensor, kernels: Sequence[torch.Tensor]) -> nn.Module:
    """The segmented convolution with these weights: a kernel a segment."""
    module = SegmentedConv(pointwise.shape[1], pointwise.shape[0], [len(kernel) for kernel in kernels]).double()
    remaining = iter(kernels)
    for conv in module.modules():
        if isinstance(conv, nn.Conv2d):
            given = [next(remaining) for _ in range(conv.groups)] if conv.kernel_size == (3, 3) else [pointwise]
            conv.weight.copy_(torch.cat(given))
    return module


def apart(x: torch.Tensor, kernels: Sequence[torch.Tensor]) -> torch.Tensor:
    """Each kernel on its own channels, one after the other."""
    parts = torch.split(x, [len(kernel) for kernel in kernels], 1)
    return torch.cat([F.conv2d(part, kernel, padding=1) for part, kernel in zip(parts, kernels, strict=True)], 1)


@equivalence
def inception_as_segments(generator: torch.Generator) -> Outputs:
    """A simplified Inception module is one large 1x1 convolution, and 3x3 convolutions over 3 segments of its channels
    (Xception paper, Figures 2 and 3)."""
    conv = partial(nn.Conv2d, padding="same", bias=False)
    branches = {f"branch{i}": series(conv(16, 6, 1), conv(6, 6, 3)) for i in range(1, 4)}
    module, x = randomised(Concat(**branches), generator), random(generator, 2, 16, 9, 9)
    weights = [branch.state_dict() for branch in branches.values()]
    pointwise = torch.cat([weight["conv1.weight"] for weight in weights])
    kernels = [weight["conv2.weight"] for weight in weights]
    twins = {"each 3x3 convolution reads the next segment": segmented(pointwise.roll(6, 0), kernels)(x)}
    return module(x), segmented(pointwise, kernels)(x), twins


@equivalence
def one_segment_as_convolution(generator: torch.Generator) -> Outputs:
    """A segmented convolution of 1 segment is a regular 3x3 convolution after the 1x1 (Xception paper, section 1.2)."""
    x, pointwise, kernel = (random(generator, *sizes) for sizes in ((2, 16, 9, 9), (18, 16, 1, 1), (18, 18, 3, 3)))
    halves = segmented(pointwise, [kernel[:9, :9], kernel[9:, 9:]])
    regular = F.conv2d(F.conv2d(x, pointwise), kernel, padding=1)
    return regular, segmented(pointwise, [kernel])(x), {"2 segments": halves(x)}


@equivalence
def uneven_segments(generator: torch.Generator) -> Outputs:
    """5 segments of 18 channels, 4+4+4+3+3, are two grouped convolutions: each segment is filtered alone."""
    x, pointwise = random(generator, 2, 16, 9, 9), random(generator, 18, 16, 1, 1)
    kernels = [random(generator, size, size, 3, 3) for size in equal_partition(18, 5)]
    twins = {"segments one channel further": segmented(pointwise.roll(1, 0), kernels)(x)}
    return apart(F.conv2d(x, pointwise), kernels), segmented(pointwise, kernels)(x), twins


@equivalence
def channel_segments_as_depthwise(generator: torch.Generator) -> Outputs:
    """A segmented convolution with a segment per channel is depthwise after the 1x1 (Xception paper, Figure 4)."""
    x, pointwise = random(generator, 2, 16, 9, 9), random(generator, 18, 16, 1, 1)
    kernels = [random(generator, 1, 1, 3, 3) for _ in range(18)]
    twins = {"two channels exchange their kernels": segmented(pointwise, [*kernels[1::-1], *kernels[2:]])(x)}
    return apart(F.conv2d(x, pointwise), kernels), segmented(pointwise, kernels)(x), twins


# ---- grouped and depthwise convolutions -----------------------------------------------------------------------


@equivalence
def grouped_as_depthwise(generator: torch.Generator) -> Outputs:
    """A grouped convolution with as many groups as channels is depthwise: each channel is filtered alone."""
    kernels, x = random(generator, 8, 1, 3, 3), random(generator, 2, 8, 9, 9)

    def alone(kernels: torch.Tensor) -> torch.Tensor:
        filtered = [F.conv2d(x[:, i : i + 1], kernels[i : i + 1], padding=1) for i in range(8)]
        return torch.cat(filtered, 1)

    grouped = F.conv2d(x, kernels, padding=1, groups=8)
    swapped = kernels[[1, 0, *range(2, 8)]]
    return grouped, alone(kernels), {"two channels exchange their kernels": alone(swapped)}


# ---- factorised convolutions ----------------------------------------------------------------------------------


@equivalence
def factorised_7x7(generator: torch.Generator) -> Outputs:
    """A 7x7 convolution is a 1x7 and then a 7x1 one where its kernel has rank 1 and no activation is between them;
    nowhere else (Inception-v3 paper, section 3.2)."""
    row, column = random(generator, 1, 1, 1, 7), random(generator, 1, 1, 7, 1)
    x, full_rank = random(generator, 2, 1, 17, 17), random(generator, 1, 1, 7, 7)

    def factorised(row: torch.Tensor, column: torch.Tensor, between: Callable[[Any], Any] = lambda x: x) -> Any:
        return F.conv2d(between(F.conv2d(x, row, padding=(0, 3))), column, padding=(3, 0))

    square = F.conv2d(x, column * row, padding=3)
    off = F.conv2d(x, full_rank, padding=3) - factorised(*nearest_of_rank_1(full_rank))
    return (
        square,
        factorised(row, column),
        {
            "a ReLU between the two": factorised(row, column, F.relu),
            "a kernel of full rank, factorised as well as can be": square + off,
        },
    )


def nearest_of_rank_1(kernel: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The row and column whose product is nearest to a square kernel."""
    left, values, right = torch.linalg.svd(kernel[0, 0])
    row, column = right[0] * values[0], left[:, 0]
    return row.reshape(1, 1, 1, -1), column.reshape(1, 1, -1, 1)


# ---- ResNeXt --------------------------------------------------------------------------------------------------

CARDINALITY, WIDTH = 4, 3
"""Of a ResNeXt-29 small enough to run in a moment."""


def resnext(form: str) -> nn.Module:
    return find("resnext29_8x64d").build(cardinality=CARDINALITY, width=WIDTH, form=form).double().eval()


def paths(prefix: str, combinator: str, layer: str, tensor: torch.Tensor) -> Weights:
    """A convolution's filters, or its normalisation's channels, dealt to the paths in order."""
    shares = tensor.chunk(CARDINALITY)
    return {f"{prefix}{combinator}.path{i}.{layer}": share for i, share in enumerate(shares, 1)}


def mapped(weights: Weights, form: str) -> Weights:
    """The weights of ResNeXt's form c where forms a and b keep them."""
    combinator = {"a": "sum1", "b": "concat1"}[form]
    found: Weights = {}
    for name, tensor in weights.items():
        prefix, body, layer = name.partition(".body.")
        if not body or tensor.dim() == 0:
            found[name] = tensor
        elif layer.startswith(("conv1.", "conv2.")):
            found |= paths(f"{prefix}{body}", combinator, layer, tensor)
        elif form == "b":
            found[name] = tensor
        elif layer == "conv3.conv.weight":  # each path embeds its own channels
            columns = torch.cat(tensor.chunk(CARDINALITY, dim=1))
            found |= paths(f"{prefix}{body}", combinator, "conv3.weight", columns)
        else:  # one normalisation, after the sum
            found[f"{prefix}{body}{layer.removeprefix('conv3.')}"] = tensor
    return {name: tensor for name, tensor in found.items() if tensor.dim() > 0}


def exchanged(weights: Weights) -> Weights:
    """In one block, two paths exchange their first convolutions: the same numbers in the wrong place."""
    first, second = (
        next(name for name in weights if "stage2.block2" in name and name.endswith(f"{path}.conv1.conv.weight"))
        for path in ("path1", "path2")
    )
    return weights | {first: weights[second], second: weights[first]}


def loaded(form: str, weights: Weights) -> nn.Module:
    """This form with these weights. Raises ValueError where they are not exactly its own."""
    network = resnext(form)
    wanted = {name for name, tensor in network.state_dict().items() if tensor.dim() > 0}
    if wanted != weights.keys():
        raise ValueError(f"form {form} stores other weights: {sorted(wanted ^ weights.keys())[:3]}")
    network.load_state_dict(weights, strict=False)  # less the counters of batches
    return network


def resnext_form(form: str, generator: torch.Generator) -> Outputs:
    reference = randomised(resnext("c"), generator)
    weights = mapped(reference.state_dict(), form)
    x = random(generator, 2, 3, 16, 16)
    twins = {"two paths of one block exchange their 1x1 convolutions": loaded(form, exchanged(weights))(x)}
    return reference(x), loaded(form, weights)(x), twins


@equivalence
def resnext_a(generator: torch.Generator) -> Outputs:
    """A ResNeXt that sums paths (form a) is the one with a grouped convolution (form c; ResNeXt paper, Figure 3)."""
    return resnext_form("a", generator)


@equivalence
def resnext_b(generator: torch.Generator) -> Outputs:
    """A ResNeXt that concatenates paths (form b) is the one with a grouped convolution (form c; ResNeXt paper,
    Figure 3)."""
    return resnext_form("b", generator)
