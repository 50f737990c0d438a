"""One tool on one model, in a process of its own: built anew from its name, or a fork of this one that holds it.

The task of a new process comes on its standard input, the answer goes to its output.
"""

import io
import json
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from archscope import process
from archscope.auditing.counters import Found, find

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from torch import nn


def _named(task: Mapping[str, Any]) -> Found:
    """The tool's answer on the target of this name."""
    from archscope.targets import resolve

    target = resolve(task["target"])
    module = target.build(**task["options"])
    with target.running():
        return _answer(task["tool"], module, task["inputs"])


def _answer(tool: str, module: "nn.Module", inputs: Sequence[Mapping[str, Any]]) -> Found:
    """The tool's answer on real weights, in evaluation."""
    with redirect_stdout(sys.stderr):  # some tools print as they count
        return find(tool).run(module.eval(), tuple(_tensor(**given) for given in inputs))


def _tensor(shape: Sequence[int], dtype: str) -> Any:
    import torch

    kind = getattr(torch, dtype)
    return torch.rand((1, *shape)).to(kind) if kind.is_floating_point else torch.zeros((1, *shape), dtype=kind)


def answers_from_forks(
    tools: Sequence[str],
    module: "nn.Module",
    inputs: Sequence[Mapping[str, Any]],
    at_once: int,
    finished: Callable[[str], None],
) -> list[tuple[Found, str]]:
    """The same of a module that is at hand, and which only the forks change; or why there is none. All are forked from
    here: a process with threads of its own is not forked safely."""
    import multiprocessing
    from multiprocessing.connection import wait

    fork: Any = multiprocessing.get_context("fork")
    waiting = list(tools)
    running: dict[Any, tuple[str, Any]] = {}
    answers: dict[str, tuple[Found, str]] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            tool = waiting.pop(0)
            receiver, sender = fork.Pipe(duplex=False)
            child = fork.Process(target=_send, args=(sender, tool, module, inputs))
            child.start()
            sender.close()
            running[receiver] = tool, child
        for receiver in wait(list(running)):
            tool, child = running.pop(receiver)
            answers[tool] = _received(receiver, child)
            finished(tool)
    return [answers[tool] for tool in tools]


def _received(receiver: Any, child: Any) -> tuple[Found, str]:
    try:
        found: tuple[Found, str] = receiver.recv()
    except EOFError:
        child.join()
        return Found(None, None), f"ended with exit code {child.exitcode}"
    child.join()
    return found


def _send(sender: "Connection", tool: str, module: "nn.Module", inputs: Sequence[Mapping[str, Any]]) -> None:
    import torch

    torch.set_num_threads(1)  # the threads of the process before the fork are not here
    warnings.simplefilter("ignore")
    try:
        with redirect_stderr(io.StringIO()):
            found = _answer(tool, module, inputs)
        sender.send((found, ""))
    except Exception as error:  # a fault of the tool's, or of the module's
        sender.send((Found(None, None), f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"))


def main() -> None:
    """The answer alone goes to standard output, whatever the network prints and however."""
    process.claim_streams()
    process.hand_over()
    found = _named(json.load(sys.stdin))
    process.end_copies()
    json.dump(asdict(found), process.output())
    process.output().flush()


if __name__ == "__main__":
    main()
