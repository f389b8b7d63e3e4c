from typing import Any

import keras
from keras import layers, ops


class Embedded(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.words = layers.Embedding(50257, 768)
        self.places = layers.Embedding(1024, 768)

    def build(self, shape: Any) -> None:
        self.words.build(shape)
        self.places.build((shape[1],))

    def call(self, tokens: Any) -> Any:
        return self.words(tokens) + self.places(ops.arange(tokens.shape[1]))


class Head(layers.Layer):
    def __init__(self, words: layers.Embedding) -> None:
        super().__init__()
        self.words = words

    def call(self, x: Any) -> Any:
        return ops.matmul(x, ops.transpose(self.words.embeddings))


def layer(x: Any, width: int, heads: int) -> Any:
    normed = layers.LayerNormalization(epsilon=1e-5)(x)
    x = layers.Add()([x, layers.MultiHeadAttention(heads, width // heads)(normed, normed, use_causal_mask=True)])
    hidden = layers.Dense(4 * width)(layers.LayerNormalization(epsilon=1e-5)(x))
    hidden = layers.Activation(lambda x: keras.activations.gelu(x, approximate=True))(hidden)
    return layers.Add()([x, layers.Dense(width)(hidden)])


def build() -> keras.Model:
    tokens = keras.Input((64,), dtype="int32")
    embedded = Embedded()
    x = embedded(tokens)
    for _ in range(12):
        x = layer(x, 768, 12)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(tokens, Head(embedded.words)(x))
