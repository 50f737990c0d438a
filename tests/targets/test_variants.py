"""Options in a target: a network of its own, under its own name, wherever a target is taken."""

from typing import Any

import pytest

import archscope
from archscope.commands.arguments import complete_target
from archscope.targets.variants import split, suffix
from tests.conftest import Run

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, width=4):
        super().__init__(nn.Conv2d(3, width, 3), nn.ReLU())
"""


@pytest.mark.parametrize(
    ("target", "bare", "options"),
    [
        ("xception", "xception", {}),
        ("xception?middle_blocks=4", "xception", {"middle_blocks": 4}),
        ("xception?width-multiplier=0.5&residual=false", "xception", {"width_multiplier": 0.5, "residual": False}),
        ("net.py:Net?widths=(1, 2)&kind=a=b", "net.py:Net", {"widths": (1, 2), "kind": "a=b"}),
    ],
)
def test_a_target_and_its_options(target: str, bare: str, options: dict[str, Any]) -> None:
    assert split(target) == (bare, options)
    assert split(bare + suffix(options)) == (bare, options)


def test_a_file_may_have_the_mark_in_its_name(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a?b=1.py").write_text(NET)
    assert archscope.summarize("a?b=1.py").graph.name == "Net"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("xception?", "xception?: after ? write key=value, such as num_classes=10"),
        ("xception?middle_blocks", "after ? write key=value"),
        ("xception?blocks=4", "no option of xception named 'blocks'; known: num_classes, residual, activation"),
        ("xception?middle_blocks=x", "middle_blocks is a whole number, not 'x'"),
        ("xceptoin?middle_blocks=4", "no network named 'xceptoin'; did you mean xception?"),
        ("report.json?middle_blocks=4", "report.json is measured already: the options middle_blocks=4 do not apply"),
    ],
)
@pytest.mark.parametrize("command", ["summary", "compare", "diagram", "audit"])
def test_mistakes(mistake: Any, command: str, target: str, said: str) -> None:
    assert said in mistake(command, target)


def test_a_variant_is_the_network_with_these_options() -> None:
    variant = archscope.summarize("xception?width_multiplier=0.5&middle_blocks=4")
    same = archscope.summarize("xception", options={"width_multiplier": 0.5, "middle_blocks": 4})
    assert variant.totals == same.totals
    assert variant.graph.name == variant.target == "xception?width_multiplier=0.5&middle_blocks=4"
    assert variant.claims == same.claims == ()
    assert archscope.build("xception?num_classes=10").classifier.out_features == 10


def test_options_that_are_given_besides_have_their_way() -> None:
    report = archscope.summarize("xception?num_classes=10&middle_blocks=4", options={"num_classes": 5})
    assert report.totals["params"] == archscope.summarize("xception?num_classes=5&middle_blocks=4").totals["params"]


def test_the_default_said_again_is_the_papers_network() -> None:
    assert archscope.summarize("xception?middle_blocks=8").claims == archscope.summarize("xception").claims


def test_variants_stand_under_their_names(run: Run, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    small, wide = "mobilenet_v1?width_multiplier=0.5", "net.py:Net?width=8"
    code, out, _ = run("compare", "mobilenet_v1", small, wide, "-f", "markdown")
    assert code == 0
    assert "|  | MobileNet | MobileNet, width_multiplier=0.5 | ratio | Net?width=8 | ratio |" in out.replace("\\_", "_")
    assert run("summary", wide)[1].startswith("Net?width=8   3x224x224")
    assert "MobileNet, width_multiplier=0.5" in run("diagram", small, "--level", "network")[1]
    code, out, _ = run("diff", small, "mobilenet_v1")
    assert (code, out.splitlines()[0]) == (1, f"{small} against mobilenet_v1, at 3x224x224")
    code, out, _ = run("spectrum", small, "--segments", "1,depthwise", "-f", "json")
    assert '"width_multiplier": 0.5' in out


def test_options_are_completed() -> None:
    assert complete_target("xception?mid") == ["xception?middle_blocks="]
    assert complete_target("xception?num_classes=10&ord") == ["xception?num_classes=10&order="]
    assert complete_target("nothing?a") == []
