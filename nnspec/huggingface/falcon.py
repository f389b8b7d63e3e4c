"""Configurations of Falcon, of its first and of its new architecture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.configuration import Positive, Probability, Problem, Width
from nnspec.huggingface.decoder import Decoder, heads
from nnspec.huggingface.rotation import Turned
from nnspec.huggingface.spelling import Argument, Written, call


class Falcon(Turned, Decoder):
    """FalconConfig: attention and feed-forward layer side by side, behind one norm or two."""

    file = "falcon"
    renames = (("*.rotary_emb.inv_freq", ""),)
    table = "word_embeddings"
    stack = "h"
    last = "ln_f"
    heads = heads("Falcon", "transformer", "transformer", token="classifier")
    activated = ("activation",)
    supported: ClassVar = {**Decoder.supported, "hidden_dropout": (0.0, None), "attention_dropout": (0.0, None)}
    passed = frozenset({"apply_residual_connection_post_layernorm"})  # read by nothing

    vocab_size: Width = 65024
    hidden_size: Width = 4544
    num_attention_heads: Width = 71
    num_ln_in_parallel_attn: int | None = None
    layer_norm_epsilon: Positive = 1e-5
    hidden_dropout: Probability | None = 0.0
    attention_dropout: Probability | None = 0.0
    num_kv_heads: Width | None = None
    alibi: bool = False
    new_decoder_architecture: bool = False
    multi_query: bool = True
    parallel_attn: bool = True
    bias: bool = False
    ffn_hidden_size: Width | None = None
    activation: str = "gelu"
    tie_word_embeddings: bool = True

    def problems(self) -> Iterator[Problem]:
        """As every part; what the architectures have of norms and slopes."""
        yield from super().problems()
        if self.alibi and self.num_attention_heads.bit_count() > 1:
            text = "alibi is true for a number of heads that is no power of two, whose slopes transformers rounds"
            yield Problem(("alibi",), text)
        if self.new_decoder_architecture and not self.parallel_attn:
            yield Problem(("parallel_attn",), "parallel_attn is False, and the new architecture has True")
        if self.hidden_size % self.num_attention_heads:
            text = f"num_attention_heads is {self.num_attention_heads}, which does not divide hidden_size"
            yield Problem(("num_attention_heads",), text)

    @property
    def groups(self) -> int:
        """The number of heads of keys and values."""
        if not self.new_decoder_architecture:
            return 1 if self.multi_query else self.num_attention_heads
        return self.num_kv_heads or self.num_attention_heads

    @property
    def norms(self) -> int:
        """The norms in front of attention and feed-forward layer, where they stand side by side."""
        given = self.num_ln_in_parallel_attn
        if self.new_decoder_architecture:
            return 2 if given is None else given
        return 1 if self.parallel_attn else 0

    def names(self) -> list[str]:
        """The attention."""
        size = self.hidden_size // self.num_attention_heads
        turn = None if self.alibi else self.turn(size)
        attention = call("Attention", heads=self.num_attention_heads, groups=self.groups, size=size, turn=turn,
                         bias=self.bias)  # fmt: skip
        return [f"attention = {attention}"]

    def layers(self) -> list[str]:
        """All alike."""
        other: dict[str, Argument] = {} if self.activation == "gelu" else {"act": ACTIVATIONS[self.activation]}
        hidden = self.ffn_hidden_size or 4 * self.hidden_size
        feed_forward = call("FeedForward", hidden, **other, **({"bias": True} if self.bias else {}))
        layer = call("Layer", Written("attention"), feed_forward, norms=self.norms, eps=self.layer_norm_epsilon)
        return [layer] * self.num_hidden_layers

    def norm(self) -> Written:
        """At the end."""
        return call("LayerNorm", eps=self.layer_norm_epsilon)
