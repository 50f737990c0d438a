"""Which facts of two layers are differences, and which follow from another."""

from torch import nn

import archscope


def rows(a: nn.Module, b: nn.Module) -> list[str]:
    return [row.what for row in archscope.diff(a, b, input_size=(4, 6, 6)).differences]


def test_no_momentum_where_nothing_is_gathered() -> None:
    """Statistics of the batch have none, so it is no second difference."""
    found = rows(nn.BatchNorm2d(4, track_running_stats=False), nn.BatchNorm2d(4))
    assert found == ["batch normalisation: takes the batch's statistics where the reference takes running ones"]
