"""archscope card: Markdown for a model card, and a badge."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from archscope.comparison.limits import parse_allowed
from archscope.errors import ArchscopeError
from tests.conftest import Run
from tests.graphs import six_layer_report


def test_a_section_of_a_model_card(run: Run) -> None:
    code, out, _ = run("card", "lenet5")
    assert code == 0
    assert out.startswith("## Architecture and cost\n")
    assert "| Input | 1x32x32 |\n| Output | 10 |\n| Parameters | 60,000 parameters: as published" in out


def test_a_report_that_does_not_say_who_wrote_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "saved.json").write_text(six_layer_report().to_json(), encoding="utf-8")
    code, out, _ = run("card", str(tmp_path / "saved.json"))
    assert (code, "archscope from one traced pass" in out) == (0, True)


def test_a_badge(run: Run, tmp_path: Path) -> None:
    badge = tmp_path / "badge.svg"
    assert run("card", "lenet5", "-o", str(badge))[0] == 0
    root = ET.fromstring(badge.read_text(encoding="utf-8"))
    texts = [element.text for element in root.iter() if element.tag.endswith("}text")]
    assert texts == ["lenet5", "60,000 parameters | 325.7 k MACs"]
    fields = [element for element in root.iter() if element.tag.endswith("}rect")]
    assert sum(int(field.attrib["width"]) for field in fields) == int(root.attrib["width"])


def test_how_far_a_cost_may_go() -> None:
    report = six_layer_report()
    params = report.totals["params"]
    (more,), (fewer,), both = (parse_allowed(f"params={by}", report) for by in ("+10", "-50%", "1k"))
    assert (more.side, more.value) == ("max", params + 10)
    assert (fewer.side, fewer.value) == ("min", -(-params // 2))
    assert [(limit.side, limit.value) for limit in both] == [("max", params + 1000), ("min", params - 1000)]
    for item, said in (
        ("params", "write quantity=.change"),
        ("parms=+1%", "did you mean params"),
        ("macs=+x", "no number"),
    ):
        with pytest.raises(ArchscopeError, match=said):
            parse_allowed(item, report)
