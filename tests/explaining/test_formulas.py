"""Evaluating each printed formula gives the number that the report holds, for every layer.

The report's numbers are held against torch's counter, gradients and profiles elsewhere (tests/measures).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import nn

import archscope
from archscope.explaining import QUANTITIES, explain, workings_of
from archscope.explaining.expressions import evaluate
from archscope.explaining.formulas import RULES, formula, formulas
from archscope.explaining.in_graph import Surroundings
from archscope.model.report import Report
from archscope.networks import catalogue
from archscope.views import Options
from archscope.views.tables.rows import rows
from tests.conftest import EVERYTHING

SAMPLE = ["lenet5", "xception"]
ZOO = [name for name in catalogue() if EVERYTHING or name in SAMPLE]


def check(report: Report, unexplained: frozenset[str] = frozenset()) -> Counter[str]:
    """Every formula evaluates to the report's number, and every number but those of these operations has one."""
    seen: Counter[str] = Counter()
    around = Surroundings(report.graph)
    for layer in report.graph.layers:
        for working in workings_of(report, layer, around=around):
            if working.quantity == "output":
                continue
            assert working.value == report.columns[working.quantity].values[layer.name], (layer.name, working)
            if working.text:
                assert evaluate(working.text) == working.value, (layer.name, working)
                seen[working.quantity] += 1
            elif working.rule == "none":
                assert layer.operation in unexplained, (layer.name, working)
        for found in formulas(layer):
            assert found.quantity == "output" or found.value in {
                report.columns[found.quantity].values[layer.name],
                sum(operand.kind == "parameter" for operand in layer.operands) and found.value,  # a shared parameter
            }
    return seen


@pytest.mark.parametrize("name", ZOO)
def test_every_number_of_the_zoo_has_its_formula(name: str) -> None:
    report = archscope.summarize(name)
    seen = check(report)
    assert set(seen) >= {"params", "macs", "flops", "elementwise_ops", "activations", "bytes_moved", "intensity"}
    placed = [layer for layer in report.graph.layers if report.columns["receptive_field"].values[layer.name]]
    found = explain(report, placed[-1].name)
    assert found.steps and found.steps[-1].size == report.columns["receptive_field"].values[placed[-1].name]
    for layer in report.graph.layers:
        if layer.window:
            axes = {axis for each in formulas(layer) if each.quantity == "output" for axis in each.of.split(", ")}
            assert axes >= {"height", "width"}, layer
    whole = explain(report)
    for working in whole.workings:
        assert working.rule != "none" and working.value == (
            report.totals[working.quantity] if working.text else working.value
        ), working


class Many(nn.Module):
    """Of each kind that measures know one at least, with the arguments that make their formulas differ."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(3, 8, 4, padding="same")
        self.dilated = nn.Conv2d(8, 8, (3, 5), stride=(2, 1), dilation=2, groups=4)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True, padding=1)
        self.beyond = nn.AvgPool2d(2, 3, ceil_mode=True, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1, groups=2)
        self.group_norm, self.prelu = nn.GroupNorm(2, 4), nn.PReLU(4)
        self.conv3d, self.conv1d = nn.Conv3d(4, 2, 3, padding=1), nn.Conv1d(4, 6, 3, stride=2)
        self.lstm = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(10, 12, batch_first=True)
        self.norm, self.attention = nn.LayerNorm(12), nn.MultiheadAttention(12, 3, batch_first=True)
        self.words, self.shared = nn.Embedding(50, 12), nn.Linear(12, 12)

    def forward(self, image: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.dilated(self.same(image)))
        x = self.prelu(self.group_norm(self.up(self.beyond(x))))
        x = nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear")
        x = nn.functional.pixel_shuffle(nn.functional.pad(x, (1, 2, 0, 3)), 2)
        x = torch.cat([x, nn.functional.adaptive_avg_pool2d(x, x.shape[-2:])], 1)
        x = self.conv3d(torch.cat([x, x], 1)[:, :, None]).flatten(2).repeat(1, 2, 1)
        x = self.lstm(self.conv1d(x[..., :9]).transpose(1, 2))[0]  # on meta each step takes its time
        x = self.gru(x)[0] + self.shared(self.shared(self.words(words))).mean(1, keepdim=True)
        x, _ = self.attention(self.norm(x), x, x)
        x = nn.functional.scaled_dot_product_attention(x, x, x).softmax(-1)
        y = torch.einsum("bij,bkj->bik", x, x) @ x + torch.baddbmm(x, x @ x.mT, x)
        return torch.relu(y.flatten(1))


@pytest.fixture(scope="module")
def many() -> Report:
    return archscope.summarize(Many(), ["image=3x33x37", "words=9:int64"])


def test_every_kind_of_layer(many: Report) -> None:
    seen = check(many)
    assert not set(QUANTITIES) - set(seen) - {"output", "receptive_field", "frozen_params", "buffers"}
    said = {(layer.name, each.of): each.text for layer in many.graph.layers for each in formulas(layer)}
    assert said["same", "height"] == "floor((33 + 3 - 4) / 1) + 1"
    assert said["dilated", "height"] == "floor((33 + 2·0 - (2·(3 - 1) + 1)) / 2) + 1"
    assert said["pool", "width"] == "ceil((29 + 2·1 - 3) / 2) + 1"
    assert said["beyond", "height"] == "ceil((8 + 2·1 - 2) / 3) + 1 - 1"
    assert said["up", "height"] == "(3 - 1)·2 - 2·1 + 1·(3 - 1) + 1 + 1"
    macs = {name: found.text for name in many.graph.layer if (found := formula(many.graph.layer[name], "macs"))}
    assert macs["dilated"] == "240 · 15·29"
    assert macs["attention"].count("·") > 4
    params = {layer.name: each.text for layer in many.graph.layers if (each := formula(layer, "params"))}
    assert params["dilated"] == "3·5·(8/4)·8 + 8"
    assert params["up"] == "3·3·8·(4/2) + 4"
    assert params["words"] == "50·12"
    assert params["gru"] == "3·12·10 + 3·12·12 + 2·36"


def test_a_shared_layer_is_counted_where_it_is_used_first(many: Report) -> None:
    found = [workings_of(many, many.graph.layer[name], ["params"]) for name in ("shared", "shared_1")]
    first, second = map(next, found)
    assert (first.text, first.value) == ("12·12 + 12", 156)
    assert (second.value, second.rule) == (0, "zero")


def test_batches_multiply_memory_and_not_counts(many: Report) -> None:
    report = archscope.summarize(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (3, 9, 9), batch=5)
    check(report)
    said = {working.quantity: working.text for working in workings_of(report, report.graph.layers[0])}
    assert said["output_bytes"] == "8·7²·4·5"
    assert said["macs"] == "216 · 7²"


def test_what_no_rule_knows_has_no_formula() -> None:
    class Odd(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.inv(torch.cdist(x, x)) + torch.fft.fft(x).abs()

    report = archscope.summarize(Odd(), (8, 8))
    check(report, frozenset({"cdist", "fft_fft", "linalg_inv"}))
    rules = {
        layer.operation: [*workings_of(report, layer, ["macs", "elementwise_ops"])] for layer in report.graph.layers
    }
    assert [working.rule for working in rules["cdist"]] == ["none", "none"]
    assert [working.rule for working in rules["linalg_inv"]] == ["unknown", "unknown"]


def test_reports_of_old_versions_have_fewer_formulas_and_no_failure(many: Report) -> None:
    layers = tuple(replace(layer, operands=(), settings={}) for layer in many.graph.layers)
    for layer in layers:
        assert all(found.value is not None for found in formulas(layer))
    check_numbers(replace(many, graph=replace(many.graph, layers=layers)))


def check_numbers(report: Report) -> None:
    for layer in report.graph.layers:
        for working in workings_of(report, layer, [*RULES]):
            assert not working.text or evaluate(working.text) == working.value


def units_with_formula(report: Report) -> Iterator[tuple[str, float]]:
    for row in rows(report, Options(columns=("formula",), depth=0)):
        if row.cells[0]:
            yield row.cells[0], row.values["macs"]


def test_the_column_of_a_summary() -> None:
    found = [*units_with_formula(archscope.summarize("xception"))]
    assert len(found) >= 20
    assert all(evaluate(text) == macs for text, macs in found)
