"""An ONNX file without the numbers of its large tensors, which are passed over and never read.

Protocol buffers are fields one after another: a number that says which, its type, its length where it has one, and what
it holds, which may be fields again.
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from archscope.errors import ArchscopeError

LARGEST = 2**14
"""Bytes of what is read as it is: more than any tensor takes whose numbers are kept."""
MOST_FIELDS = 2**21
"""That are looked at one by one."""

Fields = Mapping[int, Any]
"""The fields of a message that may be large: of each what may be within it, None for what is left out."""

NUMBERS: Fields = dict.fromkeys((4, 5, 7, 9, 10, 11))
"""Of a TensorProto: those of each type, and raw bytes."""
GRAPH: Fields = {1: {5: {5: NUMBERS}}, 5: NUMBERS}
"""Tensors that are attributes of its nodes, and those that it stores."""
MODEL: Fields = {7: GRAPH}

VARINT, EIGHT_BYTES, WITH_LENGTH, FOUR_BYTES = 0, 1, 2, 5
"""Types of fields."""
LONGEST_HEAD = 20
"""Bytes of two numbers."""


class Wire:
    """A file of one message."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._fields = file, size, 0

    def without_numbers(self) -> bytes:
        """Raises ValueError for what is no message, or ends too early, ArchscopeError for too many fields."""
        return b"".join(self._parts(0, self._size, MODEL))

    def _parts(self, start: int, end: int, large: Fields) -> Iterator[bytes]:
        copied = start
        for place, field, body, after in self._within(start, end):
            if after - body <= LARGEST or field not in large:
                continue
            yield self._read(copied, place)
            if large[field]:
                inner = b"".join(self._parts(body, after, large[field]))
                yield written(field << 3 | WITH_LENGTH) + written(len(inner)) + inner
            copied = after
        yield self._read(copied, end)

    def _within(self, place: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Where each field begins, which one it is, where what it holds begins and ends."""
        while place < end:
            self._fields += 1
            if self._fields > MOST_FIELDS:
                raise ArchscopeError(f"{self._file.name} has more than {MOST_FIELDS:,} parts: archscope reads no more")
            head = self._read(place, min(place + LONGEST_HEAD, end))
            key, at = number_in(head, 0)
            kind = key & 7
            if kind == WITH_LENGTH:
                length, at = number_in(head, at)
                after = place + at + length
            elif kind == VARINT:
                after = place + number_in(head, at)[1]
            elif kind in (EIGHT_BYTES, FOUR_BYTES):
                after = place + at + (8 if kind == EIGHT_BYTES else 4)
            else:
                raise ValueError("no type of a field")
            if after > end:
                raise ValueError("it ends within a field")
            yield place, key >> 3, place + at, after
            place = after

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start)


def number_in(data: bytes, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, the lowest first, and where it ends."""
    number = shift = 0
    while at < len(data):
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
    raise ValueError("it ends within a number")


def written(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes((*parts, number))
