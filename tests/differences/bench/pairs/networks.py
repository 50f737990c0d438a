"""Mutants of recurrent layers, attention and whole small networks."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.differences.bench.bases import Of, conv, unit
from tests.differences.bench.pairs.made import TOKENS, Function, functions, nets

# ---- recurrent layers and attention ---------------------------------------------------------------------------


def recurrent(
    kind: type[nn.Module], take: Function = lambda found: found[0], **options: Any
) -> Callable[[], nn.Module]:
    return lambda: Of(lambda s, x: s.f(take(s.r(x))), r=kind(8, 6, batch_first=True, **options), f=nn.Linear(6, 4))


nets(
    "LSTM: layers", recurrent(nn.LSTM, num_layers=1), recurrent(nn.LSTM, num_layers=2), "once instead of twice", TOKENS
)
nets("LSTM: bias", recurrent(nn.LSTM, bias=False), recurrent(nn.LSTM), "bias", TOKENS)
nets(
    "LSTM: hidden for cell",
    recurrent(nn.LSTM, lambda found: found[1][0]),
    recurrent(nn.LSTM, lambda found: found[1][1]),
    "output",
    TOKENS,
)
nets(
    "LSTM: last step",
    recurrent(nn.LSTM, lambda found: found[0][:, 0]),
    recurrent(nn.LSTM, lambda found: found[0][:, -1]),
    ".",
    TOKENS,
)
nets(
    "LSTM: time first",
    lambda: Of(lambda s, x: s.r(x)[0], r=nn.LSTM(8, 6)),
    lambda: Of(lambda s, x: s.r(x)[0], r=nn.LSTM(8, 6, batch_first=True)),
    "batch_first",
    TOKENS,
)
nets("GRU for LSTM", recurrent(nn.GRU), recurrent(nn.LSTM), "gru instead of lstm|GRU instead of LSTM", TOKENS)
nets(
    "RNN's nonlinearity",
    recurrent(nn.RNN, nonlinearity="relu"),
    recurrent(nn.RNN),
    "RNN with ReLU instead of RNN with tanh",
    TOKENS,
)
nets(
    "LSTM: projection",
    lambda: Of(lambda s, x: s.r(x)[0], r=nn.LSTM(8, 6, proj_size=3, batch_first=True)),
    lambda: Of(lambda s, x: s.r(x)[0], r=nn.LSTM(8, 6, batch_first=True)),
    "proj",
    TOKENS,
)
nets(
    "GRU: one direction",
    lambda: Of(lambda s, x: s.r(x)[0].sum(1), r=nn.GRU(8, 6, batch_first=True)),
    lambda: Of(lambda s, x: s.r(x)[0].sum(1), r=nn.GRU(8, 6, batch_first=True, bidirectional=True)),
    "bidirectional",
    TOKENS,
)


def attended(**options: Any) -> Callable[[], nn.Module]:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (s.p(x).view(1, -1, 3, 2, 4).permute(2, 0, 3, 1, 4)).unbind(0)
        return s.o(F.scaled_dot_product_attention(q, k, v, **options).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    return lambda: Of(forward, p=nn.Linear(8, 24), o=nn.Linear(8, 8))


def encoder(**options: Any) -> Callable[[], nn.Module]:
    return lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **options)


nets("attention: causal", attended(is_causal=True), attended(), "causal", TOKENS)
nets("attention: scale", attended(scale=1.0), attended(), "scale", TOKENS)
nets(
    "attention: mask",
    attended(attn_mask=torch.ones(7, 7).tril().bool()),
    attended(attn_mask=torch.ones(7, 7).triu().bool()),
    "mask",
    TOKENS,
)
nets("encoder: activation", encoder(activation="gelu"), encoder(), "GELU instead of ReLU", TOKENS)
nets("encoder: eps", encoder(layer_norm_eps=1e-3), encoder(), "eps 0.001 instead of 1e-05, in 2 layers", TOKENS)
functions(
    "embedding's table shared",
    lambda s, x: F.embedding(x.abs().long() % 5, s.t).sum(1),
    lambda s, x: F.embedding(x.abs().long() % 4, s.t).sum(1),
    "remainder|5 instead of 4",
    TOKENS,
    t=lambda: nn.Parameter(torch.ones(5, 8)),
)
functions(
    "position's sign",
    lambda s, x: s.a(x) + torch.sin(torch.arange(7.0))[:, None],
    lambda s, x: s.a(x) + torch.cos(torch.arange(7.0))[:, None],
    "addition|shift|sin",
    TOKENS,
)
functions(
    "temperature",
    lambda s, x: torch.softmax(s.a(x) @ s.a(x).mT / math.sqrt(8), -1),
    lambda s, x: torch.softmax(s.a(x) @ s.a(x).mT / 8, -1),
    "scal",
    TOKENS,
)

# ---- whole networks ----------------------------------------------------------------------------------------------


def siamese(distance: Function) -> Callable[[], nn.Module]:
    return lambda: Of(lambda s, x: distance(s.f(x[:, :4]), s.f(x[:, 4:])), f=unit(4, 6))


def glu(function: Function) -> Callable[[], nn.Module]:
    return lambda: Of(
        lambda s, x: s.o(function(s.g(x)) * s.u(x)), g=nn.Linear(8, 12), u=nn.Linear(8, 12), o=nn.Linear(12, 8)
    )


def graphed(adjacency: Function) -> Callable[[], nn.Module]:
    return lambda: Of(
        lambda s, x: s.o(F.relu(adjacency(s.e) @ s.w(x))),
        w=nn.Linear(8, 6),
        o=nn.Linear(6, 3),
        e=torch.eye(7).roll(1, 0) + torch.eye(7),
    )


def u_net(
    join: Function, up: Callable[[], nn.Module] = lambda: nn.Upsample(scale_factor=2), out: int = 24
) -> Callable[[], nn.Module]:
    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        one = s.one(x)
        return s.last(join(s.up(s.two(F.max_pool2d(one, 2))), one))  # type: ignore[no-any-return]

    return lambda: Of(forward, one=unit(8, 12), two=unit(12, 12), up=up(), last=conv(out, 4))


nets(
    "siamese: distance",
    siamese(lambda p, q: (p - q).abs()),
    siamese(lambda p, q: (p - q).pow(2)),
    "abs instead of pow|abs",
)
nets("siamese: sum", siamese(lambda p, q: p + q), siamese(lambda p, q: p * q), "adds where the reference multiplies")
nets(
    "siamese: cosine",
    siamese(lambda p, q: F.cosine_similarity(p, q, dim=1)),
    siamese(lambda p, q: F.cosine_similarity(p, q, dim=2)),
    "axes 0 instead of 1",
)
nets("GLU: gate", glu(F.silu), glu(F.gelu), "SiLU instead of GELU", TOKENS)
nets("GLU: gate of the other", glu(lambda g: g), glu(torch.sigmoid), "sigmoid missing", TOKENS)
nets(
    "graph: normalised",
    graphed(lambda e: e / e.sum(1, keepdim=True)),
    graphed(lambda e: e / e.sum(0, keepdim=True)),
    "axes|dim",
    TOKENS,
)
nets("graph: transposed", graphed(lambda e: e.t()), graphed(lambda e: e), ".", TOKENS)
nets(
    "U-Net: order of the skip",
    u_net(lambda x, skip: torch.cat([skip, x], 1)),
    u_net(lambda x, skip: torch.cat([x, skip], 1)),
    "concatenation in another order",
)
nets(
    "U-Net: added skip",
    u_net(lambda x, skip: x + skip, out=12),
    u_net(lambda x, skip: x * skip, out=12),
    "adds where the reference multiplies",
)
nets(
    "U-Net: upsampling",
    u_net(lambda x, skip: x + skip, lambda: nn.Upsample(scale_factor=2, mode="bilinear"), 12),
    u_net(lambda x, skip: x + skip, out=12),
    "bilinear",
)
nets("U-Net: no skip", u_net(lambda x, skip: x, out=12), u_net(lambda x, skip: x + skip, out=12), "shortcut")

# ---- blocks in a row -----------------------------------------------------------------------------------------------


def blocks(of: Function, count: int = 3) -> Callable[[], nn.Module]:
    """Residual blocks: what each does with its branch and its shortcut."""

    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        x = s.first(x)
        for branch in s.branches:
            x = of(x, branch(x))
        return s.last(x)  # type: ignore[no-any-return]

    def made() -> nn.Module:
        branches = nn.ModuleList(nn.Sequential(conv(8, 8), nn.BatchNorm2d(8)) for _ in range(count))
        return Of(forward, first=conv(8, 8), branches=branches, last=conv(8, 4, 1))

    return made


def added(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.relu(x + y)


def calls(own: int, count: int) -> Callable[[], nn.Module]:
    """So many calls of so many blocks."""

    def forward(s: Any, x: torch.Tensor) -> torch.Tensor:
        for i in range(count):
            x = x + s.blocks[i % own](x)
        return x

    return lambda: Of(forward, blocks=nn.ModuleList(nn.Sequential(nn.ReLU(), conv(8, 8)) for _ in range(own)))


nets("blocks: GELU before the sum", blocks(lambda x, y: F.relu(x + F.gelu(y))), blocks(added), "GELU extra, in 3")
nets("blocks: tanh before the sum", blocks(lambda x, y: F.relu(x + y.tanh())), blocks(added), "tanh extra, in 3")
nets("blocks: no ReLU after the sum", blocks(lambda x, y: x + y), blocks(added), "ReLU missing, in 3")
nets("blocks: halved branch", blocks(lambda x, y: F.relu(x + y / 2)), blocks(added), "scaling by 0.5 extra, in 3")
nets("blocks: difference", blocks(lambda x, y: F.relu(x - y)), blocks(added), "in 3 layers")
nets("blocks: no shortcut", blocks(lambda x, y: F.relu(y)), blocks(added), "no shortcut.*, in 3")
nets("blocks: two of three", blocks(added, 2), blocks(added), "twice instead of 3 times")
nets("blocks: five of three", blocks(added, 5), blocks(added), "5 times instead of 3 times")
nets("one block for four", calls(1, 4), calls(4, 4), "called 4 times where the reference has 4 with weights")
nets("three calls for four blocks", calls(1, 3), calls(4, 4), "3 calls of one block.*where the reference has 4 blocks")
nets(
    "four blocks for one", calls(4, 4), calls(1, 4), "4 blocks with weights of their own where the reference calls one"
)
