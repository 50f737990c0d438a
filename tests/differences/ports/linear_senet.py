"""SE-ResNet-50, its gates as fully connected layers on vectors, written as most tutorials do."""

from torch import nn


class Gate(nn.Module):
    def __init__(self, channels, reduction=16, sigmoid=nn.Sigmoid):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(channels, channels // reduction), nn.ReLU(inplace=True),
                                nn.Linear(channels // reduction, channels), sigmoid())  # fmt: skip

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.fc(self.avg_pool(x).view(b, c)).view(b, c, 1, 1)
        return x * y.expand_as(x)


class SEBottleneck(nn.Module):
    def __init__(self, inplanes, planes, stride, gate, relu_at_end=True):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, planes * 4, 1, bias=False), nn.BatchNorm2d(planes * 4)
        self.relu = nn.ReLU(inplace=True)
        self.gate = gate(planes * 4) if gate else None
        self.downsample = None
        if inplanes != planes * 4:
            self.downsample = nn.Sequential(
                nn.Conv2d(inplanes, planes * 4, 1, stride, bias=False), nn.BatchNorm2d(planes * 4)
            )

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        if self.gate is not None:
            out = self.gate(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class LinearSENet(nn.Module):
    """`reduction` and `sigmoid` of the gates; `gated`: the stages that have them."""

    def __init__(self, reduction=16, sigmoid=nn.Sigmoid, gated=(1, 2, 3, 4)):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        planes = 64
        for stage, (width, blocks) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], start=1):
            gate = (lambda channels: Gate(channels, reduction, sigmoid)) if stage in gated else None
            layers = []
            for block in range(blocks):
                layers.append(SEBottleneck(planes, width, 2 if stage > 1 and block == 0 else 1, gate))
                planes = 4 * width
            self.add_module(f"layer{stage}", nn.Sequential(*layers))
        self.avgpool, self.fc = nn.AvgPool2d(7), nn.Linear(2048, 1000)

    def forward(self, x):
        x = self.pool(nn.functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).view(x.size(0), -1))
