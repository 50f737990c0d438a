"""Networks counted by torch's own counter, on the meta device."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.flop_counter import FlopCounterMode


@contextmanager
def not_normalised() -> Iterator[None]:
    """Batch normalisation gives what it is given: the counter counts nothing in it, but takes it to pieces, one by one,
    which is two thirds of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_BatchNorm, "forward", lambda self, image: image)
        yield


def counted_by_torch(module: nn.Module, *args: Any, **kwargs: Any) -> int:
    """FLOPs of one pass of a module that is on the meta device."""
    with not_normalised(), FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*args, **kwargs)
    return counter.get_total_flops()
