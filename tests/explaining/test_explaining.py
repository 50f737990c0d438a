"""Blocks are the sums over their parts; fields grow step by step; a separable convolution costs 1/N + 1/k²."""

import json

import pytest
import torch
from rich.cells import cell_len
from torch import nn

import archscope
from archscope import ArchscopeError
from archscope.explaining import Explanation, explain
from archscope.explaining.expressions import evaluate
from archscope.explaining.messages import LANGUAGES, catalogue
from archscope.explaining.worksheet import worksheet
from archscope.measures.macs import of_layer as macs_of
from archscope.model.report import Report
from archscope.views import Options, formats, render


@pytest.fixture(scope="module")
def mobilenet() -> Report:
    return archscope.summarize("mobilenet")


@pytest.fixture(scope="module")
def lenet() -> Report:
    return archscope.summarize("lenet5")


def text_of(found: Explanation, quantity: str) -> str:
    return next(working.text for working in found.workings if working.quantity == quantity)


def test_a_block_is_the_sum_over_its_parts(lenet: Report, mobilenet: Report) -> None:
    whole = archscope.explain(lenet)
    assert text_of(whole, "params") == "156 + 12 + 1,516 + 32 + 48,120 + 10,164"
    assert [part.path for part in whole.parts] == ["c1", "s2", "c3", "s4", "c5", "f6", "output"]
    repeated = explain(mobilenet)
    (five,) = [part for part in repeated.parts if part.repeat == 5]
    assert f"5·{five.values['params']:,}" in text_of(repeated, "params")
    assert text_of(whole, "peak_memory_bytes").startswith("max(")


def test_parameters_that_no_pass_touches_are_a_part() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.head = nn.Linear(4, 4), nn.Linear(4, 9)
            self.scale = nn.Parameter(torch.ones(7))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    found = archscope.explain(Net(), "", (4,))
    assert sorted(part.values["params"] for part in found.parts) == [7, 20, 45]
    assert evaluate(text_of(found, "params")) == 72 == found.report.totals["params"]


def test_a_separable_convolution_and_the_regular_one_that_it_replaces(mobilenet: Report) -> None:
    halves = [explain(mobilenet, f"depthwiseseparable3.{half}.conv").saving for half in ("depthwise", "pointwise")]
    saving, other = halves
    assert saving == other and saving is not None and saving.is_separable
    regular = nn.Conv2d(128, 128, 3, padding=1, bias=False)
    counted = archscope.summarize(regular, (128, 56, 56)).totals["macs"]
    layers = mobilenet.graph.layer
    paid = [macs_of(layers[f"depthwiseseparable3.{half}.conv"]) for half in ("depthwise", "pointwise")]
    assert [saving.of("depthwise"), saving.of("pointwise")] == paid
    assert saving.of("regular") == counted
    assert saving.value == pytest.approx(sum(map(float, filter(None, paid))) / counted)
    assert saving.ratio == "1/128 + 1/3²"
    instead = explain(mobilenet, "conv1.conv").saving
    assert instead is not None and not instead.is_separable and instead.ratio == "1/32 + 1/3²"
    assert explain(mobilenet, "classifier").saving is None


def test_filters_for_each_channel_are_part_of_the_ratio() -> None:
    net = nn.Sequential(nn.Conv2d(4, 12, 5, groups=4), nn.BatchNorm2d(12), nn.Conv2d(12, 8, 1))
    saving = archscope.explain(net, "0", (4, 9, 9)).saving
    assert saving is not None and saving.ratio == "3/8 + 3/5²"
    assert saving.value == pytest.approx((12 * 25 + 12 * 8) / (4 * 8 * 25))
    strided = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 8, 1, stride=2))
    assert archscope.explain(strided, "0", (4, 9, 9)).saving is None


def test_the_field_grows_from_the_input(mobilenet: Report) -> None:
    found = explain(mobilenet, "depthwiseseparable4.depthwise.conv")
    assert [step.texts for step in found.steps][:3] == [("1 + (3 - 1)·1",), ("3 + (3 - 1)·2",), ("7 + (3 - 1)·2",)]
    for step in found.steps:
        assert step.size == mobilenet.columns["receptive_field"].values[step.layer]
        assert [evaluate(text) for text in step.texts] == step.size[:1]


def test_a_step_that_no_window_explains_has_its_number_alone() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 4, 4, 2, 1), nn.Conv2d(4, 4, 3), nn.Softmax(-1))
    found = archscope.explain(net, "2", (3, 16, 16))
    assert [step.rule for step in found.steps] == ["field.window", "field.traced", "field.window"]
    assert [bool(step.texts) for step in found.steps] == [True, False, True]
    assert found.steps[-1].size == found.report.columns["receptive_field"].values["2"]


def test_a_path_may_be_the_end_of_one(lenet: Report) -> None:
    assert explain(lenet, "linear1").path == "f6.linear1"
    assert explain(lenet, "lenet5").path == ""
    with pytest.raises(ArchscopeError, match=r"end in conv1 \(c1.conv1, .* \.\.\.\): name one by its whole path"):
        explain(lenet, "conv1")
    with pytest.raises(ArchscopeError, match="no layer of lenet5 named 'outptu'; did you mean output"):
        explain(lenet, "outptu")
    with pytest.raises(ArchscopeError, match="no language named 'fr'; known: en, ko"):
        explain(lenet, "c1", "fr")


# ---- languages, formats --------------------------------------------------------------------------------------------


def test_each_message_is_there_in_each_language_with_the_same_places() -> None:
    for key, texts in catalogue().items():
        assert set(texts) == set(LANGUAGES), key
        assert (
            len({tuple(sorted(part.partition("}")[0] for part in text.split("{")[1:])) for text in texts.values()}) == 1
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_format_in_every_language(lenet: Report, mobilenet: Report, language: str) -> None:
    for found in (explain(lenet, "c1.conv1", language), explain(lenet, "", language)):
        for name in formats("explanation"):
            assert render(found, name)
    sheet = worksheet(lenet, "", "output,params", False, language)
    for name in formats("worksheet"):
        assert render(sheet, name)
    latex = str(render(explain(lenet, "c1.conv1", language), "latex"))
    assert "5$\\cdot$5$\\cdot$1$\\cdot$6 + 6 = 156" in latex and "28$^2$" in latex
    korean = str(render(explain(mobilenet, "conv1.conv", language), "table"))
    assert ("파라미터" in korean) == (language == "ko")


def test_at_a_terminals_width_no_number_is_cut(lenet: Report, mobilenet: Report) -> None:
    for path in ("c1.conv1", ""):
        narrow = str(render(explain(lenet, path), "table", Options(width=80)))
        assert max(map(len, narrow.splitlines())) <= 80
        assert "= 156" in narrow.replace("\n", " ") if path else "60,000" in narrow
    deep = explain(mobilenet, "depthwiseseparable12.depthwise.conv")
    for made in (deep, worksheet(mobilenet, "", "output,macs", True), worksheet(mobilenet, "", "params", False)):
        shown = str(render(made, "table", Options(width=80)))
        assert max(map(len, shown.splitlines())) <= 80
    assert "= 51,380,224" in str(render(worksheet(mobilenet, "", "macs", True), "table", Options(width=80)))
    korean = str(render(explain(lenet, "c1.conv1", "ko"), "table", Options(width=80)))
    starts = [cell_len(korean.partition(value)[0].splitlines()[-1]) for value in ("5·5·1·6 + 6", "2·117,600 = ")]
    assert starts[0] == starts[1] and max(map(cell_len, korean.splitlines())) <= 80  # a syllable is two columns wide


def test_data_for_programs(lenet: Report) -> None:
    data = json.loads(explain(lenet, "c1.conv1").to_json())
    assert data["schema"] == "archscope.explain/1"
    assert {"quantity": "macs", "unit": "MACs", "value": 117600, "text": "150 · 28²"}.items() <= data["workings"][
        3
    ].items()


def test_worksheet_and_key(lenet: Report) -> None:
    sheet, key = (worksheet(lenet, "", "output,params", answers) for answers in (False, True))
    assert "156" not in sheet.to_markdown() and "117,600" in sheet.to_markdown()
    given = [line.split(" | ")[2] for line in sheet.to_markdown().splitlines()[6:]]
    assert given[0] == "1x32x32" and set(given[1:]) == {"\\_" * 8}  # an input would give away the output above it
    assert [each["input_shape"] for each in sheet.to_dict()["layers"]][:2] == [[1, 32, 32], None]
    line = next(line for line in key.to_markdown().splitlines() if "c1.conv1" in line)
    assert "floor((32 + 2·0 - 5) / 1) + 1 = 28; 6x28x28 | 5·5·1·6 + 6 = 156 | 117,600 |" in line
    assert [each["params"] for each in sheet.to_dict()["layers"]] == [None] * len(sheet.exercises)
    for exercise, row in zip(key.exercises, key.to_dict()["layers"], strict=True):
        assert row["params"]["value"] == lenet.columns["params"].values[exercise.path]
    with pytest.raises(ArchscopeError, match="no quantity to fill in named 'parms'; did you mean params"):
        worksheet(lenet, "", "parms", False)
    with pytest.raises(ArchscopeError, match="no layer of s2 has a formula for macs"):
        worksheet(lenet, "s2", "macs", False)
