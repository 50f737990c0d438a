"""The commands: parse, call the library, write. The only place that prints."""

import ast
import contextlib
import gc
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer
from rich.console import Console

from archscope import __version__, networks, views
from archscope.errors import ArchscopeError, EnvironmentFailure

if TYPE_CHECKING:
    from archscope.report import Report

app = typer.Typer(
    name="archscope",
    help="What a convolutional network is made of, what it costs, and how it stands to its paper.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
ClickException: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
INTERRUPTED = 130


def main() -> None:
    """Run the command line. Mistakes get one line and exit code 2; `--debug` shows where they arose."""
    gc.disable()  # a short process: nothing to collect, and importing torch is a tenth faster without
    debug = "--debug" in sys.argv
    try:
        code = app([argument for argument in sys.argv[1:] if argument != "--debug"], standalone_mode=False)
        sys.exit(code or 0)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(INTERRUPTED)
    except (ArchscopeError, ClickException) as error:
        if debug:
            raise
        message = error.format_message() if isinstance(error, ClickException) else str(error)
        if message.strip():  # none where the help has been shown instead
            print(f"archscope: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(error.exit_code)


def import_torch() -> None:
    """Before anything is written: its C++ half loses the KeyboardInterrupt of a Ctrl-C that comes as it is loaded."""
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    try:
        import torch  # noqa: F401
    finally:
        signal.signal(signal.SIGINT, before)


# ---- completion ----------------------------------------------------------------------------------------------


def _completes(choices: Callable[[], Any]) -> Callable[[str], list[str]]:
    """Completion of the last item of a comma-separated value."""

    def complete(incomplete: str) -> list[str]:
        done, comma, last = incomplete.rpartition(",")
        return [done + comma + choice for choice in choices() if choice.startswith(last)]

    return complete


def _column_names() -> list[str]:
    from archscope.views.rows import HEADINGS, STRUCTURE

    return [*STRUCTURE, *HEADINGS]


def _complete_set(context: typer.Context, incomplete: str) -> list[str]:
    with contextlib.suppress(ArchscopeError):
        name = context.params.get("target") or context.params.get("name") or ""
        return [f"{option}=" for option in networks.find(name).options if option.startswith(incomplete)]
    return []


# ---- arguments -----------------------------------------------------------------------------------------------


def parse_input(text: str) -> tuple[int, ...]:
    """`3x299x299`, `1x3x299x299`, `3,299,299` or `299` as numbers."""
    numbers = re.split(r"[x\u00d7,*\s]+", text.strip().lower())
    if not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise ArchscopeError(f"--input {text}: write channels x height x width, such as 3x299x299, or one side, 299")
    return tuple(map(int, numbers))


def resolve_input(text: str | None, batch: int | None, own_size: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Input size without the batch, and the batch: from `--input`, `--batch` and the network's own size."""
    sizes = parse_input(text) if text else own_size
    if len(sizes) == 1 and len(own_size) > 1:
        sizes = (own_size[0], *sizes * (len(own_size) - 1))
    if len(sizes) == len(own_size) + 1:
        if batch not in (None, sizes[0]):
            raise ArchscopeError(f"--input {text} has a batch of {sizes[0]}, --batch says {batch}: give one of them")
        return sizes[1:], sizes[0]
    if len(sizes) != len(own_size):
        raise ArchscopeError(
            f"--input {text}: the network takes {len(own_size)} sizes, such as {'x'.join(map(str, own_size))}"
        )
    return sizes, 1 if batch is None else batch


def parse_settings(items: list[str]) -> dict[str, Any]:
    """`key=value` items; values are Python literals, true/false, or else plain words."""
    settings = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise ArchscopeError(f"--set {item}: write key=value, such as num_classes=10")
        settings[key.strip().replace("-", "_")] = _literal(value.strip())
    return settings


def _literal(value: str) -> Any:
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def parse_columns(text: str, report: "Report") -> tuple[str, ...]:
    """Comma-separated column names; `all` is every column of the report."""
    if text.strip() == "all":
        return ("output", "share", *report.table_columns)
    return tuple(name.strip() for name in text.split(",") if name.strip())


# ---- output --------------------------------------------------------------------------------------------------


def write(text: str, output: str | None) -> None:
    """To standard output, or to a file: whole or not at all."""
    if output in (None, "-"):
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough, as `| head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # no second failure as Python ends
            raise EnvironmentFailure(f"cannot write to standard output: {error.strerror}") from None
        return
    with replacing(Path(str(output))) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file that takes `path`'s place when all is written; on any error `path` stays as it was.

    A link stays a link, a file keeps its permissions, and a device or pipe (/dev/stdout) is written to as it is.
    """
    temporary = None
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            yield path
            return
        path = path.resolve()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(_permissions(path))
        temporary.replace(path)
    except OSError as error:
        mistyped = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
        kind = ArchscopeError if mistyped else EnvironmentFailure
        raise kind(f"cannot write {path}: {error.strerror}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _permissions(path: Path) -> int:
    """A file's own; where there is none yet, those that a new one gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def plain_options(output: str | None) -> views.Options:
    """Colours and the terminal's width only on a terminal."""
    terminal = Console() if output is None and sys.stdout.isatty() else None
    color = terminal is not None and not terminal.no_color and terminal.color_system is not None
    return views.Options(width=terminal.width if terminal else 0, color=color)


def view_options(columns: tuple[str, ...], depth: int, fold: bool, sort: str, output: str | None) -> views.Options:
    """What the reader chose, for a terminal, a pipe or a file."""
    return replace(plain_options(output), columns=columns, depth=depth, fold=fold, sort=sort)


# ---- commands ------------------------------------------------------------------------------------------------

Target = Annotated[
    str,
    typer.Argument(
        help="A network's name (archscope list), or a saved report.json.",
        autocompletion=_completes(networks.catalogue),
    ),
]
Output = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; its suffix picks the format.")
]
Format = Annotated[
    str | None,
    typer.Option(
        "-f", "--format", help="table, json, csv, markdown, latex or html.", autocompletion=_completes(views.formats)
    ),
]


@app.command()
def summary(
    target: Target,
    input_size: Annotated[
        str | None,
        typer.Option("-i", "--input", metavar="CxHxW", help="Such as 3x299x299 or 299 [default: the paper's]."),
    ] = None,
    batch: Annotated[
        int | None, typer.Option("-b", "--batch", min=1, help="Images at a time, for the memory columns [default: 1].")
    ] = None,
    depth: Annotated[int, typer.Option("-d", "--depth", min=0, help="Levels of the module tree; 0 shows all.")] = 3,
    columns: Annotated[
        str,
        typer.Option("-c", "--columns", help="Comma-separated, or 'all'.", autocompletion=_completes(_column_names)),
    ] = ",".join(views.DEFAULT_COLUMNS),
    mode: Annotated[Literal["eval", "train"] | None, typer.Option(help="The mode of the pass [default: eval].")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="KEY=VALUE", help="An option of the network (archscope show NAME).",
                     autocompletion=_complete_set),
    ] = None,
    fold: Annotated[bool, typer.Option("--fold/--unfold", help="Show equal neighbours once, units as one row.")] = True,
    sort: Annotated[
        str, typer.Option(help="List the parts by a column, largest first.", autocompletion=_completes(_column_names))
    ] = "",
    format_name: Format = None,
    output: Output = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if an operation's cost is unknown.")] = False,
) -> None:  # fmt: skip
    """What TARGET is made of: every layer with its shape, parameters and MACs, and the totals in words."""
    name = format_name or (views.format_of(output) if output not in (None, "-") else "table")
    views.check_format(name)
    report = _report(target, input_size, batch, mode, parse_settings(settings or []))
    missing = report.totals["operations"]["unknown"]
    if strict and missing:
        raise ArchscopeError(f"{report.graph.name} runs operations of unknown cost: {', '.join(missing)}")
    write(views.render(report, name, view_options(parse_columns(columns, report), depth, fold, sort, output)), output)


def _report(
    target: str,
    input_size: str | None,
    batch: int | None,
    mode: Literal["eval", "train"] | None,
    options: dict[str, Any],
) -> "Report":
    from archscope.summary import read_report, summarize

    if target.endswith(".json"):
        if input_size or batch or mode or options:
            raise ArchscopeError(f"{target} is measured already: --input, --batch, --mode and --set do not apply to it")
        return read_report(target)
    size, images = resolve_input(input_size, batch, networks.find(target).input_size)
    import_torch()
    return summarize(target, size, batch=images, mode=mode or "eval", **options)


@app.command("list")
def list_networks() -> None:
    """The networks that archscope implements."""
    rows = [
        (entry.name, "x".join(map(str, entry.input_size)), entry.label, entry.paper.citation)
        for entry in networks.catalogue().values()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    write("".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows), None)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A network's name.", autocompletion=_completes(networks.catalogue))],
) -> None:
    """What the paper says of a network, and the network's options."""
    entry = networks.find(name)
    whole = [claim for claim in entry.claims if not claim.block]
    parts = len(entry.claims) - len(whole)
    lines = [
        f"{entry.name}: {entry.label}",
        f"  {entry.paper.title}",
        f"  {entry.paper.authors}",
        f"  {entry.paper.citation}",
        f"  implements: {entry.source}",
        f"  input: {'x'.join(map(str, entry.input_size))}",
        *([f"  note: {entry.note}"] if entry.note else []),
        *([f"  also called: {', '.join(entry.aliases)}"] if entry.aliases else []),
        "  options (--set key=value):",
        *[f"    {option}: {described}" for option, described in entry.options.items()],
        "  published:" if entry.claims else "  published: no number in the catalogue",
        *[f"    {claim.said()}" for claim in whole],
        *([f"    and {parts} of its parts: archscope verify {entry.name}"] if parts else []),
    ]
    write("\n".join(lines) + "\n", None)


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Networks [default: all].", autocompletion=_completes(networks.catalogue)
        ),
    ] = None,
    equivalences: Annotated[
        bool, typer.Option("--equivalences", help="Prove instead that functions the papers call equal are.")
    ] = False,
    format_name: Annotated[str | None, typer.Option("-f", "--format", help="table, json or markdown.")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """What the papers claim, recomputed claim by claim. Exit code 1 if one that should hold does not."""
    from archscope import verify
    from archscope.views.equivalences import equivalence_formats
    from archscope.views.verdicts import verdict_formats

    if equivalences:
        if names:
            raise ArchscopeError(f"--equivalences proves all of them: leave out {' '.join(names)}")
        prove_in = _one_of(equivalence_formats(), format_name, output)
        import_torch()
        proofs = verify.equivalences()
        write(prove_in(proofs, plain_options(output)), output)
        raise typer.Exit(not all(proof.holds for proof in proofs))
    show_in = _one_of(verdict_formats(), format_name, output)
    entries = [networks.find(name) for name in names] if names else list(networks.catalogue().values())
    import_torch()
    verdicts = [verdict for entry in _progress(entries) for verdict in verify.verify(entry)]
    write(show_in(verdicts, plain_options(output)), output)
    raise typer.Exit(any(verdict.outcome == "fails" for verdict in verdicts))


T = TypeVar("T")


def _one_of(formats: Mapping[str, T], name: str | None, output: str | None) -> T:
    """The format of this name, or that of the output's suffix."""
    name = name or (views.format_of(output) if output not in (None, "-") else "table")
    if name not in formats:
        raise ArchscopeError(f"verify writes {', '.join(formats)}, not {name}")
    return formats[name]


def _progress(entries: list[networks.Network]) -> Iterable[networks.Network]:
    """A bar on the terminal, where standard error is one."""
    from rich.progress import track

    return track(entries, "verify", console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


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
    show: Annotated[str, typer.Option(help="Further lines: shapes, params, macs, receptive_field.")] = "",
    color: Annotated[str, typer.Option(help="Colour by kind, macs or params.")] = "kind",
    theme: Annotated[str, typer.Option(help="light, dark or print.")] = "light",
    layout: Annotated[str, typer.Option(help="Shapes as HxWxC or CxHxW.")] = "HxWxC",
    fold: Annotated[bool, typer.Option("--fold/--unfold", help="Draw equal neighbours once.")] = True,
    input_size: Annotated[str | None, typer.Option("-i", "--input", metavar="CxHxW", help="As for summary.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="KEY=VALUE", help="An option of the network (archscope show NAME).",
                     autocompletion=_complete_set),
    ] = None,
) -> None:  # fmt: skip
    """TARGET's architecture as a figure."""
    from archscope.views.diagram.drawing import DiagramOptions, draw, format_of

    shown = tuple(name.strip() for name in show.split(",") if name.strip())
    title = "" if target.endswith(".json") else networks.find(target).label
    options = DiagramOptions(level, block, depth, direction, shown, color, theme, layout, fold, title).checked()
    name = "svg" if output == "-" else format_of(output)
    made = draw(_report(target, input_size, None, None, parse_settings(settings or [])), options).render(name)
    if output == "-":
        write(made.decode("utf-8"), None)
    else:
        with replacing(Path(output)) as temporary:
            temporary.write_bytes(made)


def _print_version(asked: bool) -> None:
    if asked:
        write(f"archscope {__version__}\n", None)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback where a command fails.")] = False,
) -> None:
    """What a convolutional network is made of, what it costs, and how it stands to its paper."""


if __name__ == "__main__":
    main()
