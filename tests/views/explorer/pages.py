"""What a page holds, read back from its text."""

import base64
import gzip
import json
import re
from typing import Any


def held(html: str) -> dict[str, Any]:
    """The data of a page."""
    (packed,) = re.findall(r'<script type="text/plain" id="data">(.*?)</script>', html, re.S)
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return found


def places(network: dict[str, Any]) -> list[str]:
    """The path of each node, as the page has it."""
    found: list[str] = []
    for name, parent in zip(network["nodes"]["name"], network["nodes"]["parent"], strict=True):
        above = found[parent] if parent >= 0 else ""
        found.append(f"{above}.{name}" if above else name)
    return found


def spans(text: str, first: int = 0) -> list[int]:
    """The numbers that `0:3 8` stands for."""
    found: list[int] = []
    for part in text.split():
        start, _, count = part.partition(":")
        found += range(int(start) + first, int(start) + first + int(count or 1))
    return found


def svg(network: dict[str, Any], picture: int) -> str:
    """The inside of a picture."""
    return "".join(network["parts"][at] for at in network["pictures"][picture][2])


def boxes(network: dict[str, Any], node: int) -> list[tuple[str, int, list[int]]]:
    """Of each box of a node's picture the path below it, how many alike it stands for, and its layers."""
    picture = svg(network, network["nodes"]["picture"][node])
    first = spans(network["nodes"]["layers"][node])[0]
    groups = re.findall(r'<g class="op [^"]*"([^>]*)>', picture)
    told = [dict(re.findall(r' data-(\w)="([^"]*)"', group)) for group in groups]
    return [(one.get("p", ""), int(one.get("n", 1)), spans(one.get("l", ""), first)) for one in told]
