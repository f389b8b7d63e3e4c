"""Configurations of DeepSeek-V2 and V3."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Annotated, ClassVar

from nnspec.huggingface.configuration import Positive, Problem, Width, also
from nnspec.huggingface.decoder import heads
from nnspec.huggingface.llama import TURN, Kind, Llama
from nnspec.huggingface.mixtures import ROUTER
from nnspec.huggingface.rotation import Rotation, stretch
from nnspec.huggingface.spelling import Argument, Written, call


class DeepSeekV2(Llama):
    """DeepseekV2Config: keys and values from one latent vector, and experts behind the first layers."""

    file = "deepseek_v2"
    heads = heads("DeepseekV2", token=None)
    passed = ROUTER | {
        "aux_loss_alpha",
        "seq_aux",
        "ep_size",
        "num_key_value_heads",
        "head_dim",
        "qk_head_dim",
        "norm_topk_prob",
    }
    supported: ClassVar = {
        **Llama.supported, "attention_bias": (False,), "mlp_bias": (False,), "moe_layer_freq": (1,),
        "attention_dropout": (0.0,),
        "scoring_func": ("softmax",), "topk_method": ("greedy", "group_limited_greedy"),
    }  # fmt: skip

    vocab_size: Width = 102400
    moe_intermediate_size: Width = 1407
    n_shared_experts: Width = 2
    n_routed_experts: Annotated[Width, also("n_routed_experts", "num_experts", "num_local_experts")] = 64
    num_experts_per_tok: Width | None = None
    routed_scaling_factor: Positive = 1.0
    kv_lora_rank: Width = 512
    q_lora_rank: Width | None = 1536
    qk_rope_head_dim: Width = 64
    qk_nope_head_dim: Width = 128
    v_head_dim: Width = 128
    n_group: Width | None = None
    topk_group: Width | None = None
    topk_method: str = "greedy"
    scoring_func: str = "softmax"
    moe_layer_freq: int = 1
    first_k_dense_replace: int = 0
    rope_interleave: bool = True

    def problems(self) -> Iterator[Problem]:
        """As every part; a number of experts for a token."""
        yield from super().problems()
        if self.num_experts_per_tok is None:
            yield Problem(("num_experts_per_tok",), "num_experts_per_tok is missing")
        if self.n_routed_experts % (self.n_group or 1):
            yield Problem(("n_group",), f"n_group is {self.n_group}, which does not divide n_routed_experts")

    def imports(self) -> dict[str, tuple[str, ...]]:
        """Attention and experts of its own."""
        dense = ("FeedForward",) if self.first_k_dense_replace else ()
        return {"llama": (*dense, "Layer"), **self.own()}

    def own(self) -> dict[str, tuple[str, ...]]:
        """The blocks of this family."""
        return {"deepseek_v2": ("LatentAttention", "SparseMoe")}

    @property
    def size(self) -> int:
        """The features of a head that are turned."""
        return self.qk_rope_head_dim

    @property
    def groups(self) -> int:
        """Every head has keys and values of its own."""
        return self.num_attention_heads

    def turn(self, size: int, **more: Argument) -> Written:
        """The pairs stand side by side."""
        return super().turn(size, **({"interleaved": True} if self.rope_interleave else {}), **more)

    @property
    def scale(self) -> float:
        """What scores are multiplied with."""
        rotation = self.rope_scaling or self.rope_parameters or Rotation()
        scale = 1 / sqrt(self.qk_nope_head_dim + self.qk_rope_head_dim)
        if rotation.scaling is None or not rotation.mscale_all_dim:
            return scale
        return scale * stretch(rotation.factor or 1.0, rotation.mscale_all_dim) ** 2

    def attention(self, kind: Kind) -> Written:
        """From a latent vector; its norms have transformers' own epsilon."""
        return call("LatentAttention", heads=self.num_attention_heads, plain=self.qk_nope_head_dim,
                    turned=self.qk_rope_head_dim, value=self.v_head_dim, query_rank=self.q_lora_rank,
                    rank=self.kv_lora_rank, turn=TURN, scale=self.scale, eps=1e-6)  # fmt: skip

    def layer(self, index: int, attention: Written) -> Written:
        """A layer, of experts behind the first ones."""
        if index < self.first_k_dense_replace:
            return super().layer(index, attention)
        return call("Layer", attention, call("SparseMoe", **self.experts()), self.norm())

    def experts(self) -> dict[str, Argument]:
        """Sizes of the experts, and how they are chosen."""
        grouped = self.topk_method == "group_limited_greedy"
        return {
            "experts": self.n_routed_experts, "active": self.num_experts_per_tok, "hidden": self.moe_intermediate_size,
            "common": self.n_shared_experts, "groups": (self.n_group or 1) if grouped else 1,
            "near": (self.topk_group or 1) if grouped else 1, "factor": self.routed_scaling_factor,
        }  # fmt: skip


class DeepSeekV3(DeepSeekV2):
    """DeepseekV3Config: experts are chosen by corrected scores, and weigh what they score."""

    file = "deepseek_v3"
    heads = heads("DeepseekV3")
    passed = (DeepSeekV2.passed - {"norm_topk_prob"}) | {"num_nextn_predict_layers", "num_mtp_layers"}
    supported: ClassVar = {**DeepSeekV2.supported, "scoring_func": ("sigmoid",), "topk_method": ("noaux_tc",)}

    vocab_size: Width = 129280
    hidden_size: Width = 7168
    intermediate_size: Width = 18432
    num_hidden_layers: Width = 61
    num_attention_heads: Width = 128
    max_position_embeddings: Width = 4096
    moe_intermediate_size: Width = 2048
    n_shared_experts: Width = 1
    n_routed_experts: Annotated[Width, also("n_routed_experts", "num_experts", "num_local_experts")] = 256
    num_experts_per_tok: Width | None = 8
    routed_scaling_factor: Positive = 2.5
    n_group: Width | None = 8
    topk_group: Width | None = 4
    topk_method: str = "noaux_tc"
    scoring_func: str = "sigmoid"
    first_k_dense_replace: int = 3
    norm_topk_prob: bool = True

    def own(self) -> dict[str, tuple[str, ...]]:
        """Experts of its own."""
        return {"deepseek_v2": ("LatentAttention",), "deepseek_v3": ("SparseMoe",)}

    def experts(self) -> dict[str, Argument]:
        """In groups always."""
        return {**super().experts(), "groups": self.n_group or 1, "near": self.topk_group or 1,
                "normed": self.norm_topk_prob}  # fmt: skip
