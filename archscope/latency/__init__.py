"""How long a network takes on a device: whole, and layer by layer. Torch-free until something is measured.

options        what is measured, on what                  (this file)
statistics     from times to a median, its spread, and "warm"
network        the module, its inputs and its step, ready on the device
backends       the same network in another program than torch
device         what a device can do, what it is, and its memory
clocks         how fast its clock ran meanwhile, what slowed it, and what it drew
marks          which layer of the Graph is running, told to the profiler
attribution    from the profiler's events to milliseconds by layer
cuda_graph     the device's own time, without the host
failures       why a step fails, in one line
runner         one network at one batch: warm-up, samples, memory, profile
found          what a runner has found, as columns
ceilings       what the device can do at most, cached; the bounds of a measured Report
measuring      one or several runners within a time budget; a Report with latency
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from archscope.errors import ArchscopeError
from archscope.measures.workspace import Library
from archscope.model.report import Report

if TYPE_CHECKING:
    from torch import nn

Dtype = Literal["float32", "tf32", "bfloat16", "float16"]

Optimizer = Literal["sgd", "momentum", "adam", "adamw"]
"""`momentum` is SGD with momentum 0.9, as the papers train."""

Amp = Literal["bfloat16", "float16"]

CompileMode = Literal["default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs"]
"""As torch.compile names them."""

Backend = Literal["eager", "onnxruntime", "openvino", "int8"]
"""What runs the network: torch as it is written, or a program that reads it from an ONNX file; `int8` is onnxruntime
with weights and activations of 8 bits."""

BACKENDS: Mapping[str, Mapping[str, Any]] = {
    "eager": {"compile": False},
    "compile": {"compile": True},
    **{name: {"backend": name, "compile": False} for name in get_args(Backend)[1:]},
}
"""What may be compared with each other, as changes of the options."""

MOST_THREADS = 1024
"""A system that cannot start so many ends the process."""

Progress = Callable[[str, float], None]
"""Told what is measured, and the seconds of timing that are left; told "" at the end."""


def unheard(what: str, seconds_left: float) -> None:
    """Progress that nobody follows."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while measuring. `reports` hold what was measured until then, one a job."""

    def __init__(self, reports: list[Report]) -> None:
        super().__init__()
        self.reports = reports


@dataclass(frozen=True)
class Job:
    """A network to be measured: what is known of it, and how it is built. `inputs` as in `trace`, by default random
    ones; `running` is entered wherever the network's code runs. `changes` are options that it has to itself."""

    report: Report
    build: "Callable[[], nn.Module]"
    inputs: Any = None
    running: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)
    changes: Mapping[str, Any] = field(default_factory=dict)

    def options(self, given: "Options") -> "Options":
        return replace(given, **self.changes)


@dataclass(frozen=True)
class Options:
    """What is measured. `device` as torch names it: cpu, cuda, cuda:1. `dtype` holds for weights and inputs; tf32
    is float32 whose products run on tensor cores; `amp` leaves weights in float32 and lets torch's autocast choose by
    operation, in training with float16 with scaled gradients. `train`: a step is forward, backward and the
    `optimizer`'s. `compile`: through torch.compile, in its default mode or in one of its others. `seconds` of timed
    steps per network and batch, warm-up and profile apart. `threads` of the CPU; None leaves torch's number, of several
    each is measured. `fresh`: the device's ceilings are measured, not taken from the cache. `cudnn_benchmark`: cuDNN
    tries its algorithms and keeps the fastest. `backend`: what runs the network.
    """

    device: str = "cpu"
    dtype: Dtype = "float32"
    channels_last: bool = False
    compile: bool | CompileMode = False
    train: bool = False
    optimizer: Optimizer = "momentum"
    amp: Amp | None = None
    seconds: float = 5.0
    threads: int | tuple[int, ...] | None = None
    fresh: bool = False
    cudnn_benchmark: bool = False
    backend: Backend = "eager"

    def __post_init__(self) -> None:
        kind, colon, index = self.device.partition(":")
        if kind not in {"cpu", "cuda"} or (colon and not index.isdecimal()):
            raise ArchscopeError(f"--device {self.device}: it is cpu, cuda or cuda:N")
        if self.dtype not in get_args(Dtype):
            raise ArchscopeError(f"--dtype {self.dtype}: it is one of {', '.join(get_args(Dtype))}")
        if self.optimizer not in get_args(Optimizer):
            raise ArchscopeError(f"--optimizer {self.optimizer}: it is one of {', '.join(get_args(Optimizer))}")
        if self.optimizer != "momentum" and not self.train:
            raise ArchscopeError("--optimizer is for training steps: give --train, too")
        if self.amp not in (None, *get_args(Amp)):
            raise ArchscopeError(f"--amp {self.amp}: it is one of {', '.join(get_args(Amp))}")
        if self.amp and self.stored_dtype != "float32":
            raise ArchscopeError(f"--amp casts a float32 network: leave --dtype {self.dtype} out")
        if not self.seconds > 0:
            raise ArchscopeError(f"--seconds {self.seconds:g}: it takes more than 0")
        if any(count is not None and not 0 < count <= MOST_THREADS for count in self.thread_counts):
            raise ArchscopeError(f"--threads {','.join(map(str, self.thread_counts))}: it takes 1 to {MOST_THREADS:,}")
        if self.compile not in (True, False, *get_args(CompileMode)):
            raise ArchscopeError(f"--compile {self.compile}: a mode is one of {', '.join(get_args(CompileMode))}")
        if self.cudnn_benchmark and not self.on_cuda:
            raise ArchscopeError("--cudnn-benchmark is for convolutions on CUDA: give --device cuda, or leave it out")
        self._check_backend()

    def _check_backend(self) -> None:
        if self.backend not in get_args(Backend):
            raise ArchscopeError(f"backend {self.backend}: it is one of {', '.join(get_args(Backend))}")
        if self.backend == "eager":
            return
        if self.on_cuda or self.dtype != "float32":
            raise ArchscopeError(
                f"{self.backend} runs on the CPU, from float32: {self.device} and {self.dtype} were asked"
            )
        chosen = {"--train": self.train, "--amp": self.amp, "--compile": self.compile}
        if names := [name for name, given in chosen.items() if given]:
            raise ArchscopeError(f"{self.backend} runs inference alone, in its own way: leave {names[0]} out")

    @property
    def thread_counts(self) -> tuple[int | None, ...]:
        """Each number of threads to be measured."""
        return self.threads if isinstance(self.threads, tuple) else (self.threads,)

    @property
    def each(self) -> tuple["Options", ...]:
        """The same with each of its numbers of threads."""
        return tuple(replace(self, threads=count) for count in self.thread_counts)

    def variants(self, backends: Sequence[str] = ()) -> list[Mapping[str, Any]]:
        """Changes that make one of them with each of its numbers of threads, in each of these backends. Raises
        ArchscopeError for a backend that there is not, or that does not do what the options say."""
        counts = [{"threads": count} for count in self.thread_counts] if len(self.thread_counts) > 1 else [{}]
        if unknown := [name for name in backends if name not in BACKENDS]:
            raise ArchscopeError(f"--backends {unknown[0]}: a backend is one of {', '.join(BACKENDS)}")
        chosen = [dict(BACKENDS[name]) for name in dict.fromkeys(backends)] or [{}]
        if self.compile:  # in its mode
            chosen = [{**each, "compile": self.compile} if each.get("compile") else each for each in chosen]
        found: list[Mapping[str, Any]] = [{**count, **each} for count in counts for each in chosen]
        for changes in found:
            replace(self, **changes)
        return found

    @property
    def compile_mode(self) -> CompileMode | None:
        """None where nothing is compiled."""
        return ("default" if self.compile is True else self.compile) or None

    @property
    def replayed_by_torch(self) -> bool:
        """Does torch.compile record CUDA graphs, whose memory stays theirs?"""
        return self.on_cuda and self.compile_mode in {"reduce-overhead", "max-autotune"}

    @property
    def on_cuda(self) -> bool:
        return self.device.startswith("cuda")

    @property
    def library(self) -> Library:
        """What runs convolutions; torch takes several threads where nobody says how many."""
        return Library.of(self.device, self.dtype, self.channels_last, self.amp, self.thread_counts[0] or 2)

    @property
    def stored_dtype(self) -> str:
        """How weights and activations lie in memory: tf32 is a way to multiply float32."""
        return "float32" if self.dtype == "tf32" else self.dtype
