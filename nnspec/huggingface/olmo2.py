"""Configurations of OLMo 2."""

from __future__ import annotations

from typing import ClassVar

from nnspec.huggingface.configuration import Positive, Width
from nnspec.huggingface.decoder import heads
from nnspec.huggingface.llama import TURN, Kind, Llama
from nnspec.huggingface.spelling import Written, call


class OLMo2(Llama):
    """Olmo2Config: norms behind attention and feed-forward layers, and of all queries and keys together."""

    file = "olmo2"
    heads = heads("Olmo2", token=None)
    supported: ClassVar = {**Llama.supported, "attention_bias": (False,), "mlp_bias": (False,)}

    vocab_size: Width = 50304
    rms_norm_eps: Positive = 1e-5
    pad_token_id: int | None = 1

    def imports(self) -> dict[str, tuple[str, ...]]:
        """Layers of its own."""
        return {"olmo2": ("Attention", "Layer")}

    def attention(self, kind: Kind) -> Written:
        """With norms of queries and keys."""
        return call("Attention", heads=self.num_attention_heads, groups=self.groups, size=self.size, turn=TURN,
                    eps=self.rms_norm_eps, **self.dropouts)  # fmt: skip

    def layer(self, index: int, attention: Written) -> Written:
        """A layer, of this attention."""
        return call("Layer", attention, hidden=self.intermediate_size, eps=self.rms_norm_eps)
