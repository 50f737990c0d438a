"""The device's own time: one step captured as a CUDA graph and replayed, so that no launch waits for the host."""

from collections.abc import Callable
from itertools import cycle
from time import perf_counter

import torch

from archscope.latency.network import Network
from archscope.tracing.records import tensors_in

BEFORE_CAPTURE = 3
"""Steps on a side stream before the capture, as torch asks for: libraries choose and allocate in them."""


def replayed_ms(network: Network, seconds: float, clock: Callable[[], float] = perf_counter) -> list[float]:
    """Device time of each replayed step in ms, for so many seconds; inputs take turns, their copies untimed.

    Raises RuntimeError where the step cannot be captured, such as one that asks the device for a value.
    """
    static = network.inputs[0]
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(BEFORE_CAPTURE):
            network.step_on(static)
    torch.cuda.current_stream().wait_stream(stream)
    network.forget_gradients()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        network.step_on(static)
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    times: list[float] = []
    others = cycle(network.inputs[1:] or network.inputs)
    end = clock() + seconds
    while not times or clock() < end:
        for target, source in zip(tensors_in(static), tensors_in(next(others)), strict=True):
            target.copy_(source)
        before.record()
        graph.replay()
        after.record()
        after.synchronize()
        times.append(before.elapsed_time(after))
    return times
