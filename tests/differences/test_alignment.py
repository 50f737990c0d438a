"""Which layer stands for which, told on graphs that are written by hand."""

from collections.abc import Sequence
from itertools import accumulate

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.differences import Diff, compare, sequences
from archscope.differences.branches import series_of
from archscope.differences.normal import normal_form
from archscope.differences.steps import Step, unshared
from archscope.differences.wiring import Wiring
from archscope.differences.words import ratio
from archscope.model.report import Report
from tests.graphs import Net, report_of


def chain(*layers: str, name: str = "layer") -> Report:
    """`c8` is a 3x3 convolution with 8 filters, every other word an operation."""
    net, before = Net(input=(3, 8, 8)), "input"
    for i, layer in enumerate(layers):
        if layer[0] == "c" and layer[1:].isdecimal():
            before = net.conv(f"{name}{i}", before, int(layer[1:]), 3, padding=1)
        else:
            before = net.add(f"{name}{i}", layer, before)
    return report_of(net.graph())


def said(diff: Diff) -> list[str]:
    return [row.what for row in diff.differences]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("c8 relu c8 relu", "c8 relu c8 relu", []),
        ("c8 c8", "c8 relu c8", ["ReLU missing"]),
        ("c8 relu", "c8 tanh", ["ReLU instead of tanh"]),
        ("c8 relu tanh", "c8 tanh relu", ["tanh after ReLU instead of before it"]),
        ("c4 relu", "c8 relu", ["half as many filters"]),
        ("c8 relu c8 relu", "c8 relu c8 relu c8 relu", ["3x3 convolution, 8 filters + ReLU twice instead of 3 times"]),
        ("relu", "c8 relu", ["3x3 convolution, 8 filters missing"]),
    ],
)
def test_a_chain(mine: str, theirs: str, expected: list[str]) -> None:
    diff = compare(chain(*mine.split(), name="mine"), chain(*theirs.split(), name="theirs"))
    told = [row.what for row in diff.differences if row.kind != "consequence"]
    assert told == [what.replace("half as many filters", "4 filters instead of 8") for what in expected]


def test_a_thousand_layers_against_a_thousand() -> None:
    layers = [word for i in range(333) for word in (f"c{8 + i % 7}", "relu", "tanh")]
    changed = [("gelu" if i % 30 == 1 else word) for i, word in enumerate(layers) if i not in (400, 700)]
    diff = compare(chain(*changed), chain(*layers))
    assert sum(len(row.layers) for row in diff.differences if row.kind == "operation") >= 30
    assert len(diff.pairs) >= 997


def test_ten_thousand_layers_that_are_the_same() -> None:
    report = chain(*["c8", "relu"] * 5000)
    assert compare(report, report).verdict == "identical"


def test_thousands_of_layers_in_a_row_without_partners() -> None:
    """As of a network that is deeper by so many."""
    source = Step("input")
    chain = list(accumulate(range(5000), lambda before, _: Step("conv", [before]), initial=source))
    reader, other = Step("output", [chain[-1]]), Step("output", [source])
    partner = {id(source): source, id(reader): other, id(other): reader}
    assert list(Wiring(partner, set()).changes([(reader, other)])) == []


def test_of_very_many_unlike_items_a_way_is_found_near_the_diagonal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the whole table, whose cells are their number squared."""
    monkeypatch.setattr(sequences, "MOST_CELLS", 20_000)
    asked: list[int] = []

    def costs(_: int, others: Sequence[int]) -> list[float]:
        asked.append(len(others))
        return [sequences.NEVER] * len(others)

    total, moves = sequences.cheapest(range(400), range(400, 900), lambda _: 1.0, costs)
    assert (moves.count(sequences.ONLY_A), moves.count(sequences.ONLY_B)) == (400, 500)
    assert total >= 900 and sum(asked) < 80_000


def test_nothing_in_common() -> None:
    diff = compare(chain("c8", "c16"), chain("relu", "tanh"))
    assert diff.verdict == "different"
    assert diff.totals["params"] == -(8 * 27 + 16 * 72)


def branches(*kernels: int) -> Report:
    net = Net(input=(3, 8, 8))
    ends = [net.conv(f"branch{i}", "input", 4, size, padding=size // 2) for i, size in enumerate(kernels)]
    net.add("joined", "cat", *ends)
    return report_of(net.graph())


def test_branches_that_stand_where_they_stood() -> None:
    """Of five hundred branches one has another kernel, and all the others stay in their order."""
    many = [1] * 500
    assert said(compare(branches(*many[:250], 3, *many[251:]), branches(*many))) == [
        "convolution: kernel 3x3 instead of 1x1"
    ]
    assert said(compare(branches(*[3] * 500), branches(*many))) == [
        "convolution: kernel 3x3 instead of 1x1, in 500 layers"
    ]


def test_branches_in_another_order_are_counted() -> None:
    turned = compare(branches(*range(1, 40, 2)), branches(*range(39, 0, -2)))
    assert said(turned) == ["concatenation in another order: 20 of the reference's 20 operands stand elsewhere"]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (4, 8, "half as many filters"), (16, 8, "twice the filters"), (24, 8, "3 times the filters"),
        (32, 48, "2/3 of the filters"), (47, 100, "47 % of the filters"),
    ],
)  # fmt: skip
def test_widths_are_told_in_words(mine: int, theirs: int, expected: str) -> None:
    assert ratio(mine, theirs, "filters") == expected


def test_no_layers_at_all() -> None:
    assert compare(chain(), chain()).verdict == "identical"
    assert said(compare(chain(), chain("relu"))) == ["ReLU missing"]


class Biased(nn.Module):
    """Blocks whose attention adds what stands in a table: computed at each pass, or as an exporter folds it."""

    def __init__(self, folded: bool, blocks: int = 4) -> None:
        super().__init__()
        self.folded = folded
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3 * blocks)])
        sizes = (49,) if folded else (19,)
        self.tables = nn.ParameterList([nn.Parameter(torch.rand(sizes)) for _ in range(blocks)])
        self.register_buffer("index", torch.arange(49) % 19)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block, table in enumerate(self.tables):
            q, k, v = (layer(x) for layer in self.layers[3 * block : 3 * block + 3])
            bias = table if self.folded else table[self.index] * 2
            x = x + torch.relu(q @ k.mT + bias.view(7, 7)) @ v
        return x


def test_what_is_computed_from_tables_alone_keeps_no_layer_from_its_partner() -> None:
    reports = [archscope.summarize(Biased(folded), (7, 8)) for folded in (True, False)]
    for report in reports:
        series = series_of(unshared(normal_form(report)))
        assert sum(item.step.kind == "add" and bool(item.branches) for item in series) >= 4
    found = compare(*reports)
    assert sum(a.kind == "linear" for a, _ in found.pairs) == 12
    assert said(found)[0] == "index + scaling by 2 + reshape missing, in 4 places"


class Cells(nn.Module):
    """Cells that read the two before them, each adapted alike, as in NASNet; the adapting written in either order."""

    def __init__(self, early: bool, padding: int, cells: int = 4) -> None:
        super().__init__()
        self.early = early
        self.here, self.before = (nn.ModuleList([self._adapted() for _ in range(cells)]) for _ in range(2))
        self.last = nn.MaxPool2d(2, 2, padding)

    @staticmethod
    def _adapted() -> nn.Module:
        return nn.Sequential(nn.ReLU(), nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        previous, current = x, x.tanh()
        for here, before in zip(self.here, self.before, strict=True):
            first = before(previous) if self.early else None
            h = here(current)
            p = before(previous) if first is None else first
            previous, current = current, F.max_pool2d(h, 3, 1, 1) + p * h.sigmoid() + F.avg_pool2d(p, 3, 1, 1)
        return self.last(current)


def test_branches_that_are_written_in_another_order_keep_their_partners() -> None:
    found = archscope.diff(Cells(early=True, padding=0), Cells(early=False, padding=1), (8, 8, 8), weights=True)
    assert said(found) == ["max pooling: padding 0 instead of 1"]
    names = {(a.name, b.name) for a, b in found.pairs if a.kind == "conv"}
    assert len(names) == 8 and all(mine == theirs for mine, theirs in names)


class Again(nn.Module):
    def __init__(self, times: int) -> None:
        super().__init__()
        self.stem, self.conv, self.times = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3, padding=1), times

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for _ in range(self.times - 1):
            x = self.conv(x).relu()
        made: torch.Tensor = self.conv(x)
        return made


@pytest.mark.parametrize(("mine", "theirs", "words"), [(2, 1, ("twice", "once")), (1, 2, ("once", "twice"))])
def test_one_call_more_of_a_layer_is_no_layer_of_its_own(mine: int, theirs: int, words: tuple[str, str]) -> None:
    found = archscope.diff(Again(mine), Again(theirs), (8, 8, 8))
    assert "conv: one block called {} where the reference calls it {}".format(*words) in said(found)


def test_a_part_that_stands_less_often_in_several_places_is_one_row_that_says_so() -> None:
    mine, theirs = ("c8 relu " * n + "max_pool2d " + "c8 relu " * m for n, m in ((2, 2), (4, 5)))
    (row,) = said(compare(chain(*mine.split()), chain(*theirs.split())))
    assert row == "3x3 convolution, 8 filters + ReLU less often, in 2 places"
    (row,) = said(compare(chain(*theirs.split()), chain(*mine.split())))
    assert row == "3x3 convolution, 8 filters + ReLU more often, in 2 places"
