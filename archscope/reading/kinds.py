"""What a file is, by its content: its suffix may say anything. Its beginning and its list of members are read."""

import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from archscope.errors import ArchscopeError
from archscope.model.files import check_can_be_read, is_device

Kind = Literal[
    "onnx", "exported", "safetensors", "keras", "torchscript", "compiled", "pickle", "hdf5", "tflite", "gguf", ""
]
"""The empty kind is none that archscope knows."""

INDEX = ".safetensors.index.json"
INDICES: Mapping[str, Kind] = {INDEX: "safetensors", ".bin.index.json": "pickle"}
"""How the list of the files of a checkpoint in several ends, and what these are."""
RENAMED = (".bin", ".pt", ".pth", ".ckpt")
"""Suffixes under which safetensors are found, too."""

LONGEST_HEADER = 100_000_000
"""Bytes of the list of tensors that a safetensors file begins with, as its reference implementation allows."""

BROKEN_ARCHIVE = (ValueError, NotImplementedError, EOFError, struct.error, RuntimeError)
"""What zipfile raises of a broken archive, besides its own BadZipFile."""


LARGEST_CONFIG = 10_000_000
"""Bytes: a configuration holds numbers and words."""
BEGINNING = 200
"""Characters in which a result of archscope's names its schema."""


def is_saved(target: object) -> bool:
    """Is it the path of a report, or of another result?"""
    if not isinstance(target, str) or not target.endswith(".json"):
        return False
    if "?" in target and not os.path.exists(target):  # an option of a network, which names a file of its own
        return False
    return not target.endswith(tuple(INDICES)) and not is_configuration(target)


def is_weights(target: str) -> bool:
    """Is it the path of safetensors, of one file or of several?"""
    if target.endswith(RENAMED):
        return os.path.isfile(target) and kind_of(target) == "safetensors"
    return target.endswith((".safetensors", INDEX))


def is_configuration(target: str) -> bool:
    """Is it the path of a config.json of transformers, alone or after `transformers:`?"""
    if target.startswith("transformers:"):
        return True
    if is_device(target):
        return False
    try:
        with open(target, encoding="utf-8") as file:
            start = file.read(BEGINNING)
            said = "" if '"schema"' in start else start + file.read(LARGEST_CONFIG)
    except (OSError, ValueError):  # of bytes that are no text, and of a zero in the name
        return False
    return any(f'"{word}"' in said for word in ("model_type", "architectures", "pretrained_cfg"))


def kind_of(path: str) -> Kind:
    """Raises ArchscopeError where there is no file, or none that can be read, or something else in its place."""
    check_can_be_read(path)
    try:
        size = Path(path).stat().st_size
        if index := next((kind for end, kind in INDICES.items() if path.endswith(end)), None):
            return index
        with open(path, "rb") as file:
            start = file.read(16)
            if start.startswith(b"PK"):
                return _of_archive(_members(path))
            if start[:8] == b"\x89HDF\r\n\x1a\n":
                return "hdf5"
            if start[4:8] == b"TFL3":
                return "tflite"
            if start[:1] == b"\x80" and start[1:2] in b"\2\3\4\5":
                return "pickle"
            if unfetched := _unfetched(start):
                raise ArchscopeError(f"{path} {unfetched}")
            if start[:4] == b"GGUF":
                return "gguf"
            if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= LONGEST_HEADER:
                return "safetensors"
            return "onnx" if _is_onnx(file, size) else ""
    except (OSError, ValueError) as error:  # a zero in the name
        reason = getattr(error, "strerror", None) or error
        raise ArchscopeError(f"cannot read {path}: {str(reason).lower()}") from None


def _unfetched(start: bytes) -> str:
    """What lies where a file was not fetched."""
    if not start:
        return "is empty: see what its download or export said"
    if start == b"version https://":
        return "is a pointer of Git LFS, and not the file that it stands for: git lfs pull fetches that"
    page = start.lstrip()[:5].lower() in (b"<!doc", b"<html")
    return "is a web page, and not the file that its name promises: see what its download said" if page else ""


def _members(path: str) -> Sequence[str]:
    import zipfile  # which brings in much that no other file needs

    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, *BROKEN_ARCHIVE):
        return ()


def _of_archive(names: Sequence[str]) -> Kind:
    """Torch's archives have all that is in them under one folder of any name."""
    inner = {name.partition("/")[2] for name in names}
    if {"config.json", "metadata.json"} <= set(names):
        return "keras"
    if any(name.startswith("models/") and name.endswith(".json") for name in inner):
        return "exported"
    if any(name.endswith((".so", ".wrapper.cpp", ".cubin")) for name in inner):
        return "compiled"
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return "torchscript"
    return "pickle" if "data.pkl" in inner else ""


MODEL_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
"""Numbers of the fields of ONNX's ModelProto, and whether each is a number (0) or of a length (2)."""
GRAPH = 7


def _is_onnx(file: BinaryIO, size: int) -> bool:
    """A protobuf message has no mark: is it made of the fields of a model, to its very end, with a graph?"""
    file.seek(0)
    seen: set[int] = set()
    for _ in range(1000):
        if file.tell() == size:
            return GRAPH in seen
        tag = _number(file)
        field, wire = tag >> 3, tag & 7
        if MODEL_FIELDS.get(field) != wire:
            return False
        seen.add(field)
        length = _number(file)
        if wire and file.seek(length, 1) > size:
            return False
    return False


def _number(file: BinaryIO) -> int:
    """Seven bits a byte, the lowest first; zero, which no field has, where none is whole."""
    value = 0
    for shift in range(0, 63, 7):
        byte = file.read(1)
        if not byte:
            return 0
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    return 0
