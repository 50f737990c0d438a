"""What holds for every picture: it is the network, nothing lies on anything, and it can be read on a page."""

from collections.abc import Iterator
from functools import cache

import pytest
import torch
from torch import nn

import archscope
from archscope.model.report import Report
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.ops.drawn import drawn
from archscope.views.diagram.ops.names import family
from archscope.views.diagram.ops.ops import upwards
from tests.conftest import EVERYTHING
from tests.views.diagram.checker import faults, misfits
from tests.views.diagram.rebuild import differences
from tests.zoo import NETWORKS

BLOCKS = {
    "inception_v3": ("stem", "inception_a", "reduction_a", "inception_b", "reduction_b", "inception_c"),
    "inception_v4": ("stem", "inception_a", "reduction_a", "inception_b", "reduction_b", "inception_c"),
    "inception_resnet_v1": ("stem", "inception_resnet_a", "reduction_a", "inception_resnet_b", "inception_resnet_c"),
    "inception_resnet_v2": ("stem", "inception_resnet_a", "reduction_a", "inception_resnet_b", "reduction_b",
                            "inception_resnet_c"),
    "googlenet": ("inception_3a",),
    "resnet50": ("conv2_x", "conv3_x.bottleneck1", "conv3_x.bottleneck2"),
    "resnext50_32x4d": ("conv3.block1",),
    "densenet121": ("dense_block1",),
    "seresnet50": ("conv2_x.block1", "conv2_x.block2"),
    "xception": ("entry_flow", "entry_flow.block1", "middle_flow"),
    "efficientnet_b0": ("stage3",),
}  # fmt: skip
LAYERS = ("inception_resnet_v2_released", "seresnet50", "densenet121", "lenet5")


@cache
def report(name: str) -> Report:
    return archscope.summarize(name)


def pictures(name: str) -> Iterator[tuple[str, Diagram]]:
    """The network's pictures that have a bound on their size, each with what it is."""
    for level in ("network", "flow"):
        yield f"{name} {level}", draw(report(name), DiagramOptions(level=level))
    for block in BLOCKS.get(name, ()):
        yield f"{name} {block}", draw(report(name), DiagramOptions(block=block))


def closed_families(made: Diagram) -> set[str]:
    return {family(path, made.report.graph.blocks[path]) for path in made.drawing.plan.closed}


def open_families(made: Diagram) -> set[str]:
    drawn = [frame.path for frame in made.drawing.piece.frames if frame.path and made.options.level == "flow"]
    return {family(path, made.report.graph.blocks[path]) for path in drawn}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_picture_is_the_network_without_overlaps_and_fits_a_page(name: str) -> None:
    for said, made in pictures(name):
        check_fits(said, made)
        if made.options.level != "block":
            assert sorted(layer for op in made.drawing.ops for layer in op.layers) == sorted(report(name).graph.layer)
        if len(open_families(made)) > 1:  # of one sort alone that is open, one look may be
            assert open_families(made).isdisjoint(closed_families(made)), said


def check_fits(said: str, made: Diagram) -> None:
    assert differences(made) == [], said
    assert faults(made.drawing.piece) == [], said
    assert misfits(made) == [], said


@pytest.mark.parametrize(("form", "said"), [*([("a", "×32")] if EVERYTHING else []), ("b", "×32"), ("c", "32 groups")])
def test_the_three_forms_of_a_resnext_block(form: str, said: str) -> None:
    made = draw(archscope.summarize("resnext50_32x4d", options={"form": form}), DiagramOptions(block="conv2.block1"))
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    assert len([box for box in made.drawing.piece.boxes if box.form != "point"]) <= 10
    assert said in str(made)


@pytest.mark.parametrize("name", ["mobilenet_v1", "xception", "lenet5", "seresnet50", "googlenet"])
def test_whatever_module_is_drawn_its_picture_has_all_that_it_does_and_nothing_else(name: str) -> None:
    graph = report(name).graph
    inside: dict[str, set[str]] = {}
    for layer in graph.layers:
        for path in [*upwards(layer.name)][1:-1]:
            inside.setdefault(path, set()).add(layer.name)
    for path, layers in inside.items():
        ops, _ = drawn(graph, path)
        assert {name for op in ops for name in op.layers} == layers, path
    few = {graph.blocks[path]: path for path in inside}  # one of each class
    for path in few.values():
        made = draw(report(name), DiagramOptions(block=path))
        assert faults(made.drawing.piece) == [], path


class Shown(nn.Module):
    """What one part of a list gives is seen otherwise before the next part, by what holds the list."""

    def __init__(self) -> None:
        super().__init__()
        convolutions = [nn.Conv2d(8, 8, size, padding=size // 2) for size in (1, 3, 5)]
        self.parts = nn.ModuleList(nn.Sequential(one, nn.BatchNorm2d(8)) for one in convolutions)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for part in self.parts:
            x = part(x).flatten(2).transpose(1, 2).transpose(1, 2).unflatten(2, (8, 8))
        return x


def test_views_between_the_parts_of_a_block_do_not_part_them() -> None:
    made = draw(archscope.summarize(Shown(), (8, 8, 8)), DiagramOptions(block="parts"))
    assert differences(made) == []
    assert [box.title for box in made.drawing.piece.boxes if box.kind == "tensor"] == ["Input"]


@pytest.mark.parametrize("name", LAYERS)
def test_layer_level_draws_every_layer(name: str) -> None:
    made = draw(report(name), DiagramOptions(level="layer"))
    assert differences(made) == []
    assert faults(made.drawing.piece) == []
    assert [layer for op in made.drawing.ops for layer in op.layers] == list(report(name).graph.layer)


@pytest.mark.parametrize("name", NETWORKS if EVERYTHING else NETWORKS[::3])
def test_from_left_to_right_it_is_the_same_network_on_a_page(name: str) -> None:
    check_fits(name, draw(report(name), DiagramOptions(direction="LR")))


@pytest.mark.parametrize("name", ["densenet121", "inception_v4", "xception", "seresnet50"])
def test_from_bottom_to_top_it_is_the_same_network_on_a_page(name: str) -> None:
    check_fits(name, draw(report(name), DiagramOptions(direction="BT")))


def test_unfolded_every_block_is_drawn() -> None:
    made = draw(report("resnet50"), DiagramOptions(fold=False))
    assert differences(made) == []
    assert all(box.repeat == 1 for box in made.drawing.piece.boxes)


def test_the_same_picture_has_the_same_bytes() -> None:
    options = DiagramOptions(level="flow")
    assert draw(report("xception"), options).svg == draw(archscope.summarize("xception"), options).svg
