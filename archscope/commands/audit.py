"""archscope audit"""

import sys
from typing import Annotated

from archscope.commands import command
from archscope.commands.arguments import Inputs, Output, Settings, Target, format_of, parse_settings
from archscope.commands.measured import report_of
from archscope.commands.output import chosen_format, plain_options, tell, write
from archscope.errors import ArchscopeError
from archscope.views import render


def said_on_a_terminal(tool: str) -> None:
    """A line where somebody waits for it."""
    if sys.stderr.isatty():
        tell(f"audit: {tool} has counted")


@command("Check", "archscope audit resnet18")
def audit(
    target: Target,
    inputs: Inputs = None,
    settings: Settings = None,
    format_name: Annotated[str | None, format_of("audit")] = None,
    output: Output = None,
) -> None:
    """Why other counters print other numbers.

    Each that is installed runs on TARGET, and the way from archscope's number to its own is told step by step.
    """
    from archscope import auditing
    from archscope.reading.kinds import is_saved
    from archscope.summary import check_audited

    if is_saved(target):  # a counter needs a module to run on
        raise ArchscopeError(f"{target} is a report; audit runs the counters on the network itself: name that")
    name = chosen_format("audit", format_name, output, targets=[target])
    options = parse_settings(settings or [])
    check_audited(target, options)
    report = report_of(target, inputs, (), None, options)
    write(render(auditing.audit(report, options, said_on_a_terminal), name, plain_options(output)), output)
