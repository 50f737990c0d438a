"""Mutants made by hand, of kinds that the bench of generated ones has not: what people get wrong."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.world.mutants.changes import (
    Change,
    Mutant,
    after,
    as_function,
    before,
    calls,
    edited,
    instead,
    joined,
    replaced,
    weight,
)

MUTANTS: list[Mutant] = []
VIEWS = "axes|order|elements|reshape"


def of(base: str, *rows: tuple[Any, ...]) -> None:
    """What is changed, what the one row says, the change, and whether it is one of training alone."""
    MUTANTS.extend(Mutant(base, *row) for row in rows)


# ---- attention -------------------------------------------------------------------------------------------------


def attending(change: Callable[..., Any]) -> Change:
    """The first attention: a function of what calls it, queries, keys and values."""
    return calls("scaled_dot_product_attention", lambda f, q, k, v, **named: change(f, q, k, v, named))


def post_norm(block: Any, x: Any) -> Any:
    x = block.norm1(x + block.attn(x))
    return block.norm2(x + block.mlp(x))


def residual_of_normed(block: Any, x: Any) -> Any:
    x = block.norm1(x)
    x = x + block.attn(x)
    return x + block.mlp(block.norm2(x))


def parallel(block: Any, x: Any) -> Any:
    return x + block.attn(block.norm1(x)) + block.mlp(block.norm2(x))


of("timm vit",
   ("the second token is read", "element|index|choice|slice|place", calls("__getitem__", lambda f, x, key: x[:, 1])),
   ("the mean of all tokens is read", "mean|average", calls("__getitem__", lambda f, x, key: x.mean(1))),
   ("class token last", "order", calls("cat", lambda f, parts, dim: f(parts[::-1], dim))),
   ("position embedding from behind", "flip", calls("add", lambda f, x, y: f(x, y.flip(1)))),
   ("position embedding twice", "2|twice|scal", calls("add", lambda f, x, y: f(x, 2 * y))),
   ("no position embedding", "addition of pos_embed missing", calls("add", lambda f, x, y: x)),
   ("rows and columns of patches exchanged", VIEWS, calls("flatten", lambda f, x, dim: f(x.transpose(2, 3), dim))),
   ("a view where a transposition is meant", VIEWS,
    calls("transpose", lambda f, x, i, j: x.reshape(x.shape[0], x.shape[2], x.shape[1]))),
   ("queries and keys exchanged", "order|operand|reads|part|quer", attending(lambda f, q, k, v, o: f(k, q, v, **o))),
   ("keys as values", "from element 192 on instead of 384",
    attending(lambda f, q, k, v, o: f(q, k, k, **o))),
   ("causal attention", "causal", attending(lambda f, q, k, v, o: f(q, k, v, **o | {"is_causal": True}))),
   ("scaled by the whole width", "scale", attending(lambda f, q, k, v, o: f(q, k, v, scale=192**-0.5))),
   ("attention drops in evaluation", "dropout", attending(lambda f, q, k, v, o: f(q, k, v, **o | {"dropout_p": 0.1}))),
   ("heads across the channels", VIEWS,
    calls("reshape", lambda f, x, *s: x.reshape(*x.shape[:2], 3, 64, 3).transpose(3, 4))),
   ("heads joined in another order", VIEWS, calls("transpose", lambda f, x, i, j: x.permute(0, 2, 3, 1), 1)),
   ("normalised after the sum", "after|before|instead of", as_function("blocks.0", post_norm)),
   ("the shortcut is normalised", "shortcut", as_function("blocks.0", residual_of_normed)),
   ("attention and perceptron beside each other", "shortcut|beside|reads|connected|norm",
    as_function("blocks.1", parallel)),
   ("one perceptron for two blocks", "share|weights of|called", joined("blocks.1.mlp", "blocks.0.mlp")),
   ("one fully connected layer of two blocks", "share|weights of|called",
    joined("blocks.1.mlp.fc1", "blocks.0.mlp.fc1")),
   ("GELU after the perceptron", "GELU.*(after|before)",
    as_function("blocks.0.mlp", lambda m, x: m.act(m.fc2(m.fc1(x))))),
   ("blue, green, red", "flip|order|channel", before("", lambda x: x.flip(1))),
   ("images from -1 to 1", "scal|subtract|shift|minus|addition|plus|added", before("", lambda x: x * 2 - 1)),
   ("probabilities", "softmax", after("", lambda x: x.softmax(-1))),
   ("the root of mean squares", "rms norm", replaced("norm", lambda n: nn.RMSNorm(192, n.eps, dtype=torch.float64))),
   ("in half precision on the way", "float16|half|cast|precision", after("blocks.0", lambda x: x.half().to(x.dtype))),
   ("rounded on the way", "round", after("blocks.0", torch.round)),
   ("weights by their size", "abs", weight("head", torch.abs)),
   ("weights without their mean", "mean|subtract|weight", weight("head", lambda w: w - w.mean(1, keepdim=True))),
)  # fmt: skip


class Merged(nn.Module):
    """Swin's patch merging, columns before rows."""

    def __init__(self, merging: Any) -> None:
        super().__init__()
        self.merging = merging

    def forward(self, x: torch.Tensor) -> Any:
        b, h, w, c = x.shape
        parts = x.reshape(b, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).flatten(3)
        return self.merging.reduction(self.merging.norm(parts))


def rolled(change: Callable[..., Any], nth: int | None = 0) -> Change:
    return calls("roll", lambda f, x, **named: change(f, x, named["shifts"], named["dims"]), nth)


def one_place_changed(attention: Any) -> None:
    attention.relative_position_index.view(-1)[5] = 7


of("timm swin",
   ("shifted the other way", "roll|shift", rolled(lambda f, x, by, dims: f(x, tuple(-one for one in by), dims))),
   ("not shifted back", "roll|shift", rolled(lambda f, x, by, dims: x, 1)),
   ("shifted by one less", "roll|shift", rolled(lambda f, x, by, dims: f(x, tuple(one + 1 for one in by), dims))),
   ("shifted along one axis", "roll|shift", rolled(lambda f, x, by, dims: f(x, by[:1], dims[:1]))),
   ("a mask of zeros", "mask|constant",
    edited("layers.0.blocks.1", lambda b: b.register_buffer("attn_mask", torch.zeros_like(b.attn_mask), False))),
   ("no mask", "mask|addition|constant", edited("layers.0.blocks.1", lambda b: setattr(b, "attn_mask", None))),
   ("one place of the bias", "relative_position_index", edited("layers.0.blocks.0.attn", one_place_changed)),
   ("bias transposed", VIEWS, calls("unsqueeze", lambda f, x, dim: f(x.mT, dim))),
   ("neighbours merged in another order", VIEWS, replaced("layers.1.downsample", Merged)),
   ("windows by columns", VIEWS, calls("permute", lambda f, x, *axes: f(x, 0, 3, 1, 2, 4, 5), 1)),
)  # fmt: skip

of("timm xcit",
   ("no temperature", "temperature|scal|product", calls("mul", lambda f, x, y: x, 3)),
   ("normalised by the largest", "norm", calls("normalize", lambda f, x, **o: f(x, p=float("inf"), dim=o["dim"]))),
   ("normalised along the channels", "norm|axis|axes|dim", calls("normalize", lambda f, x, **o: f(x, dim=-2))),
)  # fmt: skip

of("timm eva",
   ("turned the other way", "scaling by -1 missing", calls("neg", lambda f, x: x)),
   ("sine for cosine", "pos_embed holds other numbers", calls("chunk", lambda f, x, *a, **o: f(x, *a, **o)[::-1])),
   ("the gate is the other half", "order|operand|SiLU|half|part|reads",
    calls("chunk", lambda f, x, *a, **o: f(x, *a, **o)[::-1], 2)),
)  # fmt: skip


def keys_first(f: Any, x: Any, *args: Any, **named: Any) -> Any:
    queries, keys, values = f(x, *args, **named)
    return keys, queries, values


# ---- words -------------------------------------------------------------------------------------------------------

of("transformers bert",
   ("the second kind of sentence", "shift by 1",
    calls("gather", lambda f, *a, **o: f(*a, **o) + 1)),
   ("the last word is pooled", "element|index|choice|slice", edited("net.bert.pooler", lambda p: setattr(
       p, "forward", lambda x: p.activation(p.dense(x[:, -1]))))),
   ("places from behind", "flip|embedding|position",
    edited("net.bert.embeddings", lambda e: setattr(e, "position_ids", e.position_ids.flip(1)))),
   ("the kind of sentence counts twice", "scaling by 2", calls("add", lambda f, x, y: f(x, 2 * y))),
   ("an embedding that is held to a length", "max norm",
    edited("net.bert.embeddings.word_embeddings", lambda e: setattr(e, "max_norm", 0.1))),
   ("a word that does not train", "padding_idx",
    edited("net.bert.embeddings.word_embeddings", lambda e: setattr(e, "padding_idx", 3)), True),
)  # fmt: skip

of("transformers gpt2",
   ("sees what comes", "causal", attending(lambda f, q, k, v, o: f(q, k, v, **o | {"is_causal": False}))),
   ("places from one", "addition|plus|arange|from|start|1", calls("arange", lambda f, *a, **o: f(*a, **o) + 1)),
   ("sees one more", "a mask where the reference is causal", attending(lambda f, q, k, v, o: f(
       q, k, v, attn_mask=torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril(1)))),
   ("keys before queries", "order|operand|part|quer|reads", calls("split", keys_first)),
   ("exact GELU", "GELU|approximate", replaced("net.transformer.h.0.mlp.act", lambda m: nn.GELU())),
   ("a head with weights of its own", "share|weights of|own|tied",
    edited("net.lm_head", lambda h: setattr(h, "weight", nn.Parameter(h.weight.detach().clone())))),
)  # fmt: skip

of("transformers llama",
   ("keys repeated as a whole", "order|repeat|head|group|axes|expand",
    attending(lambda f, q, k, v, o: f(q, k.repeat(1, 2, 1, 1), v.repeat(1, 2, 1, 1), **o | {"enable_gqa": False}))),
   ("another base of the rotation", "inv_freq", edited("net.model.rotary_emb", lambda r: r.inv_freq.pow_(1.1))),
   ("another epsilon", "1e-05|eps|0.01|addition|added",
    edited("net.model.norm", lambda n: setattr(n, "variance_epsilon", 0.01))),
   ("normalised by the mean of sizes", "abs|power|square|pow", calls("pow", lambda f, x, by: x.abs())),
)  # fmt: skip

# ---- convolutions ----------------------------------------------------------------------------------------------


def gated(function: Callable[..., Any]) -> Change:
    """The first gate by a function of the map, of the layers of the gate, and of its sigmoid."""
    return as_function(
        "s1.b1.se", lambda gate, x: function(x, lambda y: gate.fc2(gate.act(gate.fc1(y))), gate.gate, (2, 3))
    )


def batch_statistics(norm: Any, x: Any) -> Any:
    """A normalisation that evaluation does not reach."""
    return norm.act(norm.drop(F.batch_norm(x, None, None, norm.weight, norm.bias, True, 0.1, norm.eps)))


of("timm regnety",
   ("the gate is added", "adds", gated(lambda x, f, g, hw: x + g(f(x.mean(hw, keepdim=True))))),
   ("the gate by the largest", "max pooling", gated(lambda x, f, g, hw: x * g(f(x.amax(hw, keepdim=True))))),
   ("the gate by the sum", "sum", gated(lambda x, f, g, hw: x * g(f(x.sum(hw, keepdim=True))))),
   ("the gate by the deviation", "deviation|std", gated(lambda x, f, g, hw: x * g(f(x.std(hw, keepdim=True))))),
   ("a gate of each row", "rows|axes|mean|pooling", gated(lambda x, f, g, hw: x * g(f(x.mean(3, keepdim=True))))),
   ("one minus the gate", "scaling by -1 . shift by 1 extra",
    gated(lambda x, f, g, hw: x * (1 - g(f(x.mean(hw, keepdim=True)))))),
   ("the gate twice", "twice|extra|square", gated(lambda x, f, g, hw: x * g(f(x.mean(hw, keepdim=True))) ** 2)),
   ("the gate of squares", "square|power", gated(lambda x, f, g, hw: x * g(f(x.square().mean(hw, keepdim=True))))),
   ("the same gate again", "again|twice|times|called", as_function("s1.b1.se", lambda gate, x: gate(gate(x)))),
   ("groups in another order", "choice of elements", before("s1.b1.conv2.conv", lambda x: F.channel_shuffle(x, 3))),
   ("statistics of the batch", "statistics|batch", as_function("s2.b1.conv1.bn", batch_statistics)),
   ("the mean of the upper half", "slice|rows|element", before("head.global_pool", lambda x: x[:, :, :1])),
)  # fmt: skip


def shortcut_after_norm(block: Any, x: Any) -> Any:
    y = block.norm(block.conv_dw(x))
    return y + block.mlp(y) * block.gamma.view(1, -1, 1, 1)


def around(layer: Any) -> nn.Module:
    """Padded from the other edge."""
    layer.padding_mode = "circular"
    layer._reversed_padding_repeated_twice = [3, 3, 3, 3]
    return layer


of("timm convnext",
   ("no scale of a layer", "gamma|scal|product", edited("stages.0.blocks.0", lambda b: setattr(b, "gamma", None))),
   ("one gamma of two blocks", "share|gamma|weights of",
    edited("stages.0.blocks", lambda stage: setattr(stage[1], "gamma", stage[0].gamma))),
   ("rows and columns exchanged", VIEWS, calls("permute", lambda f, x, *axes: f(x, 0, 3, 2, 1), 3)),
   ("windows around the edge", "circular|pad", replaced("stages.0.blocks.0.conv_dw", around)),
   ("the kernel turned by 180 degrees", "flip", weight("stages.0.blocks.0.conv_dw", lambda w: w.flip(2, 3))),
   ("the kernel transposed", "weight changed by mT", weight("stages.0.blocks.0.conv_dw", lambda w: w.mT)),
   ("GELU by its sigmoid", "SiLU with slope 1.702 instead of GELU",
    instead("stages.1.blocks.0.mlp.act", lambda x: x * (1.702 * x).sigmoid())),
   ("shortcut after the norm", "shortcut", as_function("stages.1.blocks.0", shortcut_after_norm)),
   ("the corner instead of the mean", "slice|pooling|element",
    instead("head.global_pool.pool", lambda x: x[:, :, :1, :1])),
)  # fmt: skip

of("timm efficientnet",
   ("the shortcut is averaged", "scal|0.5", after("blocks.1.1", lambda x: x / 2)),
   ("the shortcut counts half", "scal|0.5", as_function("blocks.1.1", lambda b, x: b(x) - 0.5 * x)),
   ("swish with a slope", "1.5|scal", instead("blocks.1.0.bn1.act", lambda x: x * torch.sigmoid(1.5 * x))),
   ("channels dropped in evaluation", "dropout", after("blocks.2.0", lambda x: F.dropout2d(x, 0.2, True))),
   ("noise in evaluation", "random|noise|normal|randn", after("blocks.2.0", lambda x: x + torch.randn_like(x))),
   ("a channel later", "roll", before("blocks.2.1.se", lambda x: x.roll(1, 1))),
   ("negative features kept out", "ReLU", before("classifier", torch.relu)),
   ("features of length one", "normal|norm|divi", before("classifier", F.normalize)),
   ("features in order of size", "sort", before("classifier", lambda x: x.sort(-1)[0])),
   ("features summed up", "cumsum|cumulative|sum", before("classifier", lambda x: x.cumsum(-1))),
   ("the largest features alone", "top|kth|filled|mask|where|zero", before(
       "classifier", lambda x: x * (x >= x.topk(9)[0][:, -1:]))),
   ("a frozen first layer", "train|frozen|gradient", edited("conv_stem", lambda c: c.requires_grad_(False)), True),
)  # fmt: skip

of("timm ghostnet",
   ("cheap features first", "order", calls("cat", lambda f, parts, dim: f(parts[::-1], dim), 1)),
   ("cheap features from behind", "flip|order",
    calls("cat", lambda f, parts, dim: f([parts[0], parts[1].flip(1)], dim), 1)),
   ("the gate is a sigmoid", "sigmoid", calls("hardsigmoid", lambda f, x, *a, **o: x.sigmoid())),
   ("the map is written over in part", "fill|zero|assign|write|index|slice|copy|constant",
    after("blocks.1.0", lambda x: torch.cat([x[:, :1] * 0, x[:, 1:]], 1))),
)  # fmt: skip


def blanked(x: torch.Tensor) -> torch.Tensor:
    x = x.clone()
    x[:, :, 0, 0] = 0
    return x


def added_in_place(x: torch.Tensor) -> torch.Tensor:
    x = x.clone()
    x[:, :4] += x[:, 4:8]
    return x


of("torchvision resnet",
   ("the corner is zero", "assignment to a part", after("layer1.0", blanked)),
   ("channels added to others", "addition|slice|writ|copy|element", after("layer1.0", added_in_place)),
   ("the larger of block and shortcut", "larger", calls("add_", lambda f, x, y: torch.maximum(x, y))),
   ("rows and columns exchanged", VIEWS, after("layer2", lambda x: x.mT)),
   ("turned by 90 degrees", "rot|flip|axes|permut|transpos", after("layer2", lambda x: x.rot90(1, (2, 3)))),
   ("rectified at 10", "clamp|10|hardtanh|limit|minimum", after("layer1", lambda x: x.clamp(max=0.5))),
   ("pooled by the smallest", "scaling by -1", instead("maxpool", lambda x: -F.max_pool2d(-x, 3, 2, 1))),
   ("pooled by samples", "stride|slice|step|sampl", instead("maxpool", lambda x: x[:, :, ::2, ::2])),
   ("smaller by interpolation", "interpolation instead of",
    instead("maxpool", lambda x: F.interpolate(x, scale_factor=0.5))),
   ("statistics counted without a mean", "momentum|statistics",
    edited("bn1", lambda n: setattr(n, "momentum", None)), True),
)  # fmt: skip

of("torchvision shufflenet",
   ("halves exchanged", "order|half|part|reads|chunk|split", calls("chunk", lambda f, x, *a, **o: f(x, *a, **o)[::-1])),
   ("not shuffled", "permutation of axes missing", calls("transpose", lambda f, x, i, j: x)),
   ("every second channel", "slice|element|step|part|chunk|choice|split",
    calls("chunk", lambda f, x, *a, **o: (x[:, ::2], x[:, 1::2]))),
)  # fmt: skip

of("torchvision googlenet",
   ("two branches exchanged", "order", calls("cat", lambda f, parts, dim: f([parts[1], parts[0], *parts[2:]], dim))),
   ("a second branch is pooled", "3x3 max pooling extra", as_function("inception3a", lambda m, x: torch.cat(
       [m.branch1(x), m.branch2(x), m.branch3(m.branch4[0](x)), m.branch4(x)], 1))),
   ("pooled after the reduction", "before|after", as_function("inception3a.branch4", lambda m, x: m[0](m[1](x)))),
)  # fmt: skip

of("torchvision densenet",
   ("newest features first", "order", calls("cat", lambda f, parts, dim: f(parts[::-1], dim), 2)),
   ("the oldest features left out", "scaling by 0",
    calls("cat", lambda f, parts, dim: f([parts[0] * 0, *parts[1:]], dim), 2)),
)  # fmt: skip

of("torchvision r3d",
   ("time and height exchanged", VIEWS, before("", lambda x: x.transpose(2, 3))),
   ("time backwards", "flip", before("", lambda x: x.flip(2))),
   ("the last moment alone", "slice|pooling|element|choice", before("layer1", lambda x: x[:, :, -1:])),
)  # fmt: skip

# ---- pictures from pictures ------------------------------------------------------------------------------------


def resized(**options: Any) -> Change:
    return calls("interpolate", lambda f, x, *a, **named: f(x, scale_factor=2, **options))


of("smp unet",
   ("bilinear", "bilinear", resized(mode="bilinear")),
   ("bilinear at the corners", "bilinear", resized(mode="bilinear", align_corners=True)),
   ("bicubic", "bicubic", resized(mode="bicubic")),
   ("what was skipped comes first", "order", calls("cat", lambda f, parts, dim: f(parts[::-1], dim))),
   ("by pixels moved out of channels", "instead of interpolation",
    calls("interpolate", lambda f, x, *a, **o: F.pixel_shuffle(x.repeat(1, 4, 1, 1), 2))),
)  # fmt: skip

of("monai segresnet",
   ("skips subtracted", "subtract|minus|negat", calls("add", lambda f, x, y: x - y)),
   ("corners aligned", "align", calls("interpolate", lambda f, x, *a, **o: f(
       x, *a, **o | {"align_corners": not o.get("align_corners")}))),
   ("fewer groups", "groups", edited("down_layers.0.1.norm1", lambda n: setattr(n, "num_groups", 4))),
)  # fmt: skip

of("timm nfnet",
   ("weights not standardised", "batch norm|standard|normal|weight", calls("batch_norm", lambda f, x, *a, **o: x, 1)),
   ("another gain", "scal|gain|2", calls("relu", lambda f, x, *a, **o: f(x, *a, **o) * 1.2)),
)  # fmt: skip

of("timm poolformer",
   ("the mean is not subtracted", "subtract|minus|shortcut",
    as_function("stages.0.blocks.0.token_mixer", lambda m, x: m.pool(x))),
   ("the padding counts", "count",
    edited("stages.0.blocks.0.token_mixer.pool", lambda p: setattr(p, "count_include_pad", True))),
)  # fmt: skip


def unturned(block: Any, x: Any) -> Any:
    y = x + block.mlp_tokens(block.norm1(x).reshape(x.shape[0], x.shape[2], x.shape[1])).transpose(1, 2)
    return y + block.mlp_channels(block.norm2(y))


of("timm mixer",
   ("places are not turned", VIEWS, as_function("blocks.0", unturned)),
   ("the largest place", "max", calls("mean", lambda f, x, *a, **o: x.amax(1))),
)  # fmt: skip

of("torchvision mobilenet",
   ("a swish that is not hard", "SiLU|swish", instead("features.0.2", F.silu)),
   ("the classifier without what lies between", "missing|Hardswish|hard swish", instead("classifier.1", lambda x: x)),
   ("two heads averaged", "addition|scal|0.5|extra", as_function("classifier", lambda m, x: (m(x) + m(-x)) / 2)),
)  # fmt: skip
