import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archscope import __version__, cli
from archscope.commands import arguments
from archscope.networks import catalogue
from archscope.signals import temporaries
from archscope.views import Options, format_of, formats, render
from archscope.views.tables.rows import HEADINGS, STRUCTURE
from tests.fuzz import lines
from tests.graphs import Net, report_of, six_layer_report, traced

PROGRAM = str(Path(sys.executable).parent / "archscope")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "six.json"
    path.write_text(six_layer_report().to_json(), encoding="utf-8")
    return str(path)


def process(*arguments: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, **kwargs)  # type: ignore[call-overload, no-any-return]


# ---- what is printed -------------------------------------------------------------------------------------------


def test_summary_of_a_network(run: Run) -> None:
    code, out, err = run("summary", "xception")

    assert (code, err) == (0, "")
    assert out == str(traced("xception"))


def test_a_saved_report_says_the_same(run: Run, saved: str) -> None:
    assert run("summary", saved) == (0, str(six_layer_report()), "")


SUFFIXES = (".txt", ".json", ".csv", ".md", ".tex", ".html")


@pytest.mark.parametrize("name", formats("report"))
def test_formats(run: Run, saved: str, name: str, tmp_path: Path) -> None:
    expected = render(six_layer_report(), name)
    assert run("summary", saved, "--format", name) == (0, expected, "")
    for suffix in [each for each in SUFFIXES if format_of(each, "report") == name]:  # html has none: .html is page's
        path = tmp_path / f"out{suffix}"
        assert run("summary", saved, "-o", str(path)) == (0, "", "")
        assert path.read_text(encoding="utf-8") == expected
    assert run("summary", saved, "-f", name, "-o", "-") == (0, expected, "")


def test_the_format_may_differ_from_the_suffix(run: Run, saved: str, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"

    assert run("summary", saved, "-f", "json", "-o", str(path))[0] == 0
    assert json.loads(path.read_text())["network"] == "six_layers"


def test_options_reach_the_table(run: Run, saved: str) -> None:
    def shown(*arguments: str) -> str:
        code, out, err = run("summary", saved, *arguments)
        assert (code, err) == (0, "")
        return out

    def expected(**options: object) -> str:
        return render(six_layer_report(), "table", Options(**options))  # type: ignore[arg-type]

    assert shown("--depth", "1") == expected(depth=1)
    assert shown("--depth", "0", "--unfold") == expected(depth=0, fold=False)
    assert shown("--fold") == expected()
    assert shown("--sort", "macs") == expected(sort="macs")
    assert shown("-c", "params, macs") == expected(columns=("params", "macs"))
    assert shown("--columns", "all") == expected(columns=("output", "share", *six_layer_report().table_columns))
    assert shown("--unfold") != shown("--fold")


def test_list_and_show_name_every_network_and_option(run: Run) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["Network", *catalogue()]

    for name, entry in catalogue().items():
        code, out, err = run("show", name)
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[0] == f"{name}: {entry.label}"
        assert [line for line in lines if line.startswith("    ")][: len(entry.options)] == [
            f"    {option}: {said}" for option, said in entry.options.items()
        ]
        assert all(claim.said() in out for claim in entry.claims if not claim.block)


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"archscope {__version__}\n", "")


# ---- input sizes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1x1x3x299x299", "3x-1x3", "3x0x3", "", "abc", "3x299x", "299.5", "²"])
def test_malformed_input(mistake: Callable[..., str], text: str) -> None:
    assert f"--input {text}: " in mistake("summary", "xception", f"--input={text}")


def test_input_reaches_the_network(run: Run) -> None:
    code, out, _ = run("summary", "xception", "-i", "2x3x150x150", "-f", "json")
    data = json.loads(out)

    assert (code, data["input_shape"], data["setting"]["batch"]) == (0, [3, 150, 150], 2)


def test_a_batch_said_twice(mistake: Callable[..., str]) -> None:
    assert "--batch says 4: give one of them" in mistake("summary", "xception", "-i", "2x3x299x299", "-b", "4")


@pytest.mark.parametrize("batch", ["0", "-1", "many"])
def test_impossible_batches(mistake: Callable[..., str], batch: str) -> None:
    assert "--batch" in mistake("summary", "xception", "--batch", batch)


def test_wrong_channels(mistake: Callable[..., str]) -> None:
    assert "xception takes 3 channels" in mistake("summary", "xception", "-i", "1x299x299")


def test_too_small_names_the_layer_and_the_smallest_size(mistake: Callable[..., str], run: Run) -> None:
    said = mistake("summary", "inception_v3", "-i", "50")
    smallest = int(said.split("x")[-1])

    assert said.startswith("archscope: input 3x50x50 is too small: reduction_b.")  # torch says which of its branches
    assert said.endswith(f"the smallest square that works is 3x{smallest}x{smallest}\n")
    assert run("summary", "inception_v3", "-i", str(smallest))[0] == 0
    assert "is too small" in mistake("summary", "inception_v3", "-i", str(smallest - 1))


# ---- mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["summary", "inceptionv3"], "no network named 'inceptionv3'; did you mean inception_v3"),
        (["show", "xceptoin"], "did you mean xception"),
        (["summary"], "Missing argument TARGET; usage: archscope summary [OPTIONS] TARGET"),
        (["diff", "xception"], "Missing argument REFERENCE; usage: archscope diff [OPTIONS] TARGET REFERENCE"),
        (["sumary", "xception"], "No such command"),
        (["summary", "xception", "--colour"], "archscope summary --help lists them"),
        (["summary", "mobilenet_v9"], "no network named 'mobilenet_v9'; did you mean mobilenet_v"),
        (["summary", "xception", "--depth", "-1"], "--depth"),
        (["summary", "xception", "--mode", "test"], "--mode"),
        (["summary", "xception", "-f", "tabel"], "no format named 'tabel'; did you mean table"),
        (["summary", "xception", "-o", "x.docx"], "no format for 'x.docx'"),
        (["summary", "xception", "-s", "num_classes"], "write key=value"),
        (["summary", "xception", "-s", "=3"], "write key=value"),
        (["summary", "xception", "-s", "classes=10"], "no option of xception named 'classes'"),
        (["summary", "xception", "-s", "num_classes=ten"], "num_classes"),
        (["summary", "inception_v3", "-s", "stem=table2"], "stem is one of reference, table1, not 'table2'"),
        (["summary", "xception", "-s", "middle_blocks=-1"], "middle_blocks is 1 or more, not -1"),
        (["summary", "seresnet50", "-s", "reduction=0"], "reduction is 1 or more, not 0"),
        (
            ["summary", "mobilenet_v1", "-s", "width_multiplier=-0.5"],
            "width_multiplier is above 0, not -0.5",
        ),
        (["summary", "vgg16", "-i", "100"], "vgg16's own input is 3x224x224"),
        (["summary", "lenet5", "-i", "5"], "too small; the network's own is 1x32x32"),
        (["summary", "qwertyuiop"], "archscope list shows all"),
        (["summary", "no_such.json"], "cannot read no_such.json"),
    ],
)
def test_mistakes(mistake: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in mistake(*arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-c", "params,mac"], "no column named 'mac'; did you mean macs"),
        (["--sort", "mac"], "no column to sort by named 'mac'; did you mean macs"),
        (["-i", "3x99x99"], "is measured already"),
        (["-b", "2"], "is measured already"),
        (["-s", "num_classes=10"], "is measured already"),
    ],
)
def test_mistakes_with_a_saved_report(mistake: Callable[..., str], saved: str, arguments: list[str], said: str) -> None:
    assert said in mistake("summary", saved, *arguments)


def test_settings() -> None:
    items = ["num_classes=10", "aux=TRUE", "stem=table1", "widths=(1, 2)", "drop-path = 0.5", "url=a=b"]

    assert arguments.parse_settings(items) == {
        "num_classes": 10, "aux": True, "stem": "table1", "widths": (1, 2), "drop_path": 0.5, "url": "a=b"}  # fmt: skip


def test_set_reaches_the_network(run: Run) -> None:
    _, out, _ = run("summary", "xception", "-s", "num_classes=10", "-f", "json")

    difference = (1000 - 10) * (2048 + 1)
    assert json.loads(out)["totals"]["params"] == traced("xception").totals["params"] - difference


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-100], "no complete JSON"),
        (lambda text: "{}", "no archscope report"),
        (lambda text: text.replace("archscope.report/2", "archscope.report/9"), "upgrade archscope"),
        (lambda text: text.replace('"layers"', '"lairs"'), "broken archscope report"),
        (lambda text: "\udcff", "it is not text"),
    ],
)
def test_broken_reports(mistake: Callable[..., str], tmp_path: Path, change: Callable[[str], str], said: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(change(six_layer_report().to_json()), encoding="utf-8", errors="surrogateescape")

    assert said in mistake("summary", str(path))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of POSIX")
def test_a_device_is_no_file_to_read(mistake: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "endless.json").symlink_to("/dev/zero")

    assert "endless.json: it is a device or a pipe" in mistake("summary", str(tmp_path / "endless.json"))
    assert "/dev/zero: it is a device" in mistake("compare", "lenet5", "alexnet", "--accuracy", "/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize(
    "name", ["net.json", "net.onnx", "net.safetensors", "net.safetensors.index.json", "config.json"]
)
def test_a_pipe_in_which_nobody_writes_is_not_waited_for(
    name: str, mistake: Callable[..., str], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / name)
    target = f"transformers:{tmp_path}" if name == "config.json" else str(tmp_path / name)

    said = mistake(*(("diff", target, "lenet5") if "safetensors" in name else ("summary", target)))

    assert f"{name}: it is a device or a pipe" in said


def test_strict(mistake: Callable[..., str], run: Run, saved: str, tmp_path: Path) -> None:
    net = Net(input=(3, 8, 8))
    net.add("mystery", "linalg_inv", "input", kind="Fourier")
    path = tmp_path / "unknown.json"
    path.write_text(report_of(net.graph()).to_json())

    assert "unknown cost: Fourier" in mistake("summary", str(path), "--strict")
    assert run("summary", str(path))[0] == 0
    assert run("summary", saved, "--strict")[0] == 0


def test_debug_shows_where_a_mistake_arose(run: Run) -> None:
    code, _, err = run("summary", "nothing", "--debug")

    assert code == 2
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("archscope: no network named 'nothing'")


# ---- files -----------------------------------------------------------------------------------------------------


def test_a_missing_folder(mistake: Callable[..., str], saved: str, tmp_path: Path) -> None:
    assert "No such file or directory" in mistake("summary", saved, "-o", str(tmp_path / "missing" / "out.md"))


def test_a_folder_that_is_a_file(mistake: Callable[..., str], saved: str) -> None:
    assert "Not a directory" in mistake("summary", saved, "-o", f"{saved}/out.md")
    assert temporaries == set()


def test_no_command_writes_over_what_it_reads(mistake: Callable[..., str], saved: str) -> None:
    tried = []
    for name, parameters in lines.commands().items():
        read = [each for each in parameters if each.metavar in ("TARGET", "REFERENCE")]
        if read and any("--output" in each.opts for each in parameters):
            tried.append(mistake(name, *[saved for each in read if not each.multiple], "-o", saved))
    others = [said for said in tried if "is read or written besides" not in said]
    assert len(tried) > 8 and len(others) == 1 and "audit runs the counters on the network itself" in others[0]


def test_a_file_that_is_a_folder(mistake: Callable[..., str], saved: str, tmp_path: Path) -> None:
    folder = tmp_path / "out.md"
    folder.mkdir()

    assert "cannot write" in mistake("summary", saved, "-o", str(folder))
    assert sorted(tmp_path.iterdir()) == sorted([folder, Path(saved)])


@pytest.mark.parametrize("arguments", [["-c", "mac"], ["--sort", "mac"]])
def test_a_failed_rendering_leaves_the_file(
    mistake: Callable[..., str], saved: str, tmp_path: Path, arguments: list[str]
) -> None:
    path = tmp_path / "out.md"
    path.write_text("before")
    mistake("summary", saved, "-o", str(path), *arguments)

    assert path.read_text() == "before"


@pytest.mark.parametrize("method", ["write_bytes", "replace"])
def test_a_failed_write_leaves_the_file(
    run: Run, saved: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    path = tmp_path / "out.md"
    path.write_text("before")
    before = sorted(tmp_path.iterdir())

    def full(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, method, full)
    code, out, err = run("summary", saved, "-o", str(path))

    assert (code, out) == (1, "")
    assert err == f"archscope: cannot write {path}: No space left on device\n"
    assert path.read_text() == "before"
    assert sorted(tmp_path.iterdir()) == before


def test_a_written_file_has_the_usual_permissions(run: Run, saved: str, tmp_path: Path) -> None:
    usual, path = tmp_path / "usual", tmp_path / "out.md"
    usual.touch()
    run("summary", saved, "-o", str(path))

    assert path.stat().st_mode == usual.stat().st_mode


def test_a_file_keeps_its_permissions_and_a_link_its_target(run: Run, saved: str, tmp_path: Path) -> None:
    path, link = tmp_path / "out.md", tmp_path / "link.md"
    path.touch()
    path.chmod(0o600)
    link.symlink_to(path)
    assert run("summary", saved, "-o", str(link))[0] == 0

    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("###")


def test_what_is_no_file_is_written_to_and_not_replaced(run: Run, saved: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        assert run("summary", saved, "-f", "csv", "-o", str(pipe))[0] == 0
        assert reader.stdout is not None
        assert reader.stdout.read() == run("summary", saved, "-f", "csv")[1]

    assert pipe.is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe", "six.json"]


def test_measuring_needs_a_device(mistake: Callable[..., str], saved: str) -> None:
    assert "give a --device" in mistake("summary", "xception", "--channels-last", "--seconds", "3")
    assert "write a number of images" in mistake("summary", "xception", "--device", "cpu", "--batch", "1,x")
    assert "--mode eval does not apply" in mistake(
        "summary", "xception", "--device", "cpu", "--train", "--mode", "eval"
    )
    assert "is measured already" in mistake("summary", saved, "--device", "cpu")


def test_without_a_command_only_the_help(run: Run) -> None:
    code, out, err = run()
    assert (code, err) == (2, "")
    assert "summary" in out


# ---- your own network ------------------------------------------------------------------------------------------

NET = """
import time
from torch import nn

print("loading")
class Net(nn.Sequential):
    def __init__(self, width=4):
        super().__init__(nn.Conv2d(3, width, 3), nn.ReLU())

class Slow(Net):
    def __init__(self):
        print("waiting", flush=True)
        time.sleep(60)
"""


def test_a_file_of_the_users(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    code, out, err = run("summary", "net.py:Net", "--set", "width=8", "-i", "image=16", "-f", "json")
    assert code == 2
    assert "no argument of Net.forward named 'image'" in err.splitlines()[-1]
    code, out, err = run("summary", "net.py:Net", "--set", "width=8", "-i", "2x3x16x16", "-f", "json")
    data = json.loads(out)
    assert (code, err) == (0, "loading\n")
    assert (data["target"], data["network"], data["setting"]["batch"]) == ("net.py:Net", "Net", 2)
    assert data["totals"]["params"] == (3 * 3 * 3 + 1) * 8
    code, out, err = run("summary", "net.py:Net", "--set", "widht=8")
    assert (code, out) == (2, "")
    assert err.endswith("archscope: net.py:Net takes no widht; it takes width=4\n")


def test_ctrl_c_while_the_users_code_runs(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NET)
    command = [PROGRAM, "summary", "net.py:Slow", "-i", "3x8x8"]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr
    while "waiting" not in running.stderr.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, "", "")


def test_a_list_to_choose_from(run: Run, mistake: Callable[..., str], tmp_path: Path) -> None:
    code, out, err = run("list", "--where", "params<30M and top1>78.5", "--family", "inception", "--sort", "macs")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["Network", "inception_resnet_v1"]
    assert run("list", "-o", str(tmp_path / "zoo.csv"))[0] == 0
    assert len((tmp_path / "zoo.csv").read_text(encoding="utf-8").splitlines()) == len(catalogue()) + 1
    assert "no network meets params<1k" in mistake("list", "--where", "params<1k")


def test_what_is_shown_of_a_network_fits_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run("show", "lenet5")[1]
    monkeypatch.setattr("archscope.commands.listing.plain_options", lambda output: Options(width=80))
    fitted = run("show", "lenet5")[1]
    assert max(map(len, whole.splitlines())) > 80 >= max(map(len, fitted.splitlines()))
    assert fitted.split() == whole.split()


def test_a_bibliography_entry(run: Run) -> None:
    assert run("show", "xception", "--bibtex")[1] == (
        "@inproceedings{chollet2017xception,\n  author = {François Chollet},\n"
        "  title = {{Xception: Deep Learning with Depthwise Separable Convolutions}},\n"
        "  booktitle = {CVPR},\n  year = {2017},\n  eprint = {1610.02357},\n  archiveprefix = {arXiv},\n}\n"
    )
    for entry in catalogue().values():
        made = entry.paper.bibtex
        assert made.count("{") == made.count("}")
        assert f"{{{{{entry.paper.title}}}}}" in made


def test_a_device_has_no_suffix_and_gets_the_usual_format(saved: str) -> None:
    assert process("summary", saved, "-o", "/dev/stdout").stdout == str(six_layer_report())
    assert process("diagram", saved, "-o", "/dev/stdout").stdout.startswith("<svg")


# ---- completion ------------------------------------------------------------------------------------------------


def test_completion_functions() -> None:
    assert arguments.completes(catalogue)("alex") == ["alexnet"]
    assert arguments.completes(lambda: formats("report"))("") == list(formats("report"))
    assert arguments.completes(arguments.column_names)("params,mac") == ["params,macs"]
    assert set(arguments.column_names()) == {*STRUCTURE, *HEADINGS}


def test_every_column_can_be_completed() -> None:
    assert set(arguments.column_names()) >= set(traced("xception").table_columns)


class Typed:
    """What the shell has so far."""

    args: tuple[str, ...] = ()

    def __init__(self, **params: str) -> None:
        self.params = params


def test_completion_of_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("znet.py", "zreport.json", "zweights.pth"):
        (tmp_path / name).touch()
    (tmp_path / "zfolder").mkdir()

    assert arguments.complete_target("z") == ["zfnet", "zfolder/", "znet.py", "zreport.json"]
    assert arguments.complete_target("") == list(catalogue())


def test_only_columns_with_numbers_are_offered_to_sort_by() -> None:
    assert set(arguments.sortable_names()) == set(HEADINGS)


def test_completion_of_options() -> None:
    assert arguments.complete_set(Typed(target="inception_v3"), "a") == ["aux="]  # type: ignore[arg-type]
    assert arguments.complete_set(Typed(target="nothing"), "a") == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("archscope show alexn", "alexnet"),
        ("archscope summary alexn", "alexnet"),
        ("archscope summary xception --set mid", "middle_blocks="),
        ("archscope summary xception --columns params,mac", "params,macs"),
        ("archscope compare lenet5 --family resnex", "resnext"),
        ("archscope diagram lenet5 --level pl", "plate"),
    ],
)
def test_completion_in_bash(words: str, completed: str) -> None:
    typed = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}

    done = process(env={**os.environ, "_ARCHSCOPE_COMPLETE": "complete_bash", **typed})
    assert done.stdout.split() == [completed]


# ---- processes -------------------------------------------------------------------------------------------------


def test_exit_codes_and_streams(saved: str) -> None:
    good, bad = process("summary", saved), process("summary", "xceptoin")

    assert (good.returncode, good.stdout, good.stderr) == (0, str(six_layer_report()), "")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.count("\n") == 1
    assert "Traceback" not in bad.stderr


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    graph = replace(traced("xception").graph, name="long")
    path.write_text(report_of(graph).to_json())
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [PROGRAM, "summary", str(path), "-f", "json"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == "archscope: cannot write to standard output: No space left on device\n"


WAITING = """
import sys, time
from archscope import cli, summary
sys.argv = ["archscope", "summary", "xception"]
summary.summarize = lambda *args, **kwargs: (print("running", flush=True), time.sleep(60))
cli.main()
"""


def test_ctrl_c_stops_at_once() -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout
    assert running.stdout.readline() == "running\n"
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=20)

    assert running.returncode == 130
    assert "Traceback" not in out + err


@pytest.mark.parametrize("name", ["typer", "torch"])
def test_ctrl_c_during_an_import(name: str, tmp_path: Path) -> None:
    """torch's C++ half loses the exception, as the stand-in does."""
    lost = "except KeyboardInterrupt: pass" if name == "torch" else "finally: pass"
    text = f"import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(9)\n{lost}\n"
    (tmp_path / f"{name}.py").write_text(text)
    paths = os.pathsep.join([str(tmp_path), str(Path(cli.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-m", "archscope", "summary", "xception"],
        env={**os.environ, "PYTHONPATH": paths}, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


WITHOUT_TORCH = """
import sys
from archscope import cli
from archscope.networks import catalogue
for arguments in (["--help"], ["list"], ["show", "xception"], ["summary", "REPORT"], ["summary", "--help"]):
    sys.argv = ["archscope", *[sys.argv[-1] if word == "REPORT" else word for word in arguments]]
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code, arguments
    assert "torch" not in sys.modules, arguments
    sys.argv = [*sys.argv, REPORT]
"""


def test_torch_is_not_imported_where_nothing_is_traced(saved: str) -> None:
    code = WITHOUT_TORCH.replace("import sys\n", f"import sys\nREPORT = {saved!r}\nsys.argv = [REPORT]\n", 1)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
