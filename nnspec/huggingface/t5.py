"""Configurations of T5, T5 1.1 (of which FLAN-T5 is) and mT5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Configuration, Head, Positive, Probability, Problem, Width, also
from nnspec.huggingface.decoder import QUESTION
from nnspec.huggingface.draft import Draft, Variant
from nnspec.huggingface.spelling import Argument, Written, call

SOURCE, TARGET = "input tokens: int[N, S]", "input target: int[N, T]"
TABLE = "table = _"


class T5(Configuration):
    """T5Config: encoder and decoder with one table of tokens, and relative positions; gates in T5 1.1."""

    passed = frozenset({"dense_act_fn", "is_gated_act", "n_positions", "is_encoder_decoder"})  # the class says it

    vocab_size: Width = 32128
    d_model: Annotated[Width, also("d_model", "hidden_size")] = 512
    d_kv: Annotated[Width, also("d_kv", "head_dim")] = 64
    d_ff: Width = 2048
    num_layers: Annotated[Width, also("num_layers", "num_hidden_layers")] = 6
    num_decoder_layers: Width | None = None
    num_heads: Annotated[Width, also("num_heads", "num_attention_heads")] = 8
    relative_attention_num_buckets: Width = 32
    relative_attention_max_distance: Width = 128
    dropout_rate: Probability = 0.1
    layer_norm_epsilon: Positive = 1e-6
    feed_forward_proj: str = "relu"
    scale_decoder_outputs: bool = True
    tie_word_embeddings: bool = True
    classifier_dropout: Probability = 0.0
    eos_token_id: int | None = 1

    def problems(self) -> Iterator[Problem]:
        """As every part; an activation that is known, behind `gated-` or not."""
        yield from super().problems()
        if self.feed_forward_proj.removeprefix("gated-") not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            text = f"feed_forward_proj is {self.feed_forward_proj!r}, and only {known}, or gated- and one of these"
            yield Problem(("feed_forward_proj",), f"{text}, are supported")

    @property
    def act(self) -> Written:
        """The activation; `gated-gelu` has always been the approximation."""
        name = self.feed_forward_proj.removeprefix("gated-")
        return ACTIVATIONS["gelu_new" if self.feed_forward_proj == "gated-gelu" else name]

    @property
    def gated(self) -> bool:
        """Whether the hidden values are gated."""
        return self.feed_forward_proj.startswith("gated-")

    @property
    def depth(self) -> int:
        """The layers of the decoder."""
        return self.num_decoder_layers or self.num_layers

    def whole(self) -> Variant:
        """The text that follows, from encoder and decoder."""
        arguments: dict[str, Argument] = {
            "layers": self.num_layers,
            "width": self.d_model,
            "heads": self.num_heads,
            "size": self.d_kv,
            "hidden": self.d_ff,
            "vocab": self.vocab_size,
            "dropout": self.dropout_rate,
            "gated": self.gated,
            "tied": self.tied,
        }
        if self.scaled != self.tied:
            arguments["scaled"] = self.scaled
        if self.depth != self.num_layers:
            arguments["decoder_layers"] = self.depth
        if self.act != ACTIVATIONS["gelu_new" if self.gated else "relu"]:
            arguments["act"] = self.act
        if self.layer_norm_epsilon != 1e-6:
            arguments["eps"] = self.layer_norm_epsilon
        if self.relative_attention_num_buckets != 32 or self.relative_attention_max_distance != 128:
            arguments["buckets"] = self.relative_attention_num_buckets
            arguments["farthest"] = self.relative_attention_max_distance
        return Variant("t5", "T5", arguments)

    @property
    def tied(self) -> bool:
        """Whether the table of tokens is the output projection, too; new files say it by a scale."""
        return self.tie_word_embeddings and self.scale_decoder_outputs

    @property
    def scaled(self) -> bool:
        """Whether the last states are scaled."""
        return self.tied

    def stack(self, depth: int, **more: Argument) -> Written:
        """The encoder, or the decoder."""
        return call(
            "Stack", vocab=self.vocab_size, width=self.d_model, depth=depth, heads=self.num_heads, size=self.d_kv,
            hidden=self.d_ff, p=self.dropout_rate, gated=self.gated, act=self.act, eps=self.layer_norm_epsilon,
            buckets=self.relative_attention_num_buckets, farthest=self.relative_attention_max_distance,
            table=Written("table"), **more,
        )  # fmt: skip

    def network(self, *, decoder: bool = True) -> list[str]:
        """The statements of the network without a head."""
        shared = call("Parameter", [self.vocab_size, self.d_model], init=["normal", 0.0, 1.0])
        lines = [f"shared.weight: {shared}", TABLE, f"tokens -> encoder: {self.stack(self.num_layers)}"]
        if decoder:
            lines.append(f"target -> decoder: {self.stack(self.depth, causal=True, memory=Written('encoder'))}")
        return lines

    def bare(self) -> Draft:
        """Encoder and decoder."""
        lines = [*self.network(), "output last_hidden_state = decoder", "output encoder_last_hidden_state = encoder"]
        return self.draft([SOURCE, TARGET, *lines])

    def encoder(self) -> Draft:
        """The encoder alone."""
        return self.draft(
            [SOURCE.replace("S", "T"), *self.network(decoder=False), "output last_hidden_state = encoder"]
        )

    def text(self) -> Draft:
        """A class for the whole text, read where it ends; the target is the text behind a first token."""
        head = call("TextClassifier", Written("classes"), act=Written("Tanh"),
                    dropout=call("Dropout", self.classifier_dropout))  # fmt: skip
        lines = ["transformer: {", *self.network(), "}",
                 f"(transformer, tokens) -> {call('EndToken', self.eos_token_id)} -> classification_head: {head}",
                 "output logits = classification_head"]  # fmt: skip
        inputs = [SOURCE.replace("S", "T"), TARGET]
        return self.draft([*inputs, *lines], ("EndToken", "TextClassifier"), classes=True)

    def tokens(self) -> Draft:
        """A class for each token, from the encoder."""
        dropped = call("Dropout", self.classifier_dropout)
        lines = ["transformer: {", *self.network(decoder=False), "}", f"{dropped} -> classifier: Linear(classes)",
                 "output logits = classifier"]  # fmt: skip
        return self.draft([SOURCE.replace("S", "T"), *lines], classes=True)

    def question(self) -> Draft:
        """Where in the target the answer begins and ends."""
        return self.draft([SOURCE, TARGET, *self.network(), *QUESTION])

    def draft(self, lines: Sequence[str], heads: tuple[str, ...] = (), *, classes: bool = False) -> Draft:
        """The text, with what it imports."""
        parameters = [f"classes = {self.classes}"] if classes else []
        return Draft({"t5": ("Stack",), "std/heads": heads}, lines, parameters)

    heads: ClassVar[dict[str, Head]] = {
        "T5ForConditionalGeneration": whole,
        "T5Model": bare,
        "T5EncoderModel": encoder,
        "T5ForSequenceClassification": text,
        "T5ForTokenClassification": tokens,
        "T5ForQuestionAnswering": question,
    }


class MT5(T5):
    """MT5Config: T5 1.1, whose output projection is never the table of tokens, whatever the file says."""

    vocab_size: Width = 250112
    d_ff: Width = 1024
    num_layers: Annotated[Width, also("num_layers", "num_hidden_layers")] = 8
    num_heads: Annotated[Width, also("num_heads", "num_attention_heads")] = 6
    feed_forward_proj: str = "gated-gelu"

    @property
    def tied(self) -> bool:
        """Never."""
        return False

    heads: ClassVar[dict[str, Head]] = {f"M{name}": head for name, head in T5.heads.items()}


class OneTableT5(T5):
    """T5 whose weights have no output projection: transformers takes the table of tokens, whatever the file says."""

    @property
    def tied(self) -> bool:
        """Always."""
        return True

    @property
    def scaled(self) -> bool:
        """Where the file says so."""
        return self.tie_word_embeddings and self.scale_decoder_outputs


class OneTableMT5(MT5):
    """mT5 whose weights have no output projection: transformers takes the table of tokens."""

    @property
    def tied(self) -> bool:
        """Always."""
        return True

    @property
    def scaled(self) -> bool:
        """Never."""
        return False


T5.lacking = {"lm_head.weight": OneTableT5}
MT5.lacking = {"lm_head.weight": OneTableMT5}
