"""Activations by the names of transformers, as layers."""

from __future__ import annotations

from nnspec.huggingface.spelling import Written, call

ACTIVATIONS: dict[str, Written] = {
    "gelu": Written("GELU"),
    "gelu_python": Written("GELU"),
    "gelu_new": call("GELU", "tanh"),
    "gelu_fast": call("GELU", "tanh"),
    "gelu_pytorch_tanh": call("GELU", "tanh"),
    "leaky_relu": Written("LeakyReLU"),
    "mish": Written("Mish"),
    "relu": Written("ReLU"),
    "relu6": Written("ReLU6"),
    "sigmoid": Written("Sigmoid"),
    "silu": Written("SiLU"),
    "swish": Written("SiLU"),
    "tanh": Written("Tanh"),
}
