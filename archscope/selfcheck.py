"""Are archscope's times and memory right on this machine? Each is held against what others measure, as a ratio."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import NamedTuple

from archscope.errors import ArchscopeError
from archscope.latency import Options, Progress, unheard
from archscope.latency.device import load_averages
from archscope.latency.fitting import predicted_bytes
from archscope.latency.runner import Runner, failure_of
from archscope.latency.statistics import is_busy
from archscope.measures.workspace import Library
from archscope.summary import job_of
from archscope.tracing import Mode

BATCH, BATCH_ON_CUDA = 2, 256
"""Kernels that are over sooner than the host launches the next leave the device idle, which no layer does, and a step
then takes as long as the host does, which no two clocks find alike."""

PROFILED = 5
"""Steps of each network that are profiled, after all are timed."""

ROUNDS = 3
"""So many times the peers take turns with archscope."""


@dataclass(frozen=True, slots=True)
class Case:
    """A network of the catalogue at an image of this side, in training or not."""

    network: str
    side: int
    train: bool

    def __str__(self) -> str:
        return f"{self.network} {self.side} x {self.side}, {'training' if self.train else 'inference'}"


CASES = (
    Case("mobilenet", 224, False),
    Case("resnet18", 128, False),
    Case("inception_v3", 149, False),
    Case("resnet18", 128, True),
)
"""Many small kernels, few large ones, branches, and a backward pass."""


@dataclass(frozen=True, slots=True)
class Check:
    """A ratio that should be 1, `within` so much of it. None where it could not be measured, `why` then says so."""

    case: str
    what: str
    ratio: float | None
    within: float
    why: str = ""
    busy: bool = False

    @property
    def passed(self) -> bool:
        return self.ratio is not None and abs(self.ratio - 1) <= self.within

    @property
    def noisy(self) -> bool:
        """Times on cores that do other work drift, and do not say who measures them right."""
        return not self.passed and self.ratio is not None and self.busy and self.what != MEMORY


WALL, TRITON, LAYERS, REPLAY, MEMORY = (
    "wall / torch Timer",
    "wall / do_bench",
    "layers / wall",
    "layers / replay",
    "memory / predicted",
)
WITHIN = {WALL: 0.05, TRITON: 0.03, LAYERS: 0.10, REPLAY: 0.05, MEMORY: 0.15}
"""The aims of docs/benchmarks/latency.md."""


def selfcheck(
    options: Options, batch: int | None = None, cases: tuple[Case, ...] = CASES, progress: Progress = unheard
) -> Iterator[Check]:
    """The checks of each case as they are made. `options.seconds` of timed steps in each; its `train` is the case's.
    The `batch` is by default the device's.

    Raises EnvironmentFailure where the device is missing.
    """
    busy = is_busy(load_averages(), os.cpu_count())  # before anything of this one runs
    for check in _checks(options, batch or (BATCH_ON_CUDA if options.on_cuda else BATCH), cases, progress):
        yield replace(check, busy=busy)


def _checks(options: Options, batch: int, cases: tuple[Case, ...], progress: Progress) -> Iterator[Check]:
    runners = [(case, _runner(case, options, batch)) for case in cases]
    for case, runner in runners:  # all are timed before the profiler runs, which stays attached
        progress(f"{case}: timing", options.seconds)
        try:
            for peer in beside_peers(runner):
                yield _check(case, peer.what, peer.wall_ms / peer.peer_ms if peer.peer_ms else None, peer.why)
        except ArchscopeError as failure:
            runner.failure = failure
            yield _check(case, WALL, None, str(failure))
    for case, runner in runners:
        if runner.failure is None:
            progress(f"{case}: memory and layers", 0.0)
            yield from _of_inside(case, runner)
        if not options.on_cuda:
            runner.release()
    for case, runner in runners if options.on_cuda else ():  # last, since a failed capture may spoil what follows
        if runner.failure is None:
            progress(f"{case}: replay", 0.0)
            yield from _of_replay(case, runner)
        runner.release()
    progress("", 0.0)


def _runner(case: Case, options: Options, batch: int) -> Runner:
    mode: Mode = "train" if case.train else "eval"
    job = job_of(case.network, (3, case.side, case.side), None, [batch], mode, options.stored_dtype, {})
    return Runner(job, batch, replace(options, train=case.train))


class Peer(NamedTuple):
    """Another clock: archscope's median beside its own, in ms; `why` there is none."""

    what: str
    wall_ms: float
    peer_ms: float | None
    why: str = ""


def beside_peers(runner: Runner) -> list[Peer]:
    """A step of ours and one of torch's timer in turn, then triton's timer, where it is there; and so again. Raises
    EnvironmentFailure as the runner does."""
    runner.load()
    runner.warm_up()
    from torch.utils.benchmark import Timer

    timer = Timer("step()", globals={"step": runner.network.step}, num_threads=runner.setting["threads"])
    torchs, tritons, why = list[float](), list[float](), ""
    with_triton = runner.options.on_cuda and find_spec("triton") is not None
    for _ in range(ROUNDS):
        end = perf_counter() + runner.options.seconds / ROUNDS
        while perf_counter() < end or len(torchs) < PROFILED:
            runner.sample()
            with runner.on_device():
                torchs.append(1000 * timer.timeit(1).median)
        if with_triton and not why:
            why = failure_of(lambda: tritons.append(_by_triton_ms(runner)))
    wall_ms = median(runner.times_ms)
    found = [Peer(WALL, wall_ms, median(torchs))]
    if with_triton:
        found.append(Peer(TRITON, wall_ms, median(tritons) if tritons else None, why))
    return found


def _by_triton_ms(runner: Runner) -> float:
    do_bench = import_module("triton.testing").do_bench
    with runner.on_device():
        return float(do_bench(runner.network.step, rep=int(1000 * runner.options.seconds), return_mode="median"))


def _of_inside(case: Case, runner: Runner) -> Iterator[Check]:
    """Peak memory, and the sum over the layers, on CUDA for the replay of a graph. There memory is looked at between
    operations: which convolutions cuDNN transforms first, and in how much memory, it decides by tables of its own."""
    options = replace(runner.options, threads=runner.setting["threads"])
    why = failure_of(partial(runner.measure_memory, between_operations=options.on_cuda))
    library = Library(on_cuda=True) if options.on_cuda else options.library
    predicted = predicted_bytes(runner.graph, options.train, options.optimizer, library)
    measured = runner.measured_peak_memory_bytes
    yield _check(case, MEMORY, measured / predicted if measured else None, why)
    why = next(filter(None, [failure_of(runner.profile) for _ in range(PROFILED)]), "")
    sums = _sums(runner)
    if not options.on_cuda:
        yield _check(case, LAYERS, median(sums) / median(runner.times_ms) if sums else None, why)
    elif not sums:
        yield _check(case, REPLAY, None, why)


def _of_replay(case: Case, runner: Runner) -> Iterator[Check]:
    if sums := _sums(runner):
        why = failure_of(runner.replay)
        replayed = runner.device_times_ms
        yield _check(case, REPLAY, median(sums) / median(replayed) if replayed else None, why)


def _sums(runner: Runner) -> list[float]:
    return [profile.total_ms for profile in runner.profiles]


def _check(case: Case, what: str, ratio: float | None, why: str = "") -> Check:
    return Check(str(case), what, ratio, WITHIN[what], "" if ratio else why or "not measured")
