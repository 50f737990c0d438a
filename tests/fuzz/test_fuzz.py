"""A little of `make fuzz`, the same every time: some lines, some mutants, some classes, and what must hold of each."""

import json
from collections.abc import Iterator
from random import Random

import pytest

from tests.fuzz import lines, modules
from tests.fuzz.__main__ import COMMANDS, Step, steps
from tests.fuzz.running import Ended, folder

AS_JSON = next(place for place, command in enumerate(COMMANDS) if "-f json" in command)
COUNTS = {"lines": 15, "mutants": 20, "modules": 10}


@pytest.fixture(scope="module")
def known() -> Iterator[dict[str, Step]]:
    with folder(lambda path: None) as where:
        yield dict(steps(where, [*COUNTS]))


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
@pytest.mark.parametrize("kind", COUNTS)
def test_fuzz(kind: str, known: dict[str, Step]) -> None:
    step = 7 if kind == "modules" else 1
    found = [known[kind](seed * step) for seed in range(COUNTS[kind])]

    assert [(ended.arguments, ended.faults, ended.err[-300:]) for ended in found if ended.faults] == []


def test_a_copy_that_user_code_forks_writes_nothing(known: dict[str, Step]) -> None:
    ended = known["modules"](modules.CLASSES.index("ForksOn") + AS_JSON * len(modules.CLASSES))

    assert json.loads(ended.out)["network"] == "ForksOn"


def test_the_grammar_knows_every_command_and_option() -> None:
    random = Random(0)
    made = [lines.line(random) for _ in range(10_000)]
    words = {word for line in made for word in line}
    known = {option for command in lines.commands().values() for each in command for option in each.opts[-1:]}

    assert {line[0] for line in made if line} >= lines.commands().keys()
    assert {option for option in known if option.startswith("--")} <= words


def test_at_least_eighty_classes() -> None:
    assert len(set(modules.CLASSES)) >= 80
    compile(modules.SOURCE, "hostile.py", "exec")


@pytest.mark.parametrize(
    ("code", "out", "err", "left"),
    [
        (1, "", "Traceback (most recent call last):", ()),
        (1, "", "archscope: a fault of archscope: run again", ()),
        (-9, "", "", ()),
        (-11, "", "", ()),
        (2, "", "", ()),
        (0, "\x1b[2J", "", ()),
        (0, '{\n "schema": "archscope.report/2",\n "network": 3\n}\n', "", ()),
        (0, "", "archscope: \u202e", ()),
        (0, "", "", (".made.json.1f",)),
    ],
)
def test_faults_are_seen(code: int, out: str, err: str, left: tuple[str, ...]) -> None:
    assert Ended(["list"], code, out, err, left).faults
    assert not Ended(["list"], 0, "fine\n", "archscope: fine\n").faults
