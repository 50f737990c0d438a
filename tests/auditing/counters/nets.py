"""One layer of each kind that counters disagree on, and small networks of the kinds that they trip over."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from tests.small_nets import Forward

PROBES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Conv2d(8, 16, 3)": (lambda: nn.Conv2d(8, 16, 3, padding=1), (8, 16, 16)),
    "Conv2d, no bias": (lambda: nn.Conv2d(8, 16, 3, padding=1, bias=False), (8, 16, 16)),
    "ConvTranspose2d(8, 16, 2, 2)": (lambda: nn.ConvTranspose2d(8, 16, 2, 2), (8, 16, 16)),
    "Linear(32, 16)": (lambda: nn.Linear(32, 16), (32,)),
    "Linear at 10 positions": (lambda: nn.Linear(32, 16), (10, 32)),
    "BatchNorm2d(8)": (lambda: nn.BatchNorm2d(8), (8, 16, 16)),
    "LayerNorm(32)": (lambda: nn.LayerNorm(32), (10, 32)),
    "ReLU": (nn.ReLU, (8, 16, 16)),
    "SiLU": (nn.SiLU, (8, 16, 16)),
    "Sigmoid": (nn.Sigmoid, (8, 16, 16)),
    "Softmax": (lambda: nn.Softmax(-1), (10, 32)),
    "MaxPool2d(3, 2)": (lambda: nn.MaxPool2d(3, 2, 1), (8, 16, 16)),
    "AvgPool2d(2)": (lambda: nn.AvgPool2d(2), (8, 16, 16)),
    "AdaptiveAvgPool2d(1)": (lambda: nn.AdaptiveAvgPool2d(1), (8, 16, 16)),
    "Upsample, nearest": (lambda: nn.Upsample(scale_factor=2), (8, 16, 16)),
    "LSTM(16, 24)": (lambda: nn.LSTM(16, 24, batch_first=True), (7, 16)),
}
"""Each with an input of one image or sequence, without the batch; every layer stands in a Sequential."""


class Attention(nn.Module):
    """Two transformer layers on patches: nn.MultiheadAttention, a class token, a position embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, 32))
        self.positions = nn.Parameter(torch.zeros(1, 17, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        y: torch.Tensor = self.head(self.norm(self.encoder(x))[:, 0])
        return y


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 24, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.head(self.lstm(x)[0][:, -1])
        return y


class Tied(nn.Module):
    """Two layers with one weight, one of them called twice, and a parameter of the network's own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(32, 32), nn.Linear(32, 32)
        self.second.weight = self.first.weight
        self.offset = nn.Parameter(torch.zeros(32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.second(self.first(self.second(x)) + self.offset)
        return y


class ChannelsFirst(nn.LayerNorm):
    """A normalisation over channels, which turns the axes before and after, as in ConvNeXt."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Encoder(nn.Module):
    """An encoding that all blocks of a stage hold, and they an activation, as in CoaT."""

    def __init__(self) -> None:
        super().__init__()
        shared, activation = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8)), nn.ReLU()
        block = partial(nn.ModuleDict, {"encoding": shared, "activation": activation})
        self.stem, self.blocks = nn.Conv2d(3, 8, 1), nn.ModuleList([block(), block(), block()])
        self.also = shared[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block["activation"](x + block["encoding"](x))
        made: torch.Tensor = self.also(x)
        return made


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "attention": (Attention, (3, 32, 32)),
    "recurrent": (Recurrent, (7, 16)),
    "tied": (Tied, (32,)),
    "a module that turns axes too": (lambda: nn.Sequential(nn.Conv2d(3, 8, 1), ChannelsFirst(8)), (3, 8, 8)),
    "modules under several names": (Encoder, (3, 16, 16)),
}


def _in_series(*layers: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*layers)


def _of(function: Callable[..., torch.Tensor], **modules: nn.Module | nn.Parameter) -> Callable[[], nn.Module]:
    """A network of one function of itself and its input."""
    return lambda: Forward(function, **modules)


def _parameter(*size: int) -> nn.Parameter:
    return nn.Parameter(torch.ones(*size))


def _pools(axes: int) -> list[nn.Module]:
    return [getattr(nn, f"{kind}Pool{axes}d")(size) for kind, size in (("Max", 2), ("Avg", 2), ("AdaptiveAvg", 1))]


CONV, LINEAR = nn.Conv2d(3, 8, 3), nn.Linear(8, 6)
KINDS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "one axis": (_in_series(nn.Conv1d(4, 8, 3), nn.BatchNorm1d(8), nn.ReLU(), *_pools(1)), (4, 34)),
    "three axes": (_in_series(nn.Conv3d(2, 4, 3), nn.BatchNorm3d(4), nn.ReLU(), *_pools(3)), (2, 10, 10, 10)),
    "ConvTranspose1d": (_in_series(nn.ConvTranspose1d(4, 8, 4, 2, 1)), (4, 32)),
    "ConvTranspose3d": (_in_series(nn.ConvTranspose3d(2, 4, 2, 2, bias=False)), (2, 4, 4, 4)),
    "ConvTranspose2d in groups": (_in_series(nn.ConvTranspose2d(4, 8, 3, 2, 1, 1, groups=2)), (4, 8, 8)),
    "padding by a word": (
        _in_series(nn.Conv2d(3, 8, 3, padding="same"), nn.Conv2d(8, 8, 3, padding="valid")), (3, 9, 9)
    ),
    "dilated, padding=same": (_in_series(nn.Conv2d(3, 8, 3, padding="same", dilation=2)), (3, 16, 16)),
    "in groups": (_in_series(nn.Conv2d(4, 8, 3, groups=2), nn.Conv2d(8, 8, 3, groups=8, bias=False)), (4, 8, 8)),
    "oblong pools": (_in_series(CONV, nn.MaxPool2d((2, 3)), nn.AvgPool2d((2, 1))), (3, 16, 16)),
    "pools to a size": (_in_series(CONV, nn.AdaptiveAvgPool2d(2), nn.AdaptiveMaxPool2d(1)), (3, 10, 10)),
    "weight_norm": (lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3))), (3, 8, 8)),
    "GroupNorm": (_in_series(nn.GroupNorm(2, 4)), (4, 8, 8)),
    "InstanceNorm2d": (_in_series(nn.InstanceNorm2d(4), nn.InstanceNorm2d(4, affine=True)), (4, 8, 8)),
    "BatchNorm1d of vectors": (_in_series(nn.Linear(8, 4), nn.BatchNorm1d(4)), (8,)),
    "activations": (_in_series(LINEAR, nn.GELU(), nn.SiLU(), nn.Hardswish(), nn.Tanh(), nn.ELU(), nn.LeakyReLU(),
                               nn.PReLU(), nn.ReLU6()), (5, 8)),
    "LocalResponseNorm": (_in_series(CONV, nn.LocalResponseNorm(5)), (3, 8, 8)),
    "PixelShuffle": (_in_series(CONV, nn.PixelShuffle(2)), (3, 8, 8)),
    "interpolated, one axis": (_in_series(nn.Upsample(scale_factor=2)), (4, 8)),
    "interpolated, three axes": (_in_series(nn.Upsample(scale_factor=2, mode="trilinear")), (4, 4, 4, 4)),
    "bilinear": (_in_series(nn.Upsample(scale_factor=2, mode="bilinear")), (4, 8, 8)),
    "bicubic": (_in_series(nn.Upsample(scale_factor=2, mode="bicubic")), (4, 8, 8)),
    "GRU": (_of(lambda net, x: net.gru(x)[0], gru=nn.GRU(8, 6, batch_first=True)), (5, 8)),
    "RNN": (_of(lambda net, x: net.rnn(x)[0], rnn=nn.RNN(8, 6, batch_first=True)), (5, 8)),
    "LSTM, no bias": (_of(lambda net, x: net.lstm(x)[0], lstm=nn.LSTM(8, 6, 2, bias=False, batch_first=True)), (5, 8)),
    "LSTMCell": (_of(lambda net, x: net.cell(x)[0], cell=nn.LSTMCell(8, 6)), (8,)),
    "GRUCell": (_of(lambda net, x: net.cell(x), cell=nn.GRUCell(8, 6)), (8,)),
    "RNNCell, no bias": (_of(lambda net, x: net.cell(x), cell=nn.RNNCell(8, 6, bias=False)), (8,)),
    "MultiheadAttention": (
        _of(lambda net, x: net.heads(x, x, x)[0], heads=nn.MultiheadAttention(8, 2, batch_first=True)), (5, 8)
    ),
    "Bilinear": (_of(lambda net, x: net.both(x, x), both=nn.Bilinear(8, 8, 3)), (8,)),
    "F.relu": (_of(lambda net, x: F.relu(net.conv(x)), conv=CONV), (3, 8, 8)),
    "F.max_pool2d": (_of(lambda net, x: F.avg_pool2d(F.max_pool2d(net.conv(x), 2), 2), conv=CONV), (3, 16, 16)),
    "F.adaptive_avg_pool2d": (_of(lambda net, x: F.adaptive_avg_pool2d(net.conv(x), 1), conv=CONV), (3, 16, 16)),
    "a mean": (_of(lambda net, x: net.conv(x).mean((2, 3)), conv=CONV), (3, 16, 16)),
    "F.conv2d": (_of(lambda net, x: F.conv2d(x, net.w, net.b), w=_parameter(4, 3, 3, 3), b=_parameter(4)), (3, 8, 8)),
    "F.linear": (_of(lambda net, x: F.linear(x, net.w, net.b), w=_parameter(4, 8), b=_parameter(4)), (5, 8)),
    "F.layer_norm": (_of(lambda net, x: F.layer_norm(net.linear(x), (6,)), linear=LINEAR), (5, 8)),
    "F.softmax": (_of(lambda net, x: F.softmax(net.linear(x), -1), linear=LINEAR), (5, 8)),
    "F.interpolate": (_of(lambda net, x: F.interpolate(net.conv(x), scale_factor=2), conv=CONV), (3, 8, 8)),
    "attention by hand": (
        _of(lambda net, x: F.softmax(net.linear(x) @ net.linear(x).mT, -1) @ x, linear=LINEAR), (5, 8)
    ),
    "bmm": (_of(lambda net, x: torch.bmm(net.linear(x), net.linear(x).mT), linear=LINEAR), (5, 8)),
    "x @ weight": (_of(lambda net, x: x @ net.w, w=_parameter(8, 6)), (5, 8)),
    "addmm": (_of(lambda net, x: torch.addmm(net.b, x, net.w), w=_parameter(8, 6), b=_parameter(6)), (8,)),
    "baddbmm": (_of(lambda net, x: torch.baddbmm(net.b, net.linear(x), net.linear(x).mT), linear=LINEAR,
                    b=_parameter(5)), (5, 8)),
    "scaled_dot_product_attention": (
        _of(lambda net, x: F.scaled_dot_product_attention(net.linear(x), net.linear(x), net.linear(x)), linear=LINEAR),
        (2, 5, 8),
    ),
}  # fmt: skip
"""Other ranks, functions instead of modules, recurrent layers and cells, products by hand."""
