"""Networks of two packages under one name, each against the other: docs/benchmarks/pairs.md.

make world, pip install pretrainedmodels efficientnet_pytorch, and then python -m tests.benchmarks.pairs
"""

import importlib
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

import archscope
from archscope.differences import Diff, causes, compare
from tests.world.networks import on_meta
from tests.world.torchvision import import_torchvision

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks" / "pairs.md"

PAIRS = """
timm:resnet34 torchvision:resnet34 224
timm:resnet50 torchvision:resnet50 224
timm:wide_resnet50_2 torchvision:wide_resnet50_2 224
timm:resnext50_32x4d torchvision:resnext50_32x4d 224
timm:vgg11 torchvision:vgg11 224
timm:vgg16_bn torchvision:vgg16_bn 224
timm:densenet121 torchvision:densenet121 224
timm:mobilenetv2_100 torchvision:mobilenet_v2 224
timm:mobilenetv3_large_100 torchvision:mobilenet_v3_large 224
timm:mobilenetv3_small_100 torchvision:mobilenet_v3_small 224
timm:efficientnet_b0 torchvision:efficientnet_b0 224
timm:tf_efficientnet_b0 efficientnet_pytorch:efficientnet-b0 224
timm:mnasnet_100 torchvision:mnasnet1_0 224
timm:convnext_tiny torchvision:convnext_tiny 224
timm:vit_base_patch32_224 torchvision:vit_b_32 224
timm:inception_v3 torchvision:inception_v3 299
timm:inception_v4 pretrainedmodels:inceptionv4 299
timm:inception_resnet_v2 pretrainedmodels:inceptionresnetv2 299
timm:legacy_xception pretrainedmodels:xception 299
timm:legacy_seresnet50 pretrainedmodels:se_resnet50 224
timm:legacy_senet154 pytorchcv:senet154 224
timm:nasnetalarge pretrainedmodels:nasnetalarge 331
timm:dpn68 pretrainedmodels:dpn68 224
timm:vgg19 pretrainedmodels:vgg19 224
timm:resnet101 pretrainedmodels:resnet101 224
timm:swin_tiny_patch4_window7_224 torchvision:swin_t 224
timm:maxvit_tiny_tf_224 torchvision:maxvit_t 224
torchvision:alexnet pretrainedmodels:alexnet 224
torchvision:squeezenet1_0 pretrainedmodels:squeezenet1_0 224
pretrainedmodels:polynet pytorchcv:polynet 331
pytorchcv:bninception pretrainedmodels:bninception 224
pytorchcv:resnet18 torchvision:resnet18 224
pytorchcv:resnet50b torchvision:resnet50 224
pytorchcv:resnext50_32x4d torchvision:resnext50_32x4d 224
pytorchcv:squeezenet_v1_1 torchvision:squeezenet1_1 224
pytorchcv:shufflenetv2_w1 torchvision:shufflenet_v2_x1_0 224
pytorchcv:mobilenetv2_w1 torchvision:mobilenet_v2 224
pytorchcv:densenet169 torchvision:densenet169 224
pytorchcv:efficientnet_b0 torchvision:efficientnet_b0 224
pytorchcv:ghostnet timm:ghostnet_100 224
pytorchcv:seresnet50 timm:legacy_seresnet50 224
pytorchcv:mnasnet_b1 timm:mnasnet_100 224
pytorchcv:hrnet_w18_small_v1 timm:hrnet_w18_small 224
pytorchcv:dla34 timm:dla34 224
pytorchcv:mixnet_s timm:mixnet_s 224
"""
MOST_SHOWN = 6
"""Rows of a pair, less what follows from others."""

HEAD = """# One name, two packages

Each network against that of another package with the same name, at the size given, on the meta device
(`python -m tests.benchmarks.pairs`). The reference is the second. Of more than {most} rows the first are given.

| Network | Reference | Verdict | What differs |
| :--- | :--- | :--- | :--- |
"""


def built(target: str) -> nn.Module:
    package, _, name = target.partition(":")
    if package == "timm":
        made = importlib.import_module("timm").create_model(name)
    elif package == "torchvision":
        # torch's own initialisation of these two takes seconds
        options: dict[str, Any] = {"init_weights": False} if name in {"googlenet", "inception_v3"} else {}
        made = importlib.import_module("torchvision.models").get_model(name, weights=None, **options)
    elif package == "pretrainedmodels":
        made = getattr(importlib.import_module(package), name)(num_classes=1000, pretrained=None)
    elif package == "pytorchcv":
        made = importlib.import_module("pytorchcv.model_provider").get_model(name)
    else:
        made = importlib.import_module(package).EfficientNet.from_name(name)
    assert isinstance(made, nn.Module)
    return made.eval()


def compared(one: str, other: str, side: int) -> Diff:
    modules = [on_meta(partial(built, target)) for target in (one, other)]
    return compare(*[archscope.summarize(module, (3, side, side)) for module in modules])


def line(one: str, other: str, found: Diff) -> str:
    rows = [row.what for row in found.differences if row.kind != "consequence"]
    more = f"; and {len(rows) - MOST_SHOWN} more" if len(rows) > MOST_SHOWN else ""
    return f"| {one} | {other} | {found.verdict} | {'; '.join(rows[:MOST_SHOWN])}{more} |"


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    import_torchvision()
    lines = []
    for pair in PAIRS.strip().splitlines():
        one, other, side = pair.split()
        found = compared(one, other, int(side))
        lines.append(line(one, other, found))
        print(one, other, found.verdict, causes(found.differences), flush=True)
        PAGE.write_text(HEAD.format(most=MOST_SHOWN) + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
