"""What `--help` says of every command: all of it, in any terminal, with a line that works."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from archscope import cli
from archscope.commands.arguments import column_names
from tests.conftest import Run

GROUP: Any = typer.main.get_command(cli.app)
COMMANDS: dict[str, Any] = GROUP.commands


def parameters(command: Any) -> list[Any]:
    return [each for each in command.params if each.name != "help"]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [80, 160])
def test_it_fits_the_terminal_and_leaves_nothing_out(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = run(name, "--help")
    said = " ".join(out.split())
    assert (code, err) == (0, "")
    assert out.isascii()
    assert max(len(line) for line in out.splitlines() if not line.startswith("  $ ")) <= width
    for each in parameters(COMMANDS[name]):
        assert each.help, each.name
        assert " ".join(each.help.split()).partition(" [default")[0].rstrip(".") in said
        for spelt in (*each.opts, *each.secondary_opts) if each.param_type_name == "option" else (each.metavar,):
            assert spelt in said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_panel_and_every_value_a_name(name: str) -> None:
    for each in parameters(COMMANDS[name]):
        assert each.metavar or each.is_flag, each.name
        assert each.param_type_name == "argument" or each.rich_help_panel, each.name


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "audit"])  # audit: a process for every counter
def test_the_example_works(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("archscope.selfcheck.selfcheck", lambda *arguments, **options: [])  # which takes a minute
    program, *arguments = shlex.split(COMMANDS[name].epilog)
    assert (program, arguments[0]) == ("archscope", name)
    code, out, _ = run(*arguments)
    assert code in {0, 1 if name == "diff" else 0}
    assert out or list(tmp_path.iterdir())


def test_one_letter_means_one_option() -> None:
    meant: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for each in parameters(command):
            for spelt in each.opts:
                if len(spelt) == 2:
                    meant.setdefault(spelt, set()).add(each.opts[-1])
    assert {spelt: names for spelt, names in meant.items() if len(names) > 1} == {}


def test_columns_are_listed_and_defaults_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = " ".join(run("summary", "--help")[1].split())
    assert f"Some of {', '.join(column_names())}." in said
    assert "[default: output, params, macs, share, and what is asked for besides]" in said
    assert "[default: eval]" in said
    assert "Show equal neighbours once, units as one row. [default: fold]" in said


@pytest.mark.parametrize("encoding", ["ascii", "cp437"])
@pytest.mark.parametrize("arguments", [["--help"], ["summary", "--help"], ["list"]])
def test_a_poor_terminal_is_no_error(encoding: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = subprocess.run([sys.executable, "-m", "archscope", *arguments], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("utf-8")  # where nothing is a terminal, whatever the terminal's encoding is
    assert "--help" not in arguments or done.stdout.isascii()


def test_the_commands_stand_under_what_they_are_for(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    headings = [line for line in out.splitlines() if line.endswith(":")]
    assert headings == ["Understand:", "Compare:", "Check:", "Look up:", "In general:"]
    assert all(f"\n  {name} " in out for name in COMMANDS)


def test_batch_means_the_same_everywhere() -> None:
    for command in COMMANDS.values():
        known = {spelt: each for each in parameters(command) for spelt in each.opts}
        if "-b" in known:
            assert known["-b"] is known["--batch"]
            assert known["-b"].help.startswith("Images at a time") and known["-b"].help.endswith("[default: 1]")
            assert known["-b"].metavar == "N" or "--device" in known  # several are for measuring
