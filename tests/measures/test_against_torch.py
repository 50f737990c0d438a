"""The measures against counters that are not ours: torch itself, autograd, fvcore, published values."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from weakref import finalize

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

import archscope
from archscope import tracing
from archscope.measures import Measured
from archscope.measures.training_memory import kept_to_train, newly_kept
from archscope.model.graph import Graph
from archscope.model.report import Column
from tests.flops import counted_by_torch
from tests.graphs import NETWORKS, traced
from tests.small_nets import NETS, REAL_ONLY


@contextmanager
def written_out() -> Iterator[None]:
    """Attention by its parts: torch counts nothing in its fused kernels for inference."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def flops(module: nn.Module, *args: Any, **kwargs: Any) -> int:
    """FLOPs as torch counts them, on the meta device."""
    module = module.to("meta")
    args, kwargs = tree_map_only(torch.Tensor, lambda tensor: tensor.to("meta"), (args, kwargs))
    with written_out():
        return counted_by_torch(module, *args, **kwargs)


def image(size: tuple[int, ...], batch: int = 1) -> torch.Tensor:
    return torch.empty(batch, *size, device="meta")


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# ---- MACs and parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str) -> None:
    with torch.device("meta"):
        module = archscope.build(name).eval()
    totals = traced(name).totals

    assert 2 * totals["macs"] == totals["flops"] == flops(module, image((3, 299, 299)))
    assert totals["params"] == parameters(module)
    assert totals["unused_params"] == 0
    assert totals["buffers"] == sum(buffer.numel() for buffer in module.buffers() if buffer.dim())


def test_auxiliary_head_in_train_mode() -> None:
    report = archscope.summarize("inception_v3", mode="train", options={"aux": True})
    with torch.device("meta"):
        module = archscope.build("inception_v3", {"aux": True}).train()

    assert report.totals["flops"] == flops(module, image((3, 299, 299), batch=2)) / 2
    assert report.totals["flops"] > traced("inception_v3").totals["flops"]
    assert report.totals["params"] == parameters(module)


NOT_COUNTED_BY_TORCH = {
    "spectral_norm": "matrix times vector, and the product of two vectors",
    "matmul_parameter_left": "matrix times vector",
}
NOT_ALIKE = REAL_ONLY | {"script", "lstm", "gru", "rnn", "rnn_cell", "lazy", "checkpointed_reentrant"}
"""Real passes and foreign code; torch counts no recurrent layer on the meta device."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(NETS.keys() - NOT_ALIKE - NOT_COUNTED_BY_TORCH.keys()))
def test_small_nets(name: str) -> None:
    factory, kwargs = NETS[name]
    module = factory().eval()
    totals = {column.name: column.total for column in Measured(tracing.trace(module, **kwargs)).values()}
    assert totals["params"] == parameters(module)
    inputs = kwargs.get("inputs")
    if inputs is None:
        sizes = kwargs["input_size"]
        inputs = tuple(map(image, sizes if isinstance(sizes, list) else [sizes]))
    try:
        counted = flops(module, **inputs) if isinstance(inputs, dict) else flops(module, *tree_leaves(inputs))
    except (NotImplementedError, RuntimeError) as error:
        pytest.skip(f"torch does not run it on the meta device: {error}")

    assert 2 * totals["macs"] == counted


class VisionBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=True)[0]
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(self, width: int = 48, heads: int = 4, depth: int = 3) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.blocks = nn.Sequential(*[VisionBlock(width, heads) for _ in range(depth)])
        self.head = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        return self.head(self.blocks(x)[:, 0])


TRANSFORMERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "encoder": (lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(24, 4, 40, batch_first=True), 2), (11, 24)),
    "vision": (VisionTransformer, (3, 32, 40)),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_transformers(name: str, mode: str) -> None:
    factory, size = TRANSFORMERS[name]
    module = factory().train(mode == "train")
    columns = Measured(archscope.trace(module, size, mode=mode))

    assert columns["params"].total == parameters(module)
    assert columns["flops"].total == flops(module, image(size)) > 0


# ---- activations ---------------------------------------------------------------------------------------------


def small_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 12, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 5),
    )  # fmt: skip


def test_activations_are_fvcores() -> None:
    from fvcore.nn import ActivationCountAnalysis

    module = small_cnn().eval()
    analysis = ActivationCountAnalysis(module, torch.rand(1, 3, 32, 32))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)

    assert Measured(archscope.trace(module, (3, 32, 32)))["activations"].total == analysis.total()


# ---- what autograd keeps ----------------------------------------------------------------------------------------


class Expression(nn.Module):
    def __init__(self, function: Callable[..., torch.Tensor], **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, x)


def conv(channels: int = 4, out: int = 4, kernel: int = 3) -> nn.Module:
    return nn.Conv2d(channels, out, kernel, padding=kernel // 2)


def between(*layers: nn.Module) -> nn.Module:
    """Between two convolutions, the first of which makes a tensor that only these layers may keep."""
    return nn.Sequential(conv(), *layers, conv())


def gate(net: Any, x: torch.Tensor) -> torch.Tensor:
    y = net.a(x)
    return y * torch.sigmoid(net.b(F.adaptive_avg_pool2d(y, 1)))


def frozen_before(number: int, *layers: nn.Module) -> nn.Module:
    net = nn.Sequential(*layers)
    net[:number].requires_grad_(False)
    return net


ACTIVATIONS = [nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid,
               nn.Hardtanh]  # fmt: skip

KEEPERS: dict[str, nn.Module] = {
    **{f"{kind.__name__}{' in place' * inplace}": between(kind(inplace=inplace))
       for kind in ACTIVATIONS for inplace in (False, True)},
    **{kind.__name__: between(kind()) for kind in (nn.GELU, nn.Sigmoid, nn.Tanh, nn.PReLU, nn.Softplus, nn.Identity)},
    "batch norm": between(nn.BatchNorm2d(4)),
    "batch norm, relu": between(nn.BatchNorm2d(4), nn.ReLU()),
    "batch norm, relu in place": between(nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
    "batch norm, relu6 in place": between(nn.BatchNorm2d(4), nn.ReLU6(inplace=True)),
    "group norm": between(nn.GroupNorm(2, 4)),
    "instance norm": between(nn.InstanceNorm2d(4)),
    "layer norm": between(nn.LayerNorm(8)),
    "local response norm": between(nn.LocalResponseNorm(3)),
    "max pool": between(nn.MaxPool2d(3, 2, 1)),
    "average pool": between(nn.AvgPool2d(2)),
    "global average pool": between(nn.AdaptiveAvgPool2d(1)),
    "adaptive average pool": between(nn.AdaptiveAvgPool2d(2)),
    "adaptive max pool": between(nn.AdaptiveMaxPool2d(2)),
    "pool first": nn.Sequential(nn.MaxPool2d(2), conv()),
    "cat": Expression(lambda net, x: net.b(torch.cat([net.a(x), net.a(x)], 1)), a=conv(), b=conv(8)),
    "add": Expression(lambda net, x: net.b(net.a(x) + net.a(x)), a=conv(), b=conv()),
    "scaled add, relu": Expression(lambda net, x: net.b(F.relu(net.a(x) + 0.17 * net.a(x))), a=conv(), b=conv()),
    "scalar product": Expression(lambda net, x: net.b(net.a(x) * 2 / 3 - 1), a=conv(), b=conv()),
    "layer scale": Expression(lambda net, x: net.b(net.a(x) * net.scale), a=conv(), b=conv(),
                              scale=nn.Parameter(torch.ones(4, 1, 1))),
    "gate": Expression(gate, a=conv(), b=conv(kernel=1)),
    "linear": nn.Sequential(conv(), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 8 * 8, 10), nn.Softmax(1)),
    "dropout that drops nothing": between(nn.Dropout(0.0)),
    "dropout of channels": between(nn.Dropout2d(0.3)),
    "alpha dropout": between(nn.AlphaDropout(0.3)),
    "transposed": between(nn.ConvTranspose2d(4, 4, 2, 2)),
    "upsample": between(nn.Upsample(scale_factor=2)),
    "mean": Expression(lambda net, x: net.b(net.a(x).mean((2, 3), keepdim=True)), a=conv(), b=conv(kernel=1)),
    "chunks": Expression(lambda net, x: net.b(torch.mul(*net.a(x).chunk(2, 1))), a=conv(), b=conv(2)),
    "frozen stem": frozen_before(3, conv(), nn.BatchNorm2d(4), nn.ReLU(), conv(), nn.GELU(), conv()),
    "all frozen": frozen_before(3, conv(), nn.ReLU(), conv()),
}  # fmt: skip


def kept(module: nn.Module, x: torch.Tensor) -> int:
    """Bytes of the storages that autograd saves in a training pass, without parameters and buffers."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*module.parameters(), *module.buffers())}
    saved: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage  # held, so that no other tensor gets its address
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        result = module.train()(x)
    assert result is not None
    return sum(storage.nbytes() for storage in saved.values())


def training_memory(module: nn.Module) -> Column:
    return Measured(archscope.trace(module, (4, 8, 8), mode="train"))["training_memory_bytes"]


@pytest.mark.parametrize("name", KEEPERS)
def test_training_keeps_what_autograd_saves(name: str) -> None:
    assert training_memory(KEEPERS[name]).total == kept(KEEPERS[name], torch.rand(1, 4, 8, 8))


def test_a_dropouts_mask_is_of_floats_on_the_cpu_and_of_bytes_on_cuda() -> None:
    graph = archscope.trace(between(nn.Dropout(0.3)), (4, 8, 8), mode="train")
    on_cpu, on_cuda = (kept_to_train(graph, newly_kept(graph, on_cuda)) for on_cuda in (False, True))

    assert on_cpu.total == kept(between(nn.Dropout(0.3)), torch.rand(1, 4, 8, 8))
    assert on_cuda.total == on_cpu.total - 3 * 4 * 8 * 8


class Attends(nn.Module):
    """Heads of one projection, or a module's attention, from one sequence or from one to another."""

    def __init__(self, drops: float = 0.0, heads: int = 4, **module: Any) -> None:
        super().__init__()
        self.drops, self.heads, self.weights = drops, heads, module.pop("need_weights", False)
        self.own, self.other = nn.Linear(16, 16), nn.Linear(16, 16) if module.pop("cross", False) else None
        self.qkv, self.project = nn.Linear(16, 48), nn.Linear(16, 16)
        self.module = nn.MultiheadAttention(16, 4, dropout=drops, **module) if module else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query = self.own(x)
        key = query if self.other is None else self.other(x)
        if self.module is not None:
            mixed: torch.Tensor = self.module(query, key, key, need_weights=self.weights)[0]
            return mixed
        parts = self.qkv(query).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(*parts, dropout_p=self.drops)
        return self.project(mixed.transpose(1, 2).flatten(2))


class Cells(nn.Module):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.own, self.cell = nn.Linear(16, 16), kind(16, 32)

    def forward(self, x: torch.Tensor) -> Any:
        state = None
        for _ in range(3):
            state = self.cell(self.own(x), state)
        return state


def behind(layer: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(16, 16), layer)


SEQUENCES: dict[str, nn.Module] = {
    "attention": Attends(),
    **{f"module{' with weights' * weights}{' across' * cross}{f', drops {drops}' * bool(drops)}":
       Attends(drops, need_weights=weights, cross=cross, batch_first=True)
       for weights in (False, True) for cross in (False, True) for drops in (0.0, 0.2)},
    "encoder": nn.TransformerEncoderLayer(16, 4, 32, batch_first=True),
    "encoder that drops nothing": nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True),
    "gru": behind(nn.GRU(16, 32, 2, dropout=0.2, batch_first=True)),
    "projected lstm": behind(nn.LSTM(16, 32, 2, proj_size=8, batch_first=True)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("batch", [1, 3])
def test_attention_and_recurrent_layers_keep_what_autograd_saves(name: str, batch: int) -> None:
    graph = replace(archscope.trace(SEQUENCES[name], (10, 16), mode="train"), batch=batch)

    assert training_memory_of(graph) == kept(SEQUENCES[name], torch.rand(batch, 10, 16))


@pytest.mark.parametrize("kind", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_cells_keep_what_autograd_saves(kind: Any) -> None:
    graph = replace(archscope.trace(Cells(kind), (16,), mode="train"), batch=3)

    assert training_memory_of(graph) == kept(Cells(kind), torch.rand(3, 16))


@pytest.mark.skipif(torch.__version__ < "2.7", reason="oneDNN keeps more for an LSTM in torch 2.6")
@pytest.mark.parametrize(
    "layer",
    [
        nn.LSTM(16, 128, batch_first=True),
        nn.LSTM(16, 64, 2, bidirectional=True, dropout=0.2, batch_first=True),
        nn.LSTM(128, 64, 2, bias=False, batch_first=True),
        nn.RNN(16, 128, 2, batch_first=True),
    ],
)
def test_a_kernels_workspace_is_near(layer: nn.RNNBase) -> None:
    module = nn.Sequential(nn.Linear(layer.input_size, layer.input_size), layer)
    graph = replace(archscope.trace(module, (40, layer.input_size), mode="train"), batch=4)

    assert training_memory_of(graph) == pytest.approx(kept(module, torch.rand(4, 40, layer.input_size)), rel=0.1)


def training_memory_of(graph: Graph) -> Any:
    return kept_to_train(graph, newly_kept(graph)).total


def test_batch_grows_what_training_keeps() -> None:
    module = nn.Sequential(conv(), nn.ReLU(), nn.MaxPool2d(2), conv())

    assert 3 * training_memory(module).total == kept(module, torch.rand(3, 4, 8, 8))


# ---- receptive field -----------------------------------------------------------------------------------------


class Branches(nn.Module):
    """Dilation, even kernels, unequal branches, a shortcut; positive weights and no maximum: no path cancels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, (3, 5), (2, 3), 1)
        self.left = nn.Sequential(nn.Conv2d(2, 2, 3, 2, 1), nn.Conv2d(2, 2, 3, padding=2, dilation=2))
        self.right = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(2, 2, 1))
        self.last = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        y = torch.cat([self.left(x), self.right(x)], 1)
        return y + self.last(y)


def test_receptive_field_is_where_the_gradient_reaches() -> None:
    module = Branches().double()
    for parameter in module.parameters():
        nn.init.constant_(parameter, 0.1)
    x = torch.rand(1, 1, 96, 144, dtype=torch.float64, requires_grad=True)

    y = module(x)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()

    assert x.grad is not None
    reached = x.grad[0, 0].nonzero()
    seen = (reached.max(0).values - reached.min(0).values + 1).tolist()
    assert Measured(archscope.trace(module, (1, 96, 144)))["receptive_field"].total["size"] == seen


@pytest.mark.parametrize(("name", "published"), [("inception_v3", 1311), ("inception_resnet_v2_released", 3039)])
def test_receptive_field_is_the_published_one(name: str, published: int) -> None:
    """google-research/receptive_field, README, table of networks."""
    assert traced(name).totals["receptive_field"] == {"size": [published] * 2, "stride": [32] * 2}


# ---- peak memory ---------------------------------------------------------------------------------------------


class LiveBytes(TorchDispatchMode):
    """Bytes of all storages alive, after every operation."""

    def __init__(self, module: nn.Module, x: torch.Tensor) -> None:
        super().__init__()
        self.now = self.peak = sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers(), x))
        self.known = {tensor.untyped_storage().data_ptr() for tensor in (*module.parameters(), *module.buffers(), x)}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            storage = tensor.untyped_storage() if isinstance(tensor, torch.Tensor) else None
            if storage is not None and storage.nbytes() and storage.data_ptr() not in self.known:
                self.known.add(storage.data_ptr())
                self.now += storage.nbytes()
                finalize(tensor, self.gone, storage.data_ptr(), storage.nbytes())
        self.peak = max(self.peak, self.now)
        return result

    def gone(self, address: int, size: int) -> None:
        self.known.discard(address)
        self.now -= size


class Residual(nn.Module):
    """Every tensor in a variable of this one frame, which lets it go after its last reader."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8)
        self.wide, self.narrow = nn.Conv2d(8, 24, 1), nn.Conv2d(24, 8, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.norm(self.stem(x)))
        z = self.narrow(self.relu(self.wide(y)))
        y = self.relu(y + z)
        del z
        return F.max_pool2d(y, 2).flatten(1)


def test_peak_memory_is_what_was_alive() -> None:
    module, x = Residual().eval(), torch.rand(2, 3, 32, 32)
    with torch.no_grad(), LiveBytes(module, x) as live:
        module(x)

    graph: Graph = archscope.trace(module, (3, 32, 32))
    measured = Measured(Graph(**{**vars_of(graph), "batch": 2}))["peak_memory_bytes"].total
    assert measured == live.peak


def vars_of(graph: Graph) -> dict[str, Any]:
    return {name: getattr(graph, name) for name in graph.__dataclass_fields__}
