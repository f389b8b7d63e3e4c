"""Language models against transformers: parameters, keys and shapes, of small models and of all published sizes."""

from __future__ import annotations

import math
from hashlib import sha256
from typing import Any

import pytest
import torch
from reference.language import GOLDENS, PUBLISHED
from reference.proof import load
from reference.records import SPECS, goldens, published

import nnspec
from nnspec.ir import Program
from nnspec.ir.state import state_dict, totals
from nnspec.weights.renames import own_key, rules


def layout(program: Program) -> dict[str, Any]:
    """Number and digest of the keys and shapes of a model."""
    lines = [f"{entry.key} {list(entry.weight.shape)}" for entry in state_dict(program)]
    return {"entries": len(lines), "digest": sha256("\n".join(lines).encode()).hexdigest()[:16]}


@pytest.mark.parametrize("name", GOLDENS)
def test_a_small_model_has_the_keys_and_shapes_of_transformers(name: str) -> None:
    assert layout(load(GOLDENS[name]).program) == goldens()[name]["state_dict"]


@pytest.mark.parametrize("row", published(), ids=lambda row: row["name"])
def test_a_model_of_published_size_has_the_parameters_keys_and_shapes_of_transformers(row: dict[str, Any]) -> None:
    file, model = PUBLISHED[row["name"]]
    ours = nnspec.load(SPECS / file, model).program
    assert totals(ours)[ours.entry].parameters == row["params"]
    assert layout(ours) == row["state_dict"]


def test_every_published_size_is_recorded() -> None:
    assert sorted(PUBLISHED) == sorted(row["name"] for row in published())


@pytest.mark.parametrize(
    ("name", "published", "own"),
    [
        ("opt_tiny", "decoder.layers.0.fc1.bias", "model.decoder.layers.0.fc1.bias"),
        ("bart_tiny", "shared.weight", "model.shared.weight"),
        ("bart_tiny", "encoder.layers.1.self_attn.k_proj.bias", "model.encoder.layers.1.self_attn.k_proj.bias"),
        ("albert_tiny", "albert.pooler.weight", "pooler.weight"),
        ("albert_tiny", "predictions.decoder.weight", ""),
        ("modernbert_tiny", "model.layers.0.attn.Wo.weight", "layers.0.attn.Wo.weight"),
        ("modernbert_tiny", "head.dense.weight", ""),
        ("distilbert_tiny", "distilbert.transformer.layer.0.ffn.lin1.bias", "transformer.layer.0.ffn.lin1.bias"),
        ("distilbert_tiny", "vocab_layer_norm.weight", ""),
        ("gemma3_tiny", "language_model.model.norm.weight", "model.norm.weight"),
        ("gemma3_tiny", "vision_tower.vision_model.post_layernorm.bias", ""),
        ("gpt_neox_tiny", "embed_out.weight", "lm_head.weight"),
        ("gpt_neox_tiny", "gpt_neox.layers.1.attention.rotary_emb.inv_freq", ""),
        ("bloom_tiny", "word_embeddings_layernorm.bias", "transformer.word_embeddings_layernorm.bias"),
        ("bloom_tiny", "h.1.mlp.dense_h_to_4h.weight", "transformer.h.1.mlp.dense_h_to_4h.weight"),
        ("mamba_tiny", "backbone.embedding.weight", "backbone.embeddings.weight"),
        ("wav2vec2_tiny", "hubert.feature_projection.projection.bias", "wav2vec2.feature_projection.projection.bias"),
        ("wav2vec2_tiny", "wav2vec2.masked_spec_embed", ""),
        (
            "wav2vec2_tiny",
            "wav2vec2.encoder.pos_conv_embed.conv.weight_g",
            "wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original0",
        ),
        ("siglip_tiny", "text_model.embeddings.position_ids", ""),
    ],
)
def test_keys_that_published_files_spell_otherwise_are_renamed(name: str, published: str, own: str) -> None:
    program = load(GOLDENS[name]).program
    assert own_key(published, rules(program), {entry.key for entry in state_dict(program)}) == own


def test_whisper_starts_with_sines_before_cosines_that_are_not_trained() -> None:
    module = load(GOLDENS["whisper_tiny_config"]).to_torch()
    places = module.get_parameter("model.encoder.embed_positions.weight")
    angles = torch.arange(12)[:, None] * torch.exp(torch.arange(16) * (-math.log(10000) / 15))
    torch.testing.assert_close(places.data, torch.cat((angles.sin(), angles.cos()), 1), atol=1e-6, rtol=0)
    assert not places.requires_grad


def test_the_states_of_mamba_start_to_decay_at_rates_of_one_to_their_number() -> None:
    rates = load(GOLDENS["mamba_tiny"]).to_torch().get_parameter("backbone.layers.0.mixer.A_log").exp()
    torch.testing.assert_close(rates.data, torch.arange(1.0, 5.0).expand(64, 4))
