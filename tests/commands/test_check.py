"""archscope check, in a repository whose network grows, and as continuous integration runs it."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run

ROOT = Path(__file__).parents[2]
NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, width=WIDTH):
        super().__init__(nn.Conv2d(3, width, 3, bias=False), nn.ReLU())
"""
LIMITS = """
[[tool.archscope.check]]
target = "net.py:Net"
input = "8x8"
max = { params = 216, macs = "10k" }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET.replace("WIDTH", "8"))
    (tmp_path / "pyproject.toml").write_text(LIMITS)
    return tmp_path


def yaml(file: str) -> Any:
    return pytest.importorskip("yaml", reason="a dependency of fvcore").safe_load((ROOT / file).read_text())


def in_a_shell(command: str, folder: Path, code: int = 0, **variables: str) -> tuple[int, list[str]]:
    """The exit code, and what the command calls a program with, which is a stand-in that ends with this code: as
    continuous integration runs a step."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("archscope", "python"):
        (programs / name).write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@" > called\nexit {code}\n')
        (programs / name).chmod(0o755)
    environment = {**os.environ, "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]), **variables}
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    done = subprocess.run(shell, cwd=folder, env=environment, check=False)
    return done.returncode, (folder / "called").read_text().splitlines()


def test_a_network_that_grows_breaks_its_limits_with_a_line_each(run: Run, folder: Path) -> None:
    assert run("check") == (0, "net.py:Net: 2 limits kept\n", "")
    (folder / "net.py").write_text(NET.replace("WIDTH", "16"))
    assert run("check", "net.py:Net") == (
        1,
        "net.py:Net: params 432, over the limit of 216 (2 x)\n"
        "net.py:Net: macs 15,552, over the limit of 10,000 (1.56 x)\n",
        "",
    )


def test_limits_on_the_command_line(run: Run, folder: Path) -> None:
    target = ("check", "net.py:Net", "-i", "8", "--max", "params=216")
    assert run(*target)[0] == 0
    assert run(*target, "--set", "width=9")[:2] == (1, "net.py:Net: params 243, over the limit of 216 (1.12 x)\n")
    assert run(*target, "--min", "receptive_field=5")[:2] == (
        1, "net.py:Net: receptive field 3, under the limit of 5 (0.6 x)\n"
    )  # fmt: skip
    assert run("check", "net.py:Net?width=2", "-i", "8", "-b", "4", "--max", "peak_memory=1KiB")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["net.py:Net", "--max", "params"], "--max params: write quantity=limit, such as params=5M"),
        (["net.py:Net", "--max", "parms=3"], "no quantity to limit named 'parms'; did you mean params?"),
        (["net.py:Net", "--min", "params=x"], "--min params=x: 'x' is no number"),
        (["--max", "params=3"], "are for one TARGET: name it"),
        (["net.py:Net", "--batch", "3"], "are for one TARGET: name it, and a limit"),
        (["net.py:Nut"], "no limits: give --max params=5M, or a table"),
        (["none.py:Net", "--max", "params=3"], "cannot read none.py: no such file"),
    ],
)
def test_mistakes(mistake: Callable[..., str], folder: Path, arguments: list[str], said: str) -> None:
    assert said in mistake("check", *arguments)


def test_nothing_to_check(mistake: Callable[..., str], folder: Path) -> None:
    (folder / "pyproject.toml").unlink()
    assert "no limits: give --max params=5M, or a table [[tool.archscope.check]]" in mistake("check")


def test_annotations_and_a_jobs_page(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = folder / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    (folder / "a,b.py").write_text(NET.replace("WIDTH", "8"))
    code, out, _ = run("check", "a,b.py:Net", "-i", "8", "--max", "params=1", "--max", "macs=1M", "-f", "github")
    assert (code, out) == (
        1, "::error file=a%2Cb.py,title=archscope::a,b.py:Net: params 216, over the limit of 1 (216 x)\n"
    )  # fmt: skip
    assert page.read_text().startswith("before\n### archscope check\n")
    assert "\n1 of 2 limits is broken" in page.read_text()
    assert "| a,b.py:Net | params | 216 | at most 1 | broken |\n" in page.read_text()
    assert "| a,b.py:Net | macs | 7,776 | at most 1,000,000 | kept |\n" in page.read_text()


def test_the_action_runs(run: Run, folder: Path) -> None:
    install, check = yaml("action.yml")["runs"]["steps"]
    assert {step["shell"] for step in (install, check)} == {"bash"}
    called = ["python", "-m", "pip", "install", "--quiet", "/the action's own"]
    assert in_a_shell(install["run"], folder, ACTION="/the action's own") == (0, called)
    (folder / "net.py:Net_width=9").touch()  # which the target would be, were its ? a pattern
    for arguments, broken in (("", 0), ("net.py:Net?width=9 --max params=200", 1)):
        code, (program, *words) = in_a_shell(check["run"], folder, code=broken, ARGUMENTS=arguments)
        assert (code, program, words) == (broken, "archscope", ["check", *arguments.split(), "--format", "github"])
        code, out, err = run(*words)
        assert (code, out.count("::error file=net.py,"), err) == (broken, broken, "")


def test_the_hook_runs_and_looks_at_what_can_change_a_cost(run: Run, folder: Path) -> None:
    (hook,) = yaml(".pre-commit-hooks.yaml")
    assert hook["id"] == "archscope-check"
    assert hook["pass_filenames"] is False
    pattern = re.compile(hook["files"])
    assert all(pattern.search(file) for file in ("net.py", "models/net.py", "pyproject.toml"))
    assert not pattern.search("README.md")
    (folder / "net.py").write_text(NET.replace("WIDTH", "16"))
    code, (program, *words) = in_a_shell(hook["entry"], folder, code=1)
    assert (code, program) == (1, "archscope")
    code, out, _ = run(*words)
    assert (code, out.count("over the limit")) == (1, 2)


def test_the_workflow_of_the_docs_uses_the_action() -> None:
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    block = text.partition("```yaml .github/workflows/costs.yml\n")[2].partition("```")[0]
    workflow = pytest.importorskip("yaml").safe_load(block)
    steps = workflow["jobs"]["check"]["steps"]
    assert "archscope@" in steps[-1]["uses"]
    assert workflow["permissions"] == {"contents": "read"}
