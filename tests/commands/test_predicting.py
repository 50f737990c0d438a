import json
import subprocess
import sys
from pathlib import Path

import pytest

from archscope import cli
from archscope.roofline.devices import devices, find
from tests.graphs import six_layer_report

TORCHLESS = "import sys; sys.modules['torch'] = None; from archscope.cli import main; main()"


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "six.json"
    path.write_text(six_layer_report().to_json(), encoding="utf-8")
    return str(path)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", TORCHLESS, *arguments], capture_output=True, text=True, check=False)


def test_a_saved_report_is_predicted_without_torch(saved: str) -> None:
    done = run("summary", saved, "--predict", "t4", "--dtype", "float16", "--batch", "8", "--format", "json")
    report = json.loads(done.stdout)

    assert (report["setting"]["dtype"], report["setting"]["batch"]) == ("float16", 8)
    assert report["totals"]["roofline"][0]["device"] == find("t4").label
    assert {layer["bound"] for layer in report["layers"]} == {"memory"}


def test_the_table_shows_the_bounds_and_calls_them_so(saved: str) -> None:
    done = run("summary", saved, "--predict", "h200")
    heading = next(line for line in done.stdout.splitlines() if line.startswith("Layer"))

    assert heading.endswith("Bound  Bound by")
    assert "Lower bound      " in done.stdout
    assert "on NVIDIA H200 SXM (float32, batch 1) layer by layer: memory" in done.stdout


def test_several_devices_are_a_line_each(saved: str) -> None:
    done = run("summary", saved, "--predict", "t4,h200")

    assert done.stdout.count("Lower bound ") == 2
    assert "Bound by" not in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--predict", "h20"], "no device named 'h20'; did you mean h200_sxm?"),
        (["--predict", "t4", "--dtype", "tf32"], "NVIDIA T4 has no published peak for tf32: choose float32, float16"),
        (["--predict", ","], "--predict ,: name a device (archscope devices)"),
        (["--dtype", "bfloat16"], "--dtype is for measuring: give a --device"),
    ],
)  # fmt: skip
def test_mistakes(saved: str, options: list[str], said: str) -> None:
    done = run("summary", saved, *options)

    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_devices_are_listed_and_described(capsys: pytest.CaptureFixture[str]) -> None:
    cli.app(["devices"], standalone_mode=False)
    heading, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == list(devices())
    assert heading.split() == ["Name", "Memory", "GB/s", "float32", "tf32", "bfloat16", "float16", "Device"]

    cli.app(["devices", "H200"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert find("h200").source in shown
    assert find("h200").note in shown


# ---- --fit -----------------------------------------------------------------------------------------------------


def test_how_many_images_a_memory_holds_without_torch(saved: str) -> None:
    done = run("summary", saved, "--fit", "1GiB", "--train", "--optimizer", "adam", "--format", "json")
    inference, training = json.loads(done.stdout)["totals"]["fits"]

    assert inference["memory_bytes"] == training["memory_bytes"] == 2**30
    assert (inference["train"], training["train"], training["optimizer"]) == (False, True, "adam")
    assert inference["images"] >= training["images"] > 100
    of_dtype = {
        dtype: json.loads(run("summary", saved, "--fit", "1GiB", "--dtype", dtype, "--format", "json").stdout)
        for dtype in ("tf32", "bfloat16")  # whose kernels copy alike
    }
    tf32, bfloat16 = (found["totals"]["fits"][0]["images"] for found in of_dtype.values())
    assert 1.9 < bfloat16 / tf32 < 2.1
    again = run("summary", saved, "--fit", "t4").stdout  # 16 GB
    assert "14.9 GiB hold" in again and "images in training with momentum (float32), by prediction" in again


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fit", "lots"], "no device named 'lots'"),
        (["--fit", "0GiB"], "--fit 0GiB: write so much memory as 24GiB"),
        (["--fit", "24 GiBs"], "'24 GiBs' is no number"),
        (["--batch", "auto"], "a batch of auto is found by trying: give a --device"),
        (["--batch", "auto", "--predict", "t4"], "--batch auto: write a number of images"),
    ],
)
def test_what_fits_nothing_is_refused_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["archscope", "summary", "lenet5", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
