"""Functions that torch.jit compiled: they run in C++, where no torch function is seen to be called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch

COMPILED = (torch._C.ScriptFunction, torch._C.ScriptMethod)


@contextmanager
def compiled_functions_seen(tracer: Any) -> Iterator[None]:
    """Inside, the tracer is asked for the result of each compiled function that its own pass calls."""
    calls: list[Callable[..., Any]] = [kind.__call__ for kind in COMPILED]
    for kind, call in zip(COMPILED, calls, strict=True):
        kind.__call__ = _seen(call, tracer)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for kind, call in zip(COMPILED, calls, strict=True):
            kind.__call__ = call  # type: ignore[method-assign]


def _seen(call: Callable[..., Any], tracer: Any) -> Callable[..., Any]:
    thread = get_ident()

    def run(function: Any, *args: Any, **kwargs: Any) -> Any:
        watching = get_ident() == thread and torch._C._is_torch_function_mode_enabled()
        return tracer.compiled(function, call, args, kwargs) if watching else call(function, *args, **kwargs)

    return run


def opaque(call: Callable[..., Any]) -> Callable[..., Any]:
    """One operation: what runs in C++ shows no torch functions, not even those of torch's own kernels."""

    def unseen(*args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return call(*args, **kwargs)

    return unseen
