"""Modules as users have them, each hard to count for a reason of its own; test_hard_nets.py names them as targets."""

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize


class Adaptive(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


class DataBranch(Adaptive):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self[0](x)
        return y if y.mean() > 0 else -y


class TupleOutput(Adaptive):
    def forward(self, x: torch.Tensor) -> Any:
        y = self[0](x)
        return y, [y + 1, None], "done"


class DictOutput(Adaptive):
    def forward(self, x: torch.Tensor) -> Any:
        y = self[0](x)
        return {"out": y, "aux": {"mean": y.mean((2, 3))}}


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


class NamedTupleOutput(Adaptive):
    def forward(self, x: torch.Tensor) -> Any:
        return Pair(self[0](x), x)


class NoOutput(Adaptive):
    def forward(self, x: torch.Tensor) -> None:
        self[0](x)


class Hooked(Adaptive):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []
        self[0].register_forward_hook(lambda module, args, output: output * 2)
        self[0].register_forward_pre_hook(lambda module, args: self.seen.append(args[0].shape))


class Lazy(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))


class WeightNorm(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(parametrizations.weight_norm(nn.Conv2d(3, 4, 3)))


class SpectralNorm(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(parametrizations.spectral_norm(nn.Conv2d(3, 4, 3)))


class Symmetric(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + x.flip(-1)


class Parametrised(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 4, 3))
        parametrize.register_parametrization(self[0], "weight", Symmetric())


class BuffersOnly(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - self.mean  # type: ignore[operator, no-any-return]


class NoParameters(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.relu()


class Deep(nn.Sequential):
    def __init__(self, layers: int = 10_000) -> None:
        super().__init__(*(nn.Conv2d(3, 3, 1) for _ in range(layers)))


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(3))
        self.heads = nn.ModuleDict({"a": nn.Conv2d(3, 1, 1), "b": nn.Conv2d(3, 2, 1)})

    def forward(self, x: torch.Tensor) -> Any:
        for layer in self.layers:
            x = layer(x)
        return {name: head(x) for name, head in self.heads.items()}


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = self.second = nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> Any:
        return self.second(self.first(x))


class Half(Adaptive):
    def __init__(self) -> None:
        super().__init__()
        self.half()


class MixedTypes(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 4, 3).bfloat16())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.to(torch.bfloat16)).float()  # type: ignore[no-any-return]


class OnMeta(Adaptive):
    def __init__(self) -> None:
        super().__init__()
        self.to("meta")


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 8, dtype=torch.complex64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.fft.ifft2(torch.fft.fft2(x) * self.weight).abs()


class Inverted(nn.Module):
    """What solves or inverts is not understood."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.linalg.inv(self.weight + x)


class KeywordOnly(Adaptive):
    def forward(self, *, image: torch.Tensor, scale: float = 1.0) -> torch.Tensor:  # type: ignore[override]
        return super().forward(image) * scale  # type: ignore[no-any-return]


class Recursive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: torch.Tensor, times: int = 3) -> Any:
        return x if times == 0 else self(self.conv(x), times - 1)


class Endless(Recursive):
    def forward(self, x: torch.Tensor, times: int = 3) -> Any:
        return self(self.conv(x))


class WithoutForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)


class WithoutSuper(nn.Module):
    def __init__(self) -> None:
        self.conv = nn.Conv2d(3, 3, 3)


class Trained(nn.Module):
    """As training frameworks wrap a network."""

    def __init__(self, rate: float = 0.1, **hyperparameters: Any) -> None:
        super().__init__()
        self.model, self.loss, self.hyperparameters = Adaptive(), nn.CrossEntropyLoss(), hyperparameters

    @property
    def trainer(self) -> Any:
        raise RuntimeError("not attached to a trainer")

    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> Any:
        return self.model(x)

    def training_step(self, batch: Any, index: int) -> Any:
        return self.loss(self(batch[0]), batch[1])


class Noisy(Adaptive):
    """Draws from every generator, as it is built and as it runs."""

    def __init__(self) -> None:
        import random

        import numpy

        super().__init__()
        self.scale = random.random() + float(numpy.random.rand())
        self[0].weight.data.copy_(torch.from_numpy(numpy.random.rand(4, 3, 3, 3)))

    def forward(self, x: torch.Tensor) -> Any:
        return super().forward(x + torch.rand_like(x) * self.scale)


def parallel() -> nn.Module:
    return nn.DataParallel(Adaptive())


def compiled() -> Any:
    return torch.compile(Adaptive())


def scripted() -> Any:
    return torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))


def recorded() -> Any:
    return torch.jit.trace(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), torch.zeros(1, 3, 8, 8))


def quantised() -> Any:
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(8, 8), nn.ReLU()))


def on_another_device() -> nn.Module:
    return Adaptive().cuda()
