"""How channels are divided into segments: their sizes, which counts are worth a look, and what they are called."""

from collections.abc import Iterable, Sequence
from typing import Literal

from archscope.errors import ArchscopeError

Segments = int | str | tuple[int, ...]
"""A count, a word that a network's option takes, or the sizes of a block's segments."""

FOR_NETWORKS: tuple[Segments, ...] = (1, 2, 4, 8, 16, 32, "depthwise")


def equal_partition(channels: int, segments: int | Literal["depthwise"]) -> tuple[int, ...]:
    """Sizes of so many segments of the channels, the larger first; no two differ by more than one.

    `depthwise` is a segment per channel. Raises ValueError where there are not so many channels.
    """
    count = channels if segments == "depthwise" else segments
    if not 1 <= count <= channels:
        raise ValueError(f"{channels} channels make 1 to {channels} segments, not {count}")
    size, larger = divmod(channels, count)
    return (size + 1,) * larger + (size,) * (count - larger)


def partition_of_up_to(channels: int, count: int) -> tuple[int, ...]:
    """So many segments, or one per channel where there are fewer channels."""
    return equal_partition(channels, min(count, channels))


def sizes_said(partition: Sequence[int]) -> str:
    """`64 + 128 + 2 x 32`."""
    runs: list[list[int]] = []
    for size in partition:
        if runs and runs[-1][1] == size:
            runs[-1][0] += 1
        else:
            runs.append([1, size])
    return " + ".join(f"{count} x {size}" if count > 1 else str(size) for count, size in runs)


def name_of(partition: Sequence[int]) -> str:
    """What the literature calls a convolution over segments of these sizes."""
    count, uneven = len(partition), max(partition) - min(partition)
    if count == 1:
        return "regular convolution"
    if max(partition) == 1:
        return "depthwise separable"
    if count in {3, 4} or uneven > 1:
        return "Inception-like"
    return "uneven groups" if uneven else f"ResNeXt-like, cardinality {count}"


def usual(channels: int) -> list[Segments]:
    """The powers of 2, and the 3 segments of the Xception paper's figures."""
    return [*_powers(channels), *([3] if channels >= 3 else [])]


def in_order(segments: Iterable[Segments]) -> list[Segments]:
    """From few to many, each once; words come last."""

    def rank(of: Segments) -> tuple[bool, int]:
        return isinstance(of, str), 0 if isinstance(of, str) else of if isinstance(of, int) else len(of)

    return sorted(dict.fromkeys(segments), key=rank)


def parse_segments(text: str, channels: int | None = None) -> list[Segments]:
    """`1,3,depthwise`, `1,2,...,256` (doubling), `powers`, `all-divisors`; the words that count need the channels."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    found: list[Segments] = []
    for before, item, after in zip(["", *items], items, [*items[1:], ""], strict=False):
        if item.isdecimal():
            found.append(int(item))
        elif item == "depthwise":
            found.append(channels or item)
        elif item == "..." and before.isdecimal() and after.isdecimal() and int(before) > 0:
            found += _doubled(int(before), int(after))
        elif item in {"powers", "all-divisors"} and channels:
            found += _powers(channels) if item == "powers" else _divisors(channels)
        else:
            words = "numbers, depthwise, powers or all-divisors" if channels else "numbers or depthwise"
            raise ArchscopeError(f"--segments {text}: write {words}, not '{item}'")
    if not found:
        raise ArchscopeError("--segments names no point: write such as 1,3,depthwise")
    return found


def parse_partition(text: str) -> tuple[int, ...]:
    """`64,128,32,32`."""
    items = [item.strip() for item in text.replace("+", ",").split(",")]
    if not all(item.isdecimal() and int(item) > 0 for item in items):
        raise ArchscopeError(f"--partition {text}: write the channels of each segment, such as 64,128,32,32")
    return tuple(map(int, items))


def _doubled(first: int, last: int) -> list[Segments]:
    """Twice as many each time, below `last`."""
    return [first * 2**i for i in range(1, last.bit_length()) if first * 2**i < last]


def _powers(channels: int) -> list[Segments]:
    """The powers of 2, and a segment per channel."""
    return [1, *_doubled(1, channels), *([channels] if channels > 1 else [])]


def _divisors(channels: int) -> list[Segments]:
    return [count for count in range(1, channels + 1) if channels % count == 0]
