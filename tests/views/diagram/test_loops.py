"""Loops over time that a network's code unrolls: calls of a cell are one box, and the first step, which begins with
zeros, is as the others."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences


class Cells(nn.Module):
    """`cell` over time, each state read by one layer; `state`: what is handed on, of what the cell returns."""

    def __init__(self, cell: Callable[[int, int], nn.Module], steps: int, begin: bool = True) -> None:
        super().__init__()
        self.cell, self.out, self.steps, self.begin = cell(6, 8), nn.Linear(8, 3), steps, begin

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = x.new_zeros(len(x), 8)
        state, made = (hidden, hidden) if isinstance(self.cell, nn.LSTMCell) else hidden, []
        for step in range(self.steps):
            state = self.cell(x[:, step], state) if step or self.begin else self.cell(x[:, step])
            made.append(self.out(state[0] if isinstance(state, tuple) else state))
        return torch.stack(made, 1)


class Gated(nn.Module):
    """A gated recurrent unit by hand; `learned`: it begins with a parameter."""

    def __init__(self, learned: bool) -> None:
        super().__init__()
        self.gates, self.new, self.out = nn.Linear(14, 16), nn.Linear(14, 8), nn.Linear(8, 3)
        self.first = nn.Parameter(torch.zeros(1, 8)) if learned else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x.new_zeros(len(x), 8) if self.first is None else self.first.expand(len(x), -1)
        for step in range(x.shape[1]):
            update, reset = self.gates(torch.cat([x[:, step], state], 1)).sigmoid().chunk(2, 1)
            new = self.new(torch.cat([x[:, step], reset * state], 1)).tanh()
            state = (1 - update) * state + update * new
        made: torch.Tensor = self.out(state)
        return made


class Slots(nn.Module):
    """Learned slots that ask features again and again; the first step reads a view of them, which is no layer."""

    def __init__(self) -> None:
        super().__init__()
        self.slots, self.query, self.cell = nn.Parameter(torch.zeros(1, 4, 8)), nn.Linear(8, 6), nn.GRUCell(6, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        slots = self.slots.expand(len(x), -1, -1)
        for _ in range(12):
            asked = (self.query(slots) @ x.transpose(1, 2)).softmax(1) @ x
            slots = self.cell(asked.reshape(-1, 6), slots.reshape(-1, 8)).view_as(slots)
        return slots


def drawn(module: nn.Module, steps: int, level: str) -> Diagram:
    made = draw(archscope.summarize(module.eval(), input_size=(steps, 6)), DiagramOptions(level=level))
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    return made


def counted(made: Diagram) -> dict[str, int]:
    return {box.title: box.repeat for box in made.drawing.piece.boxes if box.op}


@pytest.mark.parametrize("level", ["network", "flow"])
@pytest.mark.parametrize("cell", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
@pytest.mark.parametrize("steps", [3, 8])
def test_a_cell_that_is_called_again_and_again_is_one_box(
    level: str, cell: Callable[[int, int], nn.Module], steps: int
) -> None:
    boxes = counted(drawn(Cells(cell, steps), steps, level))

    assert boxes[cell.__name__] == steps
    assert boxes["Constant"] == 1


@pytest.mark.parametrize("level", ["network", "flow"])
def test_two_calls_are_no_loop(level: str) -> None:
    assert "Constant" not in counted(drawn(Cells(nn.GRUCell, 2), 2, level))


@pytest.mark.parametrize("level", ["network", "flow"])
@pytest.mark.parametrize("learned", [False, True])
def test_a_loop_by_hand_is_one_step_with_what_it_begins_with(level: str, learned: bool) -> None:
    made = drawn(Gated(learned), 9, level)

    boxes = counted(made)
    assert boxes == {"Input": 1, "First" if learned else "Constant": 1, "Step": 9, "Linear": 1, "Output": 1}


@pytest.mark.parametrize("module", [Cells(nn.LSTMCell, 5), Cells(nn.GRUCell, 5, begin=False), Gated(learned=True)])
def test_every_layer_of_a_loop_is_read_back(module: nn.Module) -> None:
    drawn(module, 5, "layer")


@pytest.mark.parametrize("level", ["network", "flow"])
def test_a_loop_that_begins_with_views_of_a_parameter_is_one_step(level: str) -> None:
    boxes = counted(drawn(Slots(), 5, level))

    assert boxes["Slots"] == 1
    assert sum(count == 12 for count in boxes.values()) == 1, boxes
