"""Two networks whose tensors have their channels last within, as a reader of the gallery would write them.

ConvNeXt-T: Liu et al., "A ConvNet for the 2020s", arXiv:2201.03545, Table 9, without layer scale.
Swin-T: Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows", arXiv:2103.14030,
Table 7, without its mask and its biases of relative positions.
"""

import torch
from torch import nn

WIDTHS, HEADS, WINDOW = (96, 192, 384, 768), (3, 6, 12, 24), 7


class ChannelNorm(nn.LayerNorm):
    """Over the channels of each position of C x H x W."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.depthwise(x).permute(0, 2, 3, 1)
        return x + self.mlp(self.norm(y)).permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(self, depths: tuple[int, ...] = (3, 3, 9, 3), classes: int = 1000) -> None:
        super().__init__()
        self.stages = nn.Sequential()
        for i, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True)):
            if i:
                down = nn.Sequential(ChannelNorm(WIDTHS[i - 1]), nn.Conv2d(WIDTHS[i - 1], width, 2, 2))
            else:
                down = nn.Sequential(nn.Conv2d(3, width, 4, 4), ChannelNorm(width))
            blocks = nn.Sequential(*[ConvNeXtBlock(width) for _ in range(depth)])
            self.stages.append(nn.ModuleDict({"down": down, "blocks": blocks}))
        self.norm, self.head = nn.LayerNorm(WIDTHS[-1]), nn.Linear(WIDTHS[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for stage in self.stages:
            x = stage["blocks"](stage["down"](x))
        logits: torch.Tensor = self.head(self.norm(x.mean((2, 3))))
        return logits


class WindowAttention(nn.Module):
    """Attention among the positions of each window of 7 x 7, given H x W x C."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, h, w, c = x.shape
        rows, columns = h // WINDOW, w // WINDOW
        x = x.reshape(n, rows, WINDOW, columns, WINDOW, c).transpose(2, 3).reshape(-1, WINDOW * WINDOW, c)
        q, k, v = self.qkv(x).reshape(len(x), -1, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q * (c // self.heads) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
        x = self.out((weights @ v).transpose(1, 2).reshape(len(x), -1, c))
        return x.reshape(n, rows, columns, WINDOW, WINDOW, c).transpose(2, 3).reshape(n, h, w, c)


class SwinBlock(nn.Module):
    def __init__(self, channels: int, heads: int, shift: int) -> None:
        super().__init__()
        self.shift, self.attention = shift, WindowAttention(channels, heads)
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm1(x)
        if self.shift:
            y = self.attention(y.roll((-self.shift, -self.shift), (1, 2))).roll((self.shift, self.shift), (1, 2))
        else:
            y = self.attention(y)
        x = x + y
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    """Each 2 x 2 positions beside each other, then half as many channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm, self.reduction = nn.LayerNorm(4 * channels), nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        merged: torch.Tensor = self.reduction(self.norm(torch.cat(parts, -1)))
        return merged


class Swin(nn.Module):
    def __init__(self, depths: tuple[int, ...] = (2, 2, 6, 2), classes: int = 1000) -> None:
        super().__init__()
        self.patches, self.norm0 = nn.Conv2d(3, WIDTHS[0], 4, 4), nn.LayerNorm(WIDTHS[0])
        self.stages = nn.ModuleList()
        for i, (depth, width, heads) in enumerate(zip(depths, WIDTHS, HEADS, strict=True)):
            merging = [PatchMerging(width // 2)] if i else []
            blocks = [SwinBlock(width, heads, WINDOW // 2 * (j % 2) * (i < 3)) for j in range(depth)]
            self.stages.append(nn.Sequential(*merging, *blocks))
        self.norm, self.head = nn.LayerNorm(WIDTHS[-1]), nn.Linear(WIDTHS[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm0(self.patches(x).permute(0, 2, 3, 1))
        for stage in self.stages:
            x = stage(x)
        logits: torch.Tensor = self.head(self.norm(x).mean((1, 2)))
        return logits
