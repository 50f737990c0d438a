"""Is it the same function? Equal counts do not say so: a wrong alignment or epsilon changes values and no count.

Each network gets the weights of an independent implementation (pytorchcv) and both look at the same images.

- Weights go over in execution order, which hooks find. One thing runs in another order there: a residual's shortcut
  before its body, so `with_first` reorders ours. Every shape is compared, none is left over.
- Where pytorchcv follows another convention than ours, the table's tweaks set it to ours, and say so by their names.
- Weights are He-scaled and the statistics random: with default initialisation the signal dies in a deep network,
  and a misaligned pool in Xception changes 2e-7 of the output instead of percents. The signal must live, and each
  convention that is easy to get wrong is then broken in the twin, which must show.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from archscope.networks import catalogue
from tests.conftest import EVERYTHING
from tests.flops import not_normalised
from tests.world.torchvision import import_torchvision
from tests.zoo import COUNTED

pytest.importorskip("pytorchcv", reason="the networks to compare with; `make dev` installs it")

BEFORE_H = (".before.", ".h.")
SINGLE, DOUBLE = 1e-5, 1e-9
"""Largest relative error in float32 and float64. What is a hundred times larger is another function."""
Tweak = Callable[[nn.Module], None]


# ---- tweaks: pytorchcv's conventions set to ours, or broken on purpose ----------------------------------------


def every(
    kind: type[nn.Module] | tuple[type[nn.Module], ...],
    where: Callable[[Any], bool] = lambda module: True,
    **attributes: Any,
) -> Tweak:
    """Set attributes of all modules of a kind; at least one must be there."""

    def tweak(network: nn.Module) -> None:
        found = [module for module in network.modules() if isinstance(module, kind) and where(module)]
        assert found, f"no {kind} to tweak"
        for module in found:
            for name, value in attributes.items():
                assert hasattr(module, name)
                setattr(module, name, value)

    return tweak


def one(path: str, **attributes: Any) -> Tweak:
    """Set attributes of the module at `path`."""

    def tweak(network: nn.Module) -> None:
        module = network.get_submodule(path)
        for name, value in attributes.items():
            assert getattr(module, name) != value, f"{path}.{name} is {value} already"
            setattr(module, name, value)

    return tweak


def epsilon(eps: float) -> Tweak:
    return every(nn.BatchNorm2d, eps=eps)


def any_size(network: nn.Module) -> None:
    """Average the whole last grid, however large: pytorchcv's final pool is made for the native size."""
    for block in network.modules():
        for name, child in block.named_children():
            if isinstance(child, nn.AvgPool2d) and child.padding == 0 and child.stride == 1:
                setattr(block, name, nn.AdaptiveAvgPool2d(1))


def stride_moved(path: str) -> Tweak:
    """A bottleneck's stride from its first convolution to its second."""

    def tweak(network: nn.Module) -> None:
        one(f"{path}.conv1.conv", stride=(1, 1))(network)
        one(f"{path}.conv2.conv", stride=(2, 2))(network)

    return tweak


def without_bias(network: nn.Module) -> None:
    """Convolutions that are normalised lose their bias."""
    for block in network.modules():
        if isinstance(getattr(block, "bn", None), nn.BatchNorm2d):
            block.conv.bias = None


def relu_between(network: nn.Module) -> None:
    """A ReLU between depthwise and pointwise convolution."""
    for block in network.modules():
        if hasattr(block, "dw_conv"):
            block.dw_conv = nn.Sequential(block.dw_conv, nn.ReLU())


def response_norm(after_pool: bool) -> Tweak:
    """The papers' response normalisation, whose alpha = 1e-4 torch divides by 5, after the ReLU or after the pool."""

    def tweak(network: nn.Module) -> None:
        for number in (1, 2):
            stage = network.features.get_submodule(f"stage{number}")
            stage.unit1.use_lrn = False
            block, name = (stage, f"pool{number}") if after_pool else (stage.unit1, "activ")
            norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
            setattr(block, name, nn.Sequential(getattr(block, name), norm))

    return tweak


def in_two_halves(*paths: str) -> Tweak:
    """Convolutions that see half of the channels each."""

    def tweak(network: nn.Module) -> None:
        for path in paths:
            conv = network.get_submodule(path)
            conv.groups = 2
            conv.weight = nn.Parameter(conv.weight[:, : conv.in_channels // 2])

    return tweak


def turned(pattern: str) -> Tweak:
    """1x7 for 7x1, and the reverse, in all convolutions whose path ends in `pattern`."""

    def tweak(network: nn.Module) -> None:
        found = [module for path, module in network.named_modules() if re.search(rf"(^|\.)({pattern})$", path)]
        assert found
        for conv in found:
            conv.kernel_size, conv.padding = conv.kernel_size[::-1], conv.padding[::-1]
            conv.weight = nn.Parameter(conv.weight.transpose(2, 3))

    return tweak


def five_blocks_c(network: nn.Module) -> None:
    """Inception-ResNet-v1 without facenet's sixth block and embedding."""
    del network.features.stage3.unit7
    with torch.device("meta"):
        network.output = nn.Linear(1792, 1000)


def table_1(network: nn.Module) -> None:
    """Inception-v3's stem and first modules as Table 1 prints them."""
    v3, conv = (import_module(f"pytorchcv.models.{name}") for name in ("inceptionv3", "common.conv"))
    norm = import_module("pytorchcv.models.common.norm").lambda_batchnorm2d(eps=1e-3)
    rows = [(3, 32, 2, 0), (32, 32, 1, 0), (32, 64, 1, 1), (64, 80, 1, 0), (80, 192, 2, 0), (192, 288, 1, 1)]
    with torch.device("meta"):
        convs = [conv.ConvBlock(*row[:2], 3, *row[2:], normalization=norm) for row in rows]
        network.features.init_block = nn.Sequential(*convs[:3], nn.MaxPool2d(3, 2), *convs[3:])
        for number in (1, 2, 3):
            unit = v3.InceptionAUnit(288, 288, norm)
            unit.branches.branch2.conv_list.conv2 = conv.ConvBlock(48, 64, 3, 1, 1, normalization=norm)
            setattr(network.features.stage1, f"unit{number}", unit)


def separable_conv1(network: nn.Module) -> None:
    """BN-Inception's first convolution with depth multiplier 8."""
    with torch.device("meta"):
        depthwise = nn.Conv2d(3, 24, 7, 2, 3, groups=3, bias=False)
        network.features.init_block.conv1.conv = nn.Sequential(depthwise, nn.Conv2d(24, 64, 1, bias=False))


def as_drawn(network: nn.Module) -> None:
    """The released Inception-ResNet-v2's blocks in the figures' numbers and widths, on Inception-v4's stem."""
    v1, v4 = (import_module(f"pytorchcv.models.{name}") for name in ("inceptionresnetv1", "inceptionv4"))
    norm = import_module("pytorchcv.models.common.norm").lambda_batchnorm2d(eps=1e-3)
    with torch.device("meta"):
        network.features = nn.Sequential(
            v4.InceptInitBlock(3, norm),
            *[v1.InceptionAUnit(384, [32, 32, 32, 32, 48, 64], norm) for _ in range(5)],
            v1.ReductionAUnit(384, [384, 256, 256, 384], norm),
            *[v1.InceptionBUnit(1152, [192, 128, 160, 192], norm) for _ in range(10)],
            v1.ReductionBUnit(1152, [256, 384, 256, 288, 256, 288, 320], norm),
            *[v1.InceptionCUnit(2144, [192, 192, 224, 256], norm) for _ in range(5)],
            nn.AdaptiveAvgPool2d(1),
        )
        network.output = nn.Linear(2144, 1000)


def linear_output(*widths: int) -> Tweak:
    """The classifier as fully connected layers with biases, with hard swish between two."""

    def tweak(network: nn.Module) -> None:
        layers: list[nn.Module] = [nn.Flatten()]
        for into, out in pairwise(widths):
            layers += [nn.Linear(into, out), nn.Hardswish()]
        network.output = nn.Sequential(*layers[:-1])

    return tweak


def activations(kind: type[nn.Module], other: type[nn.Module]) -> Tweak:
    def tweak(network: nn.Module) -> None:
        found = [(block, name) for block in network.modules() for name, child in block.named_children()
                 if isinstance(child, kind)]  # fmt: skip
        assert found
        for block, name in found:
            setattr(block, name, other())

    return tweak


def average_last(network: nn.Module) -> None:
    """The last feature map averaged before the classifier."""
    network.output = nn.Sequential(nn.AdaptiveAvgPool2d(1), *network.output.children())


def pooled_first(network: nn.Module) -> None:
    """ShuffleNet's units of stride 2 with the pooled shortcut before the branch."""
    for unit in network.modules():
        if getattr(unit, "downsample", False):
            pooled = unit.compress_conv1.in_channels
            unit.register_forward_hook(lambda _module, _inputs, out, pooled=pooled: out.roll(pooled, 1))


def padded_on_every_side(network: nn.Module) -> None:
    """NASNet's strided windows with as much padding on the left and top as on the right and bottom; what takes the odd
    pixels stays shifted by one."""
    nasnet, pnasnet = (import_module(f"pytorchcv.models.{name}") for name in ("nasnet", "pnasnet"))
    windows = (nasnet.NasDwsConv, nasnet.NasMaxPoolBlock, nasnet.NasAvgPoolBlock, pnasnet.PnasMaxPoolBlock)
    every(windows, extra_padding=False)(network)


padding_not_counted = every(nn.AvgPool2d, lambda pool: pool.padding != 0, count_include_pad=False)
padding_counted = every(nn.AvgPool2d, lambda pool: pool.padding != 0, count_include_pad=True)
partial_windows = every((nn.MaxPool2d, nn.AvgPool2d), lambda pool: pool.stride == 2, padding=0, ceil_mode=True)
right_bottom = {"padding": 0, "ceil_mode": True}
both_sides = {"padding": 1, "ceil_mode": False}
halves = in_two_halves("features.stage2.unit1.conv", "features.stage3.unit2.conv", "features.stage3.unit3.conv")
stem_as_drawn = turned(r"block2\.branches\.branch2\.conv_list\.conv[23]\.conv")
long_branches_as_drawn = turned(
    r"(stage2\.unit[2-8]\.branches\.branch3\.conv_list\.conv[2-5]|stage3\.unit[2-4]\.branches\.branch3\.conv_list\.conv[23])\.conv"
)


# ---- the table ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Twin:
    """The other implementation: `file.function` in pytorchcv, or in the package that `file` begins with, `size` of the
    images, what is set to our convention."""

    file: str
    function: str
    size: int
    tweaks: tuple[Tweak, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    ours: dict[str, Any] = field(default_factory=dict)
    contrast: float = 1  # of the images: response normalisation does next to nothing to values near 1
    double: bool = False  # float64: the deeper EfficientNets amplify what float32 rounds away
    runs_first: tuple[str, str] = (".shortcut.", ".body.")  # there: of two parts that have one input, in our names

    def build(self) -> nn.Module:
        if "." in self.file:
            if find_spec(self.file.partition(".")[0]) is None:
                pytest.skip("`make world` installs torchvision and timm")
            import_torchvision()
        package = "" if "." in self.file else "pytorchcv.models."
        network: nn.Module = getattr(import_module(f"{package}{self.file}"), self.function)(**self.options)
        for tweak in self.tweaks:
            tweak(network)
        return network


TWINS = {
    "xception": Twin("xception", "xception", 139, (epsilon(1e-3), any_size)),
    "xception with the author's pooling": Twin(
        "xception",
        "xception",
        139,
        (epsilon(1e-3), any_size, one("features.stage2.unit1.body.pool", **right_bottom)),
        ours={"pooling": "same"},
    ),
    "xception with a ReLU between": Twin(
        "xception", "xception", 75, (epsilon(1e-3), any_size, relu_between), ours={"activation": "relu"}
    ),
    "inception_v3": Twin("inceptionv3", "inceptionv3", 139, (padding_not_counted, any_size)),
    "inception_v3 of Table 1": Twin(
        "inceptionv3",
        "InceptionV3",
        139,
        (table_1, padding_not_counted, any_size),
        options={
            "channels": [[288] * 3, [768] * 6, [1280, 2048, 2048]],
            "init_block_channels": 192,
            "b_mid_channels": [128, 160, 160, 160, 192],
            "bn_eps": 1e-3,
        },
        ours={"stem": "table1"},
    ),
    "inception_resnet_v2_released": Twin("inceptionresnetv2", "inceptionresnetv2", 139, (any_size,)),
    "inception_v4": Twin("inceptionv4", "inceptionv4", 139, (stem_as_drawn, long_branches_as_drawn, any_size)),
    "inception_resnet_v1": Twin("inceptionresnetv1", "inceptionresnetv1", 139, (five_blocks_c, any_size)),
    "inception_resnet_v2": Twin("inceptionresnetv2", "inceptionresnetv2", 139, (as_drawn, stem_as_drawn)),
    "alexnet": Twin("alexnet", "alexnet", 227, (response_norm(after_pool=False), halves), contrast=50),
    "alexnet in one piece": Twin(
        "alexnet", "alexnet", 227, (response_norm(after_pool=False),), ours={"groups": 1}, contrast=50
    ),
    "zfnet": Twin("zfnet", "zfnet", 224, (response_norm(after_pool=True),), contrast=50),
    "nin_cifar10": Twin("nin_cifar", "nin_cifar10", 32, (partial_windows, any_size)),
    "vgg11": Twin("vgg", "vgg11", 224),
    "vgg13": Twin("vgg", "vgg13", 224),
    "vgg16": Twin("vgg", "vgg16", 224),
    "vgg19": Twin("vgg", "vgg19", 224),
    "vgg11 with batch normalisation": Twin("vgg", "bn_vgg11b", 224, ours={"batch_norm": True}),
    "bn_inception": Twin(
        "bninception",
        "bninception",
        128,
        (separable_conv1, epsilon(1e-3), without_bias, padding_not_counted, any_size),
    ),
    "resnet18": Twin("resnet", "resnet18", 139, (any_size,)),
    "resnet34": Twin("resnet", "resnet34", 139, (any_size,)),
    "resnet50": Twin("resnet", "resnet50", 139, (any_size,)),
    "resnet101": Twin("resnet", "resnet101", 43, (any_size,)),
    "resnet152": Twin("resnet", "resnet152", 43, (any_size,)),
    "resnet50 with its strides on the 3x3": Twin("resnet", "resnet50b", 139, (any_size,), ours={"stride": "3x3"}),
    "resnext50_32x4d": Twin("resnext", "resnext50_32x4d", 139, (any_size,)),
    "resnext101_32x4d": Twin("resnext", "resnext101_32x4d", 43, (any_size,)),
    "resnext101_64x4d": Twin("resnext", "resnext101_64x4d", 43, (any_size,)),
    "resnext29_8x64d of 32x4d": Twin(
        "resnext_cifar", "resnext29_32x4d_cifar10", 27, (any_size,), ours={"cardinality": 32, "width": 4}
    ),
    "resnext29_16x64d": Twin("resnext_cifar", "resnext29_16x64d_cifar10", 27, (any_size,)),
    "densenet121": Twin("densenet", "densenet121", 139, (any_size,)),
    "densenet169": Twin("densenet", "densenet169", 75, (any_size,)),
    "densenet201": Twin("densenet", "densenet201", 75, (any_size,)),
    "seresnet50": Twin("seresnet", "seresnet50", 139, (any_size,)),
    "seresnet50 with its strides on the 3x3": Twin("seresnet", "seresnet50b", 139, (any_size,), ours={"stride": "3x3"}),
    "seresnext50_32x4d": Twin("seresnext", "seresnext50_32x4d", 139, (any_size,)),
    "seresnet101": Twin("seresnet", "seresnet101", 43, (any_size,)),
    "seresnet152": Twin("seresnet", "seresnet152", 43, (any_size,)),
    "seresnext101_32x4d": Twin("seresnext", "seresnext101_32x4d", 43, (any_size,)),
    "senet154": Twin("senet", "senet154", 43, (any_size,)),
    "mobilenet_v1": Twin("mobilenet", "mobilenet_w1", 139, (epsilon(1e-3), any_size)),
    "mobilenet_v1 of half the width": Twin(
        "mobilenet", "mobilenet_wd2", 139, (epsilon(1e-3), any_size), ours={"width_multiplier": 0.5}
    ),
    "squeezenet1_0": Twin("squeezenet", "squeezenet_v1_0", 227, (any_size,), double=True),
    "squeezenet1_0 with simple bypass": Twin(
        "squeezenet", "squeezeresnet_v1_0", 227, (any_size,), ours={"bypass": "simple"}, double=True
    ),
    "squeezenet1_1": Twin("squeezenet", "squeezenet_v1_1", 227, (any_size,), double=True),
    "wrn28_10": Twin("wrn_cifar", "wrn28_10_cifar10", 32, double=True),
    "wide_resnet50_2": Twin("torchvision.models", "wide_resnet50_2", 64, double=True),
    "mobilenet_v2": Twin(
        "mobilenetv2", "mobilenetv2b_w1", 139, (linear_output(1280, 1000), epsilon(1e-3), any_size), double=True
    ),
    "mobilenet_v2 at 1.4": Twin(
        "torchvision.models",
        "mobilenet_v2",
        139,
        (epsilon(1e-3),),
        options={"width_mult": 1.4},
        ours={"width_multiplier": 1.4},
        double=True,
    ),
    "mobilenet_v3_large": Twin(
        "mobilenetv3",
        "mobilenetv3_large_w1",
        139,
        (linear_output(960, 1280, 1000), epsilon(1e-3), any_size),
        double=True,
    ),
    "mobilenet_v3_small": Twin(
        "mobilenetv3",
        "mobilenetv3_small_w1",
        139,
        (linear_output(576, 1024, 1000), epsilon(1e-3), any_size),
        double=True,
    ),
    "shufflenet_v1": Twin("shufflenet", "shufflenet_g3_w1", 139, (any_size, pooled_first), double=True),
    "shufflenet_v1 in 8 groups": Twin(
        "shufflenet", "shufflenet_g8_w1", 139, (any_size, pooled_first), ours={"groups": 8}, double=True
    ),
    "shufflenet_v2_x0_5": Twin("shufflenetv2b", "shufflenetv2b_wd2", 139, (any_size,), double=True),
    "shufflenet_v2_x1_0": Twin("torchvision.models", "shufflenet_v2_x1_0", 139, double=True),
    "xception41": Twin("timm.models", "xception41", 75, (epsilon(1e-3),), double=True),
    "xception65": Twin("timm.models", "xception65", 75, (epsilon(1e-3),), double=True),
    "xception71": Twin("timm.models", "xception71", 75, (epsilon(1e-3),), double=True),
    "convnext_tiny": Twin("timm.models", "convnext_tiny", 64, options={"conv_mlp": True}, double=True),
    "vit_b_16": Twin("timm.models", "vit_base_patch16_224", 224, double=True),
    "regnet_x_400mf": Twin("regnet", "regnetx004", 64, (any_size,), double=True),
    "regnet_y_400mf": Twin("regnet", "regnety004", 64, (any_size,), double=True),
    "mnasnet_a1": Twin("mnasnet", "mnasnet_a1", 139, (epsilon(1e-3), any_size), double=True),
    "efficientnet_v2_s": Twin("torchvision.models", "efficientnet_v2_s", 64, double=True),
    "res2net50": Twin("timm.models", "res2net50_26w_4s", 64, double=True),
    "res2net50 of 14w x 8s": Twin("timm.models", "res2net50_14w_8s", 64, ours={"width": 14, "scale": 8}, double=True),
    "dpn92": Twin(
        "dpn",
        "DPN",
        43,
        (linear_output(2688, 1000), average_last),
        options={
            "channels": [[304, 320, 336], [608, 640, 672, 704], [*range(1096, 1553, 24)], [2432, 2560, 2688]],
            "init_block_channels": 64,
            "init_block_kernel_size": 7,
            "init_block_padding": 3,
            "rs": [96, 192, 384, 768],
            "bws": [256, 512, 1024, 2048],
            "incs": [16, 32, 24, 128],
            "groups": 32,
            "b_case": False,
            "for_training": True,
            "test_time_pool": False,
        },
        double=True,
    ),
    "nasnet_a_mobile of 2 @ 192": Twin(
        "nasnet",
        "get_nasnet",
        43,
        (padded_on_every_side, any_size),
        options={
            "repeat": 2,
            "penultimate_filters": 192,
            "init_block_channels": 32,
            "final_pool_size": 7,
            "extra_padding": True,
            "skip_reduction_layer_input": False,
            "in_size": (43, 43),
        },
        ours={"normal_cells": 2, "penultimate_filters": 192},
        double=True,
    ),
    "pnasnet5_mobile of 2 x 8": Twin(
        "pnasnet",
        "PNASNet",
        43,
        (padded_on_every_side, any_size),
        options={
            "channels": [[20, 40, 40], [80] * 2, [160] * 2],
            "init_block_channels": 32,
            "stem1_blocks_channels": 10,
        },
        ours={"cells": 2, "filters": 8},
        double=True,
        runs_first=BEFORE_H,
    ),
    "polynet of 1, 2 and 2 modules": Twin(
        "polynet",
        "PolyNet",
        107,
        (any_size,),
        options={
            "two_way_scales": [[1], [0, 0.85], [0, 0.7]],
            "poly_scales": [[0], [0, 0.925], [0, 0.775]],
        },
        ours={"modules_a": 1, "modules_b": 2, "modules_c": 2},
        double=True,
    ),
    "efficientnet_b0": Twin("efficientnet", "efficientnet_b0", 139, (epsilon(1e-3),)),
    **{
        f"efficientnet_b{n}": Twin("efficientnet", f"efficientnet_b{n}", size, (epsilon(1e-3),), double=True)
        for n, size in {1: 75, 2: 75, 3: 75, 4: 75, 5: 75, 6: 107, 7: 107}.items()
    },
}

if EVERYTHING:  # whole; above they are cut short
    TWINS |= {
        "nasnet_a_mobile": Twin("nasnet", "nasnet_4a1056", 59, (padded_on_every_side, any_size), double=True),
        "nasnet_a_large": Twin("nasnet", "nasnet_6a4032", 59, (padded_on_every_side, any_size), double=True),
        "pnasnet5_large": Twin(
            "pnasnet", "pnasnet5large", 59, (padded_on_every_side, any_size), double=True, runs_first=BEFORE_H
        ),
        "polynet": Twin("polynet", "polynet", 139, (any_size,), double=True),
    }

SLOW = {
    "senet154", "wrn28_10", "inception_resnet_v1", "inception_resnet_v2", "vgg11 with batch normalisation",
    "inception_v3 of Table 1", "xception with the author's pooling", "xception with a ReLU between",
    "resnet50 with its strides on the 3x3", "seresnet50 with its strides on the 3x3", "resnext50_32x4d",
    "inception_resnet_v2_released", "bn_inception", "dpn92", "densenet121", "vgg11",
    "seresnext50_32x4d", "mobilenet_v3_large", "shufflenet_v1 in 8 groups", "alexnet in one piece",
}  # fmt: skip
"""A second or more each, for what others of their papers, or a number of expected.toml, show too."""
HELD = [name for name in TWINS if name.partition(" ")[0] in COUNTED and (EVERYTHING or name not in SLOW)]

BROKEN: dict[str, dict[str, Tweak]] = {  # network: what is wrong, and how
    "xception": {
        "epsilon of the torch ports": epsilon(1e-5),
        "a pool aligned to the right": one("features.stage2.unit1.body.pool", **right_bottom),
    },
    "inception_v3": {
        "average pools that count padding": padding_counted,
        "epsilon 1e-5": epsilon(1e-5),
    },
    "inception_resnet_v2_released": {
        "one block's scale": one("features.stage2.unit2", scale=0.11),
    },
    "inception_v4": {
        "average pools that count padding": padding_counted,
        "epsilon 1e-5": epsilon(1e-5),
    },
    "inception_resnet_v1": {
        "one block's scale": one("features.stage2.unit2", scale=0.17),
    },
    "inception_resnet_v2": {
        "one block without its ReLU": one("features.2", activ=nn.Identity()),
    },
    "alexnet": {
        "alpha of torch": every(nn.LocalResponseNorm, alpha=1e-4),
    },
    "zfnet": {
        "a pool aligned to the middle": one("features.stage1.pool1.0", **both_sides),
        "k = 1": every(nn.LocalResponseNorm, k=1),
    },
    "nin_cifar10": {
        "a pool aligned to the middle": one("features.stage2.pool2", **both_sides),
        "an average pool aligned to the middle": one("features.stage3.pool3", **both_sides),
    },
    "vgg11 with batch normalisation": {
        "epsilon of TensorFlow": epsilon(1e-3),
    },
    "bn_inception": {
        "average pools that count padding": padding_counted,
        "a pool aligned to the middle": one("features.init_block.pool1", **both_sides),
        "epsilon of the torch ports": epsilon(1e-5),
    },
    "resnet50": {
        "epsilon of TensorFlow": epsilon(1e-3),
        "a pool aligned to the right": one("features.init_block.pool", padding=0, ceil_mode=True),
        "one block's stride on the 3x3": stride_moved("features.stage2.unit1.body"),
    },
    "resnext50_32x4d": {
        "epsilon of TensorFlow": epsilon(1e-3),
    },
    "densenet121": {
        "epsilon of TensorFlow": epsilon(1e-3),
    },
    "seresnet50": {
        "one gate without its sigmoid": one("features.stage2.unit1.se", sigmoid=nn.Identity()),
    },
    "senet154": {
        "epsilon of TensorFlow": epsilon(1e-3),
    },
    "mobilenet_v1": {
        "epsilon of the torch ports": epsilon(1e-5),
        "ReLU6 for ReLU": activations(nn.ReLU, nn.ReLU6),
    },
    "squeezenet1_0": {"a pool aligned to the middle": every(nn.MaxPool2d, padding=1, ceil_mode=False)},
    "wrn28_10": {"epsilon of TensorFlow": epsilon(1e-3)},
    "mobilenet_v2": {
        "epsilon of the torch ports": epsilon(1e-5),
        "ReLU for ReLU6": activations(nn.ReLU6, nn.ReLU),
    },
    "mobilenet_v3_large": {"epsilon of the torch ports": epsilon(1e-5)},
    "shufflenet_v1": {"epsilon of TensorFlow": epsilon(1e-3)},
    "shufflenet_v2_x0_5": {"epsilon of TensorFlow": epsilon(1e-3)},
    "xception41": {"epsilon of the torch ports": epsilon(1e-5)},
    "convnext_tiny": {"epsilon of torch": every(nn.LayerNorm, eps=1e-5)},
    "vit_b_16": {"epsilon of torch": every(nn.LayerNorm, eps=1e-5)},
    "regnet_x_400mf": {"epsilon of TensorFlow": epsilon(1e-3)},
    "mnasnet_a1": {"epsilon of the torch ports": epsilon(1e-5)},
    "efficientnet_v2_s": {"epsilon of the torch ports": epsilon(1e-5)},
    "res2net50": {"averages that do not count padding": every(nn.AvgPool2d, count_include_pad=False)},
    "dpn92": {"epsilon of the torch ports": epsilon(1e-5)},
    "nasnet_a_mobile of 2 @ 192": {
        "epsilon of the torch ports": epsilon(1e-5),
        "average pools that count padding": padding_counted,
        "the pixels of even rows twice": one("features.stage1.unit1.path.path2", extra_padding=False),
    },
    "pnasnet5_mobile of 2 x 8": {"epsilon of the torch ports": epsilon(1e-5)},
    "polynet of 1, 2 and 2 modules": {
        "epsilon of TensorFlow": epsilon(1e-3),
        "one module's scale": one("features.stage2.unit2.poly", scale=0.9),
    },
    "efficientnet_b0": {
        "epsilon of the torch ports": epsilon(1e-5),
        "padding of TensorFlow": one("features.init_block", tf_mode=True),
    },
}


# ---- weights --------------------------------------------------------------------------------------------------


NUMBERS = 1_000_003
"""Random numbers that weights repeat, each from another place on: to draw 140 million of them would take seconds. A
prime, so that no kernel is its neighbour's."""


def randomise(network: nn.Module) -> None:
    """He-scaled weights and random statistics, so that values stay near 1 through any depth."""
    generator = torch.Generator().manual_seed(0)
    numbers = torch.randn(NUMBERS, generator=generator)
    for module in network.modules():
        for name, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            if name == "running_var" or (isinstance(module, nn.BatchNorm2d | nn.LayerNorm) and name == "weight"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif tensor.dim() > 1:
                start = int(torch.randint(NUMBERS, (), generator=generator))
                repeats = -(-tensor.numel() // NUMBERS)
                tensor.view(-1).copy_(numbers.roll(start).repeat(repeats)[: tensor.numel()])
                tensor.mul_(deviation(module, tensor))
            elif tensor.dim() == 1:
                tensor.normal_(0, 0.1, generator=generator)


def near_statistics_of(images: torch.Tensor, network: nn.Module) -> None:
    """Random statistics near the true ones. With others a sum of residuals doubles from block to block, and after
    fifty blocks all images give the same."""
    generator = torch.Generator().manual_seed(2)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.train().momentum = 1
    if norms:
        network(images)
    for norm in norms:
        norm.eval()
        noise = torch.empty_like(norm.running_mean).normal_(0, 0.1, generator=generator)
        norm.running_mean += noise * norm.running_var.sqrt()
        norm.running_var *= torch.empty_like(noise).uniform_(0.8, 1.25, generator=generator)


def deviation(module: nn.Module, weight: torch.Tensor) -> float:
    """He's for a layer that ReLU follows; no gain for a depthwise convolution, which a pointwise one follows."""
    fan_in = weight[0].numel()
    depthwise = getattr(module, "groups", 1) == len(weight)
    return float((1 if depthwise else 2) / fan_in) ** 0.5


def layers_run(network: nn.Module, seen: torch.Tensor) -> list[str]:
    """Paths of the modules that store something, in the order in which they run; one that runs again comes again."""
    stored = {path: module for path, module in network.named_modules() if module._parameters or module._buffers}
    order: list[str] = []
    handles = [
        module.register_forward_pre_hook(lambda *_, path=path: order.append(path)) for path, module in stored.items()
    ]
    with not_normalised():
        network(seen.to("meta"))
    for handle in handles:
        handle.remove()
    return order


def with_first(parts: tuple[str, str], paths: list[str]) -> list[str]:
    """Our order of execution with every first part, a residual's shortcut, before the second, its body."""
    first: dict[str, int] = {}

    def place(item: tuple[int, str]) -> tuple[int, bool, int]:
        i, path = item
        for part in parts:
            if part in path:
                return first.setdefault(path[: path.index(part)], i), part == parts[1], i
        return i, False, i

    return [path for _, path in sorted(enumerate(paths), key=place)]


def own_last(paths: list[str]) -> list[str]:
    """The order of execution, but what a block itself stores comes after its layers; the network itself, after one."""

    def place(item: tuple[int, str]) -> float:
        i, path = item
        if not path:
            return 1.5
        inside = [j for j, other in enumerate(paths) if other.startswith(f"{path}.")]
        return inside[-1] + 0.5 if inside else i

    return [path for _, path in sorted(enumerate(paths), key=place)]


def stored_in(module: nn.Module) -> Iterator[tuple[dict[str, Any], str, torch.Tensor]]:
    for store in (module._parameters, module._buffers):
        for name, tensor in store.items():
            if tensor is not None:
                yield store, name, tensor


def share(ours: nn.Module, theirs: nn.Module, seen: torch.Tensor, runs_first: tuple[str, str]) -> None:
    """Give our network their tensors. Both are on meta still where layers are matched."""
    with torch.no_grad():
        run, their_run = layers_run(ours, seen), layers_run(theirs, seen)
        if type(theirs).__module__.startswith("pytorchcv"):
            matched = list(zip(with_first(runs_first, run), their_run, strict=True))
        else:
            matched = list(zip(own_last(run), own_last(their_run), strict=True))
    theirs.to_empty(device="cpu")
    with torch.no_grad():
        randomise(theirs)
        near_statistics_of(seen, theirs)
    for path, other in matched:
        given = [tensor for _, _, tensor in stored_in(theirs.get_submodule(other))]
        taken = [(store, name, tensor.shape) for store, name, tensor in stored_in(ours.get_submodule(path))]
        assert [shape for *_, shape in taken] == [tensor.shape for tensor in given], f"{path} is not {other}"
        for (store, name, _), tensor in zip(taken, given, strict=True):
            store[name] = tensor
    assert not any(tensor.is_meta for tensor in (*ours.parameters(), *ours.buffers()))


# ---- the comparison -------------------------------------------------------------------------------------------


def twins(name: str) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """Our network and its twin, with the same weights, and two images."""
    twin, network = TWINS[name], catalogue()[name.partition(" ")[0]]
    with torch.device("meta"):
        ours, theirs = network.build(**twin.ours).eval(), twin.build().eval()
    seen = twin.contrast * images(network.input_size[0], twin.size)
    share(ours, theirs, seen, twin.runs_first)
    if twin.double:
        return ours.double(), theirs.double(), seen.double()
    return ours, theirs, seen


def changed(network: nn.Module, tweak: Tweak) -> nn.Module:
    """A copy that is tweaked; it shares the stored numbers."""
    stored: dict[int, Any] = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    copied = deepcopy(network, stored)
    tweak(copied)
    return copied


def images(channels: int, size: int) -> torch.Tensor:
    """Two images: large shapes and noise. Of noise alone the last average pool leaves the same for any image."""
    generator = torch.Generator().manual_seed(1)
    shapes = torch.randn(2, channels, 4, 4, generator=generator)
    noise = torch.randn(2, channels, size, size, generator=generator)
    return nn.functional.interpolate(shapes, (size, size), mode="bilinear") + noise / 2


def relative_error(output: torch.Tensor, reference: torch.Tensor) -> float:
    return float((output - reference).norm() / reference.norm())


@pytest.mark.parametrize("name", HELD)
@torch.no_grad()
def test_same_function(name: str) -> None:
    ours, theirs, seen = twins(name)
    output, reference = ours(seen), theirs(seen)

    size = reference.abs().mean()
    assert 1e-3 < size < 1e4, f"the signal is lost: {size:.1e} at the output"
    assert (reference.std(dim=1) > 0.1 * size).all(), "all classes get the same value"
    assert (reference[0] - reference[1]).abs().mean() > 0.05 * size, "all images get the same values"
    tolerance = DOUBLE if TWINS[name].double else SINGLE
    assert relative_error(output, reference) < tolerance
    for wrong, tweak in BROKEN.get(name, {}).items():
        other = changed(theirs, tweak)(seen)
        assert relative_error(output, other) > 100 * tolerance, f"{wrong} goes unnoticed"
