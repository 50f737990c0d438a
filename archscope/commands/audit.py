"""archscope audit"""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

from archscope.commands import command
from archscope.commands.arguments import Inputs, Output, Settings, Target, format_of, parse_settings
from archscope.commands.measured import report_of
from archscope.commands.output import one_of, plain_options, write
from archscope.errors import ArchscopeError


def formats() -> Mapping[str, Any]:
    from archscope.views.audit import audit_formats

    return audit_formats()


@command("Check", "archscope audit resnet18")
def audit(
    target: Target,
    inputs: Inputs = None,
    settings: Settings = None,
    format_name: Annotated[str | None, format_of(formats)] = None,
    output: Output = None,
) -> None:
    """Why other counters print other numbers.

    Each that is installed runs on TARGET, and the way from archscope's number to its own is told step by step.
    """
    from archscope import auditing

    if target.endswith(".json"):
        raise ArchscopeError(f"{target} is a report; audit runs the counters on the network itself: name that")
    show_in = one_of(formats(), format_name, output)
    options = parse_settings(settings or [])
    report = report_of(target, inputs, (), None, options)
    write(show_in(auditing.audit(report, options, _said), plain_options(output)), output)


def _said(tool: str) -> None:
    if sys.stderr.isatty():
        print(f"audit: {tool} has counted", file=sys.stderr)
