"""Dropout that runs in training alone, of which no pass in evaluation says anything."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.differences import compare

RATE = 0.1


class Net(nn.Module):
    """Attention of 4 heads over 5 tokens, or a classifier, that drops in a way of its own."""

    def __init__(self, way: Callable[..., torch.Tensor], rate: float = RATE) -> None:
        super().__init__()
        self.way, self.rate = way, rate
        self.first, self.last, self.drop = nn.Linear(16, 48), nn.Linear(16, 16), nn.Dropout(rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        if self.way in HEADS:
            q, k, v = x.unflatten(2, (3, 4, 4)).permute(2, 0, 3, 1, 4)
            return self.last(self.way(self, q, k, v).transpose(1, 2).flatten(2))
        return self.last(self.way(self, x[..., :16]))


def by_torch(net: Net, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return F.scaled_dot_product_attention(q, k, v, dropout_p=net.rate if net.training else 0.0)


def by_hand(net: Net, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return net.drop((q * 0.5 @ k.mT).softmax(-1)) @ v


def by_hand_where_trained(net: Net, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    weights = (q * 0.5 @ k.mT).softmax(-1)
    return (F.dropout(weights, net.rate) if net.training else weights) @ v


def whole(net: Net, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return F.scaled_dot_product_attention(q, k, v)


def module(net: Net, x: torch.Tensor) -> torch.Tensor:
    return net.drop(x)


def where_trained(net: Net, x: torch.Tensor) -> torch.Tensor:
    if net.training and net.rate:
        x = F.dropout(x, net.rate)
    return x


def of_another(net: Net, x: torch.Tensor) -> torch.Tensor:
    """What training drops stands in no place that evaluation has."""
    return F.dropout(x.sinh(), net.rate) if net.training else x.exp()


def after_it(net: Net, x: torch.Tensor) -> torch.Tensor:
    return net.drop(x.exp())


HEADS = {by_torch, by_hand, by_hand_where_trained, whole}


def found(a: Net, b: Net) -> tuple[str, list[str]]:
    said = archscope.diff(a, b, (5, 16))
    return said.verdict, [row.what for row in said.differences]


@pytest.mark.parametrize(("mine", "theirs"), [
    (by_torch, by_hand), (by_hand_where_trained, by_hand), (by_hand_where_trained, by_torch),
    (module, where_trained), (where_trained, module),
])  # fmt: skip
def test_what_training_alone_drops_is_known_beside_what_evaluation_shows(mine: Callable, theirs: Callable) -> None:
    assert found(Net(mine), Net(theirs)) == ("identical", [])


def test_rates_that_training_alone_gives_are_compared() -> None:
    said = "attention: dropout {} instead of {} (in training only)"
    assert found(Net(by_torch, 0.2), Net(by_torch)) == ("same_function", [said.format("0.2", "0.1")])
    assert found(Net(by_torch), Net(whole)) == ("same_function", [said.format("0.1", "none")])


def test_what_training_drops_elsewhere_is_not_compared() -> None:
    said = archscope.diff(Net(of_another), Net(after_it), (5, 16))
    assert said.not_compared == ("dropout, which runs in training alone",)
    assert (said.verdict, [row.what for row in said.differences]) == ("not_compared", ["dropout 0.1 missing"])


def test_a_result_that_training_drops_is_not_compared() -> None:
    """Nor put before the layer that reads it too: the result would then be told as it is in evaluation."""

    class Both(Net):
        def forward(self, x: torch.Tensor) -> Any:
            x = self.last(x[..., :16])
            dropped = F.dropout(x, self.rate) if self.training else x
            return dropped, self.way(self, dropped.exp())

    said = archscope.diff(Both(module), Both(lambda net, x: x), (5, 16))
    assert "dropout, which runs in training alone" in said.not_compared


def test_a_report_does_not_tell_what_training_gives() -> None:
    """Nor does a network whose pass in training fails."""

    def failing(net: Net, *given: torch.Tensor) -> torch.Tensor:
        assert not net.training
        return by_torch(net, *given)

    HEADS.add(failing)
    mine, theirs = archscope.summarize(Net(by_torch), (5, 16)), archscope.summarize(Net(by_hand), (5, 16))
    for said in (compare(mine, theirs), compare(theirs, mine), archscope.diff(Net(failing), Net(by_hand), (5, 16))):
        assert (said.verdict, len(said.differences)) == ("not_compared", 0)
        assert said.not_compared == ("the dropout of scaled_dot_product_attention in training",)


def test_dropout_that_evaluation_does_not_run_is_found_in_every_pair() -> None:
    """Where all that evaluation shows is the same, and on a tensor that lies with gaps in memory, too."""
    dropped, kept, halved = Net(where_trained), Net(where_trained, 0.0), Net(where_trained, 0.05)
    assert found(dropped, kept) == ("same_function", ["dropout 0.1 extra"])
    assert found(kept, dropped) == ("same_function", ["dropout 0.1 missing"])
    assert found(dropped, halved) == ("same_function", ["dropout 0.1 instead of 0.05 (in training only)"])
    assert found(dropped, Net(where_trained)) == ("identical", [])
    assert found(Net(module), kept) == ("same_function", ["dropout 0.1 extra"])


def test_heads_that_training_alone_runs_are_not_compared() -> None:
    def with_a_head(net: Net, x: torch.Tensor) -> torch.Tensor:
        net.aside = F.dropout(x.sinh(), net.rate).mean() if net.training else None
        return x.exp()

    assert found(Net(with_a_head), Net(with_a_head)) == ("identical", [])
