import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from torch import nn

import archscope
from archscope.errors import ArchscopeError
from archscope.model.graph import Layer
from archscope.reading.onnx.node import written

onnx = pytest.importorskip("onnx", reason="reads ONNX files, which needs onnx: pip install onnx")
helper: Any = onnx.helper if not isinstance(onnx, type) else None
FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64

Save = Callable[..., str]


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1, self.act = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(x + self.conv2(self.act(self.bn1(self.conv1(x)))))


def network() -> nn.Module:
    stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    return nn.Sequential(stem, Block(), Block(), head)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[archscope.Report, archscope.Report, str]:
    """Of one network what the file says, and what its trace does; and the file."""
    path = str(tmp_path_factory.mktemp("onnx") / "net.onnx")
    module = network().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about its older exporter
        torch.onnx.export(module, (torch.zeros(1, 3, 32, 32),), path, dynamo=False)
    return archscope.summarize(path), archscope.summarize(module, (3, 32, 32)), path


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """A model of these nodes as a file. Stored tensors are arrays or shapes; inputs and outputs are float32."""

    def save(nodes: list[Any], stored: dict[str, Any], shape: Any = (1, 3, 8, 8), opset: int = 17, **more: Any) -> str:
        tensors = [onnx.numpy_helper.from_array(numpy.asarray(value), name) for name, value in stored.items()]
        given = [helper.make_tensor_value_info("x", FLOAT, shape)]
        dtype = more.get("dtype", FLOAT)
        made = [helper.make_tensor_value_info(name, dtype, None) for name in more.get("outputs", ["y"])]
        graph = helper.make_graph(nodes, "graph", given, made, tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], **more.get("model", {}))
        path = tmp_path / "net.onnx"
        path.write_bytes(model.SerializeToString())
        return str(path)

    return save


def node(operator: str, inputs: str, output: str = "y", **attributes: Any) -> Any:
    return helper.make_node(operator, inputs.split(), output.split(), **attributes)


def zeros(*shape: int, dtype: str = "float32") -> Any:
    return numpy.zeros(shape, dtype)


def convolution_of(report: archscope.Report) -> Layer:
    return next(layer for layer in report.graph.layers if layer.operation.startswith("conv"))


# ---- what torch exports ------------------------------------------------------------------------------------------


def test_an_exported_network(exported: tuple[archscope.Report, archscope.Report, str]) -> None:
    file, traced, _ = exported
    for total in ("macs", "receptive_field", "operations", "activations", "depth"):
        expected = traced.totals[total]
        if total == "operations":
            assert file.totals[total]["unknown"] == []
        else:
            assert file.totals[total] == expected, total
    normalised = {layer.name for layer in traced.graph.layers if layer.operation == "batch_norm"}
    by_name = {layer.name: layer for layer in traced.graph.layers if layer.name not in normalised}
    read = {layer.name for layer in file.graph.layers}
    assert read == by_name.keys()  # modules have their paths, and a second call of one its number
    for layer in file.graph.layers:
        assert (layer.operation, layer.window, layer.groups) == (
            by_name[layer.name].operation, by_name[layer.name].window, by_name[layer.name].groups
        )  # fmt: skip
    # Normalisation goes into the convolution before it: a bias instead of gamma and beta, and of a bias.
    folded = sum(traced.columns["params"].values[name] for name in normalised)  # type: ignore[misc]
    assert traced.totals["params"] - folded <= file.totals["params"] <= traced.totals["params"]
    assert any("as the file stores them" in note for note in file.graph.notes)
    assert archscope.diff(file, file).verdict == "identical"
    # That is one row, either way round, and no other function. The convolution without one keeps its bias.
    for mine, reference in ((file, traced), (traced, file)):
        found = archscope.diff(mine, reference)
        (row,) = found.differences
        assert (found.verdict, row.kind, len(row.layers)) == ("same_function", "folded", len(normalised))
        assert row.params == reference.totals["params"] - mine.totals["params"] != 0


def test_no_torch(exported: tuple[archscope.Report, archscope.Report, str]) -> None:
    code = (
        "import sys; from archscope.summary import summarize; summarize(sys.argv[1]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, exported[2]], check=True, cwd=Path(__file__).parents[2])


def test_scopes_of_the_newer_exporter(save: Save) -> None:
    """A convolution with a folded normalisation bears the latter's scope, and its own weight."""
    conv, relu = node("Conv", "x body.conv.weight b", "c", pads=[1] * 4), node("Relu", "c")
    for each, path, kind, name in ((conv, "bn", "BatchNorm2d", "batch_norm"), (relu, "act", "ReLU", "relu")):
        classes = f"['net.Net', 'net.Body', 'torch.nn.{kind}', 'aten.conv']"
        each.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=f"['', 'body', 'body.{path}', '{name}']")
        each.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=classes)
    graph = archscope.trace(save([conv, relu], {"body.conv.weight": zeros(4, 3, 3, 3), "b": zeros(4)}))
    assert [(layer.name, layer.kind) for layer in graph.layers] == [("body.conv", "Conv2d"), ("body.act", "ReLU")]
    assert graph.blocks == {"": "Net", "body": "Body", "body.conv": "Conv2d", "body.act": "ReLU"}
    assert ["folded" in layer.settings for layer in graph.layers] == [True, False]


def test_equal_tensors_that_the_newer_exporter_stores_once(save: Save) -> None:
    """Each module has its own, one that runs once for each operation; what the exporter computed beforehand is no
    parameter."""
    nodes = [node("Conv", "x a.weight a.bias", "a"), node("Conv", "a b.weight a.bias", "b")]
    nodes += [node("Mul", "b a.scale", "c"), node("Mul", "c a.scale", "d"), node("Mul", "d val_0")]
    for each, module in zip(nodes, "abbb", strict=False):
        each.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=f"['', '{module}', 'conv2d']")
    weights = {"a.weight": zeros(3, 3, 1, 1), "a.bias": zeros(3), "b.weight": zeros(3, 3, 1, 1)}
    weights["a.scale"] = zeros(3, 1, 1)
    path = Path(save(nodes, {**weights, "val_0": zeros(3, 8, 8)}))
    model = onnx.load(str(path))
    for name, array in weights.items():
        value = model.graph.value_info.add()
        value.CopyFrom(helper.make_tensor_value_info(name, FLOAT, array.shape))
        value.metadata_props.add(key="pkg.torch.export.graph_signature.InputSpec.kind", value="PARAMETER")
    path.write_bytes(model.SerializeToString())
    graph = archscope.trace(str(path))
    assert list(graph.parameters) == ["a.weight", "a.bias", "b.weight", "b.bias", "b.scale", "b.scale_1"]
    assert list(graph.constants) == ["val_0"]
    assert "2 tensors stored once for several modules, of equal numbers: counted for each of them" in graph.notes


def test_a_parameter_that_the_newer_exporter_shows_otherwise_beforehand(save: Save) -> None:
    """A vector with axes of one is the parameter that it was, of each module one; what was looked up in one is none."""
    nodes = [node("Mul", "x view", "a"), node("Mul", "a view", "b"), node("Mul", "b index")]
    for each, module in zip(nodes, "abb", strict=True):
        each.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=f"['', '{module}', 'mul']")
    path = Path(save(nodes, {"view": zeros(3, 1, 1), "index": zeros(3, 8, 8)}))
    model = onnx.load(str(path))
    signature = (
        "# inputs\np_gamma: PARAMETER target='a.gamma'\np_table: PARAMETER target='b.table'\nb_at: BUFFER target='at'"
    )
    model.graph.metadata_props.add(key="pkg.torch.export.ExportedProgram.graph_signature", value=signature)
    for name, sources in (("view", "['a.gamma', 'val_1']"), ("index", "['at', 'b.table', 'val_2']")):
        value = model.graph.value_info.add()
        value.CopyFrom(helper.make_tensor_value_info(name, FLOAT, (3, 1, 1)))
        value.metadata_props.add(key="pkg.onnxscript.optimizer.folded_from", value=sources)
    path.write_bytes(model.SerializeToString())
    graph = archscope.trace(str(path))
    assert (list(graph.parameters), list(graph.constants)) == (["a.gamma", "b.gamma"], ["index"])


def test_sizes_that_are_computed_one_from_the_other_are_followed_to_the_end(save: Save) -> None:
    """As where windows are shifted: each place where they are computed takes one more turn of inference."""
    nodes = []
    for i in range(20):
        x, made = f"x{i}" if i else "x", f"x{i + 1}" if i < 19 else "y"
        nodes += [node("Shape", x, f"s{i}"), node("Max", f"s{i} ones", f"t{i}"), node("Reshape", f"{x} t{i}", made)]
    graph = archscope.trace(save(nodes, {"ones": numpy.ones(4, "int64")}))
    assert graph.named_outputs[0].shape == (3, 8, 8)


@pytest.mark.parametrize(
    ("first", "second", "becomes"),
    [
        (("three", "last"), ("zero", "three"), [("roll", {"shifts": [-3], "dims": [2]})]),
        (("minus", "last"), ("zero", "minus"), [("roll", {"shifts": [2], "dims": [2]})]),
        (("three", "last"), ("zero", "minus"), None),  # a part of it twice
        (("zero", "three"), ("three", "last"), None),  # in its own order
    ],
)
def test_two_parts_put_together_the_other_way_around_are_a_roll(
    save: Save, first: tuple[str, str], second: tuple[str, str], becomes: Any
) -> None:
    nodes = [node("Slice", f"x {' '.join(ends)} axis", name) for ends, name in ((first, "a"), (second, "b"))]
    numbers = {"zero": [0], "three": [3], "minus": [-2], "last": [2**62], "axis": [2]}
    stored = {name: numpy.array(value) for name, value in numbers.items()}
    graph = archscope.trace(save([*nodes, node("Concat", "a b", axis=2)], stored))
    found = [(layer.operation, dict(layer.settings)) for layer in graph.layers]
    assert found == becomes if becomes else [name for name, _ in found] == ["getitem", "getitem", "cat"]
    again = archscope.trace(save([*nodes, node("Concat", "a b", "c", axis=2), node("Concat", "c a", axis=2)], stored))
    assert [layer.operation for layer in again.layers] == ["getitem", "getitem", "cat", "cat"]


# ---- what nodes become ---------------------------------------------------------------------------------------------


def test_padding_as_tensorflow_pads(save: Save) -> None:
    report = archscope.summarize(
        save([node("Conv", "x w", auto_pad="SAME_UPPER", strides=[2, 2])], {"w": zeros(4, 3, 3, 3)})
    )
    pad, conv = report.graph.layers
    assert (pad.operation, pad.settings["pad"], pad.output_shape) == ("pad", [0, 1, 0, 1], (3, 9, 9))
    assert (conv.window.padding, conv.output_shape) == ((0, 0), (4, 4, 4))  # type: ignore[union-attr]


def test_sizes_that_the_graph_computes(save: Save) -> None:
    """As older exporters write a flattening; and weights that are made of one number."""
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n axes", "n1"),
        node("Concat", "n1 rest", "sizes", axis=0), node("Reshape", "x sizes", "flat"),
        node("ConstantOfShape", "of", "w"), node("MatMul", "flat w", "product"), node("Add", "product b"),
    ]  # fmt: skip
    stored = {name: numpy.array(value, "int64") for name, value in
              {"zero": 0, "axes": [0], "rest": [-1], "of": [192, 10]}.items()}  # fmt: skip
    report = archscope.summarize(save(nodes, {**stored, "b": zeros(10)}))
    assert [layer.operation for layer in report.graph.layers] == ["reshape", "linear"]
    assert (report.totals["params"], report.totals["macs"]) == (1930, 1920)
    assert report.graph.layers[1].given("weight") == (10, 192)  # as torch has it


def test_quantised_weights(save: Save) -> None:
    """Eight bits a weight, whether it is dequantised or multiplied as it is."""
    w, scale = zeros(4, 3, 3, 3, dtype="int8"), numpy.float32(0.1)
    nodes = [node("DequantizeLinear", "w scale", "float_w"), node("Conv", "x float_w")]
    report = archscope.summarize(save(nodes, {"w": w, "scale": scale}))
    assert (report.totals["params"], report.totals["macs"]) == (108, 4 * 27 * 36)
    assert report.totals["operations"]["unknown"] == []
    assert report.columns["weight_bytes"].values[convolution_of(report).name] == 108
    nodes = [node("DynamicQuantizeLinear", "x", "q qs qz"), node("ConvInteger", "q w qz")]
    report = archscope.summarize(save(nodes, {"w": w}, dtype=onnx.TensorProto.INT32))
    assert (report.totals["params"], report.totals["macs"]) == (108, 4 * 27 * 36)


def test_what_branches_on_data(save: Save) -> None:
    branch = helper.make_graph(
        [node("Conv", "x inner", "z")], "then", [], [helper.make_tensor_value_info("z", FLOAT, None)],
        [onnx.numpy_helper.from_array(zeros(4, 3, 3, 3), "inner")],
    )  # fmt: skip
    nodes = [node("ReduceSum", "x", "sum", keepdims=0), node("Cast", "sum", "yes", to=9),
             node("If", "yes", then_branch=branch, else_branch=branch)]  # fmt: skip
    report = archscope.summarize(save(nodes, {}))
    assert report.totals["operations"]["unknown"] == ["If"]
    assert report.totals["params"] == 108
    assert any("branches on its data (If)" in note for note in report.graph.notes)


@pytest.mark.parametrize(("rank", "shape"), [(4, (1, 4, 6, 6)), (3, (1, 3, 8, 8))])
def test_what_branches_on_sizes_runs_one_branch(rank: int, shape: tuple[int, ...], save: Save) -> None:
    """A branch with a weight of its own, one that gives what it is given."""
    made = [helper.make_tensor_value_info("z", FLOAT, None)]
    inner = [onnx.numpy_helper.from_array(zeros(4, 3, 3, 3), "inner")]
    then = helper.make_graph([node("Conv", "x inner", "z")], "then", [], made, inner)
    other = helper.make_graph([node("Identity", "x", "z")], "else", [], made)
    nodes = [node("Shape", "x", "shape"), node("Shape", "shape", "rank"), node("Gather", "rank zero", "axes"),
             node("Equal", "axes asked", "yes"),
             node("If", "yes", "either", then_branch=then, else_branch=other), node("Relu", "either")]  # fmt: skip
    report = archscope.summarize(save(nodes, {"zero": numpy.int64(0), "asked": numpy.int64(rank)}))
    assert report.graph.layers[-1].output_shape == shape[1:]
    assert report.totals["params"] == (108 if rank == 4 else 0)
    assert not any("branches" in note for note in report.graph.notes)


@pytest.mark.parametrize(("condition", "params"), [(True, 108), (False, 81)])
def test_branches_store_tensors_of_one_name_and_hold_branches(condition: bool, params: int, save: Save) -> None:
    def branch(name: str, *nodes: onnx.NodeProto, filters: int = 0) -> onnx.GraphProto:
        held = [onnx.numpy_helper.from_array(zeros(filters, 3, 3, 3), "inner")] if filters else []
        return helper.make_graph(
            nodes, name, [], [helper.make_tensor_value_info(nodes[-1].output[0], FLOAT, None)], held
        )

    first = branch("first", node("Conv", "x inner", "z"), filters=4)
    second = branch("second", node("Conv", "x inner", "z"), filters=3)
    within = branch("within", node("If", "yes", "inside", then_branch=first, else_branch=second))
    nodes = [node("If", "one", "either", then_branch=within, else_branch=second), node("Relu", "either")]
    report = archscope.summarize(save(nodes, {"yes": numpy.array(condition), "one": numpy.array(True)}))
    assert report.totals["params"] == params


def test_branches_that_cannot_be_followed(save: Save) -> None:
    """Nodes that are given nothing, and two branches whose tensors bear one name."""
    branch = helper.make_graph([node("Relu", "x", "z")], "b", [], [helper.make_tensor_value_info("z", FLOAT, None)])
    either = {"then_branch": branch, "else_branch": branch}
    for nodes in (
        [node("If", "", "y", **either)],
        [node("Shape", "", "s"), node("Relu", "x")],
        [node("If", "yes", "a", **either), node("If", "yes", **either)],
    ):
        assert archscope.summarize(save(nodes, {"yes": numpy.array(True)})).totals["params"] == 0


def test_a_stored_tensor_may_bear_the_name_of_a_layer(save: Save) -> None:
    nodes = [node("Conv", "x w", "a"), node("Mul", "a permute", "b"), node("Transpose", "b", perm=[0, 1, 3, 2])]
    for each, name in zip(nodes, ("conv2d", "mul", "permute_1"), strict=True):
        each.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=f"['', '{name}']")
        each.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=f"['net.Net', 'aten.{name}']")
    report = archscope.summarize(save(nodes, {"w": zeros(3, 3, 1, 1), "permute": zeros(3, 8, 8)}))
    assert [layer.name for layer in report.graph.layers] == ["conv2d", "mul", "permute"]


def test_a_constant_of_which_nobody_knows_more_is_no_parameter(save: Save) -> None:
    class Scaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(3, 8, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.relu() * self.scale

    numbers = numpy.arange(192, dtype="float32").reshape(3, 8, 8)
    path = Path(save([node("Relu", "x", "a"), node("Mul", "a val_0")], {"val_0": numbers}))
    model = onnx.load(str(path))
    value = model.graph.value_info.add()
    value.CopyFrom(helper.make_tensor_value_info("val_0", FLOAT, (3, 8, 8)))
    value.metadata_props.add(key="pkg.torch.export.graph_signature.InputSpec.kind", value="CONSTANT_TENSOR")
    path.write_bytes(model.SerializeToString())
    (row,) = archscope.diff(str(path), Scaled()).differences
    assert (row.what, row.params) == ("multiplication: scale is no parameter, and one in the reference", 192)


# ---- sizes of inputs ---------------------------------------------------------------------------------------------


def test_dynamic_axes(save: Save) -> None:
    path = save([node("Conv", "x w")], {"w": zeros(4, 3, 3, 3)}, ("N", 3, "height", None))
    with pytest.raises(ArchscopeError, match=r"x is N x 3 x height x \?: give its size, --input x=3x224x224$"):
        archscope.summarize(path)
    for size in ("3x8x10", "x=3x8x10", (1, 3, 8, 10), "8x10"):
        assert archscope.trace(path, size).layers[0].output_shape == (4, 6, 8)
    assert archscope.summarize(path, "4x3x8x10").setting["batch"] == 4
    assert archscope.trace(path, 8).layers[0].output_shape == (4, 6, 6)
    for size, said in {
        "1x8x8": "x is N x 3 x height x .* --input 1x8x8 does not fit",
        "z=3x8x8": "takes x, not",
    }.items():
        with pytest.raises(ArchscopeError, match=said):
            archscope.summarize(path, size)


# ---- files that are not as they should be --------------------------------------------------------------------------


def external(path: Path) -> None:
    model = onnx.load_model_from_string(path.read_bytes())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    path.write_bytes(model.SerializeToString())


def test_external_data_is_never_opened(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save([node("Conv", "x w")], {"w": zeros(4, 3, 3, 3)})
    external(Path(path))
    opened: list[Any] = []
    monkeypatch.setattr(
        sys.modules["builtins"], "open", lambda *a, own=open, **k: (opened.append(a[0]), own(*a, **k))[1]
    )
    assert archscope.summarize(path).totals["params"] == 108
    assert "passwd" not in str(opened)


BOMBS = {
    "tile": ([node("Tile", "x times")], {"times": numpy.array([1, 3, 2**30, 2**30])}),
    "fill": ([node("ConstantOfShape", "n", "big"), node("Add", "x big")], {"n": numpy.array([2**40, 2**40])}),
    "range": ([node("Range", "a b c", "big"), node("Add", "x big")],
              {"a": numpy.int64(0), "b": numpy.int64(2**50), "c": numpy.int64(1)}),
    "grown": ([node("Expand", "one n", "big"), node("Reshape", "x big")],
              {"one": numpy.array([1]), "n": numpy.array([2**40])}),
    "doubled": ([*[node("Concat", f"s{i} s{i}", f"s{i + 1}", axis=0) for i in range(60)], node("Reshape", "x s60")],
                {"s0": numpy.array([1])}),
    "of its size": ([node("Shape", "x", "s0"), *[node("Concat", f"s{i} s{i}", f"s{i + 1}", axis=0) for i in range(60)],
                     node("Reshape", "x s60")], {}),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(save: Save, bomb: str) -> None:
    """Nothing is made of what a file asks for: a row of unknown size, or of a known one."""
    report = archscope.summarize(save(*BOMBS[bomb]))
    assert report.graph.layers


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([node("Add", "x z"), node("Relu", "y", "z")], "reads z, which nothing before it makes: .* circle"),
        ([node("Relu", "x"), node("Relu", "x")], "makes y twice"),
        ([node("Relu", "x", "z")], "its result y is made by no node"),
        ([], "holds no graph"),
    ],
)
def test_no_networks(save: Save, nodes: list[Any], said: str) -> None:
    with pytest.raises(ArchscopeError, match=said) as caught:
        archscope.summarize(save(nodes, {}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("deepest", "said"), [(40, "more than 200,000 nodes"), (0, "call themselves")])
def test_functions_without_end(save: Save, deepest: int, said: str) -> None:
    """Each calls the one before it twice; the first calls itself."""
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    functions = []
    for i in range(deepest + 1):
        called = f"F{i - 1}" if i else "Relu" if deepest else "F0"
        domain = "own" if called[0] == "F" else ""
        calls = [helper.make_node(called, [a], [b], domain=domain) for a, b in (("a", "b"), ("b", "c"))]
        functions.append(helper.make_function("own", f"F{i}", ["a"], ["c"], calls, imports))
    node_ = helper.make_node(f"F{deepest}", ["x"], ["y"], domain="own")
    path = Path(save([node_], {}))
    model = onnx.load(str(path))
    model.functions.extend(functions)
    model.opset_import.append(imports[1])
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ArchscopeError, match=said):
        archscope.summarize(str(path))


def test_broken_files(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(save([node("Relu", "x", f"y{i}") for i in range(4)], {}, outputs=["y0"]))
    whole = path.read_bytes()
    for content in (whole[:-3], b"", b"hello", b"\x08" * 40):
        path.write_bytes(content)
        with pytest.raises(ArchscopeError, match=r"net.onnx is (no ONNX file|empty)|holds no graph"):
            archscope.summarize(str(path))
    path.write_bytes(whole)
    monkeypatch.setattr("archscope.reading.onnx.model.MOST_NODES", 3)
    with pytest.raises(ArchscopeError, match="has 4 nodes: archscope reads 3"):
        archscope.summarize(str(path))


@pytest.mark.parametrize(
    "attribute",
    [{"group": value} for value in ([1, 2], 1.5, "x", 0, -1)]
    + [{name: [value] * 2} for name in ("strides", "dilations") for value in (0, -1, 2**62, 0.5, float("nan"))],
    ids=str,
)
def test_attributes_that_no_convolution_can_have(
    attribute: dict[str, Any], save: Save, recwarn: pytest.WarningsRecorder
) -> None:
    """What is read from a file can be written, and read again."""
    convolutions = [node("Conv", "x w", "a"), node("Conv", "a v", "y", **attribute)]
    report = archscope.summarize(save(convolutions, {"w": zeros(4, 3, 3, 3), "v": zeros(4, 4, 3, 3)}))
    assert archscope.Report.from_json(report.to_json()).totals == report.totals
    assert [layer.operation for layer in report.graph.layers] == ["conv2d", "onnx::Conv"]
    assert not recwarn


def test_names_that_cannot_be_shown(save: Save) -> None:
    evil = "a\x1b[2J<script>\n"
    graph = archscope.trace(save([helper.make_node("Conv", ["x", evil], ["y"], name=evil)], {evil: zeros(4, 3, 3, 3)}))
    assert not any(character in str((graph.layers, graph.parameters)) for character in "\x1b\n")


def test_unknown_operators(save: Save) -> None:
    report = archscope.summarize(save([helper.make_node("Frob", ["x"], ["y"], domain="acme")], {}))
    assert report.totals["operations"]["unknown"] == ["acme::Frob"]
    assert any("sizes of 1 tensor are unknown, from acme::Frob on" in note for note in report.graph.notes)


def test_without_the_package(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    from archscope.reading.onnx import model

    path = save([node("Relu", "x")], {})
    model.package.cache_clear()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ArchscopeError, match=r"net.onnx needs onnx: pip install onnx"):
        archscope.summarize(path)


def recurrent(**attributes: Any) -> list[Any]:
    operator = attributes.pop("operator")
    return [node("Reshape", "x shape", "rows"), node(operator, "rows w r", "y", hidden_size=4, **attributes)]


def test_a_number_that_was_rounded_twice_is_the_one_that_was_written() -> None:
    """Such as 1e-5 in files that Caffe2 wrote, one step of float32 beside torch's."""
    assert written(1.0000000656873453e-05) == written(9.999999747378752e-06) == 1e-5
    assert written(0.17677669) == 0.17677669


GIVES = {"IsInf": onnx.TensorProto.BOOL, "ArgMax": INT64}
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


@pytest.mark.parametrize(
    ("operator", "one", "other"),
    [
        ("Mod", {"fmod": 1}, {"fmod": 0}),
        ("Frob", {"by": 1, "domain": "acme"}, {"by": 2, "domain": "acme"}),
        ("IsInf", {"detect_negative": 0}, {}),
        ("CumSum", {"reverse": 1}, {}),
        ("CumSum", {"exclusive": 1}, {}),
        ("ArgMax", {"select_last_index": 1}, {}),
        ("Selu", {"gamma": 1.5}, {}),
        ("GRU", {"linear_before_reset": 1}, {}),
        ("RNN", {"activations": ["Relu"]}, {}),
        ("LSTM", {"activations": ["Sigmoid", "Relu", "Tanh"]}, {}),
        ("LSTM", {"input_forget": 1}, {}),
        ("Resize", {"nearest_mode": "ceil", "coordinate_transformation_mode": "asymmetric"},
                   {"nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}),
        ("Resize", {"mode": "cubic", "cubic_coeff_a": -0.5}, {"mode": "cubic"}),
        ("Resize", {"mode": "linear", "coordinate_transformation_mode": "asymmetric"}, {"mode": "linear"}),
    ],
)  # fmt: skip
def test_every_attribute_is_compared(operator: str, one: dict[str, Any], other: dict[str, Any], save: Save) -> None:
    stored: dict[str, Any] = {"Mod": {"two": zeros(1) + 2}, "CumSum": {"axis": numpy.array(1)}}.get(operator, {})
    inputs = " ".join(["x", *stored])
    if operator == "Resize":
        stored, inputs = {"scales": numpy.array([1, 1, 2, 2], numpy.float32)}, "x  scales"
    if rows := GATES.get(operator, 0) * 4:
        stored = {"shape": numpy.array([-1, 1, 16]), "w": zeros(1, rows, 16), "r": zeros(1, rows, 4)}

    def read(attributes: dict[str, Any]) -> archscope.Report:
        alone = [helper.make_node(operator, inputs.split(" "), ["y"], **attributes)]
        nodes, dtype = recurrent(operator=operator, **attributes) if rows else alone, GIVES.get(operator, FLOAT)
        return archscope.summarize(save(nodes, stored, dtype=dtype))

    assert archscope.diff(read(one), read(other)).verdict != "identical"
    assert archscope.diff(read(one), read(one)).verdict == "identical"
