"""The Graph says all that the function depends on: each operand, setting and constant of each operation."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from archscope.model.graph import Graph, Operand
from archscope.model.report import Report
from archscope.targets import resolve
from archscope.tracing import trace
from archscope.tracing.meta_build import Skeleton
from tests.graphs import report_of


class Of(nn.Module):
    """A network that is one function of its modules and its input."""

    def __init__(self, function: Callable[..., Any], **children: Any) -> None:
        super().__init__()
        self.function = function
        for name, child in children.items():
            if isinstance(child, torch.Tensor) and not isinstance(child, nn.Parameter):
                self.register_buffer(name, child)
            else:
                setattr(self, name, child)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


def graph_of(function: Callable[..., Any], size: tuple[int, ...] = (4, 6, 6), **children: Any) -> Graph:
    return trace(Of(function, **children), size)


def settings(function: Callable[..., Any], size: tuple[int, ...] = (4, 6, 6)) -> dict[str, Any]:
    said = graph_of(lambda s, x: function(x), size).layers[-1].settings
    return {name: value for name, value in said.items() if name != "operands"}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x.flip(2), {"dims": [2]}),
        (lambda x: x.flip((2, 3)), {"dims": [2, 3]}),
        (lambda x: F.softplus(x, 2.0), {"beta": 2.0, "threshold": 20.0}),
        (F.softplus, {"beta": 1.0, "threshold": 20.0}),
        (lambda x: x.permute(0, 2, 3, 1), {"dims": [0, 2, 3, 1]}),
        (lambda x: torch.permute(x, (0, 2, 3, 1)), {"dims": [0, 2, 3, 1]}),
        (lambda x: x.roll(1, 2), {"shifts": 1, "dims": 2}),
        (lambda x: torch.roll(x, shifts=(1, 2), dims=(2, 3)), {"shifts": [1, 2], "dims": [2, 3]}),
        (lambda x: x.transpose(1, 2), {"dim0": 1, "dim1": 2}),
        (lambda x: x.movedim(1, -1), {"source": 1, "destination": -1}),
        (lambda x: x.mean((2, 3)), {"dim": [2, 3], "keepdim": False}),
        (lambda x: x.std(1, False), {"dim": 1, "unbiased": False, "keepdim": False}),
        (lambda x: x[:, None, 1:3, ..., ::2], {"index": [":", None, "1:3", "...", "::2"]}),
        (lambda x: x[:, [2, 1, 0]], {"index": [":", [2, 1, 0]]}),
        (lambda x: x.narrow(1, 1, 2), {"dim": 1, "start": 1, "length": 2}),
        (lambda x: x.to(torch.float16), {"dtype": "float16", "non_blocking": False, "copy": False}),
        (lambda x: F.pad(x, (1, 1), value=1.0), {"pad": [1, 1], "mode": "constant", "value": 1.0}),
        (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
         {"scale_factor": 2, "mode": "bilinear", "align_corners": True, "antialias": False}),
        (lambda x: 2 / x, {"input": 2}),
        (lambda x: x / 2, {"other": 2}),
        (lambda x: torch.add(x, 3, alpha=2), {"other": 3, "alpha": 2}),
        (lambda x: F.unfold(x, 3, dilation=2), {"kernel_size": 3, "dilation": 2, "padding": 0, "stride": 1}),
        (lambda x: torch.where(x > 0, x, 0.5), {"other": 0.5}),
        (lambda x: x.repeat(1, 2, 1, 1), {"repeats": [1, 2, 1, 1]}),
        (F.dropout, {"p": 0.5, "training": True}),
    ],
)  # fmt: skip
def test_every_argument_that_is_no_tensor_has_its_name(function: Callable[..., Any], said: dict[str, Any]) -> None:
    assert settings(function) == said


def test_operands_name_their_argument_source_and_whole_shape() -> None:
    graph = graph_of(lambda s, x: s.conv(x), conv=nn.Conv2d(4, 8, 3))
    assert graph.layer["conv"].operands == (
        Operand("input", "input", "input", (1, 4, 6, 6)),
        Operand("weight", "parameter", "conv.weight", (8, 4, 3, 3)),
        Operand("bias", "parameter", "conv.bias", (8,)),
    )


def test_items_of_a_list_and_a_function_without_a_module() -> None:
    graph = graph_of(lambda s, x: torch.cat([x, x.relu()], 1))
    assert [(each.argument, each.source) for each in graph.layer["cat"].operands] == [
        ("tensors.0", "input"),
        ("tensors.1", "relu"),
    ]


@pytest.mark.parametrize("part", [0, 1])
def test_which_part_of_a_tuple_a_reader_takes(part: int) -> None:
    graph = graph_of(lambda s, x: x.chunk(2, 1)[part].relu())
    assert graph.layer["relu"].operands == (Operand("input", "layer", "chunk", (1, 2, 6, 6), part),)


@pytest.mark.parametrize("part", [0, 1])
def test_which_output_the_network_returns(part: int) -> None:
    graph = graph_of(lambda s, x: s.rnn(x)[1][part], (5, 8), rnn=nn.LSTM(8, 6, batch_first=True))
    assert graph.results == (Operand("", "layer", "rnn", (1, 1, 6), part + 1),)


def test_results_are_in_order() -> None:
    assert [each.source for each in graph_of(lambda s, x: {"b": x.relu(), "a": (x.tanh(), x)}).results] == [
        "relu", "tanh", "input"
    ]  # fmt: skip


def test_a_stored_tensor_that_is_shown_otherwise() -> None:
    conv = nn.Conv2d(4, 4, 3, bias=False)
    graph = graph_of(lambda s, x: F.conv2d(x, s.conv.weight.transpose(0, 1)), conv=conv)
    assert graph.layer["conv.conv2d" if "conv.conv2d" in graph.layer else "conv2d"].operands[1].views == (
        "transpose(dim0=0, dim1=1)",
    )
    graph = graph_of(lambda s, x: x * s.w.chunk(2)[1][:, None, None], w=nn.Parameter(torch.ones(8)))
    assert graph.layers[-1].operands[1].views == ("chunk(chunks=2, dim=0)[1]", "getitem(index=[':', None, None])")


def test_a_weight_that_is_scaled_is_an_operation() -> None:
    graph = graph_of(lambda s, x: F.conv2d(x, s.conv.weight * 2), conv=nn.Conv2d(4, 4, 3))
    scaled, conv = graph.layers
    assert (scaled.operation, scaled.operands[0].source, scaled.settings) == ("mul", "conv.weight", {"other": 2})
    assert [(each.argument, each.source) for each in conv.operands] == [("input", "input"), ("weight", scaled.name)]


def test_constants_have_their_content() -> None:
    graph = graph_of(lambda s, x: x * torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None] + torch.arange(6.0))
    assert [(each.values, each.shape) for each in graph.constants.values()] == [
        ((1, 2, 3, 4), (4, 1, 1)), ((0, 1, 2, 3, 4, 5), (6,))
    ]  # fmt: skip
    other = graph_of(lambda s, x: x * torch.full((200, 1, 6, 6), 2.0))
    assert next(iter(other.constants.values())).values == ()
    digests = [next(iter(graph_of(lambda s, x, v=v: x * torch.full((200, 1, 6, 6), v)).constants.values())).digest
               for v in (2.0, 2.0, 3.0)]  # fmt: skip
    assert digests[0] == digests[1] != digests[2]


def test_a_constant_made_on_the_inputs_device_has_values_too() -> None:
    graph = graph_of(lambda s, x: x * torch.linspace(0, 1, 6, device=x.device).view(1, 1, 6).flip(2))
    assert next(iter(graph.constants.values())).values == pytest.approx((1, 0.8, 0.6, 0.4, 0.2, 0))


def test_what_is_drawn_on_the_cpu_has_no_content_and_is_put_back() -> None:
    graph = graph_of(lambda s, x: x * torch.rand(6) + torch.rand(6).mul(2) + torch.ones(6))
    assert [bool(each.digest) for each in graph.constants.values()] == [False, False, True]
    kept = torch.ones(6)

    def noisy(_: Any, x: torch.Tensor) -> torch.Tensor:
        kept[2:].normal_()
        return x * kept

    assert [each.digest for each in graph_of(noisy).constants.values()] == [""]
    assert kept.tolist() == [1] * 6 and not vars(kept)


def test_a_buffer_that_is_a_constant_has_its_content_and_statistics_have_none() -> None:
    graph = graph_of(lambda s, x: s.bn(x - s.mean), bn=nn.BatchNorm2d(4), mean=torch.arange(4.0).view(4, 1, 1))
    assert graph.buffers["mean"].values == (0, 1, 2, 3)
    assert {name: each.digest for name, each in graph.buffers.items() if name != "mean"} == {
        "bn.running_mean": "", "bn.running_var": "", "bn.num_batches_tracked": ""
    }  # fmt: skip


class Windows(nn.Module):
    """An index as Swin makes it: on meta, in place and through views."""

    index: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        at = torch.stack(torch.meshgrid([torch.arange(2), torch.arange(2)], indexing="ij")).flatten(1)
        relative = (at[:, :, None] - at[:, None, :]).permute(1, 2, 0).contiguous()
        relative[:, :, 0] += 1
        relative[:, :, 0] *= 3
        self.register_buffer("index", relative.sum(-1))
        self.register_buffer("mask", torch.empty(2, 2).fill_(-1.0).triu_(1))
        self.register_buffer("noise", torch.rand(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[self.index.view(-1)] + self.mask.sum() + self.noise[0]


def test_buffers_of_a_network_built_without_memory() -> None:
    with Skeleton():
        module = Windows()
    graph = trace(module, inputs=torch.zeros(9))
    assert graph.buffers["index"].values == tuple(Windows().index.flatten().tolist())
    assert graph.buffers["mask"].values == (0, -1, 0, 0)
    assert graph.buffers["noise"].digest == ""  # nobody knows


def test_foreign_code_is_unseen() -> None:
    class Scripted(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.relu()

    graph = trace(nn.Sequential(nn.Conv2d(4, 4, 1), torch.jit.script(Scripted())), (4, 6, 6))
    assert graph.unseen == ("1",)


def test_transposition_as_an_attribute_is_an_operation() -> None:
    graph = graph_of(lambda s, x: x @ x.mT)
    assert [layer.operation for layer in graph.layers] == ["mT", "matmul"]
    assert [each.source for each in graph.layers[1].operands] == ["input", "mT"]


def test_all_of_it_is_saved_and_read_back() -> None:
    def function(s: Any, x: torch.Tensor) -> Any:
        return s.conv(x.chunk(2, 1)[1]) * s.scale[:, None, None] + torch.tensor(float("inf")), x

    graph = graph_of(function, conv=nn.Conv2d(2, 3, 1), scale=torch.ones(3))
    report = report_of(graph)
    assert Report.from_json(report.to_json()).graph == graph


def test_a_report_of_the_first_schema_is_read() -> None:
    data = report_of(trace(nn.Conv2d(4, 4, 3), (4, 6, 6))).to_dict()
    data["schema"] = "archscope.report/1"
    for key in ("constants", "results", "unseen"):
        del data[key]
    for layer in data["layers"]:
        del layer["operands"]
    graph = Report.from_dict(data).graph
    assert (graph.layers[0].operands, graph.results) == ((), ())


@pytest.mark.parametrize("name", ["xception", "densenet121", "googlenet"])
def test_every_operand_of_a_network_has_a_source(name: str) -> None:
    graph = trace(resolve(name).build(), resolve(name).input_size)
    stored = {"parameter": graph.parameters, "buffer": graph.buffers, "constant": graph.constants,
              "input": graph.inputs, "layer": graph.layer}  # fmt: skip
    for layer in graph.layers:
        assert all(each.source in stored[each.kind] and each.argument for each in layer.operands)
        assert layer.inputs == tuple(each.source for each in layer.operands if each.kind in {"layer", "input"})
