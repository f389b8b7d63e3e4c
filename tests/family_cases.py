"""Configurations of transformers: of published sizes, as their files have them, and small ones with odd options."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import torch

import nnspec

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

SMALL: dict[str, Options] = {
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
}  # fmt: skip


def weight(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The weight of a key: small waves, around one for norms."""
    count = 1
    for size in shape:
        count *= size
    waves = 0.2 * torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + crc32(key.encode()) % 1000)
    return (waves + (1.0 if len(shape) == 1 and key.endswith("weight") else 0.0)).reshape(shape)


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
