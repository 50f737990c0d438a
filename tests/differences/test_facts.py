"""Which facts of two layers are differences, and which follow from another."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.differences import compare
from archscope.differences.steps import as_float32
from archscope.errors import ArchscopeError
from tests.differences.bench.bases import BASES
from tests.differences.bench.bases import Of as Made
from tests.graphs import Net, report_of, six_layer_report


def rows(a: nn.Module, b: nn.Module) -> list[str]:
    return [row.what for row in archscope.diff(a, b, input_size=(4, 6, 6)).differences]


def test_no_momentum_where_nothing_is_gathered() -> None:
    """Statistics of the batch have none, so it is no second difference."""
    found = rows(nn.BatchNorm2d(4, track_running_stats=False), nn.BatchNorm2d(4))
    assert found == ["batch normalisation: takes the batch's statistics where the reference takes running ones"]


def test_what_only_training_sees() -> None:
    """A weight that is frozen, and a word without gradients."""
    frozen = nn.Conv2d(4, 4, 1)
    frozen.requires_grad_(False)
    found = archscope.diff(frozen, nn.Conv2d(4, 4, 1), input_size=(4, 6, 6))
    assert found.verdict == "same_function"
    assert [row.what for row in found.differences] == [
        "frozen weights where the reference trains them (in training only)"
    ]
    words = nn.Embedding(9, 4, padding_idx=1), nn.Embedding(9, 4)
    padded = compare(*[archscope.summarize(one, "6:int64") for one in words])
    assert padded.verdict == "same_function"


class Of(nn.Module):
    """A convolution whose output `says` something of."""

    def __init__(self, says: Callable[["Of", torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.says, self.conv = says, nn.Conv2d(4, 8, 3)
        self.gain = nn.Parameter(torch.ones(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.says(self, x)


def standardised(net: Of, x: torch.Tensor) -> torch.Tensor:
    """As in timm's ScaledStdConv2d, whose gain is scaled before."""
    flat = net.conv.weight.reshape(1, 8, -1)
    weight = F.batch_norm(flat, None, None, weight=net.gain * 0.3, training=True, momentum=0.0)
    return F.conv2d(x, weight.reshape_as(net.conv.weight), net.conv.bias)


@pytest.mark.parametrize(("mine", "theirs", "said"), [
    (lambda s, x: s.conv(x) * s.gain.sum(), standardised, None),  # once the sums did not agree
    (lambda s, x: s.conv(x).mean((2, 3)), lambda s, x: s.conv(x)[:, :, 0, 0],
     "global average pooling instead of slice"),
    (lambda s, x: s.conv(x).permute(0, 2, 3, 1).reshape(-1, 8, 4, 4), lambda s, x: s.conv(x),
     "permutation of axes + reshape extra"),
    (lambda s, x: 1 - s.conv(x), lambda s, x: s.conv(x), "scaling by -1 + shift by 1 extra"),
    (lambda s, x: s.conv(x) * torch.sigmoid(1.702 * s.conv(x)), lambda s, x: F.gelu(s.conv(x)), None),
    (lambda s, x: F.interpolate(s.conv(x), size=8), lambda s, x: F.interpolate(s.conv(x), scale_factor=2), ""),
    (lambda s, x: s.conv(x).roll((4, 4), (2, 3)), lambda s, x: s.conv(x), ""),
])  # fmt: skip
def test_what_is_said_of_operations(mine: Any, theirs: Any, said: str | None) -> None:
    found = rows(Of(mine), Of(theirs))
    assert said is None or found == ([said] if said else [])


class Stored(nn.Module):
    stored: torch.Tensor

    def __init__(self, function: Callable[..., torch.Tensor], shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("stored", torch.full(shape, 3.0))
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x, self.stored)


STORED: dict[str, tuple[Callable[..., torch.Tensor], tuple[int, ...]]] = {
    "a difference": (lambda x, stored: stored - x, ()),
    "a scale": (lambda x, stored: x * stored, ()),
    "a shift": (lambda x, stored: x + stored, ()),
    "a number that is subtracted": (lambda x, stored: x - stored, ()),
    "a divisor": (lambda x, stored: x / stored, ()),
    "an exponent": (lambda x, stored: x**stored, ()),
    "a maximum": (torch.maximum, ()),
    "a minimum": (torch.minimum, ()),
    "a bound": (lambda x, stored: x.clamp(max=stored), ()),
    "a vector": (lambda x, stored: x + stored, (4, 1, 1)),
    "a mask of attention": (lambda x, stored: (x @ (x * 0.5).mT + stored).softmax(-1) @ x, (6, 6)),
    "a scale of attention": (lambda x, stored: (x @ (x * stored).mT).softmax(-1) @ x, ()),
}


@pytest.mark.parametrize(("function", "shape"), STORED.values(), ids=list(STORED))
def test_a_constant_that_one_side_does_not_tell(function: Callable[..., torch.Tensor], shape: tuple[int, ...]) -> None:
    """Nothing is said of its content, whichever side it is."""
    told_by_one_alone(Stored(function, shape))


def test_a_rectifier_whose_bound_one_side_does_not_tell() -> None:
    net = Stored(torch.maximum, ())
    net.stored.zero_()
    told_by_one_alone(net)


def told_by_one_alone(net: nn.Module) -> None:
    report = archscope.summarize(net, (4, 6, 6))
    buffers = {name: one._replace(digest="", values=()) for name, one in report.graph.buffers.items()}
    untold = replace(report, graph=replace(report.graph, buffers=buffers))
    for found in (compare(report, untold), compare(untold, report)):
        assert (found.verdict, found.differences) == ("not_compared", ())


def test_numbers_that_float32_does_not_tell_apart_are_one() -> None:
    """1 / sqrt(32), as code and as a file has it."""
    assert as_float32(32**-0.5) == as_float32(0.17677669)
    assert as_float32(1e-5) != as_float32(1.001e-5)


def test_a_linear_layer_that_no_rule_reads() -> None:
    """It has no weight, so that it is an operation by its name, and has its width all the same."""
    alone, whole = Net(input=(5, 8)), Net(input=(5, 8))
    alone.add("layer", "linear", "input", shape=(5, 6))
    whole.linear("layer", "input", 4)
    assert compare(report_of(alone.graph()), report_of(whole.graph())).totals["params"] == 36


def test_a_kernel_whose_size_is_a_word() -> None:
    """As a stranger's report may have it."""
    said, whole = Net(input=(5, 8, 8)), Net(input=(5, 8, 8))
    said.add("tanh", "tanh", "input", settings=dict.fromkeys(("kernel_size", "stride", "padding"), "x"))
    whole.add("tanh", "tanh", "input")
    said.add("pool", "max_unpool2d", "tanh", settings=dict.fromkeys(("kernel_size", "stride", "padding", "size"), "x"))
    whole.add("relu", "relu", "tanh")
    for net in (said, whole):
        net.conv("conv", net.layers[-1].name, 4, 3)
    assert compare(report_of(said.graph()), report_of(whole.graph())).verdict == "same_parameters"


def test_a_total_that_is_not_that_of_the_layers_is_told() -> None:
    six = six_layer_report()
    column = six.columns["macs"]
    false = replace(six, columns={**six.columns, "macs": replace(column, total=column.total + 1)})

    with pytest.raises(ArchscopeError, match=rf"{column.total + 1} macs in all, but its layers have {column.total}$"):
        archscope.diff(six, false)


def test_a_roll_of_what_is_stored_beside_one_of_what_flows() -> None:
    """The one by the axes of more than one element, the other as the call says it."""
    flows = Stored(lambda x, stored: F.linear(x.roll(2, 2), stored), (6, 6))
    fixed = Stored(lambda x, stored: F.linear(x, stored.roll(1, 1)), (6, 6))
    assert "roll: by 2 along axis 1 instead of 1" in rows(flows, fixed)
    assert "roll: by 1 instead of 2 along axis 1" in rows(fixed, flows)


def test_what_only_training_sees_is_no_other_function() -> None:
    def verdict(one: nn.Module, other: nn.Module, size: tuple[int, ...]) -> tuple[str, str]:
        found = archscope.diff(one, other, size)
        (row,) = found.differences
        return found.verdict, row.what

    def attends(**options: Any) -> nn.Module:
        return Made(lambda s, x: s.m(x, x, x, need_weights=False)[0], m=nn.MultiheadAttention(8, 2, **options))

    def recurs(p: float) -> nn.Module:
        return nn.LSTM(8, 8, 2, dropout=p)

    def normed(momentum: float) -> nn.Module:
        return nn.InstanceNorm2d(8, momentum=momentum, track_running_stats=True)

    trained = "(in training only)"
    said = verdict(attends(dropout=0.2), attends(dropout=0.1), (6, 8))
    assert said == ("same_function", f"attention: dropout 0.2 instead of 0.1 {trained}")
    assert verdict(recurs(0.2), recurs(0.1), (6, 8)) == ("same_function", f"dropout 0.2 instead of 0.1 {trained}")
    said = verdict(normed(0.2), normed(0.1), (8, 4, 4))
    assert said == ("same_function", f"instance norm: momentum 0.2 instead of 0.1 {trained}")


def test_a_bias_of_a_layer_that_no_rule_reads_is_one_row() -> None:
    def net(bias: bool) -> nn.Module:
        return Made(lambda s, x: s.b(x, x.tanh()), b=nn.Bilinear(8, 8, 4, bias=bias))

    found = archscope.diff(net(False), net(True), (6, 8))
    assert found.verdict == "different"
    assert found.differences[0].what == "bilinear: no bias where the reference has one"
    assert found.totals["params"] == 4


@pytest.mark.parametrize("operation", ["reshape", "view", "part", "slice", "conv", "branches", "input", "max pool"])
def test_a_report_whose_layers_bear_the_names_of_what_rules_make(operation: str) -> None:
    """They hold weights all the same, each counted once."""
    made, size = BASES["dense"]
    report = archscope.summarize(made(), size)
    layers = tuple(replace(layer, operation=operation) for layer in report.graph.layers)
    odd = replace(report, graph=replace(report.graph, layers=layers))
    for found in (compare(odd, report), compare(report, odd)):
        assert found.verdict == "same_parameters"
        assert found.totals == {"params": 0, "macs": 0}


def test_another_activation_does_not_decide_how_wide_a_layer_is() -> None:
    def layers(width: int, activation: nn.Module) -> nn.Module:
        return nn.Sequential(nn.Conv2d(4, width, 3), activation, nn.Conv2d(width, 8, 1))

    assert rows(layers(8, nn.SiLU()), layers(16, nn.GELU())) == [
        "8 filters instead of 16", "1 layer of other size, which follows from 8 filters instead of 16",
        "SiLU instead of GELU",
    ]  # fmt: skip


def test_parts_that_differ_alike_in_many_layers_are_one_row() -> None:
    def halves(order: int) -> nn.Module:
        def function(s: Any, x: torch.Tensor) -> torch.Tensor:
            for layer in s.layers:
                one, two = layer(x).chunk(2, 1)[::order]
                x = one.exp() * two.tanh()
            return x

        return Made(function, layers=nn.ModuleList(nn.Conv2d(4, 8, 1) for _ in range(3)))

    (row,) = rows(halves(-1), halves(1))
    assert row.endswith("in 6 layers")
