"""Files that docs/sources.md reads, as its reader would make them."""

import warnings
from pathlib import Path

import torch
from torch import nn

NET = """from torch import nn


def unit(inputs, outputs, stride=1, groups=1):
    conv = nn.Conv2d(inputs, outputs, 3, stride, 1, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = unit(3, 16, 2)
        self.body = nn.Sequential(unit(16, 16, groups=16), unit(16, 32, 2))
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))
"""


def network() -> nn.Module:
    torch.manual_seed(0)
    session: dict[str, type[nn.Module]] = {}
    exec(NET, session)
    return session["Net"]().eval()


def write(folder: Path) -> None:
    """net.py and net.onnx."""
    (folder / "net.py").write_text(NET, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about its older exporter
        torch.onnx.export(network(), (torch.zeros(1, 3, 64, 64),), str(folder / "net.onnx"), dynamo=False)
