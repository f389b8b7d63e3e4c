"""Configurations of Mamba."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.huggingface.configuration import Positive, Width
from nnspec.huggingface.decoder import Decoder, heads
from nnspec.huggingface.spelling import Written, call


class Mamba(Decoder):
    """MambaConfig: a state that decays and takes in tokens, and no attention."""

    file = "mamba"
    blocks = ("Layer",)
    table = "embeddings"
    last = "norm_f"
    heads: ClassVar = {
        name: head for name, head in heads("Mamba", "backbone").items() if not name.endswith("Classification")
    }
    supported: ClassVar = {**Decoder.supported, "hidden_act": ("silu",)}
    passed = frozenset(
        {
            "time_step_scale", "time_step_min", "time_step_max", "time_step_init_scheme", "time_step_floor",
            "rescale_prenorm_residual", "use_mambapy", "use_associative_scan", "residual_in_fp32", "fused_add_norm",
            "rms_norm", "ssm_cfg", "d_inner", "d_model", "n_layer", "pad_vocab_size_multiple", "intermediate_size",
        }
    )  # how weights start and how it is computed; names of the original files  # fmt: skip

    vocab_size: Width = 50280
    hidden_size: Width = 768
    state_size: Width = 16
    layer_norm_epsilon: Positive = 1e-5
    expand: Width = 2
    conv_kernel: Width = 4
    use_bias: bool = False
    use_conv_bias: bool = True
    hidden_act: str = "silu"
    time_step_rank: Width | Literal["auto"] = "auto"
    pad_token_id: int | None = 0
    tie_word_embeddings: bool = True

    def layers(self) -> list[str]:
        """All alike."""
        rank = -(-self.hidden_size // 16) if self.time_step_rank == "auto" else self.time_step_rank
        other = {} if not self.use_bias and self.use_conv_bias else {
            "bias": self.use_bias, "conv_bias": self.use_conv_bias,
        }  # fmt: skip
        layer = call("Layer", inner=self.expand * self.hidden_size, states=self.state_size, rank=rank,
                     kernel=self.conv_kernel, eps=self.layer_norm_epsilon, **other)  # fmt: skip
        return [layer] * self.num_hidden_layers

    def norm(self) -> Written:
        """At the end."""
        return call("RMSNorm", eps=self.layer_norm_epsilon)
