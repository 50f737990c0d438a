"""How layers get their names: the path of the module that each stands for, or a name in its block. No torch."""

from collections.abc import Container, Iterable, Sequence
from typing import Protocol


class Call(Protocol):
    """One call of a module. `leaf`: it called no other."""

    path: str
    leaf: bool


class Record(Protocol):
    """One executed operation. `main`: it is the one that its module is there for."""

    name: str
    main: bool

    @property
    def call(self) -> Call: ...
    @property
    def operation(self) -> str: ...
    @property
    def memory(self) -> str: ...


def name_records(records: Sequence[Record], taken: Iterable[str], blocks: Container[str]) -> None:
    """A module that ran one operation gives it its path; other operations are `<block>.<operation>`."""
    _mark_main_records(records)
    taken = set(taken)
    times: dict[str, int] = {}
    for record in records:
        call, operation = record.call, record.operation
        alone = record.main
        name = call.path if alone else f"{call.path}.{operation}" if call.path else operation
        record.name = name
        while record.name in taken or (record.name in blocks and not (alone and record.name == call.path)):
            times[name] = times.get(name, 0) + 1
            record.name = f"{name}_{times[name]}"
        taken.add(record.name)


def _mark_main_records(records: Sequence[Record]) -> None:
    """Which operation, if any, is the one that its module is there for?"""
    ran: dict[int, list[Record]] = {}
    for record in records:
        if record.call.leaf and record.call.path:
            ran.setdefault(id(record.call), []).append(record)
    for own in ran.values():
        working = [record for record in own if record.memory != "view"] or own
        if len(working) == 1:
            working[0].main = True
