"""Several images at once: every count is of all that were passed, the batch in front of every shape."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import archscope
from archscope.model.report import Report
from archscope.tracing import Mode
from tests.measures.test_against_torch import KEEPERS, LiveBytes, Residual, conv, flops, kept

IMAGES = 3


def summed(module: nn.Module, images: int, *size: int, mode: Mode = "eval") -> Report:
    return archscope.summarize(module, input_data=torch.rand(images, *size), mode=mode)


LAYERS = {
    "upsampled": lambda: nn.Upsample(scale_factor=2),
    "bilinear": lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
    "bicubic": lambda: nn.Upsample(size=(11, 5), mode="bicubic"),
    "max pool": lambda: nn.MaxPool2d(3, 2, 1),
    "average pool": lambda: nn.AvgPool2d(2),
    "global pool": lambda: nn.AdaptiveAvgPool2d(1),
    "batch norm": lambda: nn.BatchNorm2d(4),
    "group norm": lambda: nn.GroupNorm(2, 4),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 3, 2),
    "strided": lambda: nn.Conv2d(4, 6, 1, 2),
    "linear": lambda: nn.Linear(8, 5),
}


@pytest.mark.parametrize("name", LAYERS)
def test_of_all_images(name: str) -> None:
    module = nn.Sequential(conv(), LAYERS[name](), nn.Softmax(1))
    one, all_of_them = summed(module, 1, 4, 8, 8), summed(module, IMAGES, 4, 8, 8)

    for column in ("macs", "flops", "elementwise_ops", "activations", "output_bytes"):
        assert all_of_them.totals[column] == IMAGES * one.totals[column], column
    assert all_of_them.totals["flops"] == flops(module, torch.rand(IMAGES, 4, 8, 8))
    weights = one.totals["weight_bytes"]
    assert all_of_them.totals["peak_memory_bytes"] - weights == IMAGES * (one.totals["peak_memory_bytes"] - weights)
    assert all_of_them.totals["bytes_moved"] < IMAGES * one.totals["bytes_moved"]  # weights are read once


@pytest.mark.parametrize("name", KEEPERS)
def test_training_keeps_what_autograd_saves(name: str) -> None:
    module = KEEPERS[name]
    said = summed(module, IMAGES, 4, 8, 8, mode="train").totals["training_memory_bytes"]
    assert said == kept(module, torch.rand(IMAGES, 4, 8, 8))


def test_peak_memory_is_what_was_alive() -> None:
    module, x = Residual().eval(), torch.rand(2, 3, 32, 32)
    with torch.no_grad(), LiveBytes(module, x) as live:
        module(x)

    assert summed(module, 2, 3, 32, 32).totals["peak_memory_bytes"] == live.peak


class Siamese(nn.Module):
    """Two images as one batch, and their features multiplied."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.adaptive_avg_pool2d(self.stem(x), 1).flatten(1)
        return self.head(y) @ y.T.new_ones(4, 1)


def test_a_pair() -> None:
    module = Siamese()
    assert summed(module, 2, 3, 16, 16).totals["flops"] == flops(module, torch.rand(2, 3, 16, 16))
