"""Configurations of models of text: BERT, RoBERTa, GPT-2, T5 and mT5."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.huggingface.configuration import Argument, Configuration, Positive, Probability, Width, same


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


class XLMRoberta(Roberta):
    """XLMRobertaConfig: RoBERTa."""

    models = {"XLMRobertaModel": "BERT"}  # noqa: RUF012


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
    """T5Config: encoder and decoder with one table of tokens, and relative positions; gates in T5 1.1."""

    file = "t5"
    models = {"T5ForConditionalGeneration": "T5"}  # noqa: RUF012
    supported = {  # noqa: RUF012
        "feed_forward_proj": ("relu", "gated-gelu"),
        "relative_attention_num_buckets": (32,),
        "relative_attention_max_distance": (128,),
        "layer_norm_epsilon": (1e-6,),
        "is_encoder_decoder": (True,),
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
        """Sizes, dropout, gates and what is tied."""
        return {
            "layers": self.num_layers,
            "width": self.d_model,
            "heads": self.num_heads,
            "size": self.d_kv,
            "hidden": self.d_ff,
            "vocab": self.vocab_size,
            "dropout": self.dropout_rate,
            "gated": self.feed_forward_proj == "gated-gelu",
            "tied": self.tie_word_embeddings,
        }


class MT5(T5):
    """MT5Config: T5 1.1, whose output projection is never the table of tokens, whatever the file says."""

    models = {"MT5ForConditionalGeneration": "T5"}  # noqa: RUF012

    vocab_size: Width = 250112
    d_ff: Width = 1024
    num_layers: Width = 8
    num_heads: Width = 6
    feed_forward_proj: str = "gated-gelu"

    def arguments(self) -> dict[str, Argument]:
        """As T5, untied."""
        return {**super().arguments(), "tied": False}
