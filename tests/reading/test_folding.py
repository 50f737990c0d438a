"""Constants that an exported program computes: masks and positions are what a trace of the module has."""

from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.reading.exported import read_program
from archscope.reading.exported.program import Known, Operation, Program, Ref
from tests.graphs import report_of


class Masked(nn.Module):
    """A mask is made as Swin V2 makes its own: filled part by part, and again where it differs."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = x.new_zeros((6,))
        mask[:-2], mask[-2:] = 0, 1
        mask = mask.unsqueeze(0) - mask.unsqueeze(1)
        mask = mask.masked_fill(mask != 0, -100.0)
        return x + mask + torch.arange(6)


def program(**changes: Any) -> archscope.Report:
    """The module's program, with arguments changed: `fill={"value": 2}`."""
    calls: list[tuple[str, str, dict[str, Any], tuple[int, ...], str]] = [
        ("zeros", "new_zeros.default", {"self": Ref("x"), "size": [6]}, (6,), "float32"),
        ("part", "slice.Tensor", {"self": Ref("zeros"), "dim": 0, "start": -2, "end": 2**63 - 1}, (2,), "float32"),
        ("filled", "fill_.Scalar", {"self": Ref("part"), "value": 1}, (2,), "float32"),
        ("row", "unsqueeze.default", {"self": Ref("zeros"), "dim": 0}, (1, 6), "float32"),
        ("column", "unsqueeze.default", {"self": Ref("zeros"), "dim": 1}, (6, 1), "float32"),
        ("apart", "sub.Tensor", {"self": Ref("row"), "other": Ref("column")}, (6, 6), "float32"),
        ("differs", "ne.Scalar", {"self": Ref("apart"), "other": 0}, (6, 6), "bool"),
        ("mask", "masked_fill.Scalar", {"self": Ref("apart"), "mask": Ref("differs"), "value": -100.0},
         (6, 6), "float32"),
        ("one", "full.default", {"size": [], "fill_value": 1}, (), "int64"),
        ("places", "arange.default", {"end": 6}, (6,), "int64"),
        ("sum", "add.Tensor", {"self": Ref("x"), "other": Ref("mask")}, (1, 6, 6), "float32"),
        ("all", "add.Tensor", {"self": Ref("sum"), "other": Ref("places")}, (1, 6, 6), "float32"),
    ]  # fmt: skip
    tensors = {"x": Known((1, 6, 6), "float32"), **{name: Known(shape, dtype) for name, _, _, shape, dtype in calls}}
    operations = []
    for name, target, given, _, _ in calls:
        changed = {"target": target, **given, **changes.get(name, {})}
        operations.append(Operation(f"aten.{changed.pop('target')}", list(changed.items()), [name]))
    return report_of(read_program(Program("Masked", tensors, [], ["x"], operations, ["all"]), "net.pt2")[0])


def test_a_mask_that_is_filled_part_by_part() -> None:
    report = program()
    assert [layer.operation for layer in report.graph.layers] == ["add", "add"]
    assert archscope.diff(report, Masked(), (6, 6)).verdict == "identical"


@pytest.mark.parametrize(
    "change",
    [
        {"mask": {"value": -10.0}},
        {"differs": {"target": "eq.Scalar"}},
        {"part": {"start": 1, "end": 3}},
        {"places": {"target": "arange.start", "start": 1, "end": 7}},
        {"filled": {"value": 0}},
        {"filled": {"target": "copy_.default", "src": Ref("x")}},  # something that flows
    ],
)
def test_another_mask_is_another(change: dict[str, Any]) -> None:
    assert archscope.diff(program(**change), Masked(), (6, 6)).verdict in ("same_parameters", "different")


def test_what_is_not_computed_is_not_compared() -> None:
    found = archscope.diff(program(mask={"target": "unheard_of.default"}), Masked(), (6, 6))
    assert found.verdict == "not_compared"
    assert found.not_compared


def test_what_is_written_after_it_was_read_stays_as_it_stands() -> None:
    report = program(differs={"target": "add_.Tensor", "self": Ref("zeros"), "other": Ref("x")})
    assert "new_zeros" in [layer.operation for layer in report.graph.layers]


def test_numbers_without_end() -> None:
    assert program(places={"end": 2**62}).graph.constants["mask"].digest == program().graph.constants["mask"].digest


@pytest.mark.parametrize(
    "change",
    [
        {"row": {"target": "slice.Tensor", "self": 3}},
        {"column": {"target": "permute.default", "dims": [7, None]}},
        {"places": {"target": "arange.start_step", "step": 0}},
        {"apart": {"other": None}},
        {"mask": {"mask": [Ref("differs"), 1]}},
        {"places": {"target": "select.int", "self": Ref("one"), "dim": 0, "index": 0}},
    ],
)
def test_calls_that_make_no_sense(change: dict[str, Any]) -> None:
    assert archscope.diff(program(**change), Masked(), (6, 6)).verdict != "identical"
