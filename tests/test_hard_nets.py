"""Modules that are hard to count, named as a user names them: each is counted, or answered in one line."""

import inspect
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from tests import hard_nets
from tests.tracing.test_tracing import state

INPUTS = {"Lazy": "3x8x8", "BuffersOnly": "3x8x8", "NoParameters": "3x8x8", "Complex": "8x8:complex64",
          "scripted": "3x8x8", "recorded": "3x8x8", "Inverted": "8x8"}  # fmt: skip
CONV = (3 * 3 * 3 + 1) * 4
ADAPTIVE = CONV + (4 + 1) * 2
PARAMS = {
    "Adaptive": ADAPTIVE, "DataBranch": ADAPTIVE, "TupleOutput": ADAPTIVE, "DictOutput": ADAPTIVE,
    "NamedTupleOutput": ADAPTIVE, "NoOutput": ADAPTIVE, "Hooked": ADAPTIVE, "Half": ADAPTIVE, "OnMeta": ADAPTIVE,
    "KeywordOnly": ADAPTIVE, "Trained": ADAPTIVE, "Noisy": ADAPTIVE, "parallel": ADAPTIVE, "compiled": ADAPTIVE,
    "Lazy": CONV + 2 * 4 + (4 * 6 * 6 + 1) * 2, "WeightNorm": CONV + 4, "SpectralNorm": CONV, "Parametrised": CONV,
    "BuffersOnly": 0, "NoParameters": 0, "Deep": 10_000 * (3 + 1) * 3, "Listed": 3 * 12 + 4 + 8, "Shared": 12,
    "MixedTypes": CONV, "Complex": 64, "Recursive": (3 * 3 * 3 + 1) * 3, "scripted": CONV, "recorded": CONV,
    "quantised": 72, "Inverted": 64,
}  # fmt: skip
FAULTY = {
    "Endless": r"maximum recursion depth exceeded .*\(tests/hard_nets.py:\d+\)",
    "WithoutForward": 'is missing the required "forward" function',
    "WithoutSuper": r"^tests/hard_nets.py:\d+: AttributeError: cannot assign module before Module.__init__\(\) call$",
}
QUIET = pytest.mark.filterwarnings("ignore")  # torch.jit and torch.ao are on their way out, and say so


def test_every_module_is_tried() -> None:
    own = (net for net in vars(hard_nets).values() if getattr(net, "__module__", "") == hard_nets.__name__)
    helpers = {"Pair", "Symmetric", "on_another_device"}
    assert {net.__name__ for net in own if inspect.isclass(net) or inspect.isfunction(net)} - helpers == {
        *PARAMS,
        *FAULTY,
    }


@QUIET
@pytest.mark.parametrize("name", PARAMS)
def test_counted(name: str) -> None:
    report = archscope.summarize(f"tests/hard_nets.py:{name}", INPUTS.get(name))
    assert report.totals["params"] == PARAMS[name]
    assert name in str(report)


@pytest.mark.parametrize("name", FAULTY)
def test_answered_in_one_line(name: str) -> None:
    with pytest.raises(ArchscopeError, match=FAULTY[name]) as caught:
        archscope.summarize(f"tests/hard_nets.py:{name}")
    assert "\n" not in str(caught.value)


def test_a_device_that_is_not_there() -> None:
    assert archscope.summarize("tests/hard_nets.py:on_another_device").totals["params"] > 0


def test_a_network_without_layers() -> None:
    report = archscope.summarize(nn.Identity(), (3, 8, 8))
    assert report.totals["params"] == 0
    assert "Parameters" in str(report)
    for shown in (report.to_csv(), report.to_markdown(), report.to_latex(), report.to_json()):
        assert shown


def test_unknown_is_said_not_zero() -> None:
    totals = archscope.summarize("tests/hard_nets.py:Inverted", INPUTS["Inverted"]).totals
    assert totals["operations"]["unknown"] == ["linalg_inv"]


UNTOUCHED = [name for name in PARAMS if name not in {"Deep", "OnMeta", "scripted", "recorded", "quantised", "Lazy"}]


@QUIET
@pytest.mark.parametrize("name", UNTOUCHED)
def test_the_users_module_stays_as_it_was(name: str) -> None:
    module: nn.Module = getattr(hard_nets, name)()
    before = state(module)
    archscope.summarize(module, INPUTS.get(name))
    assert state(module) == before


@QUIET
@pytest.mark.parametrize("name", ["scripted", "recorded", "quantised"])
def test_the_users_foreign_module_stays_as_it_was(name: str) -> None:
    module: Any = getattr(hard_nets, name)()
    example = torch.rand(1, 8) if name == "quantised" else torch.rand(1, 3, 8, 8)
    before = module(example), list(module.state_dict()), module.training
    archscope.summarize(module, INPUTS.get(name))
    after = module(example), list(module.state_dict()), module.training
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
