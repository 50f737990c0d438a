"""A sample of the bench: mutants that diff must name, rewrites that it must call identical. All of it runs with
`python tests/benchmarks/mutations.py`."""

import re
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.differences import Diff, compare
from tests.differences.bench.bases import Of
from tests.differences.bench.pairs import PAIRS
from tests.differences.bench.rewrites import REWRITES, UNRECOGNISED, Pair, after
from tests.differences.bench.score import all_judged

PAGE = Path(__file__).parents[2] / "docs" / "diff.md"


@pytest.mark.parametrize("base", ["residual", "shuffled", "normalised", "recurrent", "written"])
def test_every_mutant_is_named_and_nothing_else(base: str) -> None:
    judged = list(all_judged(1, bases=[base]))
    assert len(judged) > 8
    assert [str(one) for one in judged if one.faults] == []


@pytest.mark.parametrize("name", PAIRS)
def test_a_mutant_by_hand_is_one_row(name: str) -> None:
    mine, reference, size, says = PAIRS[name]
    found = compare(archscope.summarize(mine(), size), archscope.summarize(reference(), size))
    assert found.verdict in {"same_parameters", "different"}
    (row,) = [row.what for row in found.differences if row.kind != "consequence"]
    assert re.search(says, row, re.IGNORECASE), row


def compared(pair: Pair, weights: bool) -> Diff:
    one, other, size = pair
    torch.manual_seed(0)
    return archscope.diff(one(), other(), size, weights=weights)


@pytest.mark.parametrize("name", REWRITES)
def test_other_ways_to_write_a_function_are_identical(name: str) -> None:
    found = compared(REWRITES[name], weights=False)
    assert (found.verdict, found.differences) == ("identical", ())


@pytest.mark.parametrize("name", UNRECOGNISED)
def test_what_is_not_recognised_stands_on_the_page(name: str) -> None:
    found = compared(UNRECOGNISED[name], weights=True)
    assert found.verdict != "identical"
    assert found.proof is not None
    assert found.proof.holds  # they are one function all the same
    assert name in " ".join(PAGE.read_text(encoding="utf-8").split())


BothWays = Callable[[torch.Tensor, torch.Tensor, nn.Module, nn.Module], torch.Tensor]
NOT_BOTH_WAYS: dict[str, BothWays] = {
    "the other way first": lambda x, turned, f, b: torch.cat([b(turned)[0].flip(1), f(x)[0]], -1),
    "not turned back": lambda x, turned, f, b: torch.cat([f(x)[0], b(turned)[0]], -1),
    "turned afterwards alone": lambda x, turned, f, b: torch.cat([f(x)[0], b(x)[0].flip(1)], -1),
    "turned along the channels": lambda x, turned, f, b: torch.cat([f(x)[0], b(x.flip(2))[0].flip(1)], -1),
    "one after the other": lambda x, turned, f, b: torch.cat([f(x)[0], b(turned)[0].flip(1)], 1),
    "with weights that both share": lambda x, turned, f, b: torch.cat([f(x)[0], f(turned)[0].flip(1)], -1),
    "one is read once more": lambda x, turned, f, b: torch.cat([y := f(x)[0], b(turned)[0].flip(1)], -1) + y.mean(),
    "the last states": lambda x, turned, f, b: torch.cat([f(x)[0][:, -1], b(turned)[0][:, -1]], -1),
    "the sum": lambda x, turned, f, b: f(x)[0] + b(turned)[0].flip(1),
}


@pytest.mark.parametrize("name", NOT_BOTH_WAYS)
def test_two_recurrent_layers_are_not_one_that_reads_both_ways(name: str) -> None:
    two = Of(
        lambda s, x: NOT_BOTH_WAYS[name](x, x.flip(1), s.f, s.b),
        **{way: nn.GRU(8, 5, batch_first=True) for way in "fb"},
    )
    one = Of(lambda s, x: s.r(x)[0], r=nn.GRU(8, 5, batch_first=True, bidirectional=True))
    assert archscope.diff(two, two, (6, 8)).verdict == "identical"
    assert archscope.diff(two, one, (6, 8)).verdict in {"same_parameters", "different"}


def test_what_is_not_recognised_of_layers_that_read_both_ways() -> None:
    """One function: the states of a bidirectional layer are those of its directions, one after the other."""
    one = Of(lambda s, x: s.r(x)[1].transpose(0, 1).flatten(1), r=nn.GRU(8, 5, batch_first=True, bidirectional=True))
    two = Of(
        lambda s, x: NOT_BOTH_WAYS["the last states"](x, x.flip(1), s.f, s.b),
        **{way: nn.GRU(8, 5, batch_first=True) for way in "fb"},
    )
    named = {"f.": "r.{}", "b.": "r.{}_reverse"}
    one.load_state_dict({named[name[:2]].format(name[2:]): tensor for name, tensor in two.state_dict().items()})
    x = torch.rand(2, 6, 8)
    torch.testing.assert_close(one(x), two(x))
    assert archscope.diff(two, one, (6, 8)).verdict == "same_parameters"
    assert "the last states of two recurrent layers, and of a bidirectional one" in PAGE.read_text(encoding="utf-8")


def test_slopes_of_all_channels_or_of_each_are_one_row() -> None:
    one, each = (nn.Sequential(nn.Conv2d(3, 8, 3), nn.PReLU(count)) for count in (1, 8))
    (row,) = archscope.diff(one, each, (3, 8, 8)).differences
    assert (row.what, row.params) == ("PReLU: slopes one instead of one a channel", 7)


def test_an_order_of_axes_that_two_read_is_one_layer() -> None:
    """A block's first convolution and its shortcut, say."""

    def turned(s: Any, x: torch.Tensor) -> torch.Tensor:
        y = s.a(x).transpose(2, 3)
        return s.b(y) + y  # type: ignore[no-any-return]

    mine = Of(turned, a=nn.Conv2d(3, 8, 3), b=nn.Conv2d(8, 8, 1))
    plain = Of(lambda s, x: (y := s.a(x)) + s.b(y), a=nn.Conv2d(3, 8, 3), b=nn.Conv2d(8, 8, 1))
    for one, other, said in ((mine, plain, "extra"), (plain, mine, "missing")):
        (row,) = archscope.diff(one, other, (3, 8, 8)).differences
        assert (row.what, len(row.layers)) == (f"permutation of axes {said}", 1)


def test_a_layer_that_two_read_stands_for_one() -> None:
    """Three projections of one tensor, of which one is read twice and one by nobody."""

    class Attention(nn.Module):
        def __init__(self, faulty: bool) -> None:
            super().__init__()
            self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
            self.faulty = faulty

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k, v = self.q(x), self.k(x), self.v(x)
            return ((k if self.faulty else q) * k.sigmoid() + v.tanh()) @ v.mT  # type: ignore[no-any-return]

    assert archscope.diff(Attention(True), Attention(False), (6, 8)).verdict != "identical"
    assert archscope.diff(Attention(False), Attention(False), (6, 8)).verdict == "identical"


def test_what_is_nearly_a_rectifier_or_a_layer_is_not_one() -> None:
    first, parts = nn.Conv2d(8, 8, 3, padding=1), {"f": nn.Linear(8, 8)}
    least = -torch.ones(8)

    def differs(one: Any, other: Any, size: tuple[int, ...] = (8, 8, 8)) -> bool:
        made = [Of(function, a=first, **parts) for function in (one, other)]
        return archscope.diff(*made, size).verdict != "identical"

    def rectified(s: Any, x: torch.Tensor) -> torch.Tensor:
        return F.relu(s.a(x))

    assert differs(lambda s, x: torch.maximum(s.a(x), torch.ones_like(x)), rectified)
    assert differs(lambda s, x: torch.minimum(s.a(x), torch.zeros_like(x)), rectified)
    assert differs(after(lambda y: y * (y < 0)), rectified)
    assert differs(lambda s, x: s.a(x) * (x > 0), rectified)
    assert differs(after(lambda y: torch.where(y > 0, 0, y)), rectified)
    assert differs(lambda s, x: x @ s.f.weight + s.f.bias, lambda s, x: s.f(x), (6, 8))
    assert differs(lambda s, x: torch.addmm(s.f.bias, x[0], s.f.weight.T, beta=2), lambda s, x: s.f(x[0]), (6, 8))
    assert differs(lambda s, x: F.linear(x, s.f.weight) + s.f.bias[:, None], lambda s, x: s.f(x), (8, 8))
    assert differs(lambda s, x: F.max_pool2d(F.pad(rectified(s, x) + least, (1, 1, 1, 1)), 3),
                   lambda s, x: F.max_pool2d(rectified(s, x) + least, 3, padding=1))  # fmt: skip
    assert differs(lambda s, x: F.avg_pool2d(F.pad(s.a(x), (1, 1, 1, 1), value=-inf), 3),
                   lambda s, x: F.avg_pool2d(s.a(x), 3, padding=1))  # fmt: skip
    assert differs(lambda s, x: normed(s.a(x), 2), lambda s, x: F.layer_norm(s.a(x), [8]))
    assert not differs(lambda s, x: normed(s.a(x), 1), lambda s, x: F.layer_norm(s.a(x), [8]))
    assert differs(after(lambda y: y.roll(1)), after(lambda y: y.roll(1, 3)))


def normed(y: torch.Tensor, alpha: float) -> torch.Tensor:
    deviation = torch.sub(y, y.mean(-1, keepdim=True), alpha=alpha)
    return deviation / (deviation.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt()


def test_what_is_drawn_is_not_compared() -> None:
    def net(draw: Any) -> nn.Module:
        return Of(lambda s, x: F.batch_norm(s.a(x), draw(8), torch.ones(8)), a=nn.Conv2d(3, 8, 3))

    for mine, reference in ((torch.rand, torch.rand), (torch.rand, torch.zeros)):
        found = archscope.diff(net(mine), net(reference), (3, 8, 8))
        assert (found.verdict, found.not_compared) == ("not_compared", ("the content of constant",))
