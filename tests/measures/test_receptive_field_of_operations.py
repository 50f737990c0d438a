"""Receptive fields of small networks, one kind of operation each, against the extent of torch's gradient."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import archscope
from archscope.measures import Measured
from tests.conftest import EVERYTHING
from tests.measures.gradients import field_by_gradient

Tensor = torch.Tensor


class Of(nn.Module):
    """A network whose forward is a function of itself and its input."""

    def __init__(self, function: Callable[[Any, Tensor], Tensor], **parts: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def conv(inputs: int = 4, outputs: int = 4, kernel: int = 3, stride: int = 1, **options: Any) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, **options)


def between(*layers: nn.Module, inputs: int = 4, outputs: int = 4, stride: int = 2) -> nn.Module:
    """Between a convolution with a stride and one without."""
    return nn.Sequential(conv(3, inputs, 3, stride), *layers, conv(outputs, 4))


def through(function: Callable[[Tensor], Tensor], inputs: int = 4, outputs: int = 4) -> nn.Module:
    """A function between two convolutions."""
    return Of(lambda net, x: net.b(function(net.a(x))), a=conv(3, inputs), b=conv(outputs, 4))


class Unet(nn.Module):
    """Three levels, up again by `up`."""

    def __init__(self, up: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.a, self.b, self.c = conv(3), conv(), conv()
        self.up_b, self.up_a, self.down_b, self.down_a = up(), up(), conv(8), conv(8)

    def forward(self, x: Tensor) -> Tensor:
        a = self.a(x)
        b = self.b(F.max_pool2d(a, 2))
        c = self.c(F.max_pool2d(b, 2))
        b = self.down_b(torch.cat([self.up_b(c), b], 1))
        return self.down_a(torch.cat([self.up_a(b), a], 1))


def windows(net: Any, x: Tensor) -> Tensor:
    """Cut into windows of 8 x 8, a layer on each token, and put together again."""
    x = net.a(x)
    n, c, h, w = x.shape
    y = x.view(n, c, h // 8, 8, w // 8, 8).permute(0, 2, 4, 3, 5, 1).reshape(-1, 64, c)
    y = net.b(y).view(n, h // 8, w // 8, 8, 8, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)
    return net.c(y)


def window_attention(net: Any, x: Tensor) -> Tensor:
    """Attention within windows of 4 x 4, these shifted by two, as in Swin Transformer."""
    x = net.a(x).roll((-2, -2), (2, 3))
    n, c, h, w = x.shape
    y = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
    y = ((y @ y.transpose(-2, -1)).softmax(-1) @ y).view(n, h // 4, w // 4, 4, 4, c)
    return net.b(y.permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w).roll((2, 2), (2, 3)))


def window_products(x: Tensor) -> Tensor:
    """A matrix of each window of 2 x 2 by itself, whose rows see pixels that drift apart, and the window again."""
    n, c, h, w = x.shape
    y = x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(-1, 4, c)
    y = (y @ y.mT).softmax(-1) @ y
    return y.view(n, h // 2, w // 2, 2, 2, c).permute(0, 5, 1, 3, 2, 4).reshape(x.shape)


def levels(fine: Tensor, coarse: Tensor, layer: nn.Module) -> Tensor:
    """Tokens of two resolutions in one row."""
    y = torch.cat([fine.flatten(2), coarse.flatten(2)], 2)
    return y + layer(y.mT).mT


def tokens(net: Any, x: Tensor) -> Tensor:
    """To tokens, a layer norm and a linear layer on each, and back."""
    x = net.a(x)
    y = net.c(net.n(x.flatten(2).transpose(1, 2)))
    return net.b(y.transpose(1, 2).view_as(x))


def attention(x: Tensor) -> Tensor:
    """Of every place to all, added back."""
    y = x.flatten(2).transpose(1, 2)
    return x + ((y @ y.transpose(1, 2)).softmax(-1) @ y).transpose(1, 2).view_as(x)


def focus(net: Any, x: Tensor) -> Tensor:
    """Every second pixel of each kind to channels, as in YOLOv5."""
    parts = [x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]]
    return net.b(torch.cat(parts, 1))


def patch_merging(net: Any, x: Tensor) -> Tensor:
    """As in Swin Transformer, channels last."""
    x = net.a(x).permute(0, 2, 3, 1)
    parts = [x[:, i::2, j::2, :] for j in (0, 1) for i in (0, 1)]
    return net.c(torch.cat(parts, -1)).permute(0, 3, 1, 2)


def written_shift(net: Any, x: Tensor) -> Tensor:
    """Half of the channels moved by one pixel to each side, by slices."""
    x, y = net.a(x), torch.zeros_like(net.a(x))
    y[:, :2, 1:] = x[:, :2, :-1]
    y[:, 2:, :-1] = x[:, 2:, 1:]
    return net.b(y)


def two(**parts: nn.Module | nn.Parameter) -> dict[str, nn.Module | nn.Parameter]:
    return {"a": conv(3), "b": conv(), **parts}


def reversible(net: Any, x: Tensor) -> Tensor:
    """Two halves in turn, as in RevNet, of which the first is returned."""
    y = net.a(x)
    y = torch.cat([y, y], 1)
    for layer in (net.b, net.c):
        one, other = y.chunk(2, 1)
        one = one + layer(other)
        y = torch.cat([one, other + layer(one)], 1)
    return y.chunk(2, 1)[0]


def patches(x: Tensor) -> Tensor:
    return F.fold(F.unfold(x, 4, stride=2, padding=1), x.shape[2:], 4, stride=2, padding=1)


def narrow_of(cut: Callable[[Tensor], Tensor]) -> nn.Module:
    """A part of the channels of a narrow branch beside a wide one."""
    return Of(lambda net, x: net.c(cut(torch.cat([net.a(x), net.b(x)], 1))), a=conv(3), b=conv(3, 4, 7), c=conv())


def stacked(cut: Callable[[Tensor], Tensor], dim: int = 1) -> nn.Module:
    return Of(lambda net, x: net.c(cut(torch.stack([net.a(x), net.b(x)], dim))), a=conv(3), b=conv(3, 4, 7), c=conv())


LOCAL: dict[str, nn.Module] = {
    "strides, dilation, padding": nn.Sequential(
        nn.Conv2d(3, 4, (3, 5), (2, 3), 1), nn.Conv2d(4, 4, 3, 2, 4, 2), conv()
    ),
    "padding same, even kernel": nn.Sequential(nn.Conv2d(3, 4, 4, padding="same"), conv(4, 4, 3, 2)),
    "reflect padding": nn.Sequential(conv(3, 4, 5, padding_mode="reflect"), conv()),
    "groups and depthwise": nn.Sequential(conv(3), conv(groups=2), conv(groups=4)),
    "pooling with ceil_mode": nn.Sequential(
        nn.MaxPool2d(3, 2, ceil_mode=True), conv(3), nn.AvgPool2d(2, ceil_mode=True)
    ),
    "pooling with overlap": between(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 1, 1)),
    "dilated pooling": between(nn.MaxPool2d(2, 1, dilation=3)),
    "power-average pooling": between(nn.LPPool2d(2, 3, 2)),
    "adaptive pooling that divides": between(nn.AdaptiveAvgPool2d(16)),
    "adaptive pooling that overlaps": between(nn.AdaptiveMaxPool2d(20)),
    "adaptive pooling of the same size": between(nn.AdaptiveAvgPool2d(32)),
    "adaptive pooling to more": between(nn.AdaptiveAvgPool2d(48)),
    "transposed 2, stride 2": between(nn.ConvTranspose2d(4, 4, 2, 2)),
    "transposed 3, stride 2": between(nn.ConvTranspose2d(4, 4, 3, 2, 1, 1)),
    "transposed 4, stride 2": between(nn.ConvTranspose2d(4, 4, 4, 2, 1)),
    "transposed 7, stride 3": between(nn.ConvTranspose2d(4, 4, 7, 3, 2)),
    "transposed with holes": between(nn.ConvTranspose2d(4, 4, 1, 2)),
    "transposed, dilated": between(nn.ConvTranspose2d(4, 4, 3, 2, 1, dilation=3)),
    "transposed twice": between(nn.ConvTranspose2d(4, 4, 3, 2, 1), nn.ConvTranspose2d(4, 4, 4, 2, 1)),
    "transposed, then a stride": between(nn.ConvTranspose2d(4, 4, 5, 2, 1), conv(4, 4, 3, 3)),
    "nearest, twice": between(nn.Upsample(scale_factor=2)),
    "nearest, thrice": between(nn.Upsample(scale_factor=3)),
    "nearest to a size": between(nn.Upsample((40, 48))),
    "nearest-exact to a size": between(nn.Upsample((40, 48), mode="nearest-exact")),
    "nearest down": between(nn.Upsample(scale_factor=0.5)),
    "bilinear, twice": between(nn.Upsample(scale_factor=2, mode="bilinear")),
    "bilinear, four times": between(nn.Upsample(scale_factor=4, mode="bilinear")),
    "bilinear with corners": between(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)),
    "bilinear down with corners": through(
        lambda x: F.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=True)
    ),
    "bilinear to a size": between(nn.Upsample((40, 56), mode="bilinear")),
    "bilinear down": through(lambda x: F.interpolate(x, scale_factor=0.25, mode="bilinear")),
    "bilinear down, antialiased": through(lambda x: F.interpolate(x, (16, 16), mode="bilinear", antialias=True)),
    "bicubic": between(nn.Upsample(scale_factor=2, mode="bicubic")),
    "bicubic down, antialiased": through(lambda x: F.interpolate(x, (16, 16), mode="bicubic", antialias=True)),
    "area": through(lambda x: F.interpolate(x, (24, 24), mode="area")),
    "U-Net, transposed 2": Unet(lambda: nn.ConvTranspose2d(4, 4, 2, 2)),
    "U-Net, transposed 4": Unet(lambda: nn.ConvTranspose2d(4, 4, 4, 2, 1)),
    "U-Net, bilinear": Unet(lambda: nn.Upsample(scale_factor=2, mode="bilinear")),
    "pixel shuffle": between(nn.PixelShuffle(2), inputs=16),
    "pixel unshuffle": between(nn.PixelUnshuffle(2), outputs=16),
    "pixel unshuffle, then grouped": nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(48, 48, 3, padding=1, groups=3)),
    "pixel unshuffle at the end": nn.Sequential(conv(3), nn.PixelUnshuffle(2)),
    "unshuffled and shuffled back": between(nn.PixelUnshuffle(2), nn.PixelShuffle(2)),
    "channel shuffle": between(nn.ChannelShuffle(2)),
    "channel shuffle by views": through(lambda x: x.view(-1, 2, 2, *x.shape[2:]).transpose(1, 2).reshape(x.shape)),
    "axes exchanged": Of(
        lambda net, x: net.b(net.a(x).transpose(2, 3)),
        a=nn.Conv2d(3, 4, (3, 1), padding=(1, 0)),
        b=nn.Conv2d(4, 4, (5, 1), padding=(2, 0)),
    ),
    "axes moved": Of(
        lambda net, x: net.b(net.a(x).movedim(-1, 2)),
        a=nn.Conv2d(3, 4, (3, 1), padding=(1, 0)),
        b=nn.Conv2d(4, 4, (5, 1), padding=(2, 0)),
    ),
    "axes exchanged by an attribute": Of(
        lambda net, x: net.b(net.a(x).mT),
        a=nn.Conv2d(3, 4, (3, 1), padding=(1, 0)),
        b=nn.Conv2d(4, 4, (5, 1), padding=(2, 0)),
    ),
    "a matrix turned by attributes": through(lambda x: x[0].flatten(1).T.H.adjoint().mT.view(1, 4, 64, 64)),
    "a quarter turn": Of(
        lambda net, x: net.b(net.a(x).rot90(1, (2, 3))),
        a=nn.Conv2d(3, 4, (3, 1), padding=(1, 0)),
        b=nn.Conv2d(4, 4, (5, 1), padding=(2, 0)),
    ),
    "complex numbers and back": through(
        lambda x: (
            torch.view_as_real(torch.view_as_complex(x.movedim(1, -1).unflatten(-1, (2, 2)).contiguous()))
            .flatten(-2)
            .movedim(-1, 1)
        )
    ),
    "channels by a list": through(lambda x: x[:, [3, 1, 0, 2]] + x[:, torch.tensor([2, 3, 1, 0])]),
    "rows by a list": through(lambda x: x[..., list(range(1, 60, 3)), :]),
    "neighbours' differences": through(lambda x: x.diff(n=2, dim=2)),
    "stacked sideways": through(lambda x: torch.hstack([x, x.roll(2, 3)]), outputs=8),
    "tensordot over channels": Of(
        lambda net, x: net.b(torch.tensordot(net.a(x), net.w, ([1], [0])).movedim(-1, 1)),
        **two(w=nn.Parameter(torch.ones(4, 4))),
    ),
    "inner product over channels": Of(
        lambda net, x: net.b(torch.inner(net.a(x).movedim(1, -1), net.w).movedim(-1, 1)),
        **two(w=nn.Parameter(torch.ones(4, 4))),
    ),
    "vecdot over channels": Of(
        lambda net, x: net.b(torch.linalg.vecdot(net.a(x), net.w, dim=1).unsqueeze(1)),
        a=conv(3),
        b=conv(1),
        w=nn.Parameter(torch.ones(4, 1, 1)),
    ),
    "bilinear of two branches": Of(
        lambda net, x: net.d(net.l(net.a(x).movedim(1, -1), net.b(x).movedim(1, -1)).movedim(-1, 1)),
        a=conv(3),
        b=conv(3, 5, 7),
        d=conv(2),
        l=nn.Bilinear(4, 5, 2),
    ),
    "a recurrent cell at each place": Of(
        lambda net, x: net.b(net.l(net.a(x).movedim(1, -1).reshape(-1, 4))[0].view(1, 64, 64, 4).movedim(-1, 1)),
        **two(l=nn.LSTMCell(4, 4)),
    ),
    "channels last and back": Of(
        lambda net, x: net.b(net.c(net.n(net.a(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)),
        **two(c=nn.Linear(4, 4), n=nn.LayerNorm(4)),
    ),
    "tokens and back": Of(tokens, **two(c=nn.Linear(4, 4), n=nn.LayerNorm(4))),
    "windows and back": Of(windows, **two(c=conv()) | {"b": nn.Linear(4, 4)}),
    "attention in windows": Of(window_attention, **two()),
    "patch merging": Of(patch_merging, a=conv(3), c=nn.Linear(16, 4)),
    "focus": Of(focus, b=conv(12)),
    "patches by unfold": Of(
        lambda net, x: net.b(F.unfold(net.a(x), 4, stride=4).view(1, 64, 16, 16)), a=conv(3), b=conv(64)
    ),
    "patches folded": through(patches),
    "windows of an axis": Of(lambda net, x: net.b(net.a(x).unfold(2, 3, 2).mean(-1)), **two()),
    "rolled and added": through(lambda x: x + torch.roll(x, 3, 2)),
    "rolled along both": through(lambda x: x + torch.roll(x, (3, -5), (2, 3))),
    "flipped and back": Of(lambda net, x: net.b(net.a(x).flip(2)).flip(2), **two()),
    "flipped, moved, back": Of(lambda net, x: net.a(x) + F.pad(net.a(x).flip(3), (2, 0))[..., :-2].flip(3), a=conv(3)),
    "slices added": through(lambda x: x[:, :, 4:] + x[:, :, :-4]),
    "every third": through(lambda x: x[..., ::3, 1::2]),
    "narrow and select": through(lambda x: x.narrow(2, 3, 40) + x[:, 1].unsqueeze(1)[:, :, 8:48]),
    "halves of channels": through(lambda x: torch.mul(*x.chunk(2, 1)), outputs=2),
    "the narrow branch of a concatenation": Of(
        lambda net, x: torch.cat([net.a(x), net.b(x)], 1)[:, :4], a=conv(3), b=conv(3, 4, 7)
    ),
    "the wide branch, normalised and pooled": Of(
        lambda net, x: F.avg_pool2d(net.n(torch.cat([net.a(x), net.b(x)], 1)), 2).chunk(2, 1)[1],
        a=conv(3),
        b=conv(3, 4, 7),
        n=nn.BatchNorm2d(8),
    ),
    "a slice over both branches": Of(
        lambda net, x: torch.cat([net.a(x), net.b(x)], 1)[:, 3:5], a=conv(3), b=conv(3, 4, 7)
    ),
    "cut channels last": narrow_of(lambda y: y.permute(0, 2, 3, 1)[..., :4].permute(0, 3, 1, 2)),
    "cut as an axis of its own": narrow_of(lambda y: y.view(1, 2, 4, 64, 64)[:, 0]),
    "cut as tokens": narrow_of(
        lambda y: y.flatten(2).transpose(1, 2).chunk(2, -1)[0].transpose(1, 2).reshape(1, 4, 64, 64)
    ),
    "cut after a flip": narrow_of(lambda y: y.flip(1)[:, 4:]),
    "cut by a list": narrow_of(lambda y: y[:, [3, 2, 0, 1]]),
    "shuffled twice, as in ShuffleNet V2": narrow_of(
        lambda y: F.channel_shuffle(
            torch.cat([F.channel_shuffle(y, 2).chunk(2, 1)[0], F.avg_pool2d(y[:, 4:], 3, 1, 1)], 1), 2
        )[:, 2:6]
    ),
    "one of a stack": stacked(lambda y: y[:, 0]),
    "two halves woven into one": through(lambda x: torch.stack([x[..., ::2], x[..., 1::2]], -1).flatten(-2)),
    "two concatenations added, then cut": Of(
        lambda net, x: (
            torch.cat([net.a(x), net.b(x)], 1) + torch.cat([net.a(x), x.roll(9, 2)[:, :1].expand(1, 4, 64, 64)], 1)
        ).split(4, 1)[0],
        a=conv(3),
        b=conv(3, 4, 7),
    ),
    "branches shuffled, then cut": Of(
        lambda net, x: net.c(F.channel_shuffle(torch.cat([net.a(x), net.b(x)], 1), 2).chunk(2, 1)[1]),
        a=conv(3),
        b=conv(3, 4, 7),
        c=conv(),
    ),
    "reversible": Of(reversible, **two(c=conv())),
    "gated linear unit": through(lambda x: F.glu(x, 1), outputs=2),
    "rows in two parts and together": through(lambda x: torch.cat(x.split([20, 44], 2), 2)),
    "wide rows under narrow ones": Of(
        lambda net, x: torch.cat([net.a(x), net.b(x)], 2).relu(), a=conv(3), b=conv(3, 4, 7)
    ),
    "levels in a row of tokens, a layer on each, added back": Of(
        lambda net, x: levels(net.a(x), net.b(x), net.c).unsqueeze(-1),
        a=conv(3, 4, 7, 2),
        b=conv(3, 4, 3, 4),
        c=nn.Linear(4, 4),
    ),
    "rows under zeros": through(lambda x: torch.cat([x.new_zeros(1, 4, 3, 64), x], 2)),
    "largest of all channels, before any convolution": Of(
        lambda net, x: net.b(F.max_pool1d(x.flatten(2).mT, 3).mT.reshape(1, 1, 64, 64)), b=conv(1)
    ),
    "a part of the rows": through(lambda x: x.chunk(2, 2)[1]),
    "padding to one side": Of(
        lambda net, x: net.b(F.pad(net.a(x), (2, 0, 0, 3))) + F.pad(x.mean(1, True), (2, 0, 0, 3)), **two()
    ),
    "branches of other offsets": Of(
        lambda net, x: torch.cat([net.a(F.pad(x, (2, 0, 2, 0))), net.b(F.pad(x, (0, 2, 0, 2)))], 1),
        a=nn.Conv2d(3, 4, 3),
        b=nn.Conv2d(3, 4, 3),
    ),
    "unequal branches": Of(
        lambda net, x: torch.cat([net.a(x), net.b(x), F.avg_pool2d(x, 2)], 1),
        a=conv(3, 4, 7, 2),
        b=nn.Conv2d(3, 4, 3, 2, 2, 2),
    ),
    "stacked and summed": through(lambda x: torch.stack([x, x.roll(2, 3)], 1).sum(1)),
    "repeated elements": through(lambda x: x.repeat_interleave(2, 2)),
    "repeated by expanding": through(
        lambda x: x[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2).reshape(1, 4, 128, 128)
    ),
    "channels last, of which some see more": Of(
        lambda net, x: torch.cat([net.a(x).movedim(1, -1), x.roll(3, 2).movedim(1, -1)], -1).movedim(-1, 1), a=conv(3)
    ),
    "channels last to the end, some of them constants": Of(
        lambda net, x: (
            torch.cat([net.a(x), torch.ones_like(x[:, :1]), x.roll(3, 2)], 1).movedim(1, -1).relu().movedim(-1, 1)
        ),
        a=conv(3),
    ),
    "stacked row by row, each of another phase": Of(
        lambda net, x: torch.stack([net.b(row) for row in F.interpolate(net.a(x), 96, mode="area").unbind(2)], 2),
        a=conv(3),
        b=nn.Conv1d(4, 4, 3),
    ),
    "matrices of unlike rows in between": through(
        lambda x: window_products(F.interpolate(x, scale_factor=2, mode="bilinear"))
    ),
    "written into parts": Of(written_shift, **two()),
    "channel attention of a place": through(lambda x: x * x.mean(1, keepdim=True).sigmoid()),
    "softmax over channels": through(lambda x: x.softmax(1)),
    "norms over channels": between(nn.LocalResponseNorm(3), nn.BatchNorm2d(4)),
    "einsum over channels": Of(
        lambda net, x: net.b(torch.einsum("nchw,kc->nkhw", net.a(x), net.w)), **two(w=nn.Parameter(torch.ones(4, 4)))
    ),
    "linear over channels by matmul": Of(
        lambda net, x: net.b((net.w @ net.a(x).flatten(2)).view(1, 4, 64, 64)), **two(w=nn.Parameter(torch.ones(4, 4)))
    ),
}

if EVERYTHING:
    LOCAL |= {
        "cut after repeating": narrow_of(lambda y: y.repeat(1, 2, 1, 1)[:, 8:12]),
        "cut after a softmax over both": narrow_of(lambda y: y.softmax(1)[:, :4]),
        "cut from the mean of each": narrow_of(lambda y: y.view(1, 2, 4, 64, 64).mean(2)[:, :1].expand(-1, 4, -1, -1)),
        "cut after a grouped convolution": Of(
            lambda net, x: net.c(torch.cat([net.a(x), net.b(x)], 1))[:, :2],
            a=conv(3),
            b=conv(3, 4, 7),
            c=conv(8, 4, groups=2),
        ),
        "one of a stack behind": stacked(lambda y: y.unbind(-1)[0], -1),
        "two images of a batch": Of(
            lambda net, x: net.c(torch.cat([net.a(x), net.b(x)])).chunk(2)[0], a=conv(3), b=conv(3, 4, 7), c=conv()
        ),
    }

GLOBAL: dict[str, nn.Module] = {
    "attention": through(attention),
    "scaled dot-product attention": through(
        lambda x: x + F.scaled_dot_product_attention(*[x.flatten(2).transpose(1, 2)] * 3).transpose(1, 2).view_as(x)
    ),
    "a gate of the whole image": Of(
        lambda net, x: net.b(net.a(x) * torch.sigmoid(net.c(F.adaptive_avg_pool2d(net.a(x), 1)))),
        **two(c=nn.Conv2d(4, 4, 1)),
    ),
    "a mean added": through(lambda x: x + x.mean((2, 3), keepdim=True)),
    "a Fourier transform": through(lambda x: x + torch.fft.fft2(x).real),
    "a real Fourier transform and back": through(lambda x: torch.fft.irfft2(torch.fft.rfft2(x) * 2)),
    "softmax over places": through(lambda x: x * x.flatten(2).softmax(-1).view_as(x)),
    "group normalisation": between(nn.GroupNorm(2, 4)),
    "instance normalisation": between(nn.InstanceNorm2d(4)),
    "layer normalisation of the image": between(nn.LayerNorm([4, 32, 32])),
    "batch normalisation without statistics": between(nn.BatchNorm2d(4, track_running_stats=False)),
    "a mirrored image added": through(lambda x: x + x.flip(3)),
    "a recurrent layer along the rows": Of(
        lambda net, x: net.r(net.a(x).permute(0, 2, 3, 1)[0])[0].permute(2, 0, 1)[None],
        a=conv(3),
        r=nn.GRU(4, 2, batch_first=True, bidirectional=True),
    ),
    "a linear layer over places": Of(
        lambda net, x: net.b(x.mean(1, True) + net.c(net.a(x).flatten(2)).view(1, 4, 64, 64)),
        **two(c=nn.Linear(4096, 4096, bias=False)),
    ),
    "one axis pooled": through(lambda x: x * x.mean(2, keepdim=True)),
    "pyramid pooling": through(
        lambda x: torch.cat([x, F.interpolate(F.adaptive_avg_pool2d(x, 1), x.shape[2:])], 1), outputs=8
    ),
    "through a bottleneck": Of(
        lambda net, x: net.b(net.c(net.a(x).flatten(1)).view(1, 4, 8, 8)), **two(c=nn.Linear(4 * 64 * 64, 256))
    ),
}


UNKNOWN: dict[str, nn.Module] = {
    "sampled where a grid says": through(
        lambda x: F.grid_sample(x, torch.zeros(1, 64, 64, 2, dtype=x.dtype, device=x.device), align_corners=False)
    ),
    "rows that a tensor names": through(lambda x: x[:, :, torch.arange(0, 64, 2)]),
    "the largest places of each channel": Of(lambda net, x: net.a(x).flatten(2).topk(5)[0], a=conv(3)),
    "rolled by half the image": through(lambda x: torch.fft.fftshift(x, (2, 3)) + x.roll((32, 32), (2, 3))),
    "windows over stacked rows of unlike phases": Of(
        lambda net, x: net.b(torch.stack(list(F.interpolate(net.a(x), 96, mode="area").unbind(2)), 2)), **two()
    ),
    "two orders of rows added": Of(
        lambda net, x: torch.cat([net.a(x), net.b(x)], 2) + torch.cat([net.b(x), net.a(x)], 2),
        a=conv(3),
        b=conv(3, 4, 7),
    ),
    "a window over pieces in a row": Of(
        lambda net, x: net.c(torch.cat([net.a(x), net.b(x)], 2)), a=conv(3), b=conv(3, 4, 7), c=conv()
    ),
    "memory by strides": through(lambda x: x.as_strided((1, 4, 32, 64), (4 * 64 * 64, 64 * 64, 128, 1))),
    "sorted channels of branches, cut": narrow_of(lambda y: y.sort(1)[0][:, :4]),
    "other pixels written into some rows": Of(
        lambda net, x: net.b(torch.slice_scatter(net.a(x), net.a(x).roll(9, 3)[:, :, :20], 2, 0, 20)), **two()
    ),
}
"""What no rule tells: never the number of what came before."""


def total(module: nn.Module, size: tuple[int, ...]) -> Any:
    columns = Measured(archscope.trace(module, size))
    return columns["receptive_field"].total, columns["receptive_field_scope"].total["is"]


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("name", LOCAL)
def test_equals_the_gradients_extent(name: str) -> None:
    found, scope = total(LOCAL[name], (3, 64, 64))

    assert scope == "local"
    assert found["size"] == field_by_gradient(LOCAL[name], (3, 64, 64))


@pytest.mark.parametrize("name", GLOBAL)
def test_is_said_to_be_global(name: str) -> None:
    assert total(GLOBAL[name], (3, 64, 64)) == (None, "global")
    assert 64 in field_by_gradient(GLOBAL[name], (3, 64, 64), 32 if "mirrored" in name else 1)


@pytest.mark.parametrize("name", UNKNOWN)
def test_is_said_to_be_unknown(name: str) -> None:
    assert total(UNKNOWN[name], (3, 64, 64)) == (None, "unknown")


LINES: dict[str, nn.Module] = {
    "convolutions": nn.Sequential(nn.Conv1d(3, 4, 3, 2), nn.MaxPool1d(3, 2), nn.Conv1d(4, 4, 5, dilation=2)),
    "transposed": nn.Sequential(nn.Conv1d(3, 4, 4, 2, 1), nn.ConvTranspose1d(4, 4, 4, 2, 1), nn.Conv1d(4, 4, 3)),
    "linear": nn.Sequential(nn.Conv1d(3, 4, 5, 3), nn.Upsample(scale_factor=3, mode="linear"), nn.Conv1d(4, 4, 3)),
    "causal": Of(
        lambda net, x: net.b(F.pad(net.a(F.pad(x, (2, 0))), (4, 0))),
        a=nn.Conv1d(3, 4, 3),
        b=nn.Conv1d(4, 4, 3, dilation=2),
    ),
}
LINES["tokens between two constants"] = Of(
    lambda net, x: net.n(torch.cat([net.first, net.a(x).transpose(1, 2), net.last], 1)).transpose(1, 2),
    a=nn.Conv1d(3, 4, 4, 4),
    n=nn.LayerNorm(4),
    first=nn.Parameter(torch.zeros(1, 1, 4)),
    last=nn.Parameter(torch.zeros(1, 5, 4)),
)
LINES["tokens of two branches and a constant"] = Of(
    lambda net, x: net.n(torch.cat([net.a(x), x.roll(3, 2), torch.ones_like(x)], 1).transpose(1, 2)).transpose(1, 2),
    a=nn.Conv1d(3, 4, 3, padding=1),
    n=nn.LayerNorm(10),
)
LAYOUTS: dict[str, tuple[tuple[int, ...], Callable[[Tensor], Tensor]]] = {
    "an image without a batch": ((3, 64, 64), lambda x: x),
    "channels last": ((1, 64, 64, 3), lambda x: x.permute(0, 3, 1, 2)),
    "channels last, without a batch": ((64, 64, 3), lambda x: x.movedim(-1, 0)[None]),
    "no channels": ((1, 64, 64), lambda x: x.unsqueeze(1).expand(-1, 3, -1, -1)),
    "a clip as a batch": ((1, 4, 3, 64, 64), lambda x: x.flatten(0, 1)),
    "two images, normalised": ((2, 3, 64, 64), lambda x: (x - 0.5) / 0.2),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_pixels_are_what_the_first_window_slides_along(name: str) -> None:
    size, to_images = LAYOUTS[name]
    body = nn.Sequential(conv(3, 4, 3, 2), nn.Conv2d(4, 4, (3, 5)))
    columns = Measured(archscope.trace(Of(lambda net, x: net.body(to_images(x)), body=body), inputs=torch.rand(size)))
    assert columns["receptive_field"].total["size"] == field_by_gradient(body, (3, 64, 64))


def test_steps_of_a_sequence_are_pixels_where_a_window_slides_along_them() -> None:
    body = nn.Sequential(nn.Conv1d(9, 4, 3, 2), nn.Conv1d(4, 4, 5))
    found, scope = total(Of(lambda net, x: net.body(x.transpose(1, 2)), body=body), (64, 9))
    assert (found["size"], scope) == (field_by_gradient(body, (9, 64)), "local")


CLIPS: dict[str, nn.Module] = {
    "convolutions": nn.Sequential(
        nn.Conv3d(3, 4, (3, 5, 3), (1, 2, 2), 1), nn.MaxPool3d(2), nn.Conv3d(4, 4, 3, padding=1)
    ),
    "trilinear": nn.Sequential(
        nn.Conv3d(3, 4, 3, 2, 1), nn.Upsample(scale_factor=2, mode="trilinear"), nn.Conv3d(4, 4, 3, padding=1)
    ),
    "transposed": nn.Sequential(nn.Conv3d(3, 4, 3, 2, 1), nn.ConvTranspose3d(4, 4, (2, 3, 4), 2, 1)),
    "images of a clip": Of(
        lambda net, x: net.b(net.a(x.transpose(1, 2).flatten(0, 1)).view(1, -1, 4, 20, 20).transpose(1, 2)),
        a=conv(3),
        b=nn.Conv3d(4, 4, (3, 1, 1), padding=(1, 0, 0)),
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_one_axis(name: str) -> None:
    assert total(LINES[name], (3, 64))[0]["size"] == field_by_gradient(LINES[name], (3, 64))


@pytest.mark.parametrize("name", CLIPS)
def test_three_axes(name: str) -> None:
    assert total(CLIPS[name], (3, 20, 20, 20))[0]["size"] == field_by_gradient(CLIPS[name], (3, 20, 20, 20), 3)


def test_rows_in_a_row_are_as_far_from_each_other_as_in_the_image() -> None:
    """A convolution along flattened rows: its neighbours lie beside it, but for a row's end."""
    flat = {"a": nn.Conv2d(3, 4, 3, 2, 1), "b": nn.Conv1d(4, 4, 3, padding=1)}
    found, _ = total(Of(lambda net, x: net.b(net.a(x).flatten(2)), **flat), (3, 64, 64))
    assert found["stride"] == [0, 2]

    found, _ = total(Of(lambda net, x: net.b(net.a(x).flatten(2)).view(1, 4, 32, 32), **flat), (3, 64, 64))
    assert found["stride"] == [2, 2]
