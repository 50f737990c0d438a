"""torchvision beside a torch for the CPU. The operators of a wheel for CUDA do not load there."""

import importlib
import sys
from typing import Any

import torch


def import_torchvision() -> None:
    """Also where its compiled operators, made for CUDA, do not load beside a torch for the CPU: the schemas are enough
    for all but detection, and for that the two operators below."""
    if "torchvision" in sys.modules:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for loaded in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[loaded]
        define_operators()
        from torchvision import extension

        extension._has_ops = lambda: True


def define_operators() -> None:
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    torch.library.impl("torchvision::nms", "cpu", suppress)
    schema = "(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
    torch.library.define("torchvision::roi_align", schema + "int sampling_ratio, bool aligned) -> Tensor")
    torch.library.impl("torchvision::roi_align", "cpu", align)


def suppress(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
    """Non-maximum suppression that keeps all boxes, in the order of their scores: a network then does all its work."""
    return scores.argsort(descending=True)


def align(image: torch.Tensor, boxes: torch.Tensor, scale: float, height: int, width: int, *_: Any) -> torch.Tensor:
    """A result of the right shape: what is counted does not depend on its values."""
    return image.new_zeros(len(boxes), image.shape[1], height, width)
