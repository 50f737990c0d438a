"""Files that describe a network: which are read, and why others are not. No torch."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError
from archscope.reading.kinds import INDICES, Kind, kind_of
from archscope.targets import keras
from archscope.targets.target import Target

SUFFIXES = (
    ".onnx", ".pt2", ".safetensors", ".keras", ".h5", ".hdf5", ".pt", ".pth", ".ckpt", ".pkl", ".bin", ".tflite",
    ".ort", ".gguf", *INDICES,
)  # fmt: skip
"""What is a file and no network's name, be it there or not."""


def _onnx(path: str) -> Target:
    from archscope.reading import onnx

    return Target.of_graph(path, "an ONNX file", partial(onnx.read, path))


def _exported(path: str) -> Target:
    from archscope.reading import exported

    return Target.of_graph(path, "an exported program", partial(exported.read, path))


READ: dict[Kind, Callable[[str], Target]] = {"onnx": _onnx, "exported": _exported, "keras": keras.of_file}
"""How a file of a kind becomes a Target; what is not here is refused."""

NAME_THE_CODE = "name the code that builds the network, net.py:Net"
REFUSED: dict[Kind, str] = {
    "safetensors": "is a file of weights, which has no layers: see whether they fit a network, archscope diff {} NET",
    "torchscript": "is TorchScript, which runs its own code as it is loaded, and can write files: name the Python "
    "code, net.py:Net, or export it, with torch.onnx.export or torch.export.save",
    "compiled": f"holds machine code (AOTInductor), which can only be run: {NAME_THE_CODE}",
    "pickle": f"is a pickled checkpoint: to open it runs whatever its author put into it; {NAME_THE_CODE}, and save "
    "the weights as .safetensors to see whether they fit it",
    "hdf5": "is HDF5, Keras' legacy format: name the code, net.py:model, or save it as net.keras",
    "tflite": f"is a TensorFlow Lite file: {NAME_THE_CODE}",
    "gguf": f"is GGUF, which holds weights and no layers: {NAME_THE_CODE}",
    "": f"is no file that archscope reads: {NAME_THE_CODE}",
}


def said_of_folder(path: str) -> str:
    """What a folder is, and what stands for it."""
    folder = Path(path)
    if (folder / "config.json").is_file():
        return f"{path} is a folder: name its configuration, {folder / 'config.json'}"
    if (folder / "saved_model.pb").is_file():
        return f"{path} is TensorFlow's SavedModel: {NAME_THE_CODE}, or save it with Keras 3 as net.keras"
    return f"{path} is no network's name: in a file it is named file.py:Name"


def is_program(target: object) -> bool:
    """Is it torch's ExportedProgram? It has no weights that run by themselves, but a graph that says all."""
    kind = type(target)
    return kind.__name__ == "ExportedProgram" and kind.__module__.startswith("torch.export")


def of_program(exported: Any) -> Target:
    """Of torch's ExportedProgram."""
    from archscope.reading.exported import live, read_program

    program = live.program_of(exported)
    return Target.of_graph(program.name, "an exported program", partial(read_program, program, program.name))


def of_file(path: str) -> Target:
    """The Target that a file describes. Raises ArchscopeError for one that is not there, or is not read."""
    kind = kind_of(path)
    if not kind and path.endswith(".onnx"):  # what is wrong with it its reader says
        kind = "onnx"
    if kind not in READ:
        raise ArchscopeError(f"{path} {REFUSED[kind]}".replace("{}", path))
    return READ[kind](path)
