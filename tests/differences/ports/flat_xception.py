"""Xception as one flat list of layers, run by an index, with the faults that ports of it have had."""

import torch
from torch import nn

ENTRY = [(64, [128, 128], 2), (128, [256, 256], 2), (256, [728, 728], 2)]
FLOWS = [*ENTRY, *[(728, [728] * 3, 1)] * 8, (728, [728, 1024], 2)]
"""Channels that come in, those of each separable convolution, stride of the block."""


class FlatXception(nn.Module):
    """Every layer has a number. A block is a slice of the list, with its shortcut's layers, if any, at its end.

    `eps`, `pool` (max or avg), `blocks` of the middle flow; `full_conv` is the number of the block whose first
    depthwise convolution is none; `relu_between` the two halves of a separable convolution; `relu_after` each instead
    of before; `no_shortcut` the block without one; `in_place`: the first ReLU of a block writes into what the shortcut
    reads; `shared`: the middle flow runs one block again and again; `bias` in the pointwise convolutions; `norm` False:
    no BN on the shortcuts; `auxiliary`: a classifier that is stored and never run.
    """

    def __init__(self, eps=1e-3, pool="max", blocks=8, full_conv=None, relu_between=False, relu_after=False,
                 no_shortcut=None, in_place=False, shared=False, bias=False, norm=True, auxiliary=False,
                 classes=1000):  # fmt: skip
        super().__init__()
        self.layers = nn.ModuleList()
        self.relu_after, self.no_shortcut, self.in_place = relu_after, no_shortcut, in_place
        self.stem = self._list([nn.Conv2d(3, 32, 3, 2, bias=False), nn.BatchNorm2d(32, eps), nn.ReLU(),
                                nn.Conv2d(32, 64, 3, bias=False), nn.BatchNorm2d(64, eps), nn.ReLU()])  # fmt: skip

        def separable(channels, filters, depthwise=True):
            groups = channels if depthwise else 1
            halves = [nn.Conv2d(channels, channels, 3, 1, 1, groups=groups, bias=False)]
            halves += [nn.ReLU()] if relu_between else []
            return [*halves, nn.Conv2d(channels, filters, 1, bias=bias), nn.BatchNorm2d(filters, eps)]

        flows = [*FLOWS[:3], *FLOWS[3:11][:blocks], FLOWS[11]]
        self.blocks = []
        for number, (channels, filters, stride) in enumerate(flows, start=1):
            if shared and channels == filters[0] == 728 and stride == 1 and number > 4:
                self.blocks.append(self.blocks[-1])
                continue
            body = []
            for into, out in zip([channels, *filters], filters, strict=False):
                body += [] if relu_after or (number == 1 and not body) else [nn.ReLU()]
                body += separable(into, out, depthwise=number != full_conv or len(body) > 1)
                body += [nn.ReLU()] if relu_after and out != 1024 else []
            shortcut = []
            if stride == 2:
                body.append(nn.MaxPool2d(3, 2, 1) if pool == "max" else nn.AvgPool2d(3, 2, 1))
                shortcut = [nn.Conv2d(channels, filters[-1], 1, 2, bias=False)]
                shortcut += [nn.BatchNorm2d(filters[-1], eps)] if norm else []
            self.blocks.append((number, self._list(body), self._list(shortcut)))
        self.tail = self._list([*separable(1024, 1536), nn.ReLU(), *separable(1536, 2048), nn.ReLU()])
        self.head = self._list([nn.AdaptiveAvgPool2d(1), nn.Conv2d(2048, classes, 1)])
        self.auxiliary = nn.Linear(728, classes) if auxiliary else None

    def _list(self, layers):
        start = len(self.layers)
        self.layers.extend(layers)
        return range(start, len(self.layers))

    def _run(self, numbers, x):
        for number in numbers:
            x = self.layers[number](x)
        return x

    def forward(self, x):
        x = self._run(self.stem, x)
        for number, body, shortcut in self.blocks:
            in_place = self.in_place and isinstance(self.layers[body[0]], nn.ReLU)
            x = torch.relu_(x) if in_place else x
            side = self._run(shortcut, x)
            x = self._run(body[1:] if in_place else body, x)
            if number != self.no_shortcut:
                x += side
        return self._run(self.head, self._run(self.tail, x)).squeeze(3).squeeze(2)
