"""Configurations of CLIP: images and texts in one space."""

from __future__ import annotations

from typing import Any, ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Configuration, Head, Part, Positive, Probability, Width
from nnspec.huggingface.draft import Variant
from nnspec.huggingface.spelling import Argument, Written


class Tower(Part):
    """The base of the two halves."""

    supported: ClassVar = {"layer_norm_eps": (1e-5,), "attention_dropout": (0.0,), "dropout": (0.0, None)}
    activated = ("hidden_act",)
    activations: ClassVar = {**ACTIVATIONS, "quick_gelu": Written("QuickGELU")}  # a block of the file
    # Of old files, which hold all options of transformers for each half; the network has no use for them.
    passed = frozenset({"projection_dim", "is_decoder", "is_encoder_decoder", "add_cross_attention", "pruned_heads",
                        "cross_attention_hidden_size", "tie_encoder_decoder", "tie_word_embeddings", "architectures",
                        "id2label", "num_labels", "pad_token_id", "tf_legacy_loss"})  # fmt: skip

    num_hidden_layers: Width = 12
    hidden_act: str = "quick_gelu"
    layer_norm_eps: Positive = 1e-5
    attention_dropout: Probability = 0.0
    dropout: Probability | None = None

    @property
    def act(self) -> Written:
        """The activation."""
        return self.activations[self.hidden_act]


class Text(Tower):
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


class Vision(Tower):
    """CLIPVisionConfig."""

    supported: ClassVar = {**Tower.supported, "num_channels": (3,)}

    hidden_size: Width = 768
    intermediate_size: Width = 3072
    num_attention_heads: Width = 12
    num_channels: Width = 3
    image_size: Width = 224
    patch_size: Width = 32


class CLIP(Configuration):
    """CLIPConfig; old files have the options of the halves twice, and `..._config_dict` is what holds."""

    passed = frozenset({"logit_scale_init_value", "tie_word_embeddings"})  # trained; of nothing

    projection_dim: Width = 512
    text_config: Text | None = None
    vision_config: Vision | None = None
    text_config_dict: Text | None = None
    vision_config_dict: Vision | None = None

    @property
    def halves(self) -> tuple[Text, Vision]:
        """The options of the text's half and of the image's."""
        text: Any = self.text_config_dict or self.text_config or Text()
        return text, self.vision_config_dict or self.vision_config or Vision()

    def whole(self) -> Variant:
        """Both, and how much they are alike."""
        text, vision = self.halves
        arguments: dict[str, Argument] = {
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
        acts = {"text_act": text.act, "vision_act": vision.act}
        return Variant("clip", "CLIP", arguments | {name: act for name, act in acts.items() if act != "QuickGELU"})

    heads: ClassVar[dict[str, Head]] = {"CLIPModel": whole}
