"""Two ways to write one function have one normal form; what looks alike and is none has not."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.differences import compare
from archscope.differences.normal import normal_form
from archscope.differences.steps import unshared

Function = Callable[[torch.Tensor], torch.Tensor]


class Net(nn.Module):
    """A convolution, then a function of what it gives, without its own parameters unless `layers` hold them."""

    def __init__(self, function: Function, *layers: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.layers = nn.ModuleList(layers)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.conv(x), *self.layers)


def verdict(a: Net, b: Net) -> str:
    return compare(*(archscope.summarize(net, (3, 16, 16)) for net in (a, b))).verdict


def conv(**window) -> nn.Module:
    return nn.Conv2d(8, 8, 3, **window)


def first_a(x: torch.Tensor, a: nn.Module, b: nn.Module) -> torch.Tensor:
    y = a(x)
    return y + b(x)


def first_b(x: torch.Tensor, a: nn.Module, b: nn.Module) -> torch.Tensor:
    y = b(x)
    return y + a(x)


def made_early(x: torch.Tensor, norm: nn.LayerNorm, layer: nn.Module) -> torch.Tensor:
    weight = norm.weight.exp()[:, None, None]
    return layer(x) * weight


def made_late(x: torch.Tensor, norm: nn.LayerNorm, layer: nn.Module) -> torch.Tensor:
    return layer(x) * norm.weight.exp()[:, None, None]


def normalised(x: torch.Tensor, power: float = 2.0, axis: int = 1, eps: float = 1e-5) -> torch.Tensor:
    """As exporters of older sets of ONNX's operators write layer normalisation."""
    deviation = x - x.mean(axis, keepdim=True)
    return deviation / (deviation.pow(power).mean(axis, keepdim=True) + eps).sqrt()


def of_two_differences(x: torch.Tensor, norm: nn.LayerNorm) -> torch.Tensor:
    mean = x.mean(1, keepdim=True)
    variance = (x - mean).pow(2).mean(1, keepdim=True)
    return norm.weight[:, None, None] * ((x - mean) / torch.sqrt(variance + 1e-5)) + norm.bias[:, None, None]


def deviation(x: torch.Tensor, fewer: int = 1, axes: tuple[int, int] = (2, 3)) -> torch.Tensor:
    return ((x - x.mean(axes, keepdim=True)) ** 2).mean(axes).mul(256).div(256 - fewer).sqrt()


def responses(x: torch.Tensor, size: int = 5, padded: int = 2) -> torch.Tensor:
    """As ports of Caffe's layer have it."""
    pool = nn.AvgPool3d((size, 1, 1), stride=1, padding=(padded, 0, 0))
    return x.div(pool(x.pow(2).unsqueeze(1)).squeeze(1).mul(1e-3).add(2.0).pow(0.75))


def channels_last(x: torch.Tensor, norm: nn.LayerNorm) -> torch.Tensor:
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def channels_first(x: torch.Tensor, norm: nn.LayerNorm) -> torch.Tensor:
    deviation = x - x.mean(1, keepdim=True)
    root = torch.rsqrt((deviation * deviation).mean(1, keepdim=True) + 1e-5)
    return norm.weight[:, None, None] * (root * deviation) + norm.bias[:, None, None]


def attended(x: torch.Tensor, mask: nn.Linear) -> torch.Tensor:
    return F.scaled_dot_product_attention(x, x, x, attn_mask=mask(mask.weight))


def attended_by_hand(x: torch.Tensor, mask: nn.Linear) -> torch.Tensor:
    scores = (x * 0.5) @ (x.mT * 0.5) + mask(mask.weight)
    return scores.softmax(-1) @ x


def attended_one_by_one(x: torch.Tensor) -> torch.Tensor:
    """As heads that are flattened into the batch."""
    return torch.bmm(torch.bmm(x * 0.25, x.mT).softmax(-1), x)[None]


class Depth(nn.Module):
    """Stochastic depth in evaluation."""

    def __init__(self, drop_prob: float = 0.1) -> None:
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def written(made: torch.Tensor, value: float) -> torch.Tensor:
    made[3:] = value
    return made


def rewritten(x: torch.Tensor) -> torch.Tensor:
    """Through a view of it."""
    x.flatten(1)[:, 4:].add_(1)
    return x


EQUAL: dict[str, tuple[Net, Net]] = {
    "gelu": (Net(F.gelu), Net(lambda x: 0.5 * (x * (1 + torch.erf(x / 2**0.5))))),
    "gelu by tanh": (
        Net(nn.GELU(approximate="tanh")),
        Net(lambda x: 0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x**3)))),
    ),
    "gelu by tanh, of a square": (
        Net(nn.GELU(approximate="tanh")),
        Net(lambda x: x * (0.5 * (1 + torch.tanh(x * 0.7978845608 * (1 + 0.044715 * x * x))))),
    ),
    "layer normalisation": (Net(lambda x: F.layer_norm(x, (16,))), Net(lambda x: normalised(x, axis=-1))),
    "layer normalisation of channels": (Net(channels_last, nn.LayerNorm(8)), Net(channels_first, nn.LayerNorm(8))),
    "layer normalisation by its variance": (
        Net(lambda x: F.layer_norm(x, (16,))),
        Net(lambda x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()),
    ),
    "layer normalisation as ConvNeXt has it": (
        Net(channels_last, nn.LayerNorm(8)), Net(of_two_differences, nn.LayerNorm(8)),
    ),
    "layer normalisation by variance and mean": (
        Net(lambda x: F.layer_norm(x, (16,), eps=1e-3)),
        Net(lambda x: (x - (v := torch.var_mean(x, -1, keepdim=True, unbiased=False))[1]) * (v[0] + 1e-3).rsqrt()),
    ),
    "root mean square": (
        Net(lambda x, norm: norm(x), nn.RMSNorm(16, 1e-5)),
        Net(lambda x, norm: norm.weight * (x * (x.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt()), nn.RMSNorm(16)),
    ),
    "root mean square, eps first": (
        Net(lambda x: F.rms_norm(x, (16,), eps=1e-5)),
        Net(lambda x: x / (1e-5 + x.pow(2).mean(-1, keepdim=True)).sqrt()),
    ),
    "root mean square of channels": (
        Net(lambda x, norm: norm(x.movedim(1, -1)).movedim(-1, 1), nn.RMSNorm(8, 1e-5)),
        Net(
            lambda x, norm: x / ((x * x).mean(1, keepdim=True) + 1e-5).sqrt() * norm.weight[:, None, None],
            nn.RMSNorm(8),
        ),
    ),
    "vectors of length one": (
        Net(lambda x: F.normalize(x, dim=1)), Net(lambda x: x / x.norm(dim=1, keepdim=True).clamp_min(1e-12)),
    ),
    "stack that is flattened": (
        Net(lambda x: torch.stack([x, x.exp()], 1).flatten(1, 2)), Net(lambda x: torch.cat([x, x.exp()], 1)),
    ),
    "stack of rows": (
        Net(lambda x: torch.stack([x, x.exp()], 2).flatten(2, 3)), Net(lambda x: torch.cat([x, x.exp()], 2)),
    ),
    "the larger of two": (Net(lambda x: torch.max(x, x.exp())), Net(lambda x: torch.maximum(x, x.exp()))),
    "standard deviation": (Net(lambda x: x.std((2, 3))), Net(deviation)),
    "standard deviation of all": (Net(lambda x: x.std()), Net(lambda x: x.var((0, 1, 2, 3)).sqrt())),
    "variance and mean": (
        Net(lambda x: torch.cat(torch.var_mean(x, 1, correction=0), 1)),
        Net(lambda x: torch.cat([(x - x.mean(1, keepdim=True)).square().mean(1), x.sum(1) / 8], 1)),
    ),
    "mean of all": (Net(lambda x: x.mean()), Net(lambda x: x.mean((0, 1, 2, 3)))),
    "sum divided by its terms": (Net(lambda x: x.sum((2, 3)) / 256), Net(nn.AdaptiveAvgPool2d(1))),
    "local response normalisation": (Net(nn.LocalResponseNorm(5, 1e-3, 0.75, 2.0)), Net(responses)),
    "a padding of no channels": (Net(lambda x: F.pad(x, (1, 0))), Net(lambda x: F.pad(x, (1, 0, 0, 0, 0, 0)))),
    "a new axis": (Net(lambda x: x[None].exp()), Net(lambda x: x.unsqueeze(0).exp())),
    "heads in the place of images": (
        Net(lambda x: F.scaled_dot_product_attention(x, x, x)), Net(lambda x: attended_one_by_one(x[0])),
    ),
    "attention with a bias": (Net(attended, nn.Linear(16, 16)), Net(attended_by_hand, nn.Linear(16, 16))),
    "in place": (Net(F.relu), Net(lambda x: x.relu_())),
    "clamped": (Net(F.relu), Net(lambda x: x.clamp(min=0))),
    "twice": (Net(F.relu), Net(lambda x: F.relu(F.relu(x)))),
    "to six": (Net(nn.ReLU6()), Net(lambda x: x.clamp(0, 6))),
    "swish": (Net(F.silu), Net(lambda x: x * x.sigmoid())),
    "hard swish": (Net(F.hardswish), Net(lambda x: x * F.relu6(x + 3) / 6)),
    "hard swish by its gate": (Net(F.hardswish), Net(lambda x: (x + 3).clamp(0, 6) / 6 * x)),
    "hard sigmoid": (Net(F.hardsigmoid), Net(lambda x: F.relu6(x + 3) * (1 / 6))),
    "no dropout": (Net(F.relu), Net(lambda x: F.dropout(F.relu(x), 0.0))),
    "mean": (Net(lambda x: x.mean((2, 3))), Net(lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1))),
    "one mean after the other": (Net(lambda x: x.mean(-1).mean(-1)), Net(lambda x: x.mean((-2, -1), keepdim=True))),
    "mean of the flattened": (Net(lambda x: x.flatten(2).mean(2)), Net(nn.AdaptiveAvgPool2d(1))),
    "pooling of the whole": (Net(nn.AvgPool2d(16)), Net(nn.AdaptiveAvgPool2d(1))),
    "adaptive that divides": (Net(nn.AdaptiveAvgPool2d(4)), Net(nn.AvgPool2d(4))),
    "adaptive to the same": (Net(nn.AdaptiveAvgPool2d(16)), Net(nn.Identity())),
    "operands of a sum": (Net(lambda x: x + F.relu(x)), Net(lambda x: F.relu(x) + x)),
    "sum in place": (Net(lambda x: F.relu(x) + x), Net(lambda x: F.relu(x).add_(x))),
    "scaled sum": (Net(lambda x: x + 0.5 * F.relu(x)), Net(lambda x: torch.add(x, F.relu(x), alpha=0.5))),
    "divided": (Net(lambda x: x / 4), Net(lambda x: x * 0.25)),
    "stochastic depth of tokens": (
        Net(lambda x, drop: x + drop(x.relu().flatten(2).mT).mT.unflatten(2, (16, 16)), Depth()),
        Net(lambda x, drop: x + drop(x.relu()), Depth()),
    ),
    "patches by slices": (
        Net(lambda x: torch.cat([x[:, :, i::2, j::2] for j in (0, 1) for i in (0, 1)], 1)),
        Net(lambda x: x.reshape(1, 8, 8, 2, 8, 2).permute(0, 5, 3, 1, 2, 4).reshape(1, 32, 8, 8)),
    ),
    "halves put together": (Net(lambda x: torch.cat([x[:, :4], x[:, 4:]], 1).exp()), Net(lambda x: x.exp())),
    "a part of a concatenation with a constant": (
        Net(lambda x: torch.cat([x, torch.ones(1, 2, 16, 16)], 1)[:, :9].flatten(2)),
        Net(lambda x: torch.cat([x, torch.ones(1, 2, 16, 16)], 1).narrow(1, 0, 9).reshape(1, 9, 256)),
    ),
    "one of what is concatenated": (
        Net(lambda x: torch.cat([x.relu(), x.tanh()], 1)[:, 8:].exp()),
        Net(lambda x: x.tanh().exp()),
    ),
    "some of what is concatenated": (
        Net(lambda x: torch.cat([x, x.relu(), x.tanh()], 2).split([16, 32], 2)[1].exp()),
        Net(lambda x: torch.cat([x.relu(), x.tanh()], 2).exp()),
    ),
    "nested concatenation": (
        Net(lambda x: torch.cat([x, torch.cat([x.relu(), x.tanh()], 1)], 1)),
        Net(lambda x: torch.cat([x, x.relu(), x.tanh()], -3)),
    ),
    "pixels left out before a 1x1 convolution": (
        Net(lambda x, layer: layer(F.avg_pool2d(x, 1, 2)), nn.Conv2d(8, 8, 1)),
        Net(lambda x, layer: layer(x), nn.Conv2d(8, 8, 1, stride=2)),
    ),
    "a padding that is cut": (
        Net(lambda x: F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:].exp()),
        Net(lambda x: F.pad(x, (-1, 1, -1, 1)).exp()),
    ),
    "a padding that is cut off": (Net(lambda x: F.pad(x, (1, 2))[..., 1:-2].exp()), Net(lambda x: x.exp())),
    "padding layer": (
        Net(lambda x, layer: layer(x), conv(padding=1)),
        Net(lambda x, layer: layer(F.pad(x, (1, 1, 1, 1))), conv()),
    ),
    "padding that no window reaches": (
        Net(lambda x, layer: layer(F.pad(x, (1, 0, 1, 0))), conv(stride=2)),
        Net(lambda x, layer: layer(x), conv(stride=2, padding=1)),
    ),
    "padding of what is positive": (
        Net(lambda x: F.max_pool2d(F.relu(x), 3, 2, 1)),
        Net(lambda x: F.max_pool2d(F.pad(F.relu(x), (1, 1, 1, 1)), 3, 2)),
    ),
    "padding by minus infinity": (
        Net(lambda x: F.max_pool2d(x, 3, 2, 1)),
        Net(lambda x: F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=float("-inf")), 3, 2)),
    ),
    "padding that counts": (
        Net(nn.AvgPool2d(3, 1, 1)),
        Net(lambda x: F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1)),
    ),
    "a rounding that changes nothing": (Net(nn.MaxPool2d(2, ceil_mode=True)), Net(nn.MaxPool2d(2))),
    "fully connected by convolution": (
        Net(lambda x, layer: layer(x.flatten(1)), nn.Linear(8 * 16 * 16, 5)),
        Net(lambda x, layer: layer(x)[..., 0, 0], nn.Conv2d(8, 5, 16)),
    ),
    "fully connected of a vector": (
        Net(lambda x, layer: layer(x.mean((2, 3))), nn.Linear(8, 5)),
        Net(lambda x, layer: layer(F.adaptive_avg_pool2d(x, 1)).view(-1, 5), nn.Conv2d(8, 5, 1)),
    ),
    "pooled once for every reader": (
        Net(lambda x: F.max_pool2d(x, 2).exp() + F.max_pool2d(x, 2).tanh()),
        Net(lambda x, pool: (y := pool(x)).exp() + y.tanh(), nn.MaxPool2d(2)),
    ),
    "a weight beside what is computed twice": (
        Net(lambda x, norm: norm(x.exp()).tanh() + norm(x.exp()).sin(), nn.LayerNorm(16)),
        Net(lambda x, norm: (y := norm(x.exp())).tanh() + y.sin(), nn.LayerNorm(16)),
    ),
    "branches in another order": (
        Net(first_a, conv(padding=1), nn.Conv2d(8, 8, 1)),
        Net(first_b, conv(padding=1), nn.Conv2d(8, 8, 1)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("pair", EQUAL.values(), ids=list(EQUAL))
def test_equal_functions_have_one_normal_form(pair: tuple[Net, Net]) -> None:
    assert verdict(*pair) == "identical"


UNLIKE: dict[str, tuple[Net, Net]] = {
    "a sum of two calls": (Net(lambda x: F.max_pool2d(x, 2) + F.max_pool2d(x, 2)), Net(nn.MaxPool2d(2))),
    "two draws": (
        Net(lambda x: F.dropout(x, 0.2, training=False).exp() + F.dropout(x, 0.2, training=False)),
        Net(lambda x: (y := F.dropout(x, 0.2, training=False)).exp() + y),
    ),
    "two draws of noise": (
        Net(lambda x: (x + torch.randn_like(x)).exp() + (x + torch.randn_like(x))),
        Net(lambda x: (y := x + torch.randn_like(x)).exp() + y),
    ),
    "statistics gathered twice": (
        Net(lambda x, norm: norm(x).exp() + norm(x), nn.BatchNorm2d(8)),
        Net(lambda x, norm: (y := norm(x)).exp() + y, nn.BatchNorm2d(8)),
    ),
    "two normalisations": (
        Net(lambda x, one, two: one(x).exp() + two(x), nn.LayerNorm(16), nn.LayerNorm(16)),
        Net(lambda x, one, two: one(x).exp() + one(x), nn.LayerNorm(16), nn.LayerNorm(16)),
    ),
    "one of two equal results written into": (
        Net(lambda x: rewritten(F.max_pool2d(x, 2)) + F.max_pool2d(x, 2).exp()),
        Net(lambda x: rewritten(y := F.max_pool2d(x, 2)) + y.exp()),
    ),
    "what costs something computed twice": (
        Net(lambda x, layer: layer(x).exp() + layer(x), conv()),
        Net(lambda x, layer: (y := layer(x)).exp() + y, conv()),
    ),
    "another gelu": (Net(F.gelu), Net(nn.GELU(approximate="tanh"))),
    "gelu of another slope": (Net(F.gelu), Net(lambda x: 0.5 * (x * (1 + torch.erf(x / 1.5))))),
    "gelu of twice as much": (Net(F.gelu), Net(lambda x: x * (1 + torch.erf(x / 2**0.5)))),
    "gelu of another's gate": (Net(F.gelu), Net(lambda x: 0.5 * x.flip(2) * (1 + torch.erf(x / 2**0.5)))),
    "layer normalisation of another eps": (
        Net(lambda x: F.layer_norm(x, (16,))),
        Net(lambda x: normalised(x, axis=-1, eps=1e-3)),
    ),
    "deviation of another correction": (Net(lambda x: x.std((2, 3))), Net(lambda x: deviation(x, 2))),
    "deviation along other axes": (Net(lambda x: x.std((2, 3))), Net(lambda x: deviation(x, axes=(1, 2)))),
    "deviation from another": (
        Net(lambda x: x.var((2, 3), unbiased=False)),
        Net(lambda x: (x - x.flip(2).exp().mean((2, 3), keepdim=True)).square().mean((2, 3))),
    ),
    "layer normalisation by another variance": (
        Net(lambda x: F.layer_norm(x, (16,))),
        Net(lambda x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + 1e-5).sqrt()),
    ),
    "stack between channels": (
        Net(lambda x: torch.stack([x, x.exp()], 2).flatten(1, 2)),
        Net(lambda x: torch.cat([x, x.exp()], 1)),
    ),
    "root mean square of another eps": (
        Net(lambda x: F.rms_norm(x, (16,), eps=1e-5)),
        Net(lambda x: x * (x.pow(2).mean(-1, keepdim=True) + 1e-6).rsqrt()),
    ),
    "root mean square of others": (
        Net(lambda x: F.rms_norm(x, (16,), eps=1e-5)),
        Net(lambda x: x * (x.flip(2).pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt()),
    ),
    "the smaller of two": (Net(lambda x: torch.min(x, x.exp())), Net(lambda x: torch.maximum(x, x.exp()))),
    "by the mean in the place of the variance": (
        Net(lambda x: F.layer_norm(x, (16,))),
        Net(lambda x: (x - (m := torch.var_mean(x, -1, keepdim=True, correction=0)[1])) / (m + 1e-5).sqrt()),
    ),
    "root of a mean of doubles": (
        Net(lambda x: F.rms_norm(x, (16,), eps=1e-5)),
        Net(lambda x: x * ((x * 2).mean(-1, keepdim=True) + 1e-5).rsqrt()),
    ),
    "half of a mean of squares": (
        Net(lambda x: F.rms_norm(x, (16,), eps=1e-5)),
        Net(lambda x: x / ((x.pow(2).mean(-1, keepdim=True) + 1e-5) * 0.5)),
    ),
    "half more than a mean of squares": (
        Net(lambda x: F.rms_norm(x, (16,), eps=1e-5)),
        Net(lambda x: x / (x.pow(2).mean(-1, keepdim=True) + 1e-5 + 0.5)),
    ),
    "sum divided by others": (Net(lambda x: x.sum((2, 3)) / 255), Net(nn.AdaptiveAvgPool2d(1))),
    "responses of fewer channels": (
        Net(nn.LocalResponseNorm(5, 1e-3, 0.75, 2.0)),
        Net(lambda x: responses(x, 3, 1)),
    ),
    "along another axis": (Net(lambda x: F.layer_norm(x, (16,))), Net(lambda x: normalised(x, axis=-2))),
    "by another power": (Net(lambda x: F.layer_norm(x, (16,))), Net(lambda x: normalised(x, 4.0, -1))),
    "shift before scale": (
        Net(channels_last, nn.LayerNorm(8)),
        Net(
            lambda x, n: (normalised(x) + n.bias[:, None, None]) * n.weight[:, None, None],
            nn.LayerNorm(8),
        ),
    ),
    "one scale of all": (
        Net(lambda x, n: F.layer_norm(x, (16,), n.weight, n.bias), nn.LayerNorm(16)),
        Net(lambda x, n: normalised(x, axis=-1) * n.weight[:, None] + n.bias, nn.LayerNorm(16)),
    ),
    "padding of what may be negative": (
        Net(lambda x: F.max_pool2d(x, 3, 2, 1)),
        Net(lambda x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 2)),
    ),
    "padding that is reflected": (
        Net(lambda x, layer: layer(x), conv(padding=1)),
        Net(lambda x, layer: layer(F.pad(x, (1, 1, 1, 1), mode="reflect")), conv()),
    ),
    "operands of a difference": (Net(lambda x: x - F.relu(x)), Net(lambda x: F.relu(x) - x)),
    "order of patches": (
        Net(lambda x: torch.cat([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], 1)),
        Net(lambda x: torch.cat([x[:, :, i::2, j::2] for j in (0, 1) for i in (0, 1)], 1)),
    ),
    "halves the other way around": (Net(lambda x: torch.cat([x[:, 4:], x[:, :4]], 1)), Net(lambda x: x * 1)),
    "a half twice": (
        Net(lambda x: torch.cat([x[:, 4:], x[:, 4:]], 1)),
        Net(lambda x: torch.cat([x[:, :4], x[:, 4:]], 1)),
    ),
    "which of what is concatenated": (
        Net(lambda x: torch.cat([x.relu(), x.tanh()], 1)[:, 8:]),
        Net(lambda x: torch.cat([x.relu(), x.tanh()], 1)[:, :8]),
    ),
    "a part of two that are concatenated": (
        Net(lambda x: torch.cat([x.relu(), x.tanh()], 1)[:, 4:12]),
        Net(lambda x: x.tanh()),
    ),
    "another axis than that of a concatenation": (
        Net(lambda x: torch.cat([x.relu(), x.tanh()], 1)[:, :, :8].exp()),
        Net(lambda x: torch.cat([x.relu(), x.tanh()], 1)[:, :, 8:].exp()),
    ),
    "operands of a concatenation": (
        Net(lambda x: torch.cat([x, F.relu(x)], 1)),
        Net(lambda x: torch.cat([F.relu(x), x], 1)),
    ),
    "axis of a concatenation": (Net(lambda x: torch.cat([x, x], 2)), Net(lambda x: torch.cat([x, x], 3))),
    "mean over one axis": (Net(lambda x: x.mean(2)), Net(lambda x: x.mean(3))),
    "a rounding that changes sizes": (Net(nn.MaxPool2d(3, ceil_mode=True)), Net(nn.MaxPool2d(3))),
    "gate of another": (Net(lambda x: x.flip(2) * F.relu6(x + 3) / 6), Net(F.hardswish)),
    "gate elsewhere": (Net(lambda x: x * F.relu6(x + 2) / 6), Net(F.hardswish)),
    "gate and its input": (Net(lambda x: x * x.relu().sigmoid()), Net(F.silu)),
    "slope": (Net(nn.LeakyReLU(0.2)), Net(nn.LeakyReLU())),
    "transposed": (Net(lambda x: x.transpose(2, 3)), Net(nn.Identity())),
    "a root of a square": (Net(lambda x: x.square().sqrt()), Net(lambda x: x)),
    "a square of a root": (Net(lambda x: x.sqrt().square()), Net(lambda x: x)),
    "another root": (Net(lambda x: 1 / x.sqrt()), Net(lambda x: 1 / x.rsqrt())),
    "rolled along the other axis": (Net(lambda x: x.roll(1, 2).roll(2, 3)), Net(lambda x: x.roll((2, 1), (2, 3)))),
    "einsum of another axis": (
        Net(lambda x: torch.einsum("bchw,bcwv->bchv", x, x.exp())),
        Net(lambda x: torch.einsum("bchw,bcvw->bchv", x, x.exp())),
    ),
    "einsum of another order": (
        Net(lambda x: torch.einsum("bchw,bcwv->bchv", x, x.exp())),
        Net(lambda x: torch.einsum("bchw,bcwv->bcvh", x, x.exp())),
    ),
    "einsum that sums one operand": (
        Net(lambda x: torch.einsum("bchw,bcwv->bch", x, x.exp())),
        Net(lambda x: torch.einsum("bchw,bcwv->bchv", x, x.exp())),
    ),
    "pixels left out before a convolution": (
        Net(lambda x, layer: layer(F.avg_pool2d(x, 1, 2)), conv(padding=1)),
        Net(lambda x, layer: layer(x), conv(padding=1, stride=2)),
    ),
    "means before a 1x1 convolution": (
        Net(lambda x, layer: layer(F.avg_pool2d(x, 2)), nn.Conv2d(8, 8, 1)),
        Net(lambda x, layer: layer(x), nn.Conv2d(8, 8, 1, stride=2)),
    ),
    "a convolution of what was cut off": (
        Net(lambda x, layer: layer(F.pad(x, (-1, -1, -1, -1))), conv(padding=1)),
        Net(lambda x, layer: layer(x), conv()),
    ),
    "padding of what was cut off": (
        Net(lambda x: F.pad(F.pad(x, (-2, 0)), (1, 0))),
        Net(lambda x: F.pad(F.pad(x, (1, 0)), (-2, 0))),
    ),
    "a padding that is cut elsewhere": (
        Net(lambda x: F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]),
        Net(lambda x: F.pad(x, (0, 1, 0, 1))[:, :, 1:, :-1]),
    ),
    "channels of what is padded": (Net(lambda x: F.pad(x, (0, 1))[:, :4]), Net(lambda x: F.pad(x, (0, 1))[:, 4:])),
    "zeros that repeat": (Net(lambda x: x[:, :1] + torch.zeros_like(x)), Net(lambda x: x[:, :1])),
    "zeros that are no zeros": (Net(lambda x: x + torch.zeros_like(x)), Net(lambda x: x + torch.ones_like(x))),
    "how many zeros": (
        Net(lambda x: torch.cat([x, x.new_zeros(1, 2, 16, 16)], 1)),
        Net(lambda x: torch.cat([x, x.new_zeros(1, 4, 16, 16)], 1)),
    ),
    "what is written into zeros": (
        Net(lambda x: x * written(x.new_zeros(16), 2.0)),
        Net(lambda x: x * written(x.new_zeros(16), 3.0)),
    ),
    "stochastic depth of parts": (
        Net(lambda x, drop: drop(x.reshape(2, 4, 16, 16)).reshape(1, 8, 16, 16), Depth()),
        Net(lambda x, drop: drop(x), Depth()),
    ),
    "a mean over other axes": (
        Net(lambda x: x.permute(0, 2, 3, 1).mean((1, 2))),
        Net(lambda x: F.adaptive_avg_pool2d(x.permute(0, 2, 3, 1), 1).flatten(1)),
    ),
    "statistics": (
        Net(lambda x, layer: layer(x), nn.BatchNorm2d(8, track_running_stats=False)),
        Net(lambda x, layer: layer(x), nn.BatchNorm2d(8)),
    ),
}


@pytest.mark.parametrize("pair", UNLIKE.values(), ids=list(UNLIKE))
def test_what_is_another_function_shows(pair: tuple[Net, Net]) -> None:
    assert verdict(*pair) != "identical"
    assert verdict(*pair[::-1]) != "identical"


def activated(one: Function, two: Function) -> Net:
    return Net(lambda x, a, b: a(one(x)) + b(two(x)), conv(padding=1), nn.Conv2d(8, 8, 5, padding=2))


def pooled(times: int, rate: float) -> Net:
    def function(x: torch.Tensor, a: nn.Module, b: nn.Module, drop: nn.Module) -> torch.Tensor:
        first, *_, last = [F.max_pool2d(x, 2) for _ in range(times)] * 2
        return drop(a(first) + b(last).exp())

    return Net(function, conv(), conv(), nn.Dropout(rate))


@pytest.mark.parametrize(("mine", "theirs", "said"), [
    (activated(F.relu, F.gelu), activated(F.relu, F.relu), "GELU instead of ReLU"),
    (pooled(1, 0.1), pooled(2, 0.2), "dropout 0.1 instead of 0.2 (in training only)"),
])  # fmt: skip
def test_what_is_computed_twice_beside_a_difference(mine: Net, theirs: Net, said: str) -> None:
    """Of two equal calls the one that was changed; and that one network calls once is no difference of its own."""
    found = compare(*(archscope.summarize(net, (3, 16, 16)) for net in (mine, theirs)))
    assert [row.what for row in found.differences] == [said]


def test_what_is_made_of_parameters_alone_stands_before_its_reader() -> None:
    """Whenever it is made."""
    nets = [Net(function, nn.LayerNorm(8), conv()) for function in (made_early, made_late)]
    early, late = ([step.kind for step in normal_form(archscope.summarize(net, (3, 16, 16)))] for net in nets)
    assert early == late


def test_a_parameter_that_much_is_made_of() -> None:
    def made(x: torch.Tensor, norm: nn.LayerNorm) -> torch.Tensor:
        weight = norm.weight
        for _ in range(1500):  # more than Python's own calls may lie in each other
            weight = weight.sin()
        return x * weight[:, None, None]

    assert verdict(Net(made, nn.LayerNorm(8)), Net(made, nn.LayerNorm(8))) == "identical"


def test_elements_that_are_none() -> None:
    def none(x: torch.Tensor) -> torch.Tensor:
        none = x.flatten(2)[:, :, :0].exp()
        return none @ none.mT

    assert verdict(Net(none), Net(none)) == "identical"


def test_rates_of_stochastic_depth_that_rise_alike_have_one_row() -> None:
    def net(last: float) -> nn.Module:
        blocks = [nn.Sequential(conv(padding=1), Depth(last * place / 6)) for place in range(7)]
        return Net(lambda x, blocks: blocks(x), nn.Sequential(*blocks))

    found = compare(*(archscope.summarize(net(last), (3, 16, 16)) for last in (0.1, 0.2)))
    said = "stochastic depth: 0.5 times the reference's rates (in training only), in 6 layers"
    assert (found.verdict, [row.what for row in found.differences]) == ("same_function", [said])


def test_orders_of_elements_one_after_another() -> None:
    def turned(x: torch.Tensor) -> torch.Tensor:
        for _ in range(1100):  # more than Python's own calls may lie in each other
            x = x.transpose(1, 2).reshape(1, 8, 16, 16)
        return x

    steps = unshared(normal_form(archscope.summarize(Net(turned), (3, 16, 16))))
    assert [step.kind for step in steps].count("view") == 1099
    assert [step.place for step in steps] == list(range(len(steps)))


@pytest.mark.parametrize("operation", ["lstm", "gru", "linear", "cat"])
def test_what_a_rule_made_before_it_failed_is_forgotten(operation: str) -> None:
    """Every step reads steps that are there, whatever a report says that its layers do."""
    report = archscope.summarize("lenet5")
    layers = tuple(replace(layer, operation=operation) for layer in report.graph.layers)
    steps = normal_form(replace(report, graph=replace(report.graph, layers=layers)))
    assert {id(one) for step in steps for one in step.inputs} <= set(map(id, steps))
