"""Configurations of ModernBERT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Configuration, Head, Part, Positive, Probability, Problem, Width
from nnspec.huggingface.decoder import QUESTION
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.encoder import Encoder, bare
from nnspec.huggingface.llama import Kind
from nnspec.huggingface.spelling import Argument, Written, call


class Turn(Part):
    """The rotation of one kind of layer."""

    supported: ClassVar = {"rope_type": ("default",)}

    rope_type: str = "default"
    rope_theta: Positive | None = None


class Turns(Part):
    """`rope_parameters` of new files."""

    full_attention: Turn | None = None
    sliding_attention: Turn | None = None


class ModernBERT(Encoder):
    """ModernBertConfig: an encoder with rotary positions, in which few layers see the whole text."""

    file = "modernbert"
    network = "ModernBERT"
    label = "model"
    segments = False
    activated = ("classifier_activation",)
    supported: ClassVar = {
        **Configuration.supported, "hidden_activation": ("gelu",), "norm_bias": (False,), "attention_bias": (False,),
        "mlp_bias": (False,), "attention_dropout": (0.0,), "embedding_dropout": (0.0,), "mlp_dropout": (0.0,),
        "position_embedding_type": ("absolute", "sans_pos", None), "tie_word_embeddings": (True,),
    }  # fmt: skip
    passed = frozenset(
        {
            "initializer_cutoff_factor", "deterministic_flash_attn", "sparse_prediction", "sparse_pred_ignore_index",
            "reference_compile", "repad_logits_with_grad", "layer_norm_eps",
        }
    )  # how it is computed, and what is read by nothing  # fmt: skip

    vocab_size: Width = 50368
    hidden_size: Width = 768
    intermediate_size: Width = 1152
    num_hidden_layers: Width = 22
    num_attention_heads: Width = 12
    hidden_activation: str = "gelu"
    max_position_embeddings: Width = 8192
    norm_eps: Positive = 1e-5
    norm_bias: bool = False
    pad_token_id: int | None = 50283
    attention_bias: bool = False
    attention_dropout: Probability = 0.0
    layer_types: tuple[Kind, ...] | None = None
    global_attn_every_n_layers: Width = 3
    rope_parameters: Turns | None = None
    global_rope_theta: Positive = 160000.0
    local_rope_theta: Positive | None = 10000.0
    local_attention: Width = 128
    embedding_dropout: Probability = 0.0
    mlp_bias: bool = False
    mlp_dropout: Probability = 0.0
    decoder_bias: bool = True
    classifier_pooling: Literal["cls", "mean"] = "cls"
    classifier_dropout: Probability = 0.0
    classifier_bias: bool = False
    classifier_activation: str = "gelu"
    position_embedding_type: str | None = "absolute"
    tie_word_embeddings: bool = True

    def problems(self) -> Iterator[Problem]:
        """As every part; a kind for each layer, of which every so many sees the whole text."""
        yield from super().problems()
        if self.layer_types is not None and self.every is None:
            text = "layer_types is irregular, and only one full_attention in turn with sliding_attention is supported"
            yield Problem(("layer_types",), text)

    @property
    def every(self) -> int | None:
        """The number of layers of which the first sees the whole text."""
        if self.layer_types is None:
            return self.global_attn_every_n_layers
        for every in range(1, self.num_hidden_layers + 1):
            kinds = ["sliding_attention" if at % every else "full_attention" for at in range(self.num_hidden_layers)]
            if list(self.layer_types) == kinds:
                return every
        return None

    @property
    def context(self) -> int | None:
        """Any; positions are turned."""
        return None

    def arguments(self) -> dict[str, Argument]:
        """Sizes, windows and rotations."""
        turns = self.rope_parameters or Turns()
        far, near = turns.full_attention or Turn(), turns.sliding_attention or Turn()
        return {
            "layers": self.num_hidden_layers,
            "width": self.hidden_size,
            "heads": self.num_attention_heads,
            "hidden": self.intermediate_size,
            "vocab": self.vocab_size,
            "padding": self.pad_token_id,
            "around": self.local_attention,
            "every": self.every,
            "near": near.rope_theta or self.local_rope_theta or self.global_rope_theta,
            "far": far.rope_theta or self.global_rope_theta,
            "eps": self.norm_eps,
        }

    @property
    def head(self) -> list[str]:
        """The statements for what stands below each head."""
        dense = call("Linear", self.hidden_size, bias=self.classifier_bias)
        act = ACTIVATIONS[self.classifier_activation]
        return ["head: {", f"dense: {dense} -> {act} -> norm: {call('LayerNorm', eps=self.norm_eps, bias=False)}", "}"]

    def masked(self) -> Draft:
        """The words that were masked."""
        table = Written("model.embeddings.tok_embeddings.weight")
        decoder = call("Linear", self.vocab_size, bias=self.decoder_bias, weight=table)
        return self.topped([*self.head, f"output logits = decoder: {decoder}"])

    def text(self) -> Draft:
        """A class for the whole text, from its first token or the mean of all."""
        if self.classifier_pooling == "cls":
            states = ["pooled = model.last_hidden_state[:, 0]"]
        else:
            states = [
                "pooled = mean(model.last_hidden_state, dim = 1)",
                "if masked {",
                'word = cast(mask, "float")[..., none]',
                "pooled = sum(model.last_hidden_state * word, dim = 1) / sum(word, dim = 1)",
                "}",
            ]
        return self.topped([*states, "pooled", *self.head, *self.classifier], classes=True)

    @property
    def classifier(self) -> list[str]:
        """The statements for the classifier."""
        dropped = call("Dropout", self.classifier_dropout)
        return [f"{dropped} -> classifier: Linear(classes)", "output logits = classifier"]

    def tokens(self) -> Draft:
        """A class for each token."""
        return self.topped([*self.head, *self.classifier], classes=True)

    def question(self) -> Draft:
        """Where in the text the answer begins and ends."""
        lines = [line.replace("qa_outputs", "classifier") for line in QUESTION]
        dropped = call("Dropout", self.classifier_dropout)
        return self.topped([*self.head, dropped, *lines])

    heads: ClassVar[dict[str, Head]] = {
        "ModernBertModel": bare,
        "ModernBertForMaskedLM": masked,
        "ModernBertForSequenceClassification": text,
        "ModernBertForTokenClassification": tokens,
        "ModernBertForQuestionAnswering": question,
    }
