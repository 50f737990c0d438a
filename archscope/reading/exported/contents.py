"""What constants and buffers hold, as a trace tells it of a module: in a .pt2 archive raw bytes in members of their
own, which JSON files describe. What is a pickle, or not as it is described, is not known. No torch."""

import json
import re
import struct
import sys
import zipfile
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import Any

from archscope.model.content import FEW, digest_of
from archscope.model.operations import STATISTICS
from archscope.reading.exported.program import DTYPES, Known, Program
from archscope.reading.kinds import BROKEN_ARCHIVE, LARGEST_CONFIG

LARGEST, LARGEST_TOGETHER = 2**25, 2**28
"""Bytes of one tensor that is read, and of all."""
MOST_TURNED = 2**20
"""Elements of the largest tensor that is not stored row by row."""
CHUNK = 2**16
FORMATS = {"float16": "e", "float32": "f", "float64": "d", "complex64": "f", "complex128": "d", "bool": "B",
           "uint8": "B", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint16": "H",
           "bfloat16": "f"}  # fmt: skip
"""How struct calls the numbers of a type."""
BROKEN = (LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError, OSError,
          zipfile.BadZipFile, struct.error, *BROKEN_ARCHIVE)  # fmt: skip


def with_contents(program: Program, archive: zipfile.ZipFile, root: str) -> None:
    """Adds to the constants, and to the buffers that are read as constants, what they hold as far as it is known."""
    tensors, left = dict(program.tensors), LARGEST_TOGETHER
    described = {} if _order(archive, root) != sys.byteorder else _described(archive, root)
    for name, path in fixed(program):
        try:
            member, about = described[path]
            data = _bytes(archive, member, about, tensors[name], left)
        except BROKEN:
            continue
        left -= len(data)
        tensors[name] = content_of(tensors[name], data)
    program.tensors = tensors


def fixed(program: Program) -> Iterator[tuple[str, str]]:
    """What training does not fill: names in the program, and in the module."""
    as_constants = program.read(but=STATISTICS)
    return ((name, path) for kind, name, path in program.stored if kind != "parameter" and name in as_constants)


def _order(archive: zipfile.ZipFile, root: str) -> str:
    try:
        with archive.open(f"{root}/byteorder") as file:
            return file.read(16).decode()
    except BROKEN:
        return ""


def _described(archive: zipfile.ZipFile, root: str) -> dict[str, tuple[zipfile.ZipInfo, Mapping[str, Any]]]:
    """By the tensor's name the member that holds it, and what is said of it."""
    found = {}
    for folder, name in (("weights", "model_weights_config"), ("constants", "model_constants_config")):
        try:
            member = archive.getinfo(f"{root}/data/{folder}/{name}.json")
            if member.file_size > LARGEST_CONFIG:
                continue
            with archive.open(member) as file:
                entries = json.loads(file.read(LARGEST_CONFIG))["config"].items()
        except BROKEN:
            continue
        for tensor, about in entries:
            try:
                if about["use_pickle"] is False and re.fullmatch(r"\w+", about["path_name"]):
                    member = archive.getinfo(f"{root}/data/{folder}/{about['path_name']}")
                    found[tensor] = member, about["tensor_meta"]
            except BROKEN:
                continue
    return found


def _bytes(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, about: Mapping[str, Any], known: Known, left: int
) -> bytes:
    """Of a tensor, row by row. Raises ValueError where it is not as the program has it, or too large."""
    sizes, strides = ([size["as_int"] for size in about[what]] for what in ("sizes", "strides"))
    start = about["storage_offset"]["as_int"]
    if tuple(sizes) != known.shape or DTYPES.get(str(about["dtype"])) != known.dtype or len(strides) != len(sizes):
        raise ValueError("not the tensor that the program reads")
    if member.file_size > min(LARGEST, left) or not all(type(each) is int and each >= 0 for each in (start, *strides)):
        raise ValueError("too large, or no place")
    with archive.open(member) as file:
        data = file.read(min(LARGEST, left))
    item, elements = _width(known.dtype), prod(sizes)
    last = start + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if elements and (last + 1) * item > len(data):
        raise ValueError("not all there")
    rows = [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    if all(size == 1 or stride == row for size, stride, row in zip(sizes, strides, rows, strict=True)):
        return data[start * item : (start + elements) * item]
    if elements > MOST_TURNED:
        raise ValueError("too large")
    places = [start * item]
    for size, stride in zip(sizes, strides, strict=True):
        places = [place + step * stride * item for place in places for step in range(size)]
    return b"".join([data[place : place + item] for place in places])


def _width(dtype: str) -> int:
    """Bytes of an element. Raises LookupError for a type whose numbers cannot be read."""
    return {"bfloat16": 2, "complex64": 8, "complex128": 16}.get(dtype) or struct.calcsize(FORMATS[dtype])


def content_of(known: Known, data: bytes) -> Known:
    """With a digest of these bytes, and the values of a few."""
    digest = digest_of(numbers.tobytes() for numbers in _numbers(known.dtype, data))
    few = len(data) <= FEW * _width(known.dtype)
    values = [number for numbers in _numbers(known.dtype, data) for number in numbers] if few else []
    return replace(known, digest=digest, values=tuple(values if len(values) <= FEW else ()))


def _numbers(dtype: str, data: bytes) -> Iterator["array[Any]"]:
    """Part by part: floating numbers as float32, others as int64."""
    code, step = FORMATS[dtype], CHUNK * _width(dtype)
    for place in range(0, len(data), step):
        part = data[place : place + step]
        if dtype == "bfloat16":
            part = _widened(part)
        given = struct.unpack(f"={len(part) // struct.calcsize(code)}{code}", part)
        yield array("f" if code in "efd" else "q", given)


def _widened(data: bytes) -> bytes:
    """Of bfloat16, which is the half of a float32 that comes last where the lowest byte is the first."""
    wide, first = bytearray(2 * len(data)), 2 if sys.byteorder == "little" else 0
    wide[first::4], wide[first + 1 :: 4] = data[0::2], data[1::2]
    return bytes(wide)
