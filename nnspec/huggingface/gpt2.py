"""Configurations of GPT-2."""

from __future__ import annotations

from typing import Annotated, ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Positive, Probability, Width, also
from nnspec.huggingface.decoder import START, Decoder, heads
from nnspec.huggingface.draft import Draft, Variant
from nnspec.huggingface.spelling import Argument, Written, call


class GPT2(Decoder):
    """GPT2Config: a decoder with learned positions."""

    file = "gpt2"
    renames = (("*.attn.bias", ""), ("*.attn.masked_bias", ""))
    blocks = ("Layer",)
    table = "wte"
    stack = "h"
    last = "ln_f"
    heads: ClassVar = {
        name.replace("ForCausalLM", "LMHeadModel"): head
        for name, head in heads("GPT2", "transformer", "transformer", token="classifier").items()
    }
    activated = ("activation_function",)
    passed = frozenset({"reorder_and_upcast_attn", "summary_activation", "summary_first_dropout",
                        "summary_proj_to_labels", "summary_type", "summary_use_proj"})  # fmt: skip

    vocab_size: Width = 50257
    n_positions: Annotated[Width, also("n_positions", "max_position_embeddings")] = 1024
    n_embd: Annotated[Width, also("n_embd", "hidden_size")] = 768
    n_layer: Annotated[Width, also("n_layer", "num_hidden_layers")] = 12
    n_head: Annotated[Width, also("n_head", "num_attention_heads")] = 12
    n_inner: Width | None = None
    activation_function: str = "gelu_new"
    resid_pdrop: Probability = 0.1
    embd_pdrop: Probability = 0.1
    attn_pdrop: Probability = 0.1
    layer_norm_epsilon: Positive = 1e-5
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False
    tie_word_embeddings: bool = True

    def model(self, architecture: str) -> Draft | Variant:
        """The files of 2019 have no name before their keys."""
        found = super().model(architecture)
        if architecture == "GPT2Model" or not isinstance(found, Draft):
            return found
        return found._replace(renames=(*self.renames, ("*", "transformer.*")))

    @property
    def context(self) -> int | None:
        """As many tokens as there are positions."""
        return self.n_positions

    def embedding(self) -> list[str]:
        """Words and places."""
        return [
            f"tokens -> wte: {call('Embedding', self.vocab_size, self.n_embd, weight_init=START)}",
            f"Range(T) -> wpe: {call('Embedding', self.n_positions, self.n_embd, weight_init=START)}",
            f"wte + wpe -> drop: {call('Dropout', self.embd_pdrop)}",
        ]

    def layers(self) -> list[str]:
        """All alike, unless each has its own scale."""
        more: dict[str, Argument] = {}
        if self.n_inner is not None:
            more["hidden"] = self.n_inner
        if ACTIVATIONS[self.activation_function] != ACTIVATIONS["gelu_new"]:
            more["act"] = ACTIVATIONS[self.activation_function]
        if self.layer_norm_epsilon != 1e-5:
            more["eps"] = self.layer_norm_epsilon
        if self.attn_pdrop != self.resid_pdrop:
            more["attention_dropout"] = self.attn_pdrop
        return [
            call("Layer", heads=self.n_head, dropout=self.resid_pdrop, **more, **self.scale(at))
            for at in range(self.n_layer)
        ]

    def scale(self, index: int) -> dict[str, Argument]:
        """What the scores of a layer are multiplied with, where it is not the usual."""
        if self.scale_attn_weights and not self.scale_attn_by_inverse_layer_idx:
            return {}
        scale = (self.n_embd // self.n_head) ** -0.5 if self.scale_attn_weights else 1.0
        return {"scale": scale / (index + 1) if self.scale_attn_by_inverse_layer_idx else scale}

    def norm(self) -> Written:
        """At the end."""
        return call("LayerNorm", eps=self.layer_norm_epsilon)
