"""The families of layers that a picture tells apart by colour: a family of `nnspec/layers/families` has one."""

from __future__ import annotations

from typing import Literal

from nnspec.layers.base import Layer

Family = Literal[
    "convolution", "linear", "attention", "recurrent", "embedding", "normalization", "activation", "pooling", "dropout",
    "merge", "shape", "loss", "block", "port", "other",
]  # fmt: skip

_OF_MODULES: dict[Family, str] = {
    "convolution": "convolution transposed_convolution",
    "linear": "linear einsum",
    "attention": "attention cached_attention memory_attention multihead_attention rotary relative_position",
    "recurrent": "recurrent cells",
    "embedding": "embedding position",
    "normalization": "normalization normalize",
    "activation": "rectifiers sigmoids smooth softmax elementwise shrinking trigonometry",
    "pooling": "adaptive_pooling average_pooling max_pooling power_pooling resizing",
    "dropout": "dropout channel_dropout",
    "merge": "combine operators",
    "shape": "axes fitting folding gathering indexing overlap padding rearranging repetition shape shuffling",
    "loss": "loss",
}
_BY_MODULE = {module: family for family, modules in _OF_MODULES.items() for module in modules.split()}


def family_of(layer: Layer) -> Family:
    """The family that a layer is coloured by."""
    if layer.activation:
        return "activation"
    return _BY_MODULE.get(type(layer).__module__.rpartition(".")[2], "other")


COLOURS: dict[Family, tuple[str, str]] = {  # filling and border by day; for the night they are turned darker
    "convolution": ("#dbe9fb", "#3f76b5"),
    "linear": ("#d9f0e3", "#3b8a62"),
    "attention": ("#fde3cf", "#c46a22"),
    "recurrent": ("#d8eef2", "#2f8496"),
    "embedding": ("#fbdde3", "#b94d66"),
    "normalization": ("#fbf3c8", "#9c8a1e"),
    "activation": ("#fce4d9", "#b5593a"),
    "pooling": ("#e6e0f7", "#7058b0"),
    "dropout": ("#ececec", "#8a8a8a"),
    "merge": ("#ffffff", "#4a4a4a"),
    "shape": ("#f1eee8", "#8c7f68"),
    "loss": ("#f9d6d6", "#b03a3a"),
    "block": ("#f6f7f9", "#7b8794"),
    "port": ("#ffffff", "#5d6773"),
    "other": ("#eef1f4", "#6b7682"),
}

NIGHT: dict[Family, tuple[str, str]] = {
    "convolution": ("#1d3550", "#7fb0e6"),
    "linear": ("#1b3d2d", "#74c69b"),
    "attention": ("#4a2c14", "#f0a468"),
    "recurrent": ("#163a42", "#6cc0d0"),
    "embedding": ("#4a1f2b", "#ee90a5"),
    "normalization": ("#3e3912", "#d9c85a"),
    "activation": ("#47261a", "#eb9b7e"),
    "pooling": ("#2d2450", "#ad98ea"),
    "dropout": ("#313131", "#a5a5a5"),
    "merge": ("#20262d", "#c3c9d0"),
    "shape": ("#352f24", "#c0b296"),
    "loss": ("#4a1c1c", "#ee8a8a"),
    "block": ("#1a2027", "#8c98a5"),
    "port": ("#161b21", "#a8b2bd"),
    "other": ("#262c33", "#98a3af"),
}
