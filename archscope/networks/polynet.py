"""PolyNet. Zhang, Li, Loy, Lin, "PolyNet: A Pursuit of Structural Diversity in Very Deep Networks", CVPR 2017,
arXiv:1611.05725: the Very Deep PolyNet, whose modules are those of Figure 4 and whose stages are Inception-ResNet-v2's.

Stage A is ten 2-way modules; stages B and C take turns, a poly-3 and a 2-way module, twenty and ten in all. As in the
authors' release the linear 1x1 convolutions are normalised, Reduction-B gives 2048 channels, the residuals' scale falls
from 1 to 0.7 along the network, and what a poly module repeats shares its convolutions, but neither their
normalisation nor the linear 1x1. Epsilon is 1e-5 and dropout keeps 0.8, as in the ports of that release.
"""

from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Literal

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, V, chain, series
from archscope.networks.layers import Conv as ConvOfAnyEpsilon

ROW, COLUMN = (1, 7), (7, 1)

Kind = Literal["inception-resnet", "2-way", "3-way", "poly-2", "poly-3", "mpoly-2", "mpoly-3", "mixed"]

Conv = partial(ConvOfAnyEpsilon, eps=1e-5)


# ---- the blocks F of Inception-ResNet-v2 ----------------------------------------------------------------------


def stem() -> nn.Module:
    """Inception-v4's: 3 x 331 x 331 -> 384 x 39 x 39."""
    return series(
        Conv(3, 32, 3, 2, V),                                                         #  32 x 165 x 165
        Conv(32, 32, 3, 1, V),                                                        #  32 x 163 x 163
        Conv(32, 64, 3),                                                              #  64 x 163 x 163
        Concat(pool=nn.MaxPool2d(3, 2), conv=Conv(64, 96, 3, 2, V)),                  # 160 x  81 x  81
        Concat(
            conv3x3=chain(160, (64, 1), (96, 3, 1, V), unit=Conv),
            conv7x7=chain(160, (64, 1), (64, COLUMN), (64, ROW), (96, 3, 1, V), unit=Conv),
        ),                                                                            # 192 x  79 x  79
        Concat(pool=nn.MaxPool2d(3, 2), conv=Conv(192, 192, 3, 2, V)),                # 384 x  39 x  39
    )  # fmt: skip


def inception_a() -> nn.Module:
    return series(
        branches=Concat(
            double3x3=chain(384, (32, 1), (48, 3), (64, 3), unit=Conv),
            conv3x3=chain(384, (32, 1), (32, 3), unit=Conv),
            conv1x1=Conv(384, 32),
        ),
        linear=Conv(128, 384, 1, activation=None),
    )


def inception_b() -> nn.Module:
    return series(
        branches=Concat(conv7x7=chain(1152, (128, 1), (160, ROW), (192, COLUMN), unit=Conv), conv1x1=Conv(1152, 192)),
        linear=Conv(384, 1152, 1, activation=None),
    )


def inception_c() -> nn.Module:
    return series(
        branches=Concat(
            conv3x3=chain(2048, (192, 1), (224, (1, 3)), (256, (3, 1)), unit=Conv), conv1x1=Conv(2048, 192)
        ),
        linear=Conv(448, 2048, 1, activation=None),
    )


def reduction_a() -> nn.Module:
    return Concat(
        double3x3=chain(384, (256, 1), (256, 3), (384, 3, 2, V), unit=Conv),
        conv3x3=Conv(384, 384, 3, 2, V),
        pool=nn.MaxPool2d(3, 2),
    )


def reduction_b() -> nn.Module:
    return Concat(
        double3x3=chain(1152, (256, 1), (256, 3), (256, 3, 2, V), unit=Conv),
        conv3x3=chain(1152, (256, 1), (256, 3, 2, V), unit=Conv),
        conv3x3_wide=chain(1152, (256, 1), (384, 3, 2, V), unit=Conv),
        pool=nn.MaxPool2d(3, 2),
    )


# ---- the PolyInception modules of Figure 4 --------------------------------------------------------------------


class Way(nn.Module):
    """`2-way` is I + F + G: every block reads the same input. One block alone is an Inception-ResNet block."""

    def __init__(self, block: Callable[[], nn.Module], count: int, scale: float) -> None:
        super().__init__()
        self.blocks = series(**{f"block{i}": block() for i in range(1, count + 1)})
        self.scale = scale
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = x
        for block in self.blocks:
            total = total + self.scale * block(x)
        x = self.relu(total)
        return x


class Poly(Way):
    """`poly-3` is I + F + F^2 + F^3, `mpoly-2` I + F + GF: a block reads what the one before it gave."""

    def __init__(self, block: Callable[[], nn.Module], count: int, scale: float, shared: bool) -> None:
        super().__init__(block, count, scale)
        first, *others = (child.get_submodule("branches") for child in self.blocks)
        for other in others if shared else ():
            for own, again in zip(first.modules(), other.modules(), strict=True):
                if isinstance(own, nn.Conv2d) and isinstance(again, nn.Conv2d):
                    again.weight = own.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = x
        for i, block in enumerate(self.blocks):
            x = block(self.relu(x) if i else x)
            total = total + self.scale * x
        x = self.relu(total)
        return x


def module(kind: str, block: Callable[[], nn.Module], scale: float) -> nn.Module:
    count = int(kind[-1]) if kind[-1].isdigit() else int(kind[0])
    return Way(block, count, scale) if kind.endswith("way") else Poly(block, count, scale, kind.startswith("poly"))


def stage(kind: Kind, block: Callable[[], nn.Module], scales: list[float]) -> nn.Module:
    turns = {"mixed": ("poly-3", "2-way"), "inception-resnet": ("1-way",)}.get(kind, (kind,))
    modules = [(each, module(each, block, scale)) for each, scale in zip(cycle(turns), scales, strict=False)]
    return series(**{f"{each.replace('-', '_')}_{i}": made for i, (each, made) in enumerate(modules, 1)})


@network
def polynet(
    num_classes: int = 1000,
    stage_a: Kind = "2-way",
    stage_b: Kind = "mixed",
    stage_c: Kind = "mixed",
    modules_a: int = 10,
    modules_b: int = 20,
    modules_c: int = 10,
) -> nn.Module:
    count = modules_a + modules_b + modules_c
    scales = [round(1 - 0.3 * i / (count - 1), 6) for i in range(count)]
    end_of_b = modules_a + modules_b
    return series(                                                                    #    3 x 331 x 331
        stem=stem(),                                                                  #  384 x  39 x  39
        stage_a=stage(stage_a, inception_a, scales[:modules_a]),
        reduction_a=reduction_a(),                                                    # 1152 x  19 x  19
        stage_b=stage(stage_b, inception_b, scales[modules_a:end_of_b]),
        reduction_b=reduction_b(),                                                    # 2048 x   9 x   9
        stage_c=stage(stage_c, inception_c, scales[end_of_b:]),
        classifier=series(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), fc=nn.Linear(2048, num_classes),
        ),
    )  # fmt: skip
