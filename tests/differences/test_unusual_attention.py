"""Blocks of transformers that were changed by hand: one row, which names what was changed."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import archscope

Tensor = torch.Tensor


def by_hand(axis: int = -1, mask: bool = False, drop: float = 0.0) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        scores = q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)
        scores = scores + torch.full(scores.shape[-2:], -1e9).triu(1) if mask else scores
        weights = scores.softmax(axis)
        return (F.dropout(weights, drop, True) if drop else weights) @ v

    return attention


class Block(nn.Module):
    def __init__(self, attention: Callable[..., Tensor] = F.scaled_dot_product_attention, post: bool = False) -> None:
        super().__init__()
        self.attention, self.post = attention, post
        self.norm1, self.norm2, self.qkv, self.proj = (
            nn.LayerNorm(8),
            nn.LayerNorm(8),
            nn.Linear(8, 24),
            nn.Linear(8, 8),
        )
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def attend(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).view(*x.shape[:2], 3, 2, 4).permute(2, 0, 3, 1, 4)
        return self.proj(self.attention(q, k, v).transpose(1, 2).flatten(2))

    def forward(self, x: Tensor) -> Tensor:
        if self.post:
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.mlp(x))
        x = x + self.attend(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def keys_by_queries(axis: int) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return lambda q, k, v: (k @ q.mT * q.shape[-1] ** -0.5).softmax(axis).mT @ v


class Dropped(nn.Module):
    """Attention by hand, its weights left out by a module."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.drop = nn.Dropout(rate)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights: Tensor = self.drop((q @ k.mT * q.shape[-1] ** -0.5).softmax(-1))
        return weights @ v


class Positions(nn.Module):
    def __init__(self, added: bool) -> None:
        super().__init__()
        self.added, self.pos_embed = added, nn.Parameter(torch.zeros(5, 8))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pos_embed if self.added else x


def said(one: nn.Module, other: nn.Module) -> list[str]:
    found = archscope.diff(one, other, (5, 8))
    assert found.verdict not in {"identical", "not_compared"}
    return [row.what for row in found.differences]


CHANGED: dict[str, tuple[Any, str]] = {
    "axis": (by_hand(axis=-2), "attention: softmax along axis 1 instead of the last"),
    "mask": (by_hand(mask=True), "attention: a mask where the reference has none"),
    "dropout": (by_hand(drop=0.1), "attention: dropout of its weights 0.1 instead of none"),
    "axis, keys by queries": (keys_by_queries(-1), "attention: softmax along axis 1 instead of the last"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_attention_changed_by_hand_has_one_row(name: str) -> None:
    attention, what = CHANGED[name]
    assert said(Block(attention), Block()) == [what]
    assert archscope.diff(Block(attention), Block(attention), (5, 8)).verdict == "identical"
    assert archscope.diff(Block(by_hand()), Block(), (5, 8)).verdict == "identical"


class Biased(nn.Module):
    """With a bias of the scores that is stored as it is, or looked up in a shorter table."""

    def __init__(self, table: bool) -> None:
        super().__init__()
        self.first, self.bias = nn.Linear(8, 8), nn.Parameter(torch.zeros(11) if table else torch.zeros(5, 5))
        self.register_buffer("places", torch.arange(5)[:, None] - torch.arange(5) + 5 if table else None)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        bias = self.bias if self.places is None else self.bias[self.places]
        weights: Tensor = (x @ x.mT * x.shape[-1] ** -0.5 + bias).softmax(-1)
        return weights @ x


def test_a_bias_that_one_stores_and_the_other_looks_up_is_no_missing_mask() -> None:
    assert said(Biased(False), Biased(True)) == [
        "index missing",
        "1 layer of other size, which follows from index missing",
    ]


def test_dropout_of_attention_by_hand_is_of_training_alone() -> None:
    dropped = Block(Dropped(0.1))
    found = archscope.diff(dropped, Block(), (5, 8))
    assert (found.verdict, [row.what for row in found.differences]) == (
        "same_function",
        ["attention: dropout 0.1 instead of none (in training only)"],
    )
    assert archscope.diff(dropped, Block(Dropped(0.1)), (5, 8)).verdict == "identical"
    assert archscope.diff(dropped, Block(Dropped(0.2)), (5, 8)).verdict == "same_function"


@pytest.mark.parametrize("blocks", [1, 3])
def test_post_norm_against_pre_norm_has_one_row(blocks: int) -> None:
    pre, post = (nn.Sequential(*(Block(post=kind) for _ in range(blocks))) for kind in (False, True))
    one_block = nn.Sequential(Block(), Block(post=True), Block())
    after, before = "layer normalisation after the addition", "layer normalisation before the branch"
    for one, other, start in (
        (post, pre, after),
        (pre, post, before),
        (one_block, nn.Sequential(*[Block() for _ in "123"]), after),
    ):
        (row,) = said(one, other)
        assert row.startswith(start)


def test_what_adds_a_stored_tensor_is_no_shortcut() -> None:
    rows = said(nn.Sequential(Positions(False), Block()), nn.Sequential(Positions(True), Block()))
    assert rows[0] == "addition of pos_embed missing"


def test_attention_whose_weights_are_a_result() -> None:
    class Told(Block):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            q, k, v = self.qkv(x).view(*x.shape[:2], 3, 2, 4).permute(2, 0, 3, 1, 4)
            weights = F.dropout((q @ k.mT).softmax(-1), 0.0, self.training)
            return weights @ v, weights

    assert archscope.diff(Told(), Told(), (5, 8)).verdict == "identical"
