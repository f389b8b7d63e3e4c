"""Configurations of mixtures of experts: Mixtral, and Qwen3 with experts."""

from __future__ import annotations

from nnspec.huggingface.configuration import Argument, Positive, Width
from nnspec.huggingface.llama import Llama

_ALIKE = {**Llama.supported, "tie_word_embeddings": (False,)}


class Mixtral(Llama):
    """MixtralConfig: experts instead of the feed-forward layer, two for each token."""

    file = "mixtral"
    models = {"MixtralForCausalLM": "Mixtral"}  # noqa: RUF012
    supported = _ALIKE

    intermediate_size: Width = 14336
    num_key_value_heads: Width | None = 8
    max_position_embeddings: Width = 131072
    rms_norm_eps: Positive = 1e-5
    rope_theta: Positive = 1e6
    sliding_window: Width | None = None
    num_local_experts: Width = 8
    num_experts_per_tok: Width = 2

    def arguments(self) -> dict[str, Argument]:
        """As Llama, with the experts and the window."""
        experts = {"experts": self.num_local_experts, "active": self.num_experts_per_tok}
        return {**_untied(super().arguments()), **experts, "window": self.sliding_window}


class Qwen3Moe(Llama):
    """Qwen3MoeConfig: a norm of each query and key, and experts in every layer, whose weights add up to one."""

    file = "qwen3_moe"
    models = {"Qwen3MoeForCausalLM": "Qwen3Moe"}  # noqa: RUF012
    supported = {  # noqa: RUF012
        **_ALIKE,
        "use_sliding_window": (False,),
        "decoder_sparse_step": (1,),
        "mlp_only_layers": ((),),
        "norm_topk_prob": (True,),
    }

    vocab_size: Width = 151936
    hidden_size: Width = 2048
    num_hidden_layers: Width = 24
    num_key_value_heads: Width | None = 4
    max_position_embeddings: Width = 32768
    use_sliding_window: bool = False
    decoder_sparse_step: int = 1
    mlp_only_layers: tuple[int, ...] = ()
    norm_topk_prob: bool = False
    moe_intermediate_size: Width = 768
    num_experts: Width = 128
    num_experts_per_tok: Width = 8

    def arguments(self) -> dict[str, Argument]:
        """As Llama, with the experts."""
        experts = {"experts": self.num_experts, "active": self.num_experts_per_tok}
        return {**_untied(super().arguments()), "hidden": self.moe_intermediate_size, **experts}


def _untied(arguments: dict[str, Argument]) -> dict[str, Argument]:
    """Without what only models have that may be tied."""
    return {name: value for name, value in arguments.items() if name != "tied"}
