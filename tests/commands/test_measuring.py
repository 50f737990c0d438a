"""The options of measuring, as they are typed."""

import errno
import io
import sys
from collections.abc import Callable

import pytest

from archscope.commands.measuring import never_lost, parse_threads, progress_line
from archscope.commands.values import _completed
from archscope.errors import ArchscopeError
from tests.conftest import Run


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--compile xception", "--compile=default xception"),
        ("--compile max-autotune xception", "--compile=max-autotune xception"),
        ("xception --compile", "xception --compile=default"),
        ("--compile=fast", "--compile=fast"),
        ("--compile --compile reduce-overhead", "--compile=default --compile=reduce-overhead"),
        ("xception --device cpu", "xception --device cpu"),
    ],
)
def test_a_mode_may_be_left_out(typed: str, meant: str) -> None:
    assert list(_completed(typed.split())) == meant.split()


def test_threads_are_one_number_or_several() -> None:
    assert parse_threads(None, False) is None
    assert parse_threads("4", False) == 4
    assert parse_threads("1, 2,2", True) == (1, 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("summary lenet5 --device cpu --threads 1,x", "--threads 1,x: write a number of threads, or several"),
        ("spectrum --device cpu --threads 1,2", "--threads 1,2: write a number of threads\n"),
        ("summary lenet5 --device cpu --compile=fast", "--compile fast: a mode is one of default, reduce-overhead"),
        ("summary lenet5 --device cpu --cudnn-benchmark", "--cudnn-benchmark is for convolutions on CUDA"),
        ("summary lenet5 --device cpu --batch 1,2 --threads 1,2", "give several of one"),
        ("compare lenet5 --backends tvm", "--backends tvm: a backend is one of eager, compile, onnxruntime"),
        ("compare lenet5 --backends openvino --train", "openvino runs inference alone"),
        ("summary lenet5 --threads 2", "--threads is for measuring: give a --device"),
        ("summary lenet5 --device cpu --seconds 0.01 -o no/such/folder.json", "cannot write no/such/folder.json: "),
        ("compare lenet5 --device cpu --seconds 0.01 --cite no/such.bib", "cannot write no/such.bib: "),
        ("compare lenet5 --device cpu --seconds 0.01 -c latencyms", "did you mean latency_ms or latency?"),
        ("compare lenet5 --device cpu --seconds 0.01 --sort widht", "no quantity of these networks named 'widht'"),
        ("summary lenet5 --train --amp bfloat16", "--train, --amp are for measuring: give a --device"),
    ],
)
def test_what_does_not_go_is_one_line(mistake: Callable[..., str], line: str, said: str) -> None:
    assert said in mistake(*line.split())


def test_what_was_measured_is_shown_where_what_was_asked_of_it_fails(run: Run) -> None:
    code, out, err = run("summary", "lenet5", "--device", "cpu", "--seconds", "0.01", "-c", "latency")

    assert (code, "Latency" in out) == (2, True)
    assert err.endswith("archscope: no column named 'latency'; did you mean latency_ms?\n")


def test_nothing_is_shown_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ArchscopeError, match="a full disk"), never_lost(None):
        raise ArchscopeError("a full disk")
    with never_lost("measured"):
        pass
    assert capsys.readouterr().out == ""


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_progress_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    progress_line()("layers", 3)
