import json
import struct
from pathlib import Path
from typing import Any

import pytest

from archscope.errors import ArchscopeError
from archscope.reading.safetensors import tensors_of
from tests.sources import safetensors

SHAPES = {"a.weight": (4, 3), "a.bias": (4,), "n.num_batches_tracked": ()}


def entry(start: int, end: int, *shape: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def test_names_shapes_and_types(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(safetensors(SHAPES))
    found = tensors_of(str(path))
    assert {name: (tensor.shape, tensor.dtype) for name, tensor in found.items()} == {
        "a.weight": ((4, 3), "float32"), "a.bias": ((4,), "float32"), "n.num_batches_tracked": ((), "int64")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (safetensors(SHAPES)[:-3], "ends 3 bytes early: it was not copied whole"),
        (safetensors(SHAPES) + b"x", "has 1 byte behind its tensors"),
        (safetensors(SHAPES)[:20], "its list of tensors is not all there"),
        (struct.pack("<Q", 2**63) + b"{}", "its list of tensors is not all there"),
        (struct.pack("<Q", 2) + b"{]", "its list of tensors is no JSON"),
        (struct.pack("<Q", 2) + b"[]", "no JSON object"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "its list of tensors is no JSON"),
        (safetensors(SHAPES, **{"a.bias": entry(0, 20, 4)}), "a.bias .*20 bytes do not hold 4 of F32"),
        (safetensors(SHAPES, **{"a.bias": entry(4, 20, 4)}), "has a gap before it"),
        (safetensors(SHAPES, b=entry(8, 24, 4)), "b overlaps the one before it"),
        (safetensors(SHAPES, b=entry(0, 16, 4, dtype="F128")), "b .*unknown type F128"),
        (safetensors(SHAPES, b=entry(0, 4, -1, -1)), "b .*a size that no tensor has"),
        (safetensors(SHAPES, b=entry(0, 2**70, 2**68)), "b .*a size that no tensor has"),
        (safetensors(SHAPES, b=7), "b is not as the format has it"),
    ],
)
def test_files_that_are_not_whole(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    with pytest.raises(ArchscopeError, match=said) as caught:
        tensors_of(str(path))
    assert "\n" not in str(caught.value)


def test_more_tensors_than_any_network_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archscope.reading.safetensors.MOST", {"tensors": ('"data_offsets"', 1)})
    (tmp_path / "a.safetensors").write_bytes(safetensors({"a": (1,), "b": (1,)}))
    with pytest.raises(ArchscopeError, match="its list has 2 tensors: archscope reads 1"):
        tensors_of(str(tmp_path / "a.safetensors"))


def test_a_checkpoint_in_several_files(tmp_path: Path) -> None:
    for shard, name in (("one", "a.weight"), ("two", "a.bias")):
        (tmp_path / f"{shard}.safetensors").write_bytes(safetensors({name: SHAPES[name]}))
    index = tmp_path / "net.safetensors.index.json"

    def listed(**files: str) -> list[str]:
        index.write_text(json.dumps({"weight_map": files}))
        return list(tensors_of(str(index)))

    both = {"a.weight": "one.safetensors", "a.bias": "two.safetensors"}
    assert listed(**both) == ["a.weight", "a.bias"]
    for file, said in {
        "../one.safetensors": "lies beside its index",
        "/etc/passwd": "lies beside its index",
        "three.safetensors": "cannot read .*three.safetensors: no such file",
        "two.safetensors": "two.safetensors has no a.weight",
    }.items():
        with pytest.raises(ArchscopeError, match=said):
            listed(**{**both, "a.weight": file})
