"""archscope spectrum at the command line: what it writes, and one line for every mistake."""

import json
import re
import sys
from pathlib import Path

import pytest

from archscope import cli


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["archscope", "spectrum", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def points(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[object]:
    assert run(monkeypatch, *arguments, "--format", "json") == 0
    return [(point["segments"], point["params"]) for point in json.loads(capsys.readouterr().out)["points"]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--channels 4", [(1, 160), (2, 88), (3, 70), (4, 52)]),
        ("--channels 4 --segments 1,depthwise", [(1, 160), (4, 52)]),
        ("--input 4x9x9 -S 1,4", [(1, 160), (4, 52)]),
        ("--partition 3,1", [(2, 106)]),
        ("--partition 3,1 -S 1", [(1, 160), (2, 106)]),
        ("--channels 4 --input 2x9x9 -S 4 --kernel 5 --depth-multiplier 2", [(4, 8 + 200)]),
        ("--channels 4 --input 2x9x9 -S 2 --order depthwise-first", [(2, 18 + 8)]),
        ("mobilenet_v1 -S depthwise", [("depthwise", 4_231_976)]),
        ("mobilenet_v1 -S depthwise --set num_classes=10", [("depthwise", 4_231_976 - 1025 * 990)]),
    ],
)
def test_points(
    arguments: str, expected: list[object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert points(monkeypatch, capsys, *arguments.split()) == expected


def test_a_saved_spectrum_is_shown_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "saved.json"
    assert run(monkeypatch, "--channels", "8", "-o", str(saved)) == 0
    assert run(monkeypatch, str(saved), "-f", "json") == 0
    assert capsys.readouterr().out == saved.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        ("--channels 8 -o x.svg", b"<svg"),
        ("--channels 8 --plot curve -o x.svg", b"<?xml"),
        ("--channels 8 --theme dark -o x.png", b"\x89PNG"),
        ("--plot figures -o x.svg", b"<svg"),
        ("mobilenet_v1 -S 1,depthwise -o x.png", b"\x89PNG"),
        ("--channels 8 -f csv -o x.svg", b"segments,"),
    ],
)
def test_pictures(arguments: str, starts: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments.split()) == 0
    (written,) = tmp_path.glob("x.*")
    assert written.read_bytes().startswith(starts)


def test_points_are_timed_in_turns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, *"--input 8x9x9 -S 1,8 --device cpu --seconds 0.01 -f json".split()) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["setting"]["device"] == "cpu"
    assert all(point["latency_ms"] > 0 for point in data["points"])
    assert data["units"]["latency_ms"] == "ms"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--segments 257", "256 channels make 1 to 256 segments, not 257"),
        ("--segments 0", "256 channels make 1 to 256 segments, not 0"),
        ("--channels 8 --partition 3,4", "segments of 3+4 channels: they must sum to 8"),
        ("--segments some", "write numbers, depthwise, powers or all-divisors, not 'some'"),
        ("--channels 0", "channels 0: it takes 1 to 2147483647"),
        ("--channels 9223372036854775808", "channels 9223372036854775808: it takes 1 to 2147483647"),
        ("--channels 2147483647 --segments 1", "overflowed"),
        ("--kernel 2", "a kernel of 2: it is odd, 3 to 2147483647"),
        ("--order first", "no order named 'first'"),
        ("--hold macs", "Invalid value for '--hold'"),
        ("--set num_classes=1", "--set does not apply: it goes to a network"),
        ("vgg16", "vgg16 has nothing to segment"),
        ("net.onnx", "net.onnx is a file, whose layers are as they are; archscope knows how to segment xception"),
        ("net.py:Net", "net.py:Net is code of your own; archscope knows how to segment xception"),
        ("xception --set segments=2", "not by --set segments"),
        ("xception --kernel 5", "--kernel does not apply: xception has its own layers"),
        ("xception --partition 3,4", "--partition does not apply"),
        ("xception --segments powers", "write numbers or depthwise, not 'powers'"),
        ("nothing.json", "cannot read nothing.json"),
        ("nothing.json --segments 3", "--segments does not apply: nothing.json has its points already"),
        ("--format dot", "known: table, json"),
        ("-o x.dot", "no format for 'x.dot': this command writes table, json, csv, markdown, latex, html, svg"),
        ("--plot curve", "--plot curve is a picture: write it with -o to a .svg, .png or .pdf file"),
        ("--plot curve -o x.json", "--plot curve is a picture: write it with -o"),
        ("--plot curve -o x.tex", r"file; \includegraphics takes the .pdf"),
        ("--plot figures --channels 8 -o x.svg", "--channels does not apply: the paper's figures are as they are"),
        ("mobilenet_v1 -S depthwise --hold params --plot panels -o x.svg", "panels show a block"),
        ("--seconds 3", "--seconds is for measuring: give a --device"),
        ("--device gpu", "--device gpu: it is cpu, cuda or cuda:N"),
    ],
)
def test_mistakes(
    arguments: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("archscope: ")
    assert said in err
    assert err.count("\n") == 1


PAGES = ("spectrum.md", "spectrum.ko.md")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_was_measured(page: str) -> None:
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / page).read_text(encoding="utf-8")
    for channels in (256, 728):
        path = docs / "benchmarks" / "cpu" / f"spectrum-{channels}-float32-batch1.json"
        first, *_, last = json.loads(path.read_text(encoding="utf-8"))["points"]
        for quantity in ("macs", "latency_ms"):
            assert f"{first[quantity] / last[quantity]:.1f}" in text, (channels, quantity)
        assert path.name in text


def test_both_pages_run_the_same_commands() -> None:
    docs = Path(__file__).parents[2] / "docs"
    one, two = (re.findall(r"^\$ archscope.*", (docs / page).read_text(encoding="utf-8"), re.M) for page in PAGES)
    assert one == two
