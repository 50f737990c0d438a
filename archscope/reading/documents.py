"""JSON of a stranger's. What is in it is counted before any of it is made, since each value takes the memory of many of
its bytes."""

import json
from collections.abc import Mapping
from typing import Any

from archscope.errors import ArchscopeError


def load(path: str, what: str, written: bytes, most: Mapping[str, tuple[str, int]]) -> Any:
    """`most`: by its name the mark that each thing has in the text, and how many of them are read. Raises
    ArchscopeError where there are more, and ValueError or RecursionError for what is no JSON."""
    for things, (mark, limit) in most.items():
        found = written.count(mark.encode())
        if found > limit:
            raise ArchscopeError(f"{path}: {what} has {found:,} {things}: archscope reads {limit:,}")
    return json.loads(written)
