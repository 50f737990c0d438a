"""What stages are called."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

import archscope
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.names import family, joined_title, stage_title, title_of, within_title
from archscope.views.diagram.ops.ops import Op
from archscope.views.diagram.plan.folding import with_titles
from archscope.views.diagram.plan.items import Leaf, Panel
from archscope.views.diagram.plan.levels import Plan
from archscope.views.diagram.plan.modules import Modules
from archscope.views.diagram.plan.smaller import box_title
from tests.graphs import in_paper, report_of, six_layers


def test_a_network_is_called_as_in_its_paper_also_where_its_report_was_saved() -> None:
    assert title_of(in_paper("convnext_tiny")) == "ConvNeXt-T"
    assert title_of(in_paper("mobilenet_v1?width_multiplier=0.5")) == "MobileNet, width_multiplier=0.5"
    assert title_of(report_of(six_layers("convnext_tiny"))) == "Convnext tiny"  # somebody's own
    saved = archscope.Report.from_json(in_paper("mobilenet_v1").to_json())
    assert archscope.explore(saved).named == ["MobileNet"]


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("inception3a", "Inception", "Inception3a"),
        ("layer2", "Layer", "layer2"),
        ("head", "SSDHead", "Head: SSDHead"),
        ("stages.2", "Stage", "stages.2: Stage"),
    ],
)
def test_a_stage_whose_name_is_its_class_and_a_number_says_it_once(path: str, kind: str, said: str) -> None:
    assert stage_title(path, kind) == said


def test_modules_of_a_table_that_are_only_counted_are_one_family() -> None:
    assert {family(f"nodes.{i}_{j}", "Sequential") for i in range(2) for j in range(2)} == {"nodes"}
    assert family("conv2_x", "Sequential") == "conv"


def test_a_block_is_not_told_again_where_its_stage_is_called_by_it() -> None:
    assert joined_title("Bottlenecks 3", "Bottleneck") == "Bottlenecks 3"
    assert joined_title("Dense block 1", "DenseLayer") == "Dense block 1: DenseLayer"


def test_a_box_does_not_say_the_title_of_its_frame() -> None:
    assert within_title("Dense block 1", "Dense block 1: DenseLayer") == "DenseLayer"
    assert within_title("Body: layer1", "layer1: Bottleneck") == "Bottleneck"
    assert within_title("layer2", "layer1: Bottleneck") == "layer1: Bottleneck"
    assert within_title("", "Head") == "Head"


class Numbered(nn.Module):
    """Stages of no class, called alike and by a number, and equal ones."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.tail = nn.Module(), nn.Module()
        self.body.layer1, self.body.layer2 = nn.Sequential(*convolutions(2)), nn.Sequential(*convolutions(3))
        self.tail.layer1, self.tail.layer2 = nn.Sequential(*convolutions(2)), nn.Sequential(*convolutions(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.tail.layer2(self.tail.layer1(self.body.layer2(self.body.layer1(x))))  # type: ignore[operator]
        return y


def convolutions(count: int, width: int = 4) -> list[nn.Module]:
    return [nn.Conv2d(width, width, 1) for _ in range(count)]


def test_a_closed_stage_says_which_it_is_where_its_sisters_are_not_like_it() -> None:
    graph = archscope.trace(Numbered(), (4, 8, 8))
    ops, _ = drawn(graph, "")
    modules, plan = Modules(ops, graph.blocks), Plan(ops)
    said = [box_title(f"{holder}.layer{i}", plan, modules) for holder in ("body", "tail") for i in (1, 2)]
    assert said == ["Body: layer1", "Body: layer2", "Tail", "Tail"]


class Refined(nn.Module):
    """A stage that changes the width, then has equal blocks of no class of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.stage2 = nn.Sequential(
            nn.Conv2d(4, 8, 2, 2), nn.BatchNorm2d(8), *[nn.Sequential(*convolutions(2, 8)) for _ in range(3)]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.stage2(self.stem(x))
        return y


def test_no_frame_says_the_title_of_the_one_around_it() -> None:
    frames = archscope.diagram(Refined(), (3, 8, 8)).drawing.piece.frames
    assert [(frame.title, frame.repeat) for frame in frames] == [("stage2", 1), ("", 3)]


def test_boxes_in_a_frame_do_not_say_again_what_it_says() -> None:
    op = Op("layer1.0/", "module", "layer1: Bottleneck", "layer1.0", (), (), ())
    (panel,) = with_titles([Panel("layer1", "layer1", lambda: [Leaf(op)], [op], op)])
    assert isinstance(panel, Panel) and isinstance(panel.body[0], Leaf)
    assert panel.body[0].op.word == "Bottleneck"


class Unit(nn.Sequential):
    def __init__(self, width: int) -> None:
        super().__init__(nn.Conv2d(4, width, 1), nn.Conv2d(width, 4, 3, padding=1))


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = Unit(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.body(x)
        return y


def test_at_a_depth_a_wrapped_module_is_called_as_its_like_beside_it() -> None:
    stage = nn.Sequential(OrderedDict(unit1=Unit(8), unit2=Residual(8), unit3=Residual(16)))
    net = nn.Sequential(OrderedDict(stem=nn.Conv2d(3, 4, 1), stage1=stage))
    made = archscope.diagram(net, (3, 8, 8), depth=2)
    assert [box.title for box in made.drawing.piece.boxes if box.kind == "module"] == ["stage1: Unit"] * 3


class Fused(nn.Module):
    """An argument of `forward` that is called like a module."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.depth = nn.Conv2d(3, 4, 3), nn.Conv2d(1, 4, 3)

    def forward(self, rgb: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.image(rgb) + self.depth(depth)
        return y


def test_an_input_is_called_as_forward_calls_it() -> None:
    svg = str(archscope.diagram(Fused(), input_size=[(3, 9, 9), (1, 9, 9)], level="network"))
    assert ">depth<" in svg and ">depth_<" not in svg
