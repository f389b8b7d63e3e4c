"""Configurations of ViT and DeiT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Head, Positive, Probability, Problem, Width
from nnspec.huggingface.draft import Draft, stacked
from nnspec.huggingface.spelling import call
from nnspec.huggingface.vision import Images, uncovered

IMPORTS = {"std/vit": ("Embeddings", "Layer")}


class ViT(Images):
    """ViTConfig: patches as the words of a sentence, behind a token for the class."""

    label: ClassVar[str] = "vit"
    distilled: ClassVar[bool] = False
    activated = ("hidden_act", "pooler_act")

    hidden_size: Width = 768
    num_hidden_layers: Width = 12
    num_attention_heads: Width = 12
    intermediate_size: Width = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: Probability = 0.0
    attention_probs_dropout_prob: Probability = 0.0
    layer_norm_eps: Positive = 1e-12
    patch_size: Width = 16
    qkv_bias: bool = True
    pooler_output_size: Width | None = None
    pooler_act: str = "tanh"

    def problems(self) -> Iterator[Problem]:
        """As every part; patches that fill the image."""
        yield from super().problems()
        yield from uncovered(self.image_size, self.patch_size)

    def network(self) -> list[str]:
        """The statements of the network without a head."""
        layer = call("Layer", heads=self.num_attention_heads, hidden=self.intermediate_size,
                     act=ACTIVATIONS[self.hidden_act], p=self.hidden_dropout_prob,
                     inner=self.attention_probs_dropout_prob, eps=self.layer_norm_eps, bias=self.qkv_bias)  # fmt: skip
        more = {"distilled": True} if self.distilled else {}
        embedded = call("Embeddings", patch=self.patch_size, width=self.hidden_size, p=self.hidden_dropout_prob, **more)
        return [f"embeddings: {embedded}", "encoder: {", *stacked("layer", [layer] * self.num_hidden_layers), "}",
                f"layernorm: {call('LayerNorm', eps=self.layer_norm_eps)}"]  # fmt: skip

    def bare(self) -> Draft:
        """Without a head, and with its pooler."""
        size = self.pooler_output_size or self.hidden_size
        pooled = f"_[:, 0] -> pooler: {{ dense: Linear({size}) -> activation: {ACTIVATIONS[self.pooler_act]} }}"
        lines = [self.image(), *self.network(), "output last_hidden_state = _", f"output pooler_output = {pooled}"]
        return Draft(IMPORTS, lines)

    def classifier(self) -> Draft:
        """The class of an image, read at the first token."""
        lines = [self.image(), f"{self.label}: {{", *self.network(), "}", "_[:, 0] -> classifier: Linear(classes)",
                 "output logits = classifier"]  # fmt: skip
        return Draft(IMPORTS, lines, self.choice)

    heads: ClassVar[dict[str, Head]] = {"ViTForImageClassification": classifier, "ViTModel": bare}


class DeiT(ViT):
    """DeiTConfig: ViT with a further token, which learns from a teacher."""

    label = "deit"
    distilled = True

    def teacher(self) -> Draft:
        """The class of an image, read at both tokens."""
        lines = [self.image(), "deit: {", *self.network(), "}",
                 "cls_logits = _[:, 0] -> cls_classifier: Linear(classes)",
                 "distillation_logits = deit[:, 1] -> distillation_classifier: Linear(classes)",
                 "output logits = (cls_logits + distillation_logits) / 2",
                 "output cls_logits", "output distillation_logits"]  # fmt: skip
        return Draft(IMPORTS, lines, self.choice)

    heads: ClassVar[dict[str, Head]] = {
        "DeiTForImageClassificationWithTeacher": teacher,
        "DeiTForImageClassification": ViT.classifier,
        "DeiTModel": ViT.bare,
    }
