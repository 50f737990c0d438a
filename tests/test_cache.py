"""Answers that are kept: the same bytes, without torch, and only where nothing that they depend on has changed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import archscope
from archscope import cache, process, signals
from archscope.networks import find
from archscope.papers import verify
from archscope.targets import resolve
from tests.conftest import Run

ROOT = Path(__file__).parents[1]
LINES = [
    "summary lenet5 -o a.json",
    "summary lenet5 -o a.html --columns all -d 0",
    "summary lenet5 --as fvcore --predict h100 -o b.md",
    "summary LeNet-5 -i 1x32x32 -b 4 -s num_classes=3 --mode train -o c.csv",
    "diagram lenet5 -l layer -o d.svg",
    "compare lenet5 lenet5?num_classes=3 --by kind -o e.json",
    "verify lenet5 -o f.json",
    "spectrum resnext50_32x4d -S 1,32 -o g.json",
]
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from archscope import cache, cli
cache.use()
for line in sys.argv[1:]:
    sys.argv = ["archscope", *line.split()]
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code, line
"""


@pytest.fixture(autouse=True)
def in_use() -> Iterator[None]:
    cache.use()
    yield
    cache.use(False)


def entries() -> list[Path]:
    return [path for _, _, path in cache.sized()]


def test_the_same_bytes_without_torch(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for line in LINES:
        assert run(*line.split())[0] == 0
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    for name in first:
        (tmp_path / name).unlink()

    for name in [name for name in os.environ if name.startswith("TORCH") and name not in dict(cache.SETTINGS)]:
        monkeypatch.delenv(name)  # the command line's own, and what torch has set since
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *LINES], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert len(first) == len(LINES)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == first


@pytest.mark.parametrize("name", ["lenet5", "xception", "nin_cifar10"])
def test_a_verdict_comes_back_whole(name: str) -> None:
    first = verify.verdicts_on(find(name))

    assert len(entries()) == 1  # the reports that it is made of are not kept besides
    assert verify.verdicts_on(find(name)) == first


def asked(*what: Any, libraries: tuple[str, ...] = ("torch",)) -> list[int]:
    """The answer, longer by one for each time that it had to be made."""
    return cache.kept(what, libraries, lambda: [len(entries())], list, list)


def test_what_is_asked_word_by_word() -> None:
    made = [asked("report", 1), asked("report", 1), asked("report", "1"), asked("report", True), asked("report", 1)]

    assert made == [[0], [0], [1], [2], [0]]


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setattr(cache, "_source", lambda: "another"),
        lambda patch: patch.setattr(cache, "_release", lambda library: ("torch-9.dist-info", 1)),
        lambda patch: patch.setattr(sys, "version", "4.0"),
        lambda patch: patch.setattr(cache, "SETTINGS", [("TIMM_FUSED_ATTN", "0")]),
    ],
)
def test_what_else_an_answer_depends_on(
    change: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked("report") == [0]
    change(monkeypatch)
    assert asked("report") == [1]


def test_the_source_is_all_of_it() -> None:
    before = cache._source()
    cache._source.cache_clear()
    assert cache._source() == before
    assert len(before) == 64


def test_the_release_of_a_library_is_read_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    (tmp_path / "site" / "timm").mkdir(parents=True)
    (tmp_path / "site" / "timm" / "__init__.py").touch()
    assert cache._release("timm") is None  # somebody's own: it may change at any time

    (tmp_path / "site" / "timm-1.0.dist-info").mkdir()
    found = cache._release("timm")
    assert found
    assert found[0].endswith("timm-1.0.dist-info")

    (tmp_path / "timm.py").touch()  # of the working folder, which comes first
    assert cache._release("timm") is None
    assert asked("report", libraries=("timm",)) == asked("report", libraries=("timm",)) == [0]
    assert entries() == []


def test_never_of_somebodys_own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "net.py"
    code.write_text(
        "from torch import nn\nclass Net(nn.Conv2d):\n    def __init__(self):\n        super().__init__(3, 8, 3)\n"
    )
    archscope.summarize(f"{code}:Net", (3, 8, 8))
    archscope.summarize(nn.Conv2d(3, 8, 3), (3, 8, 8))
    archscope.summarize("torch.nn:Identity", (3, 8, 8))

    assert entries() == []
    assert resolve("timm:resnet18").libraries == ("torch", "timm")
    assert resolve("torchvision:resnet18").libraries == ("torch", "torchvision")


def test_what_broke_off_or_had_tensors_is_not_kept() -> None:
    import torch

    archscope.summarize("lenet5", torch.zeros(1, 1, 32, 32))
    archscope.summarize("lenet5", partial=True)

    assert entries() == []


@pytest.mark.parametrize("broken", [b"", b"x" * 10, b"x" * 100])
def test_an_entry_that_is_not_whole_is_made_again(broken: bytes) -> None:
    first = archscope.summarize("lenet5")
    (path,) = entries()
    whole = path.read_bytes()
    path.write_bytes(broken or whole[:-1])

    assert archscope.summarize("lenet5").graph == first.graph
    assert path.read_bytes() != broken
    assert archscope.summarize("lenet5") == archscope.summarize("lenet5")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on Windows")
def test_a_pipe_for_an_entry_is_not_waited_for() -> None:
    first = archscope.summarize("lenet5")
    (path,) = entries()
    path.unlink()
    os.mkfifo(path)

    assert archscope.summarize("lenet5").graph == first.graph
    assert path.is_file()


@pytest.mark.parametrize("name", ["file", "x" * 5000])
def test_a_folder_that_cannot_be_is_done_without(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))

    assert cache.clear() == 0
    assert archscope.summarize("lenet5").graph == archscope.summarize("lenet5").graph
    assert signals.temporaries == set()


def test_a_folder_that_is_not_named_from_the_root_is_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("~/cache", "here", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", name)
        assert cache.folder() == Path.home() / ".cache" / "archscope"


def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        asked(number)
    size = next(cache.sized())[1]
    monkeypatch.setattr(cache, "LARGEST_TOTAL", 8 * size)
    asked(0)  # asked for again: it stays
    asked(8)

    assert len(entries()) == 6
    assert asked(0) == [0]
    assert asked(8) == [8]
    assert asked(1) != [1]


def test_what_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LARGEST_ENTRY", 2)
    asked("report")

    assert entries() == []


def test_info_and_clear(run: Run) -> None:
    run("summary", "lenet5")
    assert "1 answer, 0.0 of 128 MiB" in run("cache")[1]
    assert run("cache", "clear")[1].startswith("1 file removed from ")
    assert "0 answers" in run("cache", "info")[1]


def test_no_cache(run: Run) -> None:
    run("summary", "lenet5", "--no-cache")

    assert entries() == []


def test_a_program_that_uses_the_library_has_none() -> None:
    cache.use(False)
    archscope.summarize("lenet5")

    assert entries() == []


HELPERS = """
import os, time
from archscope.process import mapped
def pid(number):
    time.sleep(0.05)
    return number, os.getpid()
found = list(mapped(pid, list(range(8))))
assert [number for number, _ in found] == list(range(8))
own = {each for _, each in found}
assert os.getpid() not in own and len(own) > 1
"""


@pytest.mark.skipif(sys.platform != "linux" or len(process.os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_helpers_share_the_work_and_keep_its_order() -> None:
    done = subprocess.run([sys.executable, "-c", HELPERS], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert list(process.mapped(str, [1, 2, 3, 4, 5])) == ["1", "2", "3", "4", "5"]  # torch is here: no copies
