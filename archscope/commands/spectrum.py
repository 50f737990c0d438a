"""archscope spectrum"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from archscope.commands import command
from archscope.commands.arguments import (
    NETWORK,
    SHOWN,
    Images,
    Output,
    Settings,
    completes,
    format_of,
    of_the,
    parse_settings,
)
from archscope.commands.measuring import (
    Cast,
    ChannelsLast,
    Compile,
    DataType,
    Device,
    OneThreads,
    Seconds,
    measuring_options,
    never_lost,
    progress_line,
)
from archscope.commands.output import chosen_format, plain_options, write
from archscope.errors import ArchscopeError
from archscope.model.segments import Segments, parse_partition, parse_segments
from archscope.networks import catalogue
from archscope.process import expect_torch, import_torch
from archscope.views import check_plot, render

if TYPE_CHECKING:
    from archscope.continuum.paper_figures import PaperFigures
    from archscope.continuum.points import Spectrum


BLOCK = "A block, where no network is named"


@command("Understand", "archscope spectrum --channels 256 --segments 1,3,32,256")
def spectrum(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A network's name, or a saved spectrum.json [default: a block]",
            autocompletion=completes(catalogue),
        ),
    ] = "",
    input_size: Annotated[
        str | None, of_the(NETWORK, "--input", "CxHxW", "[default: the network's own; of a block Cx35x35]", "-i")
    ] = None,
    batch: Images = None,
    settings: Settings = None,
    partition: Annotated[
        list[str] | None, of_the(BLOCK, "--partition", "SIZES", "Segments of these sizes: 64,128,32,32.", "-P")
    ] = None,
    channels: Annotated[int | None, of_the(BLOCK, "--channels", "C", "[default: 256]", "-C")] = None,
    kernel_size: Annotated[int | None, of_the(BLOCK, "--kernel", "K", "Its side [default: 3]", "-k")] = None,
    stride: Annotated[int | None, of_the(BLOCK, "--stride", "N", "Of the K x K convolutions [default: 1]")] = None,
    depth_multiplier: Annotated[
        int | None, of_the(BLOCK, "--depth-multiplier", "N", "Filters for each channel [default: 1]")
    ] = None,
    order: Annotated[
        str | None,
        of_the(BLOCK, "--order", "pointwise-first|depthwise-first", "Which comes first [default: pointwise-first]"),
    ] = None,
    activation: Annotated[
        str | None, of_the(BLOCK, "--activation", "none|relu|elu", "Between the two [default: none]")
    ] = None,
    segments: Annotated[
        str, of_the(SHOWN, "--segments", "COUNTS", "1,3,depthwise; 1,2,...,256; powers; all-divisors.", "-S")
    ] = "",
    hold: Annotated[
        Literal["params"] | None,
        of_the(SHOWN, "--hold", "params", "Scale the widths so that all points have equal parameters."),
    ] = None,
    plot: Annotated[
        Literal["panels", "curve", "figures"] | None,
        of_the(
            SHOWN, "--plot", "panels|curve|figures",
            "What -o x.svg, .png or .pdf shows; figures are the Xception paper's 1 to 4.",
        ),
    ] = None,
    theme: Annotated[
        Literal["light", "dark", "print"], of_the(SHOWN, "--theme", "light|dark|print", "Of panels and figures.")
    ] = "light",
    device: Device = None,
    dtype: DataType = None,
    channels_last: ChannelsLast = False,
    amp: Cast = None,
    compiled: Compile = None,
    seconds: Seconds = None,
    threads: OneThreads = None,
    format_name: Annotated[str | None, format_of("spectrum")] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """From regular to depthwise separable convolutions, by the count of segments.

    The points of a block, or of a network whose depthwise separable convolutions are each replaced.
    """
    name = chosen_format("spectrum", format_name, output, targets=[target])
    check_plot(plot, name, "spectrum")
    latency = measuring_options(
        device, dtype=dtype, channels_last=channels_last, compile=compiled, amp=amp, seconds=seconds, threads=threads
    )
    # What is only of a block and what is of both: a network, a saved spectrum and the paper's figures each refuse some.
    of_block = {
        "channels": channels, "kernel_size": kernel_size, "stride": stride, "depth_multiplier": depth_multiplier,
        "order": order, "activation": activation, "partition": [parse_partition(text) for text in partition or ()],
    }  # fmt: skip
    of_any = {"segments": segments, "input": input_size, "batch": batch, "hold": hold or "", "device": latency}
    made: Spectrum | PaperFigures
    if plot == "figures":
        refuse("the paper's figures are as they are", {"target": target} | of_block | of_any | {"set": settings})
        made = figures()
    elif target.endswith(".json"):
        refuse(f"{target} has its points already", of_block | of_any | {"set": settings})
        made = read(target)
    elif target:
        refuse(f"{target} has its own layers: it is of a block", of_block)
        made = network_spectrum(target, of_any, parse_settings(settings or []))
    else:
        refuse("it goes to a network, such as archscope spectrum xception", {"set": settings})
        made = block_spectrum(of_block, of_any)
    with never_lost(made if latency else None):
        write(render(made, name, replace(plain_options(output), plot=plot or "", theme=theme)), output)
    if latency and getattr(made, "setting", {}).get("failures"):
        raise typer.Exit(1)


def refuse(why: str, options: dict[str, Any]) -> None:
    """Raises ArchscopeError where one of these is given."""
    for name, value in options.items():
        if value:
            raise ArchscopeError(f"--{name.removesuffix('_size').replace('_', '-')} does not apply: {why}")


def read(path: str) -> "Spectrum":
    from archscope.continuum import read_spectrum

    return read_spectrum(path)


def figures() -> "PaperFigures":
    from archscope.continuum.paper_figures import paper_figures

    import_torch()
    return paper_figures()


def network_spectrum(target: str, chosen: dict[str, Any], options: dict[str, Any]) -> "Spectrum":
    from archscope import continuum

    continuum.segmented_network(target)  # before torch is imported: a mistyped name is answered at once
    counts = parse_segments(chosen["segments"]) if chosen["segments"] else None
    expect_torch()
    return continuum.of_network(target, counts, input_size=chosen["input"], options=options, **common(chosen))


def block_spectrum(shape: dict[str, Any], chosen: dict[str, Any]) -> "Spectrum":
    """Channels that are not given are those of a partition, or of the input."""
    from archscope import continuum
    from archscope.continuum.points import Block
    from archscope.model.input_sizes import parse_input

    sizes = shape.pop("partition")
    given = {name: value for name, value in shape.items() if value is not None}
    size = parse_input(chosen["input"]).size if chosen["input"] else ()
    own = given.get("channels") or (sum(sizes[0]) if sizes else 0) or (size[0] if len(size) == 3 else Block.channels)
    sides = size * 2 if len(size) == 1 else size  # 35 and 35x35 are of the block's channels
    block = Block(**{"channels": own, **given, "input_size": (own, *sides) if len(sides) == 2 else size})
    points: list[Segments] = list(sizes)
    if chosen["segments"]:
        points += parse_segments(chosen["segments"], block.segmented_channels)
    import_torch()
    return continuum.of_block(block, points or None, **common(chosen))


def common(chosen: dict[str, Any]) -> dict[str, Any]:
    """What a block and a network have in common."""
    latency = chosen["device"]
    progress = {"progress": progress_line()} if latency else {}
    return {"batch": chosen["batch"], "hold": chosen["hold"], "latency": latency, **progress}
