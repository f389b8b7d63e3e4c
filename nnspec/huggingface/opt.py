"""Configurations of OPT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Probability, Width
from nnspec.huggingface.decoder import START, Decoder, heads
from nnspec.huggingface.draft import stacked
from nnspec.huggingface.spelling import call


class OPT(Decoder):
    """OPTConfig: a decoder with learned positions, which count from two."""

    heads = heads("OPT", question="model", token=None)
    activated = ("activation_function",)
    supported: ClassVar = {
        **Decoder.supported, "enable_bias": (True,), "layer_norm_elementwise_affine": (True,), "layerdrop": (0.0,),
    }  # fmt: skip
    passed = frozenset({"activation_dropout", "attn_implementation"})  # the first is read by nothing

    vocab_size: Width = 50272
    hidden_size: Width = 768
    num_hidden_layers: Width = 12
    ffn_dim: Width = 3072
    num_attention_heads: Width = 12
    max_position_embeddings: Width = 2048
    do_layer_norm_before: bool = True
    remove_final_layer_norm: bool = Field(False, alias="_remove_final_layer_norm")
    word_embed_proj_dim: Width | None = None
    dropout: Probability = 0.1
    attention_dropout: Probability = 0.0
    activation_function: str = "relu"
    layerdrop: Probability = 0.0
    enable_bias: bool = True
    layer_norm_elementwise_affine: bool = True
    pad_token_id: int | None = 1
    tie_word_embeddings: bool = True

    @property
    def context(self) -> int | None:
        """As many tokens as there are positions."""
        return self.max_position_embeddings

    @property
    def words(self) -> str:
        """The table stands in the decoder."""
        return "decoder.embed_tokens.weight"

    def imports(self) -> Mapping[str, Sequence[str]]:
        """The layers of fairseq."""
        return {"std/fairseq": ("Layer",)}

    def network(self) -> list[str]:
        """Words and places, the layers, and projections where words are narrower."""
        width, narrow = self.hidden_size, self.word_embed_proj_dim or self.hidden_size
        words = call("Embedding", self.vocab_size, narrow, padding_idx=self.pad_token_id, weight_init=START)
        places = call("Embedding", self.max_position_embeddings + 2, width, weight_init=START)
        layer = call(
            "Layer", heads=self.num_attention_heads, hidden=self.ffn_dim, act=ACTIVATIONS[self.activation_function],
            p=self.dropout, inner=0.0, before=self.do_layer_norm_before, causal=True,
            attention_dropout=self.attention_dropout,
        )  # fmt: skip
        lines = [
            f"tokens -> embed_tokens: {words}",
            *([f"project_in: {call('Linear', width, bias=False)}"] if narrow != width else []),
            "token = _",
            f"place = Range(T) + 2 -> embed_positions: {places}",
            "token + place",
            *stacked("layers", [layer] * self.num_hidden_layers),
        ]
        if self.do_layer_norm_before and not self.remove_final_layer_norm:
            lines.append("final_layer_norm: LayerNorm")
        if narrow != width:
            lines.append(f"project_out: {call('Linear', narrow, bias=False)}")
        return ["decoder: {", *lines, "}"]
