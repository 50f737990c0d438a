"""What the constants of a .pt2 file hold, as torch.export.save stores it."""

import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.reading.exported import contents
from archscope.reading.exported.contents import content_of
from archscope.reading.exported.program import Known
from archscope.tracing.values import content_of as content_of_tensor

DATA = struct.pack("<4f", 9, 1, 2, 3)
FLOAT32 = 7


class Net(nn.Module):
    def __init__(self, *mean: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - self.mean.view(1, 3, 1, 1)


def numbers(*sizes: int) -> list[dict[str, int]]:
    return [{"as_int": size} for size in sizes]


def described(*sizes: int) -> dict[str, Any]:
    return {"dtype": FLOAT32, "sizes": numbers(*sizes), "requires_grad": False}


PROGRAM = {
    "schema_version": {"major": 8, "minor": 20},
    "graph_module": {
        "graph": {
            "tensor_values": {"b_mean": described(3), "x": described(1, 3, 4, 4), "view": described(1, 3, 1, 1),
                              "sub": described(1, 3, 4, 4)},
            "nodes": [
                {"target": "torch.ops.aten.view.default", "outputs": [{"as_tensor": {"name": "view"}}],
                 "inputs": [{"name": "self", "arg": {"as_tensor": {"name": "b_mean"}}},
                            {"name": "size", "arg": {"as_ints": [1, 3, 1, 1]}}]},
                {"target": "torch.ops.aten.sub.Tensor", "outputs": [{"as_tensor": {"name": "sub"}}],
                 "inputs": [{"name": "self", "arg": {"as_tensor": {"name": "x"}}},
                            {"name": "other", "arg": {"as_tensor": {"name": "view"}}}]},
            ],
        },
        "signature": {
            "input_specs": [{"buffer": {"arg": {"name": "b_mean"}, "buffer_name": "mean", "persistent": True}},
                            {"user_input": {"arg": {"as_tensor": {"name": "x"}}}}],
            "output_specs": [{"user_output": {"arg": {"as_tensor": {"name": "sub"}}}}],
        },
    },
}  # fmt: skip
META = {**described(3), "strides": numbers(1), "storage_offset": {"as_int": 1}}
ENTRY = {"path_name": "weight_0", "is_param": False, "use_pickle": False, "tensor_meta": META}

Save = Callable[..., str]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """A file of the network whose mean is the last three of four stored numbers."""

    def save(entry: Mapping[str, Any] = ENTRY, data: bytes = DATA, order: str = "little", config: str = "") -> str:
        path = tmp_path / "net.pt2"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("net/models/model.json", json.dumps(PROGRAM))
            archive.writestr("net/byteorder", order)
            said = config or json.dumps({"config": {"mean": entry}})
            archive.writestr("net/data/weights/model_weights_config.json", said)
            archive.writestr("net/data/weights/weight_0", data)
        return str(path)

    return save


def test_constants_are_compared(save: Save) -> None:
    file = save()
    assert archscope.trace(file).buffers["mean"].values == (1, 2, 3)
    assert archscope.diff(file, Net(1, 2, 3)).verdict == "identical"
    other = archscope.diff(file, Net(1, 2, 4))
    assert [row.what for row in other.differences] == ["subtraction: mean 1, 2, 3 instead of 1, 2, 4"]


def meta(**changes: Any) -> dict[str, Any]:
    return {**ENTRY, "tensor_meta": {**META, **changes}}


@pytest.mark.parametrize(
    "file",
    [
        {"entry": {**ENTRY, "use_pickle": True}},
        {"entry": {**ENTRY, "path_name": "../../models/model.json"}},
        {"entry": {**ENTRY, "path_name": "weight_9"}},
        {"entry": meta(dtype=8)},
        {"entry": meta(dtype="nothing")},
        {"entry": meta(sizes=numbers(4))},
        {"entry": meta(storage_offset={"as_int": 2})},
        {"entry": meta(storage_offset={"as_int": -1})},
        {"entry": meta(storage_offset={"as_int": 2**70})},
        {"entry": meta(strides=numbers(2))},
        {"entry": meta(strides=[])},
        {"entry": meta(strides=numbers(-1))},
        {"entry": meta(strides=[{"as_expr": "s0"}])},
        {"entry": {**ENTRY, "tensor_meta": 7}},
        {"data": DATA[:-1]},
        {"order": "big"},
        {"config": "[" * 10_000},
        {"config": '{"config": []}'},
        {"config": "\0"},
    ],
)
def test_what_is_not_as_it_is_described_is_not_compared(save: Save, file: dict[str, Any]) -> None:
    found = archscope.diff(save(**file), Net(1, 2, 3))
    assert (found.verdict, found.not_compared) == ("not_compared", ("the content of mean",))


@pytest.mark.parametrize("bound", ["LARGEST", "LARGEST_TOGETHER"])
def test_what_is_too_large_is_not_read(save: Save, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, bound, len(DATA) - 1)
    assert archscope.trace(save()).buffers["mean"].digest == ""


@pytest.mark.parametrize("dtype", "float16 float32 float64 bfloat16 bool uint8 int8 int32 int64 complex64".split())
def test_digests_are_those_of_a_trace(dtype: str) -> None:
    tensor = (torch.arange(20) * 0.7 - 3 * (dtype != "uint8")).to(getattr(torch, dtype))
    stored = bytes(tensor.view(torch.uint8).tolist())
    found = content_of(Known((20,), dtype), stored)
    assert (found.digest, found.values) == content_of_tensor(tensor)
