"""Architectures of transformers with small random weights, and a table of how they import: python -m tests.architectures.

Each is compared with the spec that was written from it: keys, counts and outputs in float64; a failure is named with its
reason. Needs transformers, which nothing else here does.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

import torch

import nnspec

SMALL: dict[str, Any] = {
    "vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "num_key_value_heads": 2,
    "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "d_ff": 48,
    "d_kv": 8, "num_layers": 2, "num_decoder_layers": 2, "num_heads": 4, "image_size": 32, "patch_size": 8,
    "head_dim": 8, "n_ctx": 64, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "ffn_dim": 48,
    "word_embed_proj_dim": 32, "embedding_size": 32, "rotary_dim": 4, "moe_intermediate_size": 16, "num_experts": 4,
    "num_local_experts": 4, "num_experts_per_tok": 2, "use_cache": False, "dim_ff": 48, "attention_window": 4,
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 8,
    "n_routed_experts": 4, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1, "sliding_window": 8,
    "ffn_hidden_size": 48, "n_inner": 48, "decoder_start_token_id": 1, "hidden_size_per_layer_input": 8,
}  # fmt: skip
TEXT = """
albert bart bert bert-generation big_bird biogpt bloom camembert codegen convbert ctrl data2vec-text deberta deberta-v2
deepseek_v2 deepseek_v3 distilbert electra ernie esm falcon flaubert fnet gemma gemma2 gemma3_text gpt2 gpt_bigcode
gpt_neo gpt_neox gpt_neox_japanese gptj granite granitemoe helium ibert jetmoe layoutlm llama longformer luke m2m_100
mamba marian mbart megatron-bert mistral mixtral mobilebert modernbert mpnet mpt mra mt5 mvp nemotron nystromformer
olmo olmo2 olmoe openai-gpt opt pegasus phi phi3 phimoe plbart qwen2 qwen2_moe qwen3 qwen3_moe rembert roberta
roberta-prelayernorm roc_bert roformer rwkv smollm3 splinter squeezebert stablelm starcoder2 t5 umt5 xglm xlm xlm-roberta
xlm-roberta-xl xlnet xmod yoso glm cohere dbrx persimmon diffllama exaone4 arcee apertus ernie4_5 hunyuan_v1_dense minimax
bamba zamba recurrent_gemma falcon_mamba mamba2 led pegasus_x blenderbot blenderbot-small prophetnet switch_transformers
""".split()
IMAGE = """
beit bit convnext convnextv2 cvt data2vec-vision deit dinov2 dpt efficientnet focalnet glpn hiera ijepa levit mobilenet_v1
mobilenet_v2 mobilevit mobilevitv2 poolformer pvt pvt_v2 regnet resnet segformer swin swinv2 swiftformer vit vit_mae
vit_msn vitdet yolos textnet dinov2_with_registers siglip_vision_model clip_vision_model
""".split()
SOUND = "wav2vec2 hubert wavlm sew unispeech whisper audio-spectrogram-transformer data2vec-audio".split()
SPECTRA = {
    "whisper": ("input_features", (2, 80, 3000)),
    "audio-spectrogram-transformer": ("input_values", (2, 1024, 128)),
}
BOTH = "clip siglip altclip vilt blip".split()


def small(kind: str) -> Any:
    """A small configuration of a type."""
    from transformers import CONFIG_MAPPING

    made = CONFIG_MAPPING[kind]
    probe = made()
    known = {name: value for name, value in SMALL.items() if hasattr(probe, name) and getattr(probe, name) is not None}
    known = {name: value for name, value in known.items() if not isinstance(getattr(probe, name), (list, tuple, dict))}
    known |= FURTHER.get(kind, {})
    config = made(**{name: value for name, value in known.items() if value is not None})
    config._attn_implementation = "eager"
    config._experts_implementation = "batched_mm"
    return config


_STAGES = {
    "hidden_size": None,
    "image_size": 64,
    "patch_size": 4,
    "num_stages": 4,
    "num_hidden_layers": None,
    "depths": [1, 1, 2, 1],
}
_WINDOWS = {"image_size": 32, "patch_size": 2, "window_size": 4, "depths": [2, 2], "num_heads": [2, 4], "embed_dim": 16,
            "num_hidden_layers": None, "hidden_size": None}  # fmt: skip
_LATENT = {"head_dim": 4, "num_key_value_heads": 4, "num_experts_per_tok": 2}
FURTHER: dict[str, dict[str, Any]] = {
    "deepseek_v2": _LATENT, "deepseek_v3": _LATENT, "esm": {"vocab_size": 33, "pad_token_id": 1}, "falcon": {"head_dim": None},
    "convnext": _STAGES, "convnextv2": _STAGES, "nemotron": {"num_key_value_heads": 4},
    "prophetnet": {"num_hidden_layers": None}, "xlnet": {"max_position_embeddings": None}, "mamba2": {"num_heads": 8},
    "bamba": {"mamba_n_heads": 8, "mamba_d_head": 8}, "swin": _WINDOWS, "swinv2": _WINDOWS,
    "hiera": {"image_size": [64, 64], "patch_size": None, "depths": [1, 1, 1, 1]}, "levit": {"image_size": None, "patch_size": None},
    "efficientnet": {"hidden_dim": None}, "mobilevitv2": {"image_size": None, "patch_size": None},
    "xmod": {"default_language": "en_XX"}, "hunyuan_v1_dense": {"head_dim": 8},
    "zamba": {"num_hidden_layers": 4, "head_dim": None, "use_associative_scan": False,
              "layers_block_type": ["linear_attention", "hybrid"] * 2},
    "dbrx": {"attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8.0}},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "attention_layers": ["global", "local"]},
}  # fmt: skip


def built(kind: str) -> tuple[torch.nn.Module, dict[str, torch.Tensor], dict[str, str]]:
    """A model with random weights, an example, and which sizes are to be any."""
    from transformers import AutoModel

    config = small(kind)
    torch.manual_seed(0)
    model = AutoModel.from_config(config).eval()
    tokens = torch.arange(1, 17).reshape(2, 8) % 60 + 3
    if kind in IMAGE:
        size = config.image_size if isinstance(getattr(config, "image_size", None), int) else 64
        return model, {"pixel_values": torch.rand(2, 3, size, size)}, {"pixel_values": f"N 3 {size} {size}"}
    if kind in SOUND:
        name, shape = SPECTRA.get(kind, ("input_values", (2, 800)))
        more = {"decoder_input_ids": tokens[:, :5].clone()} if getattr(config, "is_encoder_decoder", False) else {}
        return model, {name: torch.rand(shape), **more}, {}
    example = {"input_ids": tokens}
    if kind == "switch_transformers":  # it makes no mask of its own
        example["attention_mask"] = torch.ones_like(tokens)
    if getattr(config, "is_encoder_decoder", False):
        example["decoder_input_ids"] = tokens[:, :5].clone()
        return model, example, {"input_ids": "N S", "decoder_input_ids": "N T"}
    return model, example, {"input_ids": "N T"}


def outcome(kind: str) -> tuple[str, str]:
    """How an architecture imports: "equal" and its text, or why it does not."""
    model, example, dynamic = built(kind)
    try:
        return said("equal", nnspec.from_torch(model, example, dynamic=dynamic))
    except nnspec.SpecError as refused:
        fixed = str(refused)
        if not any(code in fixed for code in ("E0531", "E0532", "E0593")):
            return fixed.strip(), ""
    return said("equal, of fixed sizes", nnspec.from_torch(model, example))


def said(word: str, model: nnspec.Model) -> tuple[str, str]:
    """The word with what is to be known of how results were compared, and the text."""
    return "; ".join((word, *model.notes)), model.text


def table(kinds: list[str]) -> Iterator[tuple[str, str, str, float]]:
    """Type, outcome, text, seconds."""
    for kind in kinds:
        start = time.time()
        try:
            found, text = outcome(kind)
        except nnspec.SpecError as refused:
            found, text = str(refused).strip(), ""
        except Exception as error:  # a configuration that is none, a fault of ours
            found, text = f"{type(error).__name__}: {error}", ""
        yield kind, found, text, time.time() - start


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    asked = sys.argv[1:] or [*TEXT, *IMAGE, *SOUND]
    good = 0
    for kind, found, text, seconds in table([each for each in asked if not each.startswith("-")]):
        good += found.startswith("equal")
        print(f"{kind:24} {seconds:5.1f}s {found if found.startswith('equal') else found[:900]}", flush=True)
        if "--text" in sys.argv:
            print(text)
    print(f"{good} of {len(asked)} are equal")


if __name__ == "__main__":
    main()
