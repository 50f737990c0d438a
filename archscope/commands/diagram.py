"""archscope diagram"""

from typing import Annotated

import typer

from archscope.commands import app
from archscope.commands.arguments import Inputs, Settings, Target, parse_settings
from archscope.commands.measured import report_of
from archscope.commands.output import is_stream, write


@app.command()
def diagram(
    target: Target,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="As .svg, .png, .pdf, .dot or .mmd; - prints SVG.")
    ] = "-",
    level: Annotated[str, typer.Option("-l", "--level", help="network, flow, block or layer [default: flow].")] = "",
    block: Annotated[str, typer.Option("-b", "--block", metavar="PATH", help="One module, such as stem.")] = "",
    depth: Annotated[int, typer.Option("-d", "--depth", min=0, help="Modules so deep are one box; 0 opens all.")] = 0,
    direction: Annotated[str, typer.Option(help="TB, LR or BT.")] = "TB",
    show: Annotated[str, typer.Option(help="Further lines: shapes, params, macs, receptive_field, latency.")] = "",
    color: Annotated[str, typer.Option(help="Colour by kind, macs, params or latency.")] = "kind",
    theme: Annotated[str, typer.Option(help="light, dark or print.")] = "light",
    layout: Annotated[str, typer.Option(help="Shapes as HxWxC or CxHxW.")] = "HxWxC",
    engine: Annotated[
        str, typer.Option(help="Who places paths that cross: auto, embedded or dot (Graphviz), or own.")
    ] = "auto",
    fold: Annotated[bool, typer.Option("--fold/--unfold", help="Draw equal neighbours once.")] = True,
    inputs: Inputs = None,
    settings: Settings = None,
) -> None:  # fmt: skip
    """TARGET's architecture as a figure."""
    from archscope.targets import resolve
    from archscope.views.diagram.drawing import DiagramOptions, draw, format_of

    shown = tuple(name.strip() for name in show.split(",") if name.strip())
    title = "" if target.endswith(".json") else resolve(target).label
    options = DiagramOptions(level, block, depth, direction, shown, color, theme, layout, engine, fold, title).checked()
    name = "svg" if is_stream(output) else format_of(output)
    made = draw(report_of(target, inputs, (), None, parse_settings(settings or [])), options).render(name)
    write(made, output)
