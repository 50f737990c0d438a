"""How results lie in memory, by archscope's own rules, against torch on the CPU."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import archscope
from archscope.tracing.effects import Effects
from archscope.tracing.records import Invocation
from archscope.tracing.sources import Sources

SIZES = (2, 3, 4, 5)
ORDERS = [(0, 1, 2, 3), (0, 2, 3, 1), (1, 0, 3, 2), (3, 0, 1, 2)]


def lying(order: tuple[int, ...], shape: tuple[int, ...] = SIZES) -> torch.Tensor:
    """Numbers of this shape whose axes lie in memory in this order, the last one side by side."""
    back = [order.index(axis) for axis in range(len(order))]
    return torch.rand([shape[axis] for axis in order]).permute(back)


def others(order: tuple[int, ...]) -> Iterator[tuple[torch.Tensor, ...]]:
    """Two operands of which one at least has this order."""
    whole = lying(order)
    yield from ((whole, lying(other)) for other in ORDERS)
    for small in (torch.rand(5), torch.rand(3, 1, 1), torch.rand(()), torch.rand(2, 3, 1, 1), torch.rand(1, 1, 4, 5)):
        yield whole, small
        yield small, whole


Call = tuple[Callable[..., torch.Tensor], str, tuple[Any, ...]]
CALLS: list[Call] = [
    *[(getattr(torch, name), name, both) for name in ("add", "sub", "mul", "div", "maximum", "pow", "rsub")
      for order in ORDERS for both in others(order)],
    *[(F.gelu, "gelu", (lying(order),)) for order in ORDERS],
    *[(F.linear, "linear", (lying(order), torch.rand(7, 5))) for order in ORDERS],
    *[(F.layer_norm, "layer_norm", (lying(order), (5,), torch.rand(5), torch.rand(5))) for order in ORDERS],
    *[(torch.cat, "cat", ([lying(one, (2, 3, 4)), lying(other, (2, 3, 4))], 1))
      for one, other in itertools.product([(0, 1, 2), (0, 2, 1), (2, 1, 0)], repeat=2)],
    *[(torch.cat, "cat", ([lying(order), lying(order)], 1)) for order in ORDERS],
]  # fmt: skip


def predicted(function: Callable[..., torch.Tensor], operation: str, args: tuple[Any, ...]) -> torch.Tensor | None:
    flat = [item for value in args for item in (value if isinstance(value, list) else [value])]
    tensors = [item for item in flat if isinstance(item, torch.Tensor)]
    found = Effects(Sources({}, real=False))._predict(Invocation(function, operation, False, args, {}, tensors))
    return None if found is None else found[1]


def test_a_result_lies_as_torch_lays_it() -> None:
    answered = set()
    for function, operation, args in CALLS:
        made, result = predicted(function, operation, args), function(*args)
        if made is not None:
            assert (made.shape, made.stride()) == (result.shape, result.stride()), (operation, args)
            answered.add(operation)
    assert answered == {operation for _, operation, _ in CALLS}


@pytest.mark.parametrize("heads", [1, 4])
def test_an_attention_gives_the_heads_of_a_place_side_by_side(heads: int) -> None:
    query, key, value = torch.rand(2, heads, 6, 8), torch.rand(2, heads, 9, 8), torch.rand(2, heads, 9, 5)
    made = predicted(F.scaled_dot_product_attention, "scaled_dot_product_attention", (query, key, value))
    assert made is not None and made.shape == (2, heads, 6, 5)
    assert made.transpose(1, 2).is_contiguous()
    for mistaken in ((query, key, value[:, :, 1:]), (query, key[..., 1:], value), (query[:1], key, value)):
        assert predicted(F.scaled_dot_product_attention, "scaled_dot_product_attention", mistaken) is None


@pytest.mark.parametrize("by_values", [False, True])
def test_dropout_of_what_lies_with_gaps_has_a_row_in_evaluation(by_values: bool) -> None:
    """Torch gives the tensor itself back, a part of another one."""

    class Part(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.dropout(x[..., :2], 0.3, self.training).relu()

    given = {"inputs": torch.rand(1, 4, 5)} if by_values else {"input_size": (4, 5)}
    assert [layer.operation for layer in archscope.trace(Part(), **given).layers] == ["getitem", "dropout", "relu"]
