"""Encoder-decoders as people write them: concatenated or added skip connections, none, nested modules, no padding."""

import itertools

import torch
from torch import nn

CHANNELS = (8, 16, 32, 64)
PAIRS = tuple(itertools.pairwise(CHANNELS))


def twice(in_channels: int, out_channels: int, padding: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=padding), nn.BatchNorm2d(out_channels), nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=padding), nn.BatchNorm2d(out_channels), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self, padding: int = 1) -> None:
        super().__init__()
        self.first, self.pool, self.last = twice(3, 8, padding), nn.MaxPool2d(2), nn.Conv2d(8, 2, 1)
        self.down = nn.ModuleList(twice(a, b, padding) for a, b in PAIRS)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in reversed(PAIRS))
        self.join = nn.ModuleList(twice(b, a, padding) for a, b in reversed(PAIRS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        kept = []
        for down in self.down:
            kept.append(x)
            x = down(self.pool(x))
        for up, join in zip(self.up, self.join, strict=True):
            x = up(x)
            x = join(torch.cat([cropped(kept.pop(), x), x], 1))
        y: torch.Tensor = self.last(x)
        return y


def cropped(x: torch.Tensor, to: torch.Tensor) -> torch.Tensor:
    margin = (x.shape[-1] - to.shape[-1]) // 2
    return x[:, :, margin : margin + to.shape[-2], margin : margin + to.shape[-1]] if margin else x


class Unpadded(UNet):
    """As in the paper: what is kept is cropped to what comes up."""

    def __init__(self) -> None:
        super().__init__(padding=0)


class Unit(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.conv2(self.conv1(x).relu()) + self.shortcut(x)).relu()


class LinkNet(nn.Module):
    """Residual encoder; skip connections are added."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.encoder = nn.ModuleList(nn.Sequential(Unit(a, b, 2), Unit(b, b, 1)) for a, b in PAIRS)
        self.decoder = nn.ModuleList(
            nn.Sequential(nn.Conv2d(b, a, 1), nn.ReLU(), nn.ConvTranspose2d(a, a, 3, 2, 1, 1), nn.ReLU())
            for a, b in reversed(PAIRS)
        )
        self.head = nn.ConvTranspose2d(8, 2, 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = [self.stem(x)]
        for stage in self.encoder:
            kept.append(stage(kept[-1]))
        x = kept.pop()
        for stage in self.decoder:
            x = stage(x) + kept.pop()
        y: torch.Tensor = self.head(x)
        return y


class Pyramid(nn.Module):
    """A convolution on each skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in ((3, 8), *PAIRS))
        self.side = nn.ModuleList(nn.Conv2d(channels, 8, 1) for channels in CHANNELS)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for down in self.down:
            x = down(x).relu()
            kept.append(x)
        y: torch.Tensor = self.side[-1](kept.pop())
        for side in reversed(self.side[:-1]):
            y = self.up(y) + side(kept.pop())
        return y


class Doubled(nn.Module):
    """Two tensors rise from each level to the next: features, and what is predicted of them."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in ((3, 8), *PAIRS))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in ((64, 32), (72, 16), (40, 8)))
        self.predict = nn.ModuleList(nn.Conv2d(a, 8, 3, padding=1) for a in (64, 72, 40))
        self.grow = nn.Upsample(scale_factor=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for down in self.down:
            x = down(x).relu()
            kept.append(x)
        x = kept.pop()
        for up, predict in zip(self.up, self.predict, strict=True):
            x = torch.cat([kept.pop(), up(x).relu(), self.grow(predict(x))], 1)
        return x


class Nested(nn.Module):
    """Each level a module that holds the next, as in pix2pix."""

    def __init__(self, level: int = 0) -> None:
        super().__init__()
        width, wider = PAIRS[level]
        deepest = level + 1 == len(PAIRS)
        self.down = nn.Conv2d(width if level else 3, wider, 4, 2, 1)
        self.inner = None if deepest else Nested(level + 1)
        self.up = nn.ConvTranspose2d(wider if deepest else 2 * wider, width, 4, 2, 1)
        self.keeps = level > 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.down(x).relu()
        y = self.up(self.inner(y) if self.inner else y).relu()
        return torch.cat([x, y], 1) if self.keeps else y


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*[nn.Conv2d(a, b, 3, 2, 1) for a, b in ((3, 8), *PAIRS)])
        self.decoder = nn.Sequential(*[nn.ConvTranspose2d(b, a, 2, 2) for a, b in reversed(((3, 8), *PAIRS))])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.decoder(self.encoder(x))
        return y
