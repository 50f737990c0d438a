"""CSV of a comparison, read back as numbers."""

import csv
from io import StringIO

from archscope.comparison.report import Comparison
from archscope.views import Options
from archscope.views.comparison.data import as_csv
from tests.graphs import report_of, six_layer_report, six_layers

BOTH = Comparison((six_layer_report(), report_of(six_layers("twin"))))


def read(by: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(as_csv(BOTH, Options(by=by)))))


def test_a_line_a_network() -> None:
    lines = read("")
    assert [line["network"] for line in lines] == ["six_layers", "twin"]
    assert (lines[0]["params"], lines[0]["input_shape"]) == ("1376", "3x64x64")


def test_a_line_a_part() -> None:
    lines = read("layer")
    assert len(lines) == 12
    assert sum(int(line["macs"]) for line in lines if line["network"] == "twin") == BOTH.reports[1].totals["macs"]
