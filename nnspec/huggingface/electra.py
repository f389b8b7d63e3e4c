"""Configurations of ELECTRA."""

from __future__ import annotations

from typing import ClassVar

from nnspec.huggingface.bert import Bert
from nnspec.huggingface.configuration import Head, Width
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.encoder import bare
from nnspec.huggingface.spelling import Argument, Written, call

GELU = Written("GELU")


class ELECTRA(Bert):
    """ElectraConfig: BERT without a pooler, on words of fewer numbers."""

    file = "electra"
    network = "ELECTRAEncoder"
    label = "electra"
    passed = frozenset({"summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout"})

    embedding_size: Width = 128
    hidden_size: Width = 256
    num_attention_heads: Width = 4
    intermediate_size: Width = 1024

    def arguments(self) -> dict[str, Argument]:
        """As BERT, with the size of words."""
        return {**super().arguments(), "outer": self.embedding_size}

    def unpooled(self) -> dict[str, Argument]:
        """There is no pooler."""
        return {}

    def exchanged(self) -> Draft:
        """Which words have been exchanged."""
        lines = [
            "electra.last_hidden_state -> discriminator_predictions: {",
            f"dense: Linear({self.hidden_size}) -> activation: {self.act} -> dense_prediction: Linear(1)",
            "}",
            "output logits = _[:, :, 0]",
        ]
        return self.topped(lines)

    def masked(self) -> Draft:
        """The words that were masked."""
        lines = [
            "electra.last_hidden_state -> generator_predictions: {",
            f"dense: Linear({self.embedding_size}) -> GELU -> LayerNorm: LayerNorm(eps = {self.layer_norm_eps})",
            "}",
            f"output logits = generator_lm_head: {call('Linear', self.vocab_size, weight=self.table)}",
        ]
        return self.topped(lines)

    def text(self) -> Draft:
        """A class for the whole text."""
        head = call("TextClassifier", Written("classes"), act=GELU, dropout=self.dropped)
        lines = [f"electra.last_hidden_state[:, 0] -> classifier: {head}", "output logits = classifier"]
        return self.topped(lines, {"std/heads": ("TextClassifier",)}, classes=True)

    heads: ClassVar[dict[str, Head]] = {
        "ElectraForPreTraining": exchanged,
        "ElectraModel": bare,
        "ElectraForMaskedLM": masked,
        "ElectraForSequenceClassification": text,
        "ElectraForTokenClassification": Bert.tokens,
        "ElectraForQuestionAnswering": Bert.question,
    }
