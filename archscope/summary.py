"""From what the user named to a measured Report."""

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from archscope.cache import kept
from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.latency import Job, Options, Progress, unheard
from archscope.latency.fitting import climbing_batches
from archscope.measures import Measured
from archscope.model.files import check_can_be_read
from archscope.model.graph import LARGEST_SIZE, Graph
from archscope.model.input_sizes import Input, Sizes, is_example
from archscope.model.report import Report
from archscope.model.text import shown
from archscope.reading.kinds import is_saved
from archscope.targets import Target, resolve, variants
from archscope.targets.default_input import broken_off, first_pass
from archscope.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from archscope.targets.inputs import Example, InputSize
    from archscope.targets.target import Named
    from archscope.tracing import Mode


NOT_TIMED = "a Keras model is counted and compared, not timed: archscope measures torch modules"
STOPPED = "stopped, and the layers before are shown: "
"""How the note of a partial Report begins; the error follows."""


def summarize(
    target: "Named",
    input_size: "InputSize | None" = None,
    *,
    inputs: "Example | None" = None,
    batch: int | Sequence[int] | Literal["auto"] | None = None,
    mode: "Mode" = "eval",
    latency: Options | None = None,
    progress: Progress = unheard,
    options: Mapping[str, Any] | None = None,
    partial: bool = False,
) -> Report:
    """Trace a target and measure everything: `archscope.summarize`, whose `input_data` are `inputs` here."""
    if isinstance(target, Report) or is_saved(target):
        given = {"input_size": input_size, "input_data": inputs, "batch": batch, "latency": latency}
        refused = [name for name, value in given.items() if value is not None]
        return _measured(target, [*refused, *(["options"] if options else [])])
    if batch == "auto" and latency is None:
        raise ArchscopeError("a batch of auto is found by trying: give a --device")
    batches = checked_batches(None if isinstance(batch, str) else batch, latency)
    if latency and len(latency.thread_counts) > 1 and (len(batches) > 1 or batch == "auto"):
        raise ArchscopeError("several batches and several numbers of threads: give several of one")
    if latency and latency.train:
        mode = "train"
    dtype = latency.stored_dtype if latency else ""
    job = job_of(target, input_size, inputs, batches, mode, dtype, options or {}, partial)
    if latency is None:
        return job.report
    from archscope.latency import device
    from archscope.latency.measuring import measure

    batches = batches or [job.report.graph.batch]
    if batch == "auto":
        batches = climbing_batches(job.report.graph, latency, device.free_bytes(latency))
    (measured,) = measure([job], latency, batches, progress, climbing=batch == "auto")
    if isinstance(measured, ArchscopeError):
        raise measured
    return measured


@collection_paused()
def graph_of(
    target: "Named",
    input_size: "InputSize | None",
    inputs: "Example | None",
    mode: "Mode",
    options: Mapping[str, Any] | None,
) -> Graph:
    """The Graph alone, unmeasured: `archscope.trace`."""
    if isinstance(target, Report) or is_saved(target):
        return summarize(target, input_size, inputs=inputs, options=options).graph
    graph, images = first_pass(resolve(target), options or {}, *sizes_or_tensors(input_size, inputs), mode)
    return replace(graph, batch=images or 1)


def _measured(target: Any, refused: Sequence[str]) -> Report:
    """What is measured already. Raises ArchscopeError where something is said that would change it."""
    if refused:
        what = repr(target) if isinstance(target, Report) else target
        raise ArchscopeError(f"{what} is measured already: {', '.join(refused)} cannot change it; name the network")
    return target if isinstance(target, Report) else read_report(target)


def check_audited(target: "Named", options: Mapping[str, Any]) -> None:
    """Raises ArchscopeError for what other counters cannot run."""
    from archscope.tracing.keras import is_keras

    found = resolve(target)
    found.check_runs()
    if is_keras(found.on_meta(**options).module):
        raise ArchscopeError(
            f"{found.name} is a Keras model, and the counters run torch modules: `archscope summary` counts it"
        )


def report_to_audit(
    target: Any, input_size: "InputSize | None", options: Mapping[str, Any] | None
) -> "tuple[Report, nn.Module | None]":
    """The Report of what other processes build anew, by its name, or of a module, which a fork holds. Raises
    ArchscopeError for anything else."""
    from torch import nn

    if isinstance(target, nn.Module):
        check_audited(target, {})
        if not hasattr(os, "fork"):
            raise ArchscopeError("this system cannot fork a process that holds a module: name code, net.py:Net")
        devices = {tensor.device.type for tensor in (*target.parameters(), *target.buffers())}
        if "meta" in devices:
            raise ArchscopeError("the counters run the module: build it with weights, not on meta")
        report = summarize(target, input_size, options=options)
        return report, target if devices <= {"cpu"} else copy.deepcopy(target).cpu()  # a fork has no CUDA
    named = target.target if isinstance(target, Report) else target
    if not isinstance(named, str) or is_saved(named):
        what = named if isinstance(named, str) else f"a {type(named).__name__}"
        raise ArchscopeError(f"{what} cannot be built anew by each counter: name a network, or code, net.py:Net")
    if isinstance(target, Report) and resolve(named).libraries is None:
        raise ArchscopeError(f"the report is of {named}, code that runs only for who names it: audit that instead")
    check_audited(named, options or {})
    if isinstance(target, Report):
        _check_same(target, named, options)
    return summarize(target, input_size, options=None if isinstance(target, Report) else options), None


def _check_same(report: Report, name: str, options: Mapping[str, Any] | None) -> None:
    """Raises ArchscopeError where a report is of another network than its name and these options build: it does not
    hold the options that it was made with."""
    sizes = [Input(tuple(one.shape), one.dtype, argument) for argument, one in report.graph.inputs.items()]
    built = summarize(name, sizes, mode=report.setting["mode"], options=options)
    if any(built.totals[total] != report.totals[total] for total in ("params", "macs")):
        raise ArchscopeError(f"the report is not of {name} as it is built now: audit it by name, with its options")


@collection_paused()  # before the first call imports what it takes
def job_of(
    target: "Named",
    input_size: "InputSize | None",
    inputs: "Example | None",
    batches: Sequence[int],
    mode: "Mode",
    dtype: str,
    options: Mapping[str, Any],
    partial: bool = False,
) -> Job:
    """The target's Report at the first batch, with weights of this type (empty: its own), and how to measure it."""
    found, (size, inputs) = resolve(target), sizes_or_tensors(input_size, inputs)
    if dtype:
        found.check_runs()

    def made() -> Report:
        return _measured_now(target, found, size, inputs, batches, mode, dtype, options, partial)

    if inputs is not None or partial or found.libraries is None:
        report = made()
    else:
        asked = ("report", target, size, batches, mode, dtype, options)
        report = kept(asked, found.libraries, made, Report.to_dict, Report.of_checked)

    def build() -> "nn.Module":
        from archscope.tracing.keras import is_keras

        if is_keras(target):
            raise ArchscopeError(NOT_TIMED)  # nor can it be copied
        built: nn.Module = found.build(**options) if isinstance(target, str) else copy.deepcopy(cast(Any, target))
        if is_keras(built):
            raise ArchscopeError(NOT_TIMED)
        for weight in built.parameters():
            if not weight.is_leaf:  # a copy of a weight that torch.jit holds, which would not train
                weight.detach_().requires_grad_()
        return built

    return Job(report, build, inputs, found.running)


def _measured_now(
    target: "Named",
    found: Target,
    size: "Sizes | None",
    inputs: "Example | None",
    batches: Sequence[int],
    mode: "Mode",
    dtype: str,
    options: Mapping[str, Any],
    partial: bool,
) -> Report:
    try:
        graph, images = first_pass(found, options, size, inputs, mode, dtype)
    except ArchscopeError as error:
        ran = broken_off(error) if partial else None
        if ran is None:
            raise
        graph, images = replace(ran, notes=(f"{STOPPED}{error}", *ran.notes)), None
    name = target if isinstance(target, str) else found.name
    report = _report(graph, name, _first(batches, images), mode, _made_by(found))
    network = found.network
    if network is not None:
        (shape, *_) = (tensor.shape for tensor in graph.inputs.values())
        claims = network.claims_of(shape, {**found.options, **options})
        report = replace(report, title=f"{network.paper.citation}, {network.source}", claims=claims)
    return report


def _made_by(found: Target) -> dict[str, str]:
    """Of a report's setting: where the Graph comes from."""
    if found.read is not None:
        return {"device": "file"}
    import torch

    return {"device": "meta", "torch": torch.__version__}


def sizes_or_tensors(input_size: "InputSize | None", inputs: "Example | None") -> "tuple[Sizes | None, Example | None]":
    """What was given in the place of a size is one, or it is tensors. Raises ArchscopeError where both are given."""
    size: Any = input_size
    if size is not None and inputs is not None:
        what = "example tensors once" if is_example(size) else "a size or an example"
        raise ArchscopeError(f"give {what}: as input_size or as input_data")
    if is_example(size):
        size, inputs = None, size
    return size, tuple(inputs) if isinstance(inputs, list) else inputs


def checked_batches(batch: int | Sequence[int] | None, latency: Options | None) -> list[int]:
    """The batches as a list. Raises ArchscopeError for one without images, and for several with nothing to measure."""
    batches = [batch] if isinstance(batch, int) else list(batch or ())
    if not all(0 < images <= LARGEST_SIZE for images in batches):
        raise ArchscopeError(f"a batch of {', '.join(map(str, batches))} images: it takes 1 or more, below 2^63")
    if len(batches) > 1 and latency is None:
        raise ArchscopeError("several batches are for measuring: give a --device, or one batch")
    return batches


def _first(batches: Sequence[int], images: int | None) -> int:
    """The first batch, where `images` may have stood in front of the input's size; 1 where nothing says."""
    if images and batches and batches[0] != images:
        raise ArchscopeError(f"the input has a batch of {images}, --batch says {batches[0]}: give one of them")
    return batches[0] if batches else images or 1


def named_with(report: Report, options: Mapping[str, Any]) -> Report:
    """The report under the name of a target that says these options itself, `xception?middle_blocks=4`."""
    if not options:
        return report
    name, said = report.graph.name, variants.suffix(options)
    name += said.replace("?", "&", 1) if "?" in name else said
    return replace(report, graph=replace(report.graph, name=name))


def read_report(path: str) -> Report:
    """A report that `archscope summary -o report.json` wrote. Raises ArchscopeError."""
    return Report.from_json(read_text(path), path)


def read_text(path: str) -> str:
    """The file's text. Raises ArchscopeError."""
    try:
        check_can_be_read(path)
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # of bytes that are no text, and of a zero in the name
        raise ArchscopeError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not text'}") from None


def _report(graph: Graph, target: str, batch: int, mode: str, made_by: Mapping[str, str]) -> Report:
    graph = replace(graph, batch=batch)
    dtypes = [tensor.dtype for tensor in graph.parameters.values()]
    setting = {
        "device": made_by["device"],
        "dtype": dtypes[0] if dtypes else "float32",
        "batch": batch,
        "mode": mode,
        "archscope": __version__,
        **made_by,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Report(graph, Measured(graph), setting, shown(target))
