"""What networks do besides calling layers on an image: each is seen for what it is, or said not to be."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archscope
from archscope.errors import ArchscopeError
from archscope.model.graph import Graph
from archscope.targets import Target
from archscope.tracing import TraceError, elsewhere, trace
from tests.small_nets import Forward, on_meta

torch.set_num_threads(1)
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit"),
    pytest.mark.filterwarnings("ignore:.*[Ss]parse"),
    pytest.mark.filterwarnings("ignore:.*nested tensors"),
]


def rows(graph: Graph) -> list[tuple[str, tuple[int, ...]]]:
    return [(layer.operation, layer.output_shape) for layer in graph.layers]


def same_as_torch_counts(module: nn.Module, x: torch.Tensor) -> bool:
    """The MACs of a pass, against torch's own counter."""
    with FlopCounterMode(display=False) as counter:
        module(x)
    report = archscope.summarize(module, input_data=x)
    return bool(2 * report.totals["macs"] == counter.get_total_flops()) and not report.totals["operations"]["unknown"]


# ---- functions that torch.jit compiled -----------------------------------------------------------------------------


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return torch.softmax(q @ k.transpose(-2, -1), -1) @ v


def test_a_scripted_function_is_what_it_was_written_as() -> None:
    scripted = torch.jit.script(attend)
    net = Forward(lambda net, x: scripted(*net.qkv(x).chunk(3, -1)), qkv=nn.Linear(64, 192))
    assert [operation for operation, _ in rows(trace(net, (10, 64)))][2:] == [
        "transpose", "matmul", "softmax", "matmul",
    ]  # fmt: skip
    assert same_as_torch_counts(net, torch.rand(1, 10, 64))


def test_a_traced_function_too() -> None:
    double_plus_one = torch.jit.trace(lambda x: x * 2 + 1, torch.ones(3))
    net = Forward(lambda net, x: double_plus_one(net.linear(x)), linear=nn.Linear(4, 3))
    assert [operation for operation, _ in rows(trace(net, (4,)))] == ["linear", "mul", "add"]


@pytest.mark.parametrize("real", [False, True])
def test_one_whose_source_is_gone_is_one_unknown_operation(real: bool) -> None:
    def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.tanh(a @ b)

    compiled = torch.jit.script(product)
    del compiled._torchdynamo_inline
    end: Callable[[torch.Tensor], Any] = (lambda x: x * x.sum().item()) if real else (lambda x: x * 2)
    net = Forward(lambda net, x: end(compiled(net.linear(x), net.weight)), linear=nn.Linear(4, 3))
    net.weight = nn.Parameter(torch.ones(3, 5))
    graph = trace(net, (4,))
    assert rows(graph)[:2] == [("linear", (3,)), ("product", (5,))]
    assert graph.layers[1].inputs == ("linear",)
    assert graph.layers[1].parameters == ("weight",)
    assert archscope.summarize(net, (4,)).totals["operations"]["unknown"] == ["product"]


# ---- torch.func ----------------------------------------------------------------------------------------------------


VMAPPED: dict[str, Callable[[Any, torch.Tensor], torch.Tensor]] = {
    "a layer": lambda net, x: net.head(torch.func.vmap(net.body)(x)),
    "along the last axis": lambda net, x: net.head(torch.func.vmap(net.body, in_dims=1)(x.T)),
    "put last": lambda net, x: net.head(torch.func.vmap(net.body, out_dims=1)(x).T),
    "stacked parameters": lambda net, x: net.head(torch.func.vmap(lambda w, v: torch.tanh(w @ v))(net.stacked, x)),
    "an equation": lambda net, x: torch.func.vmap(lambda w, v: torch.einsum("ij,j->i", w, v))(net.stacked, x),
    "twice": lambda net, x: torch.func.vmap(torch.func.vmap(net.body))(x[None]),
}


@pytest.mark.parametrize("name", sorted(VMAPPED.keys() - {"an equation"}))
def test_a_batch_of_calls_is_one_row_and_what_follows_reads_it(name: str) -> None:
    net = Forward(VMAPPED[name], body=nn.Linear(10, 4), head=nn.Linear(4, 2))
    net.stacked = nn.Parameter(torch.rand(3, 4, 10))
    graph = trace(net, inputs=torch.rand(3, 10))
    assert graph.outputs
    assert graph.layer[graph.outputs[0]].output_shape[-1] == (4 if name == "twice" else 2)
    assert sum(operation in {"linear", "matmul"} for operation, _ in rows(graph)) == 2 - (name == "twice")
    assert same_as_torch_counts(net, torch.rand(3, 10))


def test_an_equation_of_items_is_one_of_batches() -> None:
    net = Forward(VMAPPED["an equation"])
    net.stacked = nn.Parameter(torch.rand(3, 4, 10))
    (layer,) = trace(net, inputs=torch.rand(3, 10)).layers
    assert layer.settings["equation"] == "...ij,...j->...i"
    assert layer.output_shape == (3, 4)


def test_kernels_of_several_networks() -> None:
    net = Forward(lambda net, x: torch.func.vmap(lambda k, v: F.conv2d(v[None], k)[0])(net.kernels, x))
    net.kernels = nn.Parameter(torch.rand(3, 8, 4, 3, 3))
    assert same_as_torch_counts(net, torch.rand(3, 4, 9, 9))


def gradient(net: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        x = x.clone().requires_grad_()
        (found,) = torch.autograd.grad(net.linear(x).sum(), x)
    return found * 2


@pytest.mark.parametrize("forward", [gradient, lambda net, x: torch.func.grad(lambda v: net.linear(v).sum())(x) * 2])
def test_a_gradient_inside_is_an_operation(forward: Any) -> None:
    graph = trace(Forward(forward, linear=nn.Linear(8, 4)), (8,))
    assert [operation for operation, _ in rows(graph)][-4:] == ["linear", "sum", "grad", "mul"]
    assert graph.layers[-1].inputs == ("grad",)


# ---- writes, results, parameters -----------------------------------------------------------------------------------


def test_a_backward_pass_inside_is_no_known_operation() -> None:
    def adapted(net: Any, x: torch.Tensor) -> Any:
        with torch.enable_grad():
            net.linear(x).sum().backward()
        return net.linear(x)

    report = archscope.summarize(Forward(adapted, linear=nn.Linear(4, 3)), (4,))
    assert (report.totals["macs"], report.totals["operations"]["unknown"]) == (24, ["backward"])


class Made:
    """A weight that is computed when it is asked for, as torch lets every object say what functions do with it."""

    def __init__(self, make: Callable[[], torch.Tensor]) -> None:
        self.make = make

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return function(*[each.make() if isinstance(each, cls) else each for each in args], **(kwargs or {}))


@pytest.mark.parametrize("real_pass", [False, True])
def test_an_object_says_itself_what_a_function_does_with_it(real_pass: bool) -> None:
    a, b = nn.Parameter(torch.ones(3, 2)), nn.Parameter(torch.ones(2, 4))
    net = Forward(lambda net, x: F.linear(x, Made(lambda: net.a @ net.b)))  # type: ignore[arg-type]
    net.a, net.b = a, b
    if real_pass:
        net.register_forward_pre_hook(lambda net, args: args[0].sum().item() and None)
    assert rows(trace(net, (4,))) == [("sum", ())] * real_pass + [("matmul", (3, 4)), ("linear", (3,))]


def test_layers_and_parameters_that_the_first_pass_makes() -> None:
    def built(net: Any, x: torch.Tensor) -> Any:
        x = net.stem(x)
        if net.head is None:
            net.scale = nn.Parameter(torch.ones(1))
            net.head = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 5))
        return net.head(x * net.scale)

    net = Forward(built, stem=nn.Conv2d(3, 4, 3))
    net.head = None  # type: ignore[assignment]
    report = archscope.summarize(net, (3, 8, 8))
    assert [layer.name for layer in report.graph.layers] == ["stem", "mul", "head.0", "head.1"]
    assert report.totals["params"] == 3 * 9 * 4 + 4 + 1 + 4 * 36 * 5 + 5
    assert "made when the network first runs" in " ".join(report.graph.notes)
    assert net.head is None and "scale" not in net._parameters


def test_a_write_through_a_view_keeps_the_shape_of_the_whole() -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x[:, :2].zero_()
        return x

    graph = trace(Forward(forward), (4, 8, 8))
    assert graph.layer[graph.outputs[0]].output_shape == (4, 8, 8)
    assert graph.layer[graph.outputs[0]].inputs == ("input", "zero")


@pytest.mark.parametrize("real", [False, True])
def test_an_augmented_assignment_stores_once(real: bool) -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x[:, :2] += 1
        return x * x.sum().item() if real else x * 2

    operations = [operation for operation, _ in rows(trace(Forward(forward), (4, 8)))]
    assert [each for each in operations if each != "sum"] == ["getitem", "add", "setitem", "mul"]


class Result:
    def __init__(self, value: torch.Tensor) -> None:
        self.inner = [{"value": value}]


@pytest.mark.parametrize(
    ("wrap", "outputs"),
    [
        (Result, 1),
        (lambda x: torch.distributions.Normal(x, x.exp()), 2),
        (lambda x: torch.distributions.Categorical(logits=x), 1),
        (lambda x: torch.distributions.Independent(torch.distributions.Normal(x, x.exp()), 1), 2),
    ],
)
def test_results_inside_objects_are_found_and_checks_are_no_layers(wrap: Any, outputs: int) -> None:
    graph = trace(Forward(lambda net, x: wrap(net.linear(x)), linear=nn.Linear(8, 4)), (8,))
    assert len(graph.outputs) == outputs
    assert not {"ge", "gt", "eq", "all", "_is_all_true"} & {operation for operation, _ in rows(graph)}
    assert graph.notes == ()


@pytest.mark.parametrize(
    "forward",
    [lambda net, x: net.scale, lambda net, x: net.count, lambda net, x: x, lambda net, x: (net.linear(x), net.scale)],
)
def test_what_is_returned_may_be_stored_or_given(forward: Any) -> None:
    net = Forward(forward, linear=nn.Linear(8, 4))
    net.scale = nn.Parameter(torch.ones(3))
    net.register_buffer("count", torch.zeros(()))
    report = archscope.summarize(net, (8,))
    assert report.totals["params"] == 8 * 4 + 4 + 3
    assert report.totals["operations"]["unknown"] == []
    assert str(report)
    assert report.to_json()


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def test_modules_in_a_plain_list_count_their_macs_and_not_their_parameters() -> None:
    report = archscope.summarize(Listed(), (3, 8, 8))
    assert report.totals["macs"] == 3 * 9 * 4 * 36
    assert report.totals["params"] == 0
    assert report.graph.notes[0].startswith("120 parameters are of modules that are not registered")


# ---- inputs that are not plain tensors -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_a_packed_sequence(kind: type[nn.Module]) -> None:
    packed = nn.utils.rnn.pack_padded_sequence(torch.rand(5, 3, 8), [5, 3, 2])
    graph = trace(Forward(lambda net, x: net.rnn(x)[0].data, rnn=kind(8, 6)), inputs=packed)
    assert graph.layers[-1].output_shape == (10, 6)


def test_a_sparse_matrix() -> None:
    net = Forward(lambda net, x: x @ net.weight)
    net.weight = nn.Parameter(torch.ones(8, 4))
    assert rows(trace(net, inputs=torch.eye(8).to_sparse_csr())) == [("sparse_matmul", (8, 4))]


def test_a_nested_tensor_is_answered_in_a_line() -> None:
    nested = torch.nested.nested_tensor([torch.ones(2, 8), torch.ones(3, 8)])
    with pytest.raises(ArchscopeError, match="nested tensor, which has no one size"):
        trace(nn.Linear(8, 4), inputs=nested)


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_so_is_one_that_is_made_inside(layout: torch.layout, device: str) -> None:
    def forward(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return net.b(torch.nested.as_nested_tensor([net.a(x)[0], net.a(x)[0][:3]], layout=layout))

    net = Forward(forward, a=nn.Linear(8, 4), b=nn.Linear(4, 4)).to(device)
    with pytest.raises(ArchscopeError, match="makes a nested tensor, which has no one size: a padded tensor"):
        trace(net, (5, 8))


# ---- what fails on meta --------------------------------------------------------------------------------------------

library = torch.library.Library("archscope_tests", "DEF")
library.define("twice(Tensor x) -> Tensor")
library.impl("twice", lambda x: x * 2, "CPU")


class OnlyOnCpu(nn.Module):
    """Fails on meta in words that do not say so."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if on_meta(x):
            raise ValueError("this and that. " + "And much advice, " * 30)
        return x * 2


@pytest.mark.parametrize(
    ("net", "operation"),
    [
        (Forward(lambda net, x: torch.ops.archscope_tests.twice(x * 2)), "archscope_tests::twice"),
        (OnlyOnCpu(), "mul"),
    ],
)
def test_whatever_fails_on_meta_runs_once_for_real(net: nn.Module, operation: str) -> None:
    graph = trace(net, (4,))
    assert graph.layers[-1].operation == operation
    (note,) = graph.notes
    assert note.startswith("traced by a real pass on the CPU, since on the meta device ")
    assert len(note) < 240


def test_the_error_is_that_of_the_real_pass() -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        raise ValueError("on meta" if on_meta(x) else "for real")

    with pytest.raises(TraceError, match="for real"):
        trace(Forward(forward), (4,))
    with pytest.raises(TraceError, match="on meta"):
        trace(Forward(forward), (4,), real_pass=False)


# ---- code that asks where a tensor lies ----------------------------------------------------------------------------

ASKED: dict[str, Callable[[Any, torch.Tensor], bool]] = {
    "is_meta": lambda net, x: not x.is_meta,
    "is_cpu": lambda net, x: x.is_cpu and not x.is_cuda,
    "type of the device": lambda net, x: x.device.type in ("cpu", "cuda"),
    "type in words": lambda net, x: x.type() == "torch.FloatTensor",
    "device of the weights": lambda net, x: bool(x.device == net.linear.weight.device),
}


@pytest.mark.parametrize("without_memory", [False, True])
@pytest.mark.parametrize("name", ASKED)
def test_code_goes_the_way_that_it_goes_where_its_weights_lie(name: str, without_memory: bool) -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        return net.linear(x) if ASKED[name](net, x) else x

    net = Forward(forward, linear=nn.Linear(4, 4, device="meta" if without_memory else "cpu"))
    assert rows(trace(net, (4,), real_pass=False)) == [("linear", (4,))]


def test_constants_of_both_devices_are_known() -> None:
    net = Forward(lambda net, x: x * (torch.zeros_like(x) + torch.arange(4.0, device=x.device)))
    graph = trace(net, (4,), real_pass=False)
    assert rows(graph) == [("mul", (4,))]
    assert [constant.values for constant in graph.constants.values()] == [(0, 1, 2, 3)]


def test_a_network_on_a_gpu_is_traced_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here there is none: nothing may be made there, however often tensors say that they lie on it."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        assert x.is_cuda and x.device.index == 0 and x.type() == "torch.cuda.FloatTensor"
        drawn = torch.randn(4, device=x.device) + torch.zeros_like(x)
        order = torch.arange(4).to(x.device)
        return net.linear(x + drawn)[:, order] * torch.arange(4.0, device=x.device).to(x.device)

    monkeypatch.setattr("archscope.tracing.passes._lies", lambda stored: torch.device("cuda:0"))
    graph = trace(Forward(forward, linear=nn.Linear(4, 4)), (4,), real_pass=False)
    assert rows(graph) == [("add", (4,)), ("linear", (4,)), ("getitem", (4,)), ("mul", (4,))]
    assert (0, 1, 2, 3) in [constant.values for constant in graph.constants.values()]


@pytest.mark.parametrize("real", [False, True])
def test_modules_that_threads_of_the_network_run(real: bool) -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        if real:
            x.sum().item()
        found: dict[str, torch.Tensor] = {}
        calls = [lambda name=name: found.update({name: net.get_submodule(name)(x)}) for name in ("a", "b")]
        threads = [Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found["a"] + found["b"]

    layers = {name: nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for name in ("a", "b")}
    graph = trace(Forward(forward, **layers), (4,))
    assert sorted(layer.name for layer in graph.layers if layer.operation != "sum") == [
        "a.0",
        "a.1",
        "add",
        "b.0",
        "b.1",
    ]
    assert graph.unseen == ()


# ---- up to the layer that failed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("real", [False, True])
def test_a_partial_report_is_of_the_layers_before(real: bool) -> None:
    last: nn.Module = nn.Linear(7, 2)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), OnlyOnCpu() if real else nn.ReLU(), last)
    with pytest.raises(ArchscopeError, match=r"^3: mat1 and mat2"):
        archscope.summarize(net, (3, 8, 8))
    report = archscope.summarize(net, (3, 8, 8), partial=True)
    assert [layer.name for layer in report.graph.layers][:2] == ["0", "1"]
    assert report.totals["macs"] == 3 * 9 * 4 * 36 + 4 * 9 * 4 * 16
    assert report.graph.notes[0].startswith("stopped, and the layers before are shown: 3: mat1 and mat2")
    assert report.totals["params"] == sum(parameter.numel() for parameter in net.parameters())


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
def test_products_of_sparse_tensors_are_unknown(layout: torch.layout) -> None:
    """What they cost hangs on their values; a linear layer of what was made dense is known."""
    given = torch.eye(6, 8).to_sparse(layout=layout)
    forward = Forward(lambda net, x: x @ net.weight + net.linear(x.to_dense()), weight=nn.Parameter(torch.ones(8, 4)),
                      linear=nn.Linear(8, 4))  # fmt: skip
    totals = archscope.summarize(forward, input_data=given).totals

    assert totals["operations"]["unknown"] == ["sparse_matmul"]
    assert totals["macs"] == 6 * 8 * 4


@pytest.mark.parametrize("given", [{"input_size": (3, 8, 8)}, {"inputs": torch.rand(1, 3, 8, 8)}])
def test_lazy_layers_that_nothing_reaches_are_said(given: dict[str, Any]) -> None:
    net = Forward(lambda net, x: net.conv(x), conv=nn.LazyConv2d(4, 3), head=nn.LazyLinear(5))
    graph = trace(net, **given)
    assert [tensor.elements for tensor in graph.parameters.values()] == [3 * 9 * 4, 4]
    (note,) = graph.notes
    assert note.startswith("head.weight, head.bias: of lazy layers that the pass does not reach")


@pytest.mark.parametrize("given", [(4,), ()])
def test_an_end_of_the_program_is_an_error_of_the_network(given: tuple[int, ...]) -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        raise SystemExit(*given)

    said = f"Forward: ends the program, with sys.exit({', '.join(map(str, given))})"
    with pytest.raises(TraceError, match=re.escape(said)):
        trace(Forward(forward), (4,))


class OnCuda(nn.Module):
    """As code of those who have a GPU is written."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4).cuda()
        self.to_device = nn.Linear(4, 4, device="cuda").to("cuda:0")
        self.scale = nn.Parameter(torch.ones(4).cuda() * 2)
        self.register_buffer("shift", torch.zeros(4, device=torch.device("cuda")))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.to_device(self.linear(x.cuda())) * self.scale + torch.ones(4).cuda()
        return x + torch.zeros(4, device="cuda") + torch.arange(4).to("cuda")


class AsksOnCuda(OnCuda):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) if x.cuda().sum() >= 0 else x


class ByNumber(OnCuda):
    """Devices by their numbers, as `model.to(0)` says them."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4).to(0)
        self.to_device = nn.Linear(4, 4, device=0).to(device=torch.cuda.current_device()).cuda(0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.cuda.device(0):
            x = self.linear(x.to(0)) + self.to_device(x.cuda(0)) * self.scale
        torch.cuda.synchronize()
        return x + torch.zeros(4, device=0) + x.new_ones(4, device=0) + torch.arange(4).to(0, torch.float32)


class ByType(OnCuda):
    """Tensors of CUDA's classes, as was once customary."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.cuda.FloatTensor(4).fill_(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.type(torch.cuda.FloatTensor)
        x = self.to_device(self.linear(x)) * self.scale + torch.cuda.FloatTensor([1, 2, 3, 4])
        return x.type("torch.cuda.FloatTensor") + torch.cuda.FloatTensor(x.shape[0], 4).zero_()


class AsksByNumber(ByNumber, AsksOnCuda):
    pass


class AsksByType(ByType, AsksOnCuda):
    pass


ON_CUDA = [OnCuda, AsksOnCuda, ByNumber, AsksByNumber, ByType, AsksByType]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("kind", ON_CUDA)
def test_a_network_that_asks_for_a_gpu_needs_none_to_be_counted(kind: type[nn.Module]) -> None:
    target = Target("net", kind)
    built = target.on_cpu().module if issubclass(kind, AsksOnCuda) else target.on_meta().module
    graph = trace(built, (4,))
    assert [row for row in rows(graph) if row[0] == "linear"] == 2 * [("linear", (4,))]
    assert sum(parameter.elements for parameter in graph.parameters.values()) == 44


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_answered_for_in_the_pass_alone() -> None:
    places = {(owner, name): vars(owner)[name] for owner, name in elsewhere.CUDA._places}

    def refused() -> bool:
        for ask in (lambda: torch.cuda.FloatTensor(2), lambda: nn.Linear(2, 2).to(0)):
            with pytest.raises((TypeError, RuntimeError)):
                ask()
        return True

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        assert isinstance(torch.cuda.FloatTensor([1]), torch.cuda.FloatTensor)
        with ThreadPoolExecutor(1) as others:
            assert others.submit(refused).result()
        return net.linear(x)

    trace(Forward(forward, linear=nn.Linear(4, 4)), (4,))
    assert all(vars(owner)[name] is before for (owner, name), before in places.items())
    assert refused()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_pass_for_real_stays_where_the_weights_lie() -> None:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        return net.linear(x.cuda()) if x.to("cuda").sum() >= 0 else x

    assert rows(trace(Forward(forward, linear=nn.Linear(4, 4)), (4,)))[-1] == ("linear", (4,))


def test_memory_that_is_resized_costs_nothing() -> None:
    net = Forward(lambda net, x: net.linear(x.clone().resize_(2, 6)), linear=nn.Linear(6, 2))
    assert same_as_torch_counts(net, torch.rand(2, 2, 3))
