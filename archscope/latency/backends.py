"""The same network in another program than torch, on the CPU: what it takes, and how far its outputs lie from torch's.

Each reads the network from an ONNX file that torch writes, which is where it may differ already.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import nn

from archscope.errors import ArchscopeError, EnvironmentFailure, said_of
from archscope.latency import Options
from archscope.tracing.records import map_tensors, tensors_in

PACKAGES = {
    "onnxruntime": ("onnx", "onnxruntime"),
    "openvino": ("onnx", "openvino"),
    "int8": ("onnx", "onnxruntime"),
}
"""What each backend is made of."""

Arguments = tuple[tuple[Any, ...], Any]
Arrays = Sequence[Any]
Run = Callable[[Sequence[torch.Tensor]], Arrays]


class Differences(NamedTuple):
    """The largest difference of an output, and in parts of the largest output."""

    absolute: float
    relative: float


def forward_of(module: nn.Module, arguments: Arguments, options: Options) -> Callable[..., Arrays]:
    """The pass as the backend of the options runs it. Raises EnvironmentFailure where it is not installed, and
    ArchscopeError where it does not take this network."""
    name = options.backend
    missing = [package for package in PACKAGES[name] if find_spec(package) is None]
    if missing:
        raise EnvironmentFailure(f"{name} is not installed: pip install {' '.join(missing)}")
    threads = options.thread_counts[0] or torch.get_num_threads()
    with TemporaryDirectory() as folder, _unwarned():
        try:
            path = _exported(module, arguments, Path(folder))
            run = PROGRAMS[name](path, threads, tensors_in(arguments))
        except Exception as error:
            raise ArchscopeError(f"{name} does not take this network: {said_of(error)}") from error

    def forward(*args: Any, **kwargs: Any) -> Arrays:
        return run(tensors_in((args, kwargs)))

    return forward


def differences(found: Arrays, expected: Any) -> Differences:
    """Of the outputs of a backend from torch's. Raises ArchscopeError where they are not as many or not as large."""
    outputs = [tensor for tensor in tensors_in(expected) if tensor.is_floating_point()]
    arrays = [tensor for tensor in map(torch.as_tensor, found) if tensor.is_floating_point()]
    if [tensor.shape for tensor in outputs] != [array.shape for array in arrays]:
        raise ArchscopeError("its outputs have other sizes than torch's")
    absolute = max((float((array - own).abs().max()) for array, own in zip(arrays, outputs, strict=True)), default=0.0)
    largest = max((float(own.abs().max()) for own in outputs), default=0.0)
    return Differences(absolute, absolute / largest if largest else 0.0)


class _Listed(nn.Module):
    """Takes the tensors of some arguments one by one, and returns those of the result."""

    def __init__(self, module: nn.Module, arguments: Arguments) -> None:
        super().__init__()
        self.module, self.arguments = module, arguments

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        rest = iter(tensors)
        args, kwargs = map_tensors(self.arguments, lambda tensor: next(rest))
        return tuple(tensors_in(self.module(*args, **kwargs)))


def _exported(module: nn.Module, arguments: Arguments, folder: Path) -> Path:
    """The network as an ONNX file, of which each input is called by its place. The older of torch's two exporters asks
    for no other package, and is ten times as fast."""
    tensors = tuple(tensors_in(arguments))
    names = [f"input{i}" for i in range(len(tensors))]
    path = folder / "network.onnx"
    with torch.no_grad():
        torch.onnx.export(_Listed(module, arguments).eval(), tensors, str(path), input_names=names, dynamo=False)
    return path


@contextmanager
def _unwarned() -> Iterator[None]:
    """What these programs warn of as they read a network is not about the user's."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


# ---- the programs ------------------------------------------------------------------------------------------------


def _onnxruntime(path: Path, threads: int, example: Sequence[torch.Tensor]) -> Run:
    session = _session(path, threads)
    places = _places(session)

    def run(tensors: Sequence[torch.Tensor]) -> Arrays:
        arrays: Arrays = session.run(None, {name: tensors[i].numpy() for name, i in places.items()})
        return arrays

    return run


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _places(session: Any) -> dict[str, int]:
    """Which of the tensors each input is; those that the network does not use are none."""
    return {each.name: int(each.name.removeprefix("input")) for each in session.get_inputs()}


def _int8(path: Path, threads: int, example: Sequence[torch.Tensor]) -> Run:
    """Quantised by onnxruntime: weights by channel, activations as they range on the example."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    class Example:
        """Hands out the example once, as onnxruntime asks for it."""

        rest = iter([{name: example[i].numpy() for name, i in _places(_session(path, threads)).items()}])

        def get_next(self) -> Any:
            return next(self.rest, None)

    quantised = path.with_name("int8.onnx")
    quantize_static(
        str(path), str(quantised), Example(), quant_format=QuantFormat.QDQ, per_channel=True,
        weight_type=QuantType.QInt8, activation_type=QuantType.QUInt8,
    )  # fmt: skip
    return _onnxruntime(quantised, threads, example)


def _openvino(path: Path, threads: int, example: Sequence[torch.Tensor]) -> Run:
    import openvino

    asked = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(path), "CPU", asked)
    places = [int(min(each.get_names(), key=len).removeprefix("input")) for each in model.inputs]

    def run(tensors: Sequence[torch.Tensor]) -> Arrays:
        return list(model([tensors[i].numpy() for i in places]).values())

    return run


PROGRAMS: dict[str, Callable[[Path, int, Sequence[torch.Tensor]], Run]] = {
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "int8": _int8,
}
"""From the file, the number of threads and an example to the network's pass."""
