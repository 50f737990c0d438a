"""The command `archscope diff`: what it takes, writes and refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import archscope

Run = Callable[..., tuple[int, str, str]]

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, classes=10, eps=1e-5):
        super().__init__(nn.Conv2d(1, 6, 5, bias=False), nn.BatchNorm2d(6, eps), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                         nn.Flatten(), nn.Linear(6, classes))
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.py"
    path.write_text(NET, encoding="utf-8")
    return f"{path}:Net"


def test_equal_networks_exit_with_0(run: Run) -> None:
    code, out, err = run("diff", "lenet5", "LeNet5")
    assert (code, err) == (0, "")
    assert "identical up to names" in out


def test_other_networks_exit_with_1(run: Run) -> None:
    assert run("diff", "resnet18", "resnet34") == (1, str(archscope.diff("resnet18", "resnet34")), "")


def test_ones_own_file(run: Run, net: str) -> None:
    assert run("diff", net, net, "--input", "1x28x28")[0] == 0
    code, out, _ = run("diff", net, net, "-i", "1x28x28", "--set", "classes=3", "--set-reference", "eps=0.001")
    assert code == 1
    assert "eps 1e-05 instead of 0.001" in out
    assert "3 classes instead of 10" in out


def test_the_reference_gives_the_input(run: Run, net: str, tmp_path: Path) -> None:
    path = str(tmp_path / "saved.json")
    assert run("summary", net, "--input", "1x20x20", "-o", path)[0] == 0
    code, out, _ = run("diff", net, path)
    assert code == 0
    assert f"{net} against {path}, at 1x20x20" in out.replace("\n", " ")


def test_weights(run: Run, net: str) -> None:
    code, out, _ = run("diff", net, net, "-i", "1x28x28", "--weights")
    assert code == 0
    assert "7 tensors copied" in out
    code, out, err = run("diff", "lenet5", "report.json", "--weights")
    assert code == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["json", "markdown", "html"])
def test_formats(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"diff.{'md' if name == 'markdown' else name}"
    code, out, _ = run("diff", "resnet18", "resnet34", "-f", "page" if name == "html" else name)
    assert run("diff", "resnet18", "resnet34", "-o", str(path))[0] == code == 1
    assert path.read_text(encoding="utf-8") == out
    assert name != "json" or json.loads(out)["verdict"] == "different"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resnet18", "resnet35"], "or resnet34"),
        (["resnet18", "resnet34", "-f", "docx"], "no format named 'docx'; known: table, json"),
        (["resnet18", "resnet34", "-o", "x.y"], "writes table, json, csv, markdown, latex, html, svg, png, pdf"),
        (["resnet18", "missing.json"], "cannot read missing.json"),
    ],
)
def test_mistakes_get_one_line(run: Run, arguments: list[str], said: str) -> None:
    code, out, err = run("diff", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_picture(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "diff.svg"
    assert run("diff", "resnet18", "resnet34", "-o", str(path)) == (1, "", "")
    assert path.read_text(encoding="utf-8").startswith("<svg ")


def test_two_saved_reports_that_differ(run: Run, tmp_path: Path) -> None:
    for name in ("lenet5", "lenet5?num_classes=11"):
        archscope.summarize(name).save(tmp_path / f"{name[-1]}.json")

    code, out, _ = run("diff", str(tmp_path / "5.json"), str(tmp_path / "1.json"))
    assert (code, "10x84 instead of 11x84" in out) == (1, True)
