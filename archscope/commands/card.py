"""archscope card"""

from typing import Annotated

from archscope.commands import command
from archscope.commands.arguments import Images, Inputs, Output, Settings, Target, format_of, parse_settings
from archscope.commands.measured import report_of
from archscope.commands.output import chosen_format, plain_options, write
from archscope.views import render


@command("Look up", "archscope card mobilenet -o badge.svg")
def card(
    target: Target,
    inputs: Inputs = None,
    batch: Images = None,
    settings: Settings = None,
    format_name: Annotated[str | None, format_of("card")] = None,
    output: Output = None,
) -> None:
    """The section of a model card: what a network is and costs, in Markdown; as .svg or .png a badge."""
    from archscope.modelcard import Card

    name = chosen_format("card", format_name, output, usual="markdown", targets=[target])
    report = report_of(target, inputs, [batch] if batch else [], None, parse_settings(settings or []))
    write(render(Card(report), name, plain_options(output)), output)
