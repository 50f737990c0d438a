"""What is not a network's own but Python's and torch's, and the same when a pass is over: random states, the compiler,
the limit of recursion. Another thread is not disturbed, and a forked child finds all free."""

import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from archscope.model.files import go_to_folder, working_folder
from archscope.tracing.elsewhere import cuda_idle, where_it_runs

SEED = 0
"""What random numbers start from in a trace."""
MOST_FRAMES = 2**31 - 1
"""The highest limit of recursion."""


class _Turns:
    """Threads take turns: two passes at once would mix what they put back in Python itself."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        if hasattr(os, "register_at_fork"):  # not on Windows
            os.register_at_fork(after_in_child=self._in_child)

    def _in_child(self) -> None:
        """The thread that held the lock, if another one, has not come along."""
        self.lock = threading.RLock()


TURNS = _Turns()


@contextmanager
def undisturbed(blocks: Mapping[str, nn.Module], real: bool) -> Iterator[None]:
    """Whatever happens inside, to the doubles of a network, what it shares with all else is the same afterwards.
    `real`: with values, so that what compiles itself does."""
    scripted = [(module, module.training) for module in blocks.values() if isinstance(module, torch.jit.ScriptModule)]
    with TURNS.lock:
        recursion_limit = sys.getrecursionlimit()
        sys.setrecursionlimit(min(2 * recursion_limit, MOST_FRAMES))  # hooks take some: what runs must be traced
        try:
            with settings_kept(), random_states_kept(), _nothing_compiled(real), cuda_idle():
                yield
        finally:
            for module, training in scripted:  # kept in C++, so that a double has no flag of its own
                if module.training != training:
                    module.training = training
            sys.setrecursionlimit(recursion_limit)


# ---- settings ------------------------------------------------------------------------------------------------------


def _autocast() -> tuple[bool, torch.dtype]:
    return torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")


def _set_autocast(setting: tuple[bool, torch.dtype]) -> None:
    enabled, dtype = setting
    torch.set_autocast_enabled("cpu", enabled)
    torch.set_autocast_dtype("cpu", dtype)


def _default_device() -> torch.device | None:
    try:
        device = torch.get_default_device()
    except AttributeError:  # earlier releases, once it was set to none
        return None
    return None if device.type == "cpu" else device


def _set_warnings(filters: list[Any]) -> None:
    warnings.resetwarnings()  # which tells those that remember what the filters say
    warnings.filters[:] = filters  # type: ignore[index]


def _set_environment(variables: dict[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)


SIGNALS = [
    int(getattr(signal, f"SIG{name}"))
    for name in "INT TERM HUP QUIT ALRM USR1 USR2 CHLD PIPE ABRT".split()
    if hasattr(signal, f"SIG{name}")  # Windows has few
]
"""What programs handle; to ask for all takes longer than a small trace."""


def _handlers() -> dict[int, Any]:
    """As Python has set them; None of one that it has not."""
    return {number: signal.getsignal(number) for number in SIGNALS}


def _set_handlers(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(number) != handler:
            with suppress(ValueError, OSError):  # only the main thread may
                signal.signal(number, handler)


Settings = tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...]
"""How each is asked for, and set."""

OF_TORCH: Settings = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (_default_device, torch.set_default_device),
    (_autocast, _set_autocast),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
)
OF_PROCESS: Settings = (
    (working_folder, go_to_folder),
    (lambda: list(warnings.filters), _set_warnings),
    (lambda: dict(os.environ), _set_environment),
    (_handlers, _set_handlers),
)


@contextmanager
def settings_kept() -> Iterator[None]:
    """What a network sets of torch and of its process is as before afterwards. Beside other threads the process is left
    alone: they may set it too meanwhile, as `warnings.catch_warnings` does, and that is not to be undone."""
    settings = OF_TORCH if _others_run() else (*OF_TORCH, *OF_PROCESS)
    before = [get() for get, _ in settings]
    try:
        yield
    finally:
        for setting, (get, put) in zip(before, settings, strict=True):
            if get() != setting:
                put(setting)


COMPILER, COMPILES_ITSELF = "torch._dynamo.eval_frame", "torch.nn.attention.flex_attention"


def _nothing_compiled(real: bool) -> AbstractContextManager[Any]:
    """What torch.compile has wrapped runs as it was written: the compiler would look into the tracer. Where it is not
    loaded, nor anything that loads it for real tensors, there is nothing to do."""
    loaded = COMPILER in sys.modules or (real and COMPILES_ITSELF in sys.modules)
    return torch.compiler.set_stance("force_eager") if loaded else nullcontext()


# ---- random numbers ------------------------------------------------------------------------------------------------


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Random states are as before afterwards. Inside they start anew, so that a network whose way depends on its
    values takes the same in every run. Beside other threads, which may draw too, they are left alone: `drawn_alone`
    keeps torch's draws apart."""
    if _others_run():
        yield
        return
    python_state = random.getstate()
    numpy_random = sys.modules.get("numpy.random")
    numpy_state = numpy_random.get_state() if numpy_random else None
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(SEED)
            random.seed(SEED)
            if numpy_random:
                numpy_random.seed(SEED)
            yield
    finally:
        random.setstate(python_state)
        if numpy_random:
            numpy_random.set_state(numpy_state)


IDLE = ("tqdm.", "torch._inductor.")
"""Modules whose threads draw and set nothing: tqdm's monitor, which torch.export starts, and the compiler's reader."""


def _others_run() -> bool:
    """Are there other threads, which may draw and set?"""
    return len([thread for thread in threading.enumerate() if not _module_of(thread).startswith(IDLE)]) > 1


def _module_of(thread: threading.Thread) -> str:
    """Of its class, or of what a plain one runs."""
    own = type(thread).__module__
    return own if own != threading.__name__ else getattr(getattr(thread, "_target", None), "__module__", None) or own


DRAWS = frozenset(
    "rand randn randint randperm rand_like randn_like randint_like bernoulli multinomial normal poisson bernoulli_ "
    "normal_ uniform_ random_ exponential_ geometric_ cauchy_ log_normal_ trunc_normal_ xavier_uniform_ "
    "xavier_normal_ kaiming_uniform_ kaiming_normal_ orthogonal_ sparse_".split()
)
"""Functions of torch, and of torch.nn.init, that take a generator of random numbers."""


def drawn_alone(function: Any, args: Any, kwargs: dict[str, Any], generator: torch.Generator | None) -> dict[str, Any]:
    """The keywords of a call, with a generator that no other thread draws from, if it draws on the CPU."""
    if getattr(function, "__name__", "") not in DRAWS or generator is None or kwargs.get("generator") is not None:
        return kwargs
    tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
    devices = {tensor.device for tensor in tensors} | {torch.device(kwargs.get("device") or "cpu")}
    return {**kwargs, "generator": generator} if devices == {torch.device("cpu")} else kwargs


class DrawnAlone(TorchFunctionMode):
    """`with DrawnAlone(): module = Net()` fills the weights without a number from the generator that others use, on the
    CPU where there is no CUDA."""

    def __init__(self) -> None:
        super().__init__()
        self._generator = torch.Generator().manual_seed(SEED)

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        function, args, kwargs = where_it_runs(function, args, kwargs or {})
        return function(*args, **drawn_alone(function, args, kwargs, self._generator))
