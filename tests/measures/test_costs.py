"""Operators that are not torch's own."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.measures import costs
from tests.small_nets import Forward


@pytest.fixture(autouse=True)
def formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "_formulas", {})


@pytest.fixture
def network() -> Iterator[nn.Module]:
    library = torch.library.Library("archscope_costs", "FRAGMENT")
    library.define("scan(Tensor x, Tensor w) -> Tensor")
    library.impl("scan", lambda x, w: x @ w, "CompositeExplicitAutograd")
    library.define("scale(Tensor(a!) x, int by) -> ()")
    library.impl("scale", lambda x, by: x.mul_(by) and None, "CPU")
    library.impl("scale", lambda x, by: None, "Meta")
    yield Forward(lambda net, x: torch.ops.archscope_costs.scan(net.first(x), net.weight), first=nn.Linear(4, 4),
                  weight=nn.Parameter(torch.ones(4, 6)))  # fmt: skip
    library._destroy()


def test_without_a_formula_it_is_unknown(network: nn.Module) -> None:
    totals = archscope.summarize(network, (3, 4)).totals
    assert (totals["macs"], totals["operations"]["unknown"]) == (3 * 4 * 4, ["archscope_costs::scan"])


def test_with_one_it_is_counted_as_its_author_says(network: nn.Module) -> None:
    @archscope.cost("archscope_costs::scan")
    def scan(layer: archscope.Layer) -> archscope.Cost:
        (*_, rows, inner), (_, columns) = layer.operand_shapes
        return archscope.Cost(rows * inner * columns, layer.output_elements)

    report = archscope.summarize(network, (3, 4))
    assert report.totals["operations"]["unknown"] == []
    assert report.totals["macs"] == 3 * 4 * 4 + 3 * 4 * 6
    assert report.totals["elementwise_ops"] == 3 * 4 + 3 * 6
    assert report.totals["activations"] == 3 * 4 + 3 * 6


def test_the_last_formula_holds_from_then_on(network: nn.Module) -> None:
    reports = []
    for macs in (1, 2):
        archscope.cost("archscope_costs::scan")(lambda layer, macs=macs: archscope.Cost(macs))
        reports.append(archscope.summarize(network, (3, 4)))
    assert [report.totals["macs"] - 3 * 4 * 4 for report in reports] == [1, 2]  # a report keeps what held then


def written_into(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    y: torch.Tensor = net.first(x)
    torch.ops.archscope_costs.scale(y, 3)
    return y + y


def test_one_that_returns_nothing_and_writes_into_its_argument_is_a_row(network: nn.Module) -> None:
    network.function = written_into
    assert archscope.summarize(network, (3, 4)).totals["operations"]["unknown"] == ["archscope_costs::scale"]
    archscope.cost("archscope_costs::scale")(lambda layer: archscope.Cost(0, layer.settings["by"]))

    report = archscope.summarize(network, (3, 4))
    first, scale, add = report.graph.layers
    assert (scale.inputs, add.inputs) == ((first.name,), (scale.name,) * 2)
    assert report.columns["elementwise_ops"].values[scale.name] == 3


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (lambda layer: 12, r"is 12: return archscope\.Cost"),
        (lambda layer: archscope.Cost(-1), "none below 0"),
        (lambda layer: archscope.Cost(0.5), "whole numbers"),
        (lambda layer: layer.shape, "AttributeError: 'Layer' object has no attribute 'shape'"),
    ],
)
def test_what_is_no_cost_is_answered_in_a_line(network: nn.Module, formula: Any, said: str) -> None:
    archscope.cost("archscope_costs::scan")(formula)
    with pytest.raises(ArchscopeError, match=f"the cost of archscope_costs::scan.*{said}"):
        archscope.summarize(network, (3, 4))


def test_an_operator_has_a_name() -> None:
    with pytest.raises(ArchscopeError, match=r'by name: @archscope.cost\("mylib::scan"\)'):
        archscope.cost(lambda layer: archscope.Cost(1))  # type: ignore[arg-type]
