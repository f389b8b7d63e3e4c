"""Which spec of the zoo each golden and published size of a language model of transformers belongs to."""

from __future__ import annotations

from typing import Any

Spec = tuple[str, str, dict[str, Any]]  # file, model, settings

_SMALL = {"vocab": 101, "width": 32, "layers": 2, "heads": 4}
_PLACED = {**_SMALL, "hidden": 48, "context": 40}
_GROUPED = {**_SMALL, "hidden": 48, "groups": 2}
_WHISPER = {**_PLACED, "padding": 0, "mels": 8, "places": 12}

# Golden -> its spec.
GOLDENS: dict[str, Spec] = {
    "opt_tiny": ("opt.nn", "OPT", _PLACED),
    "bart_tiny": ("bart.nn", "BART", _PLACED),
    "whisper_tiny_config": ("whisper.nn", "Whisper", _WHISPER),
    "albert_tiny": ("albert.nn", "ALBERT", {**_PLACED, "outer": 16, "masked": True, "segments": True}),
    "modernbert_tiny": (
        "modernbert.nn", "ModernBERT", {**_SMALL, "layers": 4, "hidden": 48, "padding": 0, "around": 6, "masked": True}
    ),
    "qwen3_tiny": ("qwen.nn", "Qwen3_0_6B", {**_GROUPED, "size": 16}),
    "qwen2_tiny": ("qwen.nn", "Qwen2_0_5B", _GROUPED),
    "mistral_tiny": ("llama.nn", "Llama", {**_GROUPED, "window": 5}),
    "phi3_tiny": ("phi3.nn", "Phi3", {**_GROUPED, "window": 5}),
    "gemma2_tiny": ("gemma2.nn", "Gemma2", {**_GROUPED, "size": 16, "window": 5}),
    "gemma3_tiny": ("gemma3.nn", "Gemma3", {**_GROUPED, "every": 2, "size": 16, "window": 5}),
    "bloom_tiny": ("bloom.nn", "BLOOM", {"vocab": 101, "width": 48, "layers": 2, "heads": 6}),
    "gemma_tiny": ("gemma.nn", "Gemma", {**_GROUPED, "size": 16}),
    "gpt_neox_tiny": ("gpt_neox.nn", "GPTNeoX", {**_SMALL, "hidden": 48}),
    "falcon_tiny": ("falcon.nn", "Falcon", _SMALL),
    "falcon_tiny_grouped": ("falcon.nn", "Falcon40B", {**_SMALL, "groups": 2}),
    "stablelm_tiny": ("stablelm.nn", "StableLM", _GROUPED),
    "t5_v1_1_tiny": ("t5.nn", "T5v1_1Base", {**_SMALL, "size": 8, "hidden": 48}),
    "distilbert_tiny": ("distilbert.nn", "DistilBERT", {**_PLACED, "masked": True}),
    "electra_tiny": ("electra.nn", "ELECTRA", {**_PLACED, "outer": 16, "masked": True, "segments": True}),
    "gptj_tiny": ("gptj.nn", "GPTJ", {**_SMALL, "turning": 4}),
    "siglip_tiny": (
        "siglip.nn", "SigLIP", {**_PLACED, "context": 16, "image_size": 16, "patch": 8}
    ),
    "olmo2_tiny": ("olmo2.nn", "OLMo2", _GROUPED),
}  # fmt: skip

# Those that are decoded token by token.
CAUSAL = (
    "opt_tiny", "bart_tiny", "whisper_tiny_config", "qwen3_tiny", "phi3_tiny", "gemma_tiny", "gemma2_tiny", "gemma3_tiny", "bloom_tiny", "gpt_neox_tiny", "falcon_tiny",
    "falcon_tiny_grouped", "gptj_tiny", "stablelm_tiny", "olmo2_tiny",
)  # fmt: skip

# Published size -> the file and model that has it.
PUBLISHED: dict[str, tuple[str, str]] = {
    "opt_125m": ("opt.nn", "OPT125M"),
    "opt_1_3b": ("opt.nn", "OPT1_3B"),
    "opt_2_7b": ("opt.nn", "OPT2_7B"),
    "opt_6_7b": ("opt.nn", "OPT6_7B"),
    "opt_13b": ("opt.nn", "OPT13B"),
    "opt_30b": ("opt.nn", "OPT30B"),
    "opt_66b": ("opt.nn", "OPT66B"),
    "bart_base": ("bart.nn", "BARTBase"),
    "bart_large": ("bart.nn", "BARTLarge"),
    "whisper_tiny": ("whisper.nn", "WhisperTiny"),
    "whisper_base": ("whisper.nn", "WhisperBase"),
    "whisper_small": ("whisper.nn", "WhisperSmall"),
    "whisper_medium": ("whisper.nn", "WhisperMedium"),
    "whisper_large": ("whisper.nn", "WhisperLarge"),
    "whisper_large_v3": ("whisper.nn", "WhisperLargeV3"),
    "whisper_turbo": ("whisper.nn", "WhisperTurbo"),
    "albert_base": ("albert.nn", "ALBERTBase"),
    "albert_large": ("albert.nn", "ALBERTLarge"),
    "albert_xlarge": ("albert.nn", "ALBERTXLarge"),
    "albert_xxlarge": ("albert.nn", "ALBERTXXLarge"),
    "modernbert_base": ("modernbert.nn", "ModernBERTBase"),
    "modernbert_large": ("modernbert.nn", "ModernBERTLarge"),
    "qwen3_0_6b": ("qwen.nn", "Qwen3_0_6B"),
    "qwen3_1_7b": ("qwen.nn", "Qwen3_1_7B"),
    "qwen3_4b": ("qwen.nn", "Qwen3_4B"),
    "qwen3_8b": ("qwen.nn", "Qwen3_8B"),
    "qwen3_14b": ("qwen.nn", "Qwen3_14B"),
    "qwen3_32b": ("qwen.nn", "Qwen3_32B"),
    "qwen2_0_5b": ("qwen.nn", "Qwen2_0_5B"),
    "qwen2_1_5b": ("qwen.nn", "Qwen2_1_5B"),
    "qwen2_5_3b": ("qwen.nn", "Qwen2_5_3B"),
    "qwen2_7b": ("qwen.nn", "Qwen2_7B"),
    "smollm2_135m": ("llama.nn", "SmolLM2_135M"),
    "smollm2_360m": ("llama.nn", "SmolLM2_360M"),
    "smollm2_1_7b": ("llama.nn", "SmolLM2_1_7B"),
    "phi3_mini": ("phi3.nn", "Phi3Mini"),
    "phi3_medium": ("phi3.nn", "Phi3Medium"),
    "phi_4": ("phi3.nn", "Phi4"),
    "gemma_2b": ("gemma.nn", "Gemma2B"),
    "gemma_7b": ("gemma.nn", "Gemma7B"),
    "gpt_neox_20b": ("gpt_neox.nn", "GPTNeoX20B"),
    "pythia_70m": ("gpt_neox.nn", "Pythia70M"),
    "pythia_160m": ("gpt_neox.nn", "Pythia160M"),
    "pythia_410m": ("gpt_neox.nn", "Pythia410M"),
    "pythia_1b": ("gpt_neox.nn", "Pythia1B"),
    "pythia_1_4b": ("gpt_neox.nn", "Pythia1_4B"),
    "pythia_2_8b": ("gpt_neox.nn", "Pythia2_8B"),
    "pythia_6_9b": ("gpt_neox.nn", "Pythia6_9B"),
    "pythia_12b": ("gpt_neox.nn", "Pythia12B"),
    "falcon_7b": ("falcon.nn", "Falcon7B"),
    "falcon_40b": ("falcon.nn", "Falcon40B"),
    "falcon_180b": ("falcon.nn", "Falcon180B"),
    "stablelm_2_1_6b": ("stablelm.nn", "StableLM2_1_6B"),
    "stablelm_3b": ("stablelm.nn", "StableLM3B"),
    "t5_v1_1_small": ("t5.nn", "T5v1_1Small"),
    "t5_v1_1_base": ("t5.nn", "T5v1_1Base"),
    "t5_v1_1_large": ("t5.nn", "T5v1_1Large"),
    "mt5_small": ("t5.nn", "MT5Small"),
    "mt5_base": ("t5.nn", "MT5Base"),
    "bert_base": ("bert.nn", "BERTBase"),
    "roberta_base": ("bert.nn", "RoBERTa"),
    "distilroberta": ("bert.nn", "DistilRoBERTa"),
    "xlm_roberta_base": ("bert.nn", "XLMRoBERTaBase"),
    "xlm_roberta_large": ("bert.nn", "XLMRoBERTaLarge"),
    "distilbert": ("distilbert.nn", "DistilBERT"),
    "electra_small": ("electra.nn", "ELECTRASmall"),
    "electra_base": ("electra.nn", "ELECTRABase"),
    "electra_large": ("electra.nn", "ELECTRALarge"),
    "gpt_j_6b": ("gptj.nn", "GPTJ6B"),
    "siglip_b16": ("siglip.nn", "SigLIP_B16"),
    "siglip_l16": ("siglip.nn", "SigLIP_L16"),
    "llama3_1_8b": ("llama.nn", "Llama3_1_8B"),
    "llama3_2_3b": ("llama.nn", "Llama3_2_3B"),
    "gemma2_2b": ("gemma2.nn", "Gemma2_2B"),
    "gemma2_9b": ("gemma2.nn", "Gemma2_9B"),
    "gemma2_27b": ("gemma2.nn", "Gemma2_27B"),
    "gemma3_270m": ("gemma3.nn", "Gemma3_270M"),
    "gemma3_1b": ("gemma3.nn", "Gemma3_1B"),
    "gemma3_4b": ("gemma3.nn", "Gemma3_4B"),
    "gemma3_12b": ("gemma3.nn", "Gemma3_12B"),
    "gemma3_27b": ("gemma3.nn", "Gemma3_27B"),
    "bloom_560m": ("bloom.nn", "BLOOM560M"),
    "bloom_1b1": ("bloom.nn", "BLOOM1B1"),
    "bloom_1b7": ("bloom.nn", "BLOOM1B7"),
    "bloom_3b": ("bloom.nn", "BLOOM3B"),
    "bloom_7b1": ("bloom.nn", "BLOOM7B1"),
    "bloom_176b": ("bloom.nn", "BLOOM176B"),
    "olmo2_7b": ("olmo2.nn", "OLMo2_7B"),
    "olmo2_1b": ("olmo2.nn", "OLMo2_1B"),
    "olmo2_13b": ("olmo2.nn", "OLMo2_13B"),
    "olmo2_32b": ("olmo2.nn", "OLMo2_32B"),
}
