"""How layers get their names: the path of the module that each stands for, or a name in its block. No torch."""

from collections.abc import Container, Iterable, Sequence
from typing import Any, Protocol


class Call(Protocol):
    """One call of a module. `leaf`: it called no other. `main` is the one operation that it is there for, if any."""

    path: str
    leaf: bool
    main: Any

    @property
    def records(self) -> Sequence[Any]: ...


class Record(Protocol):
    """One executed operation."""

    name: str

    @property
    def call(self) -> Call: ...
    @property
    def operation(self) -> str: ...
    @property
    def memory(self) -> str: ...


def name_records(records: Sequence[Record], taken: Iterable[str], blocks: Container[str]) -> None:
    """A module that ran one operation gives it its path; other operations are `<block>.<operation>`."""
    _find_main_records(records)
    taken = set(taken)
    times: dict[str, int] = {}
    for record in records:
        call, operation = record.call, record.operation
        alone = call.main is record
        name = call.path if alone else f"{call.path}.{operation}" if call.path else operation
        record.name = name
        while record.name in taken or (record.name in blocks and not (alone and record.name == call.path)):
            times[name] = times.get(name, 0) + 1
            record.name = f"{name}_{times[name]}"
        taken.add(record.name)


def _find_main_records(records: Sequence[Record]) -> None:
    """Which operation, if any, is the one that its module is there for?"""
    for call in {id(record.call): record.call for record in records}.values():
        working = [record for record in call.records if record.memory != "view"] or call.records
        if call.leaf and call.path and len(working) == 1:
            call.main = working[0]
