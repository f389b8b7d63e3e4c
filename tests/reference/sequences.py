"""Which spec of the zoo each record and golden of a network over sequences belongs to."""

from __future__ import annotations

from typing import Any

Spec = tuple[str, str, dict[str, Any]]  # file, model, settings

# Record -> its spec.
SEQUENCES: dict[str, Spec] = {
    "rnn_lm": ("rnn_lm.nn", "RNNLanguageModel", {}),
    "lstm_lm": ("rnn_lm.nn", "LanguageModel", {}),
    "gru_lm_tied": ("rnn_lm.nn", "TiedGRULanguageModel", {}),
    "seq2seq_lstm": ("seq2seq.nn", "Seq2Seq", {}),
    "seq2seq_attention": ("seq2seq_attention.nn", "Seq2SeqAttention", {}),
    "transformer_base": ("transformer.nn", "Transformer", {}),
    "transformer_big": ("transformer.nn", "TransformerBig", {}),
    "t5_base": ("t5.nn", "T5", {}),
    "bert_base": ("bert.nn", "BERT", {}),
    "bert_base_pretraining": ("bert.nn", "BERTForPreTraining", {}),
    "bert_large": ("bert.nn", "BERTLarge", {}),
    "roberta_base": ("bert.nn", "RoBERTa", {}),
    "gpt2": ("gpt2.nn", "GPT2", {}),
    "gpt2_medium": ("gpt2.nn", "GPT2Medium", {}),
    "gpt2_large": ("gpt2.nn", "GPT2Large", {}),
    "gpt3_175b": ("gpt3.nn", "GPT3", {}),
    "tinyllama_1b": ("llama.nn", "TinyLlama", {}),
    "llama_2_7b": ("llama.nn", "Llama", {}),
    "mistral_7b": ("llama.nn", "Mistral7B", {}),
    "clip_vit_b32": ("clip.nn", "CLIP", {}),
}

# Parameters of variants without a record: what their papers or published weights state.
VARIANTS: list[tuple[str, str, dict[str, Any], int]] = [
    ("rnn_lm.nn", "LSTMLanguageModel", {"tied": True}, 13_987_678 - 33_278 * 200),
    ("rnn_lm.nn", "GRULanguageModel", {}, 13_826_878),
    ("bert.nn", "BERT", {"layers": 24, "width": 1024, "heads": 16}, 335_141_888),
    ("bert.nn", "RoBERTaLarge", {}, 355_359_744),
    ("gpt2.nn", "GPT2XL", {}, 1_557_611_200),
    ("gpt3.nn", "GPT3Small", {}, 124_439_808 + 1024 * 768),
    ("t5.nn", "T5Small", {}, 60_506_624),
    ("t5.nn", "T5Large", {}, 737_668_096),
    ("llama.nn", "Llama2_7B", {}, 6_738_415_616),
    ("llama.nn", "Llama2_13B", {}, 13_015_864_320),
    ("llama.nn", "Llama3_8B", {}, 8_030_261_248),
    ("llama.nn", "Llama3_2_1B", {}, 1_235_814_400),
    ("clip.nn", "CLIP_B16", {}, 149_620_737),
    ("clip.nn", "CLIP_L14", {}, 427_616_513),
]

_GPT2 = {"layers": 2, "width": 64, "heads": 4, "vocab": 101, "context": 32}
_BERT = {"layers": 2, "width": 64, "heads": 4, "hidden": 128, "vocab": 101, "context": 32}
_TOWERS = {"text_width": 32, "text_layers": 2, "text_heads": 4, "text_hidden": 64, "vision_width": 48,
           "vision_layers": 2, "vision_heads": 4, "vision_hidden": 96}  # fmt: skip
_SEQ2SEQ = {"source_vocab": 97, "target_vocab": 89, "width": 16, "hidden": 24}

# Golden -> its spec; `unit` is chosen by the model, since it is no plain value.
GOLDENS: dict[str, Spec] = {
    "rnn_lm_tiny": ("rnn_lm.nn", "RNNLanguageModel", {"vocab": 101, "width": 24, "hidden": 32}),
    "lstm_lm_tiny": ("rnn_lm.nn", "LSTMLanguageModel", {"vocab": 101, "width": 24, "hidden": 32}),
    "gru_lm_tiny": ("rnn_lm.nn", "GRULanguageModel", {"vocab": 103, "width": 32, "hidden": 32, "tied": True}),
    "seq2seq_lstm_tiny": ("seq2seq.nn", "Seq2Seq", _SEQ2SEQ),
    "seq2seq_attention_tiny": ("seq2seq_attention.nn", "Seq2SeqAttention", _SEQ2SEQ),
    "transformer_tiny": (
        "transformer.nn", "Transformer", {"vocab": 101, "width": 32, "heads": 4, "depth": 2, "hidden": 64}
    ),
    "t5_tiny": ("t5.nn", "T5", {"layers": 2, "width": 32, "heads": 4, "size": 8, "hidden": 64, "vocab": 101}),
    "bert_tiny": ("bert.nn", "BERTForPreTraining", _BERT | {"segments": True}),
    "bert_tiny_masked": ("bert.nn", "BERT", _BERT | {"masked": True}),
    "gpt2_tiny": ("gpt2.nn", "GPT2", _GPT2),
    "gpt2_tiny_adamw": ("gpt2.nn", "GPT2", _GPT2 | {"dropout": 0.0}),
    "llama_tiny": (
        "llama.nn", "Llama", {"vocab": 101, "width": 64, "hidden": 128, "layers": 2, "heads": 8, "groups": 2}
    ),
    "clip_tiny": (
        "clip.nn", "CLIP", _TOWERS | {"size": 24, "image_size": 32, "patch": 8, "vocab": 101, "context": 16, "end": 100}
    ),
}  # fmt: skip
