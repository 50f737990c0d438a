"""DOT and Mermaid say what the picture shows, folded or not."""

import re

import pytest

import archscope
from archscope.model.report import Report
from archscope.networks import catalogue
from archscope.views.diagram.drawing import Diagram, DiagramOptions, draw
from archscope.views.diagram.place.engines import embedded


@pytest.fixture(scope="module")
def xception() -> Report:
    return archscope.summarize("xception")


def dot_edges(made: Diagram) -> set[tuple[str, str]]:
    return set(re.findall(r'^ *"(.+)" -> "(.+)"$', made.to_dot(), re.MULTILINE))


def test_unfolded_every_operation_and_tensor_is_written(xception: Report) -> None:
    made = draw(xception, DiagramOptions(fold=False))
    assert dot_edges(made) == {(source, op.name) for op in made.drawing.ops for source in op.inputs}
    assert len(re.findall(r"fillcolor", made.to_dot())) == len(made.drawing.ops)
    assert "×" not in re.sub(r"\d×\d", "", made.to_dot())


def test_folded_the_middle_flow_is_written_once(xception: Report) -> None:
    made = draw(xception)
    assert 'label="Middle flow ×8"' in made.to_dot()
    assert "middle_flow.block1." in made.to_dot() and "middle_flow.block2." not in made.to_dot()
    assert '["Middle flow ×8"]' in made.to_mermaid()
    names = {name for edge in dot_edges(made) for name in edge}
    assert names == {box.name for box in made.drawing.piece.boxes if box.op and box.op.path}
    assert any(a == "middle_flow.block1.add" and b.startswith("exit_flow.") for a, b in dot_edges(made))


def test_a_folded_box_says_how_many_it_stands_for() -> None:
    made = draw(archscope.summarize("vgg16"))
    assert 'label="Conv ×3' in made.to_dot()
    assert '["Conv ×3<br/>' in made.to_mermaid()


@pytest.mark.parametrize("name", [name for name in catalogue() if name in {"googlenet", "senet154", "densenet121"}])
def test_graphviz_places_it(name: str) -> None:
    made = draw(archscope.summarize(name))
    assert embedded(made.to_dot())
