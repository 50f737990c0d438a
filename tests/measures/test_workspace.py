"""Memory of a run against what torch's allocator said on an NVIDIA H200, torch 2.11.0, cuDNN 9.19, and against liveness
by hand."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

import archscope
from archscope.latency.fitting import predicted_bytes
from archscope.measures.memory import memory, running_bytes
from archscope.measures.workspace import ONEDNN, Library
from archscope.model.graph import Graph
from archscope.roofline import converted
from tests.benchmarks.memory import measured_and_predicted

IMAGE_BYTES = 4 * 8 * 16 * 16
"""Of eight channels of 16 x 16."""

ON_H200 = [
    ("xception", "float32", False, 1303.0), ("xception", "tf32", False, 1303.0), ("xception", "bfloat16", False, 651.3),
    ("xception", "float32", True, 1978.2), ("xception", "tf32", True, 1302.6), ("xception", "bfloat16", True, 651.3),
    ("inception_v3", "tf32", False, 631.0), ("inception_v3", "bfloat16", False, 315.2),
    ("inception_v3", "tf32", True, 545.8), ("inception_v3", "bfloat16", True, 272.9),
]  # fmt: skip
"""Network, type, channels last, MiB of inference with 32 images."""


@cache
def graph_of(name: str) -> Graph:
    return replace(archscope.trace(name), batch=32)


@pytest.mark.parametrize(("name", "dtype", "channels_last", "mib"), ON_H200)
def test_inference_on_cuda_takes_what_was_measured(name: str, dtype: str, channels_last: bool, mib: float) -> None:
    library = Library.of("cuda", dtype, channels_last)
    predicted = predicted_bytes(converted(graph_of(name), dtype), False, library=library)

    assert predicted / 2**20 == pytest.approx(mib, rel=0.002)


def test_a_module_holds_what_it_was_given_until_it_returns() -> None:
    class Unit(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())

    graph = archscope.trace(nn.Sequential(Unit(), Unit()), (8, 16, 16))
    *_, still_read = memory(graph)

    assert running_bytes(graph, ONEDNN) - still_read.total == IMAGE_BYTES


def test_a_list_of_modules_is_no_call() -> None:
    """It holds nothing that was given to the first of them while the next one runs."""

    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.blocks = nn.ReLU(), nn.ModuleList(nn.Tanh() for _ in range(3))

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            image = self.stem(image)
            for block in self.blocks:
                image = block(image)
            return image

    graph = archscope.trace(Listed(), (8, 16, 16))
    *_, still_read = memory(graph)

    assert running_bytes(graph, ONEDNN) == still_read.total == 3 * IMAGE_BYTES


def test_what_the_caller_still_reads_is_held_once() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.inner = nn.ReLU(), nn.Sequential(nn.ReLU(), nn.Tanh())

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            made = self.first(image)
            return made + self.inner(made)

    graph = archscope.trace(Residual(), (8, 16, 16))
    *_, still_read = memory(graph)

    assert running_bytes(graph, ONEDNN) == still_read.total


@pytest.mark.parametrize(
    ("kernel_size", "groups", "channels", "dtype", "channels_last", "copied"),
    [
        (3, 1, 8, "float32", False, False),
        (3, 1, 8, "float32", True, True),
        (1, 1, 8, "float32", True, True),
        (3, 1, 8, "bfloat16", False, True),
        (1, 1, 8, "bfloat16", False, False),  # a product of matrices
        (3, 1, 8, "bfloat16", True, False),
        (3, 8, 8, "bfloat16", False, False),  # depthwise
        (3, 1, 3, "bfloat16", False, False),
    ],
)
def test_cudnn_copies_into_the_layout_of_its_kernels(
    kernel_size: int, groups: int, channels: int, dtype: str, channels_last: bool, copied: bool
) -> None:
    module = nn.Conv2d(channels, 8, kernel_size, groups=groups, padding="same")
    (layer,) = archscope.trace(module, (channels, 16, 16)).layers
    library = Library.of("cuda", dtype, channels_last)

    assert library.forward_bytes(layer, 1, 10, 1, 20) == library.backward_bytes(layer, 1, 10, 1, 20) == 30 * copied


def test_cudnn_copies_nothing_where_no_convolution_reads_images() -> None:
    class Unlike(nn.Module):
        """A pool, an image without a batch or channels, and weights made of weights."""

        def __init__(self) -> None:
            super().__init__()
            self.pool, self.first = nn.MaxPool2d(3, 1, 1), nn.Conv2d(1, 8, 3, padding=1)
            self.weight, self.other = nn.Parameter(torch.ones(8, 8, 3, 3)), nn.Parameter(torch.ones(8, 8, 1, 1))

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            made = self.first(self.pool(image))
            return nn.functional.conv2d(made, nn.functional.conv2d(self.weight, self.other), groups=1)

    graph = archscope.trace(Unlike(), input_data=torch.zeros(1, 16, 16))
    library = Library.of("cuda", "float32", amp="bfloat16")

    copied = {layer.name: library.forward_bytes(layer, 1, 10, 1, 20) for layer in graph.layers}
    assert [*copied.values()] == [0, 0, 0, 30]


MEASURED = [
    (nn.Conv2d(64, 64, 3, padding=1), (64, 16, 20)),  # a single one is as large as what oneDNN does not get
    (nn.Conv2d(64, 64, 3, padding=1), (64, 16, 21)),
    (nn.Conv2d(64, 64, 1), (64, 32, 32)),  # on one thread a product of matrices
    (nn.Conv2d(64, 96, 1, groups=2), (64, 24, 24)),
    (nn.Conv2d(64, 64, 4, padding=2), (64, 12, 12)),
    (nn.Conv2d(64, 512, 3, padding=1), (64, 8, 8)),  # the weights are the most
    (nn.Conv2d(8, 128, 3, padding=1), (8, 32, 32)),
    (nn.Conv3d(32, 32, (3, 1, 1), padding="same"), (32, 8, 8, 8)),
    (nn.Conv1d(64, 64, 3, padding=1), (64, 256)),
    (nn.Conv1d(64, 64, 5, padding=2), (64, 256)),
    (nn.ConvTranspose2d(64, 32, 4, 2, 1), (64, 24, 24)),
]


@pytest.mark.parametrize(("images", "threads"), [(1, 1), (15, 1), (16, 1), (4, 2)])
def test_convolutions_on_the_cpu_take_what_was_measured(images: int, threads: int) -> None:
    """Against the profiler's record of every allocation."""
    ratios = {}
    for number, (module, size) in enumerate(MEASURED):
        measured, predicted = measured_and_predicted(module, size, images, False, threads)
        ratios[number, str(module)] = predicted / measured
    assert ratios == dict.fromkeys(ratios, pytest.approx(1.0, abs=0.08))


@pytest.mark.parametrize(("number", "images"), [(0, 1), (0, 4), (2, 4), (2, 16), (5, 4), (6, 4), (10, 4)])
def test_a_step_of_training_takes_what_was_measured(number: int, images: int) -> None:
    module, size = MEASURED[number]
    measured, predicted = measured_and_predicted(nn.Sequential(nn.PReLU(), module), size, images, True)
    assert predicted == pytest.approx(measured, rel=0.04)
