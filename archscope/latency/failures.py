"""Why a step fails, in one line."""

import re

import torch

from archscope.errors import ArchscopeError, EnvironmentFailure, users_line
from archscope.latency import Options
from archscope.latency.device import first_line, free_bytes
from archscope.latency.fitting import fitting
from archscope.model.graph import Graph

LACKS_MEMORY = re.compile(r"can't allocate memory|CUDA error: out of memory|_STATUS_ALLOC_FAILED")
"""What is said of it besides torch's own allocator: on the CPU, by CUDA itself, by cuBLAS and cuDNN."""


def failure(error: Exception, graph: Graph, options: Options) -> ArchscopeError:
    """The machine's fault, or the network's."""
    said = first_line(error)
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or LACKS_MEMORY.search(said):
        with_free = fitting(graph, options, free_bytes(options))
        return EnvironmentFailure(f"out of memory on {options.device}: {with_free}")
    if "not implemented for" in said:
        return EnvironmentFailure(f"{options.device} cannot run this network in {options.dtype}: {said}")
    if "Expected more than 1 value per channel" in said:
        return ArchscopeError("batch normalisation cannot train on one value per channel: take --batch 2 or more")
    if options.compile and type(error).__module__.startswith(("torch._inductor", "torch._dynamo")):
        return EnvironmentFailure(f"torch.compile failed: {said}; --compile needs a C++ compiler, on CUDA also triton")
    if said.startswith("CUDA error"):
        return EnvironmentFailure(f"{options.device} failed, and is lost to this process: {said}")
    line = users_line(error)
    where = f" ({line})" if line else ""
    return ArchscopeError(f"{graph.name} fails on {options.device}: {type(error).__name__}: {said}{where}")
