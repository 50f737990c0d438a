"""The terminal's table of a comparison: read back as a reader reads it."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from archscope.comparison.report import Comparison
from archscope.views import Options
from archscope.views.comparison.grids import cell
from archscope.views.comparison.table import as_table
from tests.graphs import Net, in_paper, report_of, six_layer_report, six_layers, traced

SIX = six_layer_report()
BOTH = Comparison((SIX, report_of(six_layers("twin"))))
INCEPTIONS = ("inception_v3", "inception_resnet_v2", "inception_resnet_v2_released", "xception")


def shown(comparison: Comparison, by: str = "", width: int = 0, color: bool = False) -> str:
    return as_table(comparison, Options(by=by, width=width, color=color))


@pytest.mark.parametrize("by", ["", "kind", "stage", "layer"])
def test_snapshot(by: str, snapshot: Callable[[str, str], None]) -> None:
    snapshot(shown(BOTH, by), f"compare{by and '-'}{by}.txt")


def test_a_few_networks_stand_side_by_side_in_80_columns() -> None:
    text = shown(Comparison((traced("xception"), traced("inception_v3"), traced("resnet50"))), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^Parameters +22\.86 M +23\.83 M +1\.043 +25\.56 M +1\.118$", text, re.M)


def test_what_is_too_wide_has_a_row_a_network() -> None:
    four = Comparison(tuple(traced(name) for name in INCEPTIONS))
    assert re.search(r"^Parameters( +\S+ M( +\d\.\d{3})?){4}$", shown(four), re.M)
    narrow = shown(four, width=80)
    assert re.search(r"^Xception +22\.86 M +0\.959 +8\.357 G +1\.463 +35\.83 M +3\.995$", narrow, re.M)


def test_names_that_have_no_room_go_on_below() -> None:
    narrow = shown(Comparison(tuple(in_paper(name) for name in INCEPTIONS)), width=80)
    assert re.search(
        r"^Inception-ResNet-v2 +1 .*\n  \(figures\)\nInception-ResNet-v2 +1 .*\n  \(released\)$", narrow, re.M
    )
    assert max(map(len, narrow.splitlines())) <= 80


def test_many_networks_have_a_row_each() -> None:
    ten = Comparison(tuple(report_of(six_layers(f"net{i}")) for i in range(10)))
    assert len(re.findall(r"^net\d +1,376 +(1\.000)? +1\.401 M", shown(ten), re.M)) == 10


def test_a_batch_has_its_own_table() -> None:
    batches = [replace(SIX, setting={**SIX.setting, "batch": batch}) for batch in (1, 8)]
    text = shown(Comparison(tuple(batches)))
    assert re.search(r"^Batch 1\n.*^Parameters.*^Batch 8\n.*^Weights", text, re.M | re.S)
    assert text.count("Parameters") == 1
    assert "Note" not in text


def test_settings_that_differ_are_noted() -> None:
    other = replace(SIX, setting={**SIX.setting, "device": "cuda", "dtype": "float16"}, target="other")
    text = shown(Comparison((SIX, replace(other, graph=replace(other.graph, notes=("drawn by hand",))))))
    assert "Note  dtype differs (six_layers float32, other float16): bytes and times differ with it" in text
    assert "Note  other: drawn by hand" in text


def test_what_is_unknown_is_said() -> None:
    net = Net(input=(8, 16, 16))
    net.add("a.magic", "magic", "input", kind="Magic")
    text = shown(Comparison((report_of(net.graph()), SIX)), by="stage")
    assert "Note  net: of unknown cost, and in no total: Magic" in text
    assert re.search(r"^a +- +\? +", text, re.M)


def test_sources_of_accuracies_are_named_once() -> None:
    text = shown(Comparison(tuple(traced(name) for name in ("resnet50", "resnet101", "resnet18"))))
    assert "ResNet-50, ResNet-101: KaimingHe/deep-residual-networks README (ImageNet, single crop)\n" in text


def test_no_source_is_named_where_no_accuracy_is_shown() -> None:
    both = Comparison((traced("resnet50"), traced("resnet18")))
    assert "Published" in shown(both) and "Published" not in shown(both.chosen(["params", "macs"]))


def test_colours_only_where_asked() -> None:
    assert "\x1b[" not in shown(BOTH, "kind")
    assert "\x1b[" in shown(BOTH, "kind", width=80, color=True)


def test_layers_that_are_alike_are_one_line() -> None:
    text = shown(Comparison((traced("xception"),)), by="layer")
    assert re.search(r"^25 x Conv 1x1, 728: middle_flow\S+ \.\.\. +13\.25 M +58\.0 % +4\.783 G +57\.2 %", text, re.M)
    assert re.search(r"^all others .*^total +22\.86 M +8\.357 G", text, re.M | re.S)


def test_no_time_is_below_nothing() -> None:
    assert [cell("ms", value) for value in (None, -0.5, 0.5)] == ["-", "-", "0.5 ms"]
