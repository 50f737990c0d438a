"""What is said of modules and results is true of each call, each stage and each name."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.ops.names import stage_title
from tests.views.diagram.checker import faults
from tests.views.diagram.rebuild import differences
from tests.views.diagram.test_outputs import Heads
from tests.views.diagram.test_repeats import Size, conv, drawn, repeats


def said(module: nn.Module, size: Size = (3, 16, 16), **choices: Any) -> list[str]:
    """The words of each box; the picture is the network."""
    made = drawn(module, size, **choices)
    assert differences(made) == [] == faults(made.drawing.piece)
    return [" ".join([box.title, *box.details]) for box in made.drawing.piece.boxes]


class Merging(nn.Module):
    """Computed with channels last, given back with channels first."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = nn.Linear(12, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.permute(0, 2, 3, 1)
        y: torch.Tensor = self.reduce(torch.cat([x[:, ::2, ::2], x[:, 1::2, 1::2]], -1)).permute(0, 3, 1, 2)
        return y


@pytest.mark.parametrize("level", ["network", "flow", "layer"])
def test_the_shape_of_a_result_is_in_the_order_of_all_others(level: str) -> None:
    net = nn.Sequential(conv(3, 6), Merging())
    assert "Output 8×4×8" in said(net, (3, 16, 8), level=level)


@pytest.mark.parametrize(
    ("form", "names"),
    [
        (lambda a, b, _: {"masks": a, "boxes": b, "last": a}, {"Output masks, last", "Output boxes"}),
        (lambda a, b, _: (a, b, a), {"Output 1, 3", "Output 2"}),
        (lambda a, *_: (a, a), {"Output 1, 2"}),
    ],
)
def test_a_result_that_is_returned_twice_has_both_names(form: Callable[..., Any], names: set[str]) -> None:
    made = archscope.diagram(Heads(form), (3, 8, 8), level="layer")
    assert {box.title for box in made.drawing.piece.boxes if box.title.startswith("Output")} == names


class Stage(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.down, self.blocks = (
            conv(8, 8, 1),
            nn.Sequential(*[nn.Sequential(conv(8, 8), nn.ReLU(), conv(8, 8)) for _ in range(count)]),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.blocks(self.down(x))
        return y


def test_stages_that_differ_are_not_told_as_the_last_of_them() -> None:
    stages = nn.Sequential(Stage(2), Stage(3))
    assert "Sequential 2 × Stage" in said(
        nn.Sequential(conv(3, 8), stages, nn.Sequential(*[Stage(2) for _ in range(2)]), conv(8, 2)), level="network"
    )
    assert "Sequential 2 × Stage 8-8-8-8-8" in said(
        nn.Sequential(conv(3, 8), conv(8, 8), nn.Sequential(Stage(2), Stage(2)), conv(8, 2)), level="network"
    )


def test_a_repeat_ends_where_its_modules_end() -> None:
    made = drawn(nn.Sequential(conv(3, 8), nn.Sequential(nn.Sequential(Stage(3), Stage(8)), nn.ReLU())))
    assert sorted(repeats(made)) == [3, 8]
    assert [frame.title for frame in made.drawing.piece.frames if frame.title == "Stage"] == ["Stage", "Stage"]


def test_a_module_in_numbered_ones_is_called_by_its_class() -> None:
    assert [stage_title(path, "Sequential") for path in ("1.0", "stages.2", "stages.2.0")] == [
        "Sequential",
        "stages.2",
        "stages.2.0",
    ]


class Listed(nn.Module):
    """Lists of layers, called in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(conv(a, b) for a, b in ((3, 4), (4, 6), (6, 8), (8, 10)))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in (4, 6, 8, 10))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        kept = []
        for convolution, norm in zip(self.convs, self.norms, strict=True):
            x = norm(convolution(x)).relu()
            kept.append(x)
        return kept


def test_an_activation_in_code_belongs_to_the_layer_of_a_list_before_it() -> None:
    words = said(Listed().eval())
    assert not any("ReLU" in word for word in words)
    assert "Conv 10, 3×3" in words


class Turns(nn.Module):
    """Layers of a list with something in between: one after the other, not beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(conv(3 if i == 0 else 8, 8) for i in range(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, layer in enumerate(self.layers):
            x = layer(x if i == 0 else torch.sin(x))
        return x


def test_layers_of_a_list_in_a_row_are_no_branches() -> None:
    (box,) = [word for word in said(Turns(), level="network") if word.startswith("Layers")]
    assert "branches" not in box and "8-8-8-8-8-8" in box


class Steps(nn.Module):
    """A block that is called again and again, each time with another factor."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count, self.body = count, nn.Sequential(conv(3, 16), nn.SiLU(), conv(16, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i in range(2, self.count + 2):
            x = x + self.body(x) / i
        return x


def test_a_box_of_one_call_holds_what_a_call_does() -> None:
    assert said(Steps(4), level="network").count("Body 3×3, 16-3, shared weights") == 4


@pytest.mark.parametrize("level", ["network", "flow"])
def test_steps_that_differ_in_their_constants_are_steps(level: str) -> None:
    made = drawn(Steps(60), level=level)
    assert differences(made) == []
    (step,) = [box for box in made.drawing.piece.boxes if box.title == "Step"]
    assert len(step.copies) == 59 and "÷2 … ÷61" in str(made)


class Clips(nn.Module):
    """The mean of each frame's pixels, then of the frames."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = conv(3, 8), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.fc(self.conv(x.flatten(0, 1)).mean((2, 3)).view(*x.shape[:2], -1).mean(1))
        return y


def test_means_of_other_axes_are_no_repetition() -> None:
    assert said(Clips(), (5, 3, 8, 8), level="network").count("Mean") == 2
