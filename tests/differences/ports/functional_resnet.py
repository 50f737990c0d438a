"""ResNet-50 without a module: parameters and buffers in the root, every operation a call of torch.nn.functional."""

import torch
from torch import nn
from torch.nn import functional as F

STAGES = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]


class FunctionalResNet50(nn.Module):
    """`stride_on`: the convolution of a block that strides, 0 or 1; `groups` and, in the last stage, `dilation` of the
    3x3; `bias` under BN; `relu_last`: after the sum; `relu_before_norm` in the stem; `blocks` of the third stage;
    `scale` of the body; `dropout` before the classifier; `pool`: kernel and padding of the stem's; `leaky` ReLUs."""

    def __init__(self, stride_on=0, groups=1, eps=1e-5, bias=False, relu_last=True, relu_before_norm=False, blocks=6,
                 scale=1.0, dilation=1, classes=1000, dropout=0.0, pool=(3, 1), leaky=False):  # fmt: skip
        super().__init__()
        self.stride_on, self.groups, self.eps, self.bias = stride_on, groups, eps, bias
        self.relu_last, self.relu_before_norm, self.scale, self.dilation = relu_last, relu_before_norm, scale, dilation
        self.dropout, self.pool, self.leaky = dropout, pool, leaky
        self.stages = [(w, blocks if w == 256 else n, s) for w, n, s in STAGES]
        self._make("stem", 3, 64, 7)
        channels = 64
        for i, (width, count, _) in enumerate(self.stages):
            for j in range(count):
                self._make(f"s{i}b{j}c0", channels, width, 1)
                self._make(f"s{i}b{j}c1", width // groups, width, 3)
                self._make(f"s{i}b{j}c2", width, 4 * width, 1)
                if j == 0:
                    self._make(f"s{i}b{j}p", channels, 4 * width, 1)
                channels = 4 * width
        self.w, self.c = nn.Parameter(torch.empty(classes, channels)), nn.Parameter(torch.empty(classes))

    def _make(self, name, channels, filters, kernel):
        self.register_parameter(f"{name}_w", nn.Parameter(torch.empty(filters, channels, kernel, kernel)))
        if self.bias:
            self.register_parameter(f"{name}_b", nn.Parameter(torch.empty(filters)))
        for what in ("gamma", "beta"):
            self.register_parameter(f"{name}_{what}", nn.Parameter(torch.empty(filters)))
        for what in ("mean", "var"):
            self.register_buffer(f"{name}_{what}", torch.ones(filters))

    def _conv(self, name, x, stride=1, groups=1, dilation=1):
        weight = getattr(self, f"{name}_w")
        bias = getattr(self, f"{name}_b") if self.bias else None
        return F.conv2d(x, weight, bias, stride, dilation * (weight.shape[2] // 2), dilation, groups)

    def _norm(self, name, x):
        mean, var, gamma, beta = (getattr(self, f"{name}_{what}") for what in ("mean", "var", "gamma", "beta"))
        return F.batch_norm(x, mean, var, weight=gamma, bias=beta, training=self.training, eps=self.eps)

    def _unit(self, name, x, **window):
        return self._act(self._norm(name, self._conv(name, x, **window)))

    def _act(self, x):
        return F.leaky_relu(x, 0.1) if self.leaky else x.clamp(min=0)

    def forward(self, x):
        x = self._conv("stem", x, 2)
        x = self._norm("stem", F.relu(x)) if self.relu_before_norm else self._act(self._norm("stem", x))
        x = F.max_pool2d(x, self.pool[0], 2, self.pool[1])
        for i, (_, count, stride) in enumerate(self.stages):
            for j in range(count):
                x = self._block(f"s{i}b{j}", x, stride if j == 0 else 1, j == 0, self.dilation if i == 3 else 1)
        x = F.dropout(x.mean(3).mean(2), self.dropout, self.training)
        return torch.nn.functional.linear(x, self.w, self.c)

    def _block(self, name, x, stride, project, dilation):
        y = self._unit(f"{name}c0", x, stride=stride if self.stride_on == 0 else 1)
        strides = stride if self.stride_on == 1 else 1
        y = self._unit(f"{name}c1", y, stride=strides, groups=self.groups, dilation=dilation)
        y = self._norm(f"{name}c2", self._conv(f"{name}c2", y)) * self.scale
        x = y + (self._norm(f"{name}p", self._conv(f"{name}p", x, stride)) if project else x)
        return self._act(x) if self.relu_last else x
