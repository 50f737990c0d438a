"""At a narrow terminal nothing is cut that tells rows apart, and no line runs over."""

import pytest

import archscope
from archscope.comparison.limits import Finding, Findings, Limit
from archscope.views import Options, render
from archscope.views.comparison.table import in_lines
from archscope.views.tables.table import _cut_name, _cut_operation
from tests.graphs import traced


def test_a_broken_limit_is_told_in_lines_that_fit() -> None:
    limit = Limit("max", "macs", 303_782_014, "mobilenet_v2 has 300,774,272, and +1% is allowed")
    found = Findings((Finding("mobilenet_v1", limit, 568_740_352),))
    text, whole = (str(render(found, "table", Options(width=width))) for width in (80, 0))
    assert max(map(len, text.splitlines())) <= 80 < len(whole) and whole.count("\n") == 1
    assert text.split() == whole.split()


def test_columns_that_were_chosen_are_left_out_the_last_first() -> None:
    columns = ("input", "output", "params", "macs", "flops")
    text = str(render(traced("lenet5"), "table", Options(columns, width=60, spare=columns[:0:-1])))
    assert max(map(len, text.splitlines())) <= 60
    assert "Not shown        macs, flops: " in text
    assert "Params" in text


@pytest.mark.parametrize(
    ("name", "width", "cut"),
    [("entry_flow.block3.shortcut", 16, "…block3.shortcut"), ("├ separableconv1", 12, "├ sepa…conv1"),
     ("middle_flow.block1..8.body", 16, "middle_f….8.body"), ("conv1", 12, "conv1")],
)  # fmt: skip
def test_names_keep_their_ends(name: str, width: int, cut: str) -> None:
    assert _cut_name(name, width) == cut


@pytest.mark.parametrize(
    ("operation", "width", "cut"),
    [("SeparableConv 3x3, 1536", 20, "Separable… 3x3, 1536"), ("3 x SeparableConv 3x3", 14, "3 x Separ… 3x3"),
     ("Conv 1x1 /2, 1024", 12, "Conv 1x1 /2…"), ("Linear 2 to 10", 20, "Linear 2 to 10")],
)  # fmt: skip
def test_the_longest_word_of_an_operation_gives_way(operation: str, width: int, cut: str) -> None:
    assert _cut_operation(operation, width) == cut


def test_a_networks_name_is_broken_where_it_can_be_read() -> None:
    assert in_lines("Xception, width_multiplier=0.5", 20) == ["Xception,", "  width_", "  multiplier=0.5"]
    assert in_lines("ResNet-50*", 20) == ["ResNet-50*"]
    assert in_lines("x" * 30, 20) == ["x" * 20, "  " + "x" * 10]


def test_a_sweep_breaks_its_headings_first_then_leaves_out_what_nobody_asked_for() -> None:
    found = archscope.sweep("lenet5", {"num_classes": [10, 20]})
    shown = {width: str(render(found, "table", Options(width=width))).splitlines() for width in (0, 50, 38)}
    assert "num classes  Parameters     MACs  Receptive field  Inference peak" in shown[0]
    assert "classes  Parameters     MACs      field       peak" in shown[50]
    assert "classes  Parameters     MACs" in shown[38]
    assert "Not shown  receptive_field," in "\n".join(shown[38]) and "Not shown" not in "\n".join(shown[50])
