"""What only the command line of summary does."""

from pathlib import Path

import pytest

from tests.conftest import Run

BROKEN = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(7, 2))
"""


def test_partial_shows_the_layers_before_and_then_the_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    code, out, said = run("summary", "net.py:Net", "-i", "3x8x8", "--partial")
    assert code == 2
    assert "Conv 3x3, 4" in out
    assert said.startswith("archscope: 2: mat1 and mat2 shapes cannot be multiplied (1x144 and 7x2)")
    assert run("summary", "net.py:Net", "-i", "3x8x8")[:2] == (2, "")
