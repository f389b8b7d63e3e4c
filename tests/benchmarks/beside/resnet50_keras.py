from typing import Any

import keras
from keras import layers


def convolution(x: Any, filters: int, size: int, stride: int = 1, relu: bool = True) -> Any:
    if size > 1:
        x = layers.ZeroPadding2D(size // 2)(x)
    x = layers.Conv2D(filters, size, strides=stride, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x) if relu else x


def bottleneck(x: Any, width: int, stride: int = 1) -> Any:
    body = convolution(x, width, 1)
    body = convolution(body, width, 3, stride)
    body = convolution(body, 4 * width, 1, relu=False)
    if stride != 1 or x.shape[-1] != 4 * width:
        x = convolution(x, 4 * width, 1, stride, relu=False)
    return layers.ReLU()(layers.Add()([body, x]))


def build() -> keras.Model:
    image = keras.Input((224, 224, 3))
    x = convolution(image, 64, 7, 2)
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for width, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for index in range(count):
            x = bottleneck(x, width, 2 if index == 0 and width > 64 else 1)
    logits = layers.Dense(1000)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, logits)
