"""How time grows with the size of a network: `python tests/benchmarks/growth.py [LAYERS]`, part of `make bench`.

Prints the seconds of processor time at the larger size, and the exponent between it and a quarter of it: 1 where time
is linear, 2 where it is square. At the end one network of 100,000 layers, in a process of its own.
"""

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from math import log

import torch
from torch import nn

import archscope
from archscope.model.report import Report

LEVELS = ("network", "flow", "layer")
MOST = 1.3
"""The largest exponent that passes for n log n at these sizes, with the noise of a shared machine."""


class Branches(nn.Module):
    """Paths beside each other, joined at the end."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(nn.Conv2d(3, 1 + i % 7, 1) for i in range(count))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([path(x) for path in self.paths], 1)


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow, self.wide = nn.Conv2d(3, width, 1), nn.Conv2d(width, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.wide(self.narrow(x))


class Heads(nn.Module):
    """Each layer gives a result of the network."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(count))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [head(x) for head in self.heads]


class Skips(nn.Module):
    """Each layer of the second half reads one of the first, the last the first: paths within paths."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(count // 2))
        self.up = nn.ModuleList(nn.Conv2d(6, 3, 1) for _ in range(count // 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = [x := layer(x) for layer in self.down]
        for layer in self.up:
            x = layer(torch.cat([x, skips.pop()], 1))
        return x


class Loop(nn.Module):
    """Steps of three operations, each of which reads the input too."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.steps, self.inner = count // 3, nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x
        for _ in range(self.steps):
            state = torch.tanh(self.inner(state) + x)
        return state


class Spare(nn.Module):
    """Parameters that nothing reads."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.spare = nn.ParameterList(nn.Parameter(torch.empty(3)) for _ in range(count))
        self.head = nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x)  # type: ignore[no-any-return]


def equal(count: int) -> nn.Module:
    """Layers in a row, all alike."""
    return nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(count)))


def unlike(count: int) -> nn.Module:
    """Blocks of two, no two alike."""
    return nn.Sequential(*(nn.Sequential(nn.Conv2d(3, i, 1), nn.Conv2d(i, 3, 1)) for i in range(1, count // 2 + 1)))


def rows(count: int) -> nn.Module:
    """Blocks of ten, five equal pairs in each, and no two blocks alike."""
    return nn.Sequential(
        *(
            nn.Sequential(*(layer for _ in range(5) for layer in (nn.Conv2d(3, i, 1), nn.Conv2d(i, 3, 1))))
            for i in range(1, count // 10 + 1)
        )
    )


def stages(count: int) -> nn.Module:
    """Blocks of two, all alike."""
    return nn.Sequential(*(nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()) for _ in range(count // 2)))


def residual(count: int) -> nn.Module:
    """Residual blocks of fifty widths."""
    return nn.Sequential(*(Block(1 + i % 50) for i in range(count // 3)))


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "equal layers": equal,
    "unlike blocks": unlike,
    "unlike rows": rows,
    "equal blocks": stages,
    "residual blocks": residual,
    "a wide concatenation": Branches,
    "many results": Heads,
    "skips within skips": Skips,
    "a loop": Loop,
    "spare parameters": Spare,
}


def seconds_of(network: Callable[[int], nn.Module], count: int) -> dict[str, float]:
    """Processor time of each thing that is done with a network of so many layers."""
    with torch.device("meta"):
        module = network(count)
    taken: dict[str, float] = {}

    def timed(what: str, do: Callable[[], object]) -> object:
        gc.collect()
        start = time.process_time()
        made = do()
        taken[what] = time.process_time() - start
        return made

    report = timed("summary", lambda: archscope.summarize(module, (3, 8, 8)))
    assert isinstance(report, Report)
    timed("table", lambda: report.to_text(depth=0, fold=False))
    text = str(timed("to JSON", report.to_json))
    timed("from JSON", lambda: Report.from_json(text))
    timed("diff with itself", lambda: archscope.diff(report, report))
    timed("explorer", lambda: archscope.explore(report).to_html())
    for level in LEVELS:
        timed(f"diagram {level}", lambda level=level: archscope.diagram(report, level=level).to_svg())  # type: ignore[misc]
    return taken


LARGE = """
import resource, sys, time, torch, archscope
sys.path.insert(0, "tests/benchmarks")
from growth import NETWORKS
with torch.device("meta"):
    module = NETWORKS["equal layers"](100_000)
import gc; gc.disable()
start = time.process_time()
report = archscope.summarize(module, (3, 8, 8))
str(report)
print(f"100,000 equal layers: summary {time.process_time() - start:.1f} s (limit 15)", flush=True)
start = time.process_time()
archscope.diagram(report, level="network").to_svg()
print(f"network-level picture {time.process_time() - start:.1f} s (limit 30); at most "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB (limit 3)")
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    archscope.diagram(archscope.summarize(equal(50), (3, 8, 8))).to_svg()  # what is imported or made once
    gc.disable()  # as the command line does
    print(f"torch {torch.__version__}; {count} layers, and a quarter of them")
    for name, network in NETWORKS.items():
        small, large = seconds_of(network, count // 4), seconds_of(network, count)
        print(name)
        for what, seconds in large.items():
            exponent = log(seconds / small[what], 4)
            print(
                f"  {what:16} {seconds:7.2f} s  n^{exponent:.2f}{'  too steep' if exponent > MOST else ''}", flush=True
            )
    subprocess.run([sys.executable, "-c", LARGE], check=True)


if __name__ == "__main__":
    main()
