"""Configurations of SigLIP: images and texts in one space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nnspec.huggingface.clip import Tower
from nnspec.huggingface.configuration import Configuration, Head, Positive, Problem, Width
from nnspec.huggingface.draft import Variant
from nnspec.huggingface.spelling import Argument


class Half(Tower):
    """The base of the two halves."""

    supported: ClassVar = {**Tower.supported, "hidden_act": ("gelu_pytorch_tanh",), "layer_norm_eps": (1e-6,)}
    passed = Tower.passed - {"projection_dim"}

    hidden_size: Width = 768
    intermediate_size: Width = 3072
    num_attention_heads: Width = 12
    hidden_act: str = "gelu_pytorch_tanh"
    layer_norm_eps: Positive = 1e-6


class Text(Half):
    """SiglipTextConfig."""

    vocab_size: Width = 32000
    max_position_embeddings: Width = 64
    projection_size: Width | None = None


class Vision(Half):
    """SiglipVisionConfig."""

    supported: ClassVar = {**Half.supported, "num_channels": (3,), "vision_use_head": (True,)}

    num_channels: Width = 3
    image_size: Width = 224
    patch_size: Width = 16
    vision_use_head: bool = True


class SigLIP(Configuration):
    """SiglipConfig: as CLIP, without normalization over a batch, and read at the last token."""

    passed = frozenset({"tie_word_embeddings"})

    text_config: Text = Text()
    vision_config: Vision = Vision()

    def problems(self) -> Iterator[Problem]:
        """Those of the halves; vectors of one length."""
        yield from super().problems()
        size = self.text_config.projection_size or self.text_config.hidden_size
        if size != self.vision_config.hidden_size:
            text = f"a text has {size} numbers, and an image {self.vision_config.hidden_size}"
            yield Problem(("text_config", "hidden_size"), text)

    def whole(self) -> Variant:
        """Both, and how much they are alike."""
        text, vision = self.text_config, self.vision_config
        arguments: dict[str, Argument] = {
            "image_size": vision.image_size,
            "patch": vision.patch_size,
            "width": vision.hidden_size,
            "layers": vision.num_hidden_layers,
            "heads": vision.num_attention_heads,
            "hidden": vision.intermediate_size,
            "vocab": text.vocab_size,
            "context": text.max_position_embeddings,
            "text_width": text.hidden_size,
            "text_layers": text.num_hidden_layers,
            "text_heads": text.num_attention_heads,
            "text_hidden": text.intermediate_size,
        }
        return Variant("siglip", "SigLIP", arguments)

    heads: ClassVar[dict[str, Head]] = {"SiglipModel": whole}
