"""Every counter on one model: what each says, and the way from archscope's number to it. Needs no torch by itself."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from archscope.auditing.counters import Count, Counter, Found, counters
from archscope.cached import cached_property
from archscope.model.report import Report
from archscope.model.results import Tabulated
from archscope.model.text import one_line

if TYPE_CHECKING:
    from torch import nn

SCHEMA = "archscope.audit/1"
MOST_AT_ONCE = 4
"""Tools that run side by side, one a core: each is a process with a model of its own."""


@dataclass(frozen=True)
class Difference:
    """What a tool counts otherwise: an amount in the tool's unit, and at how many layers."""

    why: str
    amount: int
    layers: int


@dataclass(frozen=True)
class Audited:
    """One tool on one model. `operations` and `params` are the tool's own; `own_` is archscope's, in the same unit."""

    tool: str
    version: str
    unit: str
    rules: str
    operations: int | None
    own_operations: int
    differences: tuple[Difference, ...]
    params: int | None
    own_params: int
    params_differences: tuple[Difference, ...]
    error: str = ""

    @property
    def unexplained(self) -> int | None:
        """What the differences do not account for."""
        return _rest(self.operations, self.own_operations, self.differences)

    @property
    def params_unexplained(self) -> int | None:
        return _rest(self.params, self.own_params, self.params_differences)


def _rest(found: int | None, own: int, differences: Iterable[Difference]) -> int | None:
    return None if found is None else found - own - sum(difference.amount for difference in differences)


@dataclass(frozen=True, repr=False)
class Audit(Tabulated):
    """All tools on one model. `absent` are the tools that are not installed."""

    KIND = "audit"

    report: Report
    rows: tuple[Audited, ...]
    absent: tuple[str, ...]

    @cached_property
    def holds(self) -> bool:
        """Is every difference explained?"""
        return not any(row.error or row.unexplained or row.params_unexplained for row in self.rows)

    def _about(self) -> str:
        kept = sum(not (row.error or row.unexplained or row.params_unexplained) for row in self.rows)
        return f"{one_line(self.report.graph.name)}: {kept} of {len(self.rows)} counters explained to the last one"

    def to_dict(self) -> dict[str, Any]:
        """The audit as plain data."""
        rows = [
            asdict(row) | {"unexplained": row.unexplained, "params_unexplained": row.params_unexplained}
            for row in self.rows
        ]
        totals = self.report.totals
        own = {"params": totals["params"], "macs": totals["macs"], "flops": totals["flops"]}
        return {"schema": SCHEMA, "network": self.report.graph.name, "target": self.report.target} | {
            "setting": dict(self.report.setting), "archscope": own, "counters": rows, "absent": list(self.absent)
        }  # fmt: skip


def unheard(tool: str) -> None:
    """Nobody waits for it."""


def audit(
    report: Report,
    options: Mapping[str, Any],
    finished: Callable[[str], None] = unheard,
    module: "nn.Module | None" = None,
) -> Audit:
    """Run every installed counter on the model of a report, each in a process of its own, one a core: on `module`, if
    that is at hand, or on one that `options` build. `finished` is told of each that has counted. Raises nothing for a
    tool that fails: its row says why.
    """
    from archscope.auditing.process import answers_from_forks

    installed = [tool for tool in counters() if tool.runs and tool.installed]
    at_once = min(os.cpu_count() or 1, MOST_AT_ONCE)

    def run(tool: Counter) -> tuple[Found, str]:
        answer = _run(tool, report, options)
        finished(tool.name)
        return answer

    if module is not None:
        names = [tool.name for tool in installed]
        answers = answers_from_forks(names, module, _inputs(report), at_once, finished)
    else:
        with ThreadPoolExecutor(at_once) as pool:
            answers = list(pool.map(run, installed))
    rows = tuple([_audited(tool, report, answer) for tool, answer in zip(installed, answers, strict=True)])
    return Audit(report, rows, tuple(tool.name for tool in counters() if tool.runs and not tool.installed))


def _audited(tool: Counter, report: Report, answer: tuple[Found, str]) -> Audited:
    found, error = answer
    counted = [tool.count(layer, report.graph) for layer in report.graph.layers]
    own = [tool.own(layer) for layer in report.graph.layers]
    return Audited(
        tool=tool.name,
        version=_version(tool.package),
        unit=tool.unit,
        rules=" ".join(tool.rules.split()),
        operations=found.operations,
        own_operations=sum(own),
        differences=_grouped((count, count.amount - mine) for count, mine in zip(counted, own, strict=True)),
        params=found.params,
        own_params=report.totals["params"],
        params_differences=_grouped((count, count.amount) for count in tool.params(report.graph)),
        error=error,
    )


def _grouped(found: Iterable[tuple[Count, int]]) -> tuple[Difference, ...]:
    """By reason, the largest first."""
    amounts: dict[str, list[int]] = defaultdict(list)
    for count, amount in found:
        if amount:
            amounts[count.why].append(amount)
    differences = [Difference(why, sum(parts), len(parts)) for why, parts in amounts.items()]
    return tuple(sorted(differences, key=lambda difference: -abs(difference.amount)))


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # a tenth of the start of `archscope --help`

    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return ""


# ---- a process for each -----------------------------------------------------------------------------------------


def _inputs(report: Report) -> list[dict[str, Any]]:
    return [{"shape": tensor.shape, "dtype": tensor.dtype} for tensor in report.graph.inputs.values()]


def _run(tool: Counter, report: Report, options: Mapping[str, Any]) -> tuple[Found, str]:
    task = json.dumps({"tool": tool.name, "target": report.target, "options": options, "inputs": _inputs(report)})
    done = subprocess.run(
        [sys.executable, "-m", "archscope.auditing.process"], input=task, capture_output=True, text=True, check=False
    )
    if done.returncode == 0 and done.stdout:  # a network may end its process as if all were well
        return Found(**json.loads(done.stdout)), ""
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return Found(None, None), said[-1].strip() if said else f"ended with exit code {done.returncode}"
