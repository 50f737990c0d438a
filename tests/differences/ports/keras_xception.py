"""Xception as a reader of a blog writes it in Keras: biases, `same` padding everywhere, a second Dense."""

from typing import Any

import keras
from keras import layers


def conv(x: Any, filters: int, kernel_size: int, strides: int = 1) -> Any:
    x = layers.Conv2D(filters, kernel_size, strides=strides, padding="same")(x)
    return layers.BatchNormalization()(x)


def separable(x: Any, filters: int) -> Any:
    x = layers.SeparableConv2D(filters, 3, padding="same")(x)
    return layers.BatchNormalization()(x)


def downsampled(x: Any, filters: int, last: int, first_relu: bool = True) -> Any:
    shortcut = conv(x, last, 1, 2)
    if first_relu:
        x = layers.ReLU()(x)
    x = layers.ReLU()(separable(x, filters))
    x = separable(x, last)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    return layers.Add()([x, shortcut])


def middle(x: Any) -> Any:
    shortcut = x
    for _ in range(3):
        x = separable(layers.ReLU()(x), 728)
    return layers.Add()([x, shortcut])


def my_xception() -> Any:
    inputs = keras.Input((299, 299, 3))
    x = layers.ReLU()(conv(inputs, 32, 3, 2))
    x = layers.ReLU()(conv(x, 64, 3))
    x = downsampled(x, 128, 128, first_relu=False)
    x = downsampled(x, 256, 256)
    x = downsampled(x, 728, 728)
    for _ in range(8):
        x = middle(x)
    x = downsampled(x, 728, 1024)
    x = layers.ReLU()(separable(x, 1536))
    x = layers.ReLU()(separable(x, 2048))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(1000, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(1000, activation="softmax")(x))
