"""Configurations of models of text: BERT, RoBERTa, GPT-2, T5, and Llama with its kin."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ConfigDict

from nnspec.huggingface.configuration import Argument, Configuration, Part, Positive, Probability, Width, same


class Bert(Configuration):
    """BertConfig: the encoder with its pooler, or with the heads of pre-training."""

    file = "bert"
    models = {"BertModel": "BERT", "BertForPreTraining": "BERTForPreTraining"}  # noqa: RUF012 - a ClassVar of the base
    supported = {  # noqa: RUF012
        "hidden_act": ("gelu",),
        "position_embedding_type": ("absolute",),
        "is_decoder": (False,),
        "add_cross_attention": (False,),
    }

    vocab_size: Width = 30522
    hidden_size: Width = 768
    num_hidden_layers: Width = 12
    num_attention_heads: Width = 12
    intermediate_size: Width = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: Probability = 0.1
    attention_probs_dropout_prob: Probability = 0.1
    max_position_embeddings: Width = 512
    type_vocab_size: Width = 2
    layer_norm_eps: Positive = 1e-12
    position_embedding_type: str = "absolute"
    is_decoder: bool = False
    add_cross_attention: bool = False

    def problems(self) -> Iterator[str]:
        """As every part; one probability of dropout serves all layers."""
        yield from super().problems()
        yield from same("hidden_dropout_prob", self.hidden_dropout_prob,
                        attention_probs_dropout_prob=self.attention_probs_dropout_prob)  # fmt: skip
        if self.architecture == "BertForPreTraining":
            yield from same("the network of pre-training", 2, type_vocab_size=self.type_vocab_size)

    def arguments(self) -> dict[str, Argument]:
        """Sizes, dropout and epsilon."""
        found: dict[str, Argument] = {
            "layers": self.num_hidden_layers,
            "width": self.hidden_size,
            "heads": self.num_attention_heads,
            "hidden": self.intermediate_size,
            "vocab": self.vocab_size,
            "context": self.max_position_embeddings,
            "kinds": self.type_vocab_size,
            "dropout": self.hidden_dropout_prob,
            "eps": self.layer_norm_eps,
        }
        if self.architecture == "BertForPreTraining":
            del found["kinds"]
        return found


class Roberta(Bert):
    """RobertaConfig: positions count from behind the padding token."""

    models = {"RobertaModel": "BERT"}  # noqa: RUF012

    vocab_size: Width = 50265
    pad_token_id: int = 1

    def problems(self) -> Iterator[str]:
        """As BERT; the padding token is a word."""
        yield from super().problems()
        if not 0 <= self.pad_token_id < min(self.vocab_size, self.max_position_embeddings - 1):
            yield f"pad_token_id is {self.pad_token_id}, and only a word with positions behind it is supported"

    def arguments(self) -> dict[str, Argument]:
        """As BERT, with the padding token."""
        return {**super().arguments(), "padding": self.pad_token_id}


class GPT2(Configuration):
    """GPT2Config: the decoder with the output projection tied to its table of tokens."""

    file = "gpt2"
    models = {"GPT2LMHeadModel": "GPT2"}  # noqa: RUF012
    supported = {  # noqa: RUF012
        "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
        "layer_norm_epsilon": (1e-5,),
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "add_cross_attention": (False,),
        "tie_word_embeddings": (True,),
    }

    vocab_size: Width = 50257
    n_positions: Width = 1024
    n_embd: Width = 768
    n_layer: Width = 12
    n_head: Width = 12
    n_inner: Width | None = None
    activation_function: str = "gelu_new"
    resid_pdrop: Probability = 0.1
    embd_pdrop: Probability = 0.1
    attn_pdrop: Probability = 0.1
    layer_norm_epsilon: Positive = 1e-5
    scale_attn_weights: bool = True
    scale_attn_by_inverse_layer_idx: bool = False
    add_cross_attention: bool = False
    tie_word_embeddings: bool = True

    def problems(self) -> Iterator[str]:
        """As every part; one probability of dropout, and a hidden layer of four times the width."""
        yield from super().problems()
        yield from same("resid_pdrop", self.resid_pdrop, embd_pdrop=self.embd_pdrop, attn_pdrop=self.attn_pdrop)
        yield from same("4 * n_embd", 4 * self.n_embd, n_inner=self.n_inner or 4 * self.n_embd)

    def arguments(self) -> dict[str, Argument]:
        """Sizes and dropout."""
        return {
            "layers": self.n_layer,
            "width": self.n_embd,
            "heads": self.n_head,
            "vocab": self.vocab_size,
            "context": self.n_positions,
            "dropout": self.resid_pdrop,
        }


class T5(Configuration):
    """T5Config: encoder and decoder with one table of tokens, and relative positions."""

    file = "t5"
    models = {"T5ForConditionalGeneration": "T5"}  # noqa: RUF012
    supported = {  # noqa: RUF012
        "feed_forward_proj": ("relu",),
        "relative_attention_num_buckets": (32,),
        "relative_attention_max_distance": (128,),
        "layer_norm_epsilon": (1e-6,),
        "is_encoder_decoder": (True,),
        "tie_word_embeddings": (True,),
    }

    vocab_size: Width = 32128
    d_model: Width = 512
    d_kv: Width = 64
    d_ff: Width = 2048
    num_layers: Width = 6
    num_decoder_layers: Width | None = None
    num_heads: Width = 8
    relative_attention_num_buckets: Width = 32
    relative_attention_max_distance: Width = 128
    dropout_rate: Probability = 0.1
    layer_norm_epsilon: Positive = 1e-6
    feed_forward_proj: str = "relu"
    is_encoder_decoder: bool = True
    tie_word_embeddings: bool = True

    def problems(self) -> Iterator[str]:
        """As every part; as many layers in the decoder as in the encoder."""
        yield from super().problems()
        yield from same("num_layers", self.num_layers, num_decoder_layers=self.num_decoder_layers or self.num_layers)

    def arguments(self) -> dict[str, Argument]:
        """Sizes and dropout."""
        return {
            "layers": self.num_layers,
            "width": self.d_model,
            "heads": self.num_heads,
            "size": self.d_kv,
            "hidden": self.d_ff,
            "vocab": self.vocab_size,
            "dropout": self.dropout_rate,
        }


class Rotation(Part):
    """How positions turn queries and keys: `rope_parameters` of new files, `rope_scaling` of older ones."""

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
