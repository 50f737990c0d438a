"""Networks of other libraries by way of files and of their classes: `python -m tests.world.sources`.

Each is exported, or saved, as its users do it; then archscope counts what came out, compares it with the module that
went in, and draws it. torch counts the module. A row a network goes to sources.jsonl, so that a run that was stopped
goes on where it was; at the end docs/benchmarks/sources.md is written. Besides the libraries of `make world` it takes
Keras, onnx and onnxscript.
"""

import argparse
import json
import os
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import torch
from torch import nn

import archscope
from archscope.measures.macs import of_layer
from archscope.targets import resolve
from tests.sources import safetensors
from tests.world.check import said, torchs
from tests.world.networks import LIBRARIES
from tests.world.page import table, versions
from tests.world.torchvision import import_torchvision

ROOT = Path(__file__).parents[2]
ROWS, PAGE = ROOT / "sources.jsonl", ROOT / "docs" / "benchmarks" / "sources.md"
Row = dict[str, Any]


@dataclass
class Tried:
    """What is summarised, the module that it was made of, and what the module takes."""

    target: str
    module: nn.Module
    inputs: tuple[torch.Tensor, ...]


# ---- sources -------------------------------------------------------------------------------------------------------


def built(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """With numbers, which exporters want."""
    library, _, one = name.partition("/")
    module, inputs = LIBRARIES[library][1](one)
    if library == "segmentation_models_pytorch":
        import segmentation_models_pytorch

        kind, encoder = one.split("/")
        module = getattr(segmentation_models_pytorch, kind)(encoder, encoder_weights=None)
    elif next(module.parameters()).is_meta:
        module = resolve(f"{library}:{one}").on_cpu().module
    return module.eval(), tuple(torch.zeros_like(each, device="cpu") for each in inputs)


def onnx(newer: bool, name: str, folder: Path) -> Tried:
    module, inputs = built(name)
    torch.onnx.export(module, inputs, str(folder / "net.onnx"), dynamo=newer, verbose=False)
    return Tried(str(folder / "net.onnx"), module, inputs)


def exported(name: str, folder: Path) -> Tried:
    module, inputs = built(name)
    torch.export.save(torch.export.export(module, inputs), str(folder / "net.pt2"))
    return Tried(str(folder / "net.pt2"), module, inputs)


def keras(name: str, folder: Path) -> Tried:
    from keras import applications

    model = getattr(applications, name)(weights=None)
    model.save(folder / "net.keras")
    size = [224 if each is None else each for each in model.input_shape[1:]]
    return Tried(str(folder / "net.keras"), model, (torch.zeros(1, *size),))


def transformers(name: str, folder: Path) -> Tried:
    import transformers

    kind = getattr(transformers, name)
    module = kind(kind.config_class()).eval()
    side = getattr(module.config, "image_size", 224)
    sides = (side, side) if isinstance(side, int) else side
    return Tried(f"transformers:{name}", module, (torch.zeros(1, 3, *sides),))


EXPORTED = ["timm/ghostnetv2_100", "timm/edgenext_xx_small", "timm/res2net50_26w_4s", "torchvision/swin_t",
            "torchvision/shufflenet_v2_x1_0", "torchvision/googlenet"]  # fmt: skip
SOURCES: dict[str, tuple[Callable[[str, Path], Tried], list[str]]] = {
    "Keras file": (
        keras,
        ["EfficientNetV2B0", "MobileNetV3Small", "ResNet50V2", "DenseNet201", "ConvNeXtSmall", "VGG19"],
    ),
    "ONNX": (partial(onnx, True), EXPORTED),
    "ONNX, older exporter": (partial(onnx, False), EXPORTED),
    "pt2": (
        exported,
        ["timm/levit_128s", "timm/maxvit_tiny_rw_224", "timm/nf_regnet_b1", "torchvision/swin_v2_t",
         "torchvision/deeplabv3_mobilenet_v3_large", "segmentation_models_pytorch/Unet/resnet18"],
    ),
    "transformers": (
        transformers,
        ["RegNetForImageClassification", "BeitForImageClassification", "PvtV2ForImageClassification",
         "Dinov2ForImageClassification", "SegformerForSemanticSegmentation", "ViTMAEModel"],
    ),
}  # fmt: skip
WEIGHTS = ["timm/regnetx_002", "timm/deit_tiny_patch16_224", "timm/hrnet_w18_small", "timm/mixnet_s",
           "timm/convmixer_768_32", "timm/dla34"]  # fmt: skip


# ---- rows ----------------------------------------------------------------------------------------------------------


def row_of(source: str, name: str, folder: Path) -> Row:
    """What the target says, what torch says, and the rows of diff between both."""
    tried = SOURCES[source][0](name, folder)
    frozen = source != "Keras file"  # where it is statistics that are not trained
    trained = sum(each.numel() for each in tried.module.parameters() if each.requires_grad or frozen)
    row: Row = {"torch_params": trained, "torch_macs": torchs(tried.module, tried.inputs).get("torch_flops", 0) // 2}
    start = time.perf_counter()
    report = archscope.summarize(tried.target)
    row |= {"seconds": time.perf_counter() - start} | {name: report.totals[name] for name in ("params", "macs")}
    row["unknown"] = sorted({layer.operation for layer in report.graph.layers if of_layer(layer) is None})
    found = archscope.diff(tried.target, tried.module)
    row |= {"verdict": found.verdict, "rows": [each.what for each in found.differences]}
    archscope.diagram(tried.target, level="network").to_svg()
    return row


def fit_of(name: str, folder: Path) -> Row:
    """Of its own weights as they are, as a wrapper writes them, and of modules with other names."""
    module, _ = built(name)
    shapes = {tensor: tuple(value.shape) for tensor, value in module.state_dict().items()}
    path = folder / "net.safetensors"
    row: Row = {}
    ways: dict[str, Callable[[str], str]] = {"as it is": str, "wrapped": "module.{}".format, "renamed": renamed}
    for how, names in ways.items():
        path.write_bytes(safetensors({names(tensor): shape for tensor, shape in shapes.items()}))
        fit = archscope.fit(str(path), module)
        right = {names(tensor) for tensor in shapes if fit.rename.get(names(tensor)) == tensor}
        row[how] = f"{fit.verdict.replace('_', ', ')}, {len(right)} of {len(shapes)}"
    return row


def renamed(tensor: str) -> str:
    """Other words for all modules, in their order."""
    module, _, held = tensor.rpartition(".")
    return ".".join([*(f"m_{part}" for part in module.split(".") if module), held])


# ---- the page ------------------------------------------------------------------------------------------------------

HEAD = """# Networks from other sources

`python -m tests.world.sources` takes networks of other libraries, none of which a test or a rule of archscope's was
written with, and writes each as its users do. Of what comes out archscope tells parameters and MACs, the rows of `diff`
against the module that went in, and draws a picture. torch counts the module: parameters, and half the FLOPs of
`torch.utils.flop_counter`. Weights are random, as the libraries draw them. `+ ?`: the report says of some operations
that it does not know what they cost.

{versions}.

"""
WEIGHTS_HEAD = """
## Weights

A network's own tensors in a .safetensors file: as they are, each behind `module.`, and with other names for all
modules. How many tensors the map gives their right place is told last.

"""


def page(rows: list[Row]) -> str:
    counted = [row for row in rows if "params" in row]
    lines = [
        [row["source"], row["name"].replace("segmentation_models_pytorch", "smp"), f"{row['params']:,}",
         equal(row["params"], row["torch_params"]), f"{row['macs']:,}{' + ?' if row['unknown'] else ''}",
         equal(row["macs"], row["torch_macs"]),
         row["verdict"].replace("_", " "), "; ".join(row["rows"]) or "-"]
        for row in counted
    ]  # fmt: skip
    heads = ["Source", "Network", "Parameters", "torch", "MACs", "torch", "diff", "Rows"]
    fits = [[row["name"], row["as it is"], row["wrapped"], row["renamed"]] for row in rows if "renamed" in row]
    head = HEAD.format(versions=", ".join(versions([])))
    return head + table(heads, lines) + WEIGHTS_HEAD + table(["Network", "As it is", "Wrapped", "Renamed"], fits)


def equal(mine: int, torchs: int) -> str:
    return "equal" if mine == torchs else f"{torchs:,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one source")
    only = parser.parse_args().only
    warnings.filterwarnings("ignore")
    import_torchvision()
    names = {**{source: names for source, (_, names) in SOURCES.items()}, "safetensors": WEIGHTS}
    text = ROWS.read_text(encoding="utf-8") if ROWS.is_file() else ""
    done = {(row["source"], row["name"]) for row in map(json.loads, text.splitlines())}
    for source, listed in names.items():
        for name in listed if only in (None, source) else ():
            if (source, name) not in done:
                add(source, name)
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    order = {(source, name): place for place, (source, name) in enumerate((s, n) for s in names for n in names[s])}
    PAGE.write_text(page(sorted(rows, key=lambda row: order[row["source"], row["name"]])), encoding="utf-8")


def add(source: str, name: str) -> None:
    with TemporaryDirectory() as folder:
        try:
            found = (fit_of if source == "safetensors" else partial(row_of, source))(name, Path(folder))
        except Exception as error:
            traceback.print_exc()
            print(source, name, said(error), flush=True)
            return
    row = {"source": source, "name": name, **found}
    print(row, flush=True)
    with ROWS.open("a", encoding="utf-8") as rows:
        rows.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
