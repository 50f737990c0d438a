"""archscope check"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    Images,
    Inputs,
    Output,
    Settings,
    complete_target,
    completes,
    format_of,
    parse_settings,
)
from archscope.commands.measured import report_of
from archscope.commands.output import chosen_format, plain_options, write
from archscope.errors import ArchscopeError, EnvironmentFailure
from archscope.views import render

if TYPE_CHECKING:
    from archscope.comparison.limits import Finding, Findings, Task

SETTINGS = Path("pyproject.toml")
JOB_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file to which a job of GitHub Actions adds its summary."""


def limited() -> list[str]:
    from archscope.comparison.limits import LIMITED

    return [f"{name}=" for name in LIMITED]


def limit(side: str, said: str) -> Any:
    return typer.Option(
        f"--{side}", metavar="QUANTITY=LIMIT", help=said, rich_help_panel="Limits", autocompletion=completes(limited)
    )


@command("Check", "archscope check mobilenet --max params=5M --max macs=600M --min receptive_field=200")
def check(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="As for summary [default: all of [[tool.archscope.check]] in pyproject.toml]",
            autocompletion=complete_target,
        ),
    ] = "",
    most: Annotated[list[str] | None, limit("max", "Such as params=5M or peak_memory=100MiB.")] = None,
    least: Annotated[list[str] | None, limit("min", "Such as receptive_field=200.")] = None,
    inputs: Inputs = None,
    batch: Images = None,
    settings: Settings = None,
    format_name: Annotated[str | None, format_of("findings")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """Does TARGET keep to limits on its parameters, MACs, memory, receptive field ...?

    Exit code 0 if it does, 1 if not, with a line for each limit that is broken.
    """
    from archscope.comparison.limits import Findings, Task, parse_limit

    name = chosen_format("findings", format_name, output, targets=[target])
    limits = (*(parse_limit("max", item) for item in most or ()), *(parse_limit("min", item) for item in least or ()))
    options = parse_settings(settings or [])
    if limits and target:
        tasks = [Task(target, limits, tuple(inputs or ()), batch)]
    elif limits or inputs or batch or options:
        raise ArchscopeError("limits and settings on the command line are for one TARGET: name it, and a limit")
    else:
        tasks = configured(target)
    found = Findings(tuple(finding for task in tasks for finding in findings_of(task, options)))
    write(render(found, name, plain_options(output)), output)
    if name == "github":  # annotations are read from standard output, the page from a file
        add_to_job_summary(found)
    raise typer.Exit(bool(found.broken))


def configured(target: str) -> "list[Task]":
    """What pyproject.toml asks of this target, or of all. Raises ArchscopeError where that is nothing."""
    from archscope.comparison.limits import tasks_of

    tasks = tasks_of(SETTINGS, target) if SETTINGS.is_file() else []
    if not tasks:
        of_it = f" with target = {target!r}" if target else ""
        raise ArchscopeError(
            f"no limits: give --max params=5M, or a table [[tool.archscope.check]]{of_it} in {SETTINGS} of this folder"
        )
    return tasks


def findings_of(task: "Task", options: dict[str, Any]) -> "list[Finding]":
    from archscope.comparison.limits import held_against

    report = report_of(task.target, task.inputs, (task.batch,) if task.batch else (), None, options)
    return held_against(report, task.limits, task.target)


def add_to_job_summary(found: "Findings") -> None:
    """Where a job of GitHub Actions runs this, to the page that it shows of the job."""
    file = os.environ.get(JOB_SUMMARY)
    if not file:
        return
    try:
        with open(file, "a", encoding="utf-8") as summary:
            summary.write(str(render(found, "markdown")))
    except OSError as error:
        raise EnvironmentFailure(f"cannot write {file}: {error.strerror}") from None
