"""Configurations of BERT, RoBERTa and XLM-RoBERTa."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Configuration, Head, Positive, Probability, Problem, Width
from nnspec.huggingface.decoder import QUESTION
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.encoder import Encoder, bare
from nnspec.huggingface.spelling import Argument, Written, call


class Bert(Encoder):
    """BertConfig: an encoder whose first token stands for the text."""

    file = "bert"
    network = "BERT"
    label = "bert"
    supported: ClassVar = {
        **Configuration.supported, "position_embedding_type": ("absolute",), "tie_word_embeddings": (True,),
    }  # fmt: skip
    activated = ("hidden_act",)

    vocab_size: Width = 30522
    hidden_size: Width = 768
    num_hidden_layers: Width = 12
    num_attention_heads: Width = 12
    intermediate_size: Width = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: Probability = 0.1
    attention_probs_dropout_prob: Probability = 0.1
    classifier_dropout: Probability | None = None
    max_position_embeddings: Width = 512
    type_vocab_size: Width = 2
    layer_norm_eps: Positive = 1e-12
    position_embedding_type: str = "absolute"
    tie_word_embeddings: bool = True

    @property
    def context(self) -> int | None:
        """As many tokens as there are positions."""
        return self.max_position_embeddings

    @property
    def act(self) -> Written:
        """The activation."""
        return ACTIVATIONS[self.hidden_act]

    @property
    def dropped(self) -> Written:
        """The dropout before a classifier."""
        given = self.classifier_dropout
        return call("Dropout", self.hidden_dropout_prob if given is None else given)

    @property
    def table(self) -> Written:
        """The table of tokens, under a head."""
        return Written(f"{self.label}.embeddings.word_embeddings.weight")

    def arguments(self) -> dict[str, Argument]:
        """Sizes, dropout and epsilon."""
        found: dict[str, Argument] = {
            "layers": self.num_hidden_layers,
            "width": self.hidden_size,
            "heads": self.num_attention_heads,
            "hidden": self.intermediate_size,
            "vocab": self.vocab_size,
            "context": self.max_position_embeddings,
            "kinds": self.type_vocab_size,
            "dropout": self.hidden_dropout_prob,
            "eps": self.layer_norm_eps,
        }
        if self.attention_probs_dropout_prob != self.hidden_dropout_prob:
            found["attention_dropout"] = self.attention_probs_dropout_prob
        return found if self.hidden_act == "gelu" else found | {"act": self.act}

    def masked(self) -> Draft:
        """The words that were masked."""
        head = call("Predictions", table=self.table, vocab=self.vocab_size, eps=self.layer_norm_eps, act=self.act)
        lines = [f"bert.last_hidden_state -> cls.predictions: {head}", "output logits = cls.predictions"]
        return self.topped(lines, {"bert": ("Predictions",)}, more={"pooled": False})

    def pretraining(self) -> Draft:
        """The words that were masked, and whether the second sentence follows the first."""
        head = call("PretrainingHeads", self.table, self.vocab_size, self.layer_norm_eps, self.act)
        lines = [
            f"(bert.last_hidden_state, bert.pooler_output) -> cls: {head}",
            "output prediction_logits = cls.prediction_logits",
            "output seq_relationship_logits = cls.seq_relationship_logits",
        ]
        return self.topped(lines, {"bert": ("PretrainingHeads",)})

    def text(self) -> Draft:
        """A class for the whole text."""
        lines = [f"bert.pooler_output -> {self.dropped} -> classifier: Linear(classes)", "output logits = classifier"]
        return self.topped(lines, classes=True)

    def tokens(self) -> Draft:
        """A class for each token."""
        states = f"{self.label}.last_hidden_state"
        lines = [f"{states} -> {self.dropped} -> classifier: Linear(classes)", "output logits = classifier"]
        return self.topped(lines, classes=True, more=self.unpooled())

    def question(self) -> Draft:
        """Where in the text the answer begins and ends."""
        first, *more = QUESTION
        return self.topped([f"{self.label}.last_hidden_state -> {first}", *more], more=self.unpooled())

    def unpooled(self) -> dict[str, Argument]:
        """The argument that leaves the pooler out."""
        return {"pooled": False}

    heads: ClassVar[dict[str, Head]] = {
        "BertModel": bare,
        "BertForMaskedLM": masked,
        "BertForPreTraining": pretraining,
        "BertForSequenceClassification": text,
        "BertForTokenClassification": tokens,
        "BertForQuestionAnswering": question,
    }


class Roberta(Bert):
    """RobertaConfig: positions count from behind the padding token."""

    label = "roberta"

    vocab_size: Width = 50265
    pad_token_id: int = 1

    def problems(self) -> Iterator[Problem]:
        """As BERT; the padding token is a word."""
        yield from super().problems()
        if not 0 <= self.pad_token_id < min(self.vocab_size, self.max_position_embeddings - 1):
            text = f"pad_token_id is {self.pad_token_id}, and only a word with positions behind it is supported"
            yield Problem(("pad_token_id",), text)

    @property
    def context(self) -> int | None:
        """As many tokens as there are positions behind that of padding."""
        return self.max_position_embeddings - self.pad_token_id - 1

    def arguments(self) -> dict[str, Argument]:
        """As BERT, with the padding token."""
        return {**super().arguments(), "padding": self.pad_token_id}

    def masked(self) -> Draft:
        """The words that were masked."""
        head = call("LanguageHead", table=self.table, vocab=self.vocab_size, eps=self.layer_norm_eps)
        lines = [f"roberta.last_hidden_state -> lm_head: {head}", "output logits = lm_head"]
        return self.topped(lines, {"std/heads": ("LanguageHead",)}, more={"pooled": False})

    def text(self) -> Draft:
        """A class for the whole text."""
        head = call("TextClassifier", Written("classes"), act=Written("Tanh"), dropout=self.dropped)
        lines = [f"roberta.last_hidden_state[:, 0] -> classifier: {head}", "output logits = classifier"]
        return self.topped(lines, {"std/heads": ("TextClassifier",)}, classes=True, more={"pooled": False})

    heads: ClassVar[dict[str, Head]] = {
        "RobertaModel": bare,
        "RobertaForMaskedLM": masked,
        "RobertaForSequenceClassification": text,
        "RobertaForTokenClassification": Bert.tokens,
        "RobertaForQuestionAnswering": Bert.question,
    }


class XLMRoberta(Roberta):
    """XLMRobertaConfig: RoBERTa."""

    heads: ClassVar[dict[str, Head]] = {f"XLM{name}": head for name, head in Roberta.heads.items()}
