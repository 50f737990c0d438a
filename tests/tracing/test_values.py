"""What is known of the values of constants on meta, against what they are on the CPU: right, or not known."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import nn

import archscope
from archscope.tracing.meta_build import Skeleton
from archscope.tracing.values import content_of
from tests.small_nets import Forward

Tensor = torch.Tensor


def zeros() -> Tensor:
    return torch.zeros(4, 4)


def positions() -> Tensor:
    """The index of relative positions in a window, as in Swin Transformer."""
    places = torch.stack(torch.meshgrid(torch.arange(3), torch.arange(3), indexing="ij")).flatten(1)
    apart = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0).contiguous()
    apart[:, :, 0] += 2
    apart[:, :, 0] *= 5
    index = torch.zeros(size=(10, 10), dtype=apart.dtype)
    index[1:, 1:] = apart.sum(-1)
    index[0, 0:] = 7
    return index


def written(write: Callable[[Tensor], object]) -> Callable[[], Tensor]:
    def make() -> Tensor:
        made = zeros()
        write(made)
        return made

    return make


def stored(index: object, value: object) -> Callable[[Tensor], object]:
    return lambda made: made.__setitem__(index, value)  # type: ignore[index, call-overload]


def empty(*parts: tuple[object, object]) -> Tensor:
    made = torch.empty(6)
    for index, value in parts:
        made[index] = value
    return made


def seen_and_filled() -> Tensor:
    made = torch.empty(6)
    shown = made.data
    made[:] = 1.0
    shown[2:] = torch.rand(4)
    return made


KNOWN: dict[str, Callable[[], Tensor]] = {
    "computed": lambda: torch.arange(16.0).view(4, 4)[1:] / 255,
    "a triangle": lambda: torch.full((3, 3), float("-inf")).triu_(1),
    "relative positions": positions,
    "one element": written(stored((1, 2), 5.0)),
    "a part": written(lambda made: made.__setitem__((slice(1, 3), 0), torch.arange(2.0))),
    "by a view": written(lambda made: made[1:].fill_(3)),
    "by a flat view": written(lambda made: made.flatten().__setitem__(3, 2.0)),
    "by data": written(lambda made: made.data.__setitem__((1, 1), 5.0)),
    "added": written(lambda made: made[1].add_(5)),
    "copied": written(lambda made: made.copy_(torch.arange(16.0).view(4, 4))),
    "copied over what was never filled": lambda: torch.empty(3).copy_(torch.arange(3.0)),
    "without elements": lambda: torch.rand(2, 0, 3),
    "a number to the power of it": lambda: torch.pow(10000, torch.arange(4.0) / 4),
    "given by name": lambda: torch.sin(input=torch.arange(4.0)),
    "turned": lambda: torch.arange(16.0).view(4, 4).T + 1,
    "by its real part": lambda: torch.fft.fft(torch.eye(4)).real.mul_(2),
    "large": lambda: torch.full((2048, 2048), -1.0).triu_(1),
    "empty, filled in parts": lambda: empty((slice(2), torch.arange(2.0)), (slice(2, None), 7.0)),
    "diagonal": written(lambda made: made.fill_diagonal_(2)),
    "on a device that is named": lambda: torch.arange(4.0, device=torch.device("meta" if zeros().is_meta else "cpu")),
}
UNKNOWN: dict[str, Callable[[], Tensor]] = {
    "drawn": written(lambda made: made[1:].uniform_()),
    "drawn into a part": written(lambda made: made.__setitem__(0, torch.rand(4))),
    "by out": written(lambda made: torch.mul(torch.ones(4, 4), 3, out=made)),
    "empty, filled but for one": lambda: empty((slice(2), 3.0), (slice(3, None), 7.0)),
    "empty, filled with what is drawn": lambda: empty((slice(2), 3.0), (slice(2, None), torch.rand(4))),
    "empty, seen before it is filled": seen_and_filled,
    "new, and empty": lambda: torch.ones(3).new_empty(4),
    "dropped": lambda: torch.nn.functional.dropout(torch.ones(40)),
    "what cannot run": written(lambda made: made.put_(torch.tensor([99]), torch.tensor([1.0]))),
}


def built(make: Callable[[], Tensor]) -> Tensor:
    with Skeleton():
        return make()


@pytest.mark.parametrize("name", KNOWN)
def test_a_constant_is_known_as_it_is(name: str) -> None:
    assert content_of(built(KNOWN[name])) == content_of(KNOWN[name]())


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_was_there_before_is_not_taken_for_it(name: str) -> None:
    assert content_of(built(UNKNOWN[name])) == ("", ())


WRITES: dict[str, Callable[[Tensor, float], object]] = {
    "an element": lambda made, by: made.__setitem__(1, by),
    "through data": lambda made, by: made.data.__setitem__(1, by),
    "through a view": lambda made, by: made.view(2, 2).__setitem__((1, 1), by),
}


@pytest.mark.parametrize("name", WRITES)
def test_constants_that_a_network_writes_into_tell_two_networks_apart(name: str) -> None:
    def net(by: float) -> nn.Module:
        def forward(net: nn.Module, x: Tensor) -> Tensor:
            made = torch.zeros(4, device=x.device)
            WRITES[name](made, by)
            return net.first(x) * made  # type: ignore[operator, no-any-return]

        return Forward(forward, first=nn.Linear(4, 4))

    assert archscope.diff(net(2.0), net(2.0), (4,)).verdict == "identical"
    assert archscope.diff(net(2.0), net(3.0), (4,)).verdict != "identical"


MADE: dict[str, Callable[[float], Tensor]] = {
    "by a power": lambda by: torch.pow(10_000 * by, torch.arange(4.0)),
    "in parts": lambda by: empty((slice(2), torch.arange(2.0)), (slice(2, None), by))[:4],
    "by a real part": lambda by: torch.fft.fft(by * torch.eye(4)).real[0],
    "of millions": lambda by: torch.full((4, 2**20), -1.0).tril_(round(by)).sum(1),
}


@pytest.mark.parametrize("name", MADE)
def test_networks_whose_constants_are_made_alike_are_identical_and_others_are_not(name: str) -> None:
    def net(by: float) -> nn.Module:
        with Skeleton():
            made = Forward(lambda net, x: net.first(x) * net.made, first=nn.Linear(4, 4))
            made.register_buffer("made", MADE[name](by))
        return made

    assert archscope.diff(net(2.0), net(2.0), (4,)).verdict == "identical"
    assert len(archscope.diff(net(2.0), net(3.0), (4,)).differences) == 1


@cache
def table(length: int, device: torch.device) -> Tensor:
    return torch.arange(length, device=device) / length


class Positions(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return table(x.shape[-1], x.device)


def test_a_constant_that_an_earlier_pass_has_made_is_one() -> None:
    nets = [Forward(lambda net, x: net.first(x) + net.positions(x), first=nn.Linear(4, 4), positions=Positions())
            for _ in "ab"]  # fmt: skip
    with Skeleton():
        found = archscope.diff(*nets, (4,))
    assert (found.verdict, found.a.graph.unseen) == ("identical", ())


LARGE = 2**20


@pytest.mark.parametrize(
    "make",
    [
        lambda x: torch.zeros(LARGE, LARGE),
        lambda x: torch.full((LARGE, LARGE), -1.0, device=x.device),
        lambda x: torch.ones(LARGE, LARGE).triu(),
        lambda x: x.new_ones(LARGE, LARGE),
        lambda x: torch.zeros_like(x[:, :1].expand(LARGE, LARGE)),
        lambda x: torch.randn(LARGE, LARGE),
    ],
    ids=["default", "where the input is", "changed", "new", "like", "drawn"],
)
def test_a_constant_that_no_memory_would_hold_is_a_shape(make: Callable[[torch.Tensor], torch.Tensor]) -> None:
    class Masked(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + make(x)[:1, :4]

    (add,) = [layer for layer in archscope.trace(Masked(), (4,)).layers if layer.operation == "add"]
    assert (add.input_shapes[0], add.output_shapes) == ((4,), ((4,),))


def test_what_torchs_compiler_makes_while_it_is_loaded_has_values() -> None:
    """Release 2.6 computes with them: a network that calls `torch.compile` as it is built would not be."""
    names = {"__name__": "torch._dynamo.variables.torch_function", "torch": torch}
    exec("def made(): return int(torch.ones(1))", names)
    with Skeleton():
        assert names["made"]() == 1  # type: ignore[operator]
        assert torch.ones(1).is_meta
