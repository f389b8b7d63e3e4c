"""The types of configurations that are known, by the `model_type` of a file."""

from __future__ import annotations

from nnspec.huggingface import (
    bert,
    clip,
    deepseek,
    falcon,
    gemma,
    gpt2,
    gpt_neox,
    llama,
    mamba,
    mixtures,
    olmo2,
    opt,
    phi3,
    t5,
    vit,
)
from nnspec.huggingface.configuration import Configuration

KNOWN: dict[str, type[Configuration]] = {
    "bert": bert.Bert,
    "roberta": bert.Roberta,
    "xlm-roberta": bert.XLMRoberta,
    "gpt2": gpt2.GPT2,
    "opt": opt.OPT,
    "gpt_neox": gpt_neox.GPTNeoX,
    "falcon": falcon.Falcon,
    "mamba": mamba.Mamba,
    "llama": llama.Llama,
    "mistral": llama.Mistral,
    "qwen2": llama.Qwen2,
    "qwen3": llama.Qwen3,
    "phi3": phi3.Phi3,
    "olmo2": olmo2.OLMo2,
    "gemma": gemma.Gemma,
    "gemma2": gemma.Gemma2,
    "gemma3_text": gemma.Gemma3,
    "mixtral": mixtures.Mixtral,
    "qwen2_moe": mixtures.Qwen2Moe,
    "qwen3_moe": mixtures.Qwen3Moe,
    "deepseek_v2": deepseek.DeepSeekV2,
    "deepseek_v3": deepseek.DeepSeekV3,
    "t5": t5.T5,
    "mt5": t5.MT5,
    "vit": vit.ViT,
    "deit": vit.DeiT,
    "clip": clip.CLIP,
}
