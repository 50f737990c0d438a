"""Mutants of constants, padding, activations, masks and types."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.differences.bench.bases import Of, conv
from tests.differences.bench.pairs.made import SERIES, VOLUME, Function, functions, layers, nets

# ---- constants and buffers ------------------------------------------------------------------------------------


def with_buffer(function: Function, values: Any) -> Callable[[], nn.Module]:
    return lambda: Of(function, a=conv(8, 8), table=torch.tensor(values, dtype=torch.float32))


def buffers(name: str, function: Function, mine: Any, reference: Any, says: str = "table") -> None:
    nets(name, with_buffer(function, mine), with_buffer(function, reference), says)


def masked(s: Any, x: torch.Tensor) -> torch.Tensor:
    return s.a(x).masked_fill(s.table.bool().view(1, 8, 1, 1), 0.0)  # type: ignore[no-any-return]


buffers("buffer: mean", lambda s, x: s.a(x - s.table.view(1, 8, 1, 1)), [0.5] * 8, [0.4] * 8)
buffers("buffer: one value", lambda s, x: s.a(x) * s.table[0], [2.0, 1.0], [3.0, 1.0])
buffers(
    "buffer: blur kernel",
    lambda s, x: F.conv2d(s.a(x), s.table.view(1, 1, 3, 3).expand(8, 1, 3, 3), groups=8),
    [1.0, 2, 1, 2, 4, 2, 1, 2, 1],
    [0.0, 1, 0, 1, 4, 1, 0, 1, 0],
)
buffers("buffer: mask", masked, [1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0])
buffers("buffer: order of channels", lambda s, x: s.a(x)[:, s.table.long()], [1, 0, 2, 3], [0, 1, 2, 3])
buffers("buffer: index_select", lambda s, x: s.a(x).index_select(1, s.table.long()), [3, 1], [1, 3])
functions(
    "constant in the code",
    lambda s, x: s.a(x) * torch.tensor([1.0, 2.0] * 4).view(8, 1, 1),
    lambda s, x: s.a(x) * torch.tensor([2.0, 1.0] * 4).view(8, 1, 1),
    "multiplication",
)
functions(
    "arange in the code",
    lambda s, x: s.a(x) + torch.arange(1, 17.0),
    lambda s, x: s.a(x) + torch.arange(16.0),
    "addition|shift",
)
functions(
    "linspace in the code",
    lambda s, x: s.a(x) + torch.linspace(-1, 1, 16),
    lambda s, x: s.a(x) + torch.linspace(0, 1, 16),
    "addition|shift",
)
functions(
    "triangle",
    lambda s, x: s.a(x) * torch.tril(torch.ones(16, 16)),
    lambda s, x: s.a(x) * torch.triu(torch.ones(16, 16)),
    "multiplication",
)
functions("diagonal of a triangle", lambda s, x: s.a(x).tril(1), lambda s, x: s.a(x).tril(), "diagonal")

# ---- padding ---------------------------------------------------------------------------------------------------

functions(
    "pad value",
    lambda s, x: s.a(F.pad(x, (1, 1, 1, 1), value=-1.0)),
    lambda s, x: s.a(F.pad(x, (1, 1, 1, 1), value=1.0)),
    "value",
)
functions(
    "pad mode",
    lambda s, x: s.a(F.pad(x, (1, 1, 1, 1), "replicate")),
    lambda s, x: s.a(F.pad(x, (1, 1, 1, 1), "reflect")),
    "replicate",
)
functions(
    "pad circular",
    lambda s, x: s.a(F.pad(x, (1, 1, 1, 1), "circular")),
    lambda s, x: s.a(F.pad(x, (1, 1, 1, 1))),
    "circular",
)
functions(
    "pad side",
    lambda s, x: s.a(F.pad(x, (0, 1, 0, 1), "reflect")),
    lambda s, x: s.a(F.pad(x, (1, 0, 1, 0), "reflect")),
    "sides|padding",
)
functions(
    "pad channels",
    lambda s, x: F.pad(s.a(x), (0, 0, 0, 0, 2, 0)),
    lambda s, x: F.pad(s.a(x), (0, 0, 0, 0, 0, 2)),
    "padding",
)
layers(
    "convolution's padding mode",
    lambda: conv(8, 8, padding_mode="circular"),
    lambda: conv(8, 8, padding_mode="replicate"),
    "pad mode circular",
)
layers("constant padding layer", lambda: nn.ConstantPad2d(1, 0.5), lambda: nn.ConstantPad2d(1, 0.25), "value")
layers("reflection padding, 1d", lambda: nn.ReflectionPad1d(2), lambda: nn.ReplicationPad1d(2), "reflect", SERIES)
layers("padding of a volume", lambda: nn.ReplicationPad3d(1), lambda: nn.ConstantPad3d(1, 0.0), "replicat", VOLUME)

# ---- activations -----------------------------------------------------------------------------------------------


def swished(beta: float) -> Function:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        y = s.a(x)
        return y * torch.sigmoid(y if beta == 1 else beta * y)  # type: ignore[no-any-return]

    return forward


functions(
    "softplus threshold", lambda s, x: F.softplus(s.a(x), 1.0, 10.0), lambda s, x: F.softplus(s.a(x)), "threshold"
)
layers("softplus module", lambda: nn.Softplus(2.0), lambda: nn.Softplus(1.0), "beta")
layers("gelu approximate", lambda: nn.GELU("tanh"), nn.GELU, "approximate")
layers("elu alpha", lambda: nn.ELU(0.5), nn.ELU, "alpha")
layers("celu alpha", lambda: nn.CELU(0.5), nn.CELU, "alpha")
layers("leaky slope", lambda: nn.LeakyReLU(0.1), nn.LeakyReLU, "slope")
layers("hardtanh", lambda: nn.Hardtanh(-1, 2), nn.Hardtanh, "high 2 instead of 1")
layers("hardtanh from zero", lambda: nn.Hardtanh(0, 5), nn.ReLU6, "5")
layers("hardshrink", lambda: nn.Hardshrink(0.3), nn.Hardshrink, "lamb")
layers("softshrink", lambda: nn.Softshrink(0.3), nn.Softshrink, "lamb")
layers("threshold's value", lambda: nn.Threshold(0.1, 5.0), lambda: nn.Threshold(0.1, 4.0), "value")
layers("prelu counts", lambda: nn.PReLU(1), lambda: nn.PReLU(8), "slopes")
layers("prelu or leaky", lambda: nn.LeakyReLU(0.25), nn.PReLU, "leaky ReLU instead of PReLU")
layers("glu's axis", lambda: nn.GLU(2), lambda: nn.GLU(3), "GLU: axes 1 instead of 2")
layers("softmax's axis", lambda: nn.Softmax(2), lambda: nn.Softmax(1), "axes")
layers("log-softmax", lambda: nn.LogSoftmax(1), lambda: nn.Softmax(1), "log softmax instead of softmax")
layers("softmin", lambda: nn.Softmin(1), lambda: nn.Softmax(1), "softm|scal|negat")
layers("tanh for sigmoid", nn.Tanh, nn.Sigmoid, "tanh instead of sigmoid")
layers("swish's hard form", nn.Hardswish, nn.SiLU, "hard swish instead of SiLU")
layers("mish for SiLU", nn.Mish, nn.SiLU, "mish instead of SiLU")
layers("rrelu's slopes", lambda: nn.RReLU(0.1, 0.2), lambda: nn.RReLU(0.1, 0.3), "upper")
functions(
    "swish with a beta",
    swished(1.702),
    swished(1),
    "SiLU: slope 1.702 instead of 1",
)
functions("clamp's limits", lambda s, x: s.a(x).clamp(-1, 2), lambda s, x: s.a(x).clamp(-1, 1), "high 2 instead of 1")
functions(
    "clamp without a limit",
    lambda s, x: s.a(x).clamp(min=-1),
    lambda s, x: s.a(x).clamp(-1, 1),
    "high none instead of 1",
)
functions(
    "gumbel of no noise", lambda s, x: torch.softmax(s.a(x) / 2, 1), lambda s, x: torch.softmax(s.a(x), 1), "scal"
)
functions(
    "logistic's scale",
    lambda s, x: torch.sigmoid(s.a(x) * 4),
    lambda s, x: torch.sigmoid(s.a(x) * 2),
    "scaled by 4 instead of 2",
)

# ---- where, comparisons, masks ---------------------------------------------------------------------------------


def where(limit: float, otherwise: float = 0.0, turned: bool = False) -> Function:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        y = s.a(x)
        return torch.where(y < limit if turned else y > limit, y, otherwise)

    return forward


functions("where: threshold", where(0.5), where(0.25), "0.5 instead of 0.25")
functions("where: the other value", where(0.5, -1.0), where(0.5), "where")
functions("where: comparison", where(0.5, turned=True), where(0.5), "less than instead of greater than")
functions(
    "where: branches", lambda s, x: torch.where(x > 0, s.a(x), x), lambda s, x: torch.where(x > 0, x, s.a(x)), "where"
)
functions(
    "masked_fill", lambda s, x: s.a(x).masked_fill(x > 0, -1.0), lambda s, x: s.a(x).masked_fill(x > 0, -9.0), "value"
)
functions(
    "greater or equal",
    lambda s, x: s.a(x) * (x >= 0),
    lambda s, x: s.a(x) * (x > 0),
    "at least instead of greater than",
)
functions(
    "maximum's limit",
    lambda s, x: torch.maximum(s.a(x), torch.tensor(0.1)),
    lambda s, x: torch.maximum(s.a(x), torch.tensor(0.2)),
    "low 0.1 instead of 0.2",
)
functions(
    "maximum for minimum",
    lambda s, x: torch.maximum(s.a(x), x),
    lambda s, x: torch.minimum(s.a(x), x),
    "the larger of both where the reference takes the smaller",
)

# ---- types ------------------------------------------------------------------------------------------------------

functions("a cast to half", lambda s, x: s.a(x).half().float(), lambda s, x: s.a(x), "cast.* extra")
functions("a cast to whole numbers", lambda s, x: s.a(x).int().float(), lambda s, x: s.a(x), "cast.* extra")
functions(
    "bfloat16 for half",
    lambda s, x: s.a(x).bfloat16().float(),
    lambda s, x: s.a(x).half().float(),
    "bfloat16 instead of float16",
)
functions(
    "softmax in another type",
    lambda s, x: F.softmax(s.a(x), 1, dtype=torch.float64),
    lambda s, x: F.softmax(s.a(x), 1),
    "type|cast",
)
functions("rounded", lambda s, x: s.a(x).round(), lambda s, x: s.a(x).floor(), "round instead of floor")
