"""From what the user named to a Comparison."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from archscope.comparison.report import Comparison
from archscope.errors import ArchscopeError, UnknownName
from archscope.latency import BACKENDS, Interrupted, Job, Options, Progress, unheard
from archscope.model import units
from archscope.model.report import Report
from archscope.reading.kinds import is_saved
from archscope.summary import checked_batches, job_of, read_text
from archscope.targets import called

if TYPE_CHECKING:
    from torch import nn

    from archscope.targets.inputs import InputSize
    from archscope.targets.target import Named
    from archscope.tracing import Mode

T = TypeVar("T")


def compare(
    *targets: "Named",
    input_size: "InputSize | None" = None,
    batch: int | Sequence[int] | None = None,
    mode: "Mode | None" = None,
    latency: Options | None = None,
    backends: Sequence[str] = (),
    progress: Progress = unheard,
) -> Comparison:
    """Trace every target and compare what each costs with the first, at each of several batches.

    A target is what `archscope.summarize` takes, a Report, or the path of a saved report or comparison (to which the
    other arguments do not apply). With `latency` the networks also run, a step of each in turn, each with each of its
    numbers of threads and in each of the `backends` (`latency.BACKENDS`). The comparison's
    `failures` say which could not be built, traced or measured. Raises UnknownName for a name that nothing has,
    ArchscopeError, also where all networks fail, and, after Ctrl-C while measuring, `latency.Interrupted`.
    """
    named = [one for target in targets for one in _opened(target)]
    if not named:
        raise ArchscopeError("nothing to compare: name networks, such as xception inception_v3, or a family")
    if (input_size is not None or batch or mode or latency) and all(isinstance(one, Report) for one in named):
        refused = "--input, --batch, --mode and --device do not apply to them"
        raise ArchscopeError(f"saved reports are measured already: {refused}")
    if backends and latency is None:
        raise ArchscopeError("backends are for measuring: give a --device, cpu")
    variants = latency.variants(backends) if latency else []
    reports: list[Report] = []
    failures: dict[str, ArchscopeError] = {}
    batches: Sequence[int | None] = [batch] if isinstance(batch, int) else batch or [None]
    for images in batches:
        jobs, untraced = _jobs(named, input_size, images, mode or "eval", latency)
        jobs = [each for job in jobs for each in _varied(job, variants)]
        failures |= untraced
        try:
            results = _results(jobs, latency, progress)
        except Interrupted as stopped:
            raise Interrupted([*reports, *stopped.reports]) from None
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, ArchscopeError):
                failures[_called(job)] = result
            if isinstance(result, Report) or not job.changes:
                reports.append(job.report if isinstance(result, ArchscopeError) else result)
        named = [one for one in named if not isinstance(one, Report)]  # those are at their own batch, once
    if failures and not any(latency is None or "wall_ms" in report.totals for report in reports):
        raise next(iter(failures.values()))
    return Comparison(tuple(reports), tuple(f"{what}: {why}" for what, why in failures.items()))


def _opened(target: "Named") -> "Iterator[Named]":
    """The target, or the reports of a file that `archscope summary` or `archscope compare` wrote."""
    if isinstance(target, str) and is_saved(target):
        reports = Comparison.from_json(read_text(target), target).reports
        yield from reports if len(reports) > 1 else [replace(reports[0], target=target)]
    else:
        yield target


def _jobs(
    targets: "Sequence[Named]",
    input_size: "InputSize | None",
    batch: int | None,
    mode: "Mode",
    latency: Options | None,
) -> tuple[list[Job], dict[str, ArchscopeError]]:
    """A job for each target that can be built and traced, and why the others cannot. Raises UnknownName."""
    jobs: list[Job] = []
    failures: dict[str, ArchscopeError] = {}
    for target in targets:
        try:
            jobs.append(_job(target, input_size, batch, mode, latency))
        except UnknownName:
            raise
        except ArchscopeError as failure:
            failures[target if isinstance(target, str) else called(target)] = failure
    return jobs, failures


def _job(
    target: "Named", input_size: "InputSize | None", batch: int | None, mode: "Mode", latency: Options | None
) -> Job:
    """What is known of a target, and how it is built; a Report is as it is."""
    if isinstance(target, Report):
        return Job(target, _never)
    batches = checked_batches(batch, latency)
    if latency is None:
        return job_of(target, input_size, None, batches, mode, "", {})
    return job_of(target, input_size, None, batches, "train" if latency.train else mode, latency.stored_dtype, {})


def _varied(job: Job, variants: Sequence[Mapping[str, Any]]) -> list[Job]:
    """One job for each variant; what is measured already has none."""
    return [job] if job.build is _never or len(variants) < 2 else [replace(job, changes=each) for each in variants]


def _called(job: Job) -> str:
    """In a failure: the network, and what was changed of the options."""
    graph, changes = job.report.graph, job.changes
    name = next((name for name in reversed(tuple(BACKENDS)) if changes.items() >= BACKENDS[name].items()), "")
    threads = units.counted(changes["threads"], "thread") if "threads" in changes else ""
    return ", ".join(filter(None, [graph.name, f"batch {graph.batch}", name, threads]))


def _never() -> "nn.Module":
    raise AssertionError("a saved report is not measured again")


def _results(jobs: Sequence[Job], latency: Options | None, progress: Progress) -> list[Report | ArchscopeError]:
    """What is found of each job, in their order; the measured ones take turns."""
    own = [job for job in jobs if latency and job.build is not _never]
    if latency is None or not own:
        return [job.report for job in jobs]
    from archscope.latency.measuring import measure

    def in_place(found: Sequence[T]) -> list[Report | T]:
        rest = iter(found)
        return [next(rest) if job in own else job.report for job in jobs]

    try:
        one = latency.each[0]  # the numbers of threads are the jobs' own
        return in_place(measure(own, one, [own[0].report.graph.batch], progress))
    except Interrupted as stopped:
        raise Interrupted(in_place(stopped.reports)) from None
