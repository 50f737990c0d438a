"""VGG-16 whose fully connected layers are convolutions over the whole map."""

from torch import nn


class ConvolutionalVGG(nn.Module):
    """`dropout` rates of the two hidden layers; `padding` of the fourth stage's convolutions; `dilation` of the last
    stage's; `classes`; `hidden` units; `ceil_mode` of the pools; `depths`: convolutions of each stage."""

    def __init__(
        self, dropout=(0.5, 0.5), padding=1, dilation=1, classes=1000, hidden=4096, depths=(2, 2, 3, 3, 3), norm=False
    ):
        super().__init__()
        layers, channels, size = [], 3, 224
        for stage, (width, depth) in enumerate(zip((64, 128, 256, 512, 512), depths, strict=True), start=1):
            spread = dilation if stage == 5 else 1
            edge = padding if stage == 4 else spread
            for _ in range(depth):
                layers += [nn.Conv2d(channels, width, 3, 1, edge, spread)]
                layers += [nn.BatchNorm2d(width)] if norm else []
                layers += [nn.ReLU()]
                channels = width
                size += 2 * edge - 2 * spread
            layers.append(nn.MaxPool2d(2))
            size //= 2
        for into, kernel, rate in ((512, size, dropout[0]), (hidden, 1, dropout[1])):
            layers += [nn.Conv2d(into, hidden, kernel), nn.ReLU(), nn.Dropout(rate)]
        self.all = nn.Sequential(*layers, nn.Conv2d(hidden, classes, 1))

    def forward(self, x):
        return self.all(x)[:, :, 0, 0]
