from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

import archscope
from archscope.errors import ArchscopeError
from archscope.model.graph import Graph
from archscope.model.input_sizes import Input
from archscope.targets import files
from archscope.targets.target import Target
from tests.conftest import Run
from tests.graphs import Net


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Sequence[Input]]:
    """A file, net.tflite, that holds a Graph; and what was asked of it."""
    asked: list[Sequence[Input]] = []
    net = Net(input=(3, 8, 8))
    net.conv("conv", "input", 4, 3)
    graph = net.graph("net")

    def reader(wanted: Sequence[Input]) -> tuple[Graph, int | None]:
        asked.append(wanted)
        return graph, 5 if wanted else None

    monkeypatch.chdir(tmp_path)
    Path("net.tflite").write_bytes(bytes(4) + b"TFL3" + bytes(8))
    monkeypatch.setitem(files.READ, "tflite", lambda path: Target.of_graph(path, "a file", reader))
    return asked


def test_all_that_needs_a_graph_alone(read: list[Sequence[Input]], run: Run) -> None:
    report = archscope.summarize("net.tflite", "5x3x8x8")
    assert (report.totals["macs"], report.setting["device"], report.setting["batch"]) == (4 * 27 * 36, "file", 5)
    assert "torch" not in report.setting
    assert archscope.Report.from_json(report.to_json()).setting == report.setting
    assert [each.size for each in read[0]] == [(5, 3, 8, 8)]
    assert archscope.trace("net.tflite").layers == report.graph.layers
    assert "conv" in str(archscope.diagram("net.tflite"))
    assert archscope.diff("net.tflite", report).verdict == "identical"
    assert len(archscope.compare("net.tflite", "lenet5").reports) == 2
    assert run("check", "net.tflite", "--max", "macs=1M")[0] == 0
    assert "H100" in run("summary", "net.tflite", "--predict", "h100-sxm")[1]


@pytest.mark.parametrize(
    "line",
    ["summary net.tflite --device cpu", "diff net.tflite net.tflite --weights", "audit net.tflite"],
)
def test_what_needs_a_module(read: list[Sequence[Input]], run: Run, line: str) -> None:
    code, out, err = run(*line.split())
    assert (code, out) == (2, "")
    assert err == (
        "archscope: net.tflite is a file: it is counted, not run; name the code that builds it, net.py:Net\n"
    )


def test_nothing_changes_it(read: list[Sequence[Input]]) -> None:
    for said, given in {
        r"it takes no options \(width\)": {"options": {"width": 2}},
        "--mode train does not apply": {"mode": "train"},
        "give input sizes, not tensors": {"input_data": torch.zeros(1, 3, 8, 8)},
    }.items():
        with pytest.raises(ArchscopeError, match=said):
            archscope.summarize("net.tflite", **given)  # type: ignore[arg-type]
    with pytest.raises(ArchscopeError, match="it takes no options"):
        archscope.summarize("net.tflite?width=2")


def test_folders_and_lists_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for file, target, said in [
        ("hub/config.json", "hub", "is a folder: name its configuration, hub/config.json"),
        ("saved/saved_model.pb", "saved", "is TensorFlow's SavedModel"),
        ("model.safetensors.index.json", "model.safetensors.index.json", "is a file of weights"),
        ("pytorch_model.bin.index.json", "pytorch_model.bin.index.json", "is a pickled checkpoint"),
    ]:
        Path(file).parent.mkdir(exist_ok=True)
        Path(file).write_text('{"weight_map": {}}', encoding="utf-8")
        with pytest.raises(ArchscopeError, match=said):
            archscope.summarize(target)
    Path("config.json").write_text('{"architecture": "resnet50", "pretrained_cfg": {}}', encoding="utf-8")
    with pytest.raises(ArchscopeError, match="name the network, timm:resnet50"):
        archscope.summarize("config.json")


def test_what_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net").write_bytes(b"\x80\x02}q\x00.")  # whatever it is called
    with pytest.raises(ArchscopeError, match=r"^net is a pickled checkpoint: to open it runs whatever its author put"):
        archscope.summarize("net")
    Path("lenet5").write_bytes(b"\x80\x02}q\x00.")  # a network's name comes first
    assert (
        archscope.summarize("lenet5").totals["params"] == archscope.summarize("lenet5?num_classes=10").totals["params"]
    )
