"""The process itself, run as users run it: its streams, its exit codes, what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archscope import cli
from archscope.commands import app
from tests.conftest import Run
from tests.graphs import six_layer_report

LOUD = """
import atexit, ctypes, os, subprocess
from torch import nn

def speak():
    print("print")
    os.write(1, b"os.write")
    subprocess.run(["echo", "child"])
    ctypes.CDLL(None).puts(b"C")

speak()
atexit.register(speak)

class Net(nn.Conv2d):
    def __init__(self):
        super().__init__(3, 4, 3)

    def forward(self, x):
        speak()
        return super().forward(x)

class Odd(BaseException):
    pass

class Raises(Net):
    def forward(self, x):
        raise Odd("out\\x1b[31m")

class Full(Net):
    def forward(self, x):
        raise MemoryError
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "six.json"
    path.write_text(six_layer_report().to_json(), encoding="utf-8")
    return path


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line in which ARCHSCOPE stands for the command."""
    command = line.replace("ARCHSCOPE", f"{sys.executable} -m archscope")
    root = str(Path(__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": root, **environment}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["summary six.json", "diagram six.json", "--help", "show lenet5", "--version"])
@pytest.mark.parametrize("stream", [">/dev/full", ">&-"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_lost_output_is_a_failure(command: str, stream: str, unbuffered: str, report: Path) -> None:
    done = shell(f"ARCHSCOPE {command} {stream}", report.parent, PYTHONUNBUFFERED=unbuffered)

    assert done.returncode == 1
    assert done.stderr.startswith("archscope: ")
    assert done.stderr.count("\n") == 1


def test_a_picture_goes_through_a_raw_pipe_whole(report: Path) -> None:
    piped = shell("ARCHSCOPE diagram six.json | (sleep 1; cat)", report.parent, PYTHONUNBUFFERED="1")
    shell("ARCHSCOPE diagram six.json -o six.svg", report.parent)

    assert len(piped.stdout) > 4096
    assert piped.stdout == (report.parent / "six.svg").read_text(encoding="utf-8")


def test_a_pipe_gets_the_bytes_of_a_file_in_every_locale(report: Path) -> None:
    done = shell("ARCHSCOPE summary six.json >out.txt", report.parent, PYTHONIOENCODING="ascii", LC_ALL="C")
    shell("ARCHSCOPE summary six.json -o six.txt", report.parent)

    assert done.returncode == 0
    assert (report.parent / "out.txt").read_bytes() == (report.parent / "six.txt").read_bytes()


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
def test_names_of_standard_output(name: str, report: Path) -> None:
    done = shell(f"ARCHSCOPE summary six.json -f json -o {name} 2>errors.txt", report.parent)

    assert json.loads(done.stdout)["network"] == "six_layers"
    assert (report.parent / "errors.txt").read_bytes() == b""


def test_closed_error_output_gets_nobody_elses_words(report: Path) -> None:
    assert shell("ARCHSCOPE summary six.json -f json 2>&-", report.parent).stdout == six_layer_report().to_json()
    assert shell("ARCHSCOPE summary nothing 2>&-", report.parent).stdout == ""


@pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")
def test_what_user_code_prints_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(LOUD)
    done = shell("ARCHSCOPE summary loud.py:Net -i 3x8x8 -f json", tmp_path)

    assert json.loads(done.stdout)["network"] == "Net"
    assert {word: done.stderr.count(word) for word in ("print", "os.write", "child")} == {
        "print": 3, "os.write": 3, "child": 3}  # fmt: skip


def test_a_result_goes_where_it_was_asked_for(tmp_path: Path) -> None:
    """User code may have changed the working folder, for good where it is imported."""
    apart = tmp_path / "apart"
    apart.mkdir()
    code = f"import os, sys; os.chdir({str(apart)!r}); sys.setrecursionlimit(2**31 - 1)\nfrom torch.nn import Conv2d\n"
    (tmp_path / "net.py").write_text(code, encoding="utf-8")

    net = "'net.py:Conv2d?in_channels=3&out_channels=4&kernel_size=3'"
    ended = shell(f"ARCHSCOPE summary {net} -i 3x8x8 -o made.json", tmp_path)

    assert (ended.returncode, [*apart.iterdir()]) == (0, []), ended.stderr
    assert json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))["totals"]["params"] == 112


@pytest.mark.parametrize("command", ["diff", "compare"])
def test_files_are_sought_where_they_were_named(tmp_path: Path, command: str) -> None:
    """The code that went elsewhere goes on there: what it opens as it builds lies there."""
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "width").write_text("4", encoding="utf-8")
    built = "from torch.nn import Conv2d\nNet = lambda: Conv2d(3, int(open({!r}).read()), 3)\n"
    (tmp_path / "a.py").write_text("import os; os.chdir('apart')\n" + built.format("width"), encoding="utf-8")
    (tmp_path / "b.py").write_text(built.format("apart/width"), encoding="utf-8")

    ended = shell(f"ARCHSCOPE {command} a.py:Net b.py:Net -i 3x8x8", tmp_path)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no such file" not in ended.stdout


def test_what_user_code_raises(tmp_path: Path, run: Run) -> None:
    (tmp_path / "loud.py").write_text(LOUD.replace("speak()", "pass").replace("def pass", "def speak()"))
    raised = run("summary", f"{tmp_path}/loud.py:Raises", "-i", "3x8x8")
    full = run("summary", f"{tmp_path}/loud.py:Full", "-i", "3x8x8")

    assert raised[0] == 2
    assert raised[2].endswith("Odd: out?[31m\n")
    assert full[0] == 1
    assert "MemoryError" in full[2]


# ---- what stops it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ZeroDivisionError("by\nzero"), 1, "a fault of archscope: run again with --debug, and report it (Zero"),
        (RecursionError(), 1, "a fault of archscope: run again with --debug"),
        (GeneratorExit(), 1, "a fault of archscope: run again with --debug"),
        (MemoryError(), 1, "there is not enough memory"),
        (OSError(24, "Too many open files", "x"), 1, "x: Too many open files"),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_the_last_resort(
    error: BaseException, code: int, said: str, debug: bool, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    ended, out, err = run("list", *(["--debug"] if debug else []))

    assert (ended, out) == (code, "")
    assert err.splitlines()[-1].startswith(f"archscope: {said}")
    assert ("Traceback" in err) == debug
    assert app is not cli.app


@pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.15, 0.5, 1.5])
def test_signals(number: int, after: float, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntry:\n    time.sleep(60)\nexcept BaseException:\n    pass\n")
    command = [sys.executable, "-m", "archscope", "summary", "slow.py:Net", "-o", "out.json"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(after)
        process.send_signal(number)
        _, said = process.communicate()

    # Before Python has started it is the system that ends it, and until its own start is over Python, with 1.
    assert process.returncode in (128 + number, -number) or (process.returncode == 1 and "archscope" not in said), said
    assert [path.name for path in tmp_path.iterdir()] == ["slow.py"]


# ---- what must not be written over -------------------------------------------------------------------------------


def test_the_target_is_not_written_over(report: Path, run: Run, tmp_path: Path) -> None:
    before = report.read_bytes()
    (tmp_path / "same.json").symlink_to(report)
    (tmp_path / "net.py").write_text("")
    (tmp_path / "code.json").symlink_to("net.py")
    for name in ("six.json", "same.json", "net.py", "new.PY", "code.json"):
        code, _, err = run("summary", str(report), "-f", "json", "-o", str(tmp_path / name))
        assert (code, err.count("\n")) == (2, 1)

    assert report.read_bytes() == before
    assert not (tmp_path / "new.PY").exists()
    assert (tmp_path / "net.py").read_text() == ""


@pytest.mark.parametrize("name", ["a" * 300 + ".json", "loop.json", "nu\0l.json"])
def test_names_that_are_none(name: str, report: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "loop.json").symlink_to("loop.json")

    for arguments in (("summary", str(report), "-o", f"{tmp_path}/{name}"), ("summary", f"{tmp_path}/{name}")):
        code, _, err = run(*arguments)
        assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        "lenet5 -s self=1", "lenet5 -i 1x9223372036854775809x3", f"lenet5 -i {'9' * 5000}", f"lenet5 -b {'9' * 30}",
        f"lenet5 -s x={'[' * 5000}", "lenet5 -s x={[]:1}", f"{'a' * 5000}", f"{'a' * 5000}.py", f"{'a' * 300}.py:Net",
    ],
)  # fmt: skip
def test_slips(arguments: str, run: Run) -> None:
    code, out, err = run("summary", *arguments.split())

    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of descriptors are POSIX's")
def test_what_cannot_even_start_says_so_in_a_line() -> None:
    code = "import resource, archscope.__main__ as m; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); m.main()"
    root = Path(__file__).parents[1]
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=root)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("archscope cannot start: [Errno 24] Too many open files")
    assert ended.stderr.count("\n") == 1


# ---- its start and its end -----------------------------------------------------------------------------------------

FIRST = """
import importlib, signal, sys  # of which what starts a command has imported nearly all: runpy, or the script's re
before = {*sys.modules}
import archscope.__main__
print(*sorted({*sys.modules} - before))
"""

LAST = """
import atexit, gc, sys
from archscope.__main__ import main
atexit.register(lambda: print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 1_000, file=sys.stderr))
sys.argv = ["archscope", "list"]
main()
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[1]
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=root)


def test_signals_are_archscopes_before_it_imports_anything() -> None:
    """What it imports takes the first twentieth of a second, in which users think better of it, too."""
    assert python(FIRST).stdout.split() == ["archscope", "archscope.__main__", "archscope.signals", "gc"]


HALF = """
import os, signal, sys, types
from pathlib import Path
from archscope import signals
signals.end_on_signals()
sys.modules["multiprocessing"] = types.ModuleType("multiprocessing")  # as it is while something imports it
signals.temporaries.update([Path("."), Path(sys.argv[1])])
os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")
def test_a_signal_ends_it_also_within_an_import(tmp_path: Path) -> None:
    half_written = tmp_path / ".made.json.1f"
    half_written.touch()
    ended = subprocess.run([sys.executable, "-c", HALF, half_written], check=False, capture_output=True, text=True)

    assert (ended.returncode, ended.stderr, half_written.exists()) == (143, "", False)


def test_it_ends_without_looking_for_garbage() -> None:
    assert python(LAST).stderr == "True True\n"
