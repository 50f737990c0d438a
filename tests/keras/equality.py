"""Are these three networks the same functions as Keras' own? `make keras`, or `python tests/keras/equality.py`.

Apart from the tests, since Keras is needed. Each network gets the weights of its namesake in `keras.applications`, on
the torch backend, and both look at two images of 299 x 299. All is in float64 but Keras' normalisation and means, which
are float32 there whatever one asks for: hence differences near 1e-6, where float32 everywhere gives up to 1e-5. Each
convention that is easy to get wrong is then broken in ours, which must show.

- Weights go over in the order of our modules, which is Keras' order when the branches of a concatenation or sum are
  followed one after the other. Every name and shape is compared, none is left over.
- Weights are He-scaled and the statistics random: see tests/networks/test_equality.py.
"""

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from archscope.networks import catalogue

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
from keras import applications

TOLERANCE = 1e-5
VISIBLE = 1e-3
Tweak = Callable[[nn.Module], None]
Pair = tuple[torch.Tensor, Any]
"""A tensor of ours and the Keras variable that stores the same."""


# ---- what is compared -----------------------------------------------------------------------------------------


def every(kind: type[nn.Module], name: str, value: object) -> Tweak:
    """Set an attribute of all modules of a kind; at least one must be there, with another value."""

    def tweak(network: nn.Module) -> None:
        found = [module for module in network.modules() if isinstance(module, kind)]
        assert found, f"no {kind.__name__} to tweak"
        for module in found:
            assert getattr(module, name) != value
            setattr(module, name, value)

    return tweak


def symmetric_pools(network: nn.Module) -> None:
    """Xception's pools as torch pads them: one pixel on every side."""
    strided = [block.body for block in network.modules() if hasattr(getattr(block, "body", None), "maxpoolsame1")]
    assert len(strided) == 4
    for body in strided:
        body.maxpoolsame1 = nn.MaxPool2d(3, 2, 1)


epsilon = every(nn.BatchNorm2d, "eps", 1e-5)
padding_counted = every(nn.AvgPool2d, "count_include_pad", True)

NETWORKS: list[tuple[str, Callable[..., keras.Model], dict[str, Any], dict[str, Tweak]]] = [
    (
        "xception",
        applications.Xception,
        {"pooling": "same"},
        {"symmetric pools": symmetric_pools, "epsilon 1e-5": epsilon},
    ),
    (
        "inception_v3",
        applications.InceptionV3,
        {},
        {"average pools that count padding": padding_counted, "epsilon 1e-5": epsilon},
    ),
    (
        "inception_resnet_v2_released",
        applications.InceptionResNetV2,
        {},
        {"average pool that counts padding": padding_counted, "epsilon 1e-5": epsilon},
    ),
]


# ---- weights --------------------------------------------------------------------------------------------------

KERNEL = {"weight": "kernel", "bias": "bias"}
NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
NAMES: dict[type[nn.Module], dict[str, str]] = {nn.Conv2d: KERNEL, nn.Linear: KERNEL, nn.BatchNorm2d: NORM}


def stored(network: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Our tensors by their Keras names."""
    for module in network.modules():
        for ours, theirs in NAMES.get(type(module), {}).items():
            if (tensor := getattr(module, ours)) is not None:
                yield theirs, tensor


def variables(model: keras.Model) -> list[Any]:
    """Variables of all layers, a branch after the other. `model.layers` lists them by depth, all branches mixed."""
    before: dict[int, dict[keras.Layer, None]] = {}
    for layer in model.layers:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        path: dict[keras.Layer, None] = {}
        for tensor in inputs:
            path |= before.get(id(tensor), {})
        before[id(layer.output)] = path | {layer: None}
    return [variable for layer in before[id(model.output)] for variable in layer.weights]


def matched(network: nn.Module, model: keras.Model) -> list[Pair]:
    theirs = variables(model)
    has_gamma = any(variable.name == "gamma" for variable in theirs)
    ours = [(name, tensor) for name, tensor in stored(network) if has_gamma or name != "gamma"]
    for (name, tensor), variable in zip(ours, theirs, strict=True):
        assert variable.name.endswith(name), f"{name} is not {variable.path}"
        assert as_in_keras(tensor, variable).shape == tuple(variable.shape), f"another shape than {variable.path}"
    return [(tensor, variable) for (_, tensor), variable in zip(ours, theirs, strict=True)]


def as_in_keras(tensor: torch.Tensor, variable: Any) -> torch.Tensor:
    """Height, width, channels in, channels out."""
    if variable.name == "depthwise_kernel":
        return tensor.permute(2, 3, 0, 1)
    return tensor.permute(2, 3, 1, 0) if tensor.dim() == 4 else tensor.t()


def randomise(pairs: list[Pair]) -> None:
    """He's scale where ReLU follows, none of its gain for a depthwise kernel; gamma stays 1 where Keras has none."""
    generator = torch.Generator().manual_seed(0)
    for tensor, variable in pairs:
        if variable.name == "gamma":
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif variable.name.endswith("kernel"):
            gain = 1 if variable.name == "depthwise_kernel" else 2
            tensor.normal_(0, (gain / tensor[0].numel()) ** 0.5, generator=generator)
        elif not variable.name.startswith("moving"):
            tensor.normal_(0, 0.1, generator=generator)


def near_statistics_of(images: torch.Tensor, network: nn.Module) -> None:
    """Random statistics near the true ones, lest sums of residuals grow until all images give the same."""
    generator = torch.Generator().manual_seed(2)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.train().momentum = 1
    network(images)
    for norm in norms:
        norm.eval()
        noise = torch.empty_like(norm.running_mean).normal_(0, 0.1, generator=generator)
        norm.running_mean += noise * norm.running_var.sqrt()
        norm.running_var *= torch.empty_like(noise).uniform_(0.8, 1.25, generator=generator)


def share(network: nn.Module, model: keras.Model, seen: torch.Tensor) -> None:
    """Draw the weights of both."""
    pairs = matched(network, model)
    randomise(pairs)
    near_statistics_of(seen, network)
    for tensor, variable in pairs:
        variable.assign(as_in_keras(tensor, variable))


# ---- the comparison -------------------------------------------------------------------------------------------


def images() -> torch.Tensor:
    """Two images: large shapes and noise."""
    generator = torch.Generator().manual_seed(1)
    shapes = torch.randn(2, 3, 4, 4, generator=generator)
    noise = torch.randn(2, 3, 299, 299, generator=generator)
    return nn.functional.interpolate(shapes, (299, 299), mode="bilinear") + noise / 2


def difference(network: nn.Module, seen: torch.Tensor, reference: torch.Tensor) -> float:
    return float((network(seen) - reference).norm() / reference.norm())


def line(name: str, what: str, found: float, right: bool) -> bool:
    print(f"{name:30}{what:48}{found:.1e}   {'ok' if right else 'WRONG'}", flush=True)
    return right


def compare(name: str, theirs: Callable[..., keras.Model], options: dict[str, Any], broken: dict[str, Tweak]) -> bool:
    """Print a line for our network and one for each way to break it: is all as it must be?"""
    seen = images().double()
    network = catalogue()[name].build(**options).double().eval()
    model = theirs(weights=None, classifier_activation=None)
    share(network, model, seen)
    reference = model(seen, training=False)
    intact = difference(network, seen, reference)
    right = line(name, f"at most {TOLERANCE:.0e}", intact, intact <= TOLERANCE)
    for what, tweak in broken.items():
        twin = catalogue()[name].build(**options).double().eval()
        twin.load_state_dict(network.state_dict())
        tweak(twin)
        found = difference(twin, seen, reference)
        right &= line(name, f"{what}: over {VISIBLE:.0e}", found, found > VISIBLE)
    return right


def main() -> None:
    keras.config.set_floatx("float64")
    keras.config.set_image_data_format("channels_first")
    print(f"keras {keras.__version__} on {keras.config.backend()} {torch.__version__}: relative difference of logits")
    with keras.device("cpu"), torch.no_grad():
        results = [compare(*row) for row in NETWORKS]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
