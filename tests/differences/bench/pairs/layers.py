"""Mutants of dropout, normalisation, convolution, pooling and resizing."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.differences.bench.bases import conv
from tests.differences.bench.pairs.made import SERIES, VOLUME, Function, functions, layers, nets

# ---- dropout, training -----------------------------------------------------------------------------------------

functions(
    "dropout always on",
    lambda s, x: F.dropout(s.a(x), 0.3, True),
    lambda s, x: F.dropout(s.a(x), 0.3, s.training),
    "always on",
)
functions(
    "dropout2d always on",
    lambda s, x: F.dropout2d(s.a(x), 0.3),
    lambda s, x: F.dropout2d(s.a(x), 0.3, False),
    "always on|extra",
)
functions(
    "norm of the batch",
    lambda s, x: F.batch_norm(s.a(x), s.n.running_mean, s.n.running_var, training=True),
    lambda s, x: F.batch_norm(s.a(x), s.n.running_mean, s.n.running_var),
    "batch's statistics",
    n=lambda: nn.BatchNorm2d(8, affine=False),
)
functions(
    "alpha dropout always on", lambda s, x: F.alpha_dropout(s.a(x), 0.3, True), lambda s, x: s.a(x), "dropout.* extra"
)

# ---- normalisation ---------------------------------------------------------------------------------------------

layers("bn eps", lambda: nn.BatchNorm2d(8, 1e-3), lambda: nn.BatchNorm2d(8), "eps 0.001 instead of 1e-05")
layers("bn without affine", lambda: nn.BatchNorm2d(8, affine=False), lambda: nn.BatchNorm2d(8), "no scale.*and shift")
layers(
    "bn without statistics",
    lambda: nn.BatchNorm2d(8, track_running_stats=False),
    lambda: nn.BatchNorm2d(8),
    "batch's statistics",
)
layers("group norm's groups", lambda: nn.GroupNorm(2, 8), lambda: nn.GroupNorm(4, 8), "groups 2 instead of 4")
layers(
    "group norm without affine", lambda: nn.GroupNorm(2, 8, affine=False), lambda: nn.GroupNorm(2, 8), "weight|scale"
)
layers(
    "instance norm for batch norm",
    lambda: nn.InstanceNorm2d(8, affine=True),
    lambda: nn.BatchNorm2d(8),
    "instance norm.* instead of batch",
)
layers("group norm of one group", lambda: nn.GroupNorm(1, 8), lambda: nn.GroupNorm(8, 8), "groups 1 instead of 8")
layers(
    "layer norm's shape",
    lambda: nn.LayerNorm([16]),
    lambda: nn.LayerNorm([16, 16], elementwise_affine=True),
    "axes|layer norm",
)
layers("layer norm without bias", lambda: nn.LayerNorm(16, bias=False), lambda: nn.LayerNorm(16), "no shift")
layers("rms for layer norm", lambda: nn.RMSNorm(16), lambda: nn.LayerNorm(16, bias=False), "rms norm instead of layer")
layers("lrn size", lambda: nn.LocalResponseNorm(3), lambda: nn.LocalResponseNorm(5), "size 3 instead of 5")
layers("lrn alpha", lambda: nn.LocalResponseNorm(5, 1e-3), lambda: nn.LocalResponseNorm(5), "alpha")
functions(
    "l2 norm's axis", lambda s, x: F.normalize(s.a(x), dim=2), lambda s, x: F.normalize(s.a(x), dim=1), "dim|axes"
)
functions(
    "l2 norm's power",
    lambda s, x: F.normalize(s.a(x), p=1.0),
    lambda s, x: F.normalize(s.a(x)),
    "p 1 instead of 2|norm.*1",
)
functions(
    "l2 norm's eps", lambda s, x: F.normalize(s.a(x), eps=1e-3), lambda s, x: F.normalize(s.a(x)), "eps|low|0.001"
)

# ---- convolution and pooling ---------------------------------------------------------------------------------

layers(
    "1d: dilation",
    lambda: nn.Conv1d(8, 8, 3, padding=2, dilation=2),
    lambda: nn.Conv1d(8, 8, 3, padding=1),
    "dilation 2 instead of 1",
    SERIES,
)
layers(
    "1d: stride", lambda: nn.Conv1d(8, 8, 3, 2, 1), lambda: nn.Conv1d(8, 8, 3, 1, 1), "stride 2 instead of 1", SERIES
)
layers(
    "1d: causal",
    lambda: nn.Sequential(nn.ConstantPad1d((2, 0), 0.0), nn.Conv1d(8, 8, 3)),
    lambda: nn.Conv1d(8, 8, 3, padding=1),
    "padding 2 before and 0 after",
    SERIES,
)
layers(
    "1d: groups",
    lambda: nn.Conv1d(8, 8, 3, padding=1, groups=2),
    lambda: nn.Conv1d(8, 8, 3, padding=1),
    "groups 2 instead of 1",
    SERIES,
)
layers(
    "1d: depthwise",
    lambda: nn.Conv1d(8, 8, 3, padding=1, groups=8),
    lambda: nn.Conv1d(8, 8, 3, padding=1),
    "groups 8 instead of 1",
    SERIES,
)
layers(
    "3d: kernel",
    lambda: nn.Conv3d(8, 8, (1, 3, 3), padding=(0, 1, 1)),
    lambda: nn.Conv3d(8, 8, 3, padding=1),
    "kernel 1x3x3 instead of 3x3x3",
    VOLUME,
)
layers(
    "3d: order of axes",
    lambda: nn.Conv3d(8, 8, (3, 1, 1), padding=(1, 0, 0)),
    lambda: nn.Conv3d(8, 8, (1, 3, 1), padding=(0, 1, 0)),
    "kernel 3x1x1 instead of 1x3x1",
    VOLUME,
)
layers("3d: pool", lambda: nn.MaxPool3d((1, 2, 2)), lambda: nn.MaxPool3d(2), "kernel 1x2x2", VOLUME)
layers("ceil mode", lambda: nn.MaxPool2d(3, 2, ceil_mode=True), lambda: nn.MaxPool2d(3, 2), "ceil_mode")
layers(
    "count_include_pad",
    lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
    lambda: nn.AvgPool2d(3, 1, 1),
    "count_include_pad",
)
layers("divisor", lambda: nn.AvgPool2d(2, divisor_override=3), lambda: nn.AvgPool2d(2), "divisor")
layers(
    "adaptive size",
    lambda: nn.AdaptiveAvgPool2d(3),
    lambda: nn.AdaptiveAvgPool2d(5),
    "output size 3x3 instead of 5x5|output size",
)
layers(
    "adaptive max",
    lambda: nn.AdaptiveMaxPool2d(3),
    lambda: nn.AdaptiveAvgPool2d(3),
    "max pool.* instead of .*average pool",
)
layers("LP pooling's norm", lambda: nn.LPPool2d(2, 2), lambda: nn.LPPool2d(3, 2), "norm type 2 instead of 3")
layers("LP for max pooling", lambda: nn.LPPool2d(2, 2), lambda: nn.MaxPool2d(2), "LP pooling instead of max pooling")
layers(
    "transposed: output padding",
    lambda: nn.ConvTranspose2d(8, 8, 3, 2, 1, output_padding=1),
    lambda: nn.ConvTranspose2d(8, 8, 3, 2, 1),
    "output padding",
)
layers(
    "transposed: groups",
    lambda: nn.ConvTranspose2d(8, 8, 2, 2, groups=2),
    lambda: nn.ConvTranspose2d(8, 8, 2, 2),
    "groups 2 instead of 1",
)
layers(
    "transposed: bias",
    lambda: nn.ConvTranspose2d(8, 8, 2, 2, bias=False),
    lambda: nn.ConvTranspose2d(8, 8, 2, 2),
    "no bias",
)
layers(
    "unfold",
    lambda: nn.Sequential(nn.Unfold(2, stride=2), nn.Fold(16, 2, stride=2)),
    lambda: nn.Sequential(nn.Unfold(2, stride=2), nn.Fold(16, 2, stride=2), nn.Tanh()),
    "tanh missing",
)
functions(
    "max pool's dilation",
    lambda s, x: F.max_pool2d(s.a(x), 2, 1, dilation=2),
    lambda s, x: F.max_pool2d(s.a(x), 2, 1, dilation=1),
    "dilation 2 instead of 1",
)

# ---- resizing ---------------------------------------------------------------------------------------------------


def resized(**options: Any) -> Function:
    return lambda s, x: F.interpolate(s.a(x), **options)


functions(
    "align_corners",
    resized(size=9, mode="bilinear", align_corners=True),
    resized(size=9, mode="bilinear"),
    "align_corners",
)
functions("antialias", resized(size=9, mode="bilinear", antialias=True), resized(size=9, mode="bilinear"), "antialias")
functions("nearest-exact", resized(size=9, mode="nearest-exact"), resized(size=9, mode="nearest"), "nearest-exact")
functions("bicubic", resized(size=9, mode="bicubic"), resized(size=9, mode="bilinear"), "bicubic")
functions("size of a resize", resized(size=9), resized(size=10), "9|size")
functions(
    "grid_sample's mode",
    lambda s, x: F.grid_sample(s.a(x), torch.zeros(1, 4, 4, 2), "nearest", align_corners=False),
    lambda s, x: F.grid_sample(s.a(x), torch.zeros(1, 4, 4, 2), align_corners=False),
    "nearest",
)
functions(
    "grid_sample's padding",
    lambda s, x: F.grid_sample(s.a(x), torch.zeros(1, 4, 4, 2), padding_mode="border", align_corners=False),
    lambda s, x: F.grid_sample(s.a(x), torch.zeros(1, 4, 4, 2), align_corners=False),
    "border",
)

# ---- maps of one element -----------------------------------------------------------------------------------------


def small(stride: int = 1, kernel: int = 1) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3, stride, 1), nn.ReLU(), conv(8, 16, kernel, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 4),
    )  # fmt: skip


nets("a 1x1 convolution over one pixel", small(stride=2), small(), "stride 2 instead of 1", (3, 2, 2))
nets("another kernel over one pixel", small(2, kernel=3), small(2), "kernel 3x3 instead of 1x1", (3, 2, 2))
