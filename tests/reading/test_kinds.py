import struct
import zipfile
from pathlib import Path

import pytest

import archscope
from archscope.errors import ArchscopeError
from archscope.reading.kinds import is_saved, is_weights, kind_of

ONNX = bytes([0x08, 10, 0x12, 2]) + b"me" + bytes([0x3A, 3]) + b"abc" + bytes([0x42, 1, 0])
"""ir_version, producer_name, graph, opset_import."""


def archive(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, "")


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("net/models/model.json", "net/data/weights/weight_0", "net/data/constants/x"), "exported"),
        (("net/code/__torch__.py", "net/data.pkl", "net/constants.pkl"), "torchscript"),
        (("archive/data.pkl", "archive/data/0", "archive/version"), "pickle"),
        (("net/data/aotinductor/model/x.so", "net/archive_format"), "compiled"),
        (("config.json", "metadata.json", "model.weights.h5"), "keras"),
        (("photos/1.jpg",), ""),
    ],
)
def test_archives(tmp_path: Path, names: tuple[str, ...], kind: str) -> None:
    archive(tmp_path / "net.bin", *names)
    assert kind_of(str(tmp_path / "net.bin")) == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (ONNX, "onnx"),
        (ONNX[:-1], ""),  # its end is missing
        (ONNX[:6] + ONNX[-3:], ""),  # no graph
        (struct.pack("<Q", 2) + b"{}", "safetensors"),
        (struct.pack("<Q", 2**40) + b"{}", ""),
        (b"\x80\x02}q\x00.", "pickle"),
        (b"\x89HDF\r\n\x1a\n" + bytes(8), "hdf5"),
        (bytes(4) + b"TFL3" + bytes(8), "tflite"),
        (b"PK\3\4" + bytes(40), ""),  # an archive without a list of members
        (b"GGUF" + bytes(20), "gguf"),
        (b"import torch\n", ""),
        (b"\xff" * 40, ""),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "net.pt").write_bytes(content)
    assert kind_of(str(tmp_path / "net.pt")) == kind


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\n<!DOCTYPE html><title>Not found</title>", "a web page"),
    ],
)
def test_what_lies_where_a_file_was_not_fetched(tmp_path: Path, content: bytes, said: str) -> None:
    for name in ("net.onnx", "net.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ArchscopeError, match=said):
            archscope.diff(str(tmp_path / name), "lenet5")
        with pytest.raises(ArchscopeError, match=said):
            archscope.fit(str(tmp_path / name), "lenet5")


def test_weights_under_another_suffix(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(struct.pack("<Q", 2) + b"{}")
    (tmp_path / "net.pt").write_bytes(b"\x80\x02}q\x00.")

    assert is_weights(str(tmp_path / "pytorch_model.bin")) and is_weights("nowhere.safetensors.index.json")
    assert not any(map(is_weights, [str(tmp_path / "net.pt"), str(tmp_path / "none.bin"), "lenet5", "net.json"]))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ArchscopeError, match=r"cannot read .*none.onnx: no such file or directory$"):
        kind_of(str(tmp_path / "none.onnx"))
    with pytest.raises(ArchscopeError, match="is a directory"):
        kind_of(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "saved"),
    [
        ('{"architectures": ["ResNetModel"], "num_labels": 3}', False),
        ('{"num_labels": 3, "model_type": "resnet"}', False),
        ('{"schema": "archscope.report/1", "note": "model_type"}', True),
        ("[1, 2", True),
    ],
)
def test_a_configuration_is_no_saved_report(text: str, saved: bool, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    assert is_saved(str(path)) is saved
    assert is_saved(str(tmp_path / "absent.json"))
    assert not is_saved("transformers:absent.json")
