"""Files of strangers: ONNX models, exported programs and weights with something changed, the beginnings of others."""

import json
import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests import sources
from tests.fuzz.mutants import mutant

PROGRAM = Path(__file__).parents[1] / "reading" / "program.json"

COMMANDS = [
    "summary {}", "summary {} -f json", "summary {} -i 3x32x32", "diagram {} -o made.svg",
    "diagram {} -l layer -o made.svg", "compare {} lenet5", "diff {} lenet5",
    "diff net.py:Net {} -i 3x64x64", "explore {} -o made.html", "check {} --max params=5M",
    "summary {} --predict h100 --as fvcore",
]  # fmt: skip
BEGINNINGS = [
    b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\0\0\0\0TFL3", b"\x80\x02}q\0.", b"\xff" * 8 + b"{", b"\x08" * 4000,
    (2**40).to_bytes(8, "little") + b'{"a":', (8).to_bytes(8, "little") + b'{"a": 1}', b"\x3a" + b"\xff" * 9 + b"\x7f",
]  # fmt: skip
SUFFIXES = ["onnx", "onnx", "safetensors", "pt", "h5", "keras", "pt2", "tflite"]
SIZES = [-1, 0, 1, 3, 2**31, 2**62, -(2**63)]
NAMES = ["", "nothing", "\x1b[2J", "a.b.c", "=1+1", "\u202e", "x" * 3000, "/" * 200, "input", "output"]
OPERATORS = [
    "Conv", "ConvTranspose", "Gemm", "MatMul", "Reshape", "Slice", "Concat", "Loop", "If", "Constant", "Resize", "Pad",
    "LSTM", "Einsum", "Softmax", "BatchNormalization", "MaxPool", "Expand", "Tile", "ConstantOfShape", "Own", "",
]  # fmt: skip


def seed() -> bytes:
    with TemporaryDirectory() as apart:
        sources.write(Path(apart))
        return Path(apart, "net.onnx").read_bytes()


def file(content: bytes, random: Random) -> tuple[str, bytes]:
    """A name and what is in it."""
    if random.random() < 0.1:
        return f"strange.{random.choice(SUFFIXES)}", random.choice(BEGINNINGS) + random.randbytes(random.randrange(40))
    if random.random() < 0.2:
        return "strange.pt2", _program(random)
    if random.random() < 0.1:
        return "strange.safetensors", _bytes(sources.safetensors({"a.weight": (4, 3), "a.bias": (4,)}), random)
    if find_spec("onnx") and random.random() < 0.7:
        return "strange.onnx", _message(content, random)
    return f"strange.{random.choice(SUFFIXES)}", _bytes(content, random)


def _program(random: Random) -> bytes:
    """An archive of torch.export with its model.json changed."""
    changed = mutant(json.loads(PROGRAM.read_text(encoding="utf-8")), random)
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("net/models/model.json", json.dumps(changed))
    return made.getvalue()


def _bytes(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 8])):
        place = random.randrange(min(len(changed), 5000) or 1)  # nodes stand before weights
        length = random.choice([1, 1, 3, 50])
        match random.randrange(4):
            case 0:
                changed[place : place + length] = random.randbytes(length)
            case 1:
                del changed[place : place + length]
            case 2:
                changed[place:place] = changed[place : place + length]
            case _:
                del changed[place:]
    return bytes(changed)


def _message(content: bytes, random: Random) -> bytes:
    import onnx

    model: Any = onnx.ModelProto.FromString(content)
    for _ in range(random.choice([1, 1, 2, 4])):
        _change(model, random)
    return bytes(model.SerializeToString())


def _change(model: Any, random: Random) -> None:
    graph = model.graph
    node, stored = random.choice(graph.node), random.choice(graph.initializer)
    match random.randrange(13):
        case 0:
            node.op_type = random.choice(OPERATORS)
        case 1 if node.input:
            node.input[random.randrange(len(node.input))] = random.choice([*NAMES, graph.node[-1].output[0]])
        case 2 if node.output:
            node.output[random.randrange(len(node.output))] = random.choice([*NAMES, graph.node[0].output[0]])
        case 3 if node.attribute:
            given = random.choice(node.attribute)
            given.ints[:] = [random.choice(SIZES) for _ in range(random.randrange(5))]
            given.i, given.type = random.choice(SIZES), random.randrange(14)
        case 4 if node.attribute:
            random.choice(node.attribute).name = random.choice([*NAMES, "kernel_shape", "axis", "perm"])
        case 5:
            stored.dims[:] = [random.choice(SIZES) for _ in range(random.randrange(6))]
        case 6:
            stored.data_type = random.randrange(30)
        case 7:
            stored.data_location = 1
            entry = stored.external_data.add()
            entry.key, entry.value = "location", random.choice(["/etc/passwd", "../../secret", "/dev/zero"])
        case 8:
            shape = random.choice([*graph.input, *graph.output]).type.tensor_type.shape
            shape.dim.add().dim_value = random.choice(SIZES)
        case 9:
            node.name = random.choice(NAMES)
        case 10:
            _bomb(graph, random)
        case 11:  # a circle
            node.input[:] = [graph.node[-1].output[0], *node.input[1:]]
        case _:
            model.opset_import[0].version = random.choice([0, 1, 6, 25, 2**40])
            graph.node.extend([node] * random.choice([1, 3]))


def _bomb(graph: Any, random: Random) -> None:
    """Constants that a few nodes would make of any size, and a node that reads them."""
    import numpy
    from onnx import helper, numpy_helper

    first = numpy.array([random.choice([2, 2**20, 2**40])] * random.randrange(1, 4))
    graph.initializer.extend([numpy_helper.from_array(first, "bomb0"), numpy_helper.from_array(numpy.array(1), "one")])
    operator = random.choice(["Concat", "Mul", "Tile", "ConstantOfShape", "Expand", "Range", "Gather"])
    given = {"Concat": 2, "ConstantOfShape": 1, "Range": 3}.get(operator, 2)
    times = random.choice([1, 3, 60])
    nodes = [
        helper.make_node(operator, [f"bomb{i}", *["one" if operator == "Range" else f"bomb{i}"] * (given - 1)],
                         [f"bomb{i + 1}"], **({"axis": 0} if operator == "Concat" else {}))
        for i in range(times)
    ]  # fmt: skip
    last = helper.make_node(random.choice(["Reshape", "Expand", "Add"]), ["input", f"bomb{times}"], ["boom"])
    everything = [*nodes, last, *graph.node]
    del graph.node[:]
    graph.node.extend(everything)
