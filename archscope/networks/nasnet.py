"""NASNet-A. Zoph, Vasudevan, Shlens, Le, "Learning Transferable Architectures for Scalable Image Recognition", CVPR
2018, arXiv:1707.07012: the cells of Figure 4 in the order of Figure 2, on the right.

A network is called N @ F after the normal cells of a group and the channels that leave the last one. A cell reads h,
the output of the cell before it, and `before`, that of the one before that; both are brought to its width first. What
the figures leave open is as in the authors' release: which outputs a cell concatenates and in which order, stems of 32
and 96 channels, epsilon 1e-3, average pools that do not count padding; and in the large network the cell after a
reduction reads, beside it, what the reduction read as `before`. Paths are not dropped and there is no auxiliary head,
both for training. Strided windows pad k // 2 on every side, the authors' framework one pixel less on the left and top
where the size is even, which shifts values and changes no shape or count.
"""

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, Conv, V, series
from archscope.networks.segmented import SeparableConv

H, BEFORE = "h", "before"

# ---- the cells: of each block its two operations, and what they read ------------------------------------------


class Plan(NamedTuple):
    """A cell: its blocks, what it concatenates, and the stride of what reads h and `before`."""

    blocks: Mapping[str, tuple[str, str, str, str]]
    concatenated: tuple[str, ...]
    stride: int = 1


NORMAL = Plan(
    {
        "block1": ("sep5x5", H, "sep3x3", BEFORE),
        "block2": ("sep5x5", BEFORE, "sep3x3", BEFORE),
        "block3": ("avg3x3", H, "identity", BEFORE),
        "block4": ("avg3x3", BEFORE, "avg3x3", BEFORE),
        "block5": ("sep3x3", H, "identity", H),
    },
    (BEFORE, "block1", "block2", "block3", "block4", "block5"),
)

REDUCTION = Plan(
    {
        "block1": ("sep5x5", H, "sep7x7", BEFORE),
        "block2": ("max3x3", H, "sep7x7", BEFORE),
        "block3": ("avg3x3", H, "sep5x5", BEFORE),
        "block4": ("avg3x3", "block1", "identity", "block2"),
        "block5": ("sep3x3", "block1", "max3x3", H),
    },
    ("block2", "block3", "block4", "block5"),
    stride=2,
)


def relu_conv_bn(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return series(relu=nn.ReLU(), conv=conv, bn=nn.BatchNorm2d(out_channels, 1e-3))


def twice_separable(in_channels: int, out_channels: int, kernel_size: int, stride: int) -> nn.Module:
    """Every separable convolution is applied twice (section 3), the second time without a stride."""
    return series(
        nn.ReLU(), SeparableConv(in_channels, out_channels, kernel_size, stride),
        nn.ReLU(), SeparableConv(out_channels, out_channels, kernel_size),
    )  # fmt: skip


def pool(kind: str, in_channels: int, out_channels: int, kernel_size: int, stride: int) -> nn.Module:
    pad = kernel_size // 2
    average = nn.AvgPool2d(kernel_size, stride, pad, count_include_pad=False)
    pooled = average if kind == "avg" else nn.MaxPool2d(kernel_size, stride, pad)
    if in_channels == out_channels:
        return pooled
    return series(pool=pooled, conv=Conv(in_channels, out_channels, 1, activation=None))


def operation(name: str, in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """`sep5x5`, `avg3x3`, `max3x3`, `identity`: what changes the size or width has a 1x1 convolution as well."""
    if name == "identity":
        kept = stride == 1 and in_channels == out_channels
        return nn.Identity() if kept else relu_conv_bn(in_channels, out_channels, stride)
    kind, kernel_size = name[:3], int(name[-1])
    if kind == "sep":
        return twice_separable(in_channels, out_channels, kernel_size, stride)
    return pool(kind, in_channels, out_channels, kernel_size, stride)


def factorized_reduction(in_channels: int, out_channels: int) -> nn.Module:
    """Half of the channels from the pixels of even rows and columns, half from those of odd ones."""
    half = out_channels // 2
    even = nn.Conv2d(in_channels, half, 1, 2, bias=False)
    odd = series(
        shifted=nn.ZeroPad2d((-1, 1, -1, 1)), conv=nn.Conv2d(in_channels, out_channels - half, 1, 2, bias=False)
    )
    return series(relu=nn.ReLU(), paths=Concat(even=even, odd=odd), bn=nn.BatchNorm2d(out_channels, 1e-3))


class Maps(NamedTuple):
    """What flows between cells: so many channels, halved so many times."""

    channels: int
    halvings: int


class Cell(nn.Module):
    """A plan at a width. Where nothing came before h, `before` is h itself, at the width that it has."""

    def __init__(self, plan: Plan, h: Maps, before: Maps | None, width: int) -> None:
        super().__init__()
        self.plan = plan
        self.h = relu_conv_bn(h.channels, width)
        self.before: nn.Module = nn.Identity()
        channels = dict.fromkeys((H, BEFORE, *plan.blocks), width)
        if before is None:
            channels[BEFORE] = h.channels
        elif before.halvings < h.halvings:
            self.before = factorized_reduction(before.channels, width)
        else:
            self.before = relu_conv_bn(before.channels, width)
        for name, (left, reads, right, reads_too) in plan.blocks.items():
            strides = [plan.stride if source in (H, BEFORE) else 1 for source in (reads, reads_too)]
            self.add_module(f"{name}_left", operation(left, channels[reads], width, strides[0]))
            self.add_module(f"{name}_right", operation(right, channels[reads_too], width, strides[1]))
        self.gives = Maps(width * len(plan.concatenated), h.halvings + plan.stride // 2)

    def forward(self, h: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        states = {H: self.h(h), BEFORE: self.before(before)}
        for name, (_, reads, _, reads_too) in self.plan.blocks.items():
            left, right = self.get_submodule(f"{name}_left"), self.get_submodule(f"{name}_right")
            states[name] = left(states[reads]) + right(states[reads_too])
        return torch.cat([states[name] for name in self.plan.concatenated], 1)


# ---- the network ----------------------------------------------------------------------------------------------


class Cells(nn.Module):
    """Cells that each read the last two outputs, here from the last two of the group before: (h, before).

    What follows a group that `skips` its input reads, beside its output, the `before` that it read itself.
    """

    def __init__(self, h: Maps, before: Maps | None, planned: Sequence[tuple[Plan, int]], skips: bool = False) -> None:
        super().__init__()
        self.skips = skips
        entering = before
        for i, (plan, width) in enumerate(planned, 1):
            cell = Cell(plan, h, before, width)
            self.add_module(f"cell{i}", cell)
            h, before = cell.gives, h
        self.gives = h, entering if skips else before

    def forward(self, h: torch.Tensor, before: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        entering = before
        for cell in self.children():
            h, before = cell(h, before), h
        return h, entering if self.skips else before


class CellNetwork(nn.Module):
    """A convolution, groups of cells by name, and the classifier."""

    def __init__(
        self,
        stem_filters: int,
        groups: Mapping[str, Sequence[tuple[Plan, int]]],
        num_classes: int,
        skipping: Set[str] = frozenset(),
    ) -> None:
        super().__init__()
        self.conv0 = Conv(3, stem_filters, 3, 2, V, activation=None)
        self.groups = tuple(groups)
        h, before = Maps(stem_filters, 0), None
        for name, planned in groups.items():
            cells = Cells(h, before, planned, name in skipping)
            self.add_module(name, cells)
            h, before = cells.gives
        self.classifier = series(
            nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), fc=nn.Linear(h.channels, num_classes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = before = self.conv0(x)
        for name in self.groups:
            h, before = self.get_submodule(name)(h, before)
        x = self.classifier(h)
        return x


NASNETS = {
    # name: (channels of the stem, does a reduction skip its input?, N, F)
    "nasnet_a_mobile": (32, False, 4, 1056),
    "nasnet_a_large": (96, True, 6, 4032),
}


@network(NASNETS)
def nasnet_a(
    stem_filters: int,
    skips: bool,
    /,
    normal_cells: int,
    penultimate_filters: int,
    num_classes: int = 1000,
) -> nn.Module:
    width = penultimate_filters // len(NORMAL.concatenated) // 4
    if width < 4:
        raise ValueError(f"{penultimate_filters} penultimate filters leave the stem's first cell none: give 96 or more")
    return CellNetwork(                                             #      at 331:  96 x 165 x 165
        stem_filters,
        dict(
            stem=[(REDUCTION, width // 4), (REDUCTION, width // 2)],             #  336 x  42 x  42
            normal1=[(NORMAL, width)] * normal_cells,                            # 1008 x  42 x  42
            reduction1=[(REDUCTION, 2 * width)],                                 # 1344 x  21 x  21
            normal2=[(NORMAL, 2 * width)] * normal_cells,                        # 2016 x  21 x  21
            reduction2=[(REDUCTION, 4 * width)],                                 # 2688 x  11 x  11
            normal3=[(NORMAL, 4 * width)] * normal_cells,                        # 4032 x  11 x  11
        ),
        num_classes,
        skipping={"reduction1", "reduction2"} if skips else frozenset(),
    )  # fmt: skip
