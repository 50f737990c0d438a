"""What a tool says when it runs is what its rules say: on single layers, on small networks, and on those of the zoo."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache, partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import archscope
from archscope.auditing.counters import Counter, counted_as, counter_names, counters, find
from archscope.errors import ArchscopeError
from archscope.model.graph import Graph
from archscope.model.report import Report
from tests.auditing.counters import generated
from tests.auditing.counters.nets import KINDS, NETWORKS, PROBES
from tests.conftest import EVERYTHING
from tests.small_nets import Forward

ALL = [tool.name for tool in counters() if tool.runs]
ZOO = {"googlenet": (3, 64, 64), "efficientnet_b0": (3, 64, 64), "resnet50": (3, 64, 64), "xception": (3, 96, 96)}
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "conventions.md"
TABLE = re.compile(r"\| one layer \|.*?\n\n", re.S)


REMAINDERS = dict.fromkeys([("calflops", "attention"), ("ptflops", "attention")], -2 * 17 * 64)
"""The two ReLU of nn.TransformerEncoderLayer, which holds the function itself from before these tools patch it."""
PARAMS_REMAINDERS = {("torchinfo", "modules under several names"): 96}
"""A shared block once more, where it puts in containers that nothing calls."""
CASES = PROBES | NETWORKS | KINDS
if EVERYTHING:
    CASES |= {name: (partial(archscope.build, name), size) for name, size in ZOO.items()}


DRAWN = [str(seed) for seed in range(200 if EVERYTHING else 12)]
"""Networks of every rank, of one to three examples."""


def made(case: str) -> tuple[nn.Module, torch.Tensor]:
    """A network and its input."""
    if case in CASES:
        build, size = CASES[case]
        return as_network(build()), torch.rand(1, *size)
    return generated.network(int(case))


@cache
def traced(case: str) -> Graph:
    """The case as archscope sees it, whichever tool is held against it."""
    module, inputs = made(case)
    return archscope.trace(module, inputs=inputs)


def answers(tool: str) -> dict[str, list[int | None]]:
    """Operations and parameters of each case, from a process of its own: some tools patch torch as they count."""
    code = f"from tests.auditing.counters.test_counters import answer_all; answer_all({tool!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[int | None]] = json.loads(done.stdout)
    return found


def answer_all(tool: str) -> None:
    torch.set_num_threads(1)
    counted = {}
    with redirect_stdout(sys.stderr):
        for case in [*CASES, *DRAWN]:
            module, inputs = made(case)
            found = find(tool).run(module, (inputs,))
            counted[case] = (found.operations, found.params)
    print(json.dumps(counted))


def as_network(module: nn.Module) -> nn.Module:
    """A single layer stands in a network, which has a parameter: some tools need one."""
    if not any(module.children()):
        module = nn.Sequential(module)
        module.register_parameter("unused", nn.Parameter(torch.zeros(1)))
    return module.eval()


@pytest.mark.parametrize("name", ALL if EVERYTHING else ["flop_counter", "fvcore", "thop", "torchinfo"])
def test_a_tool_says_what_its_rules_say(name: str) -> None:
    tool = find(name)
    if not tool.installed:
        pytest.skip(f"{name} is not installed")
    said = answers(name)
    for case in [*CASES, *DRAWN]:
        graph = traced(case)
        operations, params = said[case]

        assert operations == tool.operations(graph) + REMAINDERS.get((name, case), 0), case
        assert params in (None, tool.parameters(graph) + PARAMS_REMAINDERS.get((name, case), 0)), case


# ---- the table in the docs ---------------------------------------------------------------------------------------


def row(name: str) -> str:
    build, size = PROBES[name]
    graph = archscope.trace(nn.Sequential(build()), size)
    own = sum(Counter.own(find("fvcore"), layer) for layer in graph.layers)
    cells = [f"{own:,}", *[f"{find(tool).operations(graph):,}" for tool in ALL]]
    return f"| {name} | {' | '.join(cells)} |\n"


def table() -> str:
    heads = ["archscope MACs", *[f"{find(tool).name} {find(tool).unit}" for tool in ALL]]
    ruler = "| :--- |" + " ---: |" * len(heads)
    return f"| one layer | {' | '.join(heads)} |\n{ruler}\n" + "".join(map(row, PROBES)) + "\n"


def test_the_docs_table_is_what_the_tools_say(request: pytest.FixtureRequest) -> None:
    """The rules stand in it, and the tests above hold them against the tools."""
    page = PAGE.read_text(encoding="utf-8")
    if request.config.getoption("--update-snapshots"):
        PAGE.write_text(TABLE.sub(lambda _: table(), page), encoding="utf-8")
        return
    assert TABLE.search(page)[0] == table()  # type: ignore[index]


@pytest.mark.parametrize("name", [tool.name for tool in counters()])
def test_the_docs_name_every_tool(name: str) -> None:
    assert f"| {name} |" in PAGE.read_text(encoding="utf-8")


# ---- the registry ------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_files() -> None:
    assert counter_names() == tuple(tool.name for tool in counters())


def test_an_unknown_tool() -> None:
    with pytest.raises(ArchscopeError, match="no counter named 'torchinf'; did you mean torchinfo"):
        find("torchinf")


@pytest.mark.parametrize(
    ("build", "operations"), [(lambda: nn.BatchNorm2d(8), 4096), (lambda: nn.BatchNorm2d(8, affine=False), 2048)]
)
def test_fvcore_by_hand(build: Callable[[], nn.Module], operations: int) -> None:
    """Two operations an element of 8 x 16 x 16, one without scale and shift."""
    assert find("fvcore").operations(archscope.trace(nn.Sequential(build()), (8, 16, 16))) == operations


def test_a_column_as_another_tool_counts() -> None:
    report = counted_as(archscope.summarize("xception"), "fvcore")
    said = str(report)

    assert report.totals["fvcore"] == sum(report.columns["fvcore"].values.values()) == 8_399_882_600
    assert "As fvcore        8,399,882,600 MACs, 22,855,952 parameters" in said
    assert str(Report.from_json(report.to_json())) == said


# ---- what a report says, and what it does not ----------------------------------------------------------------------


def test_several_images() -> None:
    """Hooks' numbers are divided by the images in ptflops, in no other tool."""
    network, images = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False)), torch.rand(3, 3, 8, 8)
    macs = 6 * 6 * 8 * 27

    report = archscope.summarize(network, input_data=images)
    assert counted_as(report, "thop").totals["thop"] == 3 * macs
    assert counted_as(report, "ptflops").totals["ptflops"] == macs


def test_how_a_function_is_written_is_kept() -> None:
    """What patched functions see hangs on it, in a saved report too."""
    forward = Forward(lambda net, x: torch.matmul(x @ x, x).mul(2) * 3)
    report = Report.from_json(archscope.summarize(forward, (4, 4)).to_json())

    said = ["Tensor.__matmul__", "torch.matmul", "Tensor.mul", "Tensor.__mul__"]
    assert [layer.function for layer in report.graph.layers] == said
    assert counted_as(report, "ptflops").totals["ptflops"] == 64 + 16


def test_an_older_report_is_taken_to_have_operators() -> None:
    data = json.loads(archscope.summarize(Forward(lambda net, x: F.relu(x @ x)), (4, 4)).to_json())
    for layer in data["layers"]:
        del layer["function"]
    del data["bases"]
    assert counted_as(Report.from_dict(data), "ptflops").totals["ptflops"] == 16


def test_a_report_holds_the_names_of_its_modules() -> None:
    build, size = NETWORKS["modules under several names"]
    report = archscope.summarize(as_network(build()), size)
    assert report.graph.names["blocks.0.encoding.0"] == 4
    assert Report.from_json(report.to_json()).graph.names == report.graph.names
