"""Segments: how many, how large, how few convolutions they take; and the networks at the ends of the spectrum."""

from itertools import pairwise

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.model.segments import equal_partition
from archscope.networks import find
from archscope.networks.segmented import SegmentedConv, SeparableConv, conv_over_segments, spatial_conv
from archscope.tracing.meta_build import Skeleton


def params(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("channels", [1, 2, 12, 31, 728])
def test_every_count_of_segments_covers_the_channels_evenly(channels: int) -> None:
    for segments in range(1, channels + 1):
        sizes = equal_partition(channels, segments)
        assert len(sizes) == segments
        assert sum(sizes) == channels
        assert max(sizes) - min(sizes) <= 1
        assert sorted(sizes, reverse=True) == list(sizes)


@pytest.mark.parametrize("channels", [7, 12])
def test_at_most_two_convolutions_run(channels: int) -> None:
    for segments in range(1, channels + 1):
        conv = spatial_conv(equal_partition(channels, segments))
        convs = [module for module in conv.modules() if isinstance(module, nn.Conv2d)]
        assert sum(module.groups for module in convs) == segments
        assert len(convs) == (1 if channels % segments == 0 else 2)


@pytest.mark.parametrize("count", [-1, 0, 9])
def test_there_are_1_to_as_many_segments_as_channels(count: int) -> None:
    with pytest.raises(ValueError, match=f"8 channels make 1 to 8 segments, not {count}"):
        equal_partition(8, count)


@pytest.mark.parametrize("partition", [(64, 128, 32), (256, 0), (300, -44)])
def test_a_partition_sums_to_the_channels(partition: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must sum to 256"):
        SegmentedConv(256, 256, partition)


def test_segments_of_any_size_run_in_order() -> None:
    conv = SegmentedConv(4, 8, (4, 1, 1, 2))
    assert [module.groups for module in conv.modules() if isinstance(module, nn.Conv2d)] == [1, 1, 2, 1]
    before = conv(torch.ones(1, 4, 5, 5))
    with torch.no_grad():
        conv.spatial.conv2.weight.zero_()
    changed = (conv(torch.ones(1, 4, 5, 5)) != before).any(dim=(0, 2, 3))
    assert changed.tolist() == [False] * 4 + [True, True] + [False] * 2


@pytest.mark.parametrize(("order", "channels"), [("pointwise-first", 8), ("depthwise-first", 5)])
def test_options(order: str, channels: int) -> None:
    conv = SegmentedConv(5, 16, 3, 5, 2, 2, order, nn.ELU, eps=1e-3)
    assert conv(torch.zeros(2, 5, 9, 9)).shape == (2, 16, 5, 5)
    names = ["pointwise", "elu", "spatial", "bn"]
    assert list(conv._modules) == (names if order == "pointwise-first" else ["spatial", "elu", "pointwise", "bn"])
    squares = sum(size**2 for size in equal_partition(channels, 3))
    pointwise = 5 * 8 if order == "pointwise-first" else 10 * 16
    assert params(conv) == 2 * 25 * squares + pointwise + 2 * 16


def test_the_multiplier_divides_the_channels_out() -> None:
    with pytest.raises(ValueError, match="16 channels out are no multiple of the depth multiplier 3"):
        SegmentedConv(5, 16, 1, depth_multiplier=3)


def test_depthwise_is_as_many_segments_as_channels() -> None:
    separable, segmented = SeparableConv(6, 8), SegmentedConv(6, 8, 6, order="depthwise-first", eps=1e-3)
    assert list(separable.state_dict()) == list(segmented.state_dict())
    assert conv_over_segments((1,) * 6).conv.groups == 6


# ---- networks ---------------------------------------------------------------------------------------------------

SEPARABLE = [*pairwise((64, 128, 128, 256, 256, 728, 728)), *[(728, 728)] * 24, *pairwise((728, 728, 1024, 1536, 2048))]
"""Channels in and out of Xception's separable convolutions, from Figure 5 of the paper."""


def built(name: str, **options: object) -> int:
    with Skeleton():
        return params(find(name).build(**options))


def test_xception_has_34_separable_convolutions() -> None:
    assert len(SEPARABLE) == 34


def test_xception_with_a_segment_per_channel_is_xception() -> None:
    assert built("xception", segments="depthwise") == built("xception") == 22_855_952
    assert archscope.summarize("xception", options={"segments": "depthwise"}).totals["macs"] == 8_357_403_496


@pytest.mark.parametrize("segments", [1, 2, 5, 64, 500])
@pytest.mark.parametrize("order", ["depthwise-first", "pointwise-first"])
def test_xception_in_segments(segments: int, order: str) -> None:
    """Only the 3x3 kernels change: from 9 x channels to 9 x the squares of the segments' sizes."""
    expected = 22_855_952
    for before, after in SEPARABLE:
        channels = before if order == "depthwise-first" else after
        expected += 9 * (sum(size**2 for size in equal_partition(channels, min(segments, channels))) - before)
    assert built("xception", segments=segments, order=order) == expected


def test_mobilenet_in_segments() -> None:
    widths = [32, 64, 128, 128, 256, 256, *[512] * 6, 1024]
    assert built("mobilenet_v1", segments="depthwise") == built("mobilenet_v1") == 4_231_976
    regular = 4_231_976 + sum(9 * (width**2 - width) for width in widths)
    assert built("mobilenet_v1", segments=1) == regular


def test_resnext_in_segments() -> None:
    widths = [*[128] * 3, *[256] * 4, *[512] * 6, *[1024] * 3]
    assert built("resnext50_32x4d", segments=32) == built("resnext50_32x4d") == 25_028_904
    regular = 25_028_904 + sum(9 * (width**2 - width**2 // 32) for width in widths)
    assert built("resnext50_32x4d", segments=1) == regular


def test_efficientnet_in_segments() -> None:
    assert built("efficientnet_b0", segments="depthwise") == built("efficientnet_b0") == 5_288_548
    assert built("efficientnet_b0", segments=6 * 320) == 5_288_548
    assert built("efficientnet_b0", segments=32) > 5_288_548


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("xception", {"segments": 1537}, "1536 channels make 1 to 1536 segments, not 1537"),
        ("mobilenet_v1", {"segments": 1025}, "1024 channels make 1 to 1024 segments"),
        ("resnext29_8x64d", {"segments": 2049}, "2048 channels make 1 to 2048 segments"),
        ("xception", {"segments": 0}, "segments is 1 or more, not 0"),
        ("xception", {"width_multiplier": 0}, "width_multiplier is above 0, not 0"),
        ("mobilenet_v1", {"width_multiplier": 1e18}, "width_multiplier is 1024 or less, not 1e.18"),
        ("densenet121", {"compression": 0.0}, "compression is above 0, not 0.0"),
        ("seresnet50", {"reduction": 5000}, "squeezed to none: give a smaller reduction"),
        ("mobilenet_v1", {"separable": False, "segments": 4}, "segments go with separable=True"),
        ("xception", {"segments": "all"}, "segments is a whole number or one of depthwise, not 'all'"),
        ("xception", {"segments": 1.5}, "segments is a whole number or one of depthwise"),
        ("resnext50_32x4d", {"segments": 2, "form": "b"}, "segments go with form c"),
        ("vgg16", {"segments": 2}, "no option of vgg16 named 'segments'"),
    ],
)
def test_mistakes(name: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(ArchscopeError, match=said):
        built(name, **options)
