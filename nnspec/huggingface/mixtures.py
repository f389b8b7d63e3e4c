"""Configurations of mixtures of experts: Mixtral, and Qwen2 and Qwen3 with experts."""

from __future__ import annotations

from typing import Annotated, ClassVar

from nnspec.huggingface.configuration import Positive, Width, also
from nnspec.huggingface.decoder import heads
from nnspec.huggingface.llama import Kind, Llama, Mistral, Qwen2, Qwen3, Window
from nnspec.huggingface.spelling import Argument, Written, call

ROUTER = frozenset({"output_router_logits", "router_aux_loss_coef"})  # of the loss


class Mixtral(Mistral):
    """MixtralConfig: experts instead of the feed-forward layer, two for each token."""

    heads = heads("Mixtral", question="model")
    base = 1e6
    passed = ROUTER
    supported: ClassVar = {**Llama.supported, "router_jitter_noise": (0.0,)}

    rms_norm_eps: Positive = 1e-5
    sliding_window: Window | None = None
    num_local_experts: Annotated[Width, also("num_local_experts", "num_experts")] = 8
    num_experts_per_tok: Width = 2
    router_jitter_noise: float = 0.0

    def imports(self) -> dict[str, tuple[str, ...]]:
        """The attention is Llama's."""
        return {"llama": ("Attention",), "mixtral": ("Layer",)}

    def layer(self, index: int, attention: Written) -> Written:
        """A layer, with experts."""
        return call("Layer", attention, experts=self.num_local_experts, active=self.num_experts_per_tok,
                    hidden=self.intermediate_size, eps=self.rms_norm_eps)  # fmt: skip


class _Sparse(Qwen2):
    """The base of those that have experts in some layers only."""

    passed = Qwen2.passed | ROUTER

    hidden_size: Width = 2048
    num_hidden_layers: Width = 24
    decoder_sparse_step: Width = 1
    mlp_only_layers: tuple[int, ...] | None = None
    norm_topk_prob: bool = False
    num_experts: Width
    num_local_experts: Width | None = None  # the same, in new files
    num_experts_per_tok: Width
    moe_intermediate_size: Width

    def imports(self) -> dict[str, tuple[str, ...]]:
        """The blocks for the layers that there are."""
        plain = ("FeedForward",) if any(not self.sparse(index) for index in range(self.num_hidden_layers)) else ()
        return {"llama": ("Attention", *plain, "Layer"), self.file: ("SparseMoe",)}

    def sparse(self, index: int) -> bool:
        """Whether a layer has experts."""
        return index not in (self.mlp_only_layers or ()) and (index + 1) % self.decoder_sparse_step == 0

    def layer(self, index: int, attention: Written) -> Written:
        """A layer, of experts where it has them."""
        if not self.sparse(index):
            return super().layer(index, attention)
        experts = call("SparseMoe", experts=self.num_local_experts or self.num_experts, active=self.num_experts_per_tok,
                       hidden=self.moe_intermediate_size, normed=self.norm_topk_prob, **self.shared())  # fmt: skip
        return call("Layer", attention, experts, self.norm())

    def shared(self) -> dict[str, Argument]:
        """What all tokens take."""
        return {}


class Qwen2Moe(_Sparse):
    """Qwen2MoeConfig: experts, and one that all tokens take, through a gate."""

    file = "qwen2_moe"
    heads = heads("Qwen2Moe", question="model")

    num_attention_heads: Width = 16
    num_key_value_heads: Width | None = 16
    intermediate_size: Width = 5632
    num_experts: Width = 60
    num_experts_per_tok: Width = 4
    moe_intermediate_size: Width = 1408
    shared_expert_intermediate_size: Width = 5632
    qkv_bias: bool = True

    @property
    def biased(self) -> bool:
        """Where the file does not say otherwise."""
        return self.qkv_bias

    def usual(self) -> tuple[Kind, ...]:
        """Every second one of the first layers has a window, where they are used."""
        near = [self.use_sliding_window and (at + 1) % 2 and at < self.max_window_layers
                for at in range(self.num_hidden_layers)]  # fmt: skip
        return tuple("sliding_attention" if each else "full_attention" for each in near)

    def shared(self) -> dict[str, Argument]:
        """The size of the expert for all."""
        return {"shared": self.shared_expert_intermediate_size}


class Qwen3Moe(_Sparse):
    """Qwen3MoeConfig: a norm of each query and key, and experts."""

    file = "qwen3_moe"
    alternating = False
    heads = heads("Qwen3Moe", question="transformer")

    num_key_value_heads: Width | None = 4
    intermediate_size: Width = 6144
    num_experts: Width = 128
    num_experts_per_tok: Width = 8
    moe_intermediate_size: Width = 768

    def usual(self) -> tuple[Kind, ...]:
        """All of them with the window, if there is one."""
        windowed: Kind = "full_attention" if self.window is None else "sliding_attention"
        return (windowed,) * self.num_hidden_layers

    @property
    def biased(self) -> bool:
        """Where the file says so."""
        return self.attention_bias

    def attending(self, kind: Kind) -> dict[str, Argument]:
        """As Qwen3."""
        return Qwen3.attending(self, kind)  # type: ignore[arg-type]
