"""Figure 3 of the ResNeXt paper: its three forms compute the same."""

import pytest
import torch
from torch import nn

from archscope.networks import find

CARDINALITY, WIDTH = 4, 3

Weights = dict[str, torch.Tensor]


def build(form: str) -> nn.Module:
    network = find("resnext29_8x64d")
    return network.build(cardinality=CARDINALITY, width=WIDTH, form=form).double().eval()


def form_c() -> nn.Module:
    """Form c with He-scaled weights and random statistics."""
    generator = torch.Generator().manual_seed(0)
    network = build("c")
    for name, tensor in network.state_dict().items():
        if tensor.dim() > 1:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        elif name.endswith(("running_var", "bn.weight")):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.dim() == 1:
            tensor.normal_(0, 0.1, generator=generator)
    return network


def paths(prefix: str, combinator: str, layer: str, tensor: torch.Tensor) -> Weights:
    """A convolution's filters, or its normalisation's channels, dealt to the paths in order."""
    shares = tensor.chunk(CARDINALITY)
    return {f"{prefix}{combinator}.path{i}.{layer}": share for i, share in enumerate(shares, 1)}


def mapped(weights: Weights, form: str) -> Weights:
    """The weights of form c where forms a and b keep them."""
    combinator, found = {"a": "sum1", "b": "concat1"}[form], {}
    for name, tensor in weights.items():
        prefix, body, layer = name.partition(".body.")
        if not body or tensor.dim() == 0:
            found[name] = tensor
        elif layer.startswith(("conv1.", "conv2.")):
            found |= paths(f"{prefix}{body}", combinator, layer, tensor)
        elif form == "b":
            found[name] = tensor
        elif layer == "conv3.conv.weight":  # each path embeds its own channels
            columns = torch.cat(tensor.chunk(CARDINALITY, dim=1))
            found |= paths(f"{prefix}{body}", combinator, "conv3.weight", columns)
        else:  # one normalisation, after the sum
            found[f"{prefix}{body}{layer.removeprefix('conv3.')}"] = tensor
    return {name: tensor for name, tensor in found.items() if tensor.dim() > 0}


def relative_error(network: nn.Module, weights: Weights, reference: nn.Module) -> float:
    """How far `network` with these weights is from `reference`. Every stored number must be among the weights."""
    wanted = {name for name, tensor in network.state_dict().items() if tensor.dim() > 0}
    assert wanted == weights.keys()
    network.load_state_dict(weights, strict=False)  # less the counters of batches
    images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        output, expected = network(images), reference(images)
    assert expected.abs().mean() > 1e-3
    return float((output - expected).norm() / expected.norm())


@pytest.mark.parametrize("form", ["a", "b"])
def test_forms_are_equal(form: str) -> None:
    reference = form_c()
    assert relative_error(build(form), mapped(reference.state_dict(), form), reference) < 1e-12


@pytest.mark.parametrize("form", ["a", "b"])
def test_exchanged_paths_show(form: str) -> None:
    """The same numbers in the wrong place: in one block, two paths exchange their first convolutions."""
    reference = form_c()
    weights = mapped(reference.state_dict(), form)
    first, second = (name for name in weights if "stage2.block2" in name and name.endswith(
        ("path1.conv1.conv.weight", "path2.conv1.conv.weight")))  # fmt: skip
    weights[first], weights[second] = weights[second], weights[first]

    assert relative_error(build(form), weights, reference) > 1e-3
