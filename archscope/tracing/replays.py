"""Units that a network repeats do what the first of them did: told again, not run.

Only of a network whose builder knows which modules are copies of which, and whose code keeps nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import _global_forward_hooks, _global_forward_pre_hooks

from archscope.tracing.records import Given, ModuleCall, Record
from archscope.tracing.watcher import Tracer


@dataclass(slots=True)
class _Seen:
    """What a unit, by its path, did with a tensor: the last of its records made what it returned."""

    path: str
    given: Given
    records: list[Record]


def equal_units(blocks: Mapping[str, nn.Module], originals: Mapping[nn.Module, nn.Module]) -> dict[str, int]:
    """A number for each unit, by its path, that it has in common with its copies: `originals` says of each copy what it
    was copied from. None where torch is to call a hook with every module: that may count its calls."""
    if not originals or _global_forward_hooks or _global_forward_pre_hooks:
        return {}
    units = {path: id(originals.get(unit, unit)) for path, unit in blocks.items()}
    copied = {kind for path, kind in units.items() if kind != id(blocks[path])}
    return {path: kind for path, kind in units.items() if kind in copied}


class Replays:
    """The repeated units of one pass on meta, by their paths: equal ones have one number."""

    def __init__(self, tracer: Tracer, blocks: Mapping[str, nn.Module], units: Mapping[str, int]) -> None:
        self._sources, self._ledger, self._running = tracer.sources, tracer.ledger, tracer.running
        self._seen: dict[Any, _Seen | None] = {}
        for path, kind in units.items():
            self._watch(blocks[path], kind, vars(blocks[path])["_compiled_call_impl"])

    def _watch(self, unit: nn.Module, kind: int, run: Callable[..., Any]) -> None:
        def told(*args: Any, **kwargs: Any) -> Any:
            if kwargs or len(args) != 1 or not isinstance(args[0], torch.Tensor):
                return run(*args, **kwargs)
            (x,) = args
            with torch._C.DisableTorchFunction():
                key = kind, x.shape, x.stride(), x.dtype
            if key not in self._seen:
                return self._first(unit, key, run, x)
            seen, source = self._seen[key], self._sources.of(x)
            return run(x) if seen is None or source is None else self._again(unit, seen, self._sources.given(x, source))

        vars(unit)["_compiled_call_impl"] = told

    def _first(self, unit: nn.Module, key: Any, run: Callable[[torch.Tensor], Any], x: torch.Tensor) -> Any:
        source, before = self._sources.of(x), len(self._ledger.records)
        y = run(x)
        self._seen[key] = None
        if source is not None and self._sources.of(x) is source:  # nothing was written into it
            own = self._ledger.records[before:]
            seen = _Seen(self._running.path_of(unit), self._sources.given(x, source), own)
            self._seen[key] = seen if self._is_all(seen, y) else None
        return y

    def _is_all(self, seen: _Seen, y: Any) -> bool:
        """Is what a unit did said by its records alone, made of what it was given and of weights of its own?"""
        if not seen.records or not isinstance(y, torch.Tensor) or self._sources.of(y) is not seen.records[-1]:
            return False
        last, own = seen.records[-1], {id(record) for record in seen.records}
        read = [given for record in seen.records for given in record.operands]
        return (
            last.memory == "new"
            and last.effect.container is None
            and all([id(given[1]) in own or given == seen.given or self._is_within(seen.path, given) for given in read])
        )

    def _is_within(self, path: str, given: Given) -> bool:
        return self._sources.is_stored(given[1]) and given[1].name.startswith(f"{path}.")

    def _again(self, unit: nn.Module, seen: _Seen, given: Given) -> torch.Tensor:
        """The records of a unit under another's path, and what the last of them makes."""
        path = self._running.path_of(unit)
        stored = {"parameter": self._sources.parameters, "buffer": self._sources.buffers}
        calls: dict[int, ModuleCall] = {}
        made: dict[int, Record] = {}
        self._running.stack[-1].leaf = False
        for record in seen.records:
            call = record.call
            if id(call) not in calls:
                again_called = path + call.path[len(seen.path) :]
                calls[id(call)] = ModuleCall(again_called, call.kind, call.module, call.leaf, call.constants, call.ran)
            again = made[id(record)] = Record(calls[id(call)], record.effect, record.of_pass)
            for own in record.operands:
                kind, of, part = own
                if kind in stored:
                    again.operands.append((kind, stored[kind][path + of.name[len(seen.path) :]], part))
                else:
                    again.operands.append((kind, made[id(of)], part) if id(of) in made else given)
            self._ledger.records.append(again)
        with torch._C.DisableTorchFunction():  # this makes no constant
            y: torch.Tensor = again.effect.again()
        self._sources.tag(y, again)
        return y
