"""The types of configurations that are known, by the `model_type` of a file."""

from __future__ import annotations

import re

from nnspec.diagnostics import nearest
from nnspec.huggingface import (
    albert,
    bart,
    bert,
    clip,
    convnext,
    deepseek,
    dinov2,
    distilbert,
    electra,
    falcon,
    gemma,
    gpt2,
    gpt_neox,
    llama,
    mamba,
    mixtures,
    modernbert,
    olmo2,
    opt,
    phi3,
    siglip,
    swin,
    t5,
    vit,
    whisper,
)
from nnspec.huggingface.configuration import Configuration

KNOWN: dict[str, type[Configuration]] = {
    "bert": bert.Bert,
    "roberta": bert.Roberta,
    "xlm-roberta": bert.XLMRoberta,
    "distilbert": distilbert.DistilBERT,
    "albert": albert.ALBERT,
    "electra": electra.ELECTRA,
    "modernbert": modernbert.ModernBERT,
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
    "gemma3": gemma.Gemma3Pictures,
    "mixtral": mixtures.Mixtral,
    "qwen2_moe": mixtures.Qwen2Moe,
    "qwen3_moe": mixtures.Qwen3Moe,
    "deepseek_v2": deepseek.DeepSeekV2,
    "deepseek_v3": deepseek.DeepSeekV3,
    "t5": t5.T5,
    "mt5": t5.MT5,
    "bart": bart.BART,
    "whisper": whisper.Whisper,
    "vit": vit.ViT,
    "deit": vit.DeiT,
    "dinov2": dinov2.DINOv2,
    "swin": swin.Swin,
    "convnext": convnext.ConvNeXt,
    "clip": clip.CLIP,
    "siglip": siglip.SigLIP,
}


def near(kind: str) -> str | None:
    """The type that one which is not known was most likely meant to be: a name of a model, a version, a misspelling."""
    plain = kind.lower().strip()
    within = [known for known in KNOWN if re.search(rf"(?<![a-z0-9]){known}(?![a-z0-9])", plain)]
    if within:
        return max(within, key=len)
    letters = _letters(plain)
    family = [known for known in KNOWN if len(_letters(known)) > 2 and letters.endswith(_letters(known))]
    return nearest(kind, KNOWN) or min(family, key=len, default=None)


def _letters(name: str) -> str:
    """What a name begins with, before numbers."""
    return re.sub(r"[^a-z].*", "", name)
