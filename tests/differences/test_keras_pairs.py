"""Keras layers against each other and against torch's modules, by what both really give."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import archscope

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: `make keras` installs it", exc_type=ImportError)
layers, ops = keras.layers, keras.ops
IMAGE = (6, 6, 6)


def series(*parts: Any, shape: tuple[int, ...] = IMAGE) -> Any:
    return keras.Sequential([keras.Input(shape), *parts])


def said(a: Any, b: Any, size: Any = None) -> tuple[str, list[str]]:
    found = archscope.diff(a, b, size)
    return found.verdict, [row.what for row in found.differences]


class Of(nn.Module):
    """A function of an image and of layers."""

    def __init__(self, function: Callable[..., torch.Tensor], **parts: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, x)


def attended(kind: Any, **options: Any) -> Any:
    given = keras.Input((6, 6))
    return keras.Model(given, kind(**options)([given, given]))


# ---- what is returned, and by which axes ------------------------------------------------------------------------

TURNED: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "image": (lambda: series(layers.Conv2D(6, 1)), lambda: series(layers.Conv2D(6, 1), layers.Permute((3, 1, 2)))),
    "flattened image": (
        lambda: series(layers.Conv2D(6, 1), layers.Flatten()),
        lambda: series(layers.Conv2D(6, 1), layers.Permute((3, 1, 2)), layers.Flatten()),
    ),
    "signal": (
        lambda: series(layers.Conv1D(6, 1), shape=(6, 6)),
        lambda: series(layers.Conv1D(6, 1), layers.Permute((2, 1)), shape=(6, 6)),
    ),
    "tokens": (
        lambda: series(layers.Reshape((36, 6)), layers.Conv1D(6, 1)),
        lambda: series(layers.Reshape((36, 6)), layers.Conv1D(6, 1), layers.Permute((2, 1))),
    ),
}


@pytest.mark.parametrize("name", TURNED)
def test_a_result_that_is_turned_is_another(name: str) -> None:
    plain, turned = TURNED[name]
    verdict, rows = said(turned(), plain())
    assert (verdict, len(rows)) == ("same_parameters", 1)
    assert "permutation" in rows[0] or "axes" in rows[0] or "reshape" in rows[0]
    assert said(plain(), plain())[0] == said(turned(), turned())[0] == "identical"


def test_a_result_is_one_however_it_came_about() -> None:
    conv = lambda *more: series(layers.Conv2D(6, 1), *more)  # noqa: E731
    assert said(conv(layers.Reshape(IMAGE)), conv())[0] == "identical"
    assert said(conv(layers.Permute((3, 1, 2)), layers.Permute((2, 3, 1))), conv())[0] == "identical"


@pytest.mark.parametrize(
    ("own", "torchs"),
    [
        (lambda x: ops.glu(x, axis=-1), lambda x: F.glu(x, 1)),
        (lambda x: ops.glu(x, axis=1), lambda x: F.glu(x, 2)),
        (lambda x: ops.swapaxes(x, 1, 2), lambda x: x.transpose(2, 3)),
    ],
)
def test_axes_of_keras_operations(own: Any, torchs: Any) -> None:
    assert said(series(layers.Lambda(own)), Of(lambda self, x: torchs(x)), IMAGE)[0] == "identical"


def test_several_inputs_by_their_places() -> None:
    one, two = keras.Input(IMAGE), keras.Input(IMAGE)
    model = lambda inputs: keras.Model(inputs, layers.Subtract()([one, two]))  # noqa: E731
    assert said(model([one, two]), model([one, two]))[0] == "identical"
    assert said(model([one, two]), model([two, one]))[0] == "same_parameters"


# ---- what differs in training alone -----------------------------------------------------------------------------


def attention(**options: Any) -> Any:
    x = keras.Input((6, 8))
    return keras.Model(x, layers.MultiHeadAttention(2, 4, **options)(x, x))


IN_TRAINING: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "momentum": (
        lambda: series(layers.BatchNormalization()),
        lambda: series(layers.BatchNormalization(momentum=0.9)),
    ),
    "whole channels": (
        lambda: series(layers.SpatialDropout2D(0.3)),
        lambda: series(layers.SpatialDropout2D(0.5)),
    ),
    "whole channels by shape": (
        lambda: series(layers.Dropout(0.3, noise_shape=(None, 1, 1, 6))),
        lambda: series(layers.Dropout(0.3)),
    ),
    "whole images": (
        lambda: series(layers.Dropout(0.3, noise_shape=(None, 1, 1, 1))),
        lambda: series(layers.Dropout(0.5, noise_shape=(None, 1, 1, 1))),
    ),
    "alpha": (lambda: series(layers.AlphaDropout(0.3)), lambda: series(layers.AlphaDropout(0.5))),
    "alpha of parts": (
        lambda: series(layers.AlphaDropout(0.3, noise_shape=(None, 1, 1, 6))),
        lambda: series(layers.AlphaDropout(0.5, noise_shape=(None, 1, 1, 6))),
    ),
    "alpha of all": (
        lambda: series(layers.AlphaDropout(0.3, noise_shape=(None, 1, 1, 6))),
        lambda: series(layers.AlphaDropout(0.3)),
    ),
    "product attention": (lambda: attended(layers.Attention, dropout=0.3), lambda: attended(layers.Attention)),
    "rate of attention": (
        lambda: attended(layers.Attention, dropout=0.3),
        lambda: attended(layers.Attention, dropout=0.5),
    ),
    "additive attention": (
        lambda: attended(layers.AdditiveAttention, dropout=0.3),
        lambda: attended(layers.AdditiveAttention),
    ),
    "noise": (lambda: series(layers.GaussianNoise(0.3)), lambda: series(layers.GaussianNoise(0.5))),
    "noise by product": (lambda: series(layers.GaussianDropout(0.3)), lambda: series(layers.GaussianNoise(0.3))),
    "recurrent": (
        lambda: series(layers.LSTM(4, dropout=0.3), shape=(5, 4)),
        lambda: series(layers.LSTM(4, recurrent_dropout=0.3), shape=(5, 4)),
    ),
    "attention": (attention, lambda: attention(dropout=0.3)),
}


@pytest.mark.parametrize("name", IN_TRAINING)
def test_what_differs_in_training_alone(name: str) -> None:
    one, other = IN_TRAINING[name]
    assert said(one(), other())[0] == said(other(), one())[0] == "same_function"
    assert said(one(), one())[0] == said(other(), other())[0] == "identical"


def test_what_a_convolution_with_a_state_drops_is_not_compared() -> None:
    dropping, whole = (series(layers.ConvLSTM2D(4, 3, dropout=p), shape=(2, *IMAGE)) for p in (0.3, 0.0))
    found = archscope.diff(dropping, whole)
    assert (found.verdict, len(found.not_compared)) == ("not_compared", 1)
    assert "drops in training" in found.not_compared[0]


@pytest.mark.parametrize(
    ("own", "torchs", "verdict"),
    [(0.99, 0.1, "identical"), (0.9, 0.1, "identical"), (0.99, 0.01, "identical"), (0.95, 0.1, "same_function"),
     (0.99, 0.2, "same_function")],
)  # fmt: skip
def test_a_momentum_that_nobody_chose_is_no_difference(own: float, torchs: float, verdict: str) -> None:
    reference = nn.BatchNorm2d(6, eps=1e-3, momentum=torchs)
    assert said(series(layers.BatchNormalization(momentum=own)), reference, IMAGE)[0] == verdict


# ---- against torch ----------------------------------------------------------------------------------------------


class Projected(nn.Module):
    """Attention of three projections."""

    def __init__(self, heads: int = 2) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(8, 8) for _ in range(4))
        self.heads = heads

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)]
        out: torch.Tensor = self.out(F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2))
        return out


AGAINST: dict[str, tuple[Callable[[], Any], nn.Module, nn.Module, tuple[int, ...]]] = {
    "groups": (
        lambda: series(layers.GroupNormalization(2)), nn.GroupNorm(2, 6, eps=1e-3), nn.GroupNorm(3, 6, eps=1e-3), IMAGE
    ),
    "slopes": (lambda: series(layers.PReLU(shared_axes=[1, 2])), nn.PReLU(6), nn.PReLU(), IMAGE),
    "a highest value": (lambda: series(layers.ReLU(max_value=4.0)), nn.Hardtanh(0, 4), nn.ReLU6(), IMAGE),
    "equation": (
        lambda: series(layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d"), shape=(5, 6)),
        nn.Linear(6, 4), nn.Linear(6, 4, bias=False), (5, 6),
    ),
    "attention": (attention, Projected(), Projected(4), (6, 8)),
    "both ways": (
        lambda: series(layers.Bidirectional(layers.GRU(5, return_sequences=True)), shape=(6, 8)),
        Of(lambda s, x: s.r(x)[0], r=nn.GRU(8, 5, batch_first=True, bidirectional=True)),
        Of(lambda s, x: s.r(x)[0], r=nn.GRU(8, 10, batch_first=True)), (6, 8),
    ),
    "whole channels": (
        lambda: series(layers.SpatialDropout2D(0.3)), nn.Dropout2d(0.3), nn.Sequential(nn.Dropout2d(0.3), nn.ReLU()),
        IMAGE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AGAINST)
def test_a_layer_against_torchs_and_a_near_miss(name: str) -> None:
    own, same, other, size = AGAINST[name]
    assert said(own(), same, size) == ("identical", [])
    assert said(own(), other, size)[0] in {"same_parameters", "different"}


CODE = """
import keras
from torch import nn
def images():
    return keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(4, 3), keras.layers.LayerNormalization()])
class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.LayerNorm(4, eps=1e-3)
    def forward(self, x):
        return self.norm(self.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
def words():
    return keras.Sequential([keras.Input((5,), dtype="int32"), keras.layers.Embedding(9, 4)])
def embedded():
    return nn.Embedding(9, 4)
"""


@pytest.mark.parametrize(
    ("own", "reference", "size"), [("images", "Images", "3x6x6"), ("words", "embedded", "5:int32")]
)
def test_weights_of_a_series_of_layers_prove_it(own: str, reference: str, size: str, tmp_path: Path) -> None:
    code = tmp_path / "net.py"
    code.write_text(CODE, encoding="utf-8")
    found = archscope.diff(f"{code}:{own}", f"{code}:{reference}", size, weights=True)
    assert found.verdict == "identical"
    assert found.proof is not None and found.proof.holds


def test_slopes_along_other_axes_are_said() -> None:
    slopes = [series(layers.PReLU(shared_axes=axes)) for axes in ([1, 3], [2, 3])]
    assert said(*slopes) == (
        "same_parameters",
        ["multiplication: repeats along axes 0 and 1 instead of along axes 0 and 2"],
    )
