"""archscope check, in a repository whose network grows, and as continuous integration runs it."""

import os
import re
import shlex
import subprocess
import sys
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


def in_a_shell(command: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As continuous integration does, with `archscope` on the path."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "archscope").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m archscope "$@"\n')
    (programs / "archscope").chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


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
    assert "| a,b.py:Net | params | 216 | at most 1 | broken |\n" in page.read_text()
    assert "| a,b.py:Net | macs | 7,776 | at most 1,000,000 | kept |\n" in page.read_text()


def test_the_action_runs(folder: Path) -> None:
    (step,) = [step for step in yaml("action.yml")["runs"]["steps"] if step["name"] == "Check"]
    assert step["shell"] == "bash"
    kept = in_a_shell(step["run"], folder, ARGUMENTS="")
    assert (kept.returncode, kept.stdout) == (0, "")
    broken = in_a_shell(step["run"], folder, ARGUMENTS="net.py:Net --max params=200")
    assert (broken.returncode, broken.stdout.count("::error file=net.py,")) == (1, 1)


def test_the_hook_runs_and_looks_at_what_can_change_a_cost(folder: Path) -> None:
    (hook,) = yaml(".pre-commit-hooks.yaml")
    assert hook["id"] == "archscope-check"
    assert hook["pass_filenames"] is False
    pattern = re.compile(hook["files"])
    assert all(pattern.search(file) for file in ("net.py", "models/net.py", "pyproject.toml"))
    assert not pattern.search("README.md")
    (folder / "net.py").write_text(NET.replace("WIDTH", "16"))
    done = in_a_shell(hook["entry"], folder)
    assert (done.returncode, done.stdout.count("over the limit")) == (1, 2)


def test_the_workflow_of_the_docs_uses_the_action() -> None:
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    block = text.partition("```yaml .github/workflows/costs.yml\n")[2].partition("```")[0]
    workflow = pytest.importorskip("yaml").safe_load(block)
    steps = workflow["jobs"]["check"]["steps"]
    assert "archscope@" in steps[-1]["uses"]
    assert workflow["permissions"] == {"contents": "read"}
