"""Files that docs/sources.md reads, as its reader would make them."""

import json
import re
import struct
import warnings
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import nn

PAGE = Path(__file__).parents[1] / "docs" / "sources.md"
(NET,) = re.findall(r"```python net\.py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


def network() -> nn.Module:
    torch.manual_seed(0)
    session: dict[str, type[nn.Module]] = {}
    exec(NET, session)
    return session["Net"]().eval()


def write(folder: Path) -> None:
    """net.onnx, and weights of the network under other names."""
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
