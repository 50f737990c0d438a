"""What is said of modules and results is true of each call, each stage and each name."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

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
    assert "Sequential 2 × Stage of 8" in said(
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


class Functional(nn.Module):
    """Functions whose names are no CamelCase, and an embedding that is normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.embed, self.query = conv(3, 4), nn.Linear(4, 6), nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.leaky_relu(torch.fft.irfft2(torch.fft.rfft2(self.conv(x))) + 1)
        z = F.normalize(self.embed((y * (y > 0.5)).mean((2, 3))), dim=-1)
        return self.query(z).topk(3)[0]


def test_functions_are_called_as_their_classes_are_and_normalised_embeddings_are_told() -> None:
    words = said(Functional().eval())
    assert {"RFFT", "IRFFT", "LeakyReLU", "Greater >0.5", "Normalize", "TopK"} <= {*words}


class Queries(nn.Module):
    """Learned queries, normalised before they ask, and a gate's counterpart."""

    def __init__(self) -> None:
        super().__init__()
        self.latents, self.queries = nn.Parameter(torch.zeros(5, 8)), nn.Parameter(torch.zeros(5, 8))
        self.norm, self.other, self.gate = nn.LayerNorm(8), nn.LayerNorm(8), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = self.gate(x).sigmoid()
        y = self.norm(self.latents) @ x.transpose(1, 2) + self.other(self.queries) @ gate.transpose(1, 2)
        return y @ (1 - gate)


@pytest.mark.parametrize("level", ["flow", "layer"])
def test_what_reads_a_parameter_alone_says_which(level: str) -> None:
    words = said(Queries().eval(), (6, 8), level=level)
    assert {"LayerNorm with latents", "LayerNorm with queries", "Sub 1 − x"} <= {*words}


class ListOfScales(nn.Module):
    """Parameters of a list, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(3)])
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in self.scales])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for scale, layer in zip(self.scales, self.layers, strict=True):
            x = scale * layer(x).sin()
        return x


@pytest.mark.parametrize("level", ["flow", "layer"])
def test_parameters_of_a_list_are_called_as_it_is(level: str) -> None:
    assert sum("Mul with scales" in words for words in said(ListOfScales().eval(), (6, 8), level=level)) == 1


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


class Solver(nn.Module):
    """A closed module, and another that is called on what it gives and on what comes of that."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(conv(3, 8), nn.SiLU(), conv(8, 8))
        self.slope = nn.Sequential(conv(8, 8), nn.SiLU(), conv(8, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.down(x)
        for i in range(2, 5):
            x = x + self.slope(x + self.slope(x) / i)
        return x


def test_each_call_says_the_same_whatever_it_reads() -> None:
    assert said(Solver(), level="network").count("Slope 3×3, 8, shared weights") == 6


class Cycle(nn.Module):
    """Two networks, each called on what the other gives too, and a third on one of their results."""

    def __init__(self) -> None:
        super().__init__()
        self.there, self.back = (nn.Sequential(conv(3, 8), nn.SiLU(), conv(8, 3)) for _ in range(2))
        self.judge = nn.Sequential(conv(3, 4), nn.Tanh(), conv(4, 1))

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, ...]:
        b_of_a, a_of_b = self.there(a), self.back(b)
        return b_of_a, self.back(b_of_a), a_of_b, self.there(a_of_b), self.judge(b_of_a)


@pytest.mark.parametrize("level", ["network", "flow"])
def test_networks_that_call_each_other_in_turn_are_a_box_a_call(level: str) -> None:
    made = drawn(Cycle(), ["3x16x16", "3x16x16"], level=level)
    assert differences(made) == [] == faults(made.drawing.piece)
    assert not any(op.copies for op in made.drawing.ops)
    calls = [box for box in made.drawing.piece.boxes if box.title in {"There", "Back"}]
    assert level == "flow" or len(calls) == 4


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


class Scale(nn.Module):
    """Each list's layers are called in turn with those of another: neither list is one box."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 8, 12, 16, 20)
        self.encode = nn.ModuleList(nn.Sequential(conv(a, b), conv(b, b)) for a, b in itertools.pairwise(widths))
        self.refine = nn.ModuleList(nn.Sequential(conv(b, b, 1), nn.ReLU(), conv(b, b, 1)) for b in widths[1:])
        self.head = conv(widths[-1], 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for encode, refine in zip(self.encode, self.refine, strict=True):
            x = encode(x)
            x = x + refine(x)
        y: torch.Tensor = self.head(x)
        return y


def test_modules_of_a_list_that_others_run_between_are_boxes() -> None:
    network, flow = (said(Scale(), level=level) for level in ("network", "flow"))
    assert len(network) < len(flow)
    assert [word for word in network if word.startswith("encode.")] or "refine.1 1×1, 12-12" in network


class Joined(nn.Module):
    """What there was already, beside what is made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(conv(8, 6), nn.ReLU(), conv(6, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, self.inner(x)], 1)


def test_what_was_there_already_is_no_branch() -> None:
    net = nn.Sequential(conv(3, 8), conv(8, 8), Joined(), conv(12, 8), conv(8, 2))
    words = said(net, level="network")
    assert "Joined 6-4" in words
    assert not any("identity" in word for word in words)


class Nested(nn.Module):
    """Everything in modules of modules, of which none follows another."""

    def __init__(self, inner: nn.Module | None, width: int) -> None:
        super().__init__()
        self.outer = width == 3
        between = [] if inner is None else [inner]
        self.model = nn.Sequential(
            conv(width, 8), nn.ReLU(), *between, conv(8 if inner is None else 16, 8), nn.BatchNorm2d(8)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.model(x)
        return y if self.outer else torch.cat([x, y], 1)


def test_a_network_is_not_one_box() -> None:
    inner = Nested(None, 8)
    for width in (8, 8, 8, 8, 3):
        inner = Nested(inner, width)
    net = nn.Sequential(inner).eval()
    words = said(net, level="network")
    assert not any("convolution" in word for word in words) and len(words) > 5


class Outer(nn.Module):
    """Two convolutions, added to what they read."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(width, width), nn.ReLU(), conv(width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.body(x)
        return y


class Downwards(Outer):
    """The first of a stage makes its width."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__(width)
        self.shortcut, self.body[0] = conv(before, width, 1), conv(before, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.shortcut(x) + self.body(x)
        return y


def test_the_first_of_a_stage_may_have_other_widths_but_no_other() -> None:
    def stage(*blocks: nn.Module) -> list[str]:
        parts = conv(3, 8), conv(8, 8), nn.Sequential(*blocks), conv(12, 12), conv(12, 2)
        return said(nn.Sequential(*parts), level="network")

    assert "Sequential 3 × Downwards 12-12" in stage(Downwards(8, 12), *[Downwards(12, 12) for _ in range(2)])
    assert "Sequential 4 × Downwards of 12/12/20/12" in stage(
        Downwards(8, 12), Downwards(12, 12), Downwards(12, 20), Downwards(20, 12)
    )


class WithSum(nn.Module):
    """Two blocks and a sum that is in no module below this one."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Outer(8), Outer(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.blocks(x)
        return y


def test_a_sum_is_no_part() -> None:
    words = said(nn.Sequential(conv(3, 8), WithSum(), conv(8, 8), conv(8, 2)), level="network")
    assert "WithSum 2 × Outer 3×3, 8-8" in words


class Scaled(nn.Module):
    """Equal calls on other parameters, one of them on the weights of a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.ones(4, 1, 1)), nn.Parameter(torch.ones(4, 1, 1))
        self.first, self.second, self.third = (nn.Conv2d(4, 4, 1) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.third(self.second(self.first(x * self.gain)) * self.offset)
        z: torch.Tensor = nn.functional.conv2d(y, self.first.weight, self.first.bias)
        return z


def test_at_layer_level_equal_calls_say_their_own_parameters_and_which_weights_are_shared() -> None:
    made = said(Scaled(), (4, 8, 8), level="layer", fold=False)
    assert [line for line in made if "with" in line] == ["Mul with gain", "Mul with offset"]
    assert [line for line in made if "Conv" in line] == [
        "Conv 1×1 4, shared weights", "Conv 1×1 4", "Conv 1×1 4", "Conv 1×1 4, shared weights"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "valid"),
    [
        (nn.Conv2d(3, 4, 2), True),
        (nn.Conv2d(3, 4, (1, 2)), True),
        (nn.MaxPool2d(2, 1), True),
        (nn.Conv2d(3, 4, 2, stride=2), False),
        (nn.Conv2d(3, 4, 1, stride=2), False),
        (nn.Conv2d(3, 4, 4, padding=1), False),
    ],
)
def test_an_even_window_without_padding_is_valid_too(layer: nn.Module, valid: bool) -> None:
    told = said(nn.Sequential(layer, nn.ReLU()), level="layer")[1]
    assert told.endswith(" V") is valid
