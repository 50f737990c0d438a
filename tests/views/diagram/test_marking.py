"""Where in the reference's Ops stands what only the reader's network has: after all it reads, before its readers."""

import torch
from torch import nn

import archscope
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.differing import plans, rows_of
from archscope.views.diagram.plan.marking import EXTRA, marked

IN = (4, 8, 8)


class Block(nn.Module):
    """Two convolutions, a sum and a concatenation; `also` says what a reader's network has besides."""

    def __init__(self, also: str = "") -> None:
        super().__init__()
        self.also = also
        self.first, self.second = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.left, self.right = nn.Conv2d(4, 8, 1), nn.Conv2d(4, 8, 5, padding=2)
        self.last = nn.Conv2d(16 + 8 * (also == "branch"), 4, 1)
        self.more = nn.Conv2d(4, 8, 7, padding=3) if also == "branch" else nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        y = self.second(self.first(self.more(x) if self.also == "before" else x))
        z = x + y
        if self.also == "sum":
            z = z + self.more(x)
        out: torch.Tensor = self.last(
            torch.cat([self.left(z), self.right(z), *([self.more(z)] if self.also == "branch" else [])], 1)
        )
        return (out, self.more(z)) if self.also == "head" else out


def stands(also: str) -> tuple[Op, dict[str, tuple[str, ...]]]:
    """What is extra, and what each of the reference's Ops reads then."""
    diff = archscope.diff(Block(also), Block(), IN)
    partner = {a.layer.name: b.layer.name for a, b in diff.pairs if a.layer and b.layer}
    ops, _ = drawn(diff.b.graph, "")
    found = marked(ops, rows_of(diff.differences), diff.a.graph, diff.b.graph, partner)
    (extra,) = [op for op in found.ops if op.name.startswith(EXTRA)]
    return extra, {op.name: op.inputs for op in found.ops}


def test_a_shortcut_does_not_go_through_what_is_extra_beside_it() -> None:
    extra, read = stands("before")
    assert (extra.inputs, read["first"], read["add"]) == (("input",), (extra.name,), ("input", "second"))


def test_a_further_branch_ends_in_the_concatenation_that_joins_it() -> None:
    extra, read = stands("branch")
    assert extra.inputs == ("add",)
    assert read["cat"] == ("left", "right", extra.name)
    assert read["left"] == read["right"] == ("add",)


def test_what_reads_two_tensors_has_a_line_from_each() -> None:
    extra, read = stands("sum")
    assert set(extra.inputs) == {"input", "add"}
    assert read["left"] == read["right"] == (extra.name,)
    assert read["first"] == ("input",)


def test_nothing_follows_a_head_that_nothing_reads() -> None:
    extra, read = stands("head")
    assert extra.inputs == ("add",)
    assert not any(extra.name in inputs for inputs in read.values())


class Normed(nn.Sequential):
    """Two convolutions with their activation; `also` normalises what is within the first one's box."""

    def __init__(self, also: bool) -> None:
        norm = [nn.BatchNorm2d(4)] * also
        super().__init__(nn.Conv2d(4, 4, 3, padding=1), *norm, nn.ReLU(), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1))


def test_what_is_extra_between_parts_of_one_box_is_read_by_what_reads_that() -> None:
    diff = archscope.diff(Normed(also=True), Normed(also=False), IN)
    partner = {a.layer.name: b.layer.name for a, b in diff.pairs if a.layer and b.layer}
    ops, _ = drawn(diff.b.graph, "")
    found = marked(ops, rows_of(diff.differences), diff.a.graph, diff.b.graph, partner)
    (extra,) = [op for op in found.ops if op.name.startswith(EXTRA)]
    first, second = [op for op in found.ops if op.kind == "conv"][:2]
    assert (extra.inputs, second.inputs) == ((first.name,), (extra.name,))


class Stem(nn.Module):
    """Convolutions, of which the reference calls one twice."""

    def __init__(self, *, twice: bool) -> None:
        super().__init__()
        self.first, self.one, self.last = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 5, padding=2)
        self.two = self.one if twice else nn.Conv2d(8, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        return torch.cat([self.two(self.one(y).relu()), self.last(y)], 1)


def test_a_row_about_a_block_is_not_about_all_that_stands_around_it() -> None:
    mine, reference = (nn.Sequential(Stem(twice=twice), nn.Conv2d(16, 2, 1)) for twice in (False, True))
    diff = archscope.diff(mine, reference, (3, 8, 8))
    partner = {a.layer.name: b.layer.name for a, b in diff.pairs if a.layer and b.layer}
    ops, _ = drawn(diff.b.graph, "")
    found = marked(ops, rows_of(diff.differences), diff.a.graph, diff.b.graph, partner)
    assert plans(found, diff.b.graph.blocks)
    told = {op.name for op in found.ops if found.rows_of(op)}
    assert told and told <= {"0.one", "0.one_1"}
