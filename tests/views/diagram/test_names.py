"""What stages are called."""

import pytest

from archscope.views.diagram.ops.names import joined_title, stage_title


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


def test_a_block_is_not_told_again_where_its_stage_is_called_by_it() -> None:
    assert joined_title("Bottlenecks 3", "Bottleneck") == "Bottlenecks 3"
    assert joined_title("Dense block 1", "DenseLayer") == "Dense block 1: DenseLayer"
