"""The network ready to be timed: where its weights and inputs lie, which inputs it takes, and what it refuses."""

from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.latency import Options
from archscope.latency.network import Network, loss_of, settle


class Two(nn.Module):
    """An image, and which of its rows count."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.rows = nn.Conv2d(3, 4, 3), nn.Embedding(5, 1)

    def forward(self, image: torch.Tensor, row: torch.Tensor) -> torch.Tensor:
        return self.conv(image).mean((2, 3)) * self.rows(row)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def graph() -> archscope.Graph:
    return archscope.trace(Two(), {"image": torch.zeros(1, 3, 8, 8), "row": torch.zeros(1, dtype=torch.int64)})


def ready(graph: archscope.Graph, inputs: Any = None, **options: Any) -> Network:
    return Network(Two(), graph, Options(**options), "eval", inputs)


def test_channels_last_leaves_volumes_as_they_are() -> None:
    module = nn.Sequential(nn.Conv3d(3, 4, 3), nn.Flatten(1, 2), nn.Conv2d(24, 4, 3))
    graph = archscope.trace(module, (3, 8, 8, 8))
    network = Network(module, graph, Options(channels_last=True), "eval")
    network.step()

    assert network.module[2].weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[index]
    assert network.module[0].weight.is_contiguous()  # type: ignore[index]


def test_channels_last_holds_for_images_and_for_kernels_alone(graph: archscope.Graph) -> None:
    network = ready(graph, channels_last=True)
    network.step()

    assert network.module.conv.weight.is_contiguous(memory_format=torch.channels_last)
    for _, named in network.inputs:
        assert named["image"].is_contiguous(memory_format=torch.channels_last)
        assert named["row"].dim() == 1


IMAGE, ROW = torch.rand(1, 3, 8, 8), torch.tensor([4])


@pytest.mark.parametrize("given", [(IMAGE, ROW), {"image": IMAGE, "row": ROW}])
def test_given_inputs_are_stored_as_the_weights_and_integers_stay(graph: archscope.Graph, given: Any) -> None:
    network = ready(graph, given, dtype="bfloat16")
    network.step()
    ((positional, named),) = network.inputs

    image, row = positional or named.values()
    assert (image.dtype, row.item(), bool(positional)) == (torch.bfloat16, 4, isinstance(given, tuple))


def test_what_cannot_run_is_refused(graph: archscope.Graph) -> None:
    with pytest.raises(ArchscopeError, match="on the meta device has no weights"):
        Network(Two().to("meta"), graph, Options(), "eval")
    with pytest.raises(ArchscopeError, match="no trainable parameters"):
        loss_of(torch.zeros(1, 3))


@pytest.mark.filterwarnings("error")
def test_complex_weights_stay_so() -> None:
    module = nn.Identity()
    module.own = nn.Parameter(torch.ones(2))
    module.turned = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    network = Network(module, archscope.trace(module, (2,)), Options(dtype="bfloat16"), "eval")

    assert [weight.dtype for weight in network.module.parameters()] == [torch.bfloat16, torch.complex64]


def test_a_batch_normalisation_is_settled_however_it_is_called() -> None:
    class ByName(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(3)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            normalised: torch.Tensor = self.norm(input=image)
            return normalised

    net = ByName()
    settle(net, (), {"image": torch.full((2, 3, 4, 4), 7.0)})
    assert net.norm.running_mean.tolist() == pytest.approx([7.0, 7.0, 7.0])
    assert not net.norm._forward_pre_hooks
