"""A table registers one network a row: what the row fixes, what it only sets as a default."""

import pytest
import torch

from archscope.errors import ArchscopeError
from archscope.networks import find


def test_row_gives_defaults() -> None:
    wide = find("resnext101_64x4d")
    assert wide.options["cardinality"] == "int = 64"
    assert wide.options["num_classes"] == "int = 1000"
    assert "conv2" not in wide.options  # positional-only: fixed by the row

    with torch.device("meta"):
        narrowed = wide.build(cardinality=32)
        other = find("resnext101_32x4d").build()
    assert str(narrowed) == str(other)


def test_what_a_row_fixes_is_no_option() -> None:
    with pytest.raises(ArchscopeError, match="no option of resnet50 named 'conv2_x'"):
        find("resnet50").build(conv2_x=4)


def test_choices() -> None:
    with pytest.raises(ArchscopeError, match="stride is one of 1x1, 3x3, not '2x2'"):
        find("resnet50").build(stride="2x2")
