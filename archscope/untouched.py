"""A model is left as it was found: every attribute, flag, buffer slot, hook and random state that a pass may change."""

import random
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

CONTAINERS = frozenset({dict, OrderedDict, list, set})


@contextmanager
def untouched(blocks: Mapping[str, nn.Module]) -> Iterator[None]:
    """Whatever happens inside, the modules and the random states are the same afterwards."""
    saved = [(vars(module), dict(vars(module)), _contents(module)) for module in blocks.values()]
    scripted = [(module, module.training) for module in blocks.values() if isinstance(module, torch.jit.ScriptModule)]
    recursion_limit = sys.getrecursionlimit()
    sys.setrecursionlimit(2 * recursion_limit)  # hooks take frames of their own: what runs must be traced
    try:
        with random_states_kept(), _nothing_compiled():
            yield
    finally:
        for attributes, before, contents in saved:
            attributes.clear()
            attributes.update(before)
            for container, content in contents:
                if container:
                    container.clear()
                if content:
                    (container.extend if isinstance(container, list) else container.update)(content)
        for module, training in scripted:
            module.training = training
        sys.setrecursionlimit(recursion_limit)


def _contents(module: nn.Module) -> list[tuple[Any, Any]]:
    """The module's containers, hooks among them, each with a copy of what it holds (most hold nothing)."""
    values = vars(module).values()
    return [(value, value.copy() if value else ()) for value in values if type(value) in CONTAINERS]


def _nothing_compiled() -> AbstractContextManager[Any]:
    """What torch.compile has wrapped runs as it was written. Without its compiler loaded there is nothing to do."""
    loaded = "torch._dynamo.eval_frame" in sys.modules
    return torch.compiler.set_stance("force_eager") if loaded else nullcontext()


@contextmanager
def random_states_kept() -> Iterator[None]:
    python_state = random.getstate()
    numpy_random = sys.modules.get("numpy.random")
    numpy_state = numpy_random.get_state() if numpy_random else None
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python_state)
        if numpy_random:
            numpy_random.set_state(numpy_state)
