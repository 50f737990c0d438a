"""Nothing of the user's is touched by a pass, and no other thread is disturbed by it."""

import os
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from archscope.tracing import TraceError, trace
from archscope.tracing.doubles import doubles_of
from tests.small_nets import Forward

torch.set_num_threads(1)


class Record:
    """An object of the user's."""

    def __init__(self) -> None:
        self.steps, self.nested = 0, {"sizes": [[1]]}


class Touching(nn.Module):
    """A forward pass that changes whatever a module may hold."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.conv, self.norm, self.fails = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), fails
        self.record, self.lists, self.pair = Record(), [[0], {"a": [1]}], ([2],)
        self.helpers = [self.norm]
        self.bound, self.part = self.grow, partial(self.grow)
        calls: list[int] = []
        self.closure = lambda: calls.append(len(calls))
        self.calls = calls

    def grow(self) -> None:
        self.lists.append([3])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.record.steps += 1
        self.record.nested["sizes"][0].append(x.shape[0])
        self.lists[1]["a"].append(2)  # type: ignore[call-overload]
        self.pair[0].append(3)
        self.bound(), self.part(), self.closure()
        self.helpers[0].extra = True  # type: ignore[assignment]
        self.conv.weight.requires_grad_(False)
        self.conv.bias.requires_grad = False
        self.norm.weight.grad = torch.ones(4)
        x = self.norm(self.conv(x))
        self.conv.__class__ = nn.LazyConv2d
        if self.fails:
            raise RuntimeError("as asked")
        return x


def held(module: Touching) -> Any:
    return (
        vars(module.record).copy(), str(module.record.nested), str(module.lists), str(module.pair), str(module.calls),
        "extra" in vars(module.norm), module.conv.weight.requires_grad, module.conv.bias.requires_grad,  # type: ignore[union-attr]
        module.norm.weight.grad, type(module.conv), module.norm.num_batches_tracked.item(),  # type: ignore[union-attr]
        module.training, module.conv.training, {path: id(part) for path, part in module.named_modules()},
    )  # fmt: skip


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_what_a_module_holds_is_as_before(mode: Any, fails: bool) -> None:
    module = Touching(fails)
    before = held(module)
    try:
        trace(module, (3, 8, 8), mode=mode)
    except TraceError as error:
        assert fails and "as asked" in str(error)
    assert held(module) == before


@pytest.mark.parametrize("other", [torch.ones(2, 5), torch.ones(7)])
def test_memory_of_another_shape_is_taken_back(other: torch.Tensor) -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        net.scale.data = other
        return x * net.scale.sum()

    net = Forward(forward)
    net.scale = nn.Parameter(torch.arange(4.0))
    before = net.scale.data_ptr()
    trace(net, (4,))
    assert net.scale.tolist() == [0, 1, 2, 3]
    assert net.scale.data_ptr() == before


@pytest.mark.parametrize("grown", [False, True])
def test_a_backward_pass_inside_leaves_no_gradient(grown: bool) -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            net.linear(x).sum().backward()
        return x * x.sum().item()

    net = Forward(forward, linear=nn.Linear(4, 2))
    if grown:
        net.linear.weight.grad = torch.full((2, 4), 7.0)
    trace(net, (4,))
    assert net.linear.weight.grad is None if not grown else net.linear.weight.grad.eq(7).all()
    assert net.linear.bias.grad is None


def test_statistics_and_counters_are_as_before_after_a_real_pass() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3), Forward(lambda net, x: x * x.mean().item()))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    graph = trace(net, (3, 8, 8), mode="train")
    assert "real pass" in graph.notes[0]
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_double_is_of_the_same_class_and_shares_parameters() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).train()
    double = doubles_of(dict(module.named_modules()), training=False, real=False)[""]
    assert type(double) is nn.Sequential
    assert double[0] is not module[0]  # type: ignore[index]
    assert next(double.parameters()) is next(module.parameters())
    assert not double[0].training and module[0].training  # type: ignore[index]


def test_a_double_of_code_that_keeps_nothing_has_modules_and_counters_of_its_own() -> None:
    module = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.Sequential(nn.ReLU())).eval()
    doubles = doubles_of(dict(module.named_modules()), training=True, real=False, keeps_nothing=True)
    assert not any(one is module.get_submodule(path) for path, one in doubles.items())
    assert list(doubles[""].children()) == [doubles["0"], doubles["1"], doubles["2"]]
    assert doubles["0"].weight is module[0].weight
    doubles["1"].num_batches_tracked += 1  # as `forward` does in training
    assert module[1].num_batches_tracked == 0 and not module[1].training and doubles["1"].training


# ---- other threads -------------------------------------------------------------------------------------------------


def beside(work: Callable[[], Any], module: nn.Module, mode: Any = "eval", size: Any = (3, 8, 8)) -> Any:
    """What `work` returns in a thread of its own, while traces run in this one."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    while thread.is_alive():
        trace(module, size, mode=mode)
    thread.join()
    return found[0]


def test_dropout_beside_traces_drops_what_it_drops_alone() -> None:
    def drawn() -> list[torch.Tensor]:
        torch.manual_seed(7)
        return [F.dropout(torch.ones(50), training=True) for _ in range(300)]

    drawing = Forward(lambda net, x: net.body(x + torch.rand(3, 8, 8)) * x.mean().item(),
                      body=nn.Sequential(nn.Dropout(0.5), nn.Conv2d(3, 3, 1)))  # fmt: skip
    alone = drawn()
    assert all(map(torch.equal, beside(drawn, drawing, "train"), alone))


def test_another_thread_trains_the_same_module_undisturbed() -> None:
    def built() -> nn.Module:
        torch.manual_seed(3)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(144, 2))

    def trained(module: nn.Module) -> list[torch.Tensor]:
        torch.manual_seed(5)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        for _ in range(60):
            assert all(part.training for part in module.modules())
            optimizer.zero_grad()
            module(torch.rand(4, 3, 8, 8)).square().mean().backward()
            optimizer.step()
        return [value.clone() for value in module.state_dict().values()]

    alone = trained(built())
    module = built()
    for mode in ("eval", "train"):
        module.load_state_dict(built().state_dict())
        assert all(map(torch.equal, beside(lambda: trained(module), module, mode), alone))


def test_random_states_are_as_before_in_one_thread() -> None:
    def states() -> Any:
        return torch.get_rng_state().tolist(), random.getstate()

    before = states()
    trace(Forward(lambda net, x: x + torch.rand(4) + random.random()), (4,))
    assert states() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_that_is_forked_during_a_trace_can_trace() -> None:
    """By a thread that does not trace: the one that does, and holds the turn, is not there in the child."""
    inside, forked = threading.Event(), threading.Event()

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        inside.set()
        assert forked.wait(30)
        return x

    tracing = threading.Thread(target=lambda: trace(Forward(forward), (4,)))
    tracing.start()
    assert inside.wait(30)
    child = os.fork()
    if not child:
        done = threading.Thread(target=lambda: trace(nn.ReLU(), (4,)), daemon=True)
        done.start()
        done.join(20)
        os._exit(done.is_alive())
    forked.set()
    tracing.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class Slotted:
    """An object of the user's whose attributes lie in no dict."""

    __slots__ = ("seen", "steps")

    def __init__(self) -> None:
        self.steps = 0  # and `seen` is not there yet


class InSlots(nn.Module):
    __slots__ = ("sizes",)

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.record, self.sizes = nn.Conv2d(3, 4, 3), Slotted(), [0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.record.steps += 1
        self.record.seen = x
        self.sizes.append(1)
        made: torch.Tensor = self.conv(x) * len(self.sizes)
        return made


def test_what_lies_in_slots_is_as_before() -> None:
    module = InSlots()
    assert trace(module, (3, 8, 8)).layers[-1].settings == {"other": 2}
    assert (module.record.steps, module.sizes, hasattr(module.record, "seen")) == (0, [0], False)


@pytest.mark.parametrize("kind", [dict, WeakKeyDictionary])
def test_what_is_kept_by_module_is_found_by_its_double(kind: Callable[[], Any]) -> None:
    net = Forward(lambda net, x: net.conv(x) * net.scales[net.conv] * net.pairs[net.conv, 1], conv=nn.Conv2d(3, 4, 3))
    net.scales, net.pairs = kind(), {(net.conv, 1): 3}
    net.scales[net.conv] = 2  # type: ignore[index]
    assert [layer.settings for layer in trace(net, (3, 8, 8)).layers[1:]] == [{"other": 2}, {"other": 3}]


class Overriding(nn.Module):
    """Says of itself what is not so."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def named_modules(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("none")

    def parameters(self, recurse: bool = True) -> Any:
        return iter(())

    def forward(self, x: torch.Tensor) -> Any:
        return self.conv(x)


def test_modules_are_found_whatever_a_class_says_of_itself() -> None:
    assert trace(Overriding(), (3, 8, 8)).parameters.keys() == {"conv.weight", "conv.bias"}
