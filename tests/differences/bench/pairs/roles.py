"""Mutants of what a stored tensor is there for, of axes that a mask is spread along, and of what is returned."""

from collections.abc import Callable
from math import inf
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.differences.bench.pairs.made import IMAGE, TOKENS, Function, functions, layers
from tests.differences.bench.rewrites import after

SQUARE = (8, 8, 8)


def parameter(*size: int) -> Callable[[], nn.Parameter]:
    return lambda: nn.Parameter(torch.rand(size))


# ---- statistics --------------------------------------------------------------------------------------------------


def standardised(mean: float) -> Function:
    return lambda s, x: F.batch_norm(s.a(x), torch.full((8,), mean), torch.ones(8))


functions("batch norm of constants", standardised(0.5), standardised(0.0), "running mean 0.5, .* instead of 0,")
functions(
    "instance norm of constants",
    lambda s, x: F.instance_norm(s.a(x), torch.ones(8), torch.ones(8), use_input_stats=False),
    lambda s, x: F.instance_norm(s.a(x), torch.zeros(8), torch.ones(8), use_input_stats=False),
    "running mean 1, .* instead of 0,",
)
layers(
    "instance norm by running statistics",
    lambda: nn.InstanceNorm2d(8, track_running_stats=True),
    lambda: nn.InstanceNorm2d(8),
    "running statistics where the reference takes each image's own",
)
functions(
    "statistics of one layer for two",
    lambda s, x: s.n(s.a(s.n(x))),
    lambda s, x: s.m(s.a(s.n(x))),
    "n: one block called twice where the reference has 2 with statistics of their own",
    n=lambda: nn.BatchNorm2d(8, affine=False),
    m=lambda: nn.BatchNorm2d(8, affine=False),
)
functions(
    "layer norm's weight over turned axes",
    lambda s, x: F.layer_norm(s.a(x).mT, [8, 8], s.w).mT,
    lambda s, x: F.layer_norm(s.a(x), [8, 8], s.w),
    "permutation of axes extra",
    SQUARE,
    w=parameter(8, 8),
)
functions(
    "PReLU's slopes along another axis",
    lambda s, x: F.prelu(s.a(x).transpose(1, 2), s.w).transpose(1, 2),
    lambda s, x: F.prelu(s.a(x), s.w),
    "PReLU: repeats",
    SQUARE,
    w=parameter(8),
)
functions(
    "a weight turned in another shape",
    lambda s, x: F.linear(x, s.w.view(2, 32).t().reshape(8, 8)),
    lambda s, x: F.linear(x, s.w.view(4, 16).t().reshape(8, 8)),
    "reshape to 2x32 and t.* instead of changed by reshape to 4x16",
    TOKENS,
    w=parameter(8, 8),
)

functions(
    "bits of a parameter read as other numbers",
    lambda s, x: s.a(x) * s.w.view(torch.int32),
    lambda s, x: s.a(x) * s.w,
    "w changed by view.* instead of as it is stored",
    w=parameter(16),
)

# ---- padding and pooling -----------------------------------------------------------------------------------------

functions(
    "windows that see nothing but padding",
    lambda s, x: F.max_pool2d(F.pad(s.a(x).relu(), (2, 2, 2, 2)), 2),
    lambda s, x: F.max_pool2d(F.pad(s.a(x).relu(), (2, 2, 2, 2), value=-inf), 2),
    "value 0 instead of -inf",
)
functions(
    "average over more than the map",
    lambda s, x: F.avg_pool2d(s.a(x), 3, 2, ceil_mode=True),
    lambda s, x: F.avg_pool2d(F.pad(s.a(x), (0, 1, 0, 1)), 3, 2),
    "count_include_pad",
)
functions(
    "average beyond its padding",
    lambda s, x: F.avg_pool2d(F.pad(s.a(x), (1, 1, 1, 1)), 2, 3),
    lambda s, x: F.avg_pool2d(F.pad(s.a(x), (1, 0, 1, 0)), 2, 3, ceil_mode=True),
    "pixels beyond the padding, not counted",
    (8, 6, 6),
)

# ---- activations of a tensor that is turned ----------------------------------------------------------------------


def gated(turn: Function) -> Function:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        y = s.a(x)
        return y * turn(y).sigmoid()  # type: ignore[no-any-return]

    return forward


functions("gate of the turned map", gated(lambda y: y.mT), gated(lambda y: y), "permutation of axes extra")
functions(
    "rectifier with slopes drawn",
    lambda s, x: F.rrelu(s.a(x), training=True),
    lambda s, x: F.rrelu(s.a(x)),
    "RReLU: training",
)
functions(
    "bits read as other numbers", lambda s, x: s.a(x).view(torch.int32).float(), lambda s, x: s.a(x), "cast extra"
)
functions(
    "conjugate turned",
    lambda s, x: torch.fft.fft(s.a(x)).mH.imag,
    lambda s, x: torch.fft.fft(s.a(x)).mT.imag,
    "mH instead of permutation",
)

# ---- a row or a column -----------------------------------------------------------------------------------------


def masked_by_hand(turn: Function) -> Function:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        y = s.a(x)
        return torch.softmax(y @ y.mT + turn(s.m(y)), -1) @ y

    return forward


def masked(turn: Function) -> Function:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        y = s.a(x)[:, None]
        return F.scaled_dot_product_attention(y, y, y, attn_mask=turn(s.m(y)))

    return forward


for name, function in (("by hand", masked_by_hand), ("of torch", masked)):
    functions(
        f"mask of rows for columns, attention {name}",
        function(lambda m: m.mT),
        function(lambda m: m),
        "attention: repeats",
        TOKENS,
        m=lambda: nn.Linear(8, 1),
    )
functions(
    "rows added for columns",
    lambda s, x: torch.baddbmm(x.mean(2)[:, :, None], s.a(x), x),
    lambda s, x: torch.baddbmm(x.mean(2)[:, None], s.a(x), x),
    "repeats",
    (8, 8),
)
functions(
    "sorted along the long axis",
    lambda s, x: s.a(x).mean(2, keepdim=True).sort(1)[0],
    lambda s, x: s.a(x).mean(1, keepdim=True).sort(1)[0],
    ".",
    (8, 8),
)
functions(
    "softmax over one element",
    lambda s, x: s.a(x).mean(1, keepdim=True).softmax(1),
    lambda s, x: s.a(x).mean(1, keepdim=True).softmax(2),
    "axes none instead of 0",
)
functions("a tiny number", lambda s, x: s.a(x) * 1e-13, lambda s, x: s.a(x) * 2e-13, "1e-13 instead of 2e-13")

# ---- what is returned ------------------------------------------------------------------------------------------

functions(
    "keys exchanged",
    lambda s, x: {"p": s.a(x), "q": x},
    lambda s, x: {"p": x, "q": s.a(x)},
    "output in another order",
    IMAGE,
)
functions(
    "another constant returned",
    lambda s, x: (s.a(x), torch.ones(2)),
    lambda s, x: (s.a(x), torch.zeros(2)),
    "output: result 2 1, 1 instead of 0, 0",
)
functions(
    "another parameter returned", lambda s, x: (s.a(x), s.a.bias), lambda s, x: (s.a(x), s.w), ".", w=parameter(8)
)
functions(
    "a row and a column, each turned",
    lambda s, x: s.a(x)[:, :, :1] + x[:, :, :, :1],
    lambda s, x: s.a(x)[:, :, :1].mT + x[:, :, :, :1].mT,
    ".",
    SQUARE,
)
functions(
    "a row for the column of a parameter",
    lambda s, x: s.a(x)[:, :, :1] + s.w[:, None],
    lambda s, x: s.a(x)[:, :, :1].mT + s.w,
    ".",
    SQUARE,
    w=parameter(8),
)
functions(
    "a line under a square window, turned",
    lambda s, x: F.conv2d(x[:, :, :1], s.a.weight, padding=1),
    lambda s, x: F.conv2d(x[:, :, :1].mT, s.a.weight, padding=1),
    ".",
    SQUARE,
)


# ---- results and operands that one side alone has ---------------------------------------------------------------

functions("a result left out", after(lambda y: y.tanh()), after(lambda y: (y.tanh(), y)), "returns no convolution")
functions(
    "a result besides", after(lambda y: (y, y.tanh())), after(lambda y: y.tanh()), "returns convolution a besides"
)
functions(
    "weights of a bag",
    lambda s, x: s.e(x[0].abs().long(), per_sample_weights=x[0]),
    lambda s, x: s.e(x[0].abs().long()),
    "embedding bag takes input input besides",
    TOKENS,
    e=lambda: nn.EmbeddingBag(99, 4, mode="sum"),
)
functions(
    "average of the whole by another divisor",
    lambda s, x: F.avg_pool2d(s.a(x), 8, divisor_override=4),
    lambda s, x: F.avg_pool2d(s.a(x), 8),
    "average pooling",
    SQUARE,
)
