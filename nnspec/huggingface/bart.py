"""Configurations of BART."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Configuration, Head, Probability, Width, also
from nnspec.huggingface.decoder import QUESTION
from nnspec.huggingface.draft import Draft
from nnspec.huggingface.spelling import Argument, Written, call


class BART(Configuration):
    """BartConfig: encoder and decoder with one table of tokens."""

    activated = ("activation_function",)
    supported: ClassVar = {
        **Configuration.supported, "is_encoder_decoder": (True,), "encoder_layerdrop": (0.0,),
        "decoder_layerdrop": (0.0,), "tie_word_embeddings": (True,), "normalize_before": (False,),
        "add_final_layer_norm": (False,), "static_position_embeddings": (False,), "normalize_embedding": (True,),
    }  # fmt: skip
    passed = frozenset({"add_bias_logits", "classif_dropout", "extra_pos_embeddings", "output_past",
                        "replacing_rate", "student_decoder_layers", "student_encoder_layers", "save_step",
                        "force_bos_token_to_be_generated"})  # read by nothing  # fmt: skip

    vocab_size: Width = 50265
    max_position_embeddings: Width = 1024
    encoder_layers: Annotated[Width, also("encoder_layers", "num_hidden_layers")] = 12
    encoder_ffn_dim: Width = 4096
    encoder_attention_heads: Annotated[Width, also("encoder_attention_heads", "num_attention_heads")] = 16
    decoder_layers: Width = 12
    decoder_ffn_dim: Width = 4096
    decoder_attention_heads: Width = 16
    encoder_layerdrop: Probability = 0.0
    decoder_layerdrop: Probability = 0.0
    activation_function: str = "gelu"
    d_model: Annotated[Width, also("d_model", "hidden_size")] = 1024
    dropout: Probability = 0.1
    attention_dropout: Probability = 0.0
    activation_dropout: Probability = 0.0
    classifier_dropout: Probability = 0.0
    scale_embedding: bool = False
    is_encoder_decoder: bool = True
    tie_word_embeddings: bool = True
    normalize_before: bool = False
    normalize_embedding: bool = True
    add_final_layer_norm: bool = False
    static_position_embeddings: bool = False
    eos_token_id: int = 2
    num_labels: Width | None = 3

    def stack(self, depth: int, heads: int, hidden: int, **more: Argument) -> Written:
        """The encoder, or the decoder."""
        if self.scale_embedding:
            more["scale"] = self.d_model**0.5
        return call(
            "Stack", depth=depth, width=self.d_model, heads=heads, hidden=hidden, vocab=self.vocab_size,
            context=self.max_position_embeddings, p=self.dropout, table=Written("table"),
            act=ACTIVATIONS[self.activation_function], inner=self.activation_dropout,
            attention_dropout=self.attention_dropout, **more,
        )  # fmt: skip

    def network(self) -> list[str]:
        """The statements of the network without a head."""
        encoder = self.stack(self.encoder_layers, self.encoder_attention_heads, self.encoder_ffn_dim)
        decoder = self.stack(self.decoder_layers, self.decoder_attention_heads, self.decoder_ffn_dim,
                             memory=Written("encoder"))  # fmt: skip
        shared = call("Parameter", [self.vocab_size, self.d_model], init=["normal", 0.0, 0.02])
        return [
            f"shared.weight: {shared}",
            "table = _",
            f"tokens -> encoder: {encoder}",
            f"target -> decoder: {decoder}",
        ]

    def draft(
        self, lines: Sequence[str], heads: tuple[str, ...] = (), *, same: bool = False, classes: bool = False
    ) -> Draft:
        """The text; `same` says that source and target are of one length."""
        source = "T" if same else "S"
        inputs = [f"input tokens: int[N, {source} <= {self.max_position_embeddings}]",
                  f"input target: int[N, T{'' if same else f' <= {self.max_position_embeddings}'}]"]  # fmt: skip
        parameters = [f"classes = {self.classes}"] if classes else []
        return Draft({"bart": ("Stack",), "std/heads": heads}, [*inputs, *lines], parameters)

    def whole(self) -> Draft:
        """The text that follows."""
        lines = [
            f"final_logits_bias = Buffer(zeros([1, {self.vocab_size}]))",
            "model: {",
            *self.network(),
            "}",
            f"lm_head: Linear({self.vocab_size}, bias = false, weight = model.shared.weight)",
            "output logits = _ + final_logits_bias",
            "output encoder_last_hidden_state = model.encoder",
        ]
        return self.draft(lines)

    def bare(self) -> Draft:
        """Encoder and decoder."""
        return self.draft(
            [*self.network(), "output last_hidden_state = decoder", "output encoder_last_hidden_state = encoder"]
        )

    def text(self) -> Draft:
        """A class for the whole text, read where it ends; the target is the text behind a first token."""
        head = call("TextClassifier", Written("classes"), act=Written("Tanh"),
                    dropout=call("Dropout", self.classifier_dropout))  # fmt: skip
        lines = ["model: {", *self.network(), "}",
                 f"(model, tokens) -> {call('EndToken', self.eos_token_id)} -> classification_head: {head}",
                 "output logits = classification_head"]  # fmt: skip
        return self.draft(lines, ("EndToken", "TextClassifier"), same=True, classes=True)

    def question(self) -> Draft:
        """Where in the target the answer begins and ends."""
        return self.draft(["model: {", *self.network(), "}", *QUESTION])

    heads: ClassVar[dict[str, Head]] = {
        "BartForConditionalGeneration": whole,
        "BartModel": bare,
        "BartForSequenceClassification": text,
        "BartForQuestionAnswering": question,
    }
    renames = (("shared.*", "model.shared.*"), ("encoder.*", "model.encoder.*"), ("decoder.*", "model.decoder.*"))
