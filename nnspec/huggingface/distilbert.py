"""Configurations of DistilBERT."""

from __future__ import annotations

from typing import Annotated, ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Configuration, Head, Probability, Width, also
from nnspec.huggingface.decoder import QUESTION
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.encoder import Encoder, bare
from nnspec.huggingface.spelling import Argument, Written, call


class DistilBERT(Encoder):
    """DistilBertConfig: BERT with half of its layers, and without sentences and pooler."""

    file = "distilbert"
    network = "DistilBERT"
    label = "distilbert"
    segments = False
    activated = ("activation",)
    supported: ClassVar = {
        **Configuration.supported, "sinusoidal_pos_embds": (False,), "tie_word_embeddings": (True,),
    }  # fmt: skip
    passed = frozenset({"tie_weights_"})  # read by nothing

    vocab_size: Width = 30522
    max_position_embeddings: Width = 512
    sinusoidal_pos_embds: bool = False
    n_layers: Annotated[Width, also("n_layers", "num_hidden_layers")] = 6
    n_heads: Annotated[Width, also("n_heads", "num_attention_heads")] = 12
    dim: Annotated[Width, also("dim", "hidden_size")] = 768
    hidden_dim: Width = 3072
    dropout: Probability = 0.1
    attention_dropout: Probability = 0.1
    activation: str = "gelu"
    qa_dropout: Probability = 0.1
    seq_classif_dropout: Probability = 0.2
    tie_word_embeddings: bool = True

    @property
    def context(self) -> int | None:
        """As many tokens as there are positions."""
        return self.max_position_embeddings

    def arguments(self) -> dict[str, Argument]:
        """Sizes and dropout."""
        found: dict[str, Argument] = {
            "layers": self.n_layers,
            "width": self.dim,
            "heads": self.n_heads,
            "hidden": self.hidden_dim,
            "vocab": self.vocab_size,
            "context": self.max_position_embeddings,
            "dropout": self.dropout,
        }
        if self.attention_dropout != self.dropout:
            found["attention_dropout"] = self.attention_dropout
        return found if self.activation == "gelu" else found | {"act": ACTIVATIONS[self.activation]}

    def masked(self) -> Draft:
        """The words that were masked."""
        table = Written("distilbert.embeddings.word_embeddings.weight")
        act = ACTIVATIONS[self.activation]
        lines = [
            f"distilbert.last_hidden_state -> vocab_transform: Linear({self.dim}) -> {act}",
            "vocab_layer_norm: LayerNorm(eps = 1e-12)",
            f"output logits = vocab_projector: {call('Linear', self.vocab_size, weight=table)}",
        ]
        return self.topped(lines)

    def text(self) -> Draft:
        """A class for the whole text, read at its first token."""
        lines = [
            f"distilbert.last_hidden_state[:, 0] -> pre_classifier: Linear({self.dim}) -> ReLU",
            f"{call('Dropout', self.seq_classif_dropout)} -> classifier: Linear(classes)",
            "output logits = classifier",
        ]
        return self.topped(lines, classes=True)

    def tokens(self) -> Draft:
        """A class for each token."""
        dropped = call("Dropout", self.dropout)
        lines = [f"distilbert.last_hidden_state -> {dropped} -> classifier: Linear(classes)",
                 "output logits = classifier"]  # fmt: skip
        return self.topped(lines, classes=True)

    def question(self) -> Draft:
        """Where in the text the answer begins and ends."""
        first, *more = QUESTION
        dropped = call("Dropout", self.qa_dropout)
        return self.topped([f"distilbert.last_hidden_state -> {dropped} -> {first}", *more])

    heads: ClassVar[dict[str, Head]] = {
        "DistilBertModel": bare,
        "DistilBertForMaskedLM": masked,
        "DistilBertForSequenceClassification": text,
        "DistilBertForTokenClassification": tokens,
        "DistilBertForQuestionAnswering": question,
    }
