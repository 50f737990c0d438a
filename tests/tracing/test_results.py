"""Results have the names that their author gave."""

import json
from collections import deque, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.model.report import Report

Pair = namedtuple("Pair", ["boxes", "scores"])


@dataclass
class Fields:
    logits: torch.Tensor
    hidden: Any = None


class Two(nn.Module):
    """`form` makes a result of two tensors, one of them a half of a chunk."""

    def __init__(self, form: Any) -> None:
        super().__init__()
        self.conv, self.form = nn.Conv2d(3, 4, 3), form

    def forward(self, x: torch.Tensor) -> Any:
        x = self.conv(x)
        return self.form(x, x.chunk(2, 1)[1])


@pytest.mark.parametrize(
    ("form", "names"),
    [
        (lambda a, b: (a, b), ["0", "1"]),
        (lambda a, b: {"out": a, "aux": [b]}, ["out", "aux.0"]),
        (Pair, ["boxes", "scores"]),
        (Fields, ["logits", "hidden"]),
        (lambda a, b: (a, None, {"b": b, "again": a}), ["0", "2.b"]),
    ],
    ids=["tuple", "dict", "namedtuple", "dataclass", "nested, one of them twice"],
)
def test_names_are_keys_and_fields(form: Any, names: list[str]) -> None:
    report = archscope.summarize(Two(form), (3, 8, 8))
    outputs = report.graph.named_outputs
    assert [output.name for output in outputs] == names
    assert [(output.layer, output.shape) for output in outputs] == [("conv", (4, 6, 6)), ("chunk", (2, 6, 6))]
    assert Report.from_json(report.to_json()).graph.named_outputs == outputs


def test_one_result_has_no_name() -> None:
    (output,) = archscope.trace(nn.Conv2d(3, 4, 3), (3, 8, 8)).named_outputs
    assert (output.name, output.shape) == ("", (4, 6, 6))


class Slotted:
    __slots__ = ("first", "never", "second")

    def __init__(self, first: torch.Tensor, second: torch.Tensor) -> None:
        self.first, self.second = first, second


def cycle(a: torch.Tensor, b: torch.Tensor) -> list[Any]:
    found: list[Any] = [a, b]
    found.append(found)
    return found


@pytest.mark.parametrize("form", [Slotted, cycle, lambda a, b: deque([a, b]), lambda a, b: {a, b}, SimpleNamespace])
def test_tensors_are_found_once_in_whatever_holds_them(form: Any) -> None:
    made = (lambda a, b: SimpleNamespace(a=a, b=b)) if form is SimpleNamespace else form
    results = archscope.trace(Two(made), (3, 8, 8)).results
    assert sorted(each.shape for each in results) == [(1, 2, 6, 6), (1, 4, 6, 6)]


async def awaited(x: torch.Tensor) -> torch.Tensor:
    return x


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (lambda a, b: (each * 2 for each in (a, b)), "generator"),
        (lambda a, b: map(torch.relu, (a, b)), "map"),
        (lambda a, b: awaited(a), "coroutine"),
        (lambda a, b: lambda: a + b, "function"),
        (lambda a, b: {"one": a, "both": [(each * 2 for each in (a, b)), (each * 3 for each in (a, b))]}, "generator"),
    ],
)
def test_what_computes_later_is_said(form: Any, kind: str) -> None:
    (note,) = archscope.trace(Two(form), (3, 8, 8)).notes
    assert note == f"the network returns a {kind}: what this computes later was not seen"


class OddNames(nn.Module):
    """Two weights in one memory and a result, under names that would move a terminal's cursor."""

    def __init__(self, odd: str) -> None:
        super().__init__()
        self.odd, memory = odd, torch.ones(9)
        self.register_parameter("weight" + odd, nn.Parameter(memory[:3]))
        self.register_parameter("again" + odd, nn.Parameter(memory[3:6]))
        self.add_module("conv" + odd, nn.Conv2d(3, 3, 1))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        weight, again, conv = (getattr(self, name + self.odd) for name in ("weight", "again", "conv"))
        return {"result" + self.odd: conv(x * (weight + again).view(3, 1, 1))}


@pytest.mark.parametrize("odd", ["\x1b[2J", "\u202e", "\n"])
def test_a_report_of_names_that_cannot_be_shown_is_read_back(odd: str) -> None:
    report = archscope.summarize(OddNames(odd), (3, 4, 4))
    text = report.to_json()
    assert json.dumps(odd)[1:-1] not in text and odd not in " ".join(json.loads(text)["blocks"])
    assert Report.from_json(text).to_json() == text
    assert [tensor.shares for tensor in report.graph.parameters.values()].count("") == 3
