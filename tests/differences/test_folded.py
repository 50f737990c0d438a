"""A bias where the other network has batch normalisation."""

import torch
from torch import nn

import archscope


def unit(bias: bool, norm: bool) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(4, 4, 3, 1, 1, bias=bias), nn.BatchNorm2d(4) if norm else nn.Identity(), nn.ReLU())


def network(*units: tuple[bool, bool]) -> nn.Module:
    return nn.Sequential(*[unit(bias, norm) for bias, norm in units], nn.Conv2d(4, 2, 1))


NORMALISED = (False, True)


def told(a: nn.Module, b: nn.Module) -> list[tuple[str, str, int]]:
    found = archscope.diff(a, b, input_size=(4, 8, 8))
    assert found.verdict == "different"  # nothing says that the weights are those of a normalisation
    return [(row.kind, row.what, row.params) for row in found.differences]


def test_a_bias_in_place_of_normalisation() -> None:
    mine, reference = network((True, False), (True, False), NORMALISED), network(*[NORMALISED] * 3)
    assert told(mine, reference) == [("folded", "a bias in place of batch normalisation, in 2 layers", 8)]
    assert told(reference, mine) == [("folded", "batch normalisation in place of a bias, in 2 layers", -8)]


def test_normalisation_that_is_missing() -> None:
    """No bias stands for it, or one that the reference has besides."""
    for bias in (False, True):
        mine, reference = network((bias, False), NORMALISED), network((bias, True), NORMALISED)
        assert told(mine, reference) == [("missing", "batch normalisation missing", 8)]


def test_other_widths_besides() -> None:
    """Each row has its own parameters, and what follows from the width is no part of the normalisation's."""
    mine = nn.Sequential(nn.Conv2d(4, 6, 3), nn.ReLU(), nn.Conv2d(6, 2, 1))
    reference = nn.Sequential(nn.Conv2d(4, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))
    found = told(mine, reference)
    assert [kind for kind, _, _ in found] == ["folded", "width", "consequence"]
    assert sum(params for *_, params in found) == sum(p.numel() for p in reference.parameters()) - sum(
        p.numel() for p in mine.parameters()
    )


def test_what_cannot_be_folded() -> None:
    """Statistics of the batch are not known before it comes; a second reader sees what is not normalised."""

    class TwoReaders(nn.Module):
        def __init__(self, norm: bool) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 1, bias=not norm)
            self.norm: nn.Module = nn.BatchNorm2d(4) if norm else nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            return torch.cat([self.norm(x), x], 1)

    batch = nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4, track_running_stats=False))
    for mine, reference in ((nn.Conv2d(4, 4, 1), batch), (TwoReaders(False), TwoReaders(True))):
        assert {kind for kind, *_ in told(mine, reference)} == {"bias", "missing"}
