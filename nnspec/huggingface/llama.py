"""Configurations of Llama and its kin: Mistral and Qwen2."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ConfigDict

from nnspec.huggingface.configuration import Argument, Configuration, Part, Positive, Probability, Width


class Rotation(Part):
    """The rotary embedding: `rope_parameters` of new files, `rope_scaling` of older ones."""

    model_config = ConfigDict(extra="allow")

    rope_type: str | None = None
    type: str | None = None
    rope_theta: Positive | None = None


class Llama(Configuration):
    """LlamaConfig: a decoder with rotary positions, RMS norms and gated feed-forward layers."""

    file = "llama"
    models = {"LlamaForCausalLM": "Llama"}  # noqa: RUF012
    supported = {  # noqa: RUF012
        "hidden_act": ("silu",),
        "attention_bias": (False,),
        "mlp_bias": (False,),
        "attention_dropout": (0.0,),
    }

    vocab_size: Width = 32000
    hidden_size: Width = 4096
    intermediate_size: Width = 11008
    num_hidden_layers: Width = 32
    num_attention_heads: Width = 32
    num_key_value_heads: Width | None = None
    head_dim: Width | None = None
    hidden_act: str = "silu"
    rms_norm_eps: Positive = 1e-6
    rope_theta: Positive = 10000.0
    rope_scaling: Rotation | None = None
    rope_parameters: Rotation | None = None
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    attention_dropout: Probability = 0.0

    def problems(self) -> Iterator[str]:
        """As every part; heads that divide the width, and positions that are not scaled."""
        yield from super().problems()
        if self.head_dim is None and self.hidden_size % self.num_attention_heads:
            yield f"num_attention_heads is {self.num_attention_heads}, which does not divide hidden_size"
        for name in ("rope_scaling", "rope_parameters"):
            found: Rotation | None = getattr(self, name)
            kind = found and (found.rope_type or found.type)
            if kind not in (None, "default"):
                yield f"{name} is of type {kind!r}, and only unscaled positions are supported"
            elif found and found.model_extra:
                yield f"{name} has {', '.join(sorted(found.model_extra))}, and only unscaled positions are supported"

    def arguments(self) -> dict[str, Argument]:
        """Sizes, the base of the rotation, and whether the output projection is tied."""
        rotation = self.rope_parameters
        return {
            "vocab": self.vocab_size,
            "width": self.hidden_size,
            "layers": self.num_hidden_layers,
            "heads": self.num_attention_heads,
            "groups": self.num_key_value_heads or self.num_attention_heads,
            "size": self.head_dim or self.hidden_size // self.num_attention_heads,
            "hidden": self.intermediate_size,
            "base": rotation.rope_theta if rotation and rotation.rope_theta else self.rope_theta,
            "tied": self.tie_word_embeddings,
            "eps": self.rms_norm_eps,
        }


class Mistral(Llama):
    """MistralConfig: heads in groups, and a window of attention."""

    models = {"MistralForCausalLM": "Llama"}  # noqa: RUF012

    intermediate_size: Width = 14336
    num_key_value_heads: Width | None = 8
    sliding_window: Width | None = 4096

    def arguments(self) -> dict[str, Argument]:
        """As Llama, with the window."""
        return {**super().arguments(), "window": self.sliding_window}


class Qwen2(Llama):
    """Qwen2Config: biases in the projections to queries, keys and values."""

    models = {"Qwen2ForCausalLM": "Llama"}  # noqa: RUF012
    supported = {**Llama.supported, "use_sliding_window": (False,)}  # noqa: RUF012

    vocab_size: Width = 151936
    intermediate_size: Width = 22016
    num_key_value_heads: Width | None = 32
    use_sliding_window: bool = False

    def arguments(self) -> dict[str, Argument]:
        """As Llama, with the biases."""
        return {**super().arguments(), "bias": True}
