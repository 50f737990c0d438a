from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.measures import Measured
from archscope.model.graph import Graph, Tensor
from archscope.model.report import Report
from tests.graphs import F32, Net, total, values

SIDE = 8
IN, OUT = 4, 6


def graph(batch: int = 1) -> Graph:
    net = Net(input=(IN, SIDE, SIDE))
    net.conv("conv", "input", OUT, 3, padding=1, bias=True)
    net.add("relu", "relu", "conv", memory="in_place")
    net.add("sum", "add", "relu", "conv")
    net.add("flat", "flatten", "sum", shape=(OUT * SIDE * SIDE,), memory="view")
    return net.graph(batch=batch)


@pytest.mark.parametrize("batch", [1, 4])
def test_inputs_weights_and_outputs_move_once(batch: int) -> None:
    small, large = IN * SIDE * SIDE * F32, OUT * SIDE * SIDE * F32
    weights = (OUT * IN * 3 * 3 + OUT) * F32

    assert values(graph(batch), "bytes_moved") == {
        "conv": batch * (small + large) + weights,  # weights do not grow with the batch
        "relu": batch * 2 * large,
        "sum": batch * 3 * large,
        "flat": 0,
    }


@pytest.mark.parametrize("batch", [1, 4])
def test_intensity_is_arithmetic_per_byte(batch: int) -> None:
    made = graph(batch)
    outputs = OUT * SIDE * SIDE
    arithmetic = {"conv": 2 * outputs * IN * 9 + outputs, "relu": outputs, "sum": outputs, "flat": 0}
    moved = values(made, "bytes_moved")

    assert values(made, "arithmetic_ops") == {name: batch * number for name, number in arithmetic.items()}
    assert values(made, "intensity") == {
        name: batch * number / moved[name] if moved[name] else None for name, number in arithmetic.items()
    }
    assert total(made, "intensity") == batch * sum(arithmetic.values()) / sum(moved.values())


@pytest.mark.parametrize(("kernel", "stride", "read"), [(1, 2, 4 * 4), (3, 2, 8 * 8), (2, 4, 4 * 4), (1, 1, 8 * 8)])
def test_a_stride_larger_than_the_kernel_skips_positions(kernel: int, stride: int, read: int) -> None:
    net = Net(input=(IN, SIDE, SIDE))
    net.conv("conv", "input", OUT, kernel, stride=stride)
    made = net.graph()

    written, weights = made.layers[0].output_elements, OUT * IN * kernel * kernel
    assert values(made, "bytes_moved") == {"conv": (IN * read + written + weights) * F32}


def test_the_intensity_of_a_block_is_the_ratio_of_its_sums() -> None:
    made = graph()
    report = Report(made, Measured(made), {"batch": 1}, "x")
    block = ["conv", "relu"]

    sums = [sum(values(made, column)[name] for name in block) for column in ("arithmetic_ops", "bytes_moved")]
    assert report.value("intensity", block) == sums[0] / sums[1]
    assert report.value("intensity", ["flat"]) is None


def test_buffers_and_types_count_by_their_width() -> None:
    net = Net(input=(4, 8, 8))
    net.add("half", "half", "input", dtypes=("float16",))
    statistics = (net.buffer("bn.mean", 4), net.buffer("bn.count", dtype="int64"))
    net.add("bn", "batch_norm", "half", dtypes=("float16",), buffers=statistics)

    size = 4 * 8 * 8
    assert values(net.graph(), "bytes_moved") == {"half": size * (4 + 2), "bn": size * (2 + 2) + 4 * F32 + 8}


def test_unknown_arithmetic_has_no_intensity() -> None:
    net = Net(input=(4, 8, 8))
    net.add("mystery", "linalg_inv", "input")
    made = net.graph()

    assert values(made, "bytes_moved") == {"mystery": 2 * 4 * 8 * 8 * F32}
    assert values(made, "arithmetic_ops") == {"mystery": None}
    assert values(made, "intensity") == {"mystery": None}


def test_an_embedding_moves_the_rows_that_it_is_asked_for() -> None:
    words, width, table = 3, 16, 1000
    net = Net(input=(words,))
    net.add("embedding", "embedding", "input", shape=(words, width), parameters=("weight",))
    made = net.graph()
    made = replace(made, parameters={"weight": Tensor("weight", (table, width), "float32", True)})
    assert values(made, "bytes_moved")["embedding"] == (words + 2 * words * width) * F32


TABLE = 1000 * 16 * F32


@pytest.mark.parametrize(
    ("read", "size", "expected"),
    [
        (lambda table, x: table[x], "3:int64", 3 * 8 + 2 * 48 * F32),
        (lambda table, x: torch.index_select(table, 0, x.flatten()), "3:int64", 3 * 8 + 2 * 48 * F32),
        (torch.take, "3:int64", 3 * 8 + 2 * 3 * F32),
        (lambda table, x: nn.functional.embedding_bag(x, table), "3:int64", 3 * 8 + 48 * F32 + 16 * F32),
        (lambda table, x: nn.functional.linear(x, table[:8]), (16,), (16 + 8 * 16 + 8) * F32),
        (lambda table, x: nn.functional.linear(x, table), (16,), (16 + 1000) * F32 + TABLE),
        (lambda table, x: x + table[0], (16,), 3 * 16 * F32),
        (lambda table, x: x @ table.t(), (16,), (16 + 1000) * F32 + TABLE),
    ],
)
def test_of_a_table_what_is_read_counts(read: Any, size: Any, expected: int) -> None:
    class Reads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Parameter(torch.zeros(1000, 16))

        def forward(self, x: torch.Tensor) -> Any:
            return read(self.table, x)

    assert archscope.summarize(Reads(), size).totals["bytes_moved"] == expected
