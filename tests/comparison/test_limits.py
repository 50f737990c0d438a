"""Limits: what keeps them, what breaks them, and what is not known."""

from pathlib import Path

import pytest

from archscope.comparison.limits import LIMITED, Finding, Limit, held_against, parse_limit, tasks_of
from archscope.errors import ArchscopeError
from archscope.views.findings import said
from tests.graphs import Net, report_of, six_layer_report


def held(side: str, item: str) -> Finding:
    (finding,) = held_against(six_layer_report(), [parse_limit(side, item)], "six")  # type: ignore[arg-type]
    return finding


@pytest.mark.parametrize("name", LIMITED)
def test_a_limit_is_kept_up_to_its_value(name: str) -> None:
    found = LIMITED[name].of(six_layer_report())
    value = found[0] if isinstance(found, list) else found
    assert held("max", f"{name}={value}").holds
    assert held("min", f"{name}={value}").holds
    assert not held("max", f"{name}={value - 1}").holds
    assert not held("min", f"{name}={value + 1}").holds


@pytest.mark.parametrize(
    ("item", "value"),
    [("params=5M", 5e6), ("macs=1.5 G", 1.5e9), ("peak_memory=100MiB", 100 * 2**20), ("Peak-Memory-Bytes=7", 7),
     ("depth_separable_as_one=3", 3), ("params=22,855,952", 22_855_952)],
)  # fmt: skip
def test_what_is_typed(item: str, value: float) -> None:
    assert parse_limit("max", item).value == value


def test_what_is_not_known_keeps_no_limit() -> None:
    net = Net(input=(3, 8, 8))
    net.add("mystery", "unheard_of", "input", kind="Mystery")
    report = report_of(net.graph())
    most, least = (held_against(report, [Limit(side, "macs", 0)], "net")[0] for side in ("max", "min"))  # type: ignore[arg-type]
    assert (most.at_least, most.holds) == (True, False)
    assert least.holds
    assert not Finding("net", Limit("min", "receptive_field", 1), None).holds


@pytest.mark.parametrize(
    ("operation", "found", "kept"),
    [("mystery", None, []), ("group_norm", "global", ["min"])],
)
def test_a_receptive_field_without_a_number(operation: str, found: str | None, kept: list[str]) -> None:
    net = Net(input=(3, 8, 8))
    net.conv("after", net.add("first", operation, "input"), 4, 3)
    limits = [Limit(side, "receptive_field", 5) for side in ("min", "max")]  # type: ignore[arg-type]
    findings = held_against(report_of(net.graph()), limits, "net")

    assert [finding.found for finding in findings] == [found, found]
    assert [finding.limit.side for finding in findings if finding.holds] == kept
    assert all(said(finding) for finding in findings)


def test_tables_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[[tool.archscope.check]]\ntarget = "a"\ninput = 32\nbatch = 4\nmax = { params = "1k" }\n'
        '[[tool.archscope.check]]\ntarget = "b"\ninput = ["x=3x8x8", "y=4"]\nmin = { depth = 2 }\n'
    )
    first, second = tasks_of(path)
    assert (first.target, first.inputs, first.batch, first.limits) == ("a", ("32",), 4, (Limit("max", "params", 1000),))
    assert (second.inputs, second.limits) == (("x=3x8x8", "y=4"), (Limit("min", "depth", 2),))
    assert tasks_of(path, "b") == [second]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool", "cannot read .*pyproject.toml"),
        ("[tool.archscope]\ncheck = 3", "write \\[\\[tool.archscope.check\\]\\], a table for each target"),
        ("[[tool.archscope.check]]\nmax = { params = 3 }", "a table needs its target"),
        ('[[tool.archscope.check]]\ntarget = "a"', "a: it has no limit"),
        (
            '[[tool.archscope.check]]\ntarget = "a"\nmaximum = 3',
            "no key of .* named .maximum.; known: target, input",
        ),
        ('[[tool.archscope.check]]\ntarget = "a"\nmax = 3', "a: max: write quantities with their limits"),
        ('[[tool.archscope.check]]\ntarget = "a"\nmax = { parms = 3 }', "did you mean params"),
        ('[[tool.archscope.check]]\ntarget = "a"\nmax = { params = "x" }', "max params: .x. is no number"),
        ('[[tool.archscope.check]]\ntarget = "a"\nbatch = "x"\nmax = { params = 1 }', "batch: a whole number"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ArchscopeError, match=said):
        tasks_of(tmp_path / "pyproject.toml")
