import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope
from archscope.errors import ArchscopeError
from archscope.reading.exported import read_program
from archscope.reading.exported.program import Known, Operation, Program, Ref
from tests.conftest import EVERYTHING
from tests.graphs import report_of

PROGRAM = Path(__file__).parent / "program.json"
"""Of the network below, as torch 2.13 exports it; `make snapshots` with ARCHSCOPE_TESTS=all writes it."""

Change = Callable[[dict[str, Any]], Any]


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.act = nn.Conv2d(8, 8, 3, padding=1, groups=2), nn.BatchNorm2d(8), nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(x + self.act(self.bn(self.conv(x))))


class Net(nn.Module):
    """What files of programs differ in: windows, padding, parts, products, several results."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.GELU(), nn.MaxPool2d(3, 2, 1)
        )
        self.body, self.up = nn.Sequential(Block(), Block()), nn.ConvTranspose2d(8, 4, 2, 2)
        self.norm, self.head, self.pool = nn.LayerNorm(8), nn.Linear(8, 10), nn.AvgPool2d(3, 2, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.body(self.stem(x))
        a, b = x.chunk(2, 1)
        x = torch.cat([b, F.pad(a, (1, 1))[:, :, :, 1:-1]], 1)
        tokens = self.norm(self.pool(x).flatten(2).transpose(1, 2))
        tokens = F.scaled_dot_product_attention(tokens, tokens, tokens) + (tokens @ tokens.transpose(1, 2)) @ tokens
        classes = self.head(F.dropout(tokens.mean(1), 0.1, self.training)) * 2
        return torch.softmax(classes, -1), F.interpolate(self.up(x), scale_factor=2.0, mode="nearest")


@pytest.fixture(scope="module")
def traced() -> archscope.Report:
    return archscope.summarize(Net().eval(), (3, 32, 32))


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., str]:
    """What torch.export.save makes of the network, or of a changed program, with further members."""

    def saved(change: Change | None = None, **members: bytes) -> str:
        document = json.loads(PROGRAM.read_text(encoding="utf-8"))
        if change:
            change(document)
        with zipfile.ZipFile(tmp_path / "net.pt2", "w") as archive:
            archive.writestr("net/models/model.json", json.dumps(document))
            for name, content in members.items():
                archive.writestr(f"net/data/{name}", content)
        return str(tmp_path / "net.pt2")

    return saved


def same_network(report: archscope.Report, traced: archscope.Report) -> None:
    assert report.totals["operations"]["unknown"] == []
    for total in ("params", "trainable_params", "buffers", "macs", "receptive_field", "peak_memory_bytes", "depth"):
        assert report.totals[total] == traced.totals[total], total
    assert report.graph.parameters == traced.graph.parameters
    assert report.graph.blocks.items() <= traced.graph.blocks.items()
    weighted = [[layer.name for layer in one.graph.layers if layer.parameters] for one in (report, traced)]
    assert weighted[0] == weighted[1]
    assert archscope.diff(report, traced).verdict == "identical"


def test_a_program_is_its_network(saved: Callable[..., str], traced: archscope.Report) -> None:
    same_network(archscope.summarize(saved()), traced)


@pytest.mark.skipif(not EVERYTHING, reason="torch.export takes ten seconds: make everything")
def test_what_torch_exports_now(traced: archscope.Report, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The object, its file, and what compilers take: linear layers and normalisations under other names."""
    warnings.simplefilter("ignore")  # of torch, about itself
    program = torch.export.export(Net().eval(), (torch.zeros(1, 3, 32, 32),))
    torch.export.save(program, tmp_path / "net.pt2")
    assert archscope.diff(program.module(), Net().eval(), input_size=(3, 32, 32)).verdict == "identical"
    code = tmp_path / "net.py"
    code.write_text(f"import torch\nprogram = torch.export.load({str(tmp_path / 'net.pt2')!r})\n")
    assert archscope.summarize(f"{code}:program").totals["macs"] == traced.totals["macs"]  # at its own size
    if request.config.getoption("--update-snapshots"):
        update(tmp_path / "net.pt2")
    same_network(archscope.summarize(program), traced)
    same_network(archscope.summarize(str(tmp_path / "net.pt2")), traced)
    few = archscope.summarize(program.run_decompositions())
    assert few.totals["operations"]["unknown"] == []
    assert (few.totals["params"], few.totals["macs"]) == (traced.totals["params"], traced.totals["macs"])
    assert few.graph.layer["head"].operation == "linear"


def update(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("net/models/model.json"))
    for node in document["graph_module"]["graph"]["nodes"]:
        node["metadata"] = {"nn_module_stack": node["metadata"].get("nn_module_stack", "")}
    PROGRAM.write_text(json.dumps(document) + "\n", encoding="utf-8")


def test_any_batch(saved: Callable[..., str], traced: archscope.Report) -> None:
    """A symbol for the batch is one image."""

    def opened(document: dict[str, Any]) -> None:
        for about in document["graph_module"]["graph"]["tensor_values"].values():
            if about["sizes"][:1] == [{"as_int": 1}]:
                about["sizes"][0] = {"as_expr": {"expr_str": "s77", "hint": {"as_int": 4}}}

    report = archscope.summarize(saved(opened))
    assert (report.totals["macs"], report.graph.notes) == (traced.totals["macs"], ())


# ---- programs by hand: torch.export takes long -----------------------------------------------------------------


class Edited(nn.Module):
    """What is written into a view, and what stored tensors are read by."""

    def __init__(self, by: float = 3.0) -> None:
        super().__init__()
        self.by = by
        self.register_buffer("k", torch.rand(3, 4))
        self.register_buffer("places", torch.zeros(5, dtype=torch.int64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.relu()
        y[:, :2].mul_(self.by)
        return (F.normalize(y * self.k[1, 2], dim=1) + self.k.mean())[..., self.places]


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("y", "relu.default", {"self": Ref("x")}),
    ("part", "slice.Tensor", {"self": Ref("y"), "dim": 1, "start": 0, "end": 2}),
    ("tripled", "mul_.Tensor", {"self": Ref("part"), "other": 3.0}),
    ("row", "select.int", {"self": Ref("k"), "dim": 0, "index": 1}),
    ("one", "select.int", {"self": Ref("row"), "dim": 0, "index": 2}),
    ("scaled", "mul.Tensor", {"self": Ref("y"), "other": Ref("one")}),
    ("length", "linalg_vector_norm.default", {"self": Ref("scaled"), "ord": 2.0, "dim": [1], "keepdim": True}),
    ("least", "clamp_min.default", {"self": Ref("length"), "min": 1e-12}),
    ("spread", "expand_as.default", {"self": Ref("least"), "other": Ref("scaled")}),
    ("unit", "div.Tensor", {"self": Ref("scaled"), "other": Ref("spread")}),
    ("mean", "mean.default", {"self": Ref("k")}),
    ("sum", "add.Tensor", {"self": Ref("unit"), "other": Ref("mean")}),
    ("chosen", "index.Tensor", {"self": Ref("sum"), "indices": [None, None, None, Ref("places")]}),
]
SHAPES = {"part": (1, 2, 6, 6), "tripled": (1, 2, 6, 6), "row": (4,), "one": (), "length": (1, 1, 6, 6),
          "least": (1, 1, 6, 6), "mean": (), "chosen": (1, 4, 6, 5)}  # fmt: skip


def test_writing_into_views_and_choices_of_stored_tensors() -> None:
    tensors = {name: Known(SHAPES.get(name, (1, 4, 6, 6)), "float32") for name in ("x", *(name for name, *_ in CALLS))}
    stored = {"k": Known((3, 4), "float32"), "places": Known((5,), "int64")}
    program = Program(
        "Edited", {**tensors, **stored}, [("buffer", name, name) for name in stored], ["x"],
        [Operation(f"aten.{target}", list(given.items()), [name]) for name, target, given in CALLS], ["chosen"],
    )  # fmt: skip
    report = report_of(read_program(program, "net.pt2")[0])
    assert archscope.diff(report, Edited(), (4, 6, 6)).differences == ()
    (row,) = archscope.diff(report, Edited(by=2.0), (4, 6, 6)).differences
    assert row.what == "scaled by 3 instead of 2"


# ---- files that are not as they should be --------------------------------------------------------------------------


def test_a_planted_pickle_does_not_run(saved: Callable[..., str], tmp_path: Path) -> None:
    """torch.export.load would run it: the example inputs lie in the file as a pickle."""
    proof = tmp_path / "ran"
    pickle = b"cos\nsystem\n(S'touch " + str(proof).encode() + b"'\ntR."
    path = saved(None, **{"sample_inputs/model.pt": pickle, "weights/model_weights_config.json": pickle})
    assert archscope.summarize(path).totals["params"] > 0
    assert not proof.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["schema_version"].update(major=9), "is of another torch: its schema is 9, archscope reads 8"),
        (lambda d: d["graph_module"].pop("graph"), "its program is not as torch.export writes it"),
        (lambda d: d["graph_module"]["graph"]["nodes"].pop(3), "its program is not as torch.export writes it"),
        (lambda d: d["graph_module"]["graph"]["tensor_values"]["conv2d"]["sizes"].append({"as_int": 2**62}), "no tens"),
        (lambda d: d["graph_module"]["graph"]["tensor_values"]["x"].update(sizes=[{"as_int": 1}] * 65), "no tensor"),
        (lambda d: d["graph_module"]["graph"]["nodes"].append(d["graph_module"]["graph"]["nodes"][-1]), "made twice"),
        (lambda d: d["graph_module"]["graph"].update(nodes=[0] * 200_001), "has 200,001 nodes: archscope reads"),
    ],
)  # fmt: skip
def test_other_programs(saved: Callable[..., str], change: Change, said: str) -> None:
    with pytest.raises(ArchscopeError, match=said) as caught:
        archscope.summarize(saved(change))
    assert "\n" not in str(caught.value)


def test_too_many_values(saved: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archscope.reading.exported.archive.MOST", {"values": (",", 1000)})
    with pytest.raises(ArchscopeError, match=r"its program has [\d,]+ values: archscope reads 1,000"):
        archscope.summarize(saved())


def test_unknown_operators(saved: Callable[..., str]) -> None:
    def foreign(document: dict[str, Any]) -> None:
        node = document["graph_module"]["graph"]["nodes"][0]
        node["target"] = "torch.ops.acme.conv.default"

    assert archscope.summarize(saved(foreign)).totals["operations"]["unknown"] == ["Conv2d"]


def test_another_size(saved: Callable[..., str], traced: archscope.Report) -> None:
    assert archscope.summarize(saved(), "3x32x32").totals["macs"] == traced.totals["macs"]
    with pytest.raises(ArchscopeError, match="was exported at 1x3x32x32: --input 3x64x64 does not apply"):
        archscope.summarize(saved(), "3x64x64")
