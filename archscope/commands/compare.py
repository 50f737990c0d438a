"""archscope compare"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    NETWORK,
    SHOWN,
    WRITTEN,
    Inputs,
    Output,
    complete_target,
    completes,
    format_of,
    names_in,
)
from archscope.commands.measuring import (
    Batch,
    ByOptimizer,
    Cast,
    ChannelsLast,
    Compile,
    CudnnBenchmark,
    DataType,
    Device,
    Fresh,
    Mode,
    Seconds,
    Threads,
    Train,
    measuring_options,
    never_lost,
    parse_batches,
    progress_line,
    timed,
)
from archscope.commands.output import check_output, chosen_format, plain_options, write
from archscope.commands.predicting import Predict, ceilings_of
from archscope.errors import ArchscopeError
from archscope.latency import BACKENDS, Interrupted
from archscope.networks import families
from archscope.networks import family as network_family
from archscope.process import expect_torch
from archscope.signals import INTERRUPTED
from archscope.views import check_plot, render

if TYPE_CHECKING:
    from archscope.comparison.report import Comparison


@command("Compare", "archscope compare xception inception_v3 --by stage")
def compare(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET", help="As for summary; a saved compare.json too.",
            autocompletion=complete_target,
        ),
    ] = None,
    family: Annotated[
        str,
        typer.Option(
            metavar="FAMILY", help="All networks of a family, or all, besides.", rich_help_panel=NETWORK,
            autocompletion=completes(families),
        ),
    ] = "",
    by: Annotated[
        Literal["kind", "stage", "layer"] | None,
        typer.Option(
            metavar="kind|stage|layer", help="Where parameters, MACs, bytes and time go.", rich_help_panel=SHOWN
        ),
    ] = None,
    columns: Annotated[
        str,
        typer.Option(
            "-c", "--columns", metavar="NAME[,...]", rich_help_panel=SHOWN,
            help="What is compared, such as params,macs,depth,top1.",
        ),
    ] = "",
    sort: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The network with the least, or the most accurate, first.", rich_help_panel=SHOWN
        ),
    ] = "",
    accuracy: Annotated[
        str,
        typer.Option(
            metavar="FILE", rich_help_panel=SHOWN,
            help="Accuracies of a results.csv of timm or torchvision instead of the published ones.",
        ),
    ] = "",
    cite: Annotated[
        str,
        typer.Option(
            metavar="FILE", rich_help_panel=WRITTEN, help="Write the papers' BibTeX to FILE, and cite them in LaTeX."
        ),
    ] = "",
    inputs: Inputs = None,
    batch: Batch = None,
    mode: Mode = None,
    predict: Predict = "",
    device: Device = None,
    dtype: DataType = None,
    channels_last: ChannelsLast = False,
    compiled: Compile = None,
    cudnn_benchmark: CudnnBenchmark = False,
    backends: Annotated[
        str, timed("--backends", "BACKEND[,...]", f"Each network in each of {', '.join(BACKENDS)}; on the CPU.")
    ] = "",
    train: Train = False,
    optimizer: ByOptimizer = None,
    amp: Cast = None,
    seconds: Seconds = None,
    threads: Threads = None,
    fresh: Fresh = False,
    plot: Annotated[
        Literal["bars", "tradeoff"] | None,
        typer.Option(
            metavar="bars|tradeoff", rich_help_panel=SHOWN,
            help="What a picture shows: costs by kind, or accuracy against MACs [default: by their number]",
        ),
    ] = None,
    format_name: Annotated[str | None, format_of("comparison")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """What several networks cost, side by side, and in ratio to the first.

    With --device they are measured, their steps in turns, so that drift hits all alike; with --backends in other
    programs than torch, too, whose outputs are held against torch's.
    """
    from archscope import comparison
    from archscope.comparison.quantities import check_quantities
    from archscope.comparison.report import Comparison
    from archscope.papers.results import read_results

    read = [*(targets or []), *filter(None, [accuracy])]
    name = chosen_format("comparison", format_name, output, targets=read)
    check_plot(plot, name, "comparison")
    quantities = names_in(columns)
    check_quantities([*quantities, *filter(None, [sort.strip()])])
    check_output(cite or None, [*read, *filter(None, [output])], "--cite")
    results = read_results(accuracy) if accuracy else None
    latency = measuring_options(
        device or ("cpu" if backends else None), predict, mode, dtype, channels_last=channels_last, compile=compiled,
        train=train, optimizer=optimizer, amp=amp, seconds=seconds, threads=threads, several=True, fresh=fresh,
        cudnn_benchmark=cudnn_benchmark,
    )  # fmt: skip
    batches = parse_batches(batch)
    members = [network.name for network in network_family(family)] if family else []
    given = targets or []
    # Ratios are to the first: what is named comes before the family.
    named = [*given, *(member for member in members if member not in given)]
    expect_torch()
    try:
        found = comparison.compare(
            *named, input_size=inputs or None, mode=mode, batch=() if predict else batches,
            latency=latency, backends=names_in(backends), progress=progress_line(),
        )  # fmt: skip
        found, code = (predicted(found, batches, predict, dtype or "") if predict else found), int(bool(found.failures))
    except Interrupted as stopped:
        found, code = Comparison(tuple(stopped.reports)), INTERRUPTED
    with never_lost(found if latency else None):
        found = _chosen(replace(found, results=results), accuracy, quantities, sort.strip())
        if cite:
            write(bibliography(found), cite)
        chosen = replace(plain_options(output), by=by or "", plot=plot or "", cite=bool(cite))
        write(render(found, name, chosen), output)
    raise typer.Exit(code)


def _chosen(found: "Comparison", accuracy: str, quantities: Sequence[str], sort: str) -> "Comparison":
    """With these quantities alone, sorted by one. Raises ArchscopeError where the file `accuracy` says nothing of these
    networks."""
    if found.results and not any(found.accuracies[1]):
        why = next(filter(None, found.refused), "")
        first = next(iter(found.results.rows))
        raise ArchscopeError(why or f"{accuracy}: no row is of one of these networks; its first is {first}")
    return found.chosen(quantities, sort) if quantities or sort else found


def bibliography(found: "Comparison") -> str:
    """BibTeX of the papers that the networks are of. Raises ArchscopeError where none is of the catalogue."""
    from archscope.papers.names import network_of

    papers = dict.fromkeys(known.paper for report in found.reports if (known := network_of(report)))
    if not papers:
        raise ArchscopeError("--cite: none of these networks is of a paper that archscope knows")
    return "\n".join(paper.bibtex for paper in papers)


def predicted(found: "Comparison", batches: tuple[int, ...], devices: str, dtype: str) -> "Comparison":
    """The comparison with lower bounds on these devices, at each batch, or else at the networks' own."""
    from archscope.comparison.report import Comparison
    from archscope.roofline import predict

    ceilings = ceilings_of(devices)
    at = [predict(report, ceilings, dtype, images) for images in batches or (0,) for report in found.reports]
    return Comparison(tuple(at), found.failures)
