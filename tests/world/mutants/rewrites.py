"""Other ways to write foreign networks, made by hand: each computes the same, and is identical."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.world.mutants.changes import Change, Mutant, after, as_function, before, calls, edited, instead, replaced

REWRITES: list[Mutant] = []


def of(base: str, *rows: tuple[str, Change]) -> None:
    REWRITES.extend(Mutant(base, what, "", change) for what, change in rows)


def by_hand(f: Any, q: Any, k: Any, v: Any, *args: Any, **named: Any) -> Any:
    scale = named.get("scale") or q.shape[-1] ** -0.5
    return ((q * scale) @ k.transpose(-2, -1)).softmax(-1) @ v


def every(name: str, replacement: Callable[..., Any]) -> Change:
    return calls(name, replacement, None)


def projected(f: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    found = x @ weight.t()
    return found if bias is None else found + bias


def in_three(attention: Any, x: Any, **_: Any) -> Any:
    """Queries, keys and values by one layer each, of slices of the weight."""
    b, n, c = x.shape
    heads, width = attention.num_heads, c // attention.num_heads
    q, k, v = (part.reshape(b, n, heads, width).transpose(1, 2) for part in attention.qkv(x).split(c, -1))
    return attention.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def first_token(f: Any, x: Any, key: Any) -> Any:
    return x.narrow(1, 0, 1).squeeze(1)


of("timm vit",
   ("attention by hand", every("scaled_dot_product_attention", by_hand)),
   ("queries, keys and values by a split", as_function("blocks.0.attn", in_three)),
   ("the first token by narrow", calls("__getitem__", first_token)),
   ("the first token by unbind", calls("__getitem__", lambda f, x, key: x.unbind(1)[0])),
   ("positions first", calls("add", lambda f, x, y: f(y, x))),
   ("patches by permute and reshape",
    calls("flatten", lambda f, x, dim: x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[1]).mT)),
   ("fully connected layers as products", every("linear", projected)),
   ("without modules that do nothing", replaced("blocks.0.ls1", lambda m: nn.Sequential())),
   ("written out", as_function("blocks.0", lambda b, x: (x := x + b.attn(b.norm1(x))) + b.mlp(b.norm2(x)))),
   ("recomputed in training", edited("", lambda net: net.set_grad_checkpointing(True))),
)  # fmt: skip

of("timm swin",
   ("shifted by positive numbers",
    calls("roll", lambda f, x, shifts, dims: f(x, tuple(one % 14 for one in shifts), dims))),
   ("one axis at a time", calls("roll", lambda f, x, shifts, dims: f(f(x, shifts[0], dims[0]), shifts[1], dims[1]))),
   ("attention by torch's function", edited("layers.0.blocks.0.attn", lambda a: setattr(a, "fused_attn", True))),
   ("windows by unflatten", calls("view", lambda f, x, *s: x.unflatten(1, (-1, 7)).unflatten(3, (-1, 7)))),
)  # fmt: skip

of("timm convnext",
   ("normalised channels last",
    every("permute", lambda f, x, *axes: x.movedim(1, -1) if axes[1] == 2 else x.movedim(-1, 1))),
   ("gamma in place", calls("mul", lambda f, x, y: x.mul_(y) if not x.is_leaf or not x.requires_grad else f(x, y))),
   ("the mean in two steps", instead("head.global_pool.pool", lambda x: x.mean(3, keepdim=True).mean(2, keepdim=True))),
   ("GELU written out", replaced("stages.0.blocks.0.mlp.act", lambda m: Gelu())),
)  # fmt: skip


class Gelu(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 0.5 * (1 + torch.erf(x / 2**0.5))  # type: ignore[no-any-return]


def fully_connected(gate: Any, x: Any) -> Any:
    y = F.linear(x.mean((2, 3)), gate.fc1.weight.flatten(1), gate.fc1.bias).relu()
    return x * F.linear(y, gate.fc2.weight.flatten(1), gate.fc2.bias).sigmoid()[:, :, None, None]


of("timm regnety",
   ("a gate of vectors", as_function("s1.b1.se", fully_connected)),
   ("a gate by pooling", as_function("s1.b1.se", lambda g, x: g.gate(
       g.fc2(g.act(g.fc1(F.adaptive_avg_pool2d(x, 1))))) * x)),
   ("rectified by a clamp", every("relu", lambda f, x, *a, **o: x.clamp(min=0))),
)  # fmt: skip

of("timm efficientnet",
   ("swish by hand", every("silu", lambda f, x, *a, **o: x * x.sigmoid())),
   ("the mean of places", instead("global_pool", lambda x: x.flatten(2).mean(-1))),
   ("a pass through the same type", after("blocks.0", lambda x: x.to(x.dtype).contiguous().clone())),
   ("no dropout layers at rate 0", before("classifier", lambda x: F.dropout(x, 0.0))),
)  # fmt: skip

of("timm ghostnet",
   ("the first channels by narrow", every("__getitem__", lambda f, x, key: x.narrow(1, 0, key[1].stop or x.shape[1]))),
   ("a hard sigmoid by hand", every("hardsigmoid", lambda f, x, *a, **o: F.relu6(x + 3) / 6)),
)  # fmt: skip


def by_functions(net: Any, x: Any) -> Any:
    x = F.max_pool2d(F.relu(net.bn1(net.conv1(x))), 3, 2, 1)
    for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
        for block in stage:
            y = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))
            x = torch.relu((block.downsample(x) if block.downsample else x) + y)
    return net.fc(x.mean((-2, -1)))


of("torchvision resnet",
   ("written by functions", as_function("", by_functions)),
   ("shortcut first", every("add_", lambda f, x, y: y + x)),
   ("flattened by view", calls("flatten", lambda f, x, *a: x.view(x.shape[0], -1))),
   ("normalised by torch's function", as_function("bn1", lambda n, x: F.batch_norm(
       x, n.running_mean, n.running_var, n.weight, n.bias, False, n.momentum, n.eps))),
)  # fmt: skip

of("torchvision shufflenet",
   ("shuffled by torch's function", as_function("stage2.1", lambda b, x: F.channel_shuffle(
       torch.cat([x.chunk(2, 1)[0], b.branch2(x.chunk(2, 1)[1])], 1), 2))),
   ("halves by slices", every("chunk", lambda f, x, *a, **o: (x[:, : x.shape[1] // 2], x[:, x.shape[1] // 2 :]))),
)  # fmt: skip


def last_first(module: Any, x: Any) -> Any:
    parts = [branch(x) for branch in (module.branch4, module.branch3, module.branch2, module.branch1)]
    return torch.cat(parts[::-1], 1)


of("torchvision googlenet",
   ("branches from the last to the first", as_function("inception3a", last_first)),
   ("joined two by two", as_function("inception3a", lambda m, x: torch.cat(
       [torch.cat([m.branch1(x), m.branch2(x)], 1), torch.cat([m.branch3(x), m.branch4(x)], 1)], 1))),
)  # fmt: skip

of("torchvision densenet",
   ("all features in one concatenation", edited("features.denseblock1.denselayer3", lambda d: setattr(
       d, "memory_efficient", True))),
)  # fmt: skip

of("smp unet",
   ("twice the size by a factor", every("interpolate", lambda f, x, *a, **o: f(x, scale_factor=2, mode="nearest"))),
   ("twice the size by nn.Upsample", every("interpolate", lambda f, x, *a, **o: f(
       x, (2 * x.shape[2], 2 * x.shape[3]), mode="nearest"))),
)  # fmt: skip

of("transformers llama",
   ("the two projections by each other's name", edited("net.model.layers.0.mlp", lambda m: setattr(
       m, "forward", lambda x: m.down_proj(m.act_fn(m.up_proj(x)) * m.gate_proj(x))))),
   ("a root's reciprocal", every("rsqrt", lambda f, x: 1 / x.sqrt())),
   ("squares as products", every("pow", lambda f, x, by: x * x)),
)  # fmt: skip

of("transformers gpt2",
   ("addmm as a product and a sum", every("addmm", lambda f, bias, x, weight: x @ weight + bias)),
   ("heads by reshape", every("view", lambda f, x, *s: x.reshape(*s))),
)  # fmt: skip
