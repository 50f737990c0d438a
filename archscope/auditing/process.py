"""One tool on one model, in a process of its own: the task comes on standard input, the answer goes to the output."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import Any

from archscope.auditing.counters import Found, find
from archscope.targets import resolve


def _answer(task: Mapping[str, Any]) -> Found:
    """The tool's answer on real weights, in evaluation."""
    import torch

    target = resolve(task["target"])
    module = target.build(**task["options"]).eval()
    with target.running():
        return find(task["tool"]).run(module, tuple(_tensor(torch, **given) for given in task["inputs"]))


def _tensor(torch: Any, shape: Sequence[int], dtype: str) -> Any:
    kind = getattr(torch, dtype)
    return torch.rand((1, *shape)).to(kind) if kind.is_floating_point else torch.zeros((1, *shape), dtype=kind)


def _main() -> None:
    with redirect_stdout(sys.stderr):  # some tools print as they count
        found = _answer(json.load(sys.stdin))
    json.dump(asdict(found), sys.stdout)


if __name__ == "__main__":
    _main()
