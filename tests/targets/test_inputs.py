import pytest
import torch
from torch import nn

from archscope.model.input_sizes import Input, parse_input
from archscope.targets.inputs import SIDES, Expected, expected_by


@pytest.mark.parametrize(
    ("text", "own", "completed", "images"),
    [
        ("299", (3, 224, 224), "3x299x299", None),
        ("299x199", (3, 224, 224), "3x299x199", None),
        ("(1, 3, 299, 299)", (3, 224, 224), "3x299x299", 1),
        ("99", (1, 32, 32), "1x99x99", None),
        ("3x99x99", (3, 224, 224), "3x99x99", None),
        ("8x3x99x99", (3, 224, 224), "3x99x99", 8),
        ("x=8x3x99x99", (3, 224, 224), "x=3x99x99", 8),
    ],
)
def test_what_is_left_out_is_the_networks_own(
    text: str, own: tuple[int, ...], completed: str, images: int | None
) -> None:
    assert Expected((Input(own),)).complete(parse_input(text)) == (parse_input(completed), images)


def test_integers_where_an_embedding_comes_first() -> None:
    expected = expected_by(nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2)))
    assert expected
    assert expected.complete(parse_input("16")) == (Input((16,), "int64"), None)


@pytest.mark.parametrize(
    ("first", "size", "why"),
    [
        (nn.Conv2d(4, 8, 3), (4, SIDES[0], SIDES[0]), "takes 4 channels"),
        (nn.Conv1d(2, 8, 3), (2, 1024), "takes 2 channels"),
        (nn.Conv3d(3, 8, 3), (3, 16, 112, 112), "takes 3 channels"),
        (nn.BatchNorm2d(6), (6, SIDES[0], SIDES[0]), "takes 6 channels"),
        (nn.Linear(7, 2), (7,), "takes 7 features"),
        (nn.Embedding(1000, 2), (128,), "takes 1,000 different integers"),
        (nn.utils.parametrizations.weight_norm(nn.Conv2d(5, 8, 3)), (5, SIDES[0], SIDES[0]), "takes 5 channels"),
    ],
)
def test_what_a_first_layer_says(first: nn.Module, size: tuple[int, ...], why: str) -> None:
    expected = expected_by(nn.Sequential(nn.Sequential(nn.Identity(), first), nn.Linear(2, 2)))
    assert expected
    assert expected.inputs[0].size == size
    assert expected.why == f"its first layer, 0.1, {why}"


@pytest.mark.parametrize("first", [nn.ReLU(), nn.LSTM(3, 4), nn.LazyConv2d(3, 3), nn.Bilinear(1, 2, 3)])
def test_a_first_layer_that_does_not_say(first: nn.Module) -> None:
    assert expected_by(nn.Sequential(first)) is None


def test_a_class_of_somebody_elses_may_bear_a_known_name() -> None:
    class Embedding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(3, 8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.patches(x)
            return y

    expected = expected_by(Embedding())

    assert expected is not None
    assert expected.why == "its first layer, patches, takes 3 channels"
