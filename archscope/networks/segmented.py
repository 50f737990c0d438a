"""Convolutions over segments of their channels: from one segment, a regular one, to one per channel, depthwise."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Literal

import torch
from torch import nn

from archscope.model.segments import equal_partition, partition_of_up_to
from archscope.networks.layers import Conv, same

Order = Literal["pointwise-first", "depthwise-first"]
"""Which comes first in a segmented convolution: the 1x1 (an Inception module), or the segments (a separable one)."""


def partitions(segments: int | Literal["depthwise"], widest: int) -> Callable[[int], tuple[int, ...]]:
    """How a network whose layers have up to `widest` channels divides those of each: into so many segments, or one
    per channel where there are fewer. Raises ValueError where no layer has so many."""
    count = len(equal_partition(widest, segments))
    return lambda channels: partition_of_up_to(channels, count)


def spatial_conv(
    partition: Sequence[int], kernel_size: int = 3, stride: int = 1, depth_multiplier: int = 1
) -> nn.Module:
    """k x k convolutions, each over its own segment of the channels; `partition` holds the segments' sizes.

    Neighbouring segments of one size are one grouped convolution: one is enough for equal segments, two for every
    `equal_partition`.
    """
    convs = []
    for size, run in groupby(partition):
        groups = len(list(run))
        width, pad = size * groups, same(kernel_size)
        out_channels = width * depth_multiplier
        convs.append(nn.Conv2d(width, out_channels, kernel_size, stride, pad, groups=groups, bias=False))
    return convs[0] if len(convs) == 1 else Segments(*convs)


class Segments(nn.Module):
    """Each convolution reads the next channels of the input; their outputs are concatenated."""

    def __init__(self, *convs: nn.Conv2d) -> None:
        super().__init__()
        for i, conv in enumerate(convs, 1):
            self.add_module(f"conv{i}", conv)
        self.widths = [conv.in_channels for conv in convs]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat(
            [conv(part) for conv, part in zip(self.children(), torch.split(x, self.widths, 1), strict=True)], 1
        )


class SegmentedConv(nn.Sequential):
    """A 1x1 convolution, and k x k convolutions over segments of its channels (Xception paper, Figures 3 and 4).

    One segment is a regular convolution, a segment per channel a depthwise one. `segments` counts them, lists their
    sizes, or gives the sizes for so many channels. With "depthwise-first" they divide the input and the 1x1
    convolution follows. A segment gives `depth_multiplier` channels for each of its own. `between` is an activation
    between the two; batch normalisation follows them where its `eps` is given. Raises ValueError where the segments
    do not fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        segments: int | Sequence[int] | Callable[[int], Sequence[int]],
        kernel_size: int = 3,
        stride: int = 1,
        depth_multiplier: int = 1,
        order: Order = "pointwise-first",
        between: type[nn.Module] | None = None,
        eps: float | None = None,
    ) -> None:
        inverted = order == "pointwise-first"
        channels, rest = divmod(out_channels, depth_multiplier) if inverted else (in_channels, 0)
        if rest:
            raise ValueError(f"{out_channels} channels out are no multiple of the depth multiplier {depth_multiplier}")
        partition = _partition(channels, segments)
        name = "depthwise" if max(partition) == 1 else "spatial"
        spatial = {name: spatial_conv(partition, kernel_size, stride, depth_multiplier)}
        ends = (in_channels, channels) if inverted else (channels * depth_multiplier, out_channels)
        pointwise = {"pointwise": nn.Conv2d(*ends, 1, bias=False)}
        activation = {} if between is None else {between.__name__.lower(): between()}
        layers = pointwise | activation | spatial if inverted else spatial | activation | pointwise
        norm = {} if eps is None else {"bn": nn.BatchNorm2d(out_channels, eps)}
        super().__init__(OrderedDict[str, nn.Module](layers | norm))


def _partition(channels: int, segments: int | Sequence[int] | Callable[[int], Sequence[int]]) -> Sequence[int]:
    if isinstance(segments, int):
        return equal_partition(channels, segments)
    sizes = segments(channels) if callable(segments) else segments
    if sum(sizes) != channels or min(sizes) < 1:
        raise ValueError(f"segments of {'+'.join(map(str, sizes))} channels: they must sum to {channels}")
    return sizes


class SeparableConv(SegmentedConv):
    """Depthwise convolution, pointwise convolution, batch normalisation: as many segments as channels.

    No activation follows, and none is between the two unless given. Each input channel gives `depth_multiplier`
    channels to the pointwise convolution.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        depth_multiplier: int = 1,
        order: Order = "depthwise-first",
        between: type[nn.Module] | None = None,
        eps: float = 1e-3,
    ) -> None:
        segments = partitions("depthwise", max(in_channels, out_channels))
        super().__init__(
            in_channels, out_channels, segments, kernel_size, stride, depth_multiplier, order, between, eps
        )


def conv_over_segments(partition: Sequence[int], kernel_size: int = 3, stride: int = 1, **options: Any) -> Conv:
    """A Conv of as many channels out as in, over segments of these sizes."""
    unit = Conv(sum(partition), sum(partition), kernel_size, stride, **options)
    unit.conv = spatial_conv(partition, kernel_size, stride)
    return unit
