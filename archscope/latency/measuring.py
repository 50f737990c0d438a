"""One or several runners within a time budget, in turns; and a Report with what they found."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from archscope.errors import EnvironmentFailure
from archscope.graph import Graph
from archscope.latency import Interrupted, Options, Progress, device, unheard
from archscope.latency.fitting import fitting, predicted_bytes
from archscope.latency.runner import Build, Runner
from archscope.report import Column, Report


def take_turns(
    runners: Sequence[Runner], seconds: float, progress: Progress = unheard, clock: Callable[[], float] = perf_counter
) -> None:
    """Measure all: warm up each, then time one step of each in turn (A, B, A, B), so that a slow moment hits all,
    for `seconds` times their number; then device time, memory and profile of each."""
    for runner in runners:
        progress(f"{runner.graph.name}, batch {runner.graph.batch}: warming up", seconds * len(runners))
        runner.warm_up()
    names = ", ".join(f"{runner.graph.name}, batch {runner.graph.batch}" for runner in runners)
    end = clock() + seconds * len(runners)
    left = end - clock()
    while left > 0 or not all(runner.times_ms for runner in runners):
        progress(f"{names}: timing", max(left, 0.0))
        for runner in runners:
            runner.sample()
        left = end - clock()
    for runner in runners:
        progress(f"{runner.graph.name}, batch {runner.graph.batch}: memory and layers", 0.0)
        runner.replay()
        runner.measure_memory()
        runner.profile()


def with_latency(
    report: Report,
    build: Build,
    options: Options,
    batches: Sequence[int],
    inputs: Any = None,
    progress: Progress = unheard,
) -> Report:
    """The report with measured columns: all of the first batch, and one row of totals for each.

    Raises EnvironmentFailure where nothing could be measured, Interrupted after Ctrl-C.
    """
    runners: list[Runner] = []
    notes: list[str] = []
    try:
        for batch in batches:
            graph = replace(report.graph, batch=batch)
            try:
                _check_memory(graph, options)
                runners.append(Runner(build, graph, options, inputs))
                take_turns(runners[-1:], options.seconds, progress)
                runners[-1].release()
            except EnvironmentFailure as failure:
                if batch == batches[0]:
                    raise
                notes.append(f"batch {batch} was not measured: {failure}")
    except KeyboardInterrupt:
        raise Interrupted(measured(report, runners, [*notes, "interrupted: not all was measured"])) from None
    finally:
        progress("", 0.0)
    return measured(report, runners, notes)


def _check_memory(graph: Graph, options: Options) -> None:
    """A system that runs out of memory kills the process: what is predicted not to fit is not tried on a CPU."""
    device.check(options)
    free = None if options.on_cuda else device.free_bytes(options)
    if free is not None and predicted_bytes(graph, options.train) > free:
        raise EnvironmentFailure(f"out of memory: {fitting(graph, options, free)}")


def measured(report: Report, runners: Sequence[Runner], notes: Sequence[str] = ()) -> Report:
    """The report with the columns of the first runner, and all runners' totals by batch."""
    if not runners:
        return replace(report, graph=replace(report.graph, notes=(*report.graph.notes, *notes)))
    first = runners[0]
    columns = {**report.columns, **first.columns()}
    rows = [{"batch": runner.graph.batch, **runner.totals()} for runner in runners if runner.times_ms]
    if len(rows) > 1:
        columns["by_batch"] = Column("by_batch", "rows", rows)
    said = dict.fromkeys([*report.graph.notes, *[note for runner in runners for note in runner.notes], *notes])
    return replace(
        report,
        graph=replace(report.graph, notes=tuple(said)),
        columns=columns,
        setting={**report.setting, **first.setting},
    )
