"""Configurations of transformers: of published sizes, as their files have them, and small ones with odd options."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import torch

import nnspec
from nnspec.ir.state import state_dict

Options = dict[str, Any]

LLAMA: Options = {"vocab_size": 99, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
                  "num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 1}  # fmt: skip

LATENT: Options = {"vocab_size": 99, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
                   "num_attention_heads": 4, "num_key_value_heads": 4, "pad_token_id": 1, "first_k_dense_replace": 1, "kv_lora_rank": 10,
                   "qk_rope_head_dim": 4, "qk_nope_head_dim": 6, "v_head_dim": 8, "n_routed_experts": 8, "n_group": 4,
                   "topk_group": 2, "num_experts_per_tok": 3, "n_shared_experts": 1, "moe_intermediate_size": 16,
                   "max_position_embeddings": 32}  # fmt: skip

BERT: Options = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
                 "intermediate_size": 48, "max_position_embeddings": 20}  # fmt: skip

OPT: Options = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 48,
                "max_position_embeddings": 20}  # fmt: skip
FALCON: Options = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
                   "pad_token_id": 3}  # fmt: skip

END = 92
T5: Options = {"vocab_size": 99, "d_model": 32, "d_kv": 6, "d_ff": 48, "num_layers": 2, "num_heads": 4}

VIT: Options = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
                "image_size": 16, "patch_size": 4}  # fmt: skip

BART: Options = {"vocab_size": 99, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 48,
                 "encoder_attention_heads": 4, "decoder_attention_heads": 4, "decoder_ffn_dim": 48,
                 "max_position_embeddings": 20, "eos_token_id": END}  # fmt: skip

SMALL: dict[str, Options] = {
    "distilbert": {"model_type": "distilbert", "vocab_size": 99, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48,
                   "max_position_embeddings": 20, "activation": "relu"},
    "albert": {"model_type": "albert", **BERT, "embedding_size": 16, "num_hidden_layers": 3},
    "electra": {"model_type": "electra", **BERT, "embedding_size": 16},
    "electra, wide": {"model_type": "electra", **BERT, "embedding_size": 32, "hidden_act": "relu"},
    "modernbert": {"model_type": "modernbert", **BERT, "num_hidden_layers": 4, "local_attention": 4, "pad_token_id": 1},
    "modernbert, mean": {"model_type": "modernbert", **BERT, "num_hidden_layers": 3, "local_attention": 6,
                         "pad_token_id": 1, "classifier_pooling": "mean", "classifier_bias": True,
                         "decoder_bias": False, "global_attn_every_n_layers": 2, "global_rope_theta": 500.0},
    "bart": {"model_type": "bart", **BART},
    "bart, odd": {"model_type": "bart", **BART, "scale_embedding": True, "activation_function": "relu",
                  "decoder_layers": 1, "decoder_ffn_dim": 40, "decoder_attention_heads": 2},
    "whisper": {"model_type": "whisper", "vocab_size": 99, "num_mel_bins": 6, "encoder_layers": 2, "decoder_layers": 1,
                "encoder_attention_heads": 4, "decoder_attention_heads": 2, "encoder_ffn_dim": 40, "decoder_ffn_dim": 48,
                "d_model": 32, "max_source_positions": 10, "max_target_positions": 20, "pad_token_id": 95,
                "classifier_proj_size": 12, "eos_token_id": 94, "bos_token_id": 94, "decoder_start_token_id": 93},
    "dinov2": {"model_type": "dinov2", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
               "image_size": 28, "patch_size": 7, "layerscale_value": 0.5},
    "dinov2, gated": {"model_type": "dinov2", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4,
                      "image_size": 28, "patch_size": 7, "use_swiglu_ffn": True},
    "swin": {"model_type": "swin", "image_size": 56, "patch_size": 2, "embed_dim": 12, "depths": [2, 2],
             "num_heads": [2, 3], "window_size": 4, "mlp_ratio": 2.5},
    "swin, padded": {"model_type": "swin", "image_size": 36, "patch_size": 4, "embed_dim": 12, "depths": [2, 1],
                     "num_heads": [2, 4], "window_size": 5, "qkv_bias": False, "hidden_act": "relu"},
    "convnext": {"model_type": "convnext", "image_size": 40, "hidden_sizes": [8, 12, 16], "depths": [1, 2, 1],
                 "num_stages": 3, "layer_scale_init_value": 0.5},
    "convnext, plain": {"model_type": "convnext", "image_size": 40, "hidden_sizes": [8, 12], "depths": [1, 2],
                        "num_stages": 2, "layer_scale_init_value": 0.0, "hidden_act": "relu", "drop_path_rate": 0.2},
    "siglip": {"model_type": "siglip",
               "text_config": {"vocab_size": 99, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 1,
                               "num_attention_heads": 4, "max_position_embeddings": 16},
               "vision_config": {**VIT}},
    "vit": {"model_type": "vit", **VIT, "hidden_act": "gelu_new", "id2label": {"0": "a", "1": "b", "2": "c"}},
    "vit, odd": {"model_type": "vit", **VIT, "qkv_bias": False, "pooler_output_size": 20, "pooler_act": "relu"},
    "deit": {"model_type": "deit", **VIT},
    "clip": {"model_type": "clip", "projection_dim": 24,
             "text_config": {"vocab_size": 99, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
                             "num_attention_heads": 4, "max_position_embeddings": 16, "eos_token_id": END,
                             "hidden_act": "gelu"},
             "vision_config": VIT},
    "t5": {"model_type": "t5", **T5, "eos_token_id": END},
    "t5, gated": {"model_type": "t5", **T5, "eos_token_id": END, "num_decoder_layers": 1, "feed_forward_proj": "gated-silu",
                  "tie_word_embeddings": False, "layer_norm_epsilon": 1e-5, "relative_attention_num_buckets": 8,
                  "relative_attention_max_distance": 6},
    "gpt2": {"model_type": "gpt2", "vocab_size": 99, "n_positions": 16, "n_embd": 32, "n_layer": 2, "n_head": 4,
             "pad_token_id": 3},
    "gpt2, odd": {"model_type": "gpt2", "vocab_size": 99, "n_positions": 16, "n_embd": 32, "n_layer": 2, "n_head": 4,
                  "n_inner": 20, "activation_function": "relu", "scale_attn_by_inverse_layer_idx": True,
                  "tie_word_embeddings": False, "pad_token_id": 3, "layer_norm_epsilon": 1e-3},
    "opt": {"model_type": "opt", **OPT},
    "opt, narrow": {"model_type": "opt", **OPT, "do_layer_norm_before": False, "word_embed_proj_dim": 24,
                    "activation_function": "gelu"},
    "gpt_neox": {"model_type": "gpt_neox", **BERT, "pad_token_id": 3, "rotary_pct": 0.5, "rotary_emb_base": 100},
    "gpt_neox, odd": {"model_type": "gpt_neox", **BERT, "pad_token_id": 3, "use_parallel_residual": False,
                      "attention_bias": False, "hidden_act": "gelu_new", "tie_word_embeddings": True},
    "falcon": {"model_type": "falcon", **FALCON, "multi_query": True},
    "falcon, new": {"model_type": "falcon", **FALCON, "new_decoder_architecture": True, "num_kv_heads": 2},
    "falcon, one norm": {"model_type": "falcon", **FALCON, "new_decoder_architecture": True, "num_kv_heads": 2,
                         "num_ln_in_parallel_attn": 1, "ffn_hidden_size": 40},
    "falcon, alibi": {"model_type": "falcon", **FALCON, "alibi": True, "multi_query": False, "parallel_attn": False,
                      "bias": True},
    "mamba": {"model_type": "mamba", "vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2},
    "mamba, odd": {"model_type": "mamba", "vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "expand": 3,
                   "state_size": 5, "conv_kernel": 3, "use_bias": True, "use_conv_bias": False, "time_step_rank": 7,
                   "tie_word_embeddings": False},
    "bert": {"model_type": "bert", **BERT, "hidden_act": "gelu_new"},
    "roberta": {"model_type": "roberta", **BERT},
    "xlm-roberta": {"model_type": "xlm-roberta", **BERT},
    "llama": {"model_type": "llama", **LLAMA, "tie_word_embeddings": True},
    "llama, biases": {"model_type": "llama", **LLAMA, "attention_bias": True, "mlp_bias": True, "head_dim": 6},
    "llama, linear": {"model_type": "llama", **LLAMA, "rope_scaling": {"type": "linear", "factor": 2.0}},
    "llama, dynamic": {"model_type": "llama", **LLAMA, "max_position_embeddings": 6,
                       "rope_scaling": {"type": "dynamic", "factor": 2.0}},
    "llama, yarn": {"model_type": "llama", **LLAMA, "max_position_embeddings": 64, "rope_theta": 5e4,
                    "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}},
    "llama, llama3": {"model_type": "llama", **LLAMA, "rope_theta": 5e5, "max_position_embeddings": 131072,
                      "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                       "high_freq_factor": 4.0, "original_max_position_embeddings": 8}},
    "llama, longrope": {"model_type": "llama", **LLAMA, "max_position_embeddings": 64,
                        "rope_scaling": {"rope_type": "longrope", "factor": 8.0, "original_max_position_embeddings": 8,
                                         "short_factor": [1.0, 1.1, 1.2, 1.5], "long_factor": [1.0, 2.0, 3.0, 8.0]}},
    "mistral": {"model_type": "mistral", **LLAMA, "sliding_window": 4},
    "qwen2": {"model_type": "qwen2", **LLAMA, "use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1},
    "qwen3": {"model_type": "qwen3", **LLAMA, "head_dim": 12},
    "phi3": {"model_type": "phi3", **LLAMA, "sliding_window": 5},
    "phi3, longrope": {"model_type": "phi3", **LLAMA, "hidden_size": 64, "partial_rotary_factor": 0.75,
                       "max_position_embeddings": 64, "original_max_position_embeddings": 8,
                       "tie_word_embeddings": True,
                       "rope_scaling": {"type": "longrope", "short_factor": [1, 1.1, 1.2, 1.5, 1.6, 2],
                                        "long_factor": [1, 2, 3, 8, 9, 9.5]}},
    "mixtral": {"model_type": "mixtral", **LLAMA, "num_local_experts": 4, "sliding_window": 4},
    "qwen2_moe": {"model_type": "qwen2_moe", **LLAMA, "num_experts": 4, "num_experts_per_tok": 2,
                  "moe_intermediate_size": 16, "shared_expert_intermediate_size": 24, "use_sliding_window": True,
                  "sliding_window": 3, "max_window_layers": 2, "mlp_only_layers": [1]},
    "qwen3_moe": {"model_type": "qwen3_moe", **LLAMA, "head_dim": 12, "num_experts": 4, "num_experts_per_tok": 2,
                  "moe_intermediate_size": 16, "norm_topk_prob": True, "decoder_sparse_step": 2},
    "gemma": {"model_type": "gemma", **LLAMA, "head_dim": 12},
    "gemma2": {"model_type": "gemma2", **LLAMA, "head_dim": 12, "sliding_window": 3, "query_pre_attn_scalar": 7,
               "attn_logit_softcapping": 2.0, "final_logit_softcapping": 1.5, "rms_norm_eps": 1e-5},
    "gemma3_text": {"model_type": "gemma3_text", **LLAMA, "head_dim": 12, "sliding_window": 3,
                    "query_pre_attn_scalar": 9, "sliding_window_pattern": 2, "rope_local_base_freq": 100.0,
                    "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
    "deepseek_v2": {"model_type": "deepseek_v2", **LATENT, "moe_layer_freq": 1, "q_lora_rank": None,
                    "topk_method": "group_limited_greedy", "routed_scaling_factor": 1.5,
                    "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8,
                                     "mscale": 0.707, "mscale_all_dim": 0.707, "beta_fast": 32, "beta_slow": 1}},
    "deepseek_v2, greedy": {"model_type": "deepseek_v2", **LATENT, "q_lora_rank": 12, "topk_method": "greedy"},
    "deepseek_v3": {"model_type": "deepseek_v3", **LATENT, "q_lora_rank": 12, "rms_norm_eps": 1e-5,
                    "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8,
                                     "mscale": 1.0, "mscale_all_dim": 1.0, "beta_fast": 32, "beta_slow": 1}},
    "olmo2": {"model_type": "olmo2", **LLAMA, "rope_theta": 5e5},
}  # fmt: skip

PUBLISHED: dict[str, tuple[Options, str]] = {
    "Llama-3.1-8B": (
        {"model_type": "llama", "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 128000,
         "eos_token_id": 128001, "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
         "intermediate_size": 14336, "max_position_embeddings": 131072, "mlp_bias": False, "num_attention_heads": 32,
         "num_hidden_layers": 32, "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
         "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                          "original_max_position_embeddings": 8192, "rope_type": "llama3"},
         "rope_theta": 500000.0, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
         "transformers_version": "4.43.0.dev0", "use_cache": True, "vocab_size": 128256},
        "LlamaForCausalLM"),
    "Llama-3.2-1B": (
        {"model_type": "llama", "head_dim": 64, "hidden_size": 2048, "intermediate_size": 8192,
         "max_position_embeddings": 131072, "num_attention_heads": 32, "num_hidden_layers": 16, "num_key_value_heads": 8,
         "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                                                 "original_max_position_embeddings": 8192, "rope_type": "llama3"},
         "rope_theta": 500000.0, "tie_word_embeddings": True, "vocab_size": 128256},
        "LlamaForCausalLM"),
    "Mistral-7B-v0.1": (
        {"model_type": "mistral", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096,
         "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768,
         "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
         "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
         "transformers_version": "4.34.0.dev0", "use_cache": True, "vocab_size": 32000},
        "MistralForCausalLM"),
    "Qwen2.5-7B": (
        {"model_type": "qwen2", "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151643,
         "hidden_act": "silu", "hidden_size": 3584, "initializer_range": 0.02, "intermediate_size": 18944,
         "max_position_embeddings": 131072, "max_window_layers": 28, "num_attention_heads": 28, "num_hidden_layers": 28,
         "num_key_value_heads": 4, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 131072,
         "tie_word_embeddings": False, "torch_dtype": "bfloat16", "transformers_version": "4.40.1", "use_cache": True,
         "use_mrope": False, "use_sliding_window": False, "vocab_size": 152064},
        "Qwen2ForCausalLM"),
    "Qwen3-8B": (
        {"model_type": "qwen3", "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 151643,
         "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02,
         "intermediate_size": 12288, "max_position_embeddings": 40960, "max_window_layers": 36,
         "num_attention_heads": 32, "num_hidden_layers": 36, "num_key_value_heads": 8, "rms_norm_eps": 1e-06,
         "rope_scaling": None, "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": False,
         "torch_dtype": "bfloat16", "transformers_version": "4.51.0", "use_cache": True, "use_sliding_window": False,
         "vocab_size": 151936},
        "Qwen3ForCausalLM"),
    "Mistral-Nemo-Base-2407": (
        {"model_type": "mistral", "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "head_dim": 128,
         "hidden_act": "silu", "hidden_size": 5120, "initializer_range": 0.02, "intermediate_size": 14336,
         "max_position_embeddings": 128000, "num_attention_heads": 32, "num_hidden_layers": 40, "num_key_value_heads": 8,
         "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": None, "tie_word_embeddings": False,
         "torch_dtype": "bfloat16", "transformers_version": "4.43.0.dev0", "use_cache": True, "vocab_size": 131072},
        "MistralForCausalLM"),
    "phi-4": (
        {"model_type": "phi3", "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 100257,
         "embd_pdrop": 0.0, "eos_token_id": 100257, "hidden_act": "silu", "hidden_size": 5120,
         "initializer_range": 0.02, "intermediate_size": 17920, "max_position_embeddings": 16384,
         "num_attention_heads": 40, "num_hidden_layers": 40, "num_key_value_heads": 10,
         "original_max_position_embeddings": 16384, "pad_token_id": 100257, "resid_pdrop": 0.0, "rms_norm_eps": 1e-05,
         "rope_scaling": None, "rope_theta": 250000, "sliding_window": None, "tie_word_embeddings": False,
         "torch_dtype": "bfloat16", "transformers_version": "4.47.0", "use_cache": True, "vocab_size": 100352},
        "Phi3ForCausalLM"),
    "Phi-4-mini-instruct": (
        {"model_type": "phi3", "attention_bias": False, "attention_dropout": 0.0, "auto_map": {},
         "bos_token_id": 199999, "embd_pdrop": 0.0, "eos_token_id": 199999, "full_attn_mod": 1, "hidden_act": "silu",
         "hidden_size": 3072, "initializer_range": 0.02, "intermediate_size": 8192, "interpolate_factor": 1,
         "lm_head_bias": False, "max_position_embeddings": 131072, "mlp_bias": False, "num_attention_heads": 24,
         "num_hidden_layers": 32, "num_key_value_heads": 8, "original_max_position_embeddings": 4096,
         "pad_token_id": 199999, "partial_rotary_factor": 0.75, "resid_pdrop": 0.0, "rms_norm_eps": 1e-05,
         "rope_scaling": {"long_factor": [1.0 + n for n in range(48)], "short_factor": [1.0] * 48, "type": "longrope"},
         "rope_theta": 10000.0, "sliding_window": 262144, "tie_word_embeddings": True, "torch_dtype": "bfloat16",
         "transformers_version": "4.45.0", "use_cache": True, "vocab_size": 200064},
        "Phi3ForCausalLM"),
    "OLMo-2-1124-7B": (
        {"model_type": "olmo2", "attention_bias": False, "attention_dropout": 0.0, "eos_token_id": 100257,
         "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008,
         "max_position_embeddings": 4096, "num_attention_heads": 32, "num_hidden_layers": 32,
         "num_key_value_heads": 32, "pad_token_id": 100277, "rms_norm_eps": 1e-06, "rope_scaling": None,
         "rope_theta": 500000, "tie_word_embeddings": False, "torch_dtype": "float32",
         "transformers_version": "4.47.0.dev0", "use_cache": False, "vocab_size": 100352},
        "Olmo2ForCausalLM"),
    "gemma-7b": (
        {"model_type": "gemma", "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 2, "eos_token_id": 1,
         "head_dim": 256, "hidden_act": "gelu", "hidden_activation": None, "hidden_size": 3072,
         "initializer_range": 0.02, "intermediate_size": 24576, "max_position_embeddings": 8192,
         "num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 16, "pad_token_id": 0,
         "rms_norm_eps": 1e-06, "rope_scaling": None, "rope_theta": 10000.0, "torch_dtype": "bfloat16",
         "transformers_version": "4.38.0.dev0", "use_cache": True, "vocab_size": 256000},
        "GemmaForCausalLM"),
    "gemma-2-9b": (
        {"model_type": "gemma2", "attention_bias": False, "attention_dropout": 0.0, "attn_logit_softcapping": 50.0,
         "bos_token_id": 2, "cache_implementation": "hybrid", "eos_token_id": 1, "final_logit_softcapping": 30.0,
         "head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh",
         "hidden_size": 3584, "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 8192,
         "num_attention_heads": 16, "num_hidden_layers": 42, "num_key_value_heads": 8, "pad_token_id": 0,
         "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "sliding_window": 4096,
         "sliding_window_size": 4096, "torch_dtype": "float32", "transformers_version": "4.42.0.dev0",
         "use_cache": True, "vocab_size": 256000},
        "Gemma2ForCausalLM"),
    "gemma-3-4b, text": (
        {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34,
         "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024},
        "Gemma3ForCausalLM"),
    "Mixtral-8x7B-v0.1": (
        {"model_type": "mixtral", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096,
         "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768,
         "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8,
         "num_local_experts": 8, "output_router_logits": False, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0,
         "router_aux_loss_coef": 0.02, "sliding_window": None, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
         "transformers_version": "4.36.0.dev0", "use_cache": True, "vocab_size": 32000},
        "MixtralForCausalLM"),
    "Qwen1.5-MoE-A2.7B": (
        {"model_type": "qwen2_moe", "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151643,
         "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 5632,
         "max_position_embeddings": 8192, "max_window_layers": 21, "num_attention_heads": 16, "num_hidden_layers": 24,
         "num_key_value_heads": 16, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768,
         "tie_word_embeddings": False, "torch_dtype": "bfloat16", "transformers_version": "4.39.0.dev0",
         "use_cache": True, "use_sliding_window": False, "vocab_size": 151936, "decoder_sparse_step": 1,
         "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632, "num_experts_per_tok": 4,
         "num_experts": 60, "norm_topk_prob": False, "output_router_logits": False, "router_aux_loss_coef": 0.001},
        "Qwen2MoeForCausalLM"),
    "Qwen3-30B-A3B": (
        {"model_type": "qwen3_moe", "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 151643,
         "decoder_sparse_step": 1, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu", "hidden_size": 2048,
         "initializer_range": 0.02, "intermediate_size": 6144, "max_position_embeddings": 40960,
         "max_window_layers": 48, "mlp_only_layers": [], "moe_intermediate_size": 768, "norm_topk_prob": True,
         "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 48,
         "num_key_value_heads": 4, "output_router_logits": False, "rms_norm_eps": 1e-06, "rope_scaling": None,
         "rope_theta": 1000000.0, "router_aux_loss_coef": 0.001, "sliding_window": None, "tie_word_embeddings": False,
         "torch_dtype": "bfloat16", "transformers_version": "4.51.0", "use_cache": True, "use_sliding_window": False,
         "vocab_size": 151936},
        "Qwen3MoeForCausalLM"),
    "DeepSeek-V2-Lite": (
        {"model_type": "deepseek_v2", "attention_bias": False, "attention_dropout": 0.0, "auto_map": {},
         "aux_loss_alpha": 0.001, "bos_token_id": 100000, "eos_token_id": 100001, "first_k_dense_replace": 1,
         "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 10944,
         "kv_lora_rank": 512, "max_position_embeddings": 163840, "moe_intermediate_size": 1408, "moe_layer_freq": 1,
         "n_group": 1, "n_routed_experts": 64, "n_shared_experts": 2, "norm_topk_prob": False,
         "num_attention_heads": 16, "num_experts_per_tok": 6, "num_hidden_layers": 27, "num_key_value_heads": 16,
         "pretraining_tp": 1, "q_lora_rank": None, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
         "rms_norm_eps": 1e-06, "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 0.707,
                                                 "mscale_all_dim": 0.707, "original_max_position_embeddings": 4096,
                                                 "type": "yarn"},
         "rope_theta": 10000, "routed_scaling_factor": 1.0, "scoring_func": "softmax", "seq_aux": True,
         "tie_word_embeddings": False, "topk_group": 1, "topk_method": "greedy", "torch_dtype": "bfloat16",
         "transformers_version": "4.33.1", "use_cache": True, "v_head_dim": 128, "vocab_size": 102400},
        "DeepseekV2ForCausalLM"),
    "DeepSeek-V3": (
        {"model_type": "deepseek_v3", "attention_bias": False, "attention_dropout": 0.0, "auto_map": {},
         "bos_token_id": 0, "eos_token_id": 1, "ep_size": 1, "first_k_dense_replace": 3, "hidden_act": "silu",
         "hidden_size": 7168, "initializer_range": 0.02, "intermediate_size": 18432, "kv_lora_rank": 512,
         "max_position_embeddings": 163840, "moe_intermediate_size": 2048, "moe_layer_freq": 1, "n_group": 8,
         "n_routed_experts": 256, "n_shared_experts": 1, "norm_topk_prob": True, "num_attention_heads": 128,
         "num_experts_per_tok": 8, "num_hidden_layers": 61, "num_key_value_heads": 128, "num_nextn_predict_layers": 1,
         "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "rms_norm_eps": 1e-06,
         "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 1.0, "mscale_all_dim": 1.0,
                          "original_max_position_embeddings": 4096, "type": "yarn"},
         "rope_theta": 10000, "routed_scaling_factor": 2.5, "scoring_func": "sigmoid", "tie_word_embeddings": False,
         "topk_group": 4, "topk_method": "noaux_tc", "torch_dtype": "bfloat16", "transformers_version": "4.33.1",
         "use_cache": True, "v_head_dim": 128, "vocab_size": 129280},
        "DeepseekV3ForCausalLM"),
    "gpt2-xl": (
        {"model_type": "gpt2", "activation_function": "gelu_new", "attn_pdrop": 0.1, "bos_token_id": 50256,
         "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
         "n_ctx": 1024, "n_embd": 1600, "n_head": 25, "n_layer": 48, "n_positions": 1024, "output_past": True,
         "resid_pdrop": 0.1, "summary_activation": None, "summary_first_dropout": 0.1, "summary_proj_to_labels": True,
         "summary_type": "cls_index", "summary_use_proj": True, "vocab_size": 50257,
         "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}}},
        "GPT2LMHeadModel"),
    "opt-350m": (
        {"model_type": "opt", "_remove_final_layer_norm": False, "activation_dropout": 0.0,
         "activation_function": "relu", "attention_dropout": 0.0, "bos_token_id": 2, "do_layer_norm_before": False,
         "dropout": 0.1, "eos_token_id": 2, "ffn_dim": 4096, "hidden_size": 1024, "init_std": 0.02, "layerdrop": 0.0,
         "max_position_embeddings": 2048, "num_attention_heads": 16, "num_hidden_layers": 24, "pad_token_id": 1,
         "prefix": "</s>", "torch_dtype": "float16", "transformers_version": "4.20.0.dev0", "use_cache": True,
         "vocab_size": 50272, "word_embed_proj_dim": 512},
        "OPTForCausalLM"),
    "gpt-neox-20b": (
        {"model_type": "gpt_neox", "attention_probs_dropout_prob": 0, "bos_token_id": 0, "eos_token_id": 0,
         "hidden_act": "gelu_fast", "hidden_dropout_prob": 0, "hidden_size": 6144, "initializer_range": 0.02,
         "intermediate_size": 24576, "layer_norm_eps": 1e-05, "max_position_embeddings": 2048,
         "num_attention_heads": 64, "num_hidden_layers": 44, "rotary_emb_base": 10000, "rotary_pct": 0.25,
         "tie_word_embeddings": False, "torch_dtype": "float16", "transformers_version": "4.19.0.dev0",
         "use_cache": True, "vocab_size": 50432},
        "GPTNeoXForCausalLM"),
    "pythia-160m": (
        {"model_type": "gpt_neox", "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu", "hidden_size": 768,
         "initializer_range": 0.02, "intermediate_size": 3072, "layer_norm_eps": 1e-05,
         "max_position_embeddings": 2048, "num_attention_heads": 12, "num_hidden_layers": 12, "rotary_emb_base": 10000,
         "rotary_pct": 0.25, "tie_word_embeddings": False, "use_parallel_residual": True, "vocab_size": 50304},
        "GPTNeoXForCausalLM"),
    "falcon-7b": (
        {"model_type": "falcon", "alibi": False, "apply_residual_connection_post_layernorm": False,
         "attention_dropout": 0.0, "auto_map": {}, "bias": False, "bos_token_id": 11, "eos_token_id": 11,
         "hidden_dropout": 0.0, "hidden_size": 4544, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
         "multi_query": True, "new_decoder_architecture": False, "num_attention_heads": 71, "num_hidden_layers": 32,
         "parallel_attn": True, "torch_dtype": "bfloat16", "transformers_version": "4.27.4", "use_cache": True,
         "vocab_size": 65024},
        "FalconForCausalLM"),
    "falcon-40b": (
        {"model_type": "falcon", "alibi": False, "bias": False, "hidden_size": 8192, "layer_norm_epsilon": 1e-05,
         "new_decoder_architecture": True, "num_attention_heads": 128, "num_hidden_layers": 60, "num_kv_heads": 8,
         "parallel_attn": True, "vocab_size": 65024},
        "FalconForCausalLM"),
    "mamba-130m-hf": (
        {"model_type": "mamba", "bos_token_id": 0, "conv_kernel": 4, "d_inner": 1536, "d_model": 768, "eos_token_id": 0,
         "expand": 2, "fused_add_norm": True, "hidden_act": "silu", "hidden_size": 768, "initializer_range": 0.1,
         "intermediate_size": 1536, "layer_norm_epsilon": 1e-05, "n_layer": 24, "num_hidden_layers": 24,
         "pad_token_id": 0, "pad_vocab_size_multiple": 8, "rescale_prenorm_residual": False, "residual_in_fp32": True,
         "rms_norm": True, "ssm_cfg": {}, "state_size": 16, "time_step_floor": 0.0001, "time_step_init_scheme": "random",
         "time_step_max": 0.1, "time_step_min": 0.001, "time_step_rank": 48, "time_step_scale": 1.0,
         "torch_dtype": "float32", "transformers_version": "4.39.0.dev0", "use_bias": False, "use_cache": True,
         "use_conv_bias": True, "vocab_size": 50280},
        "MambaForCausalLM"),
    "bert-base-uncased": (
        {"model_type": "bert", "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": False,
         "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 768, "initializer_range": 0.02,
         "intermediate_size": 3072, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
         "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0, "position_embedding_type": "absolute",
         "transformers_version": "4.6.0.dev0", "type_vocab_size": 2, "use_cache": True, "vocab_size": 30522},
        "BertForMaskedLM"),
    "roberta-large": (
        {"model_type": "roberta", "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "eos_token_id": 2,
         "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 1024, "initializer_range": 0.02,
         "intermediate_size": 4096, "layer_norm_eps": 1e-05, "max_position_embeddings": 514,
         "num_attention_heads": 16, "num_hidden_layers": 24, "pad_token_id": 1, "type_vocab_size": 1,
         "vocab_size": 50265},
        "RobertaForMaskedLM"),
    "xlm-roberta-base": (
        {"model_type": "xlm-roberta", "bos_token_id": 0, "eos_token_id": 2, "layer_norm_eps": 1e-05,
         "max_position_embeddings": 514, "output_past": True, "pad_token_id": 1, "position_embedding_type": "absolute",
         "type_vocab_size": 1, "vocab_size": 250002},
        "XLMRobertaForMaskedLM"),
    "distilbert-base-uncased-finetuned-sst-2-english": (
        {"model_type": "distilbert", "activation": "gelu", "attention_dropout": 0.1, "dim": 768, "dropout": 0.1,
         "finetuning_task": "sst-2", "hidden_dim": 3072, "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
         "initializer_range": 0.02, "label2id": {"NEGATIVE": 0, "POSITIVE": 1}, "max_position_embeddings": 512,
         "n_heads": 12, "n_layers": 6, "output_past": True, "pad_token_id": 0, "qa_dropout": 0.1,
         "seq_classif_dropout": 0.2, "sinusoidal_pos_embds": False, "tie_weights_": True, "vocab_size": 30522},
        "DistilBertForSequenceClassification"),
    "albert-xxlarge-v2": (
        {"model_type": "albert", "attention_probs_dropout_prob": 0, "bos_token_id": 2, "classifier_dropout_prob": 0.1,
         "down_scale_factor": 1, "embedding_size": 128, "eos_token_id": 3, "gap_size": 0, "hidden_act": "gelu",
         "hidden_dropout_prob": 0, "hidden_size": 4096, "initializer_range": 0.02, "inner_group_num": 1,
         "intermediate_size": 16384, "layer_norm_eps": 1e-12, "layers_to_keep": [], "max_position_embeddings": 512,
         "net_structure_type": 0, "num_attention_heads": 64, "num_hidden_groups": 1, "num_hidden_layers": 12,
         "num_memory_blocks": 0, "pad_token_id": 0, "type_vocab_size": 2, "vocab_size": 30000},
        "AlbertForMaskedLM"),
    "electra-small-discriminator": (
        {"model_type": "electra", "attention_probs_dropout_prob": 0.1, "embedding_size": 128, "hidden_act": "gelu",
         "hidden_dropout_prob": 0.1, "hidden_size": 256, "initializer_range": 0.02, "intermediate_size": 1024,
         "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "num_attention_heads": 4, "num_hidden_layers": 12,
         "type_vocab_size": 2, "vocab_size": 30522},
        "ElectraForPreTraining"),
    "ModernBERT-base": (
        {"model_type": "modernbert", "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 50281,
         "classifier_activation": "gelu", "classifier_bias": False, "classifier_dropout": 0.0,
         "classifier_pooling": "mean", "cls_token_id": 50281, "decoder_bias": True, "deterministic_flash_attn": False,
         "embedding_dropout": 0.0, "eos_token_id": 50282, "global_attn_every_n_layers": 3,
         "global_rope_theta": 160000.0, "gradient_checkpointing": False, "hidden_activation": "gelu",
         "hidden_size": 768, "initializer_cutoff_factor": 2.0, "initializer_range": 0.02, "intermediate_size": 1152,
         "layer_norm_eps": 1e-05, "local_attention": 128, "local_rope_theta": 10000.0,
         "max_position_embeddings": 8192, "mlp_bias": False, "mlp_dropout": 0.0, "norm_bias": False, "norm_eps": 1e-05,
         "num_attention_heads": 12, "num_hidden_layers": 22, "pad_token_id": 50283,
         "position_embedding_type": "absolute", "reference_compile": True, "repad_logits_with_grad": False,
         "sep_token_id": 50282, "sparse_pred_ignore_index": -100, "sparse_prediction": False,
         "torch_dtype": "float32", "transformers_version": "4.47.0.dev0", "vocab_size": 50368},
        "ModernBertForMaskedLM"),
    "flan-t5-base": (
        {"model_type": "t5", "d_ff": 2048, "d_kv": 64, "d_model": 768, "decoder_start_token_id": 0,
         "dropout_rate": 0.1, "eos_token_id": 1, "feed_forward_proj": "gated-gelu", "initializer_factor": 1.0,
         "is_encoder_decoder": True, "layer_norm_epsilon": 1e-06, "n_positions": 512, "num_decoder_layers": 12,
         "num_heads": 12, "num_layers": 12, "output_past": True, "pad_token_id": 0,
         "relative_attention_max_distance": 128, "relative_attention_num_buckets": 32, "task_specific_params": {},
         "tie_word_embeddings": False, "transformers_version": "4.23.1", "use_cache": True, "vocab_size": 32128},
        "T5ForConditionalGeneration"),
    "bart-large-mnli": (
        {"model_type": "bart", "_num_labels": 3, "activation_dropout": 0.0, "activation_function": "gelu",
         "add_final_layer_norm": False, "attention_dropout": 0.0, "bos_token_id": 0, "classif_dropout": 0.0,
         "classifier_dropout": 0.0, "d_model": 1024, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096,
         "decoder_layerdrop": 0.0, "decoder_layers": 12, "decoder_start_token_id": 2, "dropout": 0.1,
         "encoder_attention_heads": 16, "encoder_ffn_dim": 4096, "encoder_layerdrop": 0.0, "encoder_layers": 12,
         "eos_token_id": 2, "forced_eos_token_id": 2, "gradient_checkpointing": False,
         "id2label": {"0": "contradiction", "1": "neutral", "2": "entailment"}, "init_std": 0.02,
         "is_encoder_decoder": True, "max_position_embeddings": 1024, "normalize_before": False,
         "num_hidden_layers": 12, "output_past": False, "pad_token_id": 1, "scale_embedding": False,
         "transformers_version": "4.7.0.dev0", "use_cache": True, "vocab_size": 50265},
        "BartForSequenceClassification"),
    "bart-base": (
        {"model_type": "bart", "activation_dropout": 0.1, "activation_function": "gelu", "add_bias_logits": False,
         "add_final_layer_norm": False, "attention_dropout": 0.1, "d_model": 768, "decoder_attention_heads": 12,
         "decoder_ffn_dim": 3072, "decoder_layers": 6, "encoder_attention_heads": 12, "encoder_ffn_dim": 3072,
         "encoder_layers": 6, "vocab_size": 50265},
        "BartForConditionalGeneration"),
    "whisper-large-v3": (
        {"model_type": "whisper", "activation_dropout": 0.0, "activation_function": "gelu", "apply_spec_augment": False,
         "attention_dropout": 0.0, "begin_suppress_tokens": [220, 50257], "bos_token_id": 50257,
         "classifier_proj_size": 256, "d_model": 1280, "decoder_attention_heads": 20, "decoder_ffn_dim": 5120,
         "decoder_layerdrop": 0.0, "decoder_layers": 32, "decoder_start_token_id": 50258, "dropout": 0.0,
         "encoder_attention_heads": 20, "encoder_ffn_dim": 5120, "encoder_layerdrop": 0.0, "encoder_layers": 32,
         "eos_token_id": 50257, "init_std": 0.02, "is_encoder_decoder": True, "mask_feature_length": 10,
         "mask_time_prob": 0.05, "max_length": 448, "max_source_positions": 1500, "max_target_positions": 448,
         "median_filter_width": 7, "num_hidden_layers": 32, "num_mel_bins": 128, "pad_token_id": 50256,
         "scale_embedding": False, "torch_dtype": "float16", "use_cache": True, "use_weighted_layer_sum": False,
         "vocab_size": 51866},
        "WhisperForConditionalGeneration"),
    "vit-large-patch16-224": (
        {"model_type": "vit", "attention_probs_dropout_prob": 0.0, "hidden_act": "gelu", "hidden_dropout_prob": 0.0,
         "hidden_size": 1024, "image_size": 224, "initializer_range": 0.02, "intermediate_size": 4096,
         "layer_norm_eps": 1e-12, "num_attention_heads": 16, "num_channels": 3, "num_hidden_layers": 24,
         "patch_size": 16, "qkv_bias": True, "num_labels": 1000},
        "ViTForImageClassification"),
    "deit-base-distilled-patch16-224": (
        {"model_type": "deit", "hidden_size": 768, "image_size": 224, "intermediate_size": 3072,
         "num_attention_heads": 12, "num_hidden_layers": 12, "patch_size": 16, "num_labels": 1000},
        "DeiTForImageClassificationWithTeacher"),
    "dinov2-giant": (
        {"model_type": "dinov2", "apply_layernorm": True, "attention_probs_dropout_prob": 0.0, "drop_path_rate": 0.0,
         "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "hidden_size": 1536, "image_size": 518,
         "initializer_range": 0.02, "layer_norm_eps": 1e-06, "layerscale_value": 1.0, "mlp_ratio": 4,
         "num_attention_heads": 24, "num_channels": 3, "num_hidden_layers": 40, "out_features": ["stage40"],
         "out_indices": [40], "patch_size": 14, "qkv_bias": True, "reshape_hidden_states": True, "stage_names": [],
         "use_swiglu_ffn": True},
        "Dinov2Model"),
    "swin-tiny-patch4-window7-224": (
        {"model_type": "swin", "attention_probs_dropout_prob": 0.0, "depths": [2, 2, 6, 2], "drop_path_rate": 0.1,
         "embed_dim": 96, "encoder_stride": 32, "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "hidden_size": 768,
         "image_size": 224, "initializer_range": 0.02, "layer_norm_eps": 1e-05, "mlp_ratio": 4.0, "num_channels": 3,
         "num_heads": [3, 6, 12, 24], "num_layers": 4, "patch_size": 4, "path_norm": True, "qkv_bias": True,
         "use_absolute_embeddings": False, "window_size": 7, "num_labels": 1000},
        "SwinForImageClassification"),
    "convnext-large-224": (
        {"model_type": "convnext", "depths": [3, 3, 27, 3], "drop_path_rate": 0.0, "hidden_act": "gelu",
         "hidden_sizes": [192, 384, 768, 1536], "image_size": 224, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
         "layer_scale_init_value": 1e-06, "num_channels": 3, "num_stages": 4, "patch_size": 4, "num_labels": 1000},
        "ConvNextForImageClassification"),
    "clip-vit-large-patch14": (
        {"model_type": "clip", "initializer_factor": 1.0, "logit_scale_init_value": 2.6592, "projection_dim": 768,
         "text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "projection_dim": 768,
                         "model_type": "clip_text_model", "dropout": 0.0, "eos_token_id": 2, "bos_token_id": 0},
         "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
                           "num_hidden_layers": 24, "patch_size": 14, "projection_dim": 768, "dropout": 0.0}},
        "CLIPModel"),
    "siglip-so400m-patch14-384": (
        {"model_type": "siglip", "initializer_factor": 1.0,
         "text_config": {"hidden_size": 1152, "intermediate_size": 4304, "model_type": "siglip_text_model",
                         "num_attention_heads": 16, "num_hidden_layers": 27},
         "vision_config": {"hidden_size": 1152, "image_size": 378, "intermediate_size": 4304,
                           "model_type": "siglip_vision_model", "num_attention_heads": 16, "num_hidden_layers": 27,
                           "patch_size": 14}},
        "SiglipModel"),
}  # fmt: skip


def weight(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The weight of a key: small waves, around one for norms."""
    count = 1
    for size in shape:
        count *= size
    waves = 0.2 * torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + crc32(key.encode()) % 1000)
    return (waves + (1.0 if len(shape) == 1 and key.endswith("weight") else 0.0)).reshape(shape)


def filled(model: nnspec.Model) -> dict[str, torch.Tensor]:
    """The weights of a spec; one that is another one has its numbers."""
    return {
        entry.key: weight(entry.tied_to or entry.key, tuple(map(int, entry.weight.shape)))
        for entry in state_dict(model.program)
    }


def example(model: nnspec.Model, padding: int | None = None) -> dict[str, torch.Tensor]:
    """Two samples of each input of a spec; tokens end with `END`, and those of the second with padding."""
    found = {}
    main = model.program.main
    for each in main.inputs:
        kind = main.values[each.value]
        sizes = [size if isinstance(size, int) else {"N": 2, "M": 3, "S": 7, "T": 9}[str(size)] for size in kind.shape]
        count = int(torch.tensor(sizes).prod())
        if each.name == "mask":
            found[each.name] = (torch.arange(count).reshape(sizes) % sizes[-1] < torch.tensor([[9], [6]])).long()
        elif kind.dtype == "int":
            highest = 2 if each.name == "kind" else 90
            found[each.name] = (torch.arange(count) * 37 % highest + (0 if highest == 2 else 2)).reshape(sizes)
            if each.name == "tokens":
                found[each.name][:, -1] = END
                if padding is not None:
                    found[each.name][1, -2:] = padding
        else:
            found[each.name] = torch.cos(torch.arange(count, dtype=torch.float64) * 0.7).reshape(sizes)
    return found
