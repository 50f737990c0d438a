"""Which facts of two layers are differences, and which follow from another."""

from dataclasses import replace

import pytest
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from tests.graphs import six_layer_report


def rows(a: nn.Module, b: nn.Module) -> list[str]:
    return [row.what for row in archscope.diff(a, b, input_size=(4, 6, 6)).differences]


def test_no_momentum_where_nothing_is_gathered() -> None:
    """Statistics of the batch have none, so it is no second difference."""
    found = rows(nn.BatchNorm2d(4, track_running_stats=False), nn.BatchNorm2d(4))
    assert found == ["batch normalisation: takes the batch's statistics where the reference takes running ones"]


def test_a_total_that_is_not_that_of_the_layers_is_told() -> None:
    six = six_layer_report()
    column = six.columns["macs"]
    false = replace(six, columns={**six.columns, "macs": replace(column, total=column.total + 1)})

    with pytest.raises(ArchscopeError, match=rf"{column.total + 1} macs in all, but its layers have {column.total}$"):
        archscope.diff(six, false)
