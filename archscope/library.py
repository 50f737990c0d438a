"""The functions that Python programs call: `archscope` shows them, and says what a target and a size are."""

from typing import TYPE_CHECKING, Any, Literal, overload

from archscope.errors import ArchscopeError
from archscope.networks import catalogue, find
from archscope.registry import named_arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    import torch
    from torch import nn

    from archscope.auditing import Audit
    from archscope.comparison.report import Comparison
    from archscope.continuum.points import Spectrum
    from archscope.differences import Diff
    from archscope.differences.fit import Fit
    from archscope.explaining import Explanation
    from archscope.explaining.worksheet import Worksheet
    from archscope.latency import Options, Progress
    from archscope.model.graph import Graph
    from archscope.model.report import Columns, Report
    from archscope.model.segments import Segments
    from archscope.papers.lineage import Lineage
    from archscope.papers.verification import Equivalences, Verification
    from archscope.papers.zoo import Zoo
    from archscope.sweeping.points import Sweep
    from archscope.targets.inputs import Example, InputSize
    from archscope.targets.target import Named as Target
    from archscope.views.diagram.drawing import Diagram
    from archscope.views.explorer import Explorer


@named_arguments
def networks(family: str = "", where: str = "", sort: str = "") -> "Zoo":
    """The networks that archscope implements, to choose from: parameters, MACs, published accuracies on ImageNet.

    `family` takes those of a paper, or whose names begin with the word, `where` those that meet conditions, `sort`
    orders by a field, the cheapest or the most accurate first. The Zoo lists its entries; by a name it gives one, whose
    `network` has its paper, input size, options and claims. Raises ArchscopeError for a family, condition or field
    that there is not. The function hides the package of its name, of which `from archscope.networks import ...` still
    imports.

    >>> archscope.networks()["xception"].network.input_size
    (3, 299, 299)
    """
    from archscope.papers.zoo import zoo

    return zoo(family, where, sort)


@named_arguments
def lineage(name: str = "") -> "Lineage":
    """The Lineage of the networks: which earlier papers each paper builds on, with the idea and the section.

    Of the paper or network of this `name`, its ancestors and descendants alone. Notebooks show the tree and its table,
    `str` is its text. Raises ArchscopeError for a name that there is not.

    >>> archscope.lineage("zfnet").members[1].builds_on[0].paper
    'lenet'
    """
    from archscope.papers.lineage import lineage

    return lineage(name)


@named_arguments
def build(target: "str | PathLike[str] | nn.Module", options: "Mapping[str, Any] | None" = None) -> "nn.Module":
    """The network of a name or of code, with weights as it initialises them, on torch's default device.

    `options` go to its builder; `archscope show NAME` and `archscope.networks()[NAME].network.options` list them.
    Raises ArchscopeError for a name or an option that there is not.

    >>> archscope.build("lenet5", {"num_classes": 4})(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 4])
    """
    from archscope.targets import resolve

    return resolve(target).build(**(options or {}))


@named_arguments
def trace(
    target: "Target",
    input_size: "InputSize | None" = None,
    *,
    input_data: "Example | None" = None,
    mode: Literal["eval", "train"] = "eval",
    options: "Mapping[str, Any] | None" = None,
) -> "Graph":
    """The Graph of one forward pass: every layer in the order of execution, its shapes, edges and arguments.

    `input_size` or `input_data` (example tensors, the batch included) say what goes in; without, it is the network's
    own input, or what its first layer suggests. `mode` is that of the pass, and `options` go to the builder. The
    module is left as it was. Raises ArchscopeError; where the pass fails, one that names the layer.

    >>> [layer.kind for layer in archscope.trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), (3, 8, 8)).layers]
    ['Conv2d', 'ReLU']
    """
    from archscope import summary

    return summary.graph_of(target, input_size, input_data, mode, options)


@named_arguments
def summarize(
    target: "Target",
    input_size: "InputSize | None" = None,
    *,
    input_data: "Example | None" = None,
    batch: "int | Sequence[int] | Literal['auto'] | None" = None,
    mode: Literal["eval", "train"] = "eval",
    options: "Mapping[str, Any] | None" = None,
    latency: "Options | None" = None,
    progress: "Progress | None" = None,
    partial: bool = False,
) -> "Report":
    """The Report of a target: its layers with parameters, MACs, memory in bytes and more, and their totals.

    `input_size` or `input_data` (example tensors, the batch included) say what goes in; without, it is the network's
    own input, or what its first layer suggests, which a note of the report then says. `batch` images, 1 by default,
    are assumed for memory and bytes; counts are of one image. `mode` is that of the pass, and `options` go to the
    builder. With `latency`, `archscope.latency.Options("cuda")` say, the network also runs, and is timed in ms at each
    `batch`, layer by layer at the first; "auto" doubles it until it does not fit or takes longer than the time that a
    batch is given. `progress` is told of it. Where the pass fails, a `partial` Report is of the
    layers before, and its first note is the error. A saved Report is given back as it is. Raises ArchscopeError, and,
    after Ctrl-C while measuring, `archscope.latency.Interrupted`.

    >>> archscope.summarize(nn.Conv2d(3, 8, 3, bias=False), torch.zeros(1, 3, 32, 32)).totals["params"]
    216
    """
    from archscope import summary
    from archscope.latency import unheard

    return summary.summarize(
        target, input_size, inputs=input_data, batch=batch, mode=mode, options=options, latency=latency,
        progress=progress or unheard, partial=partial,
    )  # fmt: skip


@named_arguments
def compare(
    *targets: "Target",
    input_size: "InputSize | None" = None,
    batch: "int | Sequence[int] | None" = None,
    mode: Literal["eval", "train"] | None = None,
    latency: "Options | None" = None,
    backends: "Sequence[str]" = (),
    progress: "Progress | None" = None,
) -> "Comparison":
    """The Comparison of several targets: what each costs, and in ratio to the first.

    All run at `input_size`, or each at its own, and at each `batch`; `mode`, `latency` and `progress` as in
    `summarize`. With `latency` they are timed in turns, a step of each, so that drift hits all alike; each with each
    of several numbers of threads, and in each of the `backends`, such as eager and onnxruntime. Reports and saved
    files (a saved comparison too) are as they are. What could not be built, traced or measured is in `failures`. Raises
    ArchscopeError for a name that nothing has, and where all of them fail.

    >>> archscope.compare("lenet5", "lenet5?num_classes=4")
    <Comparison 2 networks: LeNet-5, LeNet-5, num_classes=4>
    """
    from archscope import comparison
    from archscope.latency import unheard

    return comparison.compare(
        *targets, input_size=input_size, batch=batch, mode=mode, latency=latency, backends=backends,
        progress=progress or unheard,
    )  # fmt: skip


@named_arguments
def diff(
    a: "Target",
    b: "Target",
    input_size: "InputSize | None" = None,
    *,
    options: "Mapping[str, Any] | None" = None,
    reference_options: "Mapping[str, Any] | None" = None,
    weights: bool = False,
) -> "Diff":
    """The Diff of `a` and the reference `b`: is it that network, and if not, where and why?

    Both run at `input_size`: by default that of the reference, or else of `a`; each at its own where `a` cannot run at
    it. `options` go to the builder of `a`, `reference_options` to that of `b`. With `weights`, the parameters of `a`
    are copied over to `b`, and the outputs compared in float64. Its `verdict` is "identical", "same_parameters" or
    "different"; its `differences` sum to what the reference has more. Raises ArchscopeError.

    >>> archscope.diff(nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3, bias=False), (3, 8, 8)).totals["params"]
    -8
    """
    from archscope.differences import measured

    return measured.diff(
        a, b, input_size, options=options, reference_options=reference_options, weights=weights
    )  # fmt: skip


@named_arguments
def fit(
    weights: "str | PathLike[str] | Mapping[str, torch.Tensor]",
    target: "Target",
    *,
    options: "Mapping[str, Any] | None" = None,
) -> "Fit":
    """The Fit of weights and a network: has each tensor a place there, and under which name?

    `weights` are a .safetensors file, the .safetensors.index.json of several, or tensors by name; names, shapes and
    types are read, no numbers. `options` go to the builder of the network. Its `verdict` is "fits", "fits_renamed" or
    "does_not_fit"; its `rename` has the network's name for each of theirs, for `load_state_dict`. Raises ArchscopeError
    for a file that is not whole.

    >>> archscope.fit(nn.Linear(8, 4).state_dict(), nn.Linear(8, 4)).verdict
    'fits'
    """
    from archscope.differences import measured

    return measured.fit(weights, target, options)


@named_arguments
def diagram(
    target: "Target | Sequence[Target]",
    input_size: "InputSize | None" = None,
    *,
    input_data: "Example | None" = None,
    options: "Mapping[str, Any] | None" = None,
    level: Literal["", "network", "flow", "block", "layer", "plate", "volume"] = "",
    block: str = "",
    depth: int = 0,
    direction: Literal["TB", "LR", "BT"] = "TB",
    show: "Iterable[Literal['shapes', 'params', 'macs', 'receptive_field', 'latency']]" = (),
    color: Literal["kind", "macs", "params", "latency"] = "kind",
    theme: Literal["light", "dark", "print"] = "light",
    layout: Literal["HxWxC", "CxHxW"] = "HxWxC",
    engine: Literal["auto", "embedded", "dot", "own"] = "auto",
    fold: bool = True,
    title: str = "",
    page: Literal["", "a4", "slide", "column"] = "",
    width: str = "",
    font_size: float | None = None,
    dpi: int = 192,
    show_title: bool = True,
    show_legend: bool = True,
) -> "Diagram":
    """The Diagram of a target, or of several side by side, their rows level by resolution; notebooks show it.

    `input_size`, `input_data` and `options` as in `summarize`. `level`: a box a stage ("network") to one an operation
    ("layer"); by default "flow", or "block" where `block` names a module by its path, "stem" say; "plate" is the schema
    beside each distinct module, "volume" draws feature maps as blocks. `depth`: modules so many levels down are one box
    each, 0 opens all. `direction`: top to bottom, left to right, bottom to top. `show` adds lines to the boxes, `color`
    paints by kind or by cost, in the `theme` of a screen or for print, `layout` orders the shapes, `fold` draws equal
    neighbours once. `engine` places what is not series-parallel. A name has its network's title unless `title` says
    another. It is laid out for a `page` or a `width` such as "84mm", and so large; `font_size` is that of its small
    letters in points, `dpi` the pixels of a PNG to the inch; `show_title` and `show_legend` are what stands above it.
    Raises ArchscopeError for a choice that there is not, and EnvironmentFailure for an engine that is not installed.

    >>> archscope.diagram("lenet5", level="layer").to_svg()[:4]
    '<svg'
    """
    from archscope.summary import named_with
    from archscope.views.diagram.drawing import DiagramOptions, draw
    from archscope.views.diagram.lineup import line_up

    targets: list[Any] = list(target) if isinstance(target, list | tuple) else [target]
    reports = [
        named_with(summarize(one, input_size, input_data=input_data, options=options), options or {}) for one in targets
    ]
    chosen = DiagramOptions(
        level, block, depth, direction, tuple(show), color, theme, layout, engine, fold,
        title, page, width, font_size, dpi, show_title, show_legend,
    )  # fmt: skip
    return draw(reports[0], chosen) if len(reports) == 1 else line_up(reports, chosen)


@named_arguments
def explore(
    target: "Target",
    reference: "Target | None" = None,
    input_size: "InputSize | None" = None,
    *,
    options: "Mapping[str, Any] | None" = None,
    reference_options: "Mapping[str, Any] | None" = None,
) -> "Explorer":
    """The Explorer of a target: a page to walk through it, from the network to its layers, with the numbers of each.

    With a `reference` it is of both, beside each other, and has the rows of their Diff. `input_size` and `options` as
    in `summarize`, `reference_options` as in `diff`. `save("net.html")` writes the one file, which asks nothing of any
    network. Raises ArchscopeError.

    >>> archscope.explore("lenet5").to_html()[:15]
    '<!doctype html>'
    """
    from archscope.views.explorer import Explorer

    found = None
    if reference is None:
        reports = [summarize(target, input_size, options=options)]
    else:
        found = diff(target, reference, input_size, options=options, reference_options=reference_options)
        reports = [found.a, found.b]
    return Explorer(tuple(reports), diff=found)


@named_arguments
def explain(
    target: "Target",
    layer: str = "",
    input_size: "InputSize | None" = None,
    *,
    input_data: "Example | None" = None,
    batch: int | None = None,
    mode: Literal["eval", "train"] = "eval",
    options: "Mapping[str, Any] | None" = None,
    language: Literal["en", "ko"] = "en",
) -> "Explanation":
    """The Explanation of a layer: each of its numbers as its working, such as 3·3·3·32 = 864 parameters.

    `layer` is the path of a layer or of a module, whose numbers are the sums over its parts; a path's end is enough
    where one alone ends so, and without any it is the whole network. `input_size`, `input_data`, `batch`, `mode` and
    `options` as in `summarize`. Its `workings` have each number with its formula, which evaluates to just that; where
    no formula is known they say so. Words are in the `language`. Raises ArchscopeError for a layer that there is not.

    >>> archscope.explain("lenet5", "c1.conv1").workings[2].text
    '5·5·1·6 + 6'
    """
    from archscope import explaining

    report = summarize(target, input_size, input_data=input_data, batch=batch, mode=mode, options=options)
    return explaining.explain(report, layer, language)


@overload
def verify(*names: str, equivalences: Literal[False] = False) -> "Verification": ...
@overload
def verify(*, equivalences: Literal[True]) -> "Equivalences": ...
@named_arguments
def verify(*names: str, equivalences: bool = False) -> "Verification | Equivalences":
    """The Verification of what papers claim about these networks, all of them by default: each claim, recomputed.

    `holds` says whether none fails, `verdicts` have each with its reason. With `equivalences` it is instead the proof,
    run in float64, that functions which papers call equal are. Raises ArchscopeError for a name that there is not.

    >>> archscope.verify("lenet5").holds
    True
    """
    from archscope.papers import verify

    if equivalences:
        if names:
            raise ArchscopeError(f"equivalences proves all of them: leave out {', '.join(names)}")
        return verify.equivalences()
    return verify.verify([find(name) for name in names] if names else catalogue().values())


@named_arguments
def audit(
    target: "Target", input_size: "InputSize | None" = None, *, options: "Mapping[str, Any] | None" = None
) -> "Audit":
    """The Audit of a target: what every installed counter says of it, and the way from archscope's number to each.

    Each tool runs in a process of its own: on the target built anew, from its name, its code or the Report of a known
    network, or on the module that is given, in a fork. It runs at `input_size`, by default its own; `options` go to its
    builder. A tool that fails is a row that says why. Raises ArchscopeError.

    >>> archscope.audit(torch.nn.Linear(8, 4), (8,)).report.totals["macs"]
    32
    """
    from archscope import auditing
    from archscope.summary import report_to_audit

    report, module = report_to_audit(target, input_size, options)
    return auditing.audit(report, options or {}, module=module)


@named_arguments
def spectrum(
    target: str = "",
    segments: "Iterable[Segments] | None" = None,
    *,
    input_size: "InputSize | None" = None,
    batch: int | None = None,
    hold: Literal["", "params"] = "",
    options: "Mapping[str, Any] | None" = None,
    channels: int | None = None,
    kernel_size: int | None = None,
    stride: int | None = None,
    depth_multiplier: int | None = None,
    order: Literal["pointwise-first", "depthwise-first"] | None = None,
    activation: Literal["none", "relu", "elu"] | None = None,
    latency: "Options | None" = None,
    progress: "Progress | None" = None,
) -> "Spectrum":
    """The Spectrum from regular to depthwise separable convolutions of a network by name, or of a block without one.

    `segments` are counts, "depthwise", or the sizes of a block's segments as a tuple; by default the usual ones. It
    runs at `input_size`, by default the network's own, a block's channels x 35 x 35, and at `batch` images. `hold`
    "params" scales the widths so that all points have equal parameters. `options` go to a network's builder; a block
    has `channels` (256), `kernel_size` (3), `stride` (1), `depth_multiplier` (1), `order` ("pointwise-first") and
    `activation` ("none"). The path of a saved spectrum.json is read. With `latency` all points are timed in turns,
    and `progress` is told of it. Raises ArchscopeError.

    >>> archscope.spectrum(channels=8, segments=[1, 8]).values("params")
    [640, 136]
    """
    from archscope import continuum
    from archscope.continuum.points import Block
    from archscope.latency import unheard
    from archscope.model.input_sizes import as_inputs

    if not isinstance(target, str):
        raise ArchscopeError(
            f"a network is built anew with each count of segments: name it, and give no {type(target).__name__}"
        )
    given = {
        "channels": channels, "kernel_size": kernel_size, "stride": stride, "depth_multiplier": depth_multiplier,
        "order": order, "activation": activation,
    }  # fmt: skip
    shape: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    common: dict[str, Any] = {"batch": batch, "hold": hold, "latency": latency, "progress": progress or unheard}
    if target.endswith(".json"):
        return continuum.read_spectrum(target)
    if target and shape:
        raise ArchscopeError(f"{target} has its own layers: {', '.join(shape)} is of a block")
    if target:
        return continuum.of_network(target, segments, input_size=input_size, options=options, **common)
    if options:
        raise ArchscopeError(f"options go to a network's builder: name one, or leave out {', '.join(options)}")
    size = as_inputs(input_size)[0].size if input_size is not None else ()
    return continuum.of_block(Block(input_size=size, **shape), segments, **common)


@named_arguments
def sweep(
    target: str,
    options: "Mapping[str, Iterable[Any]] | None" = None,
    input_sizes: "int | str | Iterable[int | str] | None" = None,
    *,
    batch: int | None = None,
    under: "Mapping[str, float] | None" = None,
    maximize: str = "",
    hold: str = "",
    scale: str = "width_multiplier",
    latency: "Options | None" = None,
    progress: "Progress | None" = None,
) -> "Sweep":
    """The Sweep of a target by name: what it costs with each combination of its `options` and `input_sizes`.

    `under` keeps the points that cost no more, {"macs": 600e6} say. `maximize` finds instead the largest value of an
    option that keeps to it, by bisection, among the values given or around the default. `hold`, "macs=resnet50" or
    "params=5M", chooses the option `scale` so that all points cost the same. Memory is of `batch` images. With
    `latency` the points are timed in turns; `progress` is told how far it is. Raises ArchscopeError, also where no
    point keeps to the limits, and after Ctrl-C `archscope.sweeping.Interrupted`, with what was measured.

    >>> archscope.sweep("lenet5", {"num_classes": [10, 20]}).values("params")
    [60000, 60000]
    """
    from archscope import sweeping
    from archscope.comparison.limits import Limit, find_limited
    from archscope.sweeping.held import amount

    axes = {name: tuple(values) for name, values in (options or {}).items()}
    sizes = [input_sizes] if isinstance(input_sizes, int | str) else input_sizes or ()
    axes |= {"input": tuple(map(str, sizes))} if sizes else {}
    limits = [Limit("max", find_limited(name), value) for name, value in (under or {}).items()]
    held = amount(hold) if hold else ("", 0.0)
    return sweeping.sweep(
        target, axes, batch=batch, limits=limits, maximize=maximize, hold=held[0], held=held[1], scaled=scale,
        latency=latency, progress=progress,
    )  # fmt: skip


@named_arguments
def worksheet(
    target: "Target",
    layer: str = "",
    input_size: "InputSize | None" = None,
    *,
    blank: "Columns" = ("output", "params"),
    key: bool = False,
    options: "Mapping[str, Any] | None" = None,
    language: Literal["en", "ko"] = "en",
) -> "Worksheet":
    """The Worksheet of a network, or of one of its layers or modules: a table in which quantities are to be filled in.

    `blank` are these, "output,params" or a list of their names; in a `key` they are filled in, with their working.
    `layer` and `language` as in `explain`, `input_size` and `options` as in `summarize`. Raises ArchscopeError for a
    quantity or layer that there is not.

    >>> archscope.worksheet("lenet5", blank="params").exercises[0].path
    'c1.conv1'
    """
    from archscope.explaining import worksheet

    return worksheet.worksheet(summarize(target, input_size, options=options), layer, blank, key, language)
