"""What a pair is made of: the reader's network, the reference, the size of the input, and a regular expression that the
one row must match."""

from collections.abc import Callable
from typing import Any

from torch import nn

from tests.differences.bench.bases import Of, conv

Function = Callable[..., Any]
Case = tuple[Callable[[], nn.Module], Callable[[], nn.Module], tuple[int, ...], str]
PAIRS: dict[str, Case] = {}
IMAGE, TOKENS, SERIES, VOLUME = (8, 16, 16), (7, 8), (8, 24), (4, 6, 8, 8)


def functions(
    name: str, mine: Function, reference: Function, says: str, size: tuple[int, ...] = IMAGE, **parts: Any
) -> None:
    """Two functions of a first layer `a` and the same other parts."""

    def made(function: Function) -> Callable[[], nn.Module]:
        def make() -> nn.Module:
            first = {3: lambda: conv(8, 8), 2: lambda: nn.Linear(size[-1], 8), 4: lambda: nn.Conv3d(4, 8, 3, 1, 1)}[
                len(size)
            ]()
            return Of(function, a=first, **{key: part() for key, part in parts.items()})

        return make

    PAIRS[name] = made(mine), made(reference), size, says


def layers(
    name: str,
    mine: Callable[[], nn.Module],
    reference: Callable[[], nn.Module],
    says: str,
    size: tuple[int, ...] = IMAGE,
) -> None:
    """Two layers between a convolution and a ReLU."""

    def made(layer: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
        first = {3: lambda: conv(8, 8), 2: lambda: nn.Conv1d(8, 8, 3, 1, 1), 4: lambda: nn.Conv3d(4, 8, 3, 1, 1)}[
            len(size)
        ]
        return lambda: nn.Sequential(first(), layer(), nn.ReLU())

    PAIRS[name] = made(mine), made(reference), size, says


def nets(
    name: str,
    mine: Callable[[], nn.Module],
    reference: Callable[[], nn.Module],
    says: str,
    size: tuple[int, ...] = IMAGE,
) -> None:
    PAIRS[name] = mine, reference, size, says
