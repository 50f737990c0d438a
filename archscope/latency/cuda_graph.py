"""The device's own time: a step captured as a CUDA graph and replayed, so that no launch waits for the host."""

from collections.abc import Callable, Sequence
from time import perf_counter

import torch

from archscope.errors import ArchscopeError
from archscope.latency import Options
from archscope.latency.device import milliseconds_each
from archscope.latency.network import Arguments, Network

BEFORE_CAPTURE = 3
"""Steps on a side stream before the capture, as torch asks for: libraries choose and allocate in them."""

CAPTURED = 4
"""So many inputs are captured at most, a graph each; they take turns, so that no cache holds an input."""

SPAN_MS = 10.0
"""Between two events lie so many replays that the first one's launch does not count."""


def check(options: Options) -> None:
    """Raises ArchscopeError where no step of these options can be captured: torch says so only in a capture, which then
    breaks off."""
    if options.replayed_by_torch:
        raise ArchscopeError(f"--compile {options.compile_mode} replays CUDA graphs of its own")
    if options.train and options.optimizer in COUNTING:
        raise ArchscopeError(f"{options.optimizer} counts its steps on the host, which a CUDA graph does not repeat")
    if options.train and options.amp == "float16":
        raise ArchscopeError("scaled gradients make the host wait for the device, which no CUDA graph can")


COUNTING = frozenset({"adam", "adamw"})
"""Optimizers whose step depends on how many there were. With `capturable=True` torch would count on the device, by
other kernels than those that are timed."""


def replayed_ms(network: Network, seconds: float, clock: Callable[[], float] = perf_counter) -> list[float]:
    """Device time of a step in ms, several times for so many seconds; each is the mean of many replays in a row.

    Raises ArchscopeError where the step cannot be captured, such as one that asks the device for a value.
    """
    graphs = _captured(network, network.inputs[:CAPTURED])
    rounds = max(1, round(SPAN_MS / (len(graphs) * max(_replayed_ms(graphs, 1), 1e-3))))
    times: list[float] = []
    end = clock() + seconds
    while not times or clock() < end:
        times.append(_replayed_ms(graphs, rounds))
    return times


def _captured(network: Network, inputs: Sequence[Arguments]) -> list[torch.cuda.CUDAGraph]:
    """A graph for each input, all in one pool of memory, on the stream that the steps before have made their workspaces
    for: torch's own for captures stays on the first device that had one. The stream that was current is so again
    afterwards: a capture that fails leaves its own."""
    current = torch.cuda.current_stream()
    try:
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            for _ in range(BEFORE_CAPTURE):
                network.step_on(inputs[0])
        current.wait_stream(stream)
        network.forget_gradients()
        graphs: list[torch.cuda.CUDAGraph] = []
        for arguments in inputs:
            graphs.append(torch.cuda.CUDAGraph())
            with torch.cuda.graph(graphs[-1], pool=graphs[0].pool() if graphs[1:] else None, stream=stream):
                network.step_on(arguments)
        return graphs
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ArchscopeError(f"this step cannot be captured as a CUDA graph: {_cause(error)}") from error
    finally:
        torch.cuda.set_stream(current)


def _cause(error: BaseException) -> str:
    """The first of the errors: that the capture broke off is told after why it did."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error).strip().partition("\n")[0]


def _replayed_ms(graphs: Sequence[torch.cuda.CUDAGraph], rounds: int) -> float:
    """The mean time of a replay over so many rounds of all graphs."""

    def replay_all() -> None:
        for graph in graphs:
            graph.replay()

    return milliseconds_each(replay_all, rounds) / len(graphs)
