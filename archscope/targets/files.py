"""Files that describe a network: which are read, and why others are not. No torch."""

from collections.abc import Callable
from functools import partial

from archscope.errors import ArchscopeError
from archscope.reading.kinds import Kind, kind_of
from archscope.targets import keras
from archscope.targets.target import Target

SUFFIXES = (
    ".onnx", ".pt2", ".safetensors", ".keras", ".h5", ".hdf5", ".pt", ".pth", ".ckpt", ".pkl", ".bin", ".tflite", ".ort"
)  # fmt: skip
"""What is a file and no network's name, be it there or not."""


def _onnx(path: str) -> Target:
    from archscope.reading import onnx

    return Target.of_graph(path, "an ONNX file", partial(onnx.read, path))


READ: dict[Kind, Callable[[str], Target]] = {"onnx": _onnx, "keras": keras.of_file}
"""How a file of a kind becomes a Target; what is not here is refused."""

NAME_THE_CODE = "name the code that builds the network, net.py:Net"
REFUSED: dict[Kind, str] = {
    "exported": f"is an exported program: {NAME_THE_CODE}",
    "safetensors": f"is a file of weights, which has no layers: {NAME_THE_CODE}",
    "torchscript": "is TorchScript, which runs its own code as it is loaded, and can write files: name the Python "
    "code, net.py:Net, or export it, with torch.onnx.export or torch.export.save",
    "compiled": f"holds machine code (AOTInductor), which can only be run: {NAME_THE_CODE}",
    "pickle": f"is a pickled checkpoint: to open it runs whatever its author put into it; {NAME_THE_CODE}",
    "hdf5": "is HDF5, Keras' legacy format: name the code, net.py:model, or save it as net.keras",
    "tflite": f"is a TensorFlow Lite file: {NAME_THE_CODE}",
    "": f"is no file that archscope reads: {NAME_THE_CODE}",
}


def of_file(path: str) -> Target:
    """The Target that a file describes. Raises ArchscopeError for one that is not there, or is not read."""
    kind = kind_of(path)
    if not kind and path.endswith(".onnx"):  # what is wrong with it its reader says
        kind = "onnx"
    if kind not in READ:
        raise ArchscopeError(f"{path} {REFUSED[kind]}")
    return READ[kind](path)
