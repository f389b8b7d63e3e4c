"""Configurations of Gemma, Gemma 2 and the language model of Gemma 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from nnspec.huggingface.configuration import Configuration, Head, Part, Positive, Width
from nnspec.huggingface.decoder import START, heads
from nnspec.huggingface.llama import Kind, Llama, Window
from nnspec.huggingface.rotation import Rotation
from nnspec.huggingface.spelling import Argument, Written, call

GELU = Written('GELU("tanh")')
NORM = Written("Norm")


class Gemma(Llama):
    """GemmaConfig: Llama with larger heads, whose tokens are scaled."""

    heads = heads("Gemma")
    passed = frozenset({"hidden_act"})  # of old files, where transformers reads hidden_activation
    supported: ClassVar = {
        **{name: values for name, values in Llama.supported.items() if name != "hidden_act"},
        "hidden_activation": ("gelu_pytorch_tanh", None),
        "use_bidirectional_attention": (False, None),
    }

    vocab_size: Width = 256000
    hidden_size: Width = 3072
    intermediate_size: Width = 24576
    num_hidden_layers: Width = 28
    num_attention_heads: Width = 16
    num_key_value_heads: Width | None = 16
    head_dim: Width | None = 256
    max_position_embeddings: Width = 8192
    hidden_act: str = "gelu_pytorch_tanh"
    hidden_activation: str | None = None
    use_bidirectional_attention: bool | None = None
    tie_word_embeddings: bool = True
    pad_token_id: int | None = 0

    def imports(self) -> Mapping[str, Sequence[str]]:
        """Llama's blocks, and the norm."""
        return {"llama": ("Attention", "FeedForward", "Layer"), "gemma": ("Norm",)}

    def embedding(self) -> list[str]:
        """Tokens are scaled by the root of the width."""
        table = call("Embedding", self.vocab_size, self.hidden_size, padding_idx=self.pad_token_id, weight_init=START)
        return [f"embed_tokens: {table}", f"_ * sqrt({self.hidden_size})"]

    def feed_forward(self, hidden: int) -> Written:
        """Gated by GELU."""
        return call("FeedForward", hidden, GELU)

    def norm(self) -> Written:
        """The weight is what the scale has more than one."""
        return NORM if self.rms_norm_eps == 1e-6 else call("Norm", eps=self.rms_norm_eps)


class Gemma2(Gemma):
    """Gemma2Config: norms around what is added, caps of scores, and windows in every second layer."""

    heads = heads("Gemma2")
    passed = frozenset({"hidden_act", "cache_implementation", "sliding_window_size"})
    alternating = True

    hidden_size: Width = 2304
    intermediate_size: Width = 9216
    num_hidden_layers: Width = 26
    num_attention_heads: Width = 8
    num_key_value_heads: Width | None = 4
    query_pre_attn_scalar: Positive = 256
    sliding_window: Window | None = 4096
    final_logit_softcapping: Positive | None = 30.0
    attn_logit_softcapping: Positive | None = 50.0

    def imports(self) -> Mapping[str, Sequence[str]]:
        """Layers of its own."""
        return {"llama": ("Attention",), "gemma": ("Norm",), "gemma2": ("Layer",)}

    def usual(self) -> tuple[Kind, ...]:
        """The first and every second one have windows."""
        count = range(self.num_hidden_layers)
        return tuple("full_attention" if at % 2 else "sliding_attention" for at in count)

    def attending(self, kind: Kind) -> dict[str, Argument]:
        """The scale of the scores, and their cap."""
        found: dict[str, Argument] = {**super().attending(kind), "scale": self.query_pre_attn_scalar**-0.5}
        return found | ({"cap": self.attn_logit_softcapping} if self.attn_logit_softcapping else {})

    def layer(self, index: int, attention: Written) -> Written:
        """A layer, of this attention."""
        other = {} if self.norm() == NORM else {"norm": self.norm()}
        return call("Layer", attention, self.intermediate_size, **other)

    def logits(self, label: str) -> list[str]:
        """With a cap."""
        if self.final_logit_softcapping is None:
            return super().logits(label)
        (line,) = super().logits(label)
        cap = self.final_logit_softcapping
        return [line.removeprefix("output logits = "), f"output logits = {cap} * tanh(_ / {cap})"]


class Turns(Part):
    """`rope_parameters` of new files of Gemma 3, for each kind of layer."""

    full_attention: Rotation | None = None
    sliding_attention: Rotation | None = None


class Gemma3(Gemma2):
    """Gemma3TextConfig: norms of queries and keys, and windows in five layers of six."""

    heads: ClassVar = {
        name: head
        for name, head in (heads("Gemma3", token=None) | heads("Gemma3Text", token=None)).items()
        if name in {"Gemma3ForCausalLM", "Gemma3TextModel", "Gemma3TextForSequenceClassification"}
    }
    base = 1e6
    passed = Gemma2.passed | {"_sliding_window_pattern"}  # new files name the kind of each layer

    vocab_size: Width = 262208
    max_position_embeddings: Width = 131072
    final_logit_softcapping: Positive | None = None
    attn_logit_softcapping: Positive | None = None
    sliding_window_pattern: Width = 6
    rope_local_base_freq: Positive = 10000.0
    rope_parameters: Turns | None = None  # type: ignore[assignment]

    def usual(self) -> tuple[Kind, ...]:
        """One of six sees everything."""
        every, count = self.sliding_window_pattern, range(self.num_hidden_layers)
        return tuple("sliding_attention" if (at + 1) % every else "full_attention" for at in count)

    def names(self) -> list[str]:
        """Layers with windows turn faster."""
        given = self.rope_parameters or Turns()
        far = self.model_copy(update={"rope_parameters": given.full_attention})
        near = self.model_copy(update={"rope_parameters": given.sliding_attention, "rope_scaling": None,
                                       "rope_theta": self.rope_local_base_freq})  # fmt: skip
        pairs = {"full_attention": ("far", far), "sliding_attention": ("near", near)}
        kinds = sorted(set(self.kinds()), reverse=True)
        lines = []
        for kind in kinds:
            name, own = pairs[kind]
            turned = self.attention(kind).replace("turn = turn", f"turn = {Llama.turn(own, self.size)}")
            lines.append(f"{'attention' if len(kinds) == 1 else name} = {turned}")
        return lines

    def attending(self, kind: Kind) -> dict[str, Argument]:
        """Norms of queries and keys."""
        return {**super().attending(kind), "norm": self.norm()}


class Gemma3Pictures(Configuration):
    """Gemma3Config: Gemma 3 with pictures, of which the language model is read."""

    passed = frozenset({"vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index",
                        "image_token_index", "boi_token_id", "eoi_token_id", "image_token_id"})  # fmt: skip
    heads: ClassVar[dict[str, Head]] = {
        "Gemma3ForConditionalGeneration": lambda given: given.text_config.model("Gemma3ForCausalLM"),
        "Gemma3Model": lambda given: given.text_config.model("Gemma3TextModel"),
    }
    renames = (
        ("language_model.*", "*"), ("model.language_model.*", "model.*"),
        ("vision_tower.*", ""), ("model.vision_tower.*", ""),
        ("multi_modal_projector.*", ""), ("model.multi_modal_projector.*", ""),
    )  # fmt: skip

    text_config: Gemma3
    tie_word_embeddings: bool = True

    @property
    def remarks(self) -> tuple[str, ...]:
        """That pictures are left."""
        return ("it is the language model alone, without what sees pictures",)

    def named(self, architecture: str) -> str:
        """The class of the language model."""
        return {"Gemma3ForConditionalGeneration": "Gemma3ForCausalLM"}.get(architecture, "Gemma3TextModel")
