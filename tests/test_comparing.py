"""Whatever can be named can be compared."""

from pathlib import Path

import pytest
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from tests.graphs import six_layer_report

SIX = six_layer_report()


def test_names_modules_reports_and_files(tmp_path: Path) -> None:
    saved, several = tmp_path / "saved.json", tmp_path / "several.json"
    saved.write_text(SIX.to_json(), encoding="utf-8")
    several.write_text(archscope.compare("lenet5", SIX).to_json(), encoding="utf-8")
    module = nn.Sequential(nn.Conv2d(1, 2, 3))

    one = archscope.compare("lenet5", module, input_size=(1, 32, 32))
    assert one.labels == ("lenet5", "Sequential")
    two = archscope.compare(SIX, str(saved), str(several))
    assert [report.graph.name for report in two.reports] == ["six_layers", "six_layers", "lenet5", "six_layers"]
    assert two.reports[1].target == str(saved)


def test_settings_hold_for_every_network() -> None:
    comparison = archscope.compare("lenet5", "resnext29_8x64d", batch=4)
    assert [report.setting["batch"] for report in comparison.reports] == [4, 4]


def test_nothing_to_compare() -> None:
    with pytest.raises(ArchscopeError, match="nothing to compare"):
        archscope.compare()


def test_a_missing_file() -> None:
    with pytest.raises(ArchscopeError, match="cannot read nowhere"):
        archscope.compare("nowhere.json")


def test_notebooks_show_a_table() -> None:
    comparison = archscope.compare(SIX)
    assert "<table>" in comparison._repr_html_()
    assert str(comparison).startswith(" " * 10)
