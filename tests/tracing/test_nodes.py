"""Graphs that torch.fx recorded: each function in the module that it came from, as a trace of the code has it."""

import pytest
import torch
from torch import fx, nn
from torch.nn import functional as F

import archscope
from archscope.errors import ArchscopeError
from archscope.tracing.nodes import STACK


class Gate(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(x)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate = nn.Conv2d(4, 4, 3, padding=1), Gate()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.gate(self.conv(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.body, self.head = nn.Conv2d(3, 4, 3), nn.Sequential(Block(), Block()), nn.Linear(4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(self.stem(x)).mean((2, 3)))


def test_functions_have_the_paths_of_their_modules() -> None:
    module = Net().eval()
    code, graph = (archscope.trace(each, (3, 12, 12)) for each in (module, fx.symbolic_trace(module)))
    assert [(each.name, each.kind) for each in graph.layers] == [(each.name, each.kind) for each in code.layers]
    assert graph.blocks == code.blocks  # Gate has no parameters, and is not in the recorded module
    assert archscope.diff(fx.symbolic_trace(module), module, input_size=(3, 12, 12)).verdict == "identical"


def test_within_another_module_and_by_keyword() -> None:
    recorded = fx.symbolic_trace(Net())

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = recorded

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x=x).relu()

    names = [layer.name for layer in archscope.trace(Outer(), (3, 12, 12)).layers]
    assert names[:4] == ["inner.stem", "inner.body.0.conv", "inner.body.0.gate.sigmoid", "inner.body.0.gate.mul"]
    assert "forward" not in vars(recorded)  # the user's own is left alone


def test_guards_of_an_export_are_one_line() -> None:
    def refuse(x: torch.Tensor) -> torch.Tensor:
        raise AssertionError("Guard failed: x.size()[2] == 20")

    recorded = fx.symbolic_trace(Net())
    (node, *_) = (node for node in recorded.graph.nodes if node.op == "call_function" and STACK in node.meta)
    node.target = refuse
    with pytest.raises(ArchscopeError, match=r"^the program was exported for other sizes \(Guard failed") as raised:
        archscope.trace(recorded, (3, 12, 12))
    assert "\n" not in str(raised.value)
