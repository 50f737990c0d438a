"""How long a network takes on a device: whole, and layer by layer. Torch-free until something is measured.

options        what is measured, on what                  (this file)
statistics     from times to a median, its spread, and "warm"
network        the module, its inputs and its step, ready on the device
device         what a device can do, what it is, and its memory
marks          which layer of the Graph is running, told to the profiler
attribution    from the profiler's events to milliseconds by layer
cuda_graph     the device's own time, without the host
runner         one network at one batch: warm-up, samples, memory, profile, columns
ceilings       what the device can do at most, cached; the bounds of a measured Report
measuring      one or several runners within a time budget; a Report with latency
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from archscope.errors import ArchscopeError
from archscope.model.report import Report

if TYPE_CHECKING:
    from torch import nn

Dtype = Literal["float32", "tf32", "bfloat16", "float16"]

Optimizer = Literal["sgd", "momentum", "adam", "adamw"]
"""`momentum` is SGD with momentum 0.9, as the papers train."""

Amp = Literal["bfloat16", "float16"]

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
    ones; `running` is entered wherever the network's code runs."""

    report: Report
    build: "Callable[[], nn.Module]"
    inputs: Any = None
    running: Callable[[], AbstractContextManager[None]] = field(default=nullcontext)


@dataclass(frozen=True)
class Options:
    """What is measured. `device` as torch names it: cpu, cuda, cuda:1. `dtype` holds for weights and inputs; tf32
    is float32 whose products run on tensor cores; `amp` leaves weights in float32 and lets torch's autocast choose by
    operation, in training with float16 with scaled gradients. `train`: a step is forward, backward and the
    `optimizer`'s. `seconds` of timed steps per network and batch, warm-up and profile apart. `threads` of the CPU; None
    leaves torch's number. `fresh`: the device's ceilings are measured, not taken from the cache.
    """

    device: str = "cpu"
    dtype: Dtype = "float32"
    channels_last: bool = False
    compile: bool = False
    train: bool = False
    optimizer: Optimizer = "momentum"
    amp: Amp | None = None
    seconds: float = 5.0
    threads: int | None = None
    fresh: bool = False

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
        if self.threads is not None and self.threads < 1:
            raise ArchscopeError(f"--threads {self.threads}: it takes 1 or more")

    @property
    def on_cuda(self) -> bool:
        return self.device.startswith("cuda")

    @property
    def stored_dtype(self) -> str:
        """How weights and activations lie in memory: tf32 is a way to multiply float32."""
        return "float32" if self.dtype == "tf32" else self.dtype
