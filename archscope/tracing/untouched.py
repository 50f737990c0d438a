"""What is as it was found when a pass is over: each attribute, flag, buffer slot, hook and random state of a model, and
Python's collector of garbage."""

import gc
import random
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

CONTAINERS = frozenset({dict, OrderedDict, list, set})
SEED = 0
"""What random numbers start from in a trace."""


@contextmanager
def untouched(blocks: Mapping[str, nn.Module]) -> Iterator[None]:
    """Whatever happens inside, the modules and the random states are the same afterwards."""
    attributes = [vars(module) for module in blocks.values()]
    before = [values.copy() for values in attributes]
    containers = [value for values in attributes for value in values.values() if type(value) in CONTAINERS]
    contents = [value.copy() if value else () for value in containers]  # hooks among them: most hold nothing
    scripted = [(module, module.training) for module in blocks.values() if isinstance(module, torch.jit.ScriptModule)]
    recursion_limit = sys.getrecursionlimit()
    sys.setrecursionlimit(2 * recursion_limit)  # hooks take frames of their own: what runs must be traced
    try:
        with random_states_kept(), _nothing_compiled():
            yield
    finally:
        for now, then in zip(attributes + containers, before + contents, strict=True):
            if now or then:
                now.clear()
                (now.extend if isinstance(now, list) else now.update)(then)
        for module, training in scripted:
            module.training = training
        sys.setrecursionlimit(recursion_limit)


def _nothing_compiled() -> AbstractContextManager[Any]:
    """What torch.compile has wrapped runs as it was written. Without its compiler loaded there is nothing to do."""
    loaded = "torch._dynamo.eval_frame" in sys.modules
    return torch.compiler.set_stance("force_eager") if loaded else nullcontext()


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Random states are as before afterwards. Inside they start anew, so that a network whose way depends on its
    values takes the same in every run."""
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


@contextmanager
def collection_paused() -> Iterator[None]:
    """Without Python's collector: with torch loaded each full collection visits a million objects, a trace makes
    thousands of small ones, and none of them is garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
