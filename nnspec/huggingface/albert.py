"""Configurations of ALBERT."""

from __future__ import annotations

from typing import ClassVar

from nnspec.huggingface.bert import Bert
from nnspec.huggingface.configuration import Head, Probability, Width
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.encoder import bare
from nnspec.huggingface.spelling import Argument, Written, call


class ALBERT(Bert):
    """AlbertConfig: one layer that is applied many times, on words of fewer numbers."""

    file = "albert"
    network = "ALBERT"
    label = "albert"
    supported: ClassVar = {**Bert.supported, "num_hidden_groups": (1,), "inner_group_num": (1,)}
    # Read by nothing.
    passed = frozenset({"down_scale_factor", "gap_size", "layers_to_keep", "net_structure_type", "num_memory_blocks"})

    vocab_size: Width = 30000
    embedding_size: Width = 128
    hidden_size: Width = 4096
    num_hidden_groups: int = 1
    num_attention_heads: Width = 64
    intermediate_size: Width = 16384
    inner_group_num: int = 1
    hidden_act: str = "gelu_new"
    hidden_dropout_prob: Probability = 0.0
    attention_probs_dropout_prob: Probability = 0.0
    classifier_dropout_prob: Probability | None = 0.1

    def arguments(self) -> dict[str, Argument]:
        """As BERT, with the size of words."""
        found = {name: value for name, value in super().arguments().items() if name != "act"}
        found["outer"] = self.embedding_size
        return found if self.act == call("GELU", "tanh") else found | {"act": self.act}

    @property
    def dropped(self) -> Written:
        """The dropout before a classifier."""
        given = self.classifier_dropout_prob
        return call("Dropout", self.hidden_dropout_prob if given is None else given)

    def masked(self) -> Draft:
        """The words that were masked."""
        head = call("Predictions", table=self.table, vocab=self.vocab_size, outer=self.embedding_size,
                    eps=self.layer_norm_eps, act=self.act)  # fmt: skip
        lines = [f"albert.last_hidden_state -> predictions: {head}", "output logits = predictions"]
        return self.topped(lines, {"albert": ("Predictions",)}, more={"pooled": False})

    def text(self) -> Draft:
        """A class for the whole text."""
        lines = [f"albert.pooler_output -> {self.dropped} -> classifier: Linear(classes)", "output logits = classifier"]
        return self.topped(lines, classes=True)

    heads: ClassVar[dict[str, Head]] = {
        "AlbertModel": bare,
        "AlbertForMaskedLM": masked,
        "AlbertForSequenceClassification": text,
        "AlbertForTokenClassification": Bert.tokens,
        "AlbertForQuestionAnswering": Bert.question,
    }
