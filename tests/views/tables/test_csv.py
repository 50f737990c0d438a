import csv
from collections.abc import Callable
from io import StringIO

import pytest

from archscope.errors import ArchscopeError
from archscope.views import Options, render
from tests.graphs import Net, layer_totals, report_of, six_layer_report

SIX = six_layer_report()


def test_snapshot(snapshot: Callable[[str, str], None]) -> None:
    snapshot(render(SIX, "csv"), "summary.csv")


def test_columns_add_up_exactly() -> None:
    rows = list(csv.DictReader(StringIO(render(SIX, "csv"))))
    totals = layer_totals(SIX)

    assert {column: sum(int(row[column]) for row in rows) for column in totals} == totals


def test_names_with_commas_and_quotes_survive() -> None:
    net = Net(input=(3, 8, 8))
    net.conv('a, "b"\nc', "input", 4, 1)
    (row,) = csv.DictReader(StringIO(render(report_of(net.graph()), "csv")))

    assert row["name"] == 'a, "b"\nc'


def test_every_layer_whatever_the_options() -> None:
    assert render(SIX, "csv", Options(depth=1, fold=False)) == render(SIX, "csv")
    assert len(render(SIX, "csv").splitlines()) == 1 + len(SIX.graph.layers)


def test_unknown_column() -> None:
    with pytest.raises(ArchscopeError, match="did you mean params"):
        render(SIX, "csv", Options(("param",)))
