"""archscope explore"""

from typing import Annotated

from archscope.commands import command
from archscope.commands.arguments import Inputs, Settings, Target, output_to, parse_settings
from archscope.commands.measured import report_of
from archscope.commands.output import chosen_format, is_stream, plain_options, write
from archscope.errors import ArchscopeError
from archscope.views import render


@command("Understand", "archscope explore inception_v4 -o inception_v4.html")
def explore(
    target: Target,
    inputs: Inputs = None,
    settings: Settings = None,
    output: Annotated[str, output_to("The page, net.html.")] = "",
) -> None:
    """TARGET as a page to walk through: pictures of its modules, numbers in them, search. One file, which asks nothing
    of any network."""
    from archscope.targets import resolve
    from archscope.views.explorer import Explorer

    if not output or is_stream(output):
        raise ArchscopeError("the page is a file for a browser: give it a name, -o net.html")
    name = chosen_format("explorer", None, output, "html", [target])
    title = "" if target.endswith(".json") else resolve(target).label
    report = report_of(target, inputs, (), None, parse_settings(settings or []))
    write(render(Explorer((report,), (title,)), name, plain_options(output)), output)
