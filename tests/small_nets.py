"""Small modules, each for one kind of operation or one way to write a forward pass.

`NETS` maps a name to a factory and the keyword arguments that `trace` needs. `REAL_ONLY` are those whose forward
pass asks for values, so that they fall back to a real pass on the CPU.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

Entry = tuple[Callable[[], nn.Module], dict[str, Any]]
NETS: dict[str, Entry] = {}
REAL_ONLY = {"data_dependent_if", "item", "numpy", "numpy_leaf", "script"}

IMAGE = (4, 8, 8)
SEQUENCE = (6, 8)


def net(input_size: Any = IMAGE, **kwargs: Any) -> Callable[[Callable[[], nn.Module]], Callable[[], nn.Module]]:
    """Add a factory to NETS under its own name in snake case."""

    def add(factory: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
        words = "".join("_" + letter.lower() if letter.isupper() else letter for letter in factory.__name__)
        NETS[words.strip("_")] = (factory, kwargs or {"input_size": input_size})
        return factory

    return add


def on_meta(x: torch.Tensor) -> bool:
    """Does a pass compute shapes alone? The tensor itself says that it lies where the network would run."""
    return x.untyped_storage().device.type == "meta"


class Forward(nn.Module):
    """A module whose forward pass is `function(self, *inputs)`, with the parts that `modules` names."""

    def __init__(self, function: Callable[..., Any], **modules: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.function = function
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)


def add(name: str, function: Callable[..., Any], input_size: Any = IMAGE, **modules: Callable[[], Any]) -> None:
    """A net of one expression."""
    NETS[name] = (
        lambda: Forward(function, **{key: make() for key, make in modules.items()}), {"input_size": input_size}
    )  # fmt: skip


def conv(channels: int = 4, out: int = 4, kernel: int = 3, **options: Any) -> Callable[[], nn.Module]:
    return lambda: nn.Conv2d(channels, out, kernel, **{"padding": "same", **options})


def parameter(*shape: int) -> Callable[[], nn.Parameter]:
    return lambda: nn.Parameter(torch.rand(*shape))


# ---- elementwise and movement ----------------------------------------------------------------------------------

add("sum", lambda net, x: x + net.conv(x), conv=conv())
add("difference", lambda net, x: x - net.conv(x), conv=conv())
add("residual_scale", lambda net, x: x + 0.17 * net.conv(x), conv=conv())
add("concatenation", lambda net, x: torch.cat([x, net.conv(x)], 1), conv=conv())
add("concatenation_by_axis", lambda net, x: torch.cat((x, net.conv(x)), axis=-1), conv=conv())
add("relu", lambda net, x: F.relu(net.conv(x)), conv=conv())
add("relu_in_place", lambda net, x: F.relu(net.conv(x), inplace=True) + 1, conv=conv())
add("sum_in_place", lambda net, x: net.conv(x).add_(x), conv=conv())
add("gate", lambda net, x: x * torch.sigmoid(net.conv(F.adaptive_avg_pool2d(x, 1))), conv=conv(kernel=1))
add("mean_gate", lambda net, x: x * net.conv(x.mean((2, 3), keepdim=True)).sigmoid(), conv=conv(kernel=1))
add("chunks", lambda net, x: torch.mul(*net.conv(x).chunk(2, 1)), conv=conv())
add("splits", lambda net, x: torch.cat([part + i for i, part in enumerate(net.conv(x).split([1, 3], 1))]
                                       [::-1], 1), conv=conv())  # fmt: skip
add("unbound", lambda net, x: sum(net.conv(x).unbind(1)), conv=conv())
add("strided_slice", lambda net, x: net.conv(x[:, ::2]) + x[:, 1::2], conv=conv(2, 2))
add("maximum_with_indices", lambda net, x: net.conv(x).max(1).values, conv=conv())
add("permuted", lambda net, x: F.relu(net.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2).view(1, -1), conv=conv())
add("out_argument", lambda net, x: torch.add(x, net.conv(x), out=torch.empty(1, 4, 8, 8, device=x.device)) * 2,
    conv=conv())  # fmt: skip
add("repeated_unsqueeze", lambda net, x: (net.conv(x).unsqueeze_(1), net.conv(x).unsqueeze_(1)), conv=conv())
add("to_device_of_weights", lambda net, x: net.conv(x.to(net.conv.weight.device)).to("cpu") + x, conv=conv())
add(
    "complex_convolutions",
    lambda net, x: net.transposed(net.conv(torch.complex(x, x))).abs(),
    conv=conv(dtype=torch.complex64),
    transposed=lambda: nn.ConvTranspose2d(4, 2, 2, 2, dtype=torch.complex64),
)
add(
    "complex_linear",
    lambda net, x: net.linear(torch.complex(x, x)).real,
    SEQUENCE,
    linear=lambda: nn.Linear(8, 3, dtype=torch.complex64),
)
add("constant", lambda net, x: net.conv(x) + torch.arange(8.0) / 8, conv=conv())


@net()
class SliceAssignment(nn.Module):
    """The zero-padded shortcut of the first ResNets, by assignment into a tensor made here."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.zeros(1, 6, 8, 8)
        y[:, :4] = x
        return y + self.conv(x)


@net()
class ViewAssignment(SliceAssignment):
    """The same through a view of it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.zeros(1, 6, 8, 8)
        y[:, :4].copy_(x)
        return y + self.conv(x)


# ---- products ------------------------------------------------------------------------------------------------

add("matmul_operator", lambda net, x: net.linear(x) @ x.transpose(1, 2), SEQUENCE, linear=lambda: nn.Linear(8, 8))
add("matmul_parameter_right", lambda net, x: torch.matmul(x, net.weight), SEQUENCE, weight=parameter(8, 3))
add("matmul_parameter_left", lambda net, x: torch.matmul(net.weight, x), SEQUENCE, weight=parameter(3, 6))
add("bmm", lambda net, x: torch.bmm(net.linear(x), x.transpose(1, 2)), SEQUENCE, linear=lambda: nn.Linear(8, 8))
add("addmm", lambda net, x: torch.addmm(net.bias, x, net.weight), (8,), weight=parameter(8, 3), bias=parameter(3))
add("baddbmm", lambda net, x: torch.baddbmm(net.bias, net.linear(x), x.transpose(1, 2)), SEQUENCE,
    linear=lambda: nn.Linear(8, 8), bias=parameter(1, 6, 6))  # fmt: skip
add("einsum_contraction", lambda net, x: torch.einsum("bij,kj->bik", x, net.weight), SEQUENCE, weight=parameter(5, 8))
add("einsum_outer", lambda net, x: torch.einsum("bi,j->bij", x, net.weight), (8,), weight=parameter(5))
add("attention_function", lambda net, x: F.scaled_dot_product_attention(*net.qkv(x).chunk(3, -1)), SEQUENCE,
    qkv=lambda: nn.Linear(8, 24))  # fmt: skip
for bias in (True, False):
    add(f"attention_module_{'with' if bias else 'without'}_bias", lambda net, x: net.attention(x, x, x)[0] + x,
        SEQUENCE, attention=lambda bias=bias: nn.MultiheadAttention(8, 2, bias=bias, batch_first=True))  # fmt: skip
add("attention_without_weights", lambda net, x: net.attention(*[net.attention(x, x, x, need_weights=False)[0]] * 3,
    need_weights=False)[0], SEQUENCE, attention=lambda: nn.MultiheadAttention(8, 2))  # fmt: skip


@net((6, 8))
def transformer_encoder() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)


class Block(nn.Module):
    """Pre-normalised attention and MLP, with attention written out."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        split = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(dim=-1)
        x = x + self.project((weights @ v).transpose(1, 2).reshape(batch, tokens, width))
        return x + self.mlp(self.norm2(x))


@net((3, 8, 8))
class VisionTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.position = nn.Parameter(torch.zeros(1, 5, 8))
        self.blocks = nn.ModuleList(Block(8, 2) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.position
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


# ---- recurrent -----------------------------------------------------------------------------------------------

add("lstm", lambda net, x: net.rnn(x)[0], SEQUENCE,
    rnn=lambda: nn.LSTM(8, 5, 2, bidirectional=True, proj_size=3, batch_first=True))  # fmt: skip
add("gru", lambda net, x: net.rnn(x)[0], SEQUENCE, rnn=lambda: nn.GRU(8, 5))
add("rnn", lambda net, x: net.rnn(x)[1], SEQUENCE, rnn=lambda: nn.RNN(8, 5, 2, nonlinearity="relu", batch_first=True))
add("rnn_cell", lambda net, x: net.cell(net.cell(x)), (8,), cell=lambda: nn.GRUCell(8, 8))

# ---- convolutions --------------------------------------------------------------------------------------------

add("transposed", lambda net, x: net.conv(x), conv=lambda: nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1))
add("grouped", lambda net, x: net.conv(x), conv=conv(4, 8, groups=2, padding=0))
add("depthwise", lambda net, x: net.conv(x), conv=conv(4, 4, groups=4))
add("dilated", lambda net, x: net.conv(x), conv=conv(4, 4, dilation=2, padding=1))
add("padding_valid", lambda net, x: net.conv(x), conv=conv(4, 4, padding="valid"))
add("padding_same_even", lambda net, x: net.conv(x), conv=conv(4, 4, kernel=4))
add("padding_reflected", lambda net, x: net.conv(x), conv=conv(4, 4, padding=1, padding_mode="reflect"))
add("conv1d", lambda net, x: net.conv(x), (4, 9), conv=lambda: nn.Conv1d(4, 6, 3, 2))
add("conv3d", lambda net, x: net.conv(x), (4, 5, 6, 7), conv=lambda: nn.Conv3d(4, 6, 3, padding=(0, 1, 1)))
add("functional_conv", lambda net, x: F.conv2d(x, bias=None, stride=2, weight=net.weight), weight=parameter(6, 4, 3, 3))
add("weight_norm", lambda net, x: net.conv(x), conv=lambda: parametrizations.weight_norm(nn.Conv2d(4, 6, 3)))
add("spectral_norm", lambda net, x: net.conv(x), conv=lambda: parametrizations.spectral_norm(nn.Conv2d(4, 6, 3)))
add(
    "buffer_view",
    lambda net, x: (x - net.norm.running_mean.view(1, 4, 1, 1)) @ torch.eye(8),
    norm=lambda: nn.BatchNorm2d(4),
)


@net()
class WeightStandardised(nn.Conv2d):
    """A function of the parameters before the convolution."""

    def __init__(self) -> None:
        super().__init__(4, 6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return F.conv2d(x, weight / weight.std((1, 2, 3), keepdim=True), self.bias)


@net()
def depthwise_separable() -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))


@net()
def classifier() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True), nn.Dropout(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3), nn.Softmax(dim=1),
    )  # fmt: skip


@net((3, 16, 16))
class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.bottom = nn.Conv2d(8, 8, 3, padding=1)
        self.pool, self.up = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.up2, self.up1 = nn.Conv2d(16, 4, 3, padding=1), nn.Conv2d(8, 2, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.down1(x)
        second = self.down2(self.pool(first))
        bottom = self.bottom(self.pool(second))
        y = self.up2(torch.cat([self.up(bottom), second], 1))
        y = F.interpolate(y, size=first.shape[2:], mode="bilinear", align_corners=False)
        return self.up1(torch.cat([y, first], 1))


# ---- how modules are called ----------------------------------------------------------------------------------

add("called_thrice", lambda net, x: net.relu(net.conv(net.relu(net.conv(net.relu(x))))), conv=conv(), relu=nn.ReLU)
add("never_called", lambda net, x: net.conv(x), conv=conv(), head=lambda: nn.Linear(3, 5))
add("identity_shortcut", lambda net, x: net.body(net.stem(x)) + net.shortcut(net.stem(x)), stem=conv(), body=conv(),
    shortcut=nn.Identity)  # fmt: skip
add("checkpointed", lambda net, x: checkpoint(net.conv, x, use_reentrant=False) + x, conv=conv())
add("checkpointed_reentrant", lambda net, x: checkpoint(net.conv, x, use_reentrant=True) + x, conv=conv())
add("name_clash", lambda net, x: net.conv_1(net.conv(net.conv(x))) + net.add(x), conv=conv(), conv_1=conv(), add=conv())
add("module_called_input", lambda net, x: net.input(x), input=conv())


@net()
class IdentityBeside(nn.Module):
    """Another reader of the tensor that an Identity lets through."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shortcut = nn.Conv2d(4, 4, 1), nn.Identity()
        self.body = nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        shortcut = self.shortcut(input=x)
        return self.body(x) + shortcut


class DropPath(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        return x * torch.rand(x.shape[0], 1, 1, 1, device=x.device).round()


add("drop_path", lambda net, x: x + net.drop(net.conv(x)), conv=conv(), drop=DropPath)


@net(inputs=torch.zeros(1, 5, dtype=torch.long))
class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(11, 8), nn.Linear(8, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.embed(x))


@net([(4, 8, 8), (4, 8, 8)])
class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return self.conv(left) + right


@net(inputs={"right": torch.zeros(1, 4, 8, 8), "left": torch.zeros(1, 4, 8, 8)})
class KeywordInputs(TwoInputs):
    pass


@net()
class ManyOutputs(nn.Module):
    """A dict that holds a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        first = self.first(x)
        return {"out": first, "both": (first, self.second(first))}


@net()
def user_hooks() -> nn.Module:
    """A pre-hook that doubles the input and a hook that adds one to the output."""
    module = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU())
    module[0].register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    module[0].register_forward_hook(lambda module, args, output: output + 1)
    return module


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x * x

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient


add("autograd_function", lambda net, x: net.conv(Square.apply(net.conv(x))), conv=conv())


@net()
class CachedConstant(nn.Module):
    """Writes into a tensor that it keeps as a plain attribute, and counts in another."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)
        self.cache, self.calls = torch.zeros(1, 4, 8, 8), torch.zeros(())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.cache[:, :2].copy_(x[:, :2])
        self.seen = self.cache.shape
        return self.conv(self.cache)


@net()
class BufferState(nn.Module):
    """Writes what flows through it into a buffer, and reads it back."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)
        self.register_buffer("state", torch.ones(1, 4, 8, 8))
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.add_(1)
        self.state.mul_(0.5).add_(self.conv(x))
        return self.state * 2


@net()
class ClampedWeight(nn.Module):
    """Writes into its parameter, and into a view of it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.conv.weight.data.clamp_(0, 0.1)
        self.conv.weight[0].mul_(2)
        return self.conv(x)


# ---- what has no shape without values --------------------------------------------------------------------------

add("data_dependent_if", lambda net, x: net.conv(x) if x.sum() > 0 else x, conv=conv())
add("item", lambda net, x: net.conv(x) * x.mean().item(), conv=conv())
add("numpy", lambda net, x: net.conv(torch.from_numpy(net.conv(x).numpy() * 2)), conv=conv())


class NumpyBlock(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy((x * 2).numpy() + 1)


add("numpy_leaf", lambda net, x: net.block(net.conv(x)) + x, conv=conv(), block=NumpyBlock)


@net()
def script() -> nn.Module:
    inner = torch.jit.script(nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Dropout()))
    return nn.Sequential(nn.Conv2d(4, 4, 1), inner, nn.ReLU())


def build(name: str, device: str = "cpu") -> nn.Module:
    """The named net, with the same weights each time."""
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(0)
        return NETS[name][0]()
