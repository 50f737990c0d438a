"""How a Graph tells what a constant holds: a digest of its numbers, and the values of a few. No torch.

Floating numbers count as float32, others as int64: the same numbers have one digest, whatever stored them.
"""

from collections.abc import Iterable
from hashlib import sha256

FEW = 16
"""Elements of the largest constant whose values are told."""


def digest_of(numbers: Iterable[bytes]) -> str:
    """Of the bytes of all numbers, part by part."""
    hashed = sha256()
    for part in numbers:
        hashed.update(part)
    return hashed.hexdigest()[:16]
