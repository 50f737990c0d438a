"""A file as it was at a git revision: with its neighbours of then, and without running anything of the repository's."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import archscope
from archscope import ArchscopeError
from archscope.targets.revisions import file_at
from tests.conftest import Run

NET = """
from torch import nn
from parts import width

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, width, 3, bias=False))
"""


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits: the network's width is 8, then 12, and 16 in the working folder."""
    nets = tmp_path / "repository" / "nets"
    nets.mkdir(parents=True)
    git(nets, "init", "-q")
    (nets / "net.py").write_text(NET)
    for width in (8, 12):
        (nets / "parts.py").write_text(f"width = {width}\n")
        git(nets, "add", ".")
        git(nets, "commit", "-q", "-m", f"{width} wide")
    (nets / "parts.py").write_text("width = 16\n")
    monkeypatch.chdir(nets)
    return nets


def test_a_revision_has_its_own_neighbours(repository: Path) -> None:
    counted = [
        archscope.summarize(target, (3, 8, 8)).totals["params"]
        for target in ("HEAD~1:net.py:Net", "HEAD:net.py", "net.py:Net", "HEAD~1:net.py:Net")
    ]
    assert counted == [27 * 8, 27 * 12, 27 * 16, 27 * 8]


def test_a_diff_against_a_revision(run: Run, repository: Path) -> None:
    asked = ("diff", "HEAD:net.py:Net", "net.py:Net", "-i", "8")
    code, out, _ = run(*asked)
    assert code == 1 and "432 parameters" in out
    assert run(*asked, "--allow", "params=+34%")[:2] == (0, "net.py:Net: 1 limit kept\n")
    code, out, _ = run(*asked, "--allow", "params=+1%", "--allow", "macs=+10k")
    assert (code, out) == (1, "net.py:Net: params 432, over the limit of 327: HEAD:net.py:Net has 324, and +1% is "
                              "allowed\n")  # fmt: skip


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nothing:net.py:Net", "git knows no revision nothing"),
        ("--all:net.py:Net", "git knows no revision --all"),
        ("HEAD:none.py:Net", "cannot read HEAD:none.py: HEAD has no such file"),
        ("HEAD:../../net.py:Net", "is not within the git repository"),
    ],
)
def test_mistakes(mistake: Callable[..., str], repository: Path, target: str, said: str) -> None:
    assert said in mistake("summary", "--", target)


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ArchscopeError, match="this folder lies in no git repository"):
        file_at("HEAD:net.py")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(archscope.EnvironmentFailure, match="needs git"):
        file_at("HEAD:net.py")
