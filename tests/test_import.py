"""`nnspec import`: a configuration of transformers becomes a short spec with the same count; what it cannot be is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from reference.records import record

import nnspec
from nnspec.cli.main import main
from nnspec.ir.state import totals

# The configurations of the records, as `save_pretrained` writes them: without what is transformers' default.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "bert_base": {"model_type": "bert"},
    "bert_base_pretraining": {"model_type": "bert", "architectures": ["BertForPreTraining"]},
    "bert_large": {
        "model_type": "bert",
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
    },
    "roberta_base": {
        "model_type": "roberta",
        "vocab_size": 50265,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-05,
        "pad_token_id": 1,
    },
    "gpt2": {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_ctx": 1024},
    "gpt2_medium": {"model_type": "gpt2", "n_embd": 1024, "n_layer": 24, "n_head": 16},
    "gpt3_175b": {"model_type": "gpt2", "n_positions": 2048, "n_embd": 12288, "n_layer": 96, "n_head": 96},
    "t5_base": {
        "model_type": "t5",
        "vocab_size": 32128,
        "d_model": 768,
        "d_kv": 64,
        "d_ff": 3072,
        "num_layers": 12,
        "num_heads": 12,
    },
    "tinyllama_1b": {
        "model_type": "llama",
        "hidden_size": 2048,
        "intermediate_size": 5632,
        "num_hidden_layers": 22,
        "num_key_value_heads": 4,
        "rope_scaling": None,
    },
    "llama_2_7b": {"model_type": "llama", "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    "mistral_7b": {"model_type": "mistral", "sliding_window": 4096},
    "vit_b_16": {"model_type": "vit", "id2label": {str(index): f"LABEL_{index}" for index in range(1000)}},
    "vit_b_32": {"model_type": "vit", "patch_size": 32, "num_labels": 1000},
    "clip_vit_b32": {"model_type": "clip"},
}
# Counts that are published, of configurations without a record.
COUNTS: list[tuple[dict[str, Any], int]] = [
    (
        {
            "model_type": "qwen2",
            "hidden_size": 896,
            "intermediate_size": 4864,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "rope_theta": 1000000.0,
            "tie_word_embeddings": True,
            "use_sliding_window": False,
        },
        494_032_768,
    ),
    ({"model_type": "t5"}, 60_506_624),
    ({"model_type": "mt5"}, 300_176_768),
    ({"model_type": "phi3"}, 3_821_079_552),
    ({"model_type": "mixtral", "sliding_window": None, "rope_theta": 1e6}, 46_702_792_704),
    ({"model_type": "qwen3_moe", "num_hidden_layers": 48, "norm_topk_prob": True, "head_dim": 128}, 30_532_122_624),
    (
        {
            "model_type": "qwen3",
            "hidden_size": 1024,
            "intermediate_size": 3072,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "tie_word_embeddings": True,
        },
        596_049_920,
    ),
    (
        {
            "model_type": "t5",
            "d_model": 768,
            "d_ff": 2048,
            "num_layers": 12,
            "num_heads": 12,
            "feed_forward_proj": "gated-gelu",
            "tie_word_embeddings": False,
        },
        247_577_856,
    ),
    ({"model_type": "vit"}, 86_567_656 - 998 * 769),
    (
        {"model_type": "clip", "vision_config_dict": {"patch_size": 16}, "vision_config": {"patch_size": 32}},
        149_620_737,
    ),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(configuration: object, *options: str) -> Result:
    Path("config.json").write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
    return CliRunner().invoke(main, ["import", "config.json", *options], catch_exceptions=False)


def parameters(model: nnspec.Model) -> int:
    return totals(model.program)[model.program.entry].parameters


def error(configuration: object) -> str:
    result = run(configuration, "-o", "model.nn")
    assert result.exit_code == 1
    assert not Path("model.nn").exists()
    return result.stderr


@pytest.mark.parametrize("name", list(CONFIGURATIONS))
def test_the_spec_has_as_many_parameters_as_the_reference(name: str) -> None:
    total = record(name)["params"]["total"]
    result = run(CONFIGURATIONS[name], "-o", "model.nn")
    assert result.exit_code == 0
    assert result.stdout.startswith("model.nn: ") and result.stdout.endswith(f", {total:,} parameters\n")
    assert parameters(nnspec.load("model.nn")) == total


@pytest.mark.parametrize(("configuration", "total"), COUNTS, ids=lambda value: str(value)[:24])
def test_defaults_and_variants_have_the_published_count(configuration: dict[str, Any], total: int) -> None:
    assert parameters(nnspec.loads(run(configuration).stdout)) == total


def test_the_spec_is_short_and_readable() -> None:
    assert run(CONFIGURATIONS["bert_large"]).stdout == (
        """\
# BertModel of transformers, from a configuration of type bert.
import BERT from "zoo/bert.nn"

model BertModel(masked = false, segments = false) = BERT(
  layers = 24, width = 1024, heads = 16, hidden = 4096, vocab = 30522, context = 512, kinds = 2, dropout = 0.1,
  eps = 1e-12, masked = masked, segments = segments
)
"""
    )
    assert run({"model_type": "llama", "num_hidden_layers": 2}, "--head", "sequence-classification").stdout == (
        """\
# LlamaForSequenceClassification of transformers, from a configuration of type llama.
import Attention, FeedForward, Layer from "zoo/llama.nn"

model LlamaForSequenceClassification(classes = 2) {
  rename "*.rotary_emb.inv_freq" -> ""
  input tokens: int[N, T]
  turn = RotaryEmbedding(base = 10000.0)
  attention = Attention(heads = 32, groups = 32, size = 128, bias = false, turn = turn, window = none)
  model: {
    embed_tokens: Embedding(32000, 4096, weight_init = ["normal", 0.0, 0.02])
    layers: 2 x Layer(attention, FeedForward(11008), RMSNorm(eps = 1e-06))
    norm: RMSNorm(eps = 1e-06)
  }
  score: Linear(classes, bias = false)
  output logits = score[:, -1]
}
"""
    )


def test_the_model_can_be_given_a_name_even_that_of_the_zoo() -> None:
    assert nnspec.loads(run({"model_type": "gpt2"}, "--name", "Mine").stdout).name == "Mine"
    assert nnspec.loads(run({"model_type": "gpt2"}, "--name", "GPT2").stdout).name == "GPT2"
    assert run({"model_type": "gpt2"}, "--name", "1; }").exit_code == 2


def test_options_that_change_numbers_reach_the_spec() -> None:
    text = run({"model_type": "mistral", "sliding_window": None, "rope_theta": 1e6, "head_dim": 64}).stdout
    assert "window = none" in text and "base = 1000000.0" in text and "size = 64" in text
    assert "window = 4096" in run({"model_type": "mistral"}).stdout
    assert "end = 49407" in run({"model_type": "clip", "text_config": {"eos_token_id": 2}}).stdout
    assert "eps = 1e-12" in run({"model_type": "vit"}).stdout


@pytest.mark.parametrize(
    ("configuration", "layer"),
    [
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, 'base = 10000.0, scaling = "linear", factor = 2.0'),
        (
            {"rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
             "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}},
            'base = 500000.0, scaling = "llama3", factor = 8.0, original_length = 8192, low_freq_factor = 1.0, '
            "high_freq_factor = 4.0",
        ),
        (
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6, "original_max_position_embeddings": 32768},
             "max_position_embeddings": 131072, "model_type": "qwen3"},
            'base = 1000000.0, scaling = "yarn", factor = 4.0, original_length = 32768',
        ),
        (
            {"rope_scaling": {"type": "dynamic", "factor": 2.0}, "max_position_embeddings": 4096},
            'base = 10000.0, scaling = "dynamic", factor = 2.0, original_length = 4096',
        ),
        (
            {"rope_scaling": {"type": "su", "short_factor": [1, 1.5], "long_factor": [1, 4]}, "hidden_size": 128,
             "original_max_position_embeddings": 4096, "max_position_embeddings": 131072, "model_type": "phi3"},
            'base = 10000.0, scaling = "longrope", factor = 32.0, original_length = 4096, short_factor = [1.0, 1.5], '
            "long_factor = [1.0, 4.0]",
        ),
        (
            {"model_type": "phi3", "partial_rotary_factor": 0.75, "hidden_size": 3072, "num_attention_heads": 24},
            "base = 10000.0, rotary_dim = 96",
        ),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_rotations_are_those_of_the_file(configuration: dict[str, Any], layer: str) -> None:
    text = run({"model_type": "llama"} | configuration).stdout
    assert f"turn = RotaryEmbedding({layer})" in " ".join(text.split())
    assert nnspec.loads(text).program.main.inputs


def test_no_text_of_the_file_reaches_the_spec() -> None:
    hostile = '"\n}\nimport X from "/etc/passwd"\nmodel Evil {'
    plain = run({"model_type": "bert"}).stdout
    found = run({"model_type": "bert", "architectures": ["BertModel", hostile], "_name_or_path": hostile})
    assert found.exit_code == 0 and found.stdout == plain
    assert hostile not in run({"model_type": "bert", hostile: 1}, "--ignore", hostile).stdout


# --- what cannot be


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"model_type": "bert", "hidden_act": "gelu_10"}, "hidden_act is 'gelu_10', and only gelu, gelu_python, "),
        ({"model_type": "bert", "is_decoder": True}, "is_decoder is True, and only False is supported"),
        ({"model_type": "t5", "feed_forward_proj": "gated-gelu_10"}, "feed_forward_proj is 'gated-gelu_10', and only"),
        ({"model_type": "llama", "rope_scaling": {"type": "ntk"}}, "rope_scaling: the type is 'ntk', and only linear"),
        (
            {"model_type": "llama", "rope_parameters": {"factor": 8.0}},
            "has factor, which unscaled positions do not take",
        ),
        ({"model_type": "qwen3", "rope_scaling": {"type": "linear", "mscale": 1.0}}, "it has mscale, which linear do"),
        ({"model_type": "llama", "num_attention_heads": 7}, "num_attention_heads is 7, which does not divide"),
        ({"model_type": "clip", "vision_config": {"num_channels": 1}}, "vision_config: num_channels is 1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_the_zoo_does_not_have_is_told(configuration: dict[str, Any], words: str) -> None:
    text = error(configuration)
    assert "error[E0903]" in text and words in text and " = help: " in text


def test_all_that_is_not_supported_is_told_at_once() -> None:
    text = error({"model_type": "bert", "hidden_act": "sin", "is_decoder": True, "wings": 2})
    assert "hidden_act is 'sin'" in text and "is_decoder is True" in text and "bert: wings" in text


def test_an_unknown_type_is_told_with_the_nearest() -> None:
    text = error({"model_type": "robertta"})
    assert "error[E0902]" in text and "model_type robertta" in text and "did you mean roberta?" in text
    assert "known are bert, roberta, " in error({"model_type": "penguin"})
    assert "it has no model_type" in error({"hidden_size": 3})


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ("", "EOF"),
        ("[]", "object"),
        ("{", "EOF"),
        ('{"model_type": "bert", "hidden_size": 0}', "hidden_size: Input should be greater than or equal to 1"),
        ('{"model_type": "bert", "hidden_size": "768"}', "hidden_size: Input should be a valid integer"),
        ('{"model_type": "bert", "hidden_size": 1e99}', "hidden_size"),
        ('{"model_type": "bert", "layer_norm_eps": NaN}', "layer_norm_eps"),
        (
            '{"model_type": "clip", "text_config": {"vocab_size": -1}}',
            "text_config.vocab_size: Input should be greater",
        ),
        ('{"model_type": 3}', "model_type: Input should be a valid string"),
    ],
)
def test_a_file_that_is_no_configuration_is_told(configuration: str, words: str) -> None:
    text = error(configuration)
    assert "error[E0901]" in text and words in text


def test_sizes_that_do_not_fit_are_the_mistakes_of_the_spec() -> None:
    assert "heads must divide width" in error({"model_type": "bert", "num_attention_heads": 7})


def test_a_missing_file_and_a_folder_are_told() -> None:
    for path in ("none.json", "."):
        result = CliRunner().invoke(main, ["import", path], catch_exceptions=False)
        assert result.exit_code == 1 and "error[E0901]" in result.stderr
