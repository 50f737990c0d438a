"""TF32 on or off for a while, and then as it was, in the form that the user writes.

torch has two. The older is `allow_tf32`, and `set_float32_matmul_precision`. Since torch 2.9 each place says its
`fp32_precision`, and where it says "none", the place above it decides. Once the newer was written torch refuses to
read the older, so that what can be read tells which one is in use.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch

MATMUL, CUDNN = torch.backends.cuda.matmul, torch.backends.cudnn


def tf32(allowed: bool) -> AbstractContextManager[None]:
    """May matrix products, convolutions and recurrent layers on CUDA round their operands to TF32?"""
    try:
        precision, _, in_cudnn = torch.get_float32_matmul_precision(), MATMUL.allow_tf32, CUDNN.allow_tf32
    except RuntimeError:
        return _newer("tf32" if allowed else "ieee")
    return _older(allowed, precision, in_cudnn)


@contextmanager
def _older(allowed: bool, precision: str, in_cudnn: bool) -> Iterator[None]:
    places: list[Any] = [MATMUL, getattr(torch.backends.mkldnn, "matmul", None)]
    products = [place for place in places if hasattr(place, "fp32_precision")]
    said = [place.fp32_precision for place in products]
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    CUDNN.allow_tf32 = allowed
    try:
        yield
    finally:
        CUDNN.allow_tf32 = in_cudnn
        torch.set_float32_matmul_precision(precision)
        for place, before in zip(products, said, strict=True):
            if place.fp32_precision != before:  # "none", where the older form writes what it comes to
                place.fp32_precision = before


@contextmanager
def _newer(wanted: str) -> Iterator[None]:
    written: list[tuple[Any, str]] = []
    try:
        # the place above the others first: what only follows it needs no word of its own
        places: list[Any] = [CUDNN, MATMUL, CUDNN.conv, CUDNN.rnn]  # type: ignore[attr-defined]
        for place in places:
            before = place.fp32_precision
            if before != wanted:
                written.append((place, before))
                place.fp32_precision = wanted
        yield
    finally:
        for place, before in reversed(written):
            place.fp32_precision = "none"  # it may have followed the one above
            if place.fp32_precision != before:
                place.fp32_precision = before
