"""archscope audit"""

import sys
from typing import Annotated

import typer

from archscope.commands import app
from archscope.commands.arguments import Inputs, Output, Settings, Target, parse_settings
from archscope.commands.measured import report_of
from archscope.commands.output import one_of, plain_options, write
from archscope.errors import ArchscopeError


@app.command()
def audit(
    target: Target,
    inputs: Inputs = None,
    settings: Settings = None,
    format_name: Annotated[str | None, typer.Option("-f", "--format", help="table, json or markdown.")] = None,
    output: Output = None,
) -> None:
    """Why other counters print other numbers: each runs on TARGET, and the way from archscope's number to its own."""
    from archscope import auditing
    from archscope.views.audit import audit_formats

    if target.endswith(".json"):
        raise ArchscopeError(f"{target} is a report; audit runs the counters on the network itself: name that")
    show_in = one_of(audit_formats(), format_name, output)
    options = parse_settings(settings or [])
    report = report_of(target, inputs, (), None, options)
    write(show_in(auditing.audit(report, options, _said), plain_options(output)), output)


def _said(tool: str) -> None:
    if sys.stderr.isatty():
        print(f"audit: {tool} has counted", file=sys.stderr)
