"""Configurations of Llama and its kin: Mistral, Qwen2 and Qwen3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nnspec.huggingface.configuration import Positive, Probability, Problem, Width
from nnspec.huggingface.decoder import Decoder, heads
from nnspec.huggingface.rotation import Turned
from nnspec.huggingface.spelling import Argument, Written, call

Kind = Literal["full_attention", "sliding_attention"]
Window = Annotated[int, Field(ge=0, lt=2**31)]  # 0 where none is used, as transformers writes it of a mixture
TURN = Written("turn")  # the layer that turns queries and keys
NAMES: dict[Kind, str] = {"full_attention": "far", "sliding_attention": "near"}


class Llama(Turned, Decoder):
    """LlamaConfig: a decoder with rotary positions, RMS norms and gated feed-forward layers."""

    file = "llama"
    renames = (("*.rotary_emb.inv_freq", ""),)
    heads = heads("Llama", question="transformer")
    supported: ClassVar = {
        **Decoder.supported,
        "hidden_act": ("silu",),
    }

    alternating: ClassVar[bool] = False  # whether `layer_types` says which layers have windows

    intermediate_size: Width = 11008
    num_attention_heads: Width = 32
    num_key_value_heads: Width | None = None
    head_dim: Width | None = None
    hidden_act: str = "silu"
    rms_norm_eps: Positive = 1e-6
    attention_bias: bool = False
    mlp_bias: bool = False
    attention_dropout: Probability = 0.0
    sliding_window: Window | None = None
    layer_types: tuple[Kind, ...] | None = None

    def problems(self) -> Iterator[Problem]:
        """As every part; heads that fit, and a kind for each layer."""
        yield from super().problems()
        if self.head_dim is None and self.hidden_size % self.num_attention_heads:
            text = f"num_attention_heads is {self.num_attention_heads}, which does not divide hidden_size"
            yield Problem(("num_attention_heads",), text)
        if self.num_attention_heads % self.groups:
            text = f"num_key_value_heads is {self.groups}, which does not divide num_attention_heads"
            yield Problem(("num_key_value_heads",), text)
        if self.layer_types is not None and len(self.layer_types) != self.num_hidden_layers:
            text = f"layer_types has {len(self.layer_types)} kinds for {self.num_hidden_layers} layers"
            yield Problem(("layer_types",), text)
        elif self.layer_types is not None and not self.alternating and self.layer_types != self.usual():
            text = "layer_types asks for layers that differ in their windows, which transformers' class does not read"
            yield Problem(("layer_types",), text)
        if "sliding_attention" in self.kinds() and self.window is None:
            yield Problem(("layer_types",), "layer_types asks for windows, and there is no sliding_window")
        if "sliding_attention" in self.kinds() and self.window == 0:
            text = "sliding_window is 0, so that a token sees nothing, and transformers fails; null is no window"
            yield Problem(("sliding_window",), text)

    @property
    def size(self) -> int:
        """The features of a head."""
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def groups(self) -> int:
        """The number of heads of keys and values."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def window(self) -> int | None:
        """How far a layer with a window sees."""
        return self.sliding_window

    def kinds(self) -> tuple[Kind, ...]:
        """How each layer attends."""
        return (self.layer_types if self.alternating else None) or self.usual()

    def usual(self) -> tuple[Kind, ...]:
        """How each layer attends where the file does not say it."""
        whole: Kind = "full_attention"
        return (whole,) * self.num_hidden_layers

    def attention(self, kind: Kind) -> Written:
        """The block of attention of a layer."""
        window = self.window if kind == "sliding_attention" else None
        return call("Attention", heads=self.num_attention_heads, groups=self.groups, size=self.size, bias=self.biased,
                    turn=TURN, window=window, **self.attending(kind), **self.dropouts)  # fmt: skip

    @property
    def dropouts(self) -> dict[str, Argument]:
        """The dropout of attention, where there is one."""
        return {"dropout": self.attention_dropout} if self.attention_dropout else {}

    @property
    def biased(self) -> bool:
        """Whether the projections to queries, keys and values have biases."""
        return self.attention_bias

    def attending(self, kind: Kind) -> dict[str, Argument]:
        """The further arguments of attention."""
        return {"last_bias": True} if self.attention_bias else {}

    def names(self) -> list[str]:
        """The ways to attend."""
        kinds = sorted(set(self.kinds()), reverse=True)
        turn = f"turn = {self.turn(self.size)}"
        if len(kinds) == 1:
            return [turn, f"attention = {self.attention(kinds[0])}"]
        return [turn, *(f"{NAMES[kind]} = {self.attention(kind)}" for kind in kinds)]

    def layers(self) -> list[str]:
        """Each with its attention."""
        kinds = self.kinds()
        one = len(set(kinds)) == 1
        return [self.layer(index, Written("attention" if one else NAMES[kind])) for index, kind in enumerate(kinds)]

    def layer(self, index: int, attention: Written) -> Written:
        """A layer, of this attention."""
        return call("Layer", attention, self.feed_forward(self.intermediate_size), self.norm())

    def feed_forward(self, hidden: int) -> Written:
        """The block of the feed-forward layer."""
        return call("FeedForward", hidden, **({"bias": True} if self.mlp_bias else {}))

    def norm(self) -> Written:
        """Before attention and feed-forward layers, and at the end."""
        return call("RMSNorm", eps=self.rms_norm_eps)


class Mistral(Llama):
    """MistralConfig: heads in groups, and a window of attention."""

    heads = heads("Mistral", question="model")

    intermediate_size: Width = 14336
    num_key_value_heads: Width | None = 8
    max_position_embeddings: Width = 131072
    sliding_window: Window | None = 4096

    def usual(self) -> tuple[Kind, ...]:
        """All of them with the window, if there is one."""
        windowed: Kind = "full_attention" if self.sliding_window is None else "sliding_attention"
        return (windowed,) * self.num_hidden_layers


class Qwen2(Llama):
    """Qwen2Config: biases in the projections to queries, keys and values, and windows in the last layers."""

    heads = heads("Qwen2", question="transformer")
    passed = frozenset({"use_mrope"})
    alternating = True

    vocab_size: Width = 151936
    intermediate_size: Width = 22016
    num_key_value_heads: Width | None = 32
    max_position_embeddings: Width = 32768
    use_sliding_window: bool = False
    sliding_window: Window | None = 4096
    max_window_layers: int = 28

    @property
    def window(self) -> int | None:
        """Where windows are used."""
        return self.sliding_window if self.use_sliding_window else None

    def usual(self) -> tuple[Kind, ...]:
        """The last layers have windows."""
        near = [self.window is not None and at >= self.max_window_layers for at in range(self.num_hidden_layers)]
        return tuple("sliding_attention" if each else "full_attention" for each in near)

    @property
    def biased(self) -> bool:
        """Always."""
        return True

    def attending(self, kind: Kind) -> dict[str, Argument]:
        """Nothing more: the last projection has no bias."""
        return {}


class Qwen3(Qwen2):
    """Qwen3Config: a norm of each query and key."""

    heads = heads("Qwen3", question="transformer")

    hidden_size: Width = 4096
    head_dim: Width | None = 128

    @property
    def biased(self) -> bool:
        """Where the file says so."""
        return self.attention_bias

    def attending(self, kind: Kind) -> dict[str, Argument]:
        """As Llama, with the norm."""
        return {**Llama.attending(self, kind), "norm": self.norm()}
