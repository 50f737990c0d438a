"""The pages that `make bench-cuda` writes, from reports whose numbers are made up here: none is a measurement."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import sleep
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest

from archscope.model.graph import Graph
from archscope.model.report import Column, Report, summed
from archscope.roofline import Ceilings, with_bounds
from archscope.selfcheck import Peer
from tests.graphs import Net, report_of

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "benchmarks"
FIELDS = {"device_name": "Slate", "driver": "1.0", "cuda": "13.0", "cudnn": 9, "torch": "2.13.0", "archscope": "0.1.0"}


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        import pages  # type: ignore[import-not-found]

        yield pages


def separable(name: str) -> Graph:
    net = Net(input=(8, 8, 8))
    net.conv("depthwise", "input", 8, 3, padding=1, groups=8)
    net.conv("pointwise", "depthwise", 16, 1)
    net.add("relu", "relu", "pointwise")
    return net.graph(name)


def made(name: str, ms: float, *, train: bool = False, compile: bool = False, dtype: str = "float32") -> Report:
    """A report as measured: `ms` a step, of which a tenth is the host's; half in the depthwise layer."""
    report = report_of(separable(name))
    setting = {**report.setting, **FIELDS, "device": "cuda", "dtype": dtype, "train": train, "compile": compile}
    setting |= {"channels_last": False, "load": None, "seconds": 2.0, "threads": 2}
    layers = {"depthwise": 0.5 * ms, "pointwise": 0.3 * ms, "relu": 0.1 * ms}
    totals = {
        "wall_ms": {"median": ms, "p95": ms, "iqr": 0.0, "min": ms, "repeats": 5, "warmup": 2},
        "device_ms": {"median": 0.9 * ms, "p95": 0.9 * ms, "iqr": 0.0, "min": 0.9 * ms, "repeats": 5, "warmup": 2},
        "images_per_s": 1000 / ms,
        "training_steps_per_s": 1000 / ms,
        "unattributed_ms": 0.0,
        "overhead_ms": 0.1 * ms,
        "optimizer_ms": 0.0,
        "measured_peak_memory_bytes": report.totals["peak_memory_bytes"],
    }
    columns = {**report.columns, **{key: Column(key, "", value) for key, value in totals.items()}}
    timed = {} if compile else {"latency_ms": summed("latency_ms", "ms", dict(layers))}
    return replace(report, columns=columns | timed, setting=setting)


def both(xception_ms: float, inception_ms: float, **setting: object) -> list[Report]:
    return [made("xception", xception_ms, **setting), made("inception_v3", inception_ms, **setting)]  # type: ignore[arg-type]


def rows(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line]


def test_nothing_is_claimed_without_figures(pages: ModuleType) -> None:
    assert pages.table3([], "No figures yet.") == "No figures yet."
    assert (
        pages.table3([made("xception", 10.0)], "No figures yet.") == "No figures yet."
    )  # one network compares nothing
    assert "Not measured yet" in pages.depthwise([])
    assert "Not measured yet" in pages.agreement([])


def test_the_ratio_is_xceptions_speed_over_inceptions(pages: ModuleType) -> None:
    table = pages.table3(both(10.0, 8.0), "")
    _, eager, replay = rows(table)

    assert eager[:4] == ["1", "float32", "channels first", "eager"]
    assert eager[4:] == ["10.00", "8.00", "100.0", "125.0", "0.80"]
    assert replay[3:] == ["eager, graph replay", "9.00", "7.20", "111.1", "138.9", "0.80"]
    assert "Training was not measured yet" in table
    assert "Measured on Slate, driver 1.0, cuda 13.0, cudnn 9, torch 2.13.0, archscope 0.1.0, 2026-01-01." in table


def test_training_stands_beside_the_paper(pages: ModuleType) -> None:
    paper, eager, _ = rows(pages.table3(both(40.0, 50.0, train=True), ""))[1:]

    assert paper[3:] == ["*the paper, 60 K80*", "", "", "28", "31", "0.90"]
    assert eager[3:] == ["eager", "40.00", "50.00", "25.0", "20.0", "1.25"]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([(40.0, 50.0)] * 2, "1.25 times as fast, the faster one in all of 2 settings"),
        ([(50.0, 40.0)] * 2, "0.80 times as fast, the faster one in none of 2 settings"),
        ([(50.0, 40.0)], "0.80 times as fast"),
        ([(50.0, 40.0), (40.0, 50.0)], "0.80 to 1.25 times as fast, the faster one in 1 of 2 settings"),
    ],
)
def test_the_answer_counts_settings(pages: ModuleType, times: list[tuple[float, float]], said: str) -> None:
    reports = [
        report
        for dtype, pair in zip(("float32", "bfloat16"), times, strict=False)
        for report in both(*pair, train=True, dtype=dtype)
    ]
    answer = pages.table3(reports, "")

    assert f"as a user's loop sees it {said}" in answer
    assert f"by graph replay, {said}" in answer


def test_depthwise_time_against_its_bytes(pages: ModuleType) -> None:
    slate = Ceilings("Slate", 1e9, {"float32": 1e12})
    report = with_bounds(made("xception", 10.0), [slate])
    moved = 2 * 8 * 8 * 8 * 4 + 8 * 9 * 4
    _, depthwise, pointwise, rest = rows(pages.depthwise([report, made("xception", 5.0, compile=True)]))

    assert depthwise[3:6] == ["depthwise", "5.000", "56 %"]
    assert depthwise[6] == f"{moved / 2**20:,.1f}"
    assert depthwise[8] == f"{100 * (1e3 * moved / 1e9) / 5:.0f} %"
    assert [pointwise[3], rest[3]] == ["pointwise", "all else"]


def test_agreement_holds_or_fails_by_its_limit(pages: ModuleType) -> None:
    peers = [
        {"what": "timer", "measured": 10.0, "reference": 10.2},
        {"what": "do_bench", "measured": 10.0, "reference": 9.0},
    ]
    alone = made("xception", 10.0)  # of one image, between whose kernels the device waits
    memory, timer, do_bench = pages.checks([alone], peers)
    layers, *_ = pages.checks([replace(alone, graph=replace(alone.graph, batch=2))], [])

    assert (layers.measured, layers.reference, layers.limit_percent) == (pytest.approx(9.0), pytest.approx(9.0), 5)
    assert (memory.difference_percent, memory.limit_percent) == (pytest.approx(0), 10)
    table = pages.agreement([layers, memory, timer, do_bench])
    assert [row[-1] for row in rows(table)[1:]] == ["holds", "holds", "holds", "**fails**"]
    assert "3 of 4 hold." in table


def test_a_page_is_renewed_from_raw_files(pages: ModuleType, tmp_path: Path) -> None:
    page = (FOLDER / "table3.md").read_text(encoding="utf-8")
    comparison = {
        "command": "archscope compare",
        "networks": [report.to_dict() for report in both(40.0, 50.0, train=True)],
    }
    raw = tmp_path / "cuda"
    raw.mkdir()
    (raw / "training.json").write_text(json.dumps(comparison), encoding="utf-8")
    (raw / "alone.json").write_text(made("xception", 10.0).to_json(), encoding="utf-8")
    (raw / "spectrum.json").write_text(json.dumps({"points": []}), encoding="utf-8")
    (raw / "peers.json").write_text(json.dumps({"peers": []}), encoding="utf-8")
    renewed = pages.renewed(page, tmp_path)

    assert "| 1.25 |" in renewed
    assert "peak memory of inference, predicted, measured" in renewed
    assert "peak memory of training, predicted, measured" in renewed
    assert pages.renewed(renewed, tmp_path) == renewed
    assert renewed.partition("<!-- cuda -->")[0] == page.partition("<!-- cuda -->")[0]


def test_the_page_is_what_the_raw_files_say(pages: ModuleType) -> None:
    page = (FOLDER / "table3.md").read_text(encoding="utf-8")

    assert pages.renewed(page) == page


def test_a_page_without_its_part_is_refused(pages: ModuleType) -> None:
    with pytest.raises(ValueError, match="no part named cuda"):
        pages.replaced("nothing", "cuda", "")


# ---- the slot --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_cuda(pages: ModuleType) -> ModuleType:
    import on_cuda  # type: ignore[import-not-found]

    return on_cuda  # type: ignore[no-any-return]


def test_every_planned_command_is_one(on_cuda: ModuleType) -> None:
    """Each is read by its own command, down to the device, which is not here."""
    from typer.main import get_command

    from archscope.cli import app

    steps = list(on_cuda.plan("cuda", 2.0))
    assert len({step.name for step in steps}) == len(steps)  # no file is written twice
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for step in steps:
        if step.name == "peers":
            continue
        _, name, *arguments = shlex.split(step.command)
        commands[name].make_context(name, arguments)


@pytest.mark.parametrize(("seconds", "compiled_runs", "spectra"), [(480.0, 1, 0), (620.0, 2, 2)])
def test_eight_minutes_hold_the_table_and_two_more_compiled_runs_and_spectra(
    on_cuda: ModuleType, seconds: float, compiled_runs: int, spectra: int
) -> None:
    left, names = seconds, []
    for step in on_cuda.plan("cuda", on_cuda.SECONDS):
        left -= step.seconds
        if left < 0:
            break
        names.append(step.name)
    assert names[:4] == ["smoke-lenet5", "smoke-recurrent", "smoke-asks-a-value", "smoke-training"]
    assert {"selfcheck", "peers"} < {*names}
    kinds = ("inference", "training", "compiled", "spectrum")
    assert [sum(name.startswith(kind) for name in names) for kind in kinds] == [10, 6, compiled_runs, spectra]


class Slot:
    """A machine on which a command takes the seconds that its step says, and finds what is made up here."""

    def __init__(self, on_cuda: ModuleType, patch: pytest.MonkeyPatch, breaks: str = "nothing") -> None:
        self.now, self.ran = 0.0, list[str]()
        self.breaks = breaks
        self.seconds = {step.command: step.seconds for step in on_cuda.plan("cuda", 1.0)}
        self.on_cuda, self.patch = on_cuda, patch
        patch.chdir(ROOT)
        patch.setattr(on_cuda, "monotonic", lambda: self.now)
        patch.setattr(on_cuda, "_check_device", lambda device: None)
        patch.setattr(on_cuda, "apart", lambda act, seconds=0.0: on_cuda.failure_of(act))
        patch.setattr(on_cuda, "compare_with_peers", self.peers)
        patch.setattr(on_cuda.cli, "app", self.app)

    def app(self, arguments: list[str], standalone_mode: bool) -> int:
        words, _, file = (arguments, None, None) if "-o" not in arguments else (arguments[:-4], *arguments[-2:])
        command = shlex.join(["archscope", *words])
        self.ran.append(command)
        self.now += self.seconds[command]
        if self.breaks in command:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        if file is None:
            print("wall / torch Timer  1.00  pass")
        else:
            networks = [report.to_dict() for report in both(40.0, 50.0, train="--train" in words)]
            Path(file).write_text(json.dumps({"networks": networks}), encoding="utf-8")
        return 0

    def peers(self, device: str, seconds: float) -> list[Any]:
        self.now += self.seconds[""]
        return []

    def main(self, *arguments: str) -> int:
        self.patch.setattr(sys, "argv", ["on_cuda.py", *arguments])
        code: int = self.on_cuda.main()
        return code


def test_a_slot_is_filled_with_the_best_and_packed_as_it_goes(
    on_cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slot, out = Slot(on_cuda, monkeypatch), tmp_path / "slot"

    assert slot.main("--fit", "135", "--out", str(out)) == 0
    assert slot.now <= 135
    assert "1.00  pass" in (out / "selfcheck.txt").read_text(encoding="utf-8")
    made = json.loads((out / "smoke-lenet5.json").read_text(encoding="utf-8"))
    assert made["command"].startswith("archscope summary lenet5 --device cuda")
    assert not list(out.glob("inference-*"))  # 129 s are gone by then
    with ZipFile(tmp_path / "slot.zip") as archive:
        assert {*archive.namelist()} == {path.name for path in out.iterdir()}

    before = len(slot.ran)
    assert slot.main("--fit", "60", "--out", str(out)) == 0  # goes on where it was
    assert [command.split()[-1] for command in slot.ran[before:]] == ["1", "1", "1", "32"]


def test_a_step_that_fails_is_told_and_does_not_stop_the_others(
    on_cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slot, out = Slot(on_cuda, monkeypatch, breaks="AsksAValue"), tmp_path / "slot"

    assert slot.main("--fit", "125", "--out", str(out)) == 1
    assert "illegal memory access" in (out / "smoke-asks-a-value.failed").read_text(encoding="utf-8")
    assert {"smoke-training.json", "selfcheck.txt"} < {path.name for path in out.iterdir()}
    assert slot.main("--fit", "125", "--out", str(out)) == 0  # what failed is not tried again
    assert sum("AsksAValue" in command for command in slot.ran) == 1

    slot.breaks = "nothing"
    assert slot.main("--fit", "125", "--fresh", "--out", str(out)) == 0
    assert "failed" not in (out / "slot.log").read_text(encoding="utf-8").splitlines()[-3]
    assert not (out / "smoke-asks-a-value.failed").exists()


def test_each_step_has_a_process_of_its_own(on_cuda: ModuleType) -> None:
    """A lost device, a profiler that stays attached, even a crash: nothing of it reaches the next step."""
    here = os.getpid()

    def told() -> None:
        raise ValueError(f"lost\nin {os.getpid() == here}")

    assert on_cuda.apart(lambda: None) is None
    assert on_cuda.apart(told).line == "lost in False"
    assert on_cuda.apart(lambda: os._exit(9)).line == "its process ended with 9"
    assert on_cuda.apart(lambda: sleep(60), 0.1).line == "it had not ended after 0.1 s"  # as where a device hangs


def test_a_step_that_hangs_leaves_time_for_the_others(
    on_cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slot, limits = Slot(on_cuda, monkeypatch), list[float]()

    def hang(act: Callable[[], None], seconds: float = 0.0) -> Any:
        limits.append(seconds)
        slot.now += seconds
        return on_cuda.Failure("hangs", "hangs") if len(limits) > 1 else None  # the first asks for the device

    monkeypatch.setattr(on_cuda, "apart", hang)
    assert slot.main("--fit", "480", "--out", str(tmp_path / "slot")) == 1
    assert limits[1:5] == [60, 24, 24, 24]
    assert (tmp_path / "slot" / "inference-float32-batch1.failed").exists()

    limits.clear()
    slot.main("--only", "smoke-*", "--out", str(tmp_path / "other"))
    assert limits[1] == float("inf")  # nobody waits for what has no end


def test_peers_are_compared_before_anything_is_profiled(on_cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from archscope.latency.runner import Runner

    def profiled(*arguments: object) -> None:
        raise AssertionError("profiled")

    clock, _ = Runner.__init__.__defaults__ or ()
    monkeypatch.setattr(Runner.__init__, "__defaults__", (clock, profiled))
    monkeypatch.setattr(on_cuda, "IMAGES", 1)
    monkeypatch.setattr(on_cuda.pages, "NETWORKS", ("mobilenet?width_multiplier=0.25",))
    found = on_cuda.compare_with_peers("cpu", 0.01)

    assert [row["what"] for row in found] == [
        f"mobilenet?width_multiplier=0.25, batch 1, {dtype}, channels last: wall / torch Timer, ms"
        for dtype in ("float32", "bfloat16")
    ]
    assert all(row["measured"] > 0 and row["reference"] > 0 for row in found)


def test_a_peer_that_fails_takes_nothing_else_with_it(
    on_cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    peers = [Peer("wall / torch Timer", 2.0, 1.9), Peer("wall / do_bench", 2.0, None, "0 active drivers")]
    monkeypatch.setattr("archscope.selfcheck.beside_peers", lambda runner: peers)
    monkeypatch.setattr(on_cuda.pages, "NETWORKS", ("lenet5",))
    found = on_cuda.compare_with_peers("cpu", 0.01)

    assert [(row["measured"], row["reference"]) for row in found] == [(2.0, 1.9)] * 2
    assert "lenet5, batch 128, float32, channels last: wall / do_bench, ms: 0 active drivers" in capsys.readouterr().err


def test_what_a_slot_brought_renews_the_page(
    on_cuda: ModuleType, pages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slot, out, docs = Slot(on_cuda, monkeypatch), tmp_path / "slot", tmp_path / "docs"
    slot.main("--only", "training-*", "--out", str(out))
    docs.mkdir()
    shutil.copy(FOLDER / "table3.md", docs)
    monkeypatch.setattr(pages, "HERE", docs)
    monkeypatch.setattr(on_cuda, "RAW", docs / "cuda")
    monkeypatch.setattr(pages.renewed, "__defaults__", (docs,))

    assert slot.main("--pages", str(out)) == 0
    assert "| 1.25 |" in (docs / "table3.md").read_text(encoding="utf-8")
    assert {*pages.raw_files(docs / "cuda")} == {path.name for path in out.iterdir()}


def test_the_rehearsal_measures_small_networks_on_the_cpu(
    on_cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    words = ["--device", "cpu", "--seconds", "0.1", "--only", "smoke-[ar]*", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["on_cuda.py", *words])
    monkeypatch.setattr(
        on_cuda, "apart", lambda act, seconds=0.0: on_cuda.failure_of(act)
    )  # what ran in torch's threads before has no copy

    assert on_cuda.main() == 0
    assert not list(tmp_path.glob("*.failed"))
    reports = [Report.from_json(path.read_text(encoding="utf-8")) for path in sorted(tmp_path.glob("*.json"))]
    assert [report.graph.name for report in reports] == ["AsksAValue", "Recurrent"]
    assert all(report.totals["latency_ms"] > 0 for report in reports)


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="needs a machine without a CUDA device")
def test_without_a_device_it_says_so_and_touches_nothing(tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in FOLDER.rglob("*") if "__pycache__" not in path.parts}
    done = subprocess.run(
        [sys.executable, str(FOLDER / "on_cuda.py")], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "CUDA" in done.stderr
    assert before == {path: path.stat().st_mtime_ns for path in FOLDER.rglob("*") if "__pycache__" not in path.parts}
