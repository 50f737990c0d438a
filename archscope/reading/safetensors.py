"""The list of tensors that a safetensors file begins with: eight bytes of its length, and JSON. No data is read.

The format is https://github.com/huggingface/safetensors, of which README.md describes it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.model.files import check_can_be_read
from archscope.model.graph import LARGEST_SIZE, Tensor
from archscope.model.units import counted
from archscope.reading import documents
from archscope.reading.drafting import said
from archscope.reading.kinds import INDEX, LONGEST_HEADER, kind_of

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
"""Of one element, by the format's name of the type."""
DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "I16": "int16",
    "U16": "uint16", "F16": "float16", "BF16": "bfloat16", "I32": "int32", "U32": "uint32", "F32": "float32",
    "I64": "int64", "U64": "uint64", "F64": "float64", "C64": "complex64",
}  # fmt: skip
MOST = {"tensors": ('"data_offsets"', 100_000)}


def tensors_of(path: str) -> dict[str, Tensor]:
    """Every tensor of a file, or of all files that an index lists. Raises ArchscopeError for what is not whole."""
    if not path.endswith(INDEX):
        return {tensor.name: tensor for tensor in _of_file(path)}
    folder = Path(path).parent
    found: dict[str, Tensor] = {}
    for file, names in _shards(path).items():
        held = {tensor.name: tensor for tensor in _of_file(str(folder / file))}
        if missing := [name for name in names if name not in held]:
            raise ArchscopeError(f"{path}: {said(file)} has no {said(missing[0])}, which the index says it has")
        found |= {name: held[name] for name in names}
    return found


def _shards(path: str) -> dict[str, list[str]]:
    """Names of tensors by file. Files lie beside the index: another place is refused."""
    check_can_be_read(path)
    try:
        with open(path, "rb") as file:
            weight_map = json.loads(file.read(LONGEST_HEADER))["weight_map"]
        files: dict[str, list[str]] = {}
        for name, shard in weight_map.items():
            files.setdefault(shard, []).append(name)
    except OSError as error:
        raise ArchscopeError(f"cannot read {path}: {str(error.strerror).lower()}") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ArchscopeError(f"{path} is no index of safetensors files") from None
    for shard in files:
        if not re.fullmatch(r"[\w.-]+\.safetensors", shard):
            raise ArchscopeError(f"{path} names {said(shard)}: a file of a checkpoint lies beside its index")
    return files


def _of_file(path: str) -> Iterator[Tensor]:
    kind_of(path)  # refuses what is none at all
    try:
        size = Path(path).stat().st_size
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(LONGEST_HEADER, size - 8):
                raise ArchscopeError(f"{path} is no whole safetensors file: its list of tensors is not all there")
            written = file.read(length)
        document = documents.load(path, "its list", written, MOST)
    except OSError as error:
        raise ArchscopeError(f"cannot read {path}: {str(error.strerror).lower()}") from None
    except (ValueError, RecursionError):
        raise ArchscopeError(f"{path} is no safetensors file: its list of tensors is no JSON") from None
    if not isinstance(document, dict):
        raise ArchscopeError(f"{path} is no safetensors file: its list of tensors is no JSON object")
    document.pop("__metadata__", None)
    ends = []
    for name, about in document.items():
        try:
            tensor, offsets = _tensor(name, about)
        except (LookupError, TypeError, ValueError) as error:
            raise ArchscopeError(f"{path}: {said(name)} is not as the format has it ({said(error)})") from None
        ends.append((*offsets, name))
        yield tensor
    _check_data(path, ends, size - 8 - length)


def _tensor(name: str, about: Mapping[str, Any]) -> tuple[Tensor, tuple[int, int]]:
    dtype, shape = about["dtype"], tuple(about["shape"])
    start, end = about["data_offsets"]
    if dtype not in BITS:
        raise ValueError(f"unknown type {said(dtype)}")
    if not all(type(size) is int and size >= 0 for size in (*shape, start, end)) or prod(shape) > LARGEST_SIZE:
        raise ValueError("a size that no tensor has")
    if (end - start) * 8 != prod(shape) * BITS[dtype]:
        raise ValueError(f"{end - start:,} bytes do not hold {'x'.join(map(str, shape)) or '1'} of {dtype}")
    return Tensor(name, shape, DTYPES.get(dtype, dtype.lower())), (start, end)


def _check_data(path: str, ends: list[tuple[int, int, str]], size: int) -> None:
    """The tensors lie one behind the other, and are all there."""
    place = 0
    for start, end, name in sorted(ends):
        if start != place:
            how = "overlaps the one before it" if start < place else "has a gap before it"
            raise ArchscopeError(f"{path}: {said(name)} {how}: it is no safetensors file that the format allows")
        place = end
    if place > size:
        raise ArchscopeError(f"{path} ends {counted(place - size, 'byte')} early: it was not copied whole")
    if place < size:
        raise ArchscopeError(f"{path} has {counted(size - place, 'byte')} behind its tensors, which are none of theirs")
