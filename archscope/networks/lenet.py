"""LeNet-5. LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings
of the IEEE 1998, Figure 2 and Table I, in the paper's own terms.

This is the original, not the network that later took its name: C3 sees only some of S2's maps (Table I), S2 and S4
have a trainable coefficient and bias for each map, every layer up to F6 ends in the scaled tanh of appendix A, and
the output is ten Euclidean distances, the smallest being the answer. Their centres are fixed: buffers, not
parameters. The paper draws them as bitmaps of characters; here they are an error-correcting code (Walsh's
functions), which section II.B also names, and the same wherever the network is built.
"""

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Concat, series

TABLE_I = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""The maps of S2 that each of the 16 maps of C3 is connected to."""


class Squash(nn.Module):
    """The scaled tanh A tanh(S a) with A = 1.7159 and S = 2/3."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 1.7159 * torch.tanh(2 / 3 * x)


class Subsampling(nn.Module):
    """The sum of each 2x2 neighbourhood, times a trainable coefficient, plus a trainable bias, one pair a map."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((maps, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.coefficient * nn.functional.avg_pool2d(x, 2, divisor_override=1) + self.bias


class Maps(nn.Module):
    """Some of the maps."""

    def __init__(self, maps: tuple[int, ...]) -> None:
        super().__init__()
        self.maps = list(maps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, self.maps]


class RadialBasis(nn.Module):
    """Squared Euclidean distance of the input to each class's fixed centre."""

    centres: torch.Tensor

    def __init__(self, features: int, num_classes: int) -> None:
        super().__init__()
        odd = [[(i & j).bit_count() % 2 for j in range(features)] for i in range(1, num_classes + 1)]
        self.register_buffer("centres", 1.0 - 2.0 * torch.tensor(odd, dtype=torch.float32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.unsqueeze(1) - self.centres).square().sum(2)


def partially_connected(table: tuple[tuple[int, ...], ...], kernel_size: int) -> nn.Module:
    """One output map for each row of the table."""
    return Concat(**{f"map{i}": series(Maps(row), nn.Conv2d(len(row), 1, kernel_size)) for i, row in enumerate(table)})


@network
def lenet5(num_classes: int = 10) -> nn.Module:
    return series(                                                  #   1 x 32 x 32
        c1=series(nn.Conv2d(1, 6, 5), Squash()),                    #   6 x 28 x 28
        s2=series(Subsampling(6), Squash()),                        #   6 x 14 x 14
        c3=series(partially_connected(TABLE_I, 5), Squash()),       #  16 x 10 x 10
        s4=series(Subsampling(16), Squash()),                       #  16 x  5 x  5
        c5=series(nn.Conv2d(16, 120, 5), Squash()),                 # 120 x  1 x  1
        f6=series(nn.Flatten(), nn.Linear(120, 84), Squash()),      #  84
        output=RadialBasis(84, num_classes),
    )  # fmt: skip
