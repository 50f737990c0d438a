import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archscope import cli

# One process a core runs tests: threads that wait for each other in each, and in the processes it starts, cost minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts what runs in the background without SIGINT, and so would the commands be that heed it under test.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

EVERYTHING = os.environ.get("ARCHSCOPE_TESTS") == "all"
"""Also what tells little more than its like: `make everything`."""

Run = Callable[..., tuple[int, str, str]]
SNAPSHOTS = Path(__file__).parent / "snapshots"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write tests/snapshots anew instead of comparing")


LONG = {
    "test_docs.py",
    "test_counters.py",
    "test_platforms.py",
    "test_packaging.py",
    "test_verify.py",
    "test_process.py",
}
"""Files of which one test takes many seconds. They come first: no worker begins one when the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: Python's collector need not visit torch's million objects again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where wasmtime keeps Graphviz compiled: once for a run of the tests, all its workers together."""
    folder = tmp_path_factory.getbasetemp().parent / "wasmtime"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def ceilings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> None:
    """No test waits for what this machine can do at most, or leaves it in the user's cache or beside its own files."""
    from archscope.roofline import Ceilings

    rates = {"float32": 1e11, "bfloat16": 2e11, "float16": 2e11}
    cache = tmp_path_factory.mktemp("cache")
    (cache / "wasmtime").symlink_to(compiled, target_is_directory=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr("archscope.latency.ceilings.measure", lambda options: Ceilings("Slate", 1e10, rates, 1e-3))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device, and torch finds none")


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/snapshots/<name>, to the byte; `pytest --update-snapshots` writes the file instead."""
    update = request.config.getoption("--update-snapshots")

    def check(text: str, name: str) -> None:
        path = SNAPSHOTS / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        elif not path.is_file():
            pytest.fail(f"no snapshot tests/snapshots/{name}; `make snapshots` writes it")
        else:
            assert text == path.read_bytes().decode("utf-8"), f"differs from tests/snapshots/{name}"

    return check


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command line in this process: exit code, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["archscope", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    yield run
    gc.enable()


@pytest.fixture
def mistake(run: Run) -> Callable[..., str]:
    """Run a command line that must fail with exit code 2 and one line, and return that line."""

    def mistake(*arguments: str) -> str:
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("archscope: ")
        assert err.count("\n") == 1
        return err

    return mistake
