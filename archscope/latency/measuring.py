"""Several networks measured in turns within a time budget, and their Reports with what was found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from archscope.errors import ArchscopeError
from archscope.garbage import collection_paused
from archscope.latency import Interrupted, Job, Options, Progress, unheard
from archscope.latency.ceilings import bounded, ceilings_for
from archscope.latency.found import columns_of, totals_of
from archscope.latency.runner import Runner
from archscope.model.report import Column, Report, ratio

PROFILED = 5
"""So many steps are profiled, once everything is timed."""

PROFILED_SHARE = 0.5
"""Of the time budget; one step is profiled however long it takes."""

Found = Report | ArchscopeError
"""What was measured, or why nothing was."""


@collection_paused()
def measure(
    jobs: Sequence[Job],
    options: Options,
    batches: Sequence[int] = (1,),
    progress: Progress = unheard,
    climbing: bool = False,
    start: Callable[[Job, int, Options], Runner] = Runner,
    clock: Callable[[], float] = perf_counter,
) -> list[Found]:
    """Each job's report with its measured columns (those of the first batch, and a row of totals for every batch, or
    for every number of threads), or why there is none: a network that fails does not stop the others.

    For each batch all networks are in memory at once, since their steps take turns. Every batch, and the device's
    ceilings, are timed before any step is profiled: a profiler that has run once stays attached, and slows all that
    follows. Of `climbing` batches the larger ones are left out once one has failed or takes too long. Raises
    Interrupted after Ctrl-C.
    """
    runners: list[list[Runner]] = [[] for _ in jobs]
    budget = options.seconds * len(jobs)
    points = [(batch, each) for batch in batches for each in options.each]
    try:
        for place, (batch, each) in enumerate(points):
            for job, own in zip(jobs, runners, strict=True):
                own.append(start(job, batch, job.options(each)))
            later = budget * (len(points) - place - 1)
            take_turns([own[-1] for own in runners], budget, later, progress, clock)
            for own in runners:
                if own[-1].times_ms and own[-1].failure is None:
                    own[-1].extra("energy_per_image_j", own[-1].measure_energy)
                if len(points) > 1:
                    own[-1].release()
            if climbing and any(_is_enough(own[-1], options) for own in runners):
                break
        known = ceilings_for([own[0].options for own in runners if own[0].times_ms], progress)
        look_inside([own[place] for place in range(len(runners[0])) for own in runners], options, progress, clock)
        found = [_found(job, own) for job, own in zip(jobs, runners, strict=True)]
        if len(jobs) > 1:
            found = in_turns(found, [own[0].times_ms for own in runners])
        return [
            bounded(one, known.get(own[0].options)) if isinstance(one, Report) else one
            for one, own in zip(found, runners, strict=True)
        ]
    except KeyboardInterrupt:
        note = "interrupted: not all was measured"
        raise Interrupted([measured(job, own, note) for job, own in zip(jobs, runners, strict=True)]) from None
    finally:
        progress("", 0.0)


def _is_enough(runner: Runner, options: Options) -> bool:
    """Twice the batch would not fit, or not get through one step in all the time that a batch is given."""
    return runner.failure is not None or 2 * median(runner.times_ms) > 1000 * options.seconds


def _found(job: Job, runners: Sequence[Runner]) -> Found:
    """The report, or why there is none: where no batch was timed, the first one's reason."""
    if runners[0].failure and not any(runner.times_ms for runner in runners):
        return runners[0].failure
    return measured(job, runners)


def in_turns(found: Sequence[Found], times: Sequence[Sequence[float]]) -> list[Found]:
    """Reports with every timed step in ms: step by step they stand beside those of the same `turns`."""
    turns = {"turns": datetime.now(UTC).isoformat()}

    def with_steps(one: Report, own: Sequence[float]) -> Report:
        columns = {**one.columns, "wall_times_ms": Column("wall_times_ms", "ms", list(own))}
        return replace(one, columns=columns, setting={**one.setting, **turns})

    pairs = zip(found, times, strict=True)
    return [with_steps(one, own) if isinstance(one, Report) else one for one, own in pairs]


def take_turns(
    runners: Sequence[Runner], seconds: float, later: float, progress: Progress, clock: Callable[[], float]
) -> None:
    """Warm up each, then time one step of each in turn (A, B, A, B), so that a slow moment hits all, for so many
    seconds. `later` seconds follow."""
    for runner in runners:
        progress(f"{runner.title}: warming up", seconds + later)
        attempt(runner, runner.load, runner.warm_up, runner.compare_outputs)
    titles = ", ".join(runner.title for runner in runners)
    left = seconds
    while left > 0 and any(runner.failure is None for runner in runners):
        progress(f"{titles}: timing", left + later)
        start = clock()
        for runner in runners:
            attempt(runner, runner.sample)
        left -= clock() - start


def look_inside(runners: Sequence[Runner], options: Options, progress: Progress, clock: Callable[[], float]) -> None:
    """Of each that was timed its memory and its time by layer; then of each its device time, since a failed capture of
    a CUDA graph may spoil what follows. What fails is a note, and what was timed stays."""
    timed = [runner for runner in runners if runner.times_ms and runner.failure is None]
    for runner in timed:
        progress(f"{runner.title}: memory and time by layer", 0.0)
        if runner.extra("memory, no time by layer", runner.reload):
            runner.extra("measured_peak_memory_bytes", runner.measure_memory)
            end = clock() + PROFILED_SHARE * options.seconds
            for _ in range(PROFILED):
                if not runner.extra("time by layer", runner.profile) or clock() >= end:
                    break
        if len(timed) > 1 or not options.on_cuda:
            runner.release()
    for runner in timed if options.on_cuda else ():
        progress(f"{runner.title}: device time", 0.0)
        if runner.extra("device_ms", runner.check_replay) and runner.extra("device_ms", runner.reload):
            runner.extra("device_ms", runner.replay)
        runner.release()


def attempt(runner: Runner, *acts: Callable[[], object]) -> None:
    """Do it, unless the runner has failed; if it fails, it keeps the reason and gives its memory back."""
    for act in acts:
        if runner.failure is None:
            try:
                act()
            except ArchscopeError as failure:
                runner.failure = failure
                runner.release()


def measured(job: Job, runners: Sequence[Runner], *notes: str) -> Report:
    """The job's report with the columns of its first runner, and the totals of all by batch."""
    report, columns = job.report, dict(job.report.columns)
    said = [*report.graph.notes]
    for runner in runners:
        said += runner.notes
        if runner.failure:
            said.append(_stopped(runner, runner.failure))
    whole = [runner for runner in runners if runner.times_ms]
    threads = [runner.setting.get("threads") for runner in whole]
    swept = len({*threads}) > 1
    rows = [
        {"batch": runner.graph.batch, **({"threads": count} if swept else {}), **totals_of(runner)}
        for runner, count in zip(whole, threads, strict=True)
    ]
    if runners:
        columns |= columns_of(runners[0])
        if "latency_ms" in columns and not runners[0].options.train:
            columns |= {column.name: column for column in reached(columns)}
        report = replace(report, setting={**report.setting, **runners[0].found_setting()})
    if len(rows) > 1:
        name = "by_threads" if swept else "by_batch"
        columns[name] = Column(name, "rows", rows)
    graph = replace(report.graph, notes=tuple(dict.fromkeys([*said, *notes])))
    return replace(report, graph=graph, columns=columns)


def reached(columns: Mapping[str, Column]) -> Iterator[Column]:
    """What the device did a second in each layer: all arithmetic, and bytes to and from memory as they are counted."""
    yield ratio("operations_per_s", "operations/s", columns["arithmetic_ops"], columns["latency_ms"])
    yield ratio("bytes_per_s", "bytes/s", columns["bytes_moved"], columns["latency_ms"])


def _stopped(runner: Runner, failure: ArchscopeError) -> str:
    timed = len(runner.times_ms)
    if timed:
        return f"batch {runner.graph.batch} stopped after {timed} timed step{'s' * (timed > 1)}: {failure}"
    return f"batch {runner.graph.batch} was not measured: {failure}"
