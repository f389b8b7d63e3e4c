"""Records what transformers computes, for the tests of language models: `python tests/reference/record_language.py`.

It needs transformers (5.24), which no test does. Small models are run in float64, casts to float32 included; those of
published sizes are built without memory, for the names and shapes of their parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import recipe
import torch
import transformers
from torch.overrides import TorchFunctionMode

_HERE = Path(__file__).parent
_TOKENS = {"name": "input_ids", "fill": "int", "high": 101, "shape": [2, 16]}
_TARGET = {"name": "decoder_input_ids", "fill": "int", "high": 101, "shape": [2, 11]}
_MASK = {"name": "attention_mask", "fill": "prefix_mask", "lengths": [16, 13], "shape": [2, 16]}
_KINDS = {"name": "token_type_ids", "fill": "int", "high": 2, "shape": [2, 16]}

_SMALL = "vocab_size=101, hidden_size=32, num_hidden_layers=2, num_attention_heads=4"
_GATED = f"{_SMALL}, intermediate_size=48"
_GROUPED = f"{_GATED}, num_key_value_heads=2"
_BART = "vocab_size=101, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4"
_SIGLIP = "hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48"
_WAVE = {"name": "input_values", "fill": "real", "shape": [2, 2000]}
_SOUND = (
    "vocab_size=11, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, mask_time_prob=0.0, "
    f"conv_dim={(16,) * 7}, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2"
)
_LONG = {"type": "longrope", "short_factor": [1.0, 1.1, 1.2, 1.3], "long_factor": [1.0, 2.0, 3.0, 4.0]}
_STRETCHED = {"rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0, "original_max_position_embeddings": 8}
_NO_TOKENS = "pad_token_id=0, bos_token_id=1, eos_token_id=2"
_NO_PADDING = _NO_TOKENS.replace("=0", "=None")

_CHOSEN = "num_experts=6, num_experts_per_tok=2"
_YARN = (
    "rope_parameters=dict(rope_type='yarn', rope_theta=10000.0, factor=40.0, original_max_position_embeddings=4096, "
    "beta_fast=32, beta_slow=1, mscale=0.707, mscale_all_dim=0.707)"
)
_LATENT = (
    f"{_GATED.replace('layers=2', 'layers=3')}, num_key_value_heads=4, moe_intermediate_size=24, n_routed_experts=6, "
    "num_experts_per_tok=2, n_shared_experts=2, first_k_dense_replace=1, kv_lora_rank=16, qk_nope_head_dim=8, "
    f"qk_rope_head_dim=4, v_head_dim=10, {_YARN}"
)

# name -> class, options of its configuration, inputs, outputs
SMALL: dict[str, tuple[str, str, list[dict[str, Any]], list[str]]] = {
    "opt_tiny": ("OPTForCausalLM", f"{_SMALL}, ffn_dim=48, max_position_embeddings=40, word_embed_proj_dim=32", [_TOKENS], ["logits"]),
    "bart_tiny": (
        "BartForConditionalGeneration", f"{_BART}, encoder_ffn_dim=48, decoder_ffn_dim=48, max_position_embeddings=40",
        [_TOKENS, _TARGET], ["logits", "encoder_last_hidden_state"],
    ),
    "whisper_tiny_config": (
        "WhisperForConditionalGeneration",
        f"{_BART}, encoder_ffn_dim=48, decoder_ffn_dim=48, num_mel_bins=8, max_source_positions=12, max_target_positions=40, {_NO_TOKENS}, decoder_start_token_id=1",
        [{"name": "input_features", "fill": "real", "shape": [2, 8, 24]}, _TARGET], ["logits", "encoder_last_hidden_state"],
    ),
    "albert_tiny": (
        "AlbertModel", f"{_SMALL}, intermediate_size=48, embedding_size=16, max_position_embeddings=40",
        [_TOKENS, _MASK, _KINDS], ["last_hidden_state", "pooler_output"],
    ),
    "modernbert_tiny": (
        "ModernBertModel", f"{_GATED.replace('layers=2', 'layers=4')}, local_attention=6, {_NO_TOKENS}, cls_token_id=1, sep_token_id=2",
        [_TOKENS, _MASK], ["last_hidden_state"],
    ),
    "qwen3_tiny": ("Qwen3ForCausalLM", f"{_GROUPED}, head_dim=16, tie_word_embeddings=True, rope_theta=1e6", [_TOKENS], ["logits"]),
    "qwen2_tiny": ("Qwen2ForCausalLM", f"{_GROUPED}, tie_word_embeddings=True, rope_theta=1e6", [_TOKENS], ["logits"]),
    "mistral_tiny": ("MistralForCausalLM", f"{_GROUPED}, sliding_window=5", [_TOKENS], ["logits"]),
    "phi3_tiny": ("Phi3ForCausalLM", f"{_GROUPED}, sliding_window=5, {_NO_PADDING}", [_TOKENS], ["logits"]),
    "gemma2_tiny": (
        "Gemma2ForCausalLM", f"{_GROUPED}, head_dim=16, sliding_window=5, query_pre_attn_scalar=16", [_TOKENS], ["logits"]
    ),
    "gemma3_tiny": (
        "Gemma3ForCausalLM", f"{_GROUPED}, sliding_window_pattern=2, head_dim=16, sliding_window=5, query_pre_attn_scalar=16",
        [_TOKENS], ["logits"],
    ),
    "bloom_tiny": ("BloomForCausalLM", "vocab_size=101, hidden_size=48, n_layer=2, n_head=6", [_TOKENS], ["logits"]),
    "mamba_tiny": (
        "MambaForCausalLM", "vocab_size=101, hidden_size=32, state_size=4, num_hidden_layers=2, time_step_rank=3, residual_in_fp32=False",
        [_TOKENS], ["logits"],
    ),
    "wav2vec2_tiny": ("Wav2Vec2ForCTC", f"{_SOUND}, feat_extract_norm='group', conv_bias=False", [_WAVE], ["logits"]),
    "wav2vec2_tiny_large": (
        "Wav2Vec2ForCTC", f"{_SOUND}, feat_extract_norm='layer', conv_bias=True, do_stable_layer_norm=True", [_WAVE], ["logits"]
    ),
    "phi3_tiny_long": (
        "Phi3ForCausalLM",
        f"{_GROUPED}, {_NO_PADDING}, max_position_embeddings=64, original_max_position_embeddings=8, rope_scaling={_LONG}",
        [_TOKENS], ["logits"],
    ),
    "qwen3_tiny_yarn": ("Qwen3ForCausalLM", f"{_GROUPED}, head_dim=16, rope_parameters={_STRETCHED}", [_TOKENS], ["logits"]),
    "gemma_tiny": ("GemmaForCausalLM", f"{_GROUPED}, head_dim=16", [_TOKENS], ["logits"]),
    "gpt_neox_tiny": ("GPTNeoXForCausalLM", f"{_GATED}, rotary_pct=0.25, {_NO_TOKENS}", [_TOKENS], ["logits"]),
    "falcon_tiny": ("FalconForCausalLM", f"{_SMALL}, {_NO_TOKENS}", [_TOKENS], ["logits"]),
    "falcon_tiny_grouped": ("FalconForCausalLM", f"{_SMALL}, num_kv_heads=2, new_decoder_architecture=True, {_NO_TOKENS}", [_TOKENS], ["logits"]),
    "stablelm_tiny": ("StableLmForCausalLM", f"{_GROUPED}, use_qkv_bias=True, {_NO_TOKENS}", [_TOKENS], ["logits"]),
    "t5_v1_1_tiny": (
        "T5ForConditionalGeneration",
        "vocab_size=101, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, feed_forward_proj='gated-gelu', tie_word_embeddings=False",
        [_TOKENS, _TARGET], ["logits", "encoder_last_hidden_state"],
    ),
    "distilbert_tiny": (
        "DistilBertModel", "vocab_size=101, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=40",
        [_TOKENS, _MASK], ["last_hidden_state"],
    ),
    "electra_tiny": (
        "ElectraForPreTraining", f"{_SMALL}, intermediate_size=48, embedding_size=16, max_position_embeddings=40",
        [_TOKENS, _MASK, _KINDS], ["logits"],
    ),
    "gptj_tiny": ("GPTJForCausalLM", "vocab_size=101, n_embd=32, n_layer=2, n_head=4, rotary_dim=4", [_TOKENS], ["logits"]),
    "siglip_tiny": (
        "SiglipModel", f"text_config=dict({_SIGLIP}, vocab_size=101, max_position_embeddings=16), vision_config=dict({_SIGLIP}, image_size=16, patch_size=8)",
        [_TOKENS, {"name": "pixel_values", "fill": "real", "shape": [3, 3, 16, 16]}],
        ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"],
    ),
    "olmo2_tiny": ("Olmo2ForCausalLM", f"{_GROUPED}, rope_theta=5e5, rms_norm_eps=1e-6, {_NO_PADDING}", [_TOKENS], ["logits"]),
    "mixtral_tiny": ("MixtralForCausalLM", f"{_GROUPED}, num_local_experts=6, rope_theta=1e6", [_TOKENS], ["logits"]),
    "qwen3_moe_tiny": (
        "Qwen3MoeForCausalLM", f"{_GROUPED}, {_CHOSEN}, head_dim=16, moe_intermediate_size=48, norm_topk_prob=True, rope_theta=1e6",
        [_TOKENS], ["logits"],
    ),
    "olmoe_tiny": ("OlmoeForCausalLM", f"{_GROUPED}, {_CHOSEN}, {_NO_PADDING}", [_TOKENS], ["logits"]),
    "deepseek_v2_tiny": (
        "DeepseekV2ForCausalLM",
        f"{_LATENT}, q_lora_rank=20, topk_method='group_limited_greedy', n_group=2, topk_group=1, routed_scaling_factor=16.0",
        [_TOKENS], ["logits"],
    ),
    "deepseek_v2_lite_tiny": ("DeepseekV2ForCausalLM", f"{_LATENT}, q_lora_rank=None", [_TOKENS], ["logits"]),
}  # fmt: skip


def _decoder(vocab: int, width: int, layers: int, heads: int, hidden: int, **others: Any) -> str:
    sizes = {"vocab_size": vocab, "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}
    return _options(**sizes, intermediate_size=hidden, **others)


def _encoder_decoder(layers: int, width: int, heads: int, decoder_layers: int | None = None, **others: Any) -> str:
    sizes: dict[str, Any] = {"d_model": width}
    for part, depth in (("encoder", layers), ("decoder", decoder_layers or layers)):
        sizes |= {f"{part}_layers": depth, f"{part}_attention_heads": heads, f"{part}_ffn_dim": 4 * width}
    return _options(**sizes, **others)


def _options(**options: Any) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def _opt(layers: int, width: int, heads: int) -> str:
    sizes = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}
    return _options(**sizes, ffn_dim=4 * width, word_embed_proj_dim=width)


def _t5(width: int, layers: int, heads: int, hidden: int, **others: Any) -> str:
    sizes: dict[str, Any] = {"d_model": width, "num_layers": layers, "num_heads": heads, "d_ff": hidden}
    return _options(**sizes, feed_forward_proj="gated-gelu", tie_word_embeddings=False, **others)


def _bloom(layers: int, width: int, heads: int) -> str:
    return _options(n_layer=layers, hidden_size=width, n_head=heads)


def _falcon(layers: int, width: int, heads: int, **others: Any) -> str:
    return _options(vocab_size=65024, num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads, **others)


def _deepseek(experts: int, hidden: int, **others: Any) -> dict[str, Any]:
    sizes = {"n_routed_experts": experts, "moe_intermediate_size": hidden, "num_experts_per_tok": 6}
    return {**sizes, "first_k_dense_replace": 1, **others}


_ROBERTA = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}
_SPEECH = {"mask_time_prob": 0.0, "feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
_LARGE = "hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096"

# name -> class, options of its configuration: the models of published sizes
PUBLISHED: dict[str, tuple[str, str]] = {
    "opt_125m": ("OPTForCausalLM", _opt(12, 768, 12)),
    "opt_1_3b": ("OPTForCausalLM", _opt(24, 2048, 32)),
    "opt_2_7b": ("OPTForCausalLM", _opt(32, 2560, 32)),
    "opt_6_7b": ("OPTForCausalLM", _opt(32, 4096, 32)),
    "opt_13b": ("OPTForCausalLM", _opt(40, 5120, 40)),
    "opt_30b": ("OPTForCausalLM", _opt(48, 7168, 56)),
    "opt_66b": ("OPTForCausalLM", _opt(64, 9216, 72)),
    "bart_base": ("BartForConditionalGeneration", _encoder_decoder(6, 768, 12)),
    "bart_large": ("BartForConditionalGeneration", _encoder_decoder(12, 1024, 16)),
    "whisper_tiny": ("WhisperForConditionalGeneration", _encoder_decoder(4, 384, 6)),
    "whisper_base": ("WhisperForConditionalGeneration", _encoder_decoder(6, 512, 8)),
    "whisper_small": ("WhisperForConditionalGeneration", _encoder_decoder(12, 768, 12)),
    "whisper_medium": ("WhisperForConditionalGeneration", _encoder_decoder(24, 1024, 16)),
    "whisper_large": ("WhisperForConditionalGeneration", _encoder_decoder(32, 1280, 20)),
    "whisper_large_v3": (
        "WhisperForConditionalGeneration", _encoder_decoder(32, 1280, 20, vocab_size=51866, num_mel_bins=128)
    ),
    "whisper_turbo": (
        "WhisperForConditionalGeneration", _encoder_decoder(32, 1280, 20, 4, vocab_size=51866, num_mel_bins=128)
    ),
    "albert_base": ("AlbertModel", _decoder(30000, 768, 12, 12, 3072)),
    "albert_large": ("AlbertModel", _decoder(30000, 1024, 24, 16, 4096)),
    "albert_xlarge": ("AlbertModel", _decoder(30000, 2048, 24, 16, 8192)),
    "albert_xxlarge": ("AlbertModel", _decoder(30000, 4096, 12, 64, 16384)),
    "modernbert_base": ("ModernBertModel", ""),
    "modernbert_large": ("ModernBertModel", _decoder(50368, 1024, 28, 16, 2624)),
    "qwen3_0_6b": ("Qwen3ForCausalLM", _decoder(151936, 1024, 28, 16, 3072, num_key_value_heads=8, tie_word_embeddings=True)),
    "qwen3_1_7b": ("Qwen3ForCausalLM", _decoder(151936, 2048, 28, 16, 6144, num_key_value_heads=8, tie_word_embeddings=True)),
    "qwen3_4b": ("Qwen3ForCausalLM", _decoder(151936, 2560, 36, 32, 9728, num_key_value_heads=8, tie_word_embeddings=True)),
    "qwen3_8b": ("Qwen3ForCausalLM", _decoder(151936, 4096, 36, 32, 12288, num_key_value_heads=8)),
    "qwen3_14b": ("Qwen3ForCausalLM", _decoder(151936, 5120, 40, 40, 17408, num_key_value_heads=8)),
    "qwen3_32b": ("Qwen3ForCausalLM", _decoder(151936, 5120, 64, 64, 25600, num_key_value_heads=8)),
    "qwen2_0_5b": ("Qwen2ForCausalLM", _decoder(151936, 896, 24, 14, 4864, num_key_value_heads=2, tie_word_embeddings=True)),
    "qwen2_1_5b": ("Qwen2ForCausalLM", _decoder(151936, 1536, 28, 12, 8960, num_key_value_heads=2, tie_word_embeddings=True)),
    "qwen2_5_3b": ("Qwen2ForCausalLM", _decoder(151936, 2048, 36, 16, 11008, num_key_value_heads=2, tie_word_embeddings=True)),
    "qwen2_7b": ("Qwen2ForCausalLM", _decoder(152064, 3584, 28, 28, 18944, num_key_value_heads=4)),
    "smollm2_135m": ("LlamaForCausalLM", _decoder(49152, 576, 30, 9, 1536, num_key_value_heads=3, tie_word_embeddings=True)),
    "smollm2_360m": ("LlamaForCausalLM", _decoder(49152, 960, 32, 15, 2560, num_key_value_heads=5, tie_word_embeddings=True)),
    "smollm2_1_7b": ("LlamaForCausalLM", _decoder(49152, 2048, 24, 32, 8192, tie_word_embeddings=True)),
    "phi3_mini": ("Phi3ForCausalLM", ""),
    "phi3_medium": ("Phi3ForCausalLM", _decoder(32064, 5120, 40, 40, 17920, num_key_value_heads=10)),
    "phi_4": ("Phi3ForCausalLM", _decoder(100352, 5120, 40, 40, 17920, num_key_value_heads=10)),
    "gemma_2b": ("GemmaForCausalLM", _decoder(256000, 2048, 18, 8, 16384, num_key_value_heads=1)),
    "gemma_7b": ("GemmaForCausalLM", _decoder(256000, 3072, 28, 16, 24576)),
    "gpt_neox_20b": ("GPTNeoXForCausalLM", _decoder(50432, 6144, 44, 64, 24576)),
    "pythia_70m": ("GPTNeoXForCausalLM", _decoder(50304, 512, 6, 8, 2048)),
    "pythia_160m": ("GPTNeoXForCausalLM", _decoder(50304, 768, 12, 12, 3072)),
    "pythia_410m": ("GPTNeoXForCausalLM", _decoder(50304, 1024, 24, 16, 4096)),
    "pythia_1b": ("GPTNeoXForCausalLM", _decoder(50304, 2048, 16, 8, 8192)),
    "pythia_1_4b": ("GPTNeoXForCausalLM", _decoder(50304, 2048, 24, 16, 8192)),
    "pythia_2_8b": ("GPTNeoXForCausalLM", _decoder(50304, 2560, 32, 32, 10240)),
    "pythia_6_9b": ("GPTNeoXForCausalLM", _decoder(50432, 4096, 32, 32, 16384)),
    "pythia_12b": ("GPTNeoXForCausalLM", _decoder(50688, 5120, 36, 40, 20480)),
    "falcon_7b": ("FalconForCausalLM", _falcon(32, 4544, 71)),
    "falcon_40b": ("FalconForCausalLM", _falcon(60, 8192, 128, num_kv_heads=8, new_decoder_architecture=True)),
    "falcon_180b": ("FalconForCausalLM", _falcon(80, 14848, 232, num_kv_heads=8, new_decoder_architecture=True)),
    "stablelm_2_1_6b": ("StableLmForCausalLM", _decoder(100352, 2048, 24, 32, 5632, use_qkv_bias=True)),
    "stablelm_3b": ("StableLmForCausalLM", _decoder(50304, 2560, 32, 32, 6912)),
    "t5_v1_1_small": ("T5ForConditionalGeneration", _t5(512, 8, 6, 1024)),
    "t5_v1_1_base": ("T5ForConditionalGeneration", _t5(768, 12, 12, 2048)),
    "t5_v1_1_large": ("T5ForConditionalGeneration", _t5(1024, 24, 16, 2816)),
    "mt5_small": ("MT5ForConditionalGeneration", _t5(512, 8, 6, 1024, vocab_size=250112)),
    "mt5_base": ("MT5ForConditionalGeneration", _t5(768, 12, 12, 2048, vocab_size=250112)),
    "bert_base": ("BertModel", ""),
    "roberta_base": ("RobertaModel", _options(**_ROBERTA)),
    "distilroberta": ("RobertaModel", _options(num_hidden_layers=6, **_ROBERTA)),
    "xlm_roberta_base": ("XLMRobertaModel", _options(**_ROBERTA | {"vocab_size": 250002})),
    "xlm_roberta_large": ("XLMRobertaModel", _decoder(250002, 1024, 24, 16, 4096, max_position_embeddings=514, type_vocab_size=1)),
    "distilbert": ("DistilBertModel", ""),
    "electra_small": ("ElectraForPreTraining", ""),
    "electra_base": ("ElectraForPreTraining", _decoder(30522, 768, 12, 12, 3072, embedding_size=768)),
    "electra_large": ("ElectraForPreTraining", _decoder(30522, 1024, 24, 16, 4096, embedding_size=1024)),
    "gpt_j_6b": ("GPTJForCausalLM", ""),
    "siglip_b16": ("SiglipModel", ""),
    "siglip_l16": ("SiglipModel", f"text_config=dict({_LARGE}), vision_config=dict({_LARGE}, image_size=256)"),
    "llama3_1_8b": ("LlamaForCausalLM", _decoder(128256, 4096, 32, 32, 14336, num_key_value_heads=8)),
    "llama3_2_3b": ("LlamaForCausalLM", _decoder(128256, 3072, 28, 24, 8192, num_key_value_heads=8, tie_word_embeddings=True)),
    "gemma2_2b": ("Gemma2ForCausalLM", ""),
    "gemma2_9b": ("Gemma2ForCausalLM", _decoder(256000, 3584, 42, 16, 14336, num_key_value_heads=8)),
    "gemma2_27b": ("Gemma2ForCausalLM", _decoder(256000, 4608, 46, 32, 36864, num_key_value_heads=16, head_dim=128)),
    "gemma3_270m": ("Gemma3ForCausalLM", _decoder(262144, 640, 18, 4, 2048, num_key_value_heads=1)),
    "gemma3_1b": ("Gemma3ForCausalLM", _decoder(262144, 1152, 26, 4, 6912, num_key_value_heads=1)),
    "gemma3_4b": ("Gemma3ForCausalLM", _decoder(262208, 2560, 34, 8, 10240, num_key_value_heads=4)),
    "gemma3_12b": ("Gemma3ForCausalLM", _decoder(262208, 3840, 48, 16, 15360, num_key_value_heads=8)),
    "gemma3_27b": ("Gemma3ForCausalLM", _decoder(262208, 5376, 62, 32, 21504, num_key_value_heads=16, head_dim=128)),
    "bloom_560m": ("BloomForCausalLM", _bloom(24, 1024, 16)),
    "bloom_1b1": ("BloomForCausalLM", _bloom(24, 1536, 16)),
    "bloom_1b7": ("BloomForCausalLM", _bloom(24, 2048, 16)),
    "bloom_3b": ("BloomForCausalLM", _bloom(30, 2560, 32)),
    "bloom_7b1": ("BloomForCausalLM", _bloom(30, 4096, 32)),
    "bloom_176b": ("BloomForCausalLM", _bloom(70, 14336, 112)),
    "mamba_130m": ("MambaForCausalLM", _options(hidden_size=768, num_hidden_layers=24)),
    "mamba_370m": ("MambaForCausalLM", _options(hidden_size=1024, num_hidden_layers=48)),
    "mamba_790m": ("MambaForCausalLM", _options(hidden_size=1536, num_hidden_layers=48)),
    "mamba_1_4b": ("MambaForCausalLM", _options(hidden_size=2048, num_hidden_layers=48)),
    "mamba_2_8b": ("MambaForCausalLM", _options(hidden_size=2560, num_hidden_layers=64)),
    "wav2vec2_base": ("Wav2Vec2ForCTC", "mask_time_prob=0.0"),
    "wav2vec2_large": (
        "Wav2Vec2ForCTC",
        _options(**_SPEECH, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096),
    ),
    "olmo2_7b": ("Olmo2ForCausalLM", _decoder(100352, 4096, 32, 32, 11008)),
    "olmo2_1b": ("Olmo2ForCausalLM", _decoder(100352, 2048, 16, 16, 8192)),
    "olmo2_13b": ("Olmo2ForCausalLM", _decoder(100352, 5120, 40, 40, 13824)),
    "olmo2_32b": ("Olmo2ForCausalLM", _decoder(100352, 5120, 64, 40, 27648, num_key_value_heads=8)),
    "mixtral_8x7b": ("MixtralForCausalLM", ""),
    "mixtral_8x22b": ("MixtralForCausalLM", _decoder(32768, 6144, 56, 48, 16384, num_key_value_heads=8)),
    "qwen3_30b_a3b": ("Qwen3MoeForCausalLM", _decoder(151936, 2048, 48, 32, 6144, num_key_value_heads=4, head_dim=128)),
    "qwen3_235b_a22b": (
        "Qwen3MoeForCausalLM", _decoder(151936, 4096, 94, 64, 12288, num_key_value_heads=4, head_dim=128, moe_intermediate_size=1536)
    ),
    "olmoe_1b_7b": ("OlmoeForCausalLM", _options(intermediate_size=1024)),
    "deepseek_v2": (
        "DeepseekV2ForCausalLM",
        _decoder(102400, 5120, 60, 128, 12288, num_key_value_heads=128, **_deepseek(160, 1536, q_lora_rank=1536)),
    ),
    "deepseek_v2_lite": (
        "DeepseekV2ForCausalLM", _decoder(102400, 2048, 27, 16, 10944, num_key_value_heads=16, **_deepseek(64, 1408, q_lora_rank=None))
    ),
}  # fmt: skip


class Lifted(TorchFunctionMode):
    """Casts to float32 become casts to float64."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run a function of torch, with the other type."""
        if func is torch.Tensor.float:
            return args[0].double()
        args = tuple(torch.float64 if arg is torch.float32 else arg for arg in args)
        kwargs = {key: torch.float64 if arg is torch.float32 else arg for key, arg in (kwargs or {}).items()}
        return func(*args, **kwargs)


class Apart(torch.nn.Module):
    """Experts with weights of their own, as published files have them, where transformers joins those of a layer."""

    def __init__(self, joined: torch.nn.Module, names: tuple[str, str, str]) -> None:
        super().__init__()
        experts, features, hidden = joined.down_proj.shape  # type: ignore[misc, union-attr]
        self.names = names
        self.__dict__["joined"] = joined  # it computes; its weights are no part of the model
        for index in range(experts):  # type: ignore[arg-type]
            shapes = ((features, hidden), (features, hidden), (hidden, features))
            parts = {name: torch.nn.Linear(*shape, bias=False) for name, shape in zip(names, shapes, strict=True)}
            expert = torch.nn.Module()
            for name in sorted(names) if names[0] == "w1" else names:
                expert.add_module(name, parts[name])
            self.add_module(str(index), expert)

    def forward(self, *given: Any) -> torch.Tensor:
        """The code of transformers, with these weights."""
        gate, up, down = (torch.stack([getattr(each, name).weight for each in self.children()]) for name in self.names)
        weights = {"gate_up_proj": torch.cat([gate, up], 1), "down_proj": down}
        return torch.func.functional_call(self.__dict__["joined"], weights, given)


def publish(module: torch.nn.Module) -> None:
    """Give experts the keys that the files have."""
    for layer in module.modules():
        mixture = layer._modules.get("mlp")
        if mixture is None or "experts" not in mixture._modules:
            continue
        mixtral = "Mixtral" in type(mixture).__name__
        names = ("w1", "w3", "w2") if mixtral else ("gate_proj", "up_proj", "down_proj")
        mixture.experts = Apart(mixture.experts, names)  # type: ignore[arg-type]
        if mixtral:
            inner = {"block_sparse_moe" if name == "mlp" else name: each for name, each in layer._modules.items()}
            layer._modules = inner
            layer.__dict__["mlp"] = mixture


def build(kind: str, options: str) -> tuple[torch.nn.Module, str]:
    """A model of transformers, and the call that builds it."""
    configuration = getattr(transformers, kind).config_class.__name__
    call = f"transformers.{kind}(transformers.{configuration}({options}))"
    made = eval(f"transformers.{configuration}({options})", {"transformers": transformers})
    made._attn_implementation = made._experts_implementation = "eager"
    module = getattr(transformers, kind)(made)
    publish(module)
    if (
        "tie_word_embeddings=False" in options
    ):  # the files of T5 1.1 hold another projection, which replaces the tied one
        module.lm_head.weight = torch.nn.Parameter(module.lm_head.weight.detach().clone())
    return module, call


def layout(entries: Iterable[tuple[str, Iterable[int]]]) -> dict[str, Any]:
    """The keys and shapes of a state_dict, as their number and a digest."""
    lines = [f"{key} {list(shape)}" for key, shape in entries]
    return {"entries": len(lines), "digest": sha256("\n".join(lines).encode()).hexdigest()[:16]}


def state(module: torch.nn.Module) -> dict[str, Any]:
    """Parameters, keys and shapes of a module."""
    keys = layout((key, tensor.shape) for key, tensor in module.state_dict().items())
    return {"params": sum(parameter.numel() for parameter in module.parameters()), "state_dict": keys}


def small(name: str) -> dict[str, Any]:
    """The golden of a small model."""
    kind, options, inputs, outputs = SMALL[name]
    torch.set_default_dtype(torch.float64)
    with Lifted():
        module, call = build(kind, options)
        module = recipe.fill_(module.double().eval())
        given = {spec["name"]: recipe.make_input(spec, index) for index, spec in enumerate(inputs)}
        results = module(**given, **({"use_cache": False} if "logits" in outputs else {}))
        results = {output: results[output] for output in outputs}
        loss = torch.stack([(result**2).mean() for result in results.values()]).sum()
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        norm = torch.stack([gradient.norm() for gradient in gradients if gradient is not None]).norm()
    return {
        "name": name,
        "reference": {"library": "transformers", "version": transformers.__version__, "call": call},
        "mode": "eval",
        "weights": {"gain": 1.0, "fan_in": True},
        "inputs": inputs,
        **state(module),
        "outputs": {output: recipe.summary(result) for output, result in results.items()},
        "loss": loss.item(),
        "grad_norm": norm.item(),
    }


def published(name: str) -> dict[str, Any]:
    """The parameters, keys and shapes of a model of published size."""
    torch.set_default_dtype(torch.float32)
    with torch.device("meta"):
        module, call = build(*PUBLISHED[name])
    return {"name": name, "call": call, **state(module)}


def write(path: str, key: str, head: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """A file with one row a line."""
    lines = ",\n".join(json.dumps(row) for row in rows)
    start = json.dumps(head)[:-1]
    (_HERE / path).write_text(f'{start}, "{key}": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    write("goldens_language.json", "goldens", {"dtype": "float64"}, [small(name) for name in SMALL])
    head = {"library": "transformers", "version": transformers.__version__}
    write("published_language.json", "models", head, [published(name) for name in PUBLISHED])
