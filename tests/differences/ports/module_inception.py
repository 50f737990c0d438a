"""Inception-v3 in the manner of torch: BasicConv2d, one class a module, branches computed in an order of their own."""

import torch
from torch import nn
from torch.nn import functional as F


class Basic(nn.Module):
    def __init__(self, into, out, eps=1e-3, **window):
        super().__init__()
        self.conv = nn.Conv2d(into, out, bias=False, **window)
        self.bn = nn.BatchNorm2d(out, eps=eps)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Faults:
    """What a module may have wrong: `counted` padding of average pools, `order` of branches, a missing `branch`,
    `turned`: 7x1 for 1x7, a 17x17 module's `pool` by maximum, `valid`: the 5x5 without padding is 3x3."""

    def __init__(self, counted=False, swapped=False, without_pool=False, turned=False, max_pool=False, three=False):
        self.counted, self.swapped, self.without_pool = counted, swapped, without_pool
        self.turned, self.max_pool, self.three = turned, max_pool, three


class A(nn.Module):
    def __init__(self, into, pool, faults):
        super().__init__()
        self.faults = faults
        self.to_pool = Basic(into, pool, kernel_size=1)
        self.dbl = nn.ModuleList([Basic(into, 64, kernel_size=1), Basic(64, 96, kernel_size=3, padding=1),
                                  Basic(96, 96, kernel_size=3, padding=1)])  # fmt: skip
        size = 3 if faults.three else 5
        self.five1, self.five2 = Basic(into, 48, kernel_size=1), Basic(48, 64, kernel_size=size, padding=size // 2)
        self.one = Basic(into, 64, kernel_size=1)

    def forward(self, x):
        pooled = self.to_pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=self.faults.counted))
        double = x
        for layer in self.dbl:
            double = layer(double)
        branches = [self.one(x), self.five2(self.five1(x)), double, pooled]
        if self.faults.swapped:
            branches = [branches[i] for i in (0, 2, 1, 3)]
        return torch.cat(branches, 1)


class ReduceA(nn.Module):
    def __init__(self):
        super().__init__()
        self.b1, self.b2 = Basic(288, 64, kernel_size=1), Basic(64, 96, kernel_size=3, padding=1)
        self.b3, self.a = Basic(96, 96, kernel_size=3, stride=2), Basic(288, 384, kernel_size=3, stride=2)

    def forward(self, x):
        return torch.cat((self.a(x), self.b3(self.b2(self.b1(x))), F.max_pool2d(x, kernel_size=3, stride=2)), dim=-3)


class B(nn.Module):
    def __init__(self, c, faults):
        super().__init__()
        self.faults = faults
        row, column = {"kernel_size": (1, 7), "padding": (0, 3)}, {"kernel_size": (7, 1), "padding": (3, 0)}
        one, two = (column, row) if faults.turned else (row, column)
        self.one, self.pool = Basic(768, 192, kernel_size=1), Basic(768, 192, kernel_size=1)
        self.seven = nn.Sequential(Basic(768, c, kernel_size=1), Basic(c, c, **one), Basic(c, 192, **two))
        self.double7 = nn.Sequential(Basic(768, c, kernel_size=1), Basic(c, c, **column), Basic(c, c, **row),
                                    Basic(c, c, **column), Basic(c, 192, **row))  # fmt: skip

    def forward(self, x):
        average = F.avg_pool2d(x, 3, 1, 1, False, self.faults.counted)
        pooled = F.max_pool2d(x, 3, 1, 1) if self.faults.max_pool else average
        return torch.cat([self.one(x), self.seven(x), self.double7(x), self.pool(pooled)], 1)


class ReduceB(nn.Module):
    def __init__(self):
        super().__init__()
        self.a1, self.a2 = Basic(768, 192, kernel_size=1), Basic(192, 320, kernel_size=3, stride=2)
        row, column = {"kernel_size": (1, 7), "padding": (0, 3)}, {"kernel_size": (7, 1), "padding": (3, 0)}
        seven = Basic(192, 192, **row), Basic(192, 192, **column)
        self.b = nn.Sequential(Basic(768, 192, kernel_size=1), *seven, Basic(192, 192, kernel_size=3, stride=2))

    def forward(self, x):
        return torch.cat([self.a2(self.a1(x)), self.b(x), F.max_pool2d(x, 3, 2)], 1)


class C(nn.Module):
    def __init__(self, into, faults):
        super().__init__()
        self.faults = faults
        self.one, self.three, self.dbl = (Basic(into, n, kernel_size=1) for n in (320, 384, 448))
        self.three_tall, self.dbl_tall = (Basic(384, 384, kernel_size=(3, 1), padding=(1, 0)) for _ in range(2))
        self.three_wide, self.dbl_wide = (Basic(384, 384, kernel_size=(1, 3), padding=(0, 1)) for _ in range(2))
        self.dbl2 = Basic(448, 384, kernel_size=3, padding="same")
        self.pool = Basic(into, 192, kernel_size=1)

    def forward(self, x):
        three, double = self.three(x), self.dbl2(self.dbl(x))
        tall, wide = self.three_tall(three), self.three_wide(three)
        forked = torch.cat([self.dbl_wide(double), self.dbl_tall(double)], 1)
        outputs = [self.one(x), wide, tall, forked]
        if not self.faults.without_pool:
            outputs.append(self.pool(F.avg_pool2d(x, 3, 1, 1, count_include_pad=self.faults.counted)))
        return torch.cat(outputs, 1)


class ModuleInception(nn.Module):
    """Faults are given to the modules of this kind: `a`, `b` or `c`; of the last kind to the second only."""

    def __init__(self, a=None, b=None, c=None, dropout=0.2):
        super().__init__()
        a, b, c = (faults or Faults() for faults in (a, b, c))
        self.c1, self.c2 = Basic(3, 32, kernel_size=3, stride=2), Basic(32, 32, kernel_size=3)
        self.c3, self.c4 = Basic(32, 64, kernel_size=3, padding=1), Basic(64, 80, kernel_size=1)
        self.c5 = Basic(80, 192, kernel_size=3)
        ones, twos = [A(192, 32, a), A(256, 64, a), A(288, 64, a)], [B(width, b) for width in (128, 160, 160, 192)]
        self.mixed = nn.ModuleList([*ones, ReduceA(), *twos, ReduceB(), C(1280, Faults()), C(2048, c)])
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1856 if c.without_pool else 2048, 1000)

    def forward(self, x):
        x = F.max_pool2d(self.c3(self.c2(self.c1(x))), 3, stride=2)
        x = F.max_pool2d(self.c5(self.c4(x)), 3, stride=2)
        for module in self.mixed:
            x = module(x)
        return self.fc(torch.flatten(self.dropout(F.avg_pool2d(x, x.shape[2:])), 1))
