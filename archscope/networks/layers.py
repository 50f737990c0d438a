"""The few units that every paper's figures are drawn with.

Three combinators are enough: layers in series, branches concatenated (`Concat`), a body added to its shortcut
(`Residual`). Sizes in comments are channels x height x width.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import torch
from torch import nn

from archscope.networks.copies import copy_on_meta

Size = int | tuple[int, int]
Padding = Literal["same", "valid"]

V: Padding = "valid"
"""The papers' mark for a convolution without padding."""


def series(*layers: nn.Module, **named: nn.Module) -> nn.Sequential:
    """nn.Sequential with readable names: conv1, relu1, conv2, ... by kind, or as given."""
    children: OrderedDict[str, nn.Module] = OrderedDict()
    count: Counter[str] = Counter()
    for layer in layers:
        kind = type(layer).__name__.removesuffix("2d").lower()
        count[kind] += 1
        children[f"{kind}{count[kind]}"] = layer
    return nn.Sequential(children | named)


def same(kernel_size: Size, padding: Padding = "same") -> Size:
    """torch's padding argument for the papers' words. `same` keeps the size at stride 1 (odd kernels)."""
    if padding == "valid":
        return 0
    return kernel_size // 2 if isinstance(kernel_size, int) else (kernel_size[0] // 2, kernel_size[1] // 2)


class Conv(nn.Sequential):
    """Convolution, batch normalisation and activation: one box in nearly every figure after 2015."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size = 1,
        stride: int = 1,
        padding: Padding = "same",
        activation: type[nn.Module] | None = nn.ReLU,
        eps: float = 1e-3,
        groups: int = 1,
    ) -> None:
        pad = same(kernel_size, padding)
        conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, pad, groups=groups, bias=False)
        layers: dict[str, nn.Module] = {"conv": conv, "bn": nn.BatchNorm2d(out_channels, eps)}
        if activation is not None:
            layers[activation.__name__.lower()] = activation()
        super().__init__(OrderedDict(layers))


class ConvReLU(nn.Sequential):
    """Convolution with a bias, and ReLU: one box in the figures before batch normalisation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 1,
        stride: int = 1,
        padding: Padding | int = "same",
        groups: int = 1,
    ) -> None:
        pad = padding if isinstance(padding, int) else same(kernel_size, padding)
        conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, pad, groups=groups)
        super().__init__(OrderedDict(conv=conv, relu=nn.ReLU()))


def chain(in_channels: int, *convs: tuple[Any, ...], unit: Callable[..., nn.Module] = Conv) -> nn.Sequential:
    """Convs in series, each written as the figures do: (filters, kernel size, stride, V)."""
    layers = []
    for out_channels, *rest in convs:
        layers.append(unit(in_channels, out_channels, *rest))
        in_channels = out_channels
    return series(*layers)


class Concat(nn.Module):
    """Filter concatenation: every branch reads the same input; their channels are stacked in order."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self._modules.values() if branch is not None], 1)


class Residual(nn.Module):
    """`activation(shortcut(x) + scale * body(x))`; the shortcut is the identity unless given."""

    def __init__(
        self,
        body: nn.Module,
        shortcut: nn.Module | None = None,
        scale: float = 1.0,
        activation: type[nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.body = body
        self.shortcut = nn.Identity() if shortcut is None else shortcut
        self.scale = scale
        self.activation = None if activation is None else activation()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        body = self.body(x)
        if self.scale != 1:
            body = self.scale * body
        x = self.shortcut(x) + body
        return x if self.activation is None else self.activation(x)


class SqueezeExcitation(nn.Module):
    """Each channel times its gate: two fully connected layers (as 1x1 convolutions) on the channels' means."""

    def __init__(
        self, channels: int, squeezed: int, activation: type[nn.Module] = nn.ReLU, gate: type[nn.Module] = nn.Sigmoid
    ) -> None:
        super().__init__()
        if squeezed < 1:
            raise ValueError(f"the gate of {channels} channels is squeezed to none: give a smaller reduction")
        layers = OrderedDict[str, nn.Module](squeeze=nn.AdaptiveAvgPool2d(1), fc1=nn.Conv2d(channels, squeezed, 1))
        layers[activation.__name__.lower()] = activation()
        layers |= {"fc2": nn.Conv2d(squeezed, channels, 1), gate.__name__.lower(): gate()}
        self.gate = nn.Sequential(layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate: torch.Tensor = self.gate(x)
        return x * gate


def rounded(channels: float) -> int:
    """The nearest multiple of 8, or the next one where that loses more than a tenth."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


class InvertedResidual(nn.Sequential):
    """Expand to so many channels, filter each alone, gate them where they are `squeezed`, project.

    Where nothing is expanded there is no first convolution; a projection that is not `linear` is activated as well.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expanded: int,
        kernel_size: int = 3,
        stride: int = 1,
        squeezed: int = 0,
        activation: type[nn.Module] = nn.ReLU6,
        gate: type[nn.Module] = nn.Sigmoid,
        gate_activation: type[nn.Module] = nn.ReLU,
        linear: bool = True,
    ) -> None:
        super().__init__()
        unit = partial(Conv, activation=activation)
        if expanded != in_channels:
            self.expand = unit(in_channels, expanded, 1)
        self.depthwise = unit(expanded, expanded, kernel_size, stride, groups=expanded)
        if squeezed:
            self.se = SqueezeExcitation(expanded, squeezed, gate_activation, gate)
        self.project = Conv(expanded, out_channels, 1, activation=None if linear else activation)


def with_shortcut(body: nn.Module, in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Added to its input where the size stays."""
    return Residual(body) if stride == 1 and in_channels == out_channels else body


def repeated(count: int, unit: Callable[..., nn.Module], *args: Any, **kwargs: Any) -> list[nn.Module]:
    """A figure's `×20`: equal units, each with weights of its own. On meta, where weights have no numbers, the first is
    built and the others are its copies, at a fourth of the time."""
    first = [unit(*args, **kwargs) for _ in range(min(count, 1))]
    on_meta = all([tensor.is_meta for module in first for tensor in (*module.parameters(), *module.buffers())])
    rest = range(count - len(first))
    return first + [copy_on_meta(first[0]) if on_meta else unit(*args, **kwargs) for _ in rest]


def row(
    block: Callable[..., nn.Module],
    in_channels: int,
    out_channels: int,
    count: int,
    stride: int = 1,
    name: str = "block",
) -> nn.Sequential:
    """A row of a paper's table: `count` blocks in series, of which the first changes the size."""
    first = block(in_channels, out_channels, stride=stride)
    others = repeated(count - 1, block, out_channels, out_channels, stride=1)
    return series(**{f"{name}{i}": each for i, each in enumerate([first, *others], 1)})


class WithAuxiliaryHeads(nn.Sequential):
    """Stages in series, and classifiers beside them: `heads[name]` reads the output of stage `name`.

    In training the result is (logits, auxiliary logits, ...); in evaluation the heads are not run.
    """

    def __init__(self, stages: Mapping[str, nn.Module], heads: Mapping[str, nn.Module]) -> None:
        super().__init__(OrderedDict(stages))
        self.auxiliary_heads = nn.ModuleDict(heads)

    def forward(self, x: torch.Tensor) -> Any:
        auxiliary = []
        for name, stage in self.named_children():
            if stage is self.auxiliary_heads:
                continue
            x = stage(x)
            if self.training and name in self.auxiliary_heads:
                auxiliary.append(self.auxiliary_heads[name](x))
        return (x, *auxiliary) if auxiliary else x
