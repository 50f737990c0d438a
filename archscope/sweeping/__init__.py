"""A network at many settings: over a grid, the largest that fits a budget, or along equal cost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from archscope.comparison.limits import Limit
from archscope.errors import ArchscopeError
from archscope.process import mapped
from archscope.registry import unknown
from archscope.sweeping.grid import INPUT, Axes, Place, places
from archscope.sweeping.jobs import Job, measured, nothing_fits
from archscope.sweeping.largest import maximized, searched
from archscope.sweeping.points import Largest, Measured, Sweep
from archscope.targets import Target, resolve

if TYPE_CHECKING:
    from archscope.latency import Options, Progress
    from archscope.roofline import Ceilings

WIDTH = "width_multiplier"
"""The option that scales a network's widths, where it is not said otherwise."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while sweeping: `sweep` has the points that were measured until then."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__()
        self.sweep = sweep


# ---- what is asked for ---------------------------------------------------------------------------------------------


def sweep(
    target: str,
    axes: Axes,
    *,
    batch: int | None = None,
    limits: Sequence[Limit] = (),
    maximize: str = "",
    hold: str = "",
    held: float = 0,
    scaled: str = WIDTH,
    latency: "Options | None" = None,
    ceilings: "Sequence[Ceilings]" = (),
    dtype: str = "",
    progress: "Progress | None" = None,
) -> Sweep:
    """A target at every combination of the `axes`: values of its options, and sizes of its input as `input`.

    With `limits` those points that keep to all; with `maximize` the largest value of that option, for each combination
    of the others. `hold` scales the option `scaled` so that this quantity is `held` everywhere. Raises ArchscopeError,
    also where no point keeps to the limits or none can be built, and after Ctrl-C `Interrupted`.
    """
    found = resolve(target)
    _check(found, target, axes, maximize, limits, hold, scaled)
    job = Job(target, batch, {}, tuple(ceilings), dtype, hold, held, scaled if hold else "")
    setting: dict[str, Any] = {"batch": batch or 1}
    made = Sweep(target, axes, (), setting, tuple(limits), maximize, (), hold, held, job.scaled)
    if maximize:
        return _maximized(job, made, found, progress)
    listed = places(axes)
    points: list[Measured] = []
    try:
        each = _timed(job, listed, latency, progress, setting) if latency else _counted(job, listed, progress)
        for point in each:
            points.append(point)
    except KeyboardInterrupt:
        raise Interrupted(_kept(made, points, len(listed))) from None
    return _not_empty(_kept(made, points, len(listed)), points)


def _maximized(job: Job, made: Sweep, found: Target, progress: "Progress | None") -> Sweep:
    """Every search, or those that were finished by Ctrl-C. Raises ArchscopeError where none has found anything."""
    results: list[Largest | Measured] = []
    try:
        for each in searched(job, made, found, progress):
            results.append(each)
    except KeyboardInterrupt:
        raise Interrupted(maximized(made, results)) from None
    nothing = [each for each in results if isinstance(each, Measured)]
    return _not_empty(maximized(made, results), [each for each in nothing if each.failure] or nothing)


def read_sweep(path: str) -> Sweep:
    """A sweep that `archscope sweep -o sweep.json` wrote. Raises ArchscopeError."""
    from archscope.summary import read_text

    return Sweep.from_json(read_text(path), path)


def _check(
    found: Target, target: str, axes: Axes, maximize: str, limits: Sequence[Limit], hold: str, scaled: str
) -> None:
    """Raises ArchscopeError for what cannot be swept, before anything is built."""
    if found.network is not None:
        for name in filter(None, [*axes, maximize, scaled if hold else ""]):
            if name != INPUT and name not in found.network.options:
                raise unknown(f"option of {found.network.name}", name, found.network.options)
    if hold and scaled in axes:
        raise ArchscopeError(f"{scaled} is scaled to hold {hold}: leave out its values, or --hold")
    if hold and maximize:
        raise ArchscopeError("--hold and --maximize each choose an option: give one of them")
    if maximize and not limits:
        raise ArchscopeError(f"the largest {maximize} of what? Say a limit, --under macs=600M")
    if maximize == INPUT:
        raise ArchscopeError(
            "--maximize is for an option of the network: sizes of the input are listed, --input 160,224"
        )
    if not axes and not maximize:
        raise ArchscopeError(f"nothing to sweep: say values, --set width_multiplier=0.25:2:0.25 ({target})")


def _counted(job: Job, listed: Sequence[Place], progress: "Progress | None") -> Iterator[Measured]:
    start = perf_counter()
    for done, point in enumerate(mapped(job.at, listed), start=1):
        yield point
        left = (perf_counter() - start) / done * (len(listed) - done)
        if progress:
            progress(f"{done:,} of {len(listed):,} points", left)
    if progress:
        progress("", 0)


def _timed(
    job: Job,
    listed: Sequence[Place],
    latency: "Options",
    progress: "Progress | None",
    setting: dict[str, Any],
) -> Iterator[Measured]:
    """Each point, which take turns, a step of each; the setting is told on what."""
    from archscope.latency import Interrupted as Stopped
    from archscope.latency import unheard
    from archscope.latency.measuring import measure
    from archscope.summary import job_of

    batches = [job.batch] if job.batch else []
    mode = "train" if latency.train else "eval"
    jobs = [
        job_of(job.target, place.input_size or None, None, batches, mode, latency.stored_dtype, place.options)  # type: ignore[arg-type]
        for place in listed
    ]
    whole = True
    try:
        found = measure(jobs, latency, [jobs[0].report.graph.batch], progress or unheard)
    except Stopped as stopped:
        found, whole = list(stopped.reports), False
    timed = (report for report in found if not isinstance(report, ArchscopeError) and "wall_ms" in report.totals)
    if first := next(timed, None):
        setting["measured"] = dict(first.setting)
    for place, report in zip(listed, found, strict=whole):
        failed = isinstance(report, ArchscopeError)
        yield Measured(place, failure=str(report)) if failed else measured(report, place)  # type: ignore[arg-type]
    if not whole:
        raise KeyboardInterrupt


def _kept(made: Sweep, points: Sequence[Measured], asked: int) -> Sweep:
    """The sweep with the points that keep to its limits, and those that failed."""
    kept = [point for point in points if point.failure or not point.broken(made.limits)]
    return replace(made, points=tuple(kept), left_out=len(points) - len(kept), asked=asked)


def _not_empty(found: Sweep, tried: Sequence[Measured]) -> Sweep:
    """The sweep. Raises ArchscopeError where none of the points that were tried is in it, and says why."""
    if tried and not found.known:
        known = [point for point in tried if not point.failure]
        raise ArchscopeError(nothing_fits(found, known) if known else tried[0].failure)
    return found
