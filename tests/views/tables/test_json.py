import json
from collections.abc import Callable

from archscope.views import Options, render
from tests.graphs import Net, layer_totals, report_of, six_layer_report

SIX = six_layer_report()


def test_snapshot(snapshot: Callable[[str, str], None]) -> None:
    snapshot(render(SIX, "json"), "summary.json")


def test_columns_add_up_exactly() -> None:
    data = json.loads(render(SIX, "json"))
    totals = layer_totals(SIX)

    assert {column: sum(layer[column] for layer in data["layers"]) for column in totals} == totals


def test_everything_whatever_the_options() -> None:
    assert render(SIX, "json", Options(("macs",), depth=1)) == render(SIX, "json")


def test_it_is_strict_json() -> None:
    """Settings may hold what JSON has no word for; neither NaN nor Infinity is JSON."""
    net = Net(input=(3, 8, 8))
    net.add("clamp", "clamp", "input", settings={"min": float("-inf")})

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    json.loads(render(report_of(net.graph()), "json"), parse_constant=refuse)
