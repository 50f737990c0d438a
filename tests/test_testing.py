"""Assertions for tests of networks: they pass, and fail with what is broken as their text."""

import pytest
from torch import nn

from archscope import ArchscopeError
from archscope.testing import assert_costs, assert_same_network

NET = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.ReLU())


def test_costs() -> None:
    assert_costs(
        NET, (3, 8, 8), params=216, macs="7.8k", max_peak_memory="64KiB", min_receptive_field=3, tolerance=0.01
    )
    with pytest.raises(AssertionError, match=r"Sequential: params 216, over the limit of 200: 200 expected$"):
        assert_costs(NET, (3, 8, 8), params=200)
    with pytest.raises(AssertionError, match="params 216, under the limit of 297: 300 expected, within 1 %"):
        assert_costs(NET, (3, 8, 8), params=300, tolerance=0.01)
    with pytest.raises(AssertionError, match="macs 7,776, over the limit of 5,000"):
        assert_costs(NET, (3, 8, 8), max_macs=5000)
    assert_costs("lenet5", params=60_000)


def test_sameness() -> None:
    assert_same_network(NET, nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.ReLU()), (3, 8, 8))
    with pytest.raises(AssertionError, match="bias"):
        assert_same_network(NET, nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (3, 8, 8))


def test_mistakes() -> None:
    with pytest.raises(ArchscopeError, match="no quantity to limit named 'parms'; did you mean params"):
        assert_costs(NET, (3, 8, 8), parms=3)
    with pytest.raises(ArchscopeError, match="tolerance=-1: write a share"):
        assert_costs("lenet5", params=3, tolerance=-1)
    with pytest.raises(ArchscopeError, match="say what is asserted"):
        assert_costs(NET, (3, 8, 8))
