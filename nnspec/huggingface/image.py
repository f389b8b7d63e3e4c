"""Configurations of models of images: ViT, and CLIP, which has texts beside them."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.huggingface.configuration import Argument, Configuration, Part, Positive, Probability, Width, same


class ViT(Configuration):
    """ViTConfig: the classifier of images; transformers gives it two classes where the file names none."""

    file = "vit"
    models = {"ViTForImageClassification": "ViT"}  # noqa: RUF012
    supported = {"hidden_act": ("gelu",), "num_channels": (3,), "qkv_bias": (True,)}  # noqa: RUF012

    hidden_size: Width = 768
    num_hidden_layers: Width = 12
    num_attention_heads: Width = 12
    intermediate_size: Width = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: Probability = 0.0
    attention_probs_dropout_prob: Probability = 0.0
    layer_norm_eps: Positive = 1e-12
    image_size: Width = 224
    patch_size: Width = 16
    num_channels: Width = 3
    qkv_bias: bool = True
    num_labels: Width | None = None
    id2label: dict[str, str] | None = None

    def problems(self) -> Iterator[str]:
        """As every part; no dropout within the attention, and a classifier on top."""
        yield from super().problems()
        yield from same("a network", 0.0, attention_probs_dropout_prob=self.attention_probs_dropout_prob)
        if self.left_out and self.architecture not in (self.architectures or ()):
            yield f"the class is {self.left_out[0]}, and only ViTForImageClassification is supported"

    def arguments(self) -> dict[str, Argument]:
        """Sizes, dropout and classes."""
        return {
            "patch": self.patch_size,
            "depth": self.num_hidden_layers,
            "width": self.hidden_size,
            "hidden": self.intermediate_size,
            "heads": self.num_attention_heads,
            "size": self.image_size,
            "classes": len(self.id2label) if self.id2label else self.num_labels or 2,
            "dropout": self.hidden_dropout_prob,
            "eps": self.layer_norm_eps,
        }


class _Tower(Part):
    """The base of the two halves of CLIP."""

    supported = {"hidden_act": ("quick_gelu",), "layer_norm_eps": (1e-5,), "attention_dropout": (0.0,)}  # noqa: RUF012

    num_hidden_layers: Width = 12
    hidden_act: str = "quick_gelu"
    layer_norm_eps: Positive = 1e-5
    attention_dropout: Probability = 0.0


class ClipText(_Tower):
    """CLIPTextConfig."""

    vocab_size: Width = 49408
    hidden_size: Width = 512
    intermediate_size: Width = 2048
    num_attention_heads: Width = 8
    max_position_embeddings: Width = 77
    eos_token_id: int = 49407

    @property
    def end(self) -> int:
        """The token that ends a text; files with 2 are from before transformers 4.31, which took the largest token."""
        return self.vocab_size - 1 if self.eos_token_id == 2 else self.eos_token_id


class Vision(_Tower):
    """CLIPVisionConfig."""

    supported = {**_Tower.supported, "num_channels": (3,)}  # noqa: RUF012

    hidden_size: Width = 768
    intermediate_size: Width = 3072
    num_attention_heads: Width = 12
    num_channels: Width = 3
    image_size: Width = 224
    patch_size: Width = 32


class CLIP(Configuration):
    """CLIPConfig; old files have the options of the halves twice, and `..._config_dict` is what holds."""

    file = "clip"
    models = {"CLIPModel": "CLIP"}  # noqa: RUF012

    projection_dim: Width = 512
    text_config: ClipText | None = None
    vision_config: Vision | None = None
    text_config_dict: ClipText | None = None
    vision_config_dict: Vision | None = None

    @property
    def halves(self) -> tuple[ClipText, Vision]:
        """The options of the text's half and of the image's."""
        text = self.text_config_dict or self.text_config or ClipText()
        return text, self.vision_config_dict or self.vision_config or Vision()

    def problems(self) -> Iterator[str]:
        """Those of the halves."""
        yield from super().problems()
        for name, half in zip(("text_config", "vision_config"), self.halves, strict=True):
            yield from (f"{name}: {problem}" for problem in half.problems())

    def arguments(self) -> dict[str, Argument]:
        """Sizes of both, and the token that ends a text."""
        text, vision = self.halves
        return {
            "size": self.projection_dim,
            "image_size": vision.image_size,
            "patch": vision.patch_size,
            "vision_width": vision.hidden_size,
            "vision_layers": vision.num_hidden_layers,
            "vision_heads": vision.num_attention_heads,
            "vision_hidden": vision.intermediate_size,
            "vocab": text.vocab_size,
            "context": text.max_position_embeddings,
            "text_width": text.hidden_size,
            "text_layers": text.num_hidden_layers,
            "text_heads": text.num_attention_heads,
            "text_hidden": text.intermediate_size,
            "end": text.end,
        }
