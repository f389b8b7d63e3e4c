"""Which spec of the zoo each record of Keras belongs to."""

from __future__ import annotations

from typing import Any

Spec = tuple[str, str, dict[str, Any]]  # file, model, settings

# Record -> its spec. Keras' networks end in a softmax where the specs give logits for the loss, unless told otherwise.
KERAS: dict[str, Spec] = {
    "keras_mnist_mlp": ("mlp_mnist.nn", "MnistMLP", {}),
    "keras_mnist_convnet": ("mnist_convnet.nn", "MnistConvNet", {"probabilities": True}),
    "keras_conv_autoencoder": ("ae_conv.nn", "ConvAutoencoder", {}),
    "keras_mobilenet": ("mobilenet.nn", "MobileNet", {}),
    "keras_mobilenet_v2": ("mobilenet_v2.nn", "KerasMobileNetV2", {}),
    "keras_imdb_lstm": ("imdb_lstm.nn", "IMDBLSTM", {}),
    "keras_gru": ("gru_regression.nn", "GRURegression", {}),
}

# Class of Keras -> the layers that a spec may have for it. What is left out owns nothing and is another thing in a
# spec: padding belongs to the convolution, a sum of two branches to the residual, a softmax to the layer before it.
KINDS: dict[str, tuple[str, ...]] = {
    "Conv2D": ("Conv2d",),
    "DepthwiseConv2D": ("Conv2d",),
    "BatchNormalization": ("BatchNorm2d",),
    "ReLU": ("ReLU6",),
    "MaxPooling2D": ("MaxPool2d",),
    "UpSampling2D": ("Upsample",),
    "Flatten": ("Flatten",),
    "Dropout": ("Dropout",),
    "Dense": ("Linear",),
    "Embedding": ("Embedding",),
    "LSTM": ("LSTM",),
    "GRU": ("GRU",),
}
LEFT_OUT = {"InputLayer", "ZeroPadding2D", "Add", "GlobalAveragePooling2D", "Reshape", "Activation", "Softmax"}
