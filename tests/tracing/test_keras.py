"""Keras models against the same networks in torch, and against torch's own counter over what Keras really runs."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archscope
from archscope.errors import ArchscopeError
from archscope.measures import Measured
from archscope.model.graph import Graph
from archscope.tracing import values_of
from archscope.tracing.keras.adopted import adopted

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: `make keras` installs it", exc_type=ImportError)
layers = keras.layers


def made(build: Callable[[], Any]) -> Any:
    with keras.device("meta"):
        return build()


def macs(graph: Graph) -> int:
    total = Measured(graph)["macs"].total
    assert isinstance(total, int)
    return total


def small() -> Any:
    """What Keras pads, folds and flattens otherwise than torch."""
    x = inputs = keras.Input((17, 19, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="stem")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, name="separable")(x)
    x = layers.MaxPooling2D(2, padding="same", name="pool")(x)
    x = layers.Conv2DTranspose(5, 3, strides=2, padding="same", name="up")(x)
    x = layers.Conv2D(4, (1, 3), dilation_rate=(1, 2), name="dilated")(x)
    x = layers.Dropout(0.5, name="dropout")(layers.Flatten(name="flatten")(x))
    return keras.Model(inputs, layers.Dense(7, name="head")(x))


class Small(nn.Module):
    """The same in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8, eps=1e-3)
        self.depthwise = nn.Conv2d(8, 16, 3, 1, 1, groups=8, bias=False)
        self.pointwise = nn.Conv2d(16, 6, 1)
        self.pool = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.up = nn.ConvTranspose2d(6, 5, 3, 2)
        self.dilated = nn.Conv2d(5, 4, (1, 3), dilation=(1, 2))
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(4 * 10 * 6, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.pool(self.pointwise(self.depthwise(self.norm(self.stem(x).relu()))))
        x = self.up(x)[:, :, :10, :10]
        result: torch.Tensor = self.head(self.dilated(x).flatten(1))
        return result


CODE = "import keras\nfrom keras import layers\nfrom tests.tracing.test_keras import small, Small\n"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return archscope.trace(made(small), (3, 17, 19))


def test_rows_bear_the_names_and_classes_of_the_layers(graph: Graph) -> None:
    assert [layer.name for layer in graph.layers] == [
        "stem.conv2d", "stem.relu", "norm", "separable.depthwise", "separable.pointwise", "pool.pad", "pool.max_pool2d",
        "up", "up.getitem", "dilated", "flatten", "dropout", "head",
    ]  # fmt: skip
    kinds = ("Conv2D", "BatchNormalization", "SeparableConv2D", "DepthwiseConv2D", "Conv2D")
    paths = ("stem", "norm", "separable", "separable.depthwise", "separable.pointwise")
    assert tuple(graph.blocks[path] for path in paths) == kinds
    assert graph.layer["norm"].parameters == ("norm.gamma", "norm.beta")
    assert graph.layer["dropout"].settings["p"] == 0.5


def test_shapes_are_channels_height_width(graph: Graph) -> None:
    assert graph.inputs["input"].shape == (3, 17, 19)
    assert graph.layer["separable.pointwise"].output_shape == (6, 9, 10)
    assert graph.layer["pool.max_pool2d"].output_shape == (6, 5, 5)
    assert graph.layer["flatten"].output_shape == (240,)


def test_the_weights_of_a_model_at_hand_are_left_as_they_are() -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3)])
    with pytest.raises(ArchscopeError, match=r"weights are compared of a Keras model that is named"):
        archscope.diff(model, model, weights=True)
    assert {weight.dtype for weight in model.weights} == {"float32"}


@pytest.mark.parametrize("turned", [False, True])
def test_identical_to_the_same_in_torch_and_equal_with_its_weights(turned: bool, tmp_path: Any) -> None:
    path = tmp_path / "net.py"
    path.write_text(CODE)
    sides = [f"{path}:small", f"{path}:Small"]
    found = archscope.diff(*(sides[::-1] if turned else sides), input_size=(3, 17, 19), weights=True)
    assert found.verdict == "identical"
    assert found.proof is not None and found.proof.holds and found.proof.copied == 15


def test_the_user_has_the_model_as_it_was() -> None:
    model = small()
    seen = torch.rand(2, 17, 19, 3)
    before, result = dict(vars(model)), model(seen)
    tables = {name: dict(vars(model.layers[1])[name]) for name in ("_modules", "_parameters")}
    archscope.trace(model, (3, 17, 19), mode="train")
    assert vars(model).keys() == before.keys()
    assert all(dict(vars(model.layers[1])[name]).keys() == table.keys() for name, table in tables.items())
    assert torch.equal(model(seen), result)


# ---- against torch's counter over what Keras runs ------------------------------------------------------------------


class Tokens(layers.Layer):  # type: ignore[misc]
    """Channels last in code of somebody's own: a reshape and a product, a sum over the last axis."""

    def build(self, shape: Any) -> None:
        self.mix = self.add_weight(shape=(shape[-1], 6), name="mix")

    def call(self, x: Any) -> Any:
        tokens = keras.ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))
        return keras.ops.matmul(tokens, self.mix) + keras.ops.sum(tokens, axis=-1, keepdims=True)


def tokens() -> Any:
    return keras.Sequential([keras.Input((8, 6, 3)), layers.Conv2D(4, 3), Tokens(), layers.Dense(5)])


def dense_on_images() -> Any:
    x = inputs = keras.Input((8, 6, 3))
    x = layers.LayerNormalization(name="norm")(layers.Conv2D(4, 3)(x))
    x = layers.Dense(16, activation="gelu", name="dense")(x)
    gate = layers.Reshape((1, 1, 16))(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Conv2D(16, 1, activation="sigmoid")(gate)])
    x = layers.Concatenate()([x, layers.Activation("hard_silu")(x)])
    return keras.Model(inputs, keras.ops.mean(x[..., :8], axis=(1, 2)))


def channels_first() -> Any:
    form = {"data_format": "channels_first"}
    convs = [layers.Conv2D(4, 3, **form), layers.BatchNormalization(axis=1), layers.AveragePooling2D(2, **form)]
    return keras.Sequential([keras.Input((3, 8, 6)), *convs, layers.Flatten(**form), layers.Dense(5)])


def signal() -> Any:
    convs = [layers.Conv1D(4, 3, padding="causal"), layers.MaxPooling1D(2), layers.SeparableConv1D(6, 3)]
    return keras.Sequential([keras.Input((16, 3)), *convs, layers.GlobalMaxPooling1D(), layers.Dense(5)])


def video() -> Any:
    body = [layers.UpSampling3D((1, 2, 3)), layers.Conv3D(4, 3), layers.Flatten(), layers.Dense(5)]
    return keras.Sequential([keras.Input((4, 8, 6, 3)), *body])


def resized() -> Any:
    x = inputs = keras.Input((8, 6, 3))
    x = layers.Conv2D(4, 3, groups=1)(layers.ZeroPadding2D(((0, 1), (2, 0)))(layers.Rescaling(1 / 255)(x)))
    x = layers.Conv2D(4, 3)(layers.UpSampling2D(2)(layers.Cropping2D(1)(x)))
    return keras.Model(inputs, layers.Conv2DTranspose(3, 2, strides=2, padding="valid")(x))


def attention() -> Any:
    x = inputs = keras.Input((8, 6, 4))
    x = layers.Reshape((48, 4))(layers.Conv2D(4, 1)(x))
    return keras.Model(inputs, layers.Dense(3)(layers.MultiHeadAttention(2, 8)(x, x, use_causal_mask=False)))


NETWORKS = [small, tokens, dense_on_images, channels_first, signal, video, resized, attention]
HELD = {"attention": 2 * 2 * 48 * 48 * 8}
"""Multiplications that the counter has not, where a kernel on the CPU does them."""


@pytest.mark.parametrize("build", NETWORKS, ids=lambda build: build.__name__)
def test_macs_and_parameters_are_what_keras_runs(build: Callable[[], Any]) -> None:
    model = build()
    shape = model.input_shape[1:]
    first = shape if build is channels_first else (shape[-1], *shape[:-1])
    graph = archscope.trace(model, first)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        result = model(torch.rand(1, *shape))
    stored = [*graph.parameters.values(), *graph.buffers.values()]
    assert sum(tensor.elements for tensor in stored) == model.count_params()
    assert macs(graph) in (counter.get_total_flops() // 2, counter.get_total_flops() // 2 + HELD.get(build.__name__, 0))
    elements = result.numel()
    assert sum(torch.Size(each.shape).numel() for each in graph.named_outputs) == elements
    assert not [layer.name for layer in graph.layers if layer.operation == "empty_like"]


def test_a_dense_layer_on_an_image_is_a_convolution_of_1x1() -> None:
    graph = archscope.trace(made(dense_on_images), (3, 8, 6))
    assert graph.layer["dense.conv2d"].output_shape == (16, 6, 4)
    assert graph.layer["norm"].input_shapes == ((6, 4, 4),)  # height, width, channels, as torch norms
    assert graph.layer["getitem"].output_shape == (8, 6, 4)


def test_training_is_told() -> None:
    model = made(small)
    for mode in ("train", "eval"):
        graph = archscope.trace(model, (3, 17, 19), mode=mode)
        assert graph.layer["norm"].settings["training"] is (mode == "train")
        assert graph.layer["dropout"].settings["training"] is (mode == "train")


def test_frozen_layers_are_parameters_and_statistics_are_not() -> None:
    model = made(small)
    model.get_layer("stem").trainable = False
    graph = archscope.trace(model, (3, 17, 19))
    assert not graph.parameters["stem.kernel"].trainable
    assert graph.parameters["head.kernel"].trainable
    assert {*graph.buffers} == {"norm.moving_mean", "norm.moving_variance"}


def recurrent() -> Any:
    x = inputs = keras.Input((6, 5))
    x = layers.LSTM(4, return_sequences=True, name="lstm")(x)
    x = layers.GRU(3, return_sequences=True, go_backwards=True, name="gru")(x)
    return keras.Model(inputs, layers.SimpleRNN(2, name="rnn")(x))


def test_recurrent_layers_are_rows_of_their_own_and_compute_what_keras_computes() -> None:
    model = recurrent()
    for weight in model.weights:
        weight.assign(torch.randn(tuple(weight.shape)))
    graph = archscope.trace(model, (6, 5))
    assert [layer.operation for layer in graph.layers] == ["lstm", "flip", "gru", "rnn_tanh", "getitem"]
    stored = sum(tensor.elements for tensor in graph.parameters.values())
    assert (stored, macs(graph)) == (model.count_params(), 6 * (16 * 9 + 9 * 7 + 2 * 5))
    seen = torch.randn(2, 6, 5)
    with adopted(model):
        found = values_of(model, (seen,))[graph.layers[-1].name]
    assert torch.allclose(found, model(seen), atol=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_recurrent_layer_with_another_function_is_seen_by_what_it_calls(activation: str) -> None:
    model = made(lambda: keras.Sequential([keras.Input((6, 5)), layers.GRU(3, activation=activation)]))
    operations = [layer.operation for layer in archscope.trace(model, (6, 5)).layers]
    assert ("gru" in operations) == (activation == "tanh")
    assert macs(archscope.trace(model, (6, 5))) == 6 * 9 * (5 + 3)


def test_a_volume_is_enlarged_without_its_elements() -> None:
    graph = archscope.trace(made(lambda: keras.Sequential([keras.Input((4, 4, 4, 3)), layers.UpSampling3D(30_000)])))
    assert graph.layers[-1].output_shape == (3, *[120_000] * 3)


@pytest.mark.parametrize("layer", [lambda: layers.LSTM(4), lambda: layers.TimeDistributed(layers.Dense(4))])
def test_steps_one_by_one_have_a_bound(layer: Callable[[], Any]) -> None:
    model = made(lambda: keras.Sequential([keras.Input((3_000_000, 6)), layer()]))
    with pytest.raises(ArchscopeError, match="runs 3,000,000 steps, one by one: archscope follows 5,000"):
        archscope.trace(model)


@pytest.mark.parametrize("layer", [lambda: layers.LSTM(4), lambda: layers.GRU(4), lambda: layers.SimpleRNN(4)])
def test_a_sequence_of_other_features_is_refused(layer: Callable[[], Any]) -> None:
    model = keras.Sequential([keras.Input((20, 6)), layer()])
    with pytest.raises(ArchscopeError, match=r"shapes cannot be multiplied|same reduction dim"):
        archscope.trace(model, (20, 7))
