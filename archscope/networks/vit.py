"""Vision Transformer. Dosovitskiy, Beyer, Kolesnikov, Weissenborn, Zhai, Unterthiner, Dehghani, Minderer, Heigold,
Gelly, Uszkoreit, Houlsby, "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", ICLR 2021,
arXiv:2010.11929, Table 1, Figure 1 and equations 1 to 4.

Not a convolutional network, and here for contrast: but for its first layer, which cuts the image into patches, nothing
knows what is beside what. `patch_size` is the paper's P. The positions belong to one size of image, `image_size`; the
head is the one of fine-tuning, a single layer (section 3.1). Epsilon is 1e-6, as in the authors' code.
"""

import torch
from torch import nn

from archscope.networks import network
from archscope.networks.layers import Residual, series


class Embedding(nn.Module):
    """Equation 1: a vector a patch, before them one of the class, and to each what says where it is."""

    def __init__(self, width: int, patch_size: int, image_size: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch_size, patch_size)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, (image_size // patch_size) ** 2 + 1, width) * 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = self.patches(x).flatten(2).transpose(1, 2)  # patches x width
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), patches], 1)
        return tokens + self.position


class SelfAttention(nn.Module):
    """Appendix A: every vector is a mean of all, weighted by how its query meets their keys, head by head."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = self.qkv(x).unflatten(2, (3, self.heads, -1))  # tokens x 3 x heads x width of a head
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        joined: torch.Tensor = self.project(mixed.transpose(1, 2).flatten(2))
        return joined


class ClassToken(nn.Module):
    """The first vector, which stands for the image."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0]


def encoder_block(width: int, mlp: int, heads: int) -> nn.Module:
    """Figure 1, right: equations 2 and 3."""
    return series(
        msa=Residual(series(norm=nn.LayerNorm(width, 1e-6), attention=SelfAttention(width, heads))),
        mlp=Residual(
            series(
                norm=nn.LayerNorm(width, 1e-6),
                fc1=nn.Linear(width, mlp), gelu=nn.GELU(), fc2=nn.Linear(mlp, width),
            )
        ),
    )  # fmt: skip


# Table 1: layers, hidden size D, MLP size, heads; and the patch size P.
TABLE_1 = {
    "vit_b_16": (12, 768, 3072, 12, 16),
    "vit_l_16": (24, 1024, 4096, 16, 16),
}


@network(TABLE_1)
def vit(
    layers: int, width: int, mlp: int, heads: int, /,
    patch_size: int, num_classes: int = 1000, image_size: int = 224,
) -> nn.Module:  # fmt: skip
    if image_size < patch_size:
        raise ValueError(f"a patch of {patch_size} pixels does not fit an image of {image_size}")
    return series(
        embedding=Embedding(width, patch_size, image_size),                                # 197 x 768
        encoder=series(**{f"block{i}": encoder_block(width, mlp, heads) for i in range(1, layers + 1)}),
        head=series(norm=nn.LayerNorm(width, 1e-6), token=ClassToken(), fc=nn.Linear(width, num_classes)),
    )  # fmt: skip
