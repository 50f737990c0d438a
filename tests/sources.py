"""Files that docs/sources.md reads, as its reader would make them."""

import json
import struct
import warnings
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

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
    """net.py, net.onnx, and weights of the network under other names."""
    (folder / "net.py").write_text(NET, encoding="utf-8")
    stored = {name: tuple(tensor.shape) for name, tensor in network().state_dict().items()}
    renamed = {name.replace("stem", "conv0").replace("body", "features"): shape for name, shape in stored.items()}
    (folder / "weights.safetensors").write_bytes(safetensors(renamed))
    (folder / "cifar.safetensors").write_bytes(safetensors({**stored, "head.weight": (100, 32), "head.bias": (100,)}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about its older exporter
        torch.onnx.export(network(), (torch.zeros(1, 3, 64, 64),), str(folder / "net.onnx"), dynamo=False)


def safetensors(shapes: Mapping[str, tuple[int, ...]], **changes: Any) -> bytes:
    """A file of such tensors, all zeros; `changes` are other entries of its header."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name in sorted(shapes):
        dtype, size = ("I64", 8) if name.endswith("num_batches_tracked") else ("F32", 4)
        end = place + prod(shapes[name]) * size
        header[name] = {"dtype": dtype, "shape": list(shapes[name]), "data_offsets": [place, end]}
        place = end
    written = json.dumps(header | changes).encode()
    return struct.pack("<Q", len(written)) + written + bytes(place)
