"""What stages are called."""

import pytest

from archscope.views.diagram.ops.names import stage_title


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
