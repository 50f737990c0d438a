"""archscope diagram"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    SHOWN,
    Inputs,
    Settings,
    complete_target,
    completes,
    names_in,
    of_the,
    output_to,
    parse_settings,
)
from archscope.commands.measured import report_of
from archscope.commands.output import chosen_format, plain_options, tell, write
from archscope.views import render

if TYPE_CHECKING:
    from archscope.views.diagram.drawing import Diagram


TALLEST = 297
"""Millimetres of a page of A4."""


def looks(name: str, metavar: str, said: str) -> Any:
    return of_the("How it looks", name, metavar, said)


PAPER = "Where it goes to be read"


def paper(name: str, metavar: str, said: str) -> Any:
    return of_the(PAPER, name, metavar, said)


def shown_names() -> tuple[str, ...]:
    from archscope.views.diagram.options import SHOWN

    return SHOWN


@command("Understand", "archscope diagram inception_v4 --block stem -o stem.svg")
def diagram(
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET", autocompletion=complete_target,
            help="A network's name (archscope list), file.py:Name, package.module:Name or a saved report.json; "
            "several stand side by side, their rows level by resolution.",
        ),
    ],
    inputs: Inputs = None,
    settings: Settings = None,
    level: Annotated[
        str,
        of_the(
            SHOWN, "--level", "network|flow|block|layer|plate|volume", "How much is opened [default: flow]", "-l"
        ),
    ] = "",
    block: Annotated[str, of_the(SHOWN, "--block", "PATH", "One module alone, such as stem.")] = "",
    depth: Annotated[
        int,
        typer.Option(
            "-d", "--depth", metavar="N", min=0, help="Modules so deep are one box; 0 opens all [default: 0]",
            rich_help_panel=SHOWN,
        ),
    ] = 0,
    fold: Annotated[
        bool, typer.Option("--fold/--unfold", help="Draw equal neighbours once.", rich_help_panel=SHOWN)
    ] = True,
    show: Annotated[
        str,
        typer.Option(
            metavar="NAME[,...]", help="Further lines: shapes, params, macs, receptive_field, latency.",
            rich_help_panel=SHOWN, autocompletion=completes(shown_names),
        ),
    ] = "",
    color: Annotated[str, looks("--color", "kind|macs|params|latency", "What colours are for.")] = "kind",
    direction: Annotated[
        str, looks("--direction", "TB|LR|BT", "Top to bottom, left to right, or bottom to top.")
    ] = "TB",
    theme: Annotated[str, looks("--theme", "light|dark|print", "Its colours.")] = "light",
    layout: Annotated[str, looks("--layout", "HxWxC|CxHxW", "How shapes are written.")] = "HxWxC",
    engine: Annotated[
        str, looks("--engine", "auto|embedded|dot|own", "Who places paths that cross: Graphviz, or nobody else.")
    ] = "auto",
    page: Annotated[str, paper("--page", "a4|slide|column", "Laid out for it, and as large as it is there.")] = "",
    width: Annotated[str, paper("--width", "LENGTH", "Laid out for it and so wide: 84mm, 3.3in, 240pt.")] = "",
    font_size: Annotated[
        float | None,
        paper("--font-size", "PT", "Of the small letters [default: as large as there is room for, 6.1 to 11]."),
    ] = None,
    dpi: Annotated[int, paper("--dpi", "N", "Pixels of a PNG to the inch.")] = 192,
    show_title: Annotated[
        bool, typer.Option("--title/--no-title", help="Title and facts above it.", rich_help_panel=PAPER)
    ] = True,
    show_legend: Annotated[
        bool, typer.Option("--legend/--no-legend", help="What colours and signs mean.", rich_help_panel=PAPER)
    ] = True,
    output: Annotated[
        str,
        output_to("As .svg, .png, .pdf, .tex (TikZ), .drawio, .dot, .mmd, or .html to walk through; - prints SVG."),
    ] = "-",
) -> None:  # fmt: skip
    """TARGET's architecture as a figure: SVG, PNG, PDF, TikZ, draw.io, DOT, Mermaid or HTML."""
    from archscope.summary import named_with
    from archscope.views.diagram.drawing import DiagramOptions, draw
    from archscope.views.diagram.lineup import line_up

    shown = names_in(show)
    options = DiagramOptions(
        level, block, depth, direction, shown, color, theme, layout, engine, fold, "", page, width, font_size, dpi,
        show_title, show_legend,
    ).checked()  # fmt: skip
    name = chosen_format("diagram", None, output, "svg", targets)
    given = parse_settings(settings or [])
    reports = [named_with(report_of(target, inputs, (), None, given), given) for target in targets]
    made = draw(reports[0], options) if len(reports) == 1 else line_up(reports, options)
    write(render(made, name, plain_options(output)), output)
    if (options.page or options.width) and not options.font_size:
        tell_small_letters(made)
    if options.width and made.height > TALLEST:
        tell(
            f"archscope: it is {made.height:.0f} mm high, more than a page: "
            "--page a4 or column keeps within one, as do modules that --level network or --depth closes"
        )


def tell_small_letters(made: "Diagram") -> None:
    """Letters that can hardly be read on the page that was chosen, and what helps."""
    from archscope.views.diagram.drawing import draw
    from archscope.views.diagram.plate import SMALLEST

    if made.letters >= SMALLEST:
        return
    wider = replace(made.options, page="a4", width="")
    room = draw(made.report, wider).letters if len(made.shown) == 1 and made.options != wider else 0.0
    way = f"--page a4 has {room:.1f} pt" if room >= SMALLEST else "close modules with --level network or --depth"
    tell(f"archscope: the small letters are {made.letters:.1f} pt on that page: {way}")
