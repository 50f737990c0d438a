"""Small networks of the kinds that people write, drawn by a seed: other ranks, batches, functions, own layers."""

from collections.abc import Callable, Sequence
from random import Random

import torch
import torch.nn.functional as F
from torch import nn

from tests.small_nets import Forward

Part = Callable[[Random, int], tuple[nn.Module, int]]
"""A layer for so many channels, and the channels that it gives."""

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
BATCH_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
INSTANCE_NORM = {1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}
MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE_POOL = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
GLOBAL_POOL = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}
ACTIVATIONS: Sequence[Callable[[], nn.Module]] = (
    nn.ReLU, nn.GELU, nn.SiLU, nn.ELU, nn.LeakyReLU, nn.ReLU6, nn.PReLU, nn.Hardswish, nn.Tanh, nn.Sigmoid, nn.Mish,
)  # fmt: skip
FUNCTIONS: Sequence[Callable[[torch.Tensor], torch.Tensor]] = (
    lambda x: F.relu(x) + 1, lambda x: F.gelu(x) / 2, lambda x: F.silu(x + 1), lambda x: F.elu(x, 0.5),
    lambda x: F.leaky_relu(x, 0.1), lambda x: torch.relu(x) * 2, lambda x: x.relu(), lambda x: F.softmax(x, 1),
    lambda x: x.softmax(-1), lambda x: torch.softmax(x, 1), lambda x: x * torch.sigmoid(x), lambda x: x.mul(2).add(x),
    lambda x: torch.mul(x, x.sigmoid()), lambda x: torch.add(x, 1),
)  # fmt: skip
"""Looked up as they are called: tools that replace functions see no others."""


# ---- maps of one, two and three axes -----------------------------------------------------------------------------


def convolution(axes: int) -> Part:
    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        out = draw.choice([4, 6, 8])
        kernel = draw.choice([1, 3, 5])
        groups = draw.choice([1, 1, 2])
        padding = draw.choice([kernel // 2, "same", 0]) if kernel < 4 else kernel // 2
        bias, dilation = draw.random() < 0.5, draw.choice([1, 1, 2])
        options = {"padding": padding, "groups": groups, "bias": bias, "dilation": dilation}
        return CONV[axes](channels, out, kernel, **options), out

    return make


def padded_convolution(axes: int) -> Part:
    """Around the edges, as a torus: padding and convolution are two operations of one module."""
    return lambda draw, channels: (CONV[axes](channels, 4, 3, padding=1, padding_mode="circular"), 4)


def transposed(axes: int) -> Part:
    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        kernel, stride = draw.choice([(2, 2), (3, 1), (4, 2), (3, 2)])
        groups, bias = draw.choice([1, 2]), draw.random() < 0.5
        return TRANSPOSED[axes](channels, 4, kernel, stride, kernel // 3, groups=groups, bias=bias), 4

    return make


def normalisation(axes: int) -> Part:
    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        affine = draw.random() < 0.7
        kinds: list[Callable[[], nn.Module]] = [
            lambda: BATCH_NORM[axes](channels, affine=affine), lambda: INSTANCE_NORM[axes](channels, affine=affine),
            lambda: nn.GroupNorm(2, channels, affine=affine),
        ]  # fmt: skip
        return draw.choice(kinds)(), channels

    return make


def activation(draw: Random, channels: int) -> tuple[nn.Module, int]:
    return draw.choice(ACTIVATIONS)(), channels


def function(draw: Random, channels: int) -> tuple[nn.Module, int]:
    chosen = draw.choice(FUNCTIONS)
    return Forward(lambda net, x: chosen(x)), channels


def pool(axes: int) -> Part:
    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        named = [f"{kind}_pool{axes}d" for kind in ("max", "avg")]
        written: list[nn.Module] = [Forward(lambda net, x, name=name: getattr(F, name)(x, 2)) for name in named]
        return draw.choice([MAX_POOL[axes](2), AVERAGE_POOL[axes](2), *written]), channels

    return make


def resampling(axes: int) -> Part:
    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        mode = draw.choice(["nearest", {1: "linear", 2: "bilinear", 3: "trilinear"}[axes]])
        sizes: list[nn.Module] = [
            Forward(lambda net, x: F.interpolate(x, scale_factor=2, mode=mode)),
            Forward(lambda net, x: F.interpolate(x, size=[9] * axes, mode=mode)),
            Forward(lambda net, x: F.interpolate(x, size=x.shape[2:], mode=mode)),
            nn.Upsample(scale_factor=2, mode=mode),
        ]  # fmt: skip
        return draw.choice(sizes), channels

    return make


def shortcut(axes: int) -> Part:
    """Added with `+`, by a function, or scaled by what the map says of itself."""

    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        conv = CONV[axes](channels, channels, 3, padding=1)
        forwards: list[Callable[..., torch.Tensor]] = [
            lambda net, x: x + net.conv(x), lambda net, x: torch.add(x, net.conv(x)),
            lambda net, x: torch.mul(net.conv(x), x.mean(1, keepdim=True)),
            lambda net, x: x * torch.sigmoid(net.pool(net.conv(x))),
            lambda net, x: net.conv(x).mul_(2),
        ]  # fmt: skip
        return Forward(draw.choice(forwards), conv=conv, pool=GLOBAL_POOL[axes](1)), channels

    return make


class ChannelsLast(nn.Module):
    """As in ConvNeXt: a depthwise convolution, then normalisation and two linear layers over the last axis."""

    def __init__(self, axes: int, channels: int, functional: bool) -> None:
        super().__init__()
        self.depthwise = CONV[axes](channels, channels, 3, padding=1, groups=channels)
        self.norm, self.functional = nn.LayerNorm(channels), functional
        self.wide, self.narrow = nn.Linear(channels, 2 * channels), nn.Linear(2 * channels, channels)
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.depthwise(x).movedim(1, -1)
        y = F.layer_norm(y, y.shape[-1:]) if self.functional else self.norm(y)
        y = self.gamma * self.narrow(F.gelu(self.wide(y)))
        return x + y.movedim(-1, 1)


def channels_last(axes: int) -> Part:
    return lambda draw, channels: (ChannelsLast(axes, channels, draw.random() < 0.5), channels)


class Scale(nn.Module):
    """A layer of one's own: its parameters are called as torch's are, and it does several things."""

    def __init__(self, channels: int, axes: int) -> None:
        super().__init__()
        self.weight, self.bias = (nn.Parameter(torch.ones(channels, *[1] * axes)) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6) * self.weight + self.bias


class Conv2d(nn.Conv2d):
    """A class of one's own that is called like torch's."""


def own_layer(axes: int) -> Part:
    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        if axes == 2 and draw.random() < 0.5:
            return Conv2d(channels, 4, 3, padding=1), 4
        return Scale(channels, axes), channels

    return make


def by_parameters(axes: int) -> Part:
    """A convolution by its function, the weights the network's own."""

    def make(draw: Random, channels: int) -> tuple[nn.Module, int]:
        name = f"conv{axes}d"
        weight = nn.Parameter(torch.ones(4, channels, *[3] * axes))
        bias = nn.Parameter(torch.ones(4)) if draw.random() < 0.5 else None
        return Forward(lambda net, x: getattr(F, name)(x, net.weight, net.bias, padding=1), weight=weight, bias=bias), 4

    return make


def maps(axes: int) -> list[Part]:
    makers = (convolution, padded_convolution, transposed, normalisation, pool, resampling, shortcut, channels_last,
              own_layer, by_parameters)  # fmt: skip
    return [convolution(axes), normalisation(axes), activation, function, *[make(axes) for make in makers]]


# ---- sequences and vectors ---------------------------------------------------------------------------------------


def linear(draw: Random, width: int) -> tuple[nn.Module, int]:
    out = draw.choice([4, 8])
    return nn.Linear(width, out, bias=draw.random() < 0.5), out


def vector_norm(draw: Random, width: int) -> tuple[nn.Module, int]:
    return draw.choice([nn.LayerNorm(width), nn.LayerNorm(width, elementwise_affine=False), nn.RMSNorm(width)]), width


def recurrent(draw: Random, width: int) -> tuple[nn.Module, int]:
    kind = draw.choice([nn.LSTM, nn.GRU, nn.RNN])
    both, layers, bias = draw.random() < 0.5, draw.choice([1, 2]), draw.random() < 0.7
    layer = kind(width, 4, layers, batch_first=True, bidirectional=both, bias=bias)
    return Forward(lambda net, x: net.layer(x)[0], layer=layer), 8 if both else 4


PRODUCTS: Sequence[Callable[[torch.Tensor], torch.Tensor]] = (
    lambda x: x @ x.mT @ x, lambda x: torch.matmul(x, x.mT).matmul(x), lambda x: torch.bmm(torch.bmm(x, x.mT), x),
    lambda x: torch.einsum("bij,bkj->bik", x, x) @ x, lambda x: torch.einsum("bij,bij->bij", x, x),
    lambda x: F.scaled_dot_product_attention(x, x, x), lambda x: F.softmax(x @ x.mT, -1) @ x,
    lambda x: (x @ x.mT).softmax(-1) @ x, lambda x: torch.baddbmm(x, torch.bmm(x, x.mT), x),
)  # fmt: skip


def attention(draw: Random, width: int) -> tuple[nn.Module, int]:
    if draw.random() < 0.5:
        product = draw.choice(PRODUCTS)
        return Forward(lambda net, x: product(x)), width
    heads = nn.MultiheadAttention(width, 2, bias=draw.random() < 0.7, batch_first=True)
    with_scores = draw.random() < 0.5
    if with_scores:
        return Forward(lambda net, x: net.heads(x, x, x)[0], heads=heads), width
    return Forward(lambda net, x: net.heads(x, x, x, need_weights=False)[0], heads=heads), width


def weights(draw: Random, width: int) -> tuple[nn.Module, int]:
    """A product with the network's own parameter."""
    forwards: list[Callable[..., torch.Tensor]] = [
        lambda net, x: x @ net.weight, lambda net, x: torch.matmul(x, net.weight),
        lambda net, x: F.linear(x, net.weight.T),
    ]  # fmt: skip
    return Forward(draw.choice(forwards), weight=nn.Parameter(torch.ones(width, 4))), 4


def cell(draw: Random, width: int) -> tuple[nn.Module, int]:
    kind = draw.choice([nn.LSTMCell, nn.GRUCell, nn.RNNCell])
    layer = kind(width, 4, bias=draw.random() < 0.7)
    if kind is nn.LSTMCell:
        return Forward(lambda net, x: net.layer(x)[0], layer=layer), 4
    return Forward(lambda net, x: net.layer(x), layer=layer), 4


SEQUENCES: list[Part] = [linear, vector_norm, recurrent, attention, weights, activation, function]
VECTORS: list[Part] = [linear, vector_norm, weights, cell, activation, function]

KINDS: dict[str, tuple[Part, list[Part], Callable[[int], tuple[int, ...]]]] = {
    "signal": (convolution(1), maps(1), lambda channels: (channels, 24)),
    "image": (convolution(2), maps(2), lambda channels: (channels, 16, 12)),
    "volume": (convolution(3), maps(3), lambda channels: (channels, 8, 10, 12)),
    "sequence": (linear, SEQUENCES, lambda width: (6, width)),
    "vector": (linear, VECTORS, lambda width: (width,)),
}


def network(seed: int) -> tuple[nn.Module, torch.Tensor]:
    """A network of one of the kinds, and an input of one to three examples. The same seed gives the same."""
    draw = Random(seed)
    torch.manual_seed(seed)
    first, parts, size = KINDS[draw.choice(list(KINDS))]
    layer, channels = first(draw, 4)
    layers = [layer]
    for _ in range(draw.randint(2, 6)):
        layer, channels = draw.choice(parts)(draw, channels)
        layers.append(layer)
    images = torch.rand(draw.choice([1, 1, 2, 3]), *size(4))
    return nn.Sequential(*layers).eval(), images
