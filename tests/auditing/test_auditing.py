import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.text import Text
from torch import nn

import archscope
from archscope import auditing
from archscope.auditing import Audit, audit
from archscope.auditing.counters import Found, find
from archscope.commands.audit import said_on_a_terminal
from archscope.errors import ArchscopeError
from archscope.model.report import Report
from archscope.views import Options
from archscope.views.audit import NUMBER, as_table
from tests.small_nets import on_meta

Answer = Callable[[Any, Report, Any], tuple[Found, str]]
FOUND = {"fvcore": Found(8_400_000_000, 22_855_952), "torchinfo": Found(8_357_459_024, 22_855_953)}


@pytest.fixture(scope="module")
def report() -> Report:
    return archscope.summarize("xception")


@pytest.fixture
def audited(report: Report, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """Three tools: one with a remainder in operations, one with one in parameters, one that fails."""

    def run(tool: Any, *_: Any) -> tuple[Found, str]:
        return (FOUND[tool.name], "") if tool.name in FOUND else (Found(None, None), "RuntimeError: no")

    monkeypatch.setattr(auditing, "_run", run)
    monkeypatch.setattr(auditing, "counters", lambda: [find(name) for name in ("fvcore", "torchinfo", "flop_counter")])
    return audit(report, {})


def test_the_steps_sum_up(audited: Audit) -> None:
    fvcore, torchinfo, _ = audited.rows

    assert fvcore.own_operations == 8_357_403_496
    assert sum(step.amount for step in fvcore.differences) == 42_274_304 + 204_800
    assert fvcore.unexplained == 8_400_000_000 - 8_357_403_496 - 42_274_304 - 204_800
    assert (fvcore.params_unexplained, torchinfo.unexplained, torchinfo.params_unexplained) == (0, 0, 1)
    assert not audited.holds


def test_the_largest_step_comes_first(audited: Audit) -> None:
    for row in audited.rows:
        amounts = [abs(step.amount) for step in row.differences]
        assert amounts == sorted(amounts, reverse=True)


def test_what_is_printed_sums_up(audited: Audit) -> None:
    numbers = [line[:NUMBER].strip().replace(",", "") for line in as_table(audited, Options()).splitlines()]
    total = 0
    for number in filter(lambda text: text.lstrip("+-").isdigit(), numbers):
        if number.startswith(("+", "-")):
            total += int(number)
        elif total and int(number) in {8_400_000_000, 8_357_459_024, 22_855_953}:
            assert int(number) == total
            total = 0
        else:
            total = int(number)


def test_a_remainder_and_a_failure_are_said(audited: Audit) -> None:
    said = str(audited)

    assert "+117,400  unexplained" in said
    assert "failed: RuntimeError: no" in said
    assert "0 of 3 counters explained to the last one; a remainder at fvcore, torchinfo;\nfailed: flop_counter" in said


def test_json(audited: Audit) -> None:
    data = json.loads(audited.to_json())

    assert data["schema"] == "archscope.audit/1"
    assert data["archscope"] == {"params": 22_855_952, "macs": 8_357_403_496, "flops": 16_714_806_992}
    assert [row["tool"] for row in data["counters"]] == ["fvcore", "torchinfo", "flop_counter"]
    assert data["counters"][0]["unexplained"] == 117_400


def test_markdown(audited: Audit) -> None:
    assert "| fvcore 0.1.5.post20221221 | MACs by archscope | 8,357,403,496 |" in audited.to_markdown()


@pytest.mark.parametrize("width", [60, 80, 160])
def test_lines_fit(audited: Audit, width: int) -> None:
    assert all(Text(line).cell_len <= width for line in as_table(audited, Options(width=width)).splitlines())


def test_tools_that_are_not_installed(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    fvcore = find("fvcore")
    monkeypatch.setattr(type(fvcore), "package", "no_such_package")
    monkeypatch.setattr(auditing, "counters", lambda: [fvcore])
    found = audit(report, {})

    assert (found.rows, found.absent) == ((), ("fvcore",))
    assert "not installed: fvcore" in str(found)


PRINTS = """
import os, subprocess
from torch import nn

class Net(nn.Conv2d):
    def __init__(self, width=4):
        super().__init__(3, width, 3)

    def forward(self, x):
        print("forward", flush=True)
        os.write(1, b"{")
        subprocess.run(["echo", "a child"])
        return super().forward(x)
"""


def test_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For real, on the smallest network: options reach the build, and the answer comes back, whatever is printed."""
    monkeypatch.setattr(auditing, "counters", lambda: [find("flop_counter")])
    (tmp_path / "net.py").write_text(PRINTS, encoding="utf-8")
    report = archscope.summarize(f"{tmp_path / 'net.py'}:Net", (3, 8, 8), options={"width": 7})
    (row,) = audit(report, {"width": 7}).rows

    assert (row.error, row.unexplained) == ("", 0)
    assert row.operations == 2 * 7 * 27 * 6 * 6


def test_a_process_that_fails(report: Report) -> None:
    _, said = auditing._run(find("flop_counter"), report, {"depth": "none"})

    assert "no option of xception named 'depth'" in said


class Shift(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_who_waits_at_a_terminal_is_told_how_far_it_is(
    audited: Audit, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    audit(report, {}, said_on_a_terminal)
    assert sorted(terminal.getvalue().splitlines()) == sorted(f"audit: {row.tool} has counted" for row in audited.rows)


def test_a_module_at_hand_is_audited_and_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a class that no other process could import, and in training. The library prints nothing, not even there."""
    monkeypatch.setattr("sys.stderr", Terminal())

    class Local(Shift):
        """A class of a notebook's, say."""

    module = nn.Sequential(nn.ConvTranspose2d(3, 8, 4, 2), nn.BatchNorm2d(8), Local(), nn.Conv2d(8, 2, 3))
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}

    found = archscope.audit(module, (3, 12, 12))

    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]
    assert {row.tool for row in found.rows} >= {"flop_counter", "fvcore", "torchinfo"}
    assert found.holds, found
    assert module.training and all(torch.equal(module.state_dict()[name], tensor) for name, tensor in before.items())


def test_a_module_that_no_tool_can_run() -> None:
    class OnlyOnMeta(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if not on_meta(x):
                raise RuntimeError("not today\nnor tomorrow")
            return x

    rows = {row.tool: row for row in archscope.audit(nn.Sequential(nn.Linear(4, 4), OnlyOnMeta()), (4,)).rows}
    assert rows["flop_counter"].error == "RuntimeError: not today"
    assert all(row.operations is None for row in rows.values())


def test_a_module_on_meta() -> None:
    with pytest.raises(ArchscopeError, match="build it with weights, not on meta"):
        archscope.audit(nn.Linear(4, 4, device="meta"), (4,))


def test_a_report_of_code_runs_none_of_it(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("raise SystemExit('it ran')")
    report = replace(archscope.summarize("lenet5"), target=f"{file}:Net")
    with pytest.raises(ArchscopeError, match="code that runs only for who names it"):
        archscope.audit(report)
