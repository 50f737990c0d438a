"""Other ways to write one function: each pair is identical, up to names."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.differences.bench.bases import Of, conv

IMAGE = (8, 8, 8)
TOKENS = (6, 8)
Pair = tuple[Callable[[], nn.Module], Callable[[], nn.Module], tuple[int, ...]]
REWRITES: dict[str, Pair] = {}


def pair(
    name: str, one: Callable[..., Any], other: Callable[..., Any], size: tuple[int, ...] = IMAGE, **parts: Any
) -> None:
    """Two functions of a first layer `a` (a convolution, or a linear layer for tokens), a last one and the same parts,
    which are made anew for each."""

    def made(function: Callable[..., Any]) -> Callable[[], nn.Module]:
        def make() -> nn.Module:
            first = conv(8, 8) if len(size) > len(TOKENS) else nn.Linear(8, 8)
            return Of(function, a=first, **{key: part() for key, part in parts.items()})

        return make

    REWRITES[name] = made(one), made(other), size


def after(function: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Any, torch.Tensor], torch.Tensor]:
    """A function of what the first layer gives."""
    return lambda s, x: function(s.a(x))


def halved(
    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> Callable[[Any, torch.Tensor], torch.Tensor]:
    """A function of both halves of it."""
    return lambda s, x: function(*s.a(x).chunk(2, 1))


def nets(
    name: str, one: Callable[[], nn.Module], other: Callable[[], nn.Module], size: tuple[int, ...] = IMAGE
) -> None:
    REWRITES[name] = one, other, size


# ---- functions of several lines -------------------------------------------------------------------------------


def swish(s: Any, x: torch.Tensor) -> torch.Tensor:
    y = s.a(x)
    return y * torch.sigmoid(y)  # type: ignore[no-any-return]


def halves(s: Any, x: torch.Tensor) -> torch.Tensor:
    y = s.a(x)
    return y[:, :4] * y[:, 4:]  # type: ignore[no-any-return]


def second_first(s: Any, x: torch.Tensor) -> torch.Tensor:
    y = s.two(x)
    return torch.cat([s.one(x), y], 1)


def masked_by_hand(s: Any, x: torch.Tensor) -> torch.Tensor:
    """As torchvision's Swin Transformer makes the mask of its windows, at every pass."""
    scores = s.a(x)
    mask = scores.new_zeros(8)
    for place, rows in enumerate((slice(5), slice(5, 7), slice(7, None))):
        mask[rows] = place
    mask = mask.unsqueeze(0) - mask.unsqueeze(-1)
    return scores + mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)  # type: ignore[no-any-return]


def in_heads(y: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return tuple(part.view(-1, 6, 2, 4).transpose(1, 2) for part in (y, y.flip(2), y.flip(1)))


def attention_by_einsum(s: Any, x: torch.Tensor) -> torch.Tensor:
    q, k, v = in_heads(s.a(x))
    weights = torch.einsum("b h i d, b h j d -> b h i j", q * 0.5, k).softmax(-1)
    return torch.einsum("b h i j, b h j d -> b h i d", weights, v)


def attention_of_keys(s: Any, x: torch.Tensor) -> torch.Tensor:
    q, k, v = in_heads(s.a(x))
    return ((k @ q.mT) * 0.5).mT.softmax(-1) @ v


def windows(y: torch.Tensor) -> torch.Tensor:
    return y.view(-1, 2, 4, 2, 4, 8).transpose(2, 3).reshape(-1, 4, 16, 8)


def mask_of_windows() -> nn.Buffer:
    mask = torch.tensor([0.0] * 5 + [1.0] * 2 + [2.0])
    return nn.Buffer(torch.where(mask == mask[:, None], 0.0, -100.0))


# ---- activations and arithmetic -------------------------------------------------------------------------------

pair("relu as a maximum", lambda s, x: torch.maximum(s.a(x), torch.zeros((), device=x.device)),
     lambda s, x: F.relu(s.a(x)))  # fmt: skip
pair("relu as the maximum of two", lambda s, x: torch.max(s.a(x), torch.zeros_like(x)), lambda s, x: F.relu(s.a(x)))
pair("relu by a mask", after(lambda y: y * (y > 0)), lambda s, x: F.relu(s.a(x)))
pair("relu by where", after(lambda y: torch.where(y > 0, y, 0)), lambda s, x: F.relu(s.a(x)))
pair("relu by filling", after(lambda y: y.masked_fill(y < 0, 0)), lambda s, x: F.relu(s.a(x)))
pair("relu6 in two steps", lambda s, x: F.relu(s.a(x)).clamp(max=6), lambda s, x: F.relu6(s.a(x)))
pair("mish", after(lambda y: y * torch.tanh(F.softplus(y))), lambda s, x: F.mish(s.a(x)))
pair("gated linear unit", halved(lambda y, z: y * torch.sigmoid(z)),
     lambda s, x: F.glu(s.a(x), 1))  # fmt: skip
pair("swish of a half", halved(lambda y, z: F.silu(y) * z),
     halved(lambda y, z: z * (y * torch.sigmoid(y))))  # fmt: skip
pair("twice a tensor", after(lambda y: y + y), lambda s, x: 2 * s.a(x))
pair("a square as a product", after(lambda y: y * y), lambda s, x: s.a(x) ** 2)
pair("linear by hand", lambda s, x: s.a(x) @ s.f.weight.T + s.f.bias, lambda s, x: s.f(s.a(x)), TOKENS,
     f=lambda: nn.Linear(8, 5))  # fmt: skip
pair("linear as addmm", lambda s, x: torch.addmm(s.f.bias, s.a(x).flatten(1), s.f.weight.t()),
     lambda s, x: s.f(s.a(x).flatten(1)), f=lambda: nn.Linear(8 * 64, 5))  # fmt: skip
pair("a bias apart", lambda s, x: F.conv2d(x, s.c.weight, padding=1) + s.c.bias.view(1, -1, 1, 1), lambda s, x: s.c(x),
     c=lambda: conv(8, 8))  # fmt: skip
pair("gamma, channels last", lambda s, x: x + (s.gamma * s.a(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
     lambda s, x: x + s.a(x) * s.gamma.view(-1, 1, 1), gamma=lambda: nn.Parameter(torch.ones(8)))  # fmt: skip

pair("relu, in place", lambda s, x: F.relu(s.a(x)), lambda s, x: s.a(x).relu_())
pair("relu, a clamp", lambda s, x: F.relu(s.a(x)), lambda s, x: s.a(x).clamp(min=0))
pair("relu, clamp_min", lambda s, x: F.relu(s.a(x)), lambda s, x: torch.clamp_min(s.a(x), 0))
pair("relu twice", lambda s, x: F.relu(s.a(x)), lambda s, x: F.relu(F.relu(s.a(x))))
pair("relu6, a clamp", lambda s, x: F.relu6(s.a(x)), lambda s, x: s.a(x).clamp(0, 6))
pair("relu6, hardtanh", lambda s, x: F.relu6(s.a(x)), lambda s, x: F.hardtanh(s.a(x), 0.0, 6.0))
pair("silu by hand", lambda s, x: F.silu(s.a(x)), swish)
pair("sigmoid, method", lambda s, x: F.sigmoid(s.a(x)), lambda s, x: s.a(x).sigmoid())
pair("tanh, module", lambda s, x: s.t(s.a(x)), lambda s, x: torch.tanh(s.a(x)), t=nn.Tanh)
pair("gelu, module", lambda s, x: s.t(s.a(x)), lambda s, x: F.gelu(s.a(x)), t=nn.GELU)
pair(
    "leaky relu, module", lambda s, x: s.t(s.a(x)), lambda s, x: F.leaky_relu(s.a(x), 0.1), t=lambda: nn.LeakyReLU(0.1)
)
pair("a product's order", lambda s, x: s.a(x) * x, lambda s, x: x * s.a(x))
pair("a sum's order", lambda s, x: s.a(x) + x, lambda s, x: torch.add(x, s.a(x)))
pair("a sum in place", lambda s, x: s.a(x) + x, lambda s, x: s.a(x).add_(x))
pair("half, a division", lambda s, x: s.a(x) * 0.5, lambda s, x: s.a(x) / 2)
pair("minus a number", lambda s, x: s.a(x) - 3, lambda s, x: s.a(x) + -3)
pair("scaled twice", lambda s, x: s.a(x) * 6, lambda s, x: s.a(x) * 2 * 3)
pair("negated", lambda s, x: -s.a(x), lambda s, x: s.a(x) * -1)
pair("identity", lambda s, x: s.i(s.a(x)), lambda s, x: s.a(x), i=nn.Identity)
pair("dropout of nothing", lambda s, x: F.dropout(s.a(x), 0.0), lambda s, x: s.a(x))
pair("dropout, function", lambda s, x: F.dropout(s.a(x), 0.5, s.training), lambda s, x: s.d(s.a(x)), d=nn.Dropout)
pair("softmax, method", lambda s, x: F.softmax(s.a(x), 1), lambda s, x: s.a(x).softmax(dim=-3))
pair("softmax, module", lambda s, x: s.m(s.a(x)), lambda s, x: s.a(x).softmax(1), m=lambda: nn.Softmax(dim=1))

# ---- pooling ---------------------------------------------------------------------------------------------------

pair("mean, a pooling", lambda s, x: s.a(x).mean((2, 3)), lambda s, x: F.adaptive_avg_pool2d(s.a(x), 1).flatten(1))
pair("mean, one axis at a time", lambda s, x: s.a(x).mean((2, 3)), lambda s, x: s.a(x).mean(-1).mean(-1))
pair("mean of the flat", lambda s, x: s.a(x).mean((2, 3)), lambda s, x: s.a(x).flatten(2).mean(2))
pair("pooling of the whole", lambda s, x: F.avg_pool2d(s.a(x), 8), lambda s, x: F.adaptive_avg_pool2d(s.a(x), 1))
pair("maximum, a pooling", lambda s, x: s.a(x).amax((2, 3)), lambda s, x: F.adaptive_max_pool2d(s.a(x), 1).flatten(1))
pair("adaptive that divides", lambda s, x: F.adaptive_avg_pool2d(s.a(x), 4), lambda s, x: F.avg_pool2d(s.a(x), 2))
pair(
    "pooling, module",
    lambda s, x: s.p(s.a(x)),
    lambda s, x: F.max_pool2d(s.a(x), 3, 2, 1),
    p=lambda: nn.MaxPool2d(3, 2, 1),
)
pair(
    "ceil mode without effect",
    lambda s, x: F.max_pool2d(s.a(x), 2),
    lambda s, x: F.max_pool2d(s.a(x), 2, ceil_mode=True),
)
pair(
    "pooling padded before",
    lambda s, x: F.max_pool2d(F.relu(s.a(x)), 3, 2, 1),
    lambda s, x: F.max_pool2d(F.pad(F.relu(s.a(x)), (1, 1, 1, 1)), 3, 2),
)  # fmt: skip

# ---- views ----------------------------------------------------------------------------------------------------

pair("flatten, view", lambda s, x: s.a(x).flatten(1), lambda s, x: s.a(x).view(x.shape[0], -1))
pair("permuted back", lambda s, x: s.a(x).permute(0, 2, 3, 1).permute(0, 3, 1, 2), lambda s, x: s.a(x))
pair("movedim", lambda s, x: s.a(x).movedim(1, -1).relu(), lambda s, x: s.a(x).permute(0, 2, 3, 1).relu())
pair("transposed axes", lambda s, x: s.a(x).transpose(2, 3), lambda s, x: s.a(x).permute(0, 1, 3, 2))
pair("swapaxes", lambda s, x: s.a(x).swapaxes(1, 2), lambda s, x: s.a(x).transpose(1, 2))
pair(
    "relu on permuted axes",
    lambda s, x: s.a(x).permute(0, 2, 3, 1).relu().permute(0, 3, 1, 2),
    lambda s, x: s.a(x).relu(),
)
pair("chunk, slices", lambda s, x: torch.mul(*s.a(x).chunk(2, 1)), halves)
pair("split, narrow", lambda s, x: s.a(x).split(4, 1)[1], lambda s, x: s.a(x).narrow(1, 4, 4))
pair("unbind, index", lambda s, x: s.a(x).unbind(1)[2], lambda s, x: s.a(x)[:, 2])
pair("select, index", lambda s, x: s.a(x).select(1, 3), lambda s, x: s.a(x)[:, 3])
pair("ellipsis", lambda s, x: s.a(x)[..., ::2], lambda s, x: s.a(x)[:, :, :, ::2])
pair(
    "split and joined",
    lambda s, x: torch.cat(s.a(x).chunk(2, 1), 1),
    lambda s, x: torch.cat(s.a(x).split([4, 4], 1), 1),
)
pair("flipped twice", lambda s, x: s.a(x).flip(2).flip(2), lambda s, x: s.a(x))
pair("squeezed", lambda s, x: s.a(x).unsqueeze(1).relu().squeeze(1), lambda s, x: s.a(x).relu())
pair(
    "new axis",
    lambda s, x: x * s.a(x).mean((2, 3))[:, :, None, None],
    lambda s, x: x * s.a(x).mean((2, 3), keepdim=True),
)
pair(
    "contiguous",
    lambda s, x: s.a(x).permute(0, 2, 3, 1).contiguous().flatten(1),
    lambda s, x: s.a(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1),
)
pair(
    "shuffle by hand",
    lambda s, x: F.channel_shuffle(s.a(x), 2),
    lambda s, x: s.a(x).view(-1, 2, 4, 8, 8).transpose(1, 2).reshape(-1, 8, 8, 8),
)
pair(
    "shuffle, module",
    lambda s, x: F.channel_shuffle(s.a(x), 4),
    lambda s, x: s.m(s.a(x)),
    m=lambda: nn.ChannelShuffle(4),
)
pair(
    "pixel shuffle by hand",
    lambda s, x: F.pixel_shuffle(s.a(x), 2),
    lambda s, x: s.a(x).view(-1, 2, 2, 2, 8, 8).permute(0, 1, 4, 2, 5, 3).reshape(-1, 2, 16, 16),
)
pair("nested cat", lambda s, x: torch.cat([torch.cat([x, s.a(x)], 1), x], 1), lambda s, x: torch.cat([x, s.a(x), x], 1))
pair(
    "einops by hand",
    lambda s, x: s.a(x).flatten(2).transpose(1, 2),
    lambda s, x: s.a(x).permute(0, 2, 3, 1).reshape(-1, 64, 8),
)

# ---- convolutions and linear layers ---------------------------------------------------------------------------

nets(
    "padding before", lambda: nn.Sequential(conv(8, 4), nn.ReLU()),
    lambda: nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(8, 4, 3), nn.ReLU()),
)  # fmt: skip
nets(
    "padding by a word", lambda: nn.Sequential(conv(8, 4), nn.ReLU()),
    lambda: nn.Sequential(nn.Conv2d(8, 4, 3, padding="same"), nn.ReLU()),
)  # fmt: skip
nets(
    "reflected before", lambda: nn.Conv2d(8, 4, 3, padding=1, padding_mode="reflect"),
    lambda: nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(8, 4, 3)),
)  # fmt: skip
nets(
    "linear over the map", lambda: nn.Sequential(nn.Conv2d(8, 5, 8), nn.Flatten()),
    lambda: nn.Sequential(nn.Flatten(), nn.Linear(512, 5)),
)  # fmt: skip
pair(
    "linear on the channels", lambda s, x: s.l(s.a(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
    lambda s, x: F.conv2d(s.a(x), s.l.weight[:, :, None, None], s.l.bias), l=lambda: nn.Linear(8, 4),
)  # fmt: skip
pair(
    "linear, function", lambda s, x: s.l(s.a(x)), lambda s, x: F.linear(s.a(x), s.l.weight, s.l.bias), TOKENS,
    l=lambda: nn.Linear(8, 4),
)  # fmt: skip
pair(
    "batch norm, function", lambda s, x: s.n(s.a(x)),
    lambda s, x: F.batch_norm(s.a(x), s.n.running_mean, s.n.running_var, s.n.weight, s.n.bias),
    n=lambda: nn.BatchNorm2d(8),
)  # fmt: skip
pair(
    "layer norm, function", lambda s, x: s.n(s.a(x)),
    lambda s, x: F.layer_norm(s.a(x), (8,), s.n.weight, s.n.bias), TOKENS, n=lambda: nn.LayerNorm(8),
)  # fmt: skip
pair(
    "padding without effect", lambda s, x: F.conv2d(F.pad(s.a(x), (0, 0, 0, 0)), s.l.weight, s.l.bias),
    lambda s, x: s.l(s.a(x)), l=lambda: nn.Conv2d(8, 4, 3),
)  # fmt: skip
nets(
    "a sequence, a list", lambda: nn.Sequential(conv(8, 8), nn.BatchNorm2d(8), nn.ReLU()),
    lambda: Of(lambda s, x: s.c[1](s.c[0](x)).relu(), c=nn.ModuleList([conv(8, 8), nn.BatchNorm2d(8)])),
)  # fmt: skip
nets(
    "branches in another order",
    lambda: Of(lambda s, x: torch.cat([s.one(x), s.two(x)], 1), one=conv(8, 4), two=conv(8, 4, 1)),
    lambda: Of(second_first, one=conv(8, 4), two=conv(8, 4, 1)),
)

# ---- gates and attention --------------------------------------------------------------------------------------


def gate(s: Any, x: torch.Tensor) -> torch.Tensor:
    return x * s.up(F.relu(s.down(F.adaptive_avg_pool2d(s.a(x), 1)))).sigmoid()  # type: ignore[no-any-return]


def gate_of_vectors(s: Any, x: torch.Tensor) -> torch.Tensor:
    mean = s.a(x).mean((2, 3))
    down = F.linear(mean, s.down.weight.flatten(1), s.down.bias)
    up = F.linear(down.relu(), s.up.weight.flatten(1), s.up.bias)
    return torch.sigmoid(up).view(-1, 8, 1, 1) * x


pair("gate of vectors", gate, gate_of_vectors, down=lambda: nn.Conv2d(8, 2, 1), up=lambda: nn.Conv2d(2, 8, 1))


def heads(x: torch.Tensor) -> torch.Tensor:
    return x.view(x.shape[0], -1, 2, 4).transpose(1, 2)


def attention(s: Any, x: torch.Tensor) -> torch.Tensor:
    q, k, v = map(heads, s.qkv(s.a(x)).chunk(3, -1))
    return s.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def attention_of_timm(s: Any, x: torch.Tensor) -> torch.Tensor:
    x = s.a(x)
    b, n, c = x.shape
    q, k, v = s.qkv(x).reshape(b, n, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
    return s.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))  # type: ignore[no-any-return]


def attention_by_hand(s: Any, x: torch.Tensor) -> torch.Tensor:
    q, k, v = map(heads, s.qkv(s.a(x)).chunk(3, -1))
    weights = (q @ k.transpose(-2, -1) / 2).softmax(-1)
    return s.out((weights @ v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def attention_scaled_first(s: Any, x: torch.Tensor) -> torch.Tensor:
    q, k, v = map(heads, s.qkv(s.a(x)).chunk(3, -1))
    weights = torch.softmax((q * 0.5) @ k.mT, dim=-1)
    return s.out((weights @ v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


def attention_module(s: Any, x: torch.Tensor) -> torch.Tensor:
    y = s.a(x)
    return s.m(y, y, y, need_weights=False)[0]  # type: ignore[no-any-return]


PARTS = {"qkv": lambda: nn.Linear(8, 24), "out": lambda: nn.Linear(8, 8)}
pair("heads by reshape or by chunk", attention, attention_of_timm, TOKENS, **PARTS)
pair("attention by hand", attention, attention_by_hand, TOKENS, **PARTS)
pair("attention, scaled before", attention, attention_scaled_first, TOKENS, **PARTS)
nets(
    "attention, torch's module",
    lambda: Of(attention, a=nn.Linear(8, 8), qkv=nn.Linear(8, 24), out=nn.Linear(8, 8)),
    lambda: Of(attention_module, a=nn.Linear(8, 8), m=nn.MultiheadAttention(8, 2, batch_first=True)),
    TOKENS,
)

# ---- other words for one thing --------------------------------------------------------------------------------

pair("square, pow", lambda s, x: s.a(x).square(), lambda s, x: s.a(x) ** 2)
pair("square root, rsqrt", lambda s, x: 1 / s.a(x).abs().sqrt(), lambda s, x: s.a(x).abs().sqrt().reciprocal())
pair("relu, maximum with nothing", lambda s, x: F.relu(s.a(x)), lambda s, x: s.a(x).clamp_min(0.0))
pair("threshold at nothing", lambda s, x: F.relu(s.a(x)), lambda s, x: F.threshold(s.a(x), 0.0, 0.0))
pair("softmax along the last axis", lambda s, x: s.a(x).softmax(-1), lambda s, x: F.softmax(s.a(x), dim=3))
pair("hard swish by hand", lambda s, x: F.hardswish(s.a(x)), lambda s, x: s.h(s.a(x)), h=nn.Hardswish)
pair("a division by a power of two", lambda s, x: s.a(x) / 4, lambda s, x: 0.25 * s.a(x))
pair("a number first", lambda s, x: 2 + s.a(x), lambda s, x: s.a(x) + 2)
pair("a number taken off", lambda s, x: s.a(x).sub(1), lambda s, x: s.a(x) + (-1))
pair("a product in place", lambda s, x: s.a(x).mul_(x), lambda s, x: x * s.a(x))
pair("addition of a module's result", lambda s, x: s.i(s.a(x)) + x, lambda s, x: x + s.a(x), i=nn.Identity)
pair("mean of the last two axes", lambda s, x: s.a(x).mean((-2, -1)), lambda s, x: torch.mean(s.a(x), dim=[2, 3]))
pair("mean, then flat", lambda s, x: s.a(x).mean((2, 3), keepdim=True).flatten(1), lambda s, x: s.a(x).mean((3, 2)))
pair("maximum over axes in turn", lambda s, x: s.a(x).amax(2).amax(2), lambda s, x: s.a(x).amax((2, 3)))
pair("view, flatten", lambda s, x: s.a(x).view(-1, 64).tanh(), lambda s, x: s.a(x).flatten(0, 1).flatten(1).tanh())
pair("unflatten", lambda s, x: s.a(x).unflatten(1, (2, 4)).sum(1), lambda s, x: s.a(x).view(-1, 2, 4, 8, 8).sum(1))
pair("split by sizes", lambda s, x: s.a(x).split([2, 6], 1)[1], lambda s, x: s.a(x)[:, 2:])
pair("tensor_split", lambda s, x: s.a(x).tensor_split(2, 1)[0], lambda s, x: s.a(x).chunk(2, 1)[0])
pair("narrow, slice", lambda s, x: s.a(x).narrow(2, 1, 3), lambda s, x: s.a(x)[:, :, 1:4])
pair("mT, transpose", lambda s, x: s.a(x).mT, lambda s, x: s.a(x).transpose(-1, -2))
pair("moveaxis", lambda s, x: s.a(x).moveaxis(1, 3).tanh(), lambda s, x: s.a(x).permute(0, 2, 3, 1).tanh())
pair("expand_as", lambda s, x: x * s.a(x).mean((2, 3), True).expand_as(x), lambda s, x: x * s.a(x).mean((2, 3), True))
pair("a copy", lambda s, x: s.a(x).clone().contiguous(), lambda s, x: s.a(x))
pair("detached", lambda s, x: s.a(x).detach(), lambda s, x: s.a(x))
pair("roll, module of the same", lambda s, x: torch.roll(s.a(x), (1,), (2,)), lambda s, x: s.a(x).roll(1, 2))
pair("flip of both axes in turn", lambda s, x: s.a(x).flip(2).flip(3), lambda s, x: s.a(x).flip(2, 3))
pair("a square root, pow", lambda s, x: s.a(x).abs().pow(0.5), lambda s, x: s.a(x).abs().sqrt())
pair("concatenation of one", lambda s, x: torch.cat([s.a(x)], 1), lambda s, x: s.a(x))
pair(
    "product of matrices, bmm",
    lambda s, x: s.a(x) @ s.a(x).mT,
    lambda s, x: torch.bmm(s.a(x), s.a(x).transpose(1, 2)),
    TOKENS,
)
pair(
    "padding in two steps",
    lambda s, x: F.pad(F.pad(s.a(x), (1, 1)), (0, 0, 1, 1)),
    lambda s, x: F.pad(s.a(x), (1, 1, 1, 1)),
)
pair("group norm, module", lambda s, x: s.n(s.a(x)), lambda s, x: F.group_norm(s.a(x), 2, s.n.weight, s.n.bias),
     n=lambda: nn.GroupNorm(2, 8))  # fmt: skip
nets(
    "a sum, a list of branches",
    lambda: Of(lambda s, x: s.a(x) + s.b(x), a=conv(8, 8), b=conv(8, 8, 1)),
    lambda: Of(lambda s, x: sum(layer(x) for layer in s.list), list=nn.ModuleList([conv(8, 8), conv(8, 8, 1)])),
)
pair("patches, sizes as one number or two", lambda s, x: F.fold(F.unfold(s.a(x), 2, stride=2), 8, 2, stride=2),
     lambda s, x: F.fold(F.unfold(s.a(x), (2, 2), 1, (0, 0), (2, 2)), (8, 8), (2, 2), stride=(2, 2)))  # fmt: skip
nets(
    "padding of a series by a word",
    lambda: nn.Conv1d(8, 4, 3, padding=1),
    lambda: nn.Conv1d(8, 4, 3, padding="same"),
    (8, 6),
)

pair("a mask made at every pass, and a stored one", masked_by_hand, lambda s, x: s.a(x) + s.mask, mask=mask_of_windows)
pair("zeros added", lambda s, x: s.a(x) + torch.zeros_like(x), lambda s, x: s.a(x))
pair("einsum, and the product of matrices that it writes",
     lambda s, x: torch.einsum("bchw,bcwv->bchv", s.a(x), x), lambda s, x: s.a(x) @ x)  # fmt: skip
pair("einsum of turned operands", lambda s, x: torch.einsum("bki,bkj->bji", s.a(x), x),
     lambda s, x: (s.a(x).mT @ x).mT, TOKENS)  # fmt: skip
pair(
    "attention, keys by queries",
    attention_of_keys,
    lambda s, x: F.scaled_dot_product_attention(*in_heads(s.a(x))),
    TOKENS,
)
pair("a rectifier and a highest value", lambda s, x: s.a(x).relu().clamp(max=4), lambda s, x: F.hardtanh(s.a(x), 0, 4))
pair("attention by einsum", attention_by_einsum, lambda s, x: F.scaled_dot_product_attention(*in_heads(s.a(x))), TOKENS)
pair("a root's reciprocal", lambda s, x: s.a(x) * (s.a(x).abs() + 1).rsqrt(),
     lambda s, x: s.a(x) * (1 / (s.a(x).abs() + 1).sqrt()))  # fmt: skip
pair("roll, one axis at a time", lambda s, x: s.a(x).roll((-3, 2), (2, 3)), lambda s, x: s.a(x).roll(5, 2).roll(2, 3))
pair("addmm of a matrix as it is stored", lambda s, x: torch.addmm(s.f.bias, s.a(x).flatten(1), s.f.weight),
     lambda s, x: s.a(x).flatten(1) @ s.f.weight + s.f.bias, f=lambda: nn.Linear(512, 512))  # fmt: skip
pair(
    "mean of the axes before the last, and pooling",
    lambda s, x: s.a(x).permute(0, 2, 3, 1).roll(1, 1).mean((1, 2)),
    lambda s, x: F.adaptive_avg_pool2d(s.a(x).permute(0, 2, 3, 1).roll(1, 1).permute(0, 3, 1, 2), 1).flatten(1),
)
pair("a pooling added to itself", after(lambda y: F.avg_pool2d(y, 3, 1, 1) + F.avg_pool2d(y, 3, 1, 1)),
     after(lambda y: 2 * F.avg_pool2d(y, 3, 1, 1)))  # fmt: skip
pair("a pooling multiplied with itself", after(lambda y: F.max_pool2d(y, 2) * F.max_pool2d(y, 2)),
     after(lambda y: F.max_pool2d(y, 2) ** 2))  # fmt: skip
pair(
    "what is normalised before windows are cut, and after",
    lambda s, x: windows(s.n(s.a(x).permute(0, 2, 3, 1))),
    lambda s, x: s.n(windows(s.a(x).permute(0, 2, 3, 1))),
    n=lambda: nn.LayerNorm(8),
)
pair("product and sum in one", lambda s, x: torch.addcmul(x, s.a(x), s.c(x), value=0.5),
     lambda s, x: x + 0.5 * (s.a(x) * s.c(x)), c=lambda: conv(8, 8))  # fmt: skip
pair(
    "a stored bias of attention given as a mask",
    lambda s, x: F.scaled_dot_product_attention(y := s.a(x), y, y, attn_mask=s.bias),
    lambda s, x: ((y := s.a(x)) @ y.mT * 8**-0.5 + s.bias).softmax(-1) @ y,
    TOKENS,
    bias=lambda: nn.Parameter(torch.rand(6, 6)),
)
pair("keys of what is returned", lambda s, x: {"q": x.abs(), "p": s.a(x)}, lambda s, x: {"p": s.a(x), "q": x.abs()})
pair(
    "a parameter turned under other names",
    lambda s, x: x @ s.w.flatten(1).permute(1, 0),
    lambda s, x: x @ s.w.view(8, -1).t(),
    TOKENS,
    w=lambda: nn.Parameter(torch.rand(8, 2, 4)),
)
pair(
    "average over more than the map",
    lambda s, x: F.avg_pool2d(s.a(x), 3, 2, ceil_mode=True),
    lambda s, x: F.avg_pool2d(s.a(x), 3, 2, ceil_mode=True, count_include_pad=False),
)

pair(
    "stack that is flattened",
    lambda s, x: torch.stack([s.a(x), x], 1).flatten(1, 2),
    lambda s, x: torch.cat([s.a(x), x], 1),
)
pair(
    "vectors divided by their norm",
    lambda s, x: (y := s.a(x)) / y.norm(dim=1, keepdim=True).clamp_min(1e-12),
    lambda s, x: F.normalize(s.a(x)),
)
pair("sum divided by its terms", lambda s, x: s.a(x).sum((2, 3)) / 64, lambda s, x: s.a(x).mean((2, 3)))
pair(
    "variance by hand",
    lambda s, x: (((y := s.a(x)) - y.mean((2, 3), keepdim=True)) ** 2).mean((2, 3)) * (64 / 63),
    lambda s, x: s.a(x).var((2, 3)),
)
pair(
    "local response normalisation by a pooling",
    lambda s, x: (y := s.a(x)) / (1 + 1e-4 * F.avg_pool3d(y[:, None] ** 2, (3, 1, 1), 1, (1, 0, 0))[:, 0]) ** 0.75,
    lambda s, x: F.local_response_norm(s.a(x), 3),
)

for kind in (nn.GRU, nn.LSTM, nn.RNN):
    nets(
        f"{kind.__name__}s that read both ways",
        lambda kind=kind: Of(  # type: ignore[misc]
            lambda s, x: torch.cat([s.f(x)[0], s.b(x.flip(1))[0].flip(1)], -1),
            **{way: kind(8, 5, batch_first=True) for way in "fb"},
        ),
        lambda kind=kind: Of(lambda s, x: s.r(x)[0], r=kind(8, 5, batch_first=True, bidirectional=True)),  # type: ignore[misc]
        TOKENS,
    )

UNRECOGNISED: dict[str, Pair] = {}
"""One function too, and `archscope diff` does not see it: what docs/diff.md says of each."""

for unseen, one, other in (
    ("sums of three and more in another grouping",
     lambda s, x: (s.a(x) + x) + x.abs(), lambda s, x: s.a(x) + (x + x.abs())),
    ("pixels that are shuffled and shuffled back",
     lambda s, x: F.pixel_shuffle(F.pixel_unshuffle(s.a(x), 2), 2), lambda s, x: s.a(x)),
    ("a rectifier before a concatenation, on each operand, and one after it",
     lambda s, x: torch.cat([s.a(x).relu(), x.relu()], 1), lambda s, x: torch.cat([s.a(x), x], 1).relu()),
    ("rows and columns repeated, and interpolation to the nearest",
     lambda s, x: s.a(x).repeat_interleave(2, 2).repeat_interleave(2, 3),
     lambda s, x: F.interpolate(s.a(x), scale_factor=2)),
    ("a stack that is summed, and the sum of its parts",
     lambda s, x: torch.stack([s.a(x), x]).sum(0), lambda s, x: s.a(x) + x),
    ("an average pooling, and the mean over blocks of pixels or interpolation to half the size",
     lambda s, x: F.interpolate(s.a(x), scale_factor=0.5, mode="area"), lambda s, x: F.avg_pool2d(s.a(x), 2)),
    ("a product by einsum of which nothing is summed, and multiplication",
     lambda s, x: torch.einsum("bchw,bc->bchw", s.a(x), x.mean((2, 3))),
     lambda s, x: s.a(x) * x.mean((2, 3), keepdim=True)),
    ("subtraction of a tensor, and addition of its negative", lambda s, x: s.a(x) - x, lambda s, x: s.a(x) + -x),
):  # fmt: skip
    pair(unseen, one, other)
    UNRECOGNISED[unseen] = REWRITES.pop(unseen)

STEPS = "steps one by one through layers that they share (Keras' `TimeDistributed`), and all at once"
pair(STEPS, lambda s, x: torch.stack([s.a(x[:, i]) for i in range(6)], 1), lambda s, x: s.a(x), TOKENS)
UNRECOGNISED[STEPS] = REWRITES.pop(STEPS)
