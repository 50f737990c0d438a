"""The schema of a plate: what a loop does around its modules is on the plate."""

from collections import Counter

import pytest
from torch import nn

import archscope
from archscope.views.diagram.drawing import Diagram
from archscope.views.diagram.place.picture import Box
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild_plate import differences, lies_in

WIDTH = 16


class Mixing(nn.Module):
    """Tokens weighted by each other."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.out((q @ k.transpose(1, 2)).softmax(-1) @ v)


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 32), nn.GELU(), nn.Linear(32, WIDTH))

    def forward(self, x):
        return self.net(x)


class Looped(nn.Module):
    """A patch embedding, then equal steps of these modules with a sum around each."""

    def __init__(self, *step: type[nn.Module], named: bool = False) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, WIDTH, 8, 8)
        self.layers = nn.ModuleList(
            nn.ModuleDict({kind.__name__: kind() for kind in step}) if named else nn.ModuleList(kind() for kind in step)
            for _ in range(5)
        )

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        for layer in self.layers:
            for module in layer.values() if isinstance(layer, nn.ModuleDict) else layer:
                x = module(x) + x
        return x.mean(1)


class Depthwise(nn.Conv2d):
    def __init__(self) -> None:
        super().__init__(WIDTH, WIDTH, 3, 1, 1, groups=WIDTH)


class Pointwise(nn.Conv2d):
    def __init__(self) -> None:
        super().__init__(WIDTH, WIDTH, 1)


class Bare(Looped):
    """The same of images, whose steps hold single operations."""

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            one, two = layer.values()
            x = x + two(nn.functional.gelu(one(x)))
        return x.mean((2, 3))


class Latents(Looped):
    """Each step reads what was there before the loop."""

    def __init__(self) -> None:
        super().__init__(Mixing, Mlp)
        self.start = nn.Conv2d(3, WIDTH, 8, 8)

    def forward(self, x):
        y, x = (conv(x).flatten(2).transpose(1, 2) for conv in (self.start, self.embed))
        for mixing, mlp in self.layers:
            y = mlp(mixing(y)) + x
        return y.mean(1)


def schema(made: Diagram) -> list[Box]:
    piece = made.drawing.piece
    panels = [frame for frame in piece.frames if frame.heading]
    return [box for box in piece.boxes if not any(lies_in(box, panel) for panel in panels)]


@pytest.mark.parametrize("named", [False, True])
def test_a_step_of_a_loop_is_open_in_the_schema(named: bool) -> None:
    made = archscope.diagram(Looped(Mixing, Mlp, named=named), (3, 64, 64), level="plate")
    piece = made.drawing.piece
    count = Counter(box.title for box in schema(made))
    assert count["Mixing"] == count["Mlp"] == 1 and count["Step"] == 0
    assert {frame.repeat for frame in piece.frames} == {5}
    assert {frame.title for frame in piece.frames if frame.heading} == {"Mixing", "Mlp"}
    assert differences(made) == [] == faults(piece)


def test_a_step_of_single_operations_is_open_too() -> None:
    made = archscope.diagram(Bare(Depthwise, Pointwise, named=True), (3, 64, 64), level="plate")
    (frame,) = made.drawing.piece.frames
    held = [box.kind for box in made.drawing.piece.boxes if lies_in(box, frame) and box.form != "point"]
    assert (frame.repeat, sorted(held)) == (5, ["add", "conv", "depthwise"])


def test_a_closed_step_says_all_modules_that_have_a_panel() -> None:
    made = archscope.diagram(Latents(), (3, 64, 64), level="plate")
    (step,) = [box for box in schema(made) if box.copies]
    assert "Mixing" in " ".join(step.details) and "Mlp" in " ".join(step.details)
