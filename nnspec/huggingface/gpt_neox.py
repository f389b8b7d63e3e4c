"""Configurations of GPT-NeoX and Pythia."""

from __future__ import annotations

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Positive, Probability, Width
from nnspec.huggingface.decoder import START, Decoder, heads
from nnspec.huggingface.rotation import Turned
from nnspec.huggingface.spelling import Argument, Written, call


class GPTNeoX(Turned, Decoder):
    """GPTNeoXConfig: attention and feed-forward layer side by side, and a part of each head turns."""

    file = "gpt_neox"
    renames = (("*.attention.bias", ""), ("*.attention.masked_bias", ""), ("*.rotary_emb.inv_freq", ""))
    table = "embed_in"
    last = "final_layer_norm"
    output = "embed_out"
    heads = heads("GPTNeoX", "gpt_neox", "gpt_neox", token="classifier")
    activated = ("hidden_act",)
    passed = frozenset({"attention_probs_dropout_prob", "hidden_dropout_prob"})  # read by nothing
    vocab_size: Width = 50432
    hidden_size: Width = 6144
    num_hidden_layers: Width = 44
    num_attention_heads: Width = 64
    intermediate_size: Width = 24576
    hidden_act: str = "gelu"
    attention_dropout: Probability = 0.0
    hidden_dropout: Probability = 0.0
    classifier_dropout: Probability | None = 0.1
    layer_norm_eps: Positive = 1e-5
    use_parallel_residual: bool = True
    attention_bias: bool = True
    rotary_pct: Positive = 0.25
    rotary_emb_base: Positive | None = None

    def turn(self, size: int, **more: Argument) -> Written:
        """As everywhere, by other names in old files."""
        given = {"rope_theta": self.rope_theta or self.rotary_emb_base,
                 "partial_rotary_factor": self.partial_rotary_factor or self.rotary_pct}  # fmt: skip
        return super(GPTNeoX, self.model_copy(update=given)).turn(size, **more)

    def names(self) -> list[str]:
        """The attention."""
        turn = self.turn(self.hidden_size // self.num_attention_heads)
        more: dict[str, Argument] = {} if self.attention_bias else {"bias": False}
        if self.attention_dropout:
            more["dropout"] = self.attention_dropout
        return [f"attention = {call('Attention', self.num_attention_heads, turn, **more)}"]

    def embedding(self) -> list[str]:
        """With dropout."""
        table = call("Embedding", self.vocab_size, self.hidden_size, weight_init=START)
        return [f"embed_in: {table} -> emb_dropout: {call('Dropout', self.hidden_dropout)}"]

    def layers(self) -> list[str]:
        """All alike."""
        other = {} if self.hidden_act == "gelu" else {"act": ACTIVATIONS[self.hidden_act]}
        feed_forward = call("FeedForward", self.intermediate_size, **other)
        layer = call("Layer", Written("attention"), feed_forward, eps=self.layer_norm_eps, p=self.hidden_dropout,
                     parallel=self.use_parallel_residual)  # fmt: skip
        return [layer] * self.num_hidden_layers

    def norm(self) -> Written:
        """At the end."""
        return call("LayerNorm", eps=self.layer_norm_eps)
