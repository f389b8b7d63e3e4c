"""Configurations of Phi-3 and Phi-4."""

from __future__ import annotations

from typing import ClassVar

from nnspec.huggingface.configuration import Positive, Probability, Width
from nnspec.huggingface.decoder import heads
from nnspec.huggingface.llama import TURN, Kind, Llama
from nnspec.huggingface.spelling import Written, call


class Phi3(Llama):
    """Phi3Config: projections in one, and a window."""

    file = "phi3"
    heads = heads("Phi3")
    passed = frozenset({"full_attn_mod", "interpolate_factor"})
    supported: ClassVar = {
        **Llama.supported, "attention_bias": (False,), "mlp_bias": (False,), "lm_head_bias": (False,),
        "resid_pdrop": (0.0,), "embd_pdrop": (0.0,),
    }  # fmt: skip

    vocab_size: Width = 32064
    hidden_size: Width = 3072
    intermediate_size: Width = 8192
    rms_norm_eps: Positive = 1e-5
    max_position_embeddings: Width = 4096
    original_max_position_embeddings: Width | None = 4096
    pad_token_id: int | None = 32000
    resid_pdrop: Probability = 0.0
    embd_pdrop: Probability = 0.0
    lm_head_bias: bool = False

    def imports(self) -> dict[str, tuple[str, ...]]:
        """The layer is Llama's."""
        return {"llama": ("Layer",), "phi3": ("Attention", "FeedForward")}

    def usual(self) -> tuple[Kind, ...]:
        """All of them with the window, if there is one."""
        windowed: Kind = "full_attention" if self.sliding_window is None else "sliding_attention"
        return (windowed,) * self.num_hidden_layers

    def attention(self, kind: Kind) -> Written:
        """One projection to queries, keys and values."""
        window = self.window if kind == "sliding_attention" else None
        return call("Attention", heads=self.num_attention_heads, groups=self.groups, size=self.size, turn=TURN,
                    window=window, **self.dropouts)  # fmt: skip
