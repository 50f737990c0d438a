"""Keras layers over sequences of words or of steps, as the torch function that each is."""

from typing import Any

import torch
from torch.nn import functional as F

from archscope.errors import ArchscopeError
from archscope.tracing.keras.layouts import ChannelsFirst, plain
from archscope.tracing.keras.weights import seen, shown_as

STEPWISE = {"RNN", "TimeDistributed"}
"""Bases of the layers that run once for each step of their input."""
DROPS = ("dropout", "recurrent_dropout")
MOST_STEPS = 5_000
"""A number in a file may ask for any."""


def check_steps(layer: Any, args: tuple[Any, ...]) -> None:
    """Raises ArchscopeError where a layer would run too often."""
    steps = args[0].shape[1] if args and isinstance(args[0], torch.Tensor) and args[0].dim() > 1 else 0
    if steps > MOST_STEPS and any(kind.__name__ in STEPWISE for kind in type(layer).__mro__):
        raise ArchscopeError(f"{layer.name} runs {steps:,} steps, one by one: archscope follows {MOST_STEPS:,}")


def embedding(layout: ChannelsFirst, layer: Any, x: torch.Tensor) -> Any:
    """Keras also takes negative numbers, from the end; no vocabulary has such."""
    x = plain(x)
    return F.embedding(x.long() if x.is_floating_point() else x, layer._embeddings._value)


def recurrent(
    layout: ChannelsFirst,
    layer: Any,
    x: torch.Tensor,
    initial_state: Any = None,
    mask: Any = None,
    training: Any = False,
) -> Any:
    """All steps at once, from a state of zeros, where the functions of a step are torch's own."""
    cell = layer.cell
    operation = recurrent_operation(cell)
    drops = training and (cell.dropout or cell.recurrent_dropout)
    if operation is None or drops or layer.stateful or mask is not None or initial_state is not None:
        return NotImplemented
    if x.shape[-1] != cell.kernel.shape[0]:  # Keras says so; torch's kernel on the CPU would read beyond the numbers
        return NotImplemented
    sequence = plain(x).flip(1) if layer.go_backwards else plain(x)
    states = [torch.zeros(1, x.shape[0], layer.units, dtype=x.dtype, device=x.device) for _ in layer.state_size]
    shown = reordered if operation == "gru" else _turned
    weights = [shown(layout, cell.kernel), shown(layout, cell.recurrent_kernel)]
    if cell.use_bias and operation == "gru":
        weights += [reordered(layout, cell.bias, i) for i in range(2)]
    elif cell.use_bias:  # torch's kernels add two
        weights += [cell.bias._value, torch.zeros(tuple(cell.bias.shape), dtype=x.dtype, device=x.device)]
    given = tuple(states) if operation == "lstm" else states[0]
    run = getattr(torch, operation)
    made, *after = run(sequence, given, weights, cell.use_bias, 1, 0.0, bool(training), False, True)
    said = layout.tracer.ledger.records[-1].effect.said.settings
    said |= {name: rate for name in DROPS if (rate := getattr(cell, name))}  # in training, from what each step reads
    last = made if layer.return_sequences else made[:, -1]
    return [last, *(state[0] for state in after)] if layer.return_state else last


def recurrent_operation(cell: Any) -> str | None:
    """Of torch's; None for a cell with other functions than it has, or gates in another order of work."""
    kind, activation = type(cell).__name__, _own_name(cell.activation)
    if kind == "SimpleRNNCell":
        return f"rnn_{activation}" if activation in ("tanh", "relu") else None
    gates = _own_name(cell.recurrent_activation)
    if (activation, gates) != ("tanh", "sigmoid") or not getattr(cell, "reset_after", True):
        return None
    return {"LSTMCell": "lstm", "GRUCell": "gru"}.get(kind)


def _own_name(activation: Any) -> str:
    """Of a function of Keras' own."""
    own = getattr(activation, "__module__", "").startswith("keras.")
    return str(getattr(activation, "__name__", "")) if own else ""


def _turned(layout: ChannelsFirst, variable: Any) -> torch.Tensor:
    return seen(layout, variable, (1, 0))


def reordered(layout: ChannelsFirst, variable: Any, row: int | None = None) -> torch.Tensor:
    """A GRU's kernel, or a row of its biases, with the gates as torch has them: reset before update."""

    def show(stored: torch.Tensor) -> torch.Tensor:
        update, reset, new = (stored.t() if row is None else stored[row]).chunk(3)
        return torch.cat([reset, update, new])

    return shown_as(layout, variable, f"gates(row={row})", show)
