"""What is checked, and what a failure says; never how fast anything is."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from archscope import selfcheck
from archscope.errors import EnvironmentFailure
from archscope.latency import Options
from archscope.latency.runner import Runner
from archscope.measures.workspace import Library
from archscope.selfcheck import LAYERS, MEMORY, REPLAY, TRITON, WALL, WITHIN, Case, Check
from tests.conftest import Run
from tests.latency.fake_cuda import FakeCuda

CASES = (Case("mobilenet", 32, False), Case("mobilenet", 32, True))


def test_every_case_is_timed_before_any_is_profiled(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    for name in ("sample", "profile", "measure_memory"):
        act: Callable[..., Any] = getattr(Runner, name)

        def logged(runner: Runner, name: str = name, act: Callable[..., Any] = act, **how: Any) -> Any:
            log.append(name)
            return act(runner, **how)

        monkeypatch.setattr(Runner, name, logged)
    checks = list(selfcheck.selfcheck(Options(seconds=0.01), cases=CASES))

    assert [(check.case, check.what) for check in checks] == [
        *[(str(case), WALL) for case in CASES],
        *[(str(case), what) for case in CASES for what in (MEMORY, LAYERS)],
    ]
    assert all(check.ratio and check.ratio > 0 for check in checks)
    assert all(0.5 < check.ratio < 1.5 for check in checks if check.what == MEMORY and check.ratio)
    assert "sample" not in log[log.index("measure_memory") :]


@pytest.mark.parametrize(
    ("ratio", "passed"), [(1.049, True), (0.951, True), (1.06, False), (0.9, False), (None, False)]
)
def test_a_check_passes_near_one(ratio: float | None, passed: bool) -> None:
    assert Check("net", WALL, ratio, WITHIN[WALL]).passed is passed


def test_what_cannot_be_measured_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(runner: Runner) -> None:
        raise EnvironmentFailure("this step cannot be captured")

    monkeypatch.setattr(Runner, "profile", fails)
    (_, _, layers) = selfcheck.selfcheck(Options(seconds=0.01), cases=CASES[:1])

    assert (layers.what, layers.ratio, layers.passed, layers.why) == (
        LAYERS, None, False, "this step cannot be captured")  # fmt: skip


@pytest.mark.parametrize("why", ["", "no kernel"])
def test_peers_take_turns_and_are_said_in_milliseconds(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    asked: list[int] = []

    def do_bench(step: object, rep: int, return_mode: str) -> float:
        asked.append(rep)
        if why:
            raise EnvironmentFailure(why)
        return float(len(asked))

    timer = SimpleNamespace(timeit=lambda steps: SimpleNamespace(median=0.005 * steps))
    monkeypatch.setattr("torch.utils.benchmark.Timer", lambda *given, **named: timer)
    monkeypatch.setattr(selfcheck, "find_spec", lambda name: object())
    monkeypatch.setattr(selfcheck, "import_module", lambda name: SimpleNamespace(do_bench=do_bench))
    steps: list[float] = []
    runner: Any = SimpleNamespace(
        options=Options("cuda", seconds=0.03), network=SimpleNamespace(step=None), setting={"threads": 1},
        load=lambda: None, warm_up=lambda: None, on_device=nullcontext, times_ms=steps,
        sample=lambda: steps.append(4.0),
    )  # fmt: skip

    torchs, tritons = selfcheck.beside_peers(runner)
    assert torchs == (WALL, 4.0, 5.0, "")
    assert tritons == ((TRITON, 4.0, None, why) if why else (TRITON, 4.0, 2.0, ""))
    assert asked == ([30] if why else [30, 30, 30])


def test_without_a_gpu_there_is_no_triton_and_threads_are_as_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = []
    predicted_bytes = selfcheck.predicted_bytes

    def seen(*given: Any) -> int:
        libraries.append(given[3])
        return predicted_bytes(*given)

    monkeypatch.setattr(selfcheck, "find_spec", lambda name: object())
    monkeypatch.setattr(selfcheck, "predicted_bytes", seen)
    checks = [*selfcheck.selfcheck(Options(seconds=0.01), cases=CASES[:1])]
    assert TRITON not in {check.what for check in checks}
    assert libraries == [Library(threads=torch.get_num_threads())]


def test_a_peer_that_fails_takes_nothing_else_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def do_bench(step: object, **how: object) -> float:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")

    FakeCuda(monkeypatch)
    monkeypatch.setattr(Runner, "profile", lambda runner: None)
    monkeypatch.setattr(selfcheck, "find_spec", lambda name: object())
    monkeypatch.setattr(selfcheck, "import_module", lambda name: SimpleNamespace(do_bench=do_bench))
    checks = {check.what: check for check in selfcheck.selfcheck(Options(seconds=0.01), cases=CASES[:1])}

    assert [*checks] == [WALL, TRITON, MEMORY, REPLAY]
    assert checks[WALL].ratio
    assert (checks[TRITON].ratio, checks[TRITON].why[:20]) == (None, "out of memory on cpu")


@pytest.mark.parametrize(("what", "busy", "noisy"), [(WALL, True, True), (WALL, False, False), (MEMORY, True, False)])
def test_what_is_off_on_busy_cores_is_noisy(
    run: Run, monkeypatch: pytest.MonkeyPatch, what: str, busy: bool, noisy: bool
) -> None:
    monkeypatch.setattr(selfcheck, "_checks", lambda *given: iter([Check("net", what, 1.3, WITHIN[what])]))
    monkeypatch.setattr("os.getloadavg", lambda: (busy * 100.0, 0.0, 0.0))
    code, out, _ = run("selfcheck")

    assert (code, "noisy\n1 of 1 noisy" in out, "FAIL" in out) == (not noisy, noisy, not noisy)


@pytest.mark.parametrize(("ratio", "code"), [(1.02, 0), (1.2, 1), (None, 1)])
def test_the_command_says_pass_or_fail(
    run: Run, monkeypatch: pytest.MonkeyPatch, ratio: float | None, code: int
) -> None:
    def made(*arguments: Any, **options: Any) -> Iterator[Check]:
        yield Check("resnet18 64 x 64, inference", WALL, 1.0, 0.05)
        yield Check("resnet18 64 x 64, inference", REPLAY, ratio, 0.05, "" if ratio else "no stream")

    monkeypatch.setattr(selfcheck, "selfcheck", made)
    exit_code, out, err = run("selfcheck")

    assert exit_code == code
    assert "wall / torch Timer   1.000      5%  pass\n" in out
    assert ("FAIL" in out, "no stream" in out) == (code == 1, ratio is None)
    assert ("1 of 2 are further off" in err) is (code == 1)
