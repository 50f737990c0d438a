"""Small networks of all habits that the bench makes mutants of: blocks of the zoo and of the field, an image, a
sequence or a volume each."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

import archscope

Base = tuple[Callable[[], nn.Module], tuple[int, ...]]


class Of(nn.Module):
    """A forward pass in one function of the module and its input."""

    def __init__(self, function: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


def conv(i: int, o: int, k: int = 3, stride: int = 1, **options: Any) -> nn.Module:
    return nn.Conv2d(i, o, k, stride, k // 2, **options)


def unit(i: int, o: int, k: int = 3, stride: int = 1, act: type[nn.Module] = nn.ReLU, **options: Any) -> nn.Module:
    return nn.Sequential(conv(i, o, k, stride, bias=False, **options), nn.BatchNorm2d(o), act())


def head(channels: int, classes: int = 5) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]


def plain() -> nn.Module:
    """VGG's way, with a dropout and two fully connected layers."""
    return nn.Sequential(
        conv(3, 8), nn.ReLU(), nn.MaxPool2d(2), conv(8, 12), nn.ReLU(), nn.AvgPool2d(3, 2, 1), nn.Flatten(),
        nn.Linear(12 * 16, 20), nn.ReLU(), nn.Dropout(0.5), nn.Linear(20, 5),
    )  # fmt: skip


def residual() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.pool(F.relu(net.stem(x)))
        x = F.relu(net.norm2(net.conv2(F.relu(net.norm1(net.conv1(x))))) + net.down(x))
        return net.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))  # type: ignore[no-any-return]

    return Of(
        forward, stem=nn.Conv2d(3, 8, 7, 2, 3), pool=nn.MaxPool2d(3, 2, 1), conv1=conv(8, 16, stride=2, bias=False),
        norm1=nn.BatchNorm2d(16), conv2=conv(16, 16, bias=False), norm2=nn.BatchNorm2d(16), down=conv(8, 16, 1, 2),
        fc=nn.Linear(16, 5),
    )  # fmt: skip


def preactivated() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.stem(x)
        y = F.leaky_relu(net.norm1(x), 0.2)
        x = x + 0.5 * net.conv2(F.elu(net.norm2(net.conv1(y)), alpha=1.0))
        return net.fc(F.hardtanh(x, -2.0, 2.0).mean((2, 3)))  # type: ignore[no-any-return]

    return Of(
        forward, stem=conv(3, 8), norm1=nn.BatchNorm2d(8), conv1=conv(8, 8), norm2=nn.BatchNorm2d(8),
        conv2=conv(8, 8), fc=nn.Linear(8, 5),
    )  # fmt: skip


def squeezed() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.body(x)
        gate = torch.sigmoid(net.up(F.relu(net.down(x.mean((2, 3))))))
        return net.fc((x * gate[:, :, None, None]).flatten(2).mean(2))  # type: ignore[no-any-return]

    return Of(forward, body=unit(3, 16), down=nn.Linear(16, 4), up=nn.Linear(4, 16), fc=nn.Linear(16, 5))


def dense() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        one = net.stem(x)
        two = net.layer1(one)
        three = net.layer2(torch.cat([one, two], 1))
        return net.head(net.transition(torch.cat([one, two, three], 1)))  # type: ignore[no-any-return]

    return Of(
        forward, stem=conv(3, 8), layer1=unit(8, 4), layer2=unit(12, 4),
        transition=nn.Sequential(nn.BatchNorm2d(16), nn.ReLU(), conv(16, 8, 1), nn.AvgPool2d(2)),
        head=nn.Sequential(*head(8)),
    )  # fmt: skip


def inverted() -> nn.Module:
    """MobileNet's inverted residual, with hard swish."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.stem(x)
        return net.head(x + net.project(net.depthwise(net.expand(x))))  # type: ignore[no-any-return]

    return Of(
        forward, stem=unit(3, 8, act=nn.Hardswish), expand=unit(8, 24, 1, act=nn.ReLU6),
        depthwise=unit(24, 24, groups=24, act=nn.SiLU), project=nn.Sequential(conv(24, 8, 1), nn.BatchNorm2d(8)),
        head=nn.Sequential(*head(8)),
    )  # fmt: skip


def shuffled() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.stem(x)
        kept, used = x.chunk(2, 1)
        x = torch.cat([kept, net.branch(used)], 1)
        x = x.view(-1, 2, 8, 16, 16).transpose(1, 2).reshape(-1, 16, 16, 16)
        return net.head(x)  # type: ignore[no-any-return]

    return Of(
        forward, stem=unit(3, 16), head=nn.Sequential(*head(16)),
        branch=nn.Sequential(unit(8, 8, 1), conv(8, 8, groups=8), nn.BatchNorm2d(8), unit(8, 8, 1)),
    )  # fmt: skip


def modern() -> nn.Module:
    """ConvNeXt's block: channels last between."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.stem(x)
        y = net.norm(net.depthwise(x).permute(0, 2, 3, 1))
        y = net.gamma * net.down(F.gelu(net.up(y)))
        return net.fc(net.last((x + y.permute(0, 3, 1, 2)).mean([-2, -1])))  # type: ignore[no-any-return]

    return Of(
        forward, stem=nn.Conv2d(3, 8, 2, 2), depthwise=conv(8, 8, 7, groups=8), norm=nn.LayerNorm(8, eps=1e-6),
        up=nn.Linear(8, 32), down=nn.Linear(32, 8), gamma=nn.Parameter(torch.full((8,), 0.5)),
        last=nn.LayerNorm(8), fc=nn.Linear(8, 5),
    )  # fmt: skip


def transformer() -> nn.Module:
    """A vision transformer of one block: attention by torch's function."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([net.token.expand(x.shape[0], -1, -1), x], 1) + net.positions
        q, k, v = net.qkv(net.norm1(x)).reshape(-1, 17, 3, 2, 8).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(-1, 17, 16)
        x = x + net.out(y)
        x = x + net.down(F.gelu(net.up(net.norm2(x))))
        return net.fc(net.norm(x)[:, 0])  # type: ignore[no-any-return]

    return Of(
        forward, patches=nn.Conv2d(3, 16, 4, 4), token=nn.Parameter(torch.randn(1, 1, 16)),
        positions=nn.Parameter(torch.randn(1, 17, 16)), norm1=nn.LayerNorm(16), qkv=nn.Linear(16, 48),
        out=nn.Linear(16, 16), norm2=nn.LayerNorm(16), up=nn.Linear(16, 32), down=nn.Linear(32, 16),
        norm=nn.LayerNorm(16), fc=nn.Linear(16, 5),
    )  # fmt: skip


def attentive() -> nn.Module:
    """torch's own attention module, written by hand beside it."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.patches(x).flatten(2).transpose(1, 2)
        x = x + net.attention(x, x, x, need_weights=False)[0]
        q, k, v = net.q(x), net.k(x), net.v(x)
        weights = ((q @ k.transpose(-2, -1)) * 0.25).softmax(-1)
        return net.fc((x + weights @ v).mean(1))  # type: ignore[no-any-return]

    return Of(
        forward, patches=nn.Conv2d(3, 16, 4, 4), attention=nn.MultiheadAttention(16, 2, batch_first=True),
        q=nn.Linear(16, 16), k=nn.Linear(16, 16), v=nn.Linear(16, 16), fc=nn.Linear(16, 5),
    )  # fmt: skip


def windowed() -> nn.Module:
    """Swin's shifted windows."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.stem(x).permute(0, 2, 3, 1)
        x = torch.roll(x, (-2, -2), (1, 2))
        x = x.reshape(-1, 2, 4, 2, 4, 16).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, 16)
        y = (net.q(x) @ net.k(x).transpose(1, 2) + net.bias).softmax(-1) @ net.v(x)
        y = y.reshape(-1, 2, 2, 4, 4, 16).permute(0, 1, 3, 2, 4, 5).reshape(-1, 8, 8, 16)
        return net.fc(torch.roll(y, (2, 2), (1, 2)).flatten(1))  # type: ignore[no-any-return]

    return Of(
        forward, stem=nn.Conv2d(3, 16, 2, 2), q=nn.Linear(16, 16), k=nn.Linear(16, 16), v=nn.Linear(16, 16),
        bias=nn.Parameter(torch.randn(16, 16)), fc=nn.Linear(1024, 5),
    )  # fmt: skip


def mixer() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.patches(x).flatten(2).transpose(1, 2)
        x = x + net.down(F.gelu(net.up(net.norm1(x).transpose(1, 2)))).transpose(1, 2)
        x = x + net.mix(net.norm2(x))
        return net.fc(x.mean(1))  # type: ignore[no-any-return]

    return Of(
        forward, patches=nn.Conv2d(3, 12, 4, 4), norm1=nn.LayerNorm(12), up=nn.Linear(16, 8), down=nn.Linear(8, 16),
        norm2=nn.LayerNorm(12), mix=nn.Sequential(nn.Linear(12, 24), nn.GELU(), nn.Linear(24, 12)), fc=nn.Linear(12, 5),
    )  # fmt: skip


def recurrent() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        every, (hidden, cell) = net.lstm(net.embed(x))
        return net.fc(torch.cat([every[:, -1], hidden[0], torch.tanh(cell[0])], 1))  # type: ignore[no-any-return]

    return Of(forward, embed=nn.Linear(8, 6), lstm=nn.LSTM(6, 10, batch_first=True), fc=nn.Linear(30, 5))


def gated_recurrent() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(net.conv(x.transpose(1, 2))).transpose(1, 2)
        every, _ = net.gru(x)
        return net.fc(F.glu(every, -1).amax(1))  # type: ignore[no-any-return]

    return Of(
        forward, conv=nn.Conv1d(8, 6, 3, padding=1), gru=nn.GRU(6, 10, batch_first=True, bidirectional=True),
        fc=nn.Linear(10, 5),
    )  # fmt: skip


def u_shaped() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        one = net.in1(x)
        two = net.in2(F.max_pool2d(one, 2))
        x = net.middle(F.max_pool2d(two, 2))
        x = net.out2(torch.cat([net.up2(x), two], 1))
        return net.last(net.out1(torch.cat([net.up1(x), one], 1)))  # type: ignore[no-any-return]

    return Of(
        forward, in1=unit(3, 8), in2=unit(8, 12), middle=unit(12, 16), up2=nn.ConvTranspose2d(16, 12, 2, 2),
        out2=unit(24, 12), up1=nn.ConvTranspose2d(12, 8, 4, 2, 1), out1=unit(16, 8), last=conv(8, 4, 1),
    )  # fmt: skip


def pyramid() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        low = net.low(x)
        high = net.high(low)
        up = F.interpolate(net.lateral(high), scale_factor=2.0, mode="bilinear", align_corners=False)
        return net.out(F.pad(up + net.side(low), (1, 1, 1, 1), "reflect"))  # type: ignore[no-any-return]

    return Of(
        forward, low=unit(3, 8, stride=2), high=unit(8, 16, stride=2), lateral=conv(16, 8, 1), side=conv(8, 8, 1),
        out=nn.Conv2d(8, 4, 3),
    )  # fmt: skip


def normalised() -> nn.Module:
    """Constants in buffers, and functions with numbers."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.conv((x - net.mean) / net.std)
        x = torch.where(x > 0.1, F.softplus(x, 2.0), torch.clamp(x, -1.0, 0.5))
        x = torch.pow(x.abs() + 0.01, 1.5).flip(2)
        return net.fc(x[:, [1, 0, 2, 3]].sum((2, 3)) / 256)  # type: ignore[no-any-return]

    return Of(
        forward, conv=conv(3, 4), mean=torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1),
        std=torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1), fc=nn.Linear(4, 5),
    )  # fmt: skip


def grouped() -> nn.Module:
    """ResNeXt's block with group normalisation, PReLU, pixel shuffle."""

    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.act(net.norm(net.stem(x)))
        x = x + net.conv3(net.act2(net.conv2(F.mish(net.conv1(x)))))
        x = F.pixel_shuffle(x, 2)
        return net.last(F.local_response_norm(x, 3))  # type: ignore[no-any-return]

    return Of(
        forward, stem=conv(3, 8, stride=2), norm=nn.GroupNorm(2, 8), act=nn.PReLU(), conv1=conv(8, 8, 1),
        conv2=conv(8, 8, groups=4), act2=nn.PReLU(8), conv3=conv(8, 8, 1), last=conv(2, 4, 1),
    )  # fmt: skip


def volume() -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(2, 6, 3, padding=1), nn.BatchNorm3d(6), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(6, 8, (1, 3, 3)),
        nn.InstanceNorm3d(8), nn.Tanh(), nn.AdaptiveMaxPool3d(1), nn.Flatten(), nn.Linear(8, 5),
    )  # fmt: skip


def inception() -> nn.Module:
    def forward(net: Any, x: torch.Tensor) -> torch.Tensor:
        x = net.stem(x)
        branches = [net.one(x), net.three(net.reduce(x)), net.tall(net.wide(x)), net.pooled(F.avg_pool2d(x, 3, 1, 1))]
        return net.head(torch.cat(branches, 1))  # type: ignore[no-any-return]

    return Of(
        forward, stem=unit(3, 8), one=unit(8, 4, 1), reduce=unit(8, 3, 1), three=unit(3, 4),
        wide=nn.Conv2d(8, 4, (1, 5), padding=(0, 2)), tall=nn.Conv2d(4, 4, (5, 1), padding=(2, 0)),
        pooled=unit(8, 4, 1), head=nn.Sequential(*head(16)),
    )  # fmt: skip


def written() -> nn.Module:
    """Functions with stored tensors in roles that modules give to parameters; activations by hand, a mask of rows."""

    def forward(net: Any, x: torch.Tensor) -> Any:
        x = F.batch_norm(net.stem(x), net.running_mean, net.running_var, net.gain)
        x = F.prelu(net.norm(x) * torch.sigmoid(x), net.slopes)
        y = F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1)[:, 0]
        y = F.scaled_dot_product_attention(y, y, y, attn_mask=net.score(y))
        y = F.layer_norm(y + torch.baddbmm(y.mean(2, keepdim=True), y, y), (16, 16), net.scale)
        return {"map": x.cumsum(2), "classes": net.fc(y)}

    return Of(
        forward, stem=conv(3, 8), running_mean=torch.zeros(8), running_var=torch.ones(8),
        gain=nn.Parameter(torch.rand(8)), norm=nn.InstanceNorm2d(8, track_running_stats=True),
        slopes=nn.Parameter(torch.rand(8)), score=nn.Linear(16, 1), scale=nn.Parameter(torch.rand(16, 16)),
        fc=nn.Linear(16, 5),
    )  # fmt: skip


IMAGE = (3, 16, 16)
BASES: dict[str, Base] = {
    "plain": (plain, IMAGE),
    "residual": (residual, (3, 32, 32)),
    "preactivated": (preactivated, IMAGE),
    "squeezed": (squeezed, IMAGE),
    "dense": (dense, IMAGE),
    "inverted": (inverted, IMAGE),
    "shuffled": (shuffled, IMAGE),
    "modern": (modern, IMAGE),
    "transformer": (transformer, IMAGE),
    "attentive": (attentive, IMAGE),
    "windowed": (windowed, IMAGE),
    "mixer": (mixer, IMAGE),
    "recurrent": (recurrent, (7, 8)),
    "gated_recurrent": (gated_recurrent, (7, 8)),
    "u_shaped": (u_shaped, IMAGE),
    "pyramid": (pyramid, IMAGE),
    "normalised": (normalised, IMAGE),
    "grouped": (grouped, IMAGE),
    "volume": (volume, (2, 6, 8, 8)),
    "inception": (inception, IMAGE),
    "written": (written, IMAGE),
    "lenet5": (lambda: archscope.build("lenet5"), (1, 32, 32)),
    "resnet18": (lambda: archscope.build("resnet18", options={"num_classes": 5}), (3, 64, 64)),
    "mobilenet": (
        lambda: archscope.build("mobilenet_v1", options={"width_multiplier": 0.25, "num_classes": 5}),
        (3, 64, 64),
    ),
    "xception": (lambda: archscope.build("xception", options={"middle_blocks": 1, "num_classes": 5}), (3, 75, 75)),
}
