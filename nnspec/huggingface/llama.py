"""Configurations of Llama and its kin: Mistral, Qwen2, Qwen3 and Phi-3."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.huggingface.configuration import Argument, Configuration, LayerArgument, Positive, Probability, Width, same
from nnspec.huggingface.rotation import Rotation


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
    max_position_embeddings: Width = 2048
    original_max_position_embeddings: Width | None = None
    rope_theta: Positive = 10000.0
    partial_rotary_factor: Positive | None = None
    rope_scaling: Rotation | None = None
    rope_parameters: Rotation | None = None
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    attention_dropout: Probability = 0.0

    def problems(self) -> Iterator[str]:
        """As every part; heads that divide the width, and rotations that are known."""
        yield from super().problems()
        if self.head_dim is None and self.hidden_size % self.num_attention_heads:
            yield f"num_attention_heads is {self.num_attention_heads}, which does not divide hidden_size"
        for name in ("rope_scaling", "rope_parameters"):
            found: Rotation | None = getattr(self, name)
            for problem in found.problems() if found else ():
                yield f"{name}: {problem}"

    @property
    def size(self) -> int:
        """The features of a head."""
        return self.head_dim or self.hidden_size // self.num_attention_heads

    def turn(self) -> LayerArgument:
        """The layer that turns queries and keys with the position."""
        rotation = self.rope_scaling or self.rope_parameters or Rotation()
        if rotation.partial_rotary_factor is None:
            rotation = rotation.model_copy(update={"partial_rotary_factor": self.partial_rotary_factor})
        return rotation.layer(
            self.rope_theta, self.size, self.max_position_embeddings, self.original_max_position_embeddings
        )

    def arguments(self) -> dict[str, Argument]:
        """Sizes, the rotation, and whether the output projection is tied."""
        return {
            "vocab": self.vocab_size,
            "width": self.hidden_size,
            "layers": self.num_hidden_layers,
            "heads": self.num_attention_heads,
            "groups": self.num_key_value_heads or self.num_attention_heads,
            "size": self.size,
            "hidden": self.intermediate_size,
            **self.turning(),
            "tied": self.tie_word_embeddings,
            "eps": self.rms_norm_eps,
        }

    def turning(self) -> dict[str, Argument]:
        """The base of the rotation, or the layer where it is more than that."""
        layer = self.turn()
        return dict(layer.arguments) if set(layer.arguments) == {"base"} else {"turn": layer}


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


class Qwen3(Llama):
    """Qwen3Config: a norm of each query and key."""

    models = {"Qwen3ForCausalLM": "Llama"}  # noqa: RUF012
    supported = {**Llama.supported, "use_sliding_window": (False,)}  # noqa: RUF012

    vocab_size: Width = 151936
    hidden_size: Width = 4096
    intermediate_size: Width = 22016
    num_key_value_heads: Width | None = 32
    head_dim: Width | None = 128
    max_position_embeddings: Width = 32768
    use_sliding_window: bool = False

    def arguments(self) -> dict[str, Argument]:
        """As Llama, with the norm."""
        return {**super().arguments(), "head_norm": LayerArgument("RMSNorm", {"eps": self.rms_norm_eps})}


class Phi3(Llama):
    """Phi3Config: projections in one, and a window."""

    file = "phi3"
    models = {"Phi3ForCausalLM": "Phi3"}  # noqa: RUF012
    supported = {  # noqa: RUF012
        "hidden_act": ("silu",),
        "attention_dropout": (0.0,),
        "resid_pdrop": (0.0,),
        "embd_pdrop": (0.0,),
        "tie_word_embeddings": (False,),
    }

    vocab_size: Width = 32064
    hidden_size: Width = 3072
    intermediate_size: Width = 8192
    rms_norm_eps: Positive = 1e-5
    max_position_embeddings: Width = 4096
    sliding_window: Width | None = None
    resid_pdrop: Probability = 0.0
    embd_pdrop: Probability = 0.0

    def problems(self) -> Iterator[str]:
        """As Llama; heads that fill the width."""
        yield from super().problems()
        yield from same("hidden_size", self.hidden_size, head_dim=self.size * self.num_attention_heads)

    def arguments(self) -> dict[str, Argument]:
        """As Llama, with the window."""
        found = super().arguments()
        del found["size"], found["tied"]
        return {**found, "window": self.sliding_window}
