"""Mutants of the order of elements, of weights before they are used, of reductions."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.differences.bench.pairs.made import TOKENS, Function, functions

# ---- order and choice of elements ------------------------------------------------------------------------------


def gated(first: int) -> Function:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        halves = s.a(x).chunk(2, 1)
        return halves[first] * halves[1 - first].sigmoid()  # type: ignore[no-any-return]

    return forward


functions("flip: axis", lambda s, x: s.a(x).flip(3), lambda s, x: s.a(x).flip(2), ".")
functions("flip: both axes", lambda s, x: s.a(x).flip(2, 3), lambda s, x: s.a(x).flip(2), ".")
functions("flip of channels", lambda s, x: s.a(x.flip(1)), lambda s, x: s.a(x), "extra")
functions(
    "roll: shift", lambda s, x: s.a(x).roll(1, 2), lambda s, x: s.a(x).roll(2, 2), "by 1 along axis 1 instead of 2"
)
functions(
    "roll: axis",
    lambda s, x: s.a(x).roll(1, 3),
    lambda s, x: s.a(x).roll(1, 2),
    "by 1 along axis 2 instead of 1 along axis 1",
)
functions("rot90", lambda s, x: s.a(x).rot90(1, (2, 3)), lambda s, x: s.a(x).rot90(3, (2, 3)), "k 1 instead of 3")
functions(
    "channels by a list",
    lambda s, x: s.a(x[:, [1, 0, 2, 3, 4, 5, 6, 7]]),
    lambda s, x: s.a(x[:, [0, 2, 1, 3, 4, 5, 6, 7]]),
    "index",
)
functions("a slice's start", lambda s, x: s.a(x)[:, 1:5], lambda s, x: s.a(x)[:, 0:4], ".")
functions("a slice's step", lambda s, x: s.a(x)[..., ::2], lambda s, x: s.a(x)[..., 1::2], ".")
functions("half of a chunk", lambda s, x: s.a(x).chunk(2, 1)[1].tanh(), lambda s, x: s.a(x).chunk(2, 1)[0].tanh(), ".")
functions(
    "third of a split",
    lambda s, x: s.a(x).split([2, 2, 4], 1)[0].tanh(),
    lambda s, x: s.a(x).split([2, 2, 4], 1)[1].tanh(),
    ".",
)
functions(
    "halves swapped",
    gated(0),
    gated(1),
    ".",
)
functions("which of unbind", lambda s, x: s.a(x).unbind(1)[0], lambda s, x: s.a(x).unbind(1)[3], ".")
functions("transposed map", lambda s, x: s.a(x).transpose(2, 3), lambda s, x: s.a(x), "permutation of axes extra")
functions("shuffle's groups", lambda s, x: F.channel_shuffle(s.a(x), 2), lambda s, x: F.channel_shuffle(s.a(x), 4), ".")
functions(
    "order of a pixel shuffle",
    lambda s, x: s.a(x).view(-1, 2, 2, 2, 16, 16).permute(0, 1, 4, 3, 5, 2).reshape(-1, 2, 32, 32),
    lambda s, x: F.pixel_shuffle(s.a(x), 2),
    ".",
)
functions(
    "a view without a transposition",
    lambda s, x: s.f(s.a(x).flatten(2).view(-1, 256, 8)),
    lambda s, x: s.f(s.a(x).flatten(2).transpose(1, 2)),
    ".",
    f=lambda: nn.Linear(8, 4),
)
functions(
    "repeat or interleave",
    lambda s, x: s.a(x).repeat(1, 2, 1, 1),
    lambda s, x: s.a(x).repeat_interleave(2, 1),
    "repeat",
)
functions(
    "gather's axis",
    lambda s, x: s.a(x).gather(2, torch.zeros(1, 8, 1, 16, dtype=torch.long)),
    lambda s, x: s.a(x).gather(2, torch.ones(1, 8, 1, 16, dtype=torch.long)),
    "gather",
)
functions(
    "order of a stack",
    lambda s, x: torch.stack([x, s.a(x)], 2).flatten(1, 2),
    lambda s, x: torch.stack([s.a(x), x], 2).flatten(1, 2),
    "order|concat",
)
functions("sorted", lambda s, x: s.a(x).sort(1, descending=True)[0], lambda s, x: s.a(x).sort(1)[0], "descending")
functions(
    "topk", lambda s, x: s.a(x).topk(3, 1)[0].sum(1), lambda s, x: s.a(x).topk(4, 1)[0].sum(1), "topk.*3 instead of 4"
)
functions(
    "topk, smallest", lambda s, x: s.a(x).topk(3, 1, largest=False)[0], lambda s, x: s.a(x).topk(3, 1)[0], "largest"
)
functions("cumsum's axis", lambda s, x: s.a(x).cumsum(3), lambda s, x: s.a(x).cumsum(2), "axes 2 instead of 1")

# ---- weights that are changed before use -----------------------------------------------------------------------


def convolved(change: Callable[[torch.Tensor], torch.Tensor]) -> Function:
    return lambda s, x: F.conv2d(x, change(s.a.weight), s.a.bias, padding=1)


functions("weight scaled", convolved(lambda w: w * 2), convolved(lambda w: w * 3), "scaled by 2 instead of 3")
functions("weight flipped", convolved(lambda w: w.flip(2, 3)), convolved(lambda w: w), ".")
functions("weight transposed", convolved(lambda w: w.transpose(2, 3)), convolved(lambda w: w), ".")
functions(
    "weight's mean taken off", convolved(lambda w: w - w.mean((1, 2, 3), keepdim=True)), convolved(lambda w: w), "."
)
functions(
    "weight normed along other axes",
    convolved(lambda w: w / w.norm(dim=0, keepdim=True)),
    convolved(lambda w: w / w.norm(dim=1, keepdim=True)),
    "dim|axes",
)
functions(
    "weight's absolute value",
    convolved(lambda w: w.abs()),
    convolved(lambda w: w.sign()),
    "abs instead of sign|abs|sign",
)
functions(
    "weight rounded", convolved(lambda w: w.round(decimals=2)), convolved(lambda w: w.round(decimals=1)), "decimals"
)
functions(
    "weight standardised with another eps",
    convolved(lambda w: (w - w.mean((1, 2, 3), keepdim=True)) / (w.std((1, 2, 3), keepdim=True) + 1e-5)),
    convolved(lambda w: (w - w.mean((1, 2, 3), keepdim=True)) / (w.std((1, 2, 3), keepdim=True) + 1e-3)),
    "1e-05 instead of 0.001",
)
functions(
    "standard deviation biased",
    convolved(lambda w: w / w.std((1, 2, 3), keepdim=True, unbiased=False)),
    convolved(lambda w: w / w.std((1, 2, 3), keepdim=True)),
    "unbiased|correction",
)
functions(
    "linear weight transposed",
    lambda s, x: F.linear(x, s.a.weight.t()),
    lambda s, x: F.linear(x, s.a.weight),
    ".",
    TOKENS,
)
functions(
    "tied to the transposed",
    lambda s, x: F.linear(s.a(x), s.a.weight.t()),
    lambda s, x: F.linear(s.a(x), s.a.weight),
    ".",
    TOKENS,
)
functions(
    "scale of a layer",
    lambda s, x: x + s.g.exp() * s.a(x),
    lambda s, x: x + s.g * s.a(x),
    "exp extra",
    g=lambda: nn.Parameter(torch.ones(8, 1, 1)),
)
functions(
    "gate of a parameter",
    lambda s, x: s.a(x) * torch.tanh(s.g),
    lambda s, x: s.a(x) * torch.sigmoid(s.g),
    "tanh instead of sigmoid",
    g=lambda: nn.Parameter(torch.ones(8, 1, 1)),
)

# ---- reductions -------------------------------------------------------------------------------------------------

functions("reduction's axis", lambda s, x: s.a(x).mean(2), lambda s, x: s.a(x).mean(3), "axes|mean")
functions("sum for mean", lambda s, x: s.a(x).sum((2, 3)), lambda s, x: s.a(x).mean((2, 3)), "sum instead of")
functions("max for mean", lambda s, x: s.a(x).amax((2, 3)), lambda s, x: s.a(x).mean((2, 3)), "max")
functions(
    "keepdim that broadcasts otherwise",
    lambda s, x: s.a(x) - s.a(x).mean(2, keepdim=True),
    lambda s, x: s.a(x) - s.a(x).mean(3, keepdim=True),
    "mean|axes",
)
functions(
    "variance's correction",
    lambda s, x: s.a(x).var((2, 3), correction=0),
    lambda s, x: s.a(x).var((2, 3), correction=1),
    "correction",
)
functions(
    "median for mean",
    lambda s, x: s.a(x).flatten(2).median(2)[0],
    lambda s, x: s.a(x).flatten(2).mean(2),
    "median instead of|median",
)
functions(
    "logsumexp's axis", lambda s, x: s.a(x).logsumexp(2), lambda s, x: s.a(x).logsumexp(3), "dim 2 instead of 3|axes"
)
functions(
    "norm's order", lambda s, x: s.a(x).norm(p=1, dim=1), lambda s, x: s.a(x).norm(p=2, dim=1), "p 1 instead of 2"
)
functions("exponent", lambda s, x: s.a(x).pow(2), lambda s, x: s.a(x).pow(3), "exponent 2 instead of 3")
functions(
    "eps in a root",
    lambda s, x: torch.sqrt(s.a(x) ** 2 + 1e-3),
    lambda s, x: torch.sqrt(s.a(x) ** 2 + 1e-6),
    "0.001 instead of 1e-06",
)
functions("difference turned", lambda s, x: x - s.a(x), lambda s, x: s.a(x) - x, "order|sub")
functions("quotient turned", lambda s, x: s.a(x) / (x.abs() + 1), lambda s, x: (x.abs() + 1) / s.a(x), "order|div")
functions("a number minus", lambda s, x: 1 - s.a(x), lambda s, x: 2 - s.a(x), "1 instead of 2")
functions(
    "floor division",
    lambda s, x: torch.div(s.a(x), 2, rounding_mode="floor"),
    lambda s, x: torch.div(s.a(x), 2, rounding_mode="trunc"),
    "rounding",
)
functions(
    "weighted sum",
    lambda s, x: torch.add(x, s.a(x), alpha=2),
    lambda s, x: torch.add(x, s.a(x), alpha=3),
    "scaled by 2 instead of 3",
)
functions(
    "lerp",
    lambda s, x: torch.lerp(x, s.a(x), 0.3),
    lambda s, x: torch.lerp(x, s.a(x), 0.5),
    "weight 0.3 instead of 0.5",
)

# ---- patches, and one of several results --------------------------------------------------------------------------

functions(
    "dilation of patches",
    lambda s, x: F.unfold(s.a(x), 3, padding=2, dilation=2),
    lambda s, x: F.unfold(s.a(x), 3, padding=1),
    "dilation 2 instead of 1",
)
functions(
    "windows that slide for patches",
    lambda s, x: s.a(x).unfold(2, 3, 1),
    lambda s, x: F.unfold(s.a(x), 3),
    "sliding windows instead of unfold",
)
functions(
    "values for places", lambda s, x: s.a(x).max(1)[0], lambda s, x: s.a(x).max(1)[1], "maximum: output 1 instead of 2"
)
functions(
    "deviation for mean",
    lambda s, x: torch.std_mean(s.a(x), 1)[1],
    lambda s, x: torch.std_mean(s.a(x), 1)[0],
    "mean instead of standard deviation",
)
