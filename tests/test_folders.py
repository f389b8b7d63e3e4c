"""Folders of families and heads through the commands of a user; beside transformers where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.huggingface.write import spec_of
from tests.family_cases import BART, SMALL
from tests.folders import steps

SHOWN = ["mt5/MT5ForConditionalGeneration", "bart/BartForSequenceClassification", "mamba/MambaForCausalLM",
         "whisper/WhisperForConditionalGeneration", "modernbert/ModernBertForTokenClassification",
         "gemma2/Gemma2ForCausalLM", "clip/CLIPModel", "roberta/RobertaForQuestionAnswering"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_a_folder_that_transformers_writes_gives_what_transformers_gives(name: str, tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="folders are written by transformers")
    case, architecture = name.split("/")
    found = dict(steps(case, architecture, tmp_path))
    assert not any(found.values()), found


def folder_of(options: dict[str, Any], folder: Path, *without: str) -> nnspec.Model:
    """A folder of a configuration with the weights that its network begins with, less some of their keys."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(options))
    drawn = nnspec.loads(nnspec.load(folder).text).to_torch().state_dict()
    kept = {key: tensor.clone() for key, tensor in drawn.items() if key not in without}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    return nnspec.load(folder)


def test_a_t5_whose_file_lacks_the_output_projection_has_the_table_in_its_place(tmp_path: Path) -> None:
    options = {**SMALL["t5, gated"], "architectures": ["T5ForConditionalGeneration"]}
    whole = folder_of(options, tmp_path)
    assert "tied = false" in whole.text and "scaled" not in whole.text
    lacking = folder_of(options, tmp_path, "lm_head.weight")
    assert "tied = true" in lacking.text and "scaled = false" in lacking.text
    state = lacking.to_torch().state_dict()
    assert state["lm_head.weight"].equal(state["shared.weight"])


def test_a_decoder_reads_what_the_encoder_reads_behind_its_first_token(tmp_path: Path) -> None:
    options = {"model_type": "bart", **BART, "architectures": ["BartForSequenceClassification"],
               "decoder_start_token_id": 5}  # fmt: skip
    model = folder_of(options, tmp_path)
    vocabulary = {f"w{number}": number for number in range(99)}
    tokenizer: dict[str, Any] = {"version": "1.0", "added_tokens": [], "normalizer": None, "decoder": None, "post_processor": None,
                 "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "w4"}}  # fmt: skip
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    model = nnspec.load(tmp_path)
    (found,) = model.predict(texts=["w7 w8 w92"])
    given = {"tokens": np.array([[7, 8, 92]]), "target": np.array([[5, 7, 8]])}
    (wanted,) = model.predict(inputs=given)
    assert found.answers["logits"].found == wanted.answers["logits"].found


@pytest.mark.parametrize(
    ("kind", "meant"),
    [("gpt3", "gpt2"), ("chatgpt", "gpt2"), ("llama3", "llama"), ("lama", "llama"), ("mistal", "mistral"),
     ("bert-base-uncased", "bert"), ("gpt2-medium", "gpt2"), ("flan-t5", "t5"), ("phi4", "phi3"), ("Qwen2", "qwen2"),
     ("xlm-roberta-base", "xlm-roberta"), ("bloom", None)],
)  # fmt: skip
def test_a_type_that_is_not_known_has_a_near_name_and_a_way_out(kind: str, meant: str | None) -> None:
    with pytest.raises(SpecError, match="E0902") as refused:
        spec_of({"model_type": kind})
    (found,) = refused.value.diagnostics
    assert found.help is not None and "nnspec import" in found.help
    assert (f"did you mean {meant}?" in found.help) == (meant is not None)
    assert ("known are bert" in " ".join(found.notes)) == (meant is None)


def test_a_window_of_nothing_and_one_that_no_layer_has_are_told_apart() -> None:
    for kind in ("mistral", "mixtral", "phi3", "gemma2"):
        with pytest.raises(SpecError, match=r"E0903(.*\n)*.*null is no window"):
            spec_of({"model_type": kind, "sliding_window": 0})
    for kind in ("llama", "gemma", "qwen2", "qwen3_moe"):  # whose classes do not use it, or only where they are told
        assert "window = none" in spec_of({"model_type": kind, "sliding_window": 0})
    assert "window = none" in spec_of({"model_type": "mistral", "sliding_window": None})
    mixed = {"num_hidden_layers": 2, "layer_types": ["full_attention", "sliding_attention"]}
    assert "near" in spec_of({"model_type": "qwen2", "use_sliding_window": True, **mixed})
    with pytest.raises(SpecError, match="layer_types asks for layers that differ"):
        spec_of({"model_type": "mistral", **mixed})


def test_gemma_3_with_pictures_is_its_language_model_and_its_weights_fit(tmp_path: Path) -> None:
    inner = {**SMALL["gemma3_text"], "num_hidden_layers": 1}
    options = {"model_type": "gemma3", "text_config": inner, "vision_config": {"model_type": "siglip_vision_model"},
               "architectures": ["Gemma3ForConditionalGeneration"]}  # fmt: skip
    model = folder_of(options, tmp_path)
    assert model.name == "Gemma3ForCausalLM" and model.notes == (
        "it is the language model alone, without what sees pictures",
    )
    state = {key: tensor.clone() for key, tensor in model.to_torch().state_dict().items() if key != "lm_head.weight"}
    seen = {"vision_tower.embeddings.weight": torch.zeros(3), "multi_modal_projector.weight": torch.zeros(2)}
    for text, others in (
        ("language_model.model", seen),
        ("model.language_model", {f"model.{key}": seen[key] for key in seen}),
    ):
        save_file({key.replace("model", text, 1): tensor for key, tensor in state.items()} | others,
                  tmp_path / "model.safetensors")  # fmt: skip
        result = CliRunner().invoke(main, ["weights", "check", str(tmp_path)])
        assert "it can be loaded into Gemma3ForCausalLM" in result.stdout, result.output


@pytest.mark.parametrize(
    ("case", "option"),
    [("bert", "attention_probs_dropout_prob"), ("albert", "attention_probs_dropout_prob"),
     ("electra", "attention_probs_dropout_prob"), ("distilbert", "attention_dropout"), ("gpt2", "attn_pdrop"),
     ("llama", "attention_dropout"), ("phi3", "attention_dropout"), ("olmo2", "attention_dropout"),
     ("gpt_neox", "attention_dropout"), ("whisper", "attention_dropout"), ("whisper", "activation_dropout")],
)  # fmt: skip
def test_dropout_of_attention_may_differ_from_that_of_the_rest(case: str, option: str) -> None:
    one = nnspec.loads(spec_of({**SMALL[case], option: 0.375}))
    assert "0.375" in one.torch_source() and "0.375" not in nnspec.loads(spec_of(SMALL[case])).torch_source()


def test_options_have_the_further_names_that_transformers_takes() -> None:
    named = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "max_position_embeddings": 20}
    assert "wte: Embedding(50257, 32" in spec_of({"model_type": "gpt2", **named})
    assert "layers = 3, width = 32, heads = 4" in spec_of({"model_type": "distilbert", **named})
    both = {"model_type": "gpt2", "n_embd": 32, "n_head": 4}
    assert spec_of({**both, "hidden_size": 32}) == spec_of(both)
    with pytest.raises(SpecError, match="hidden_size is 64, and n_embd, which is the same, 32"):
        spec_of({**both, "hidden_size": 64})


def test_the_number_of_labels_goes_before_their_names() -> None:
    options = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}
    names = {"id2label": {str(number): f"name {number}" for number in range(3)}}
    for more, count in (({}, 2), (names, 3), ({"num_labels": 5}, 5), ({**names, "num_labels": 5}, 5)):
        assert f"classes = {count}" in spec_of({**options, **more})


def test_what_lies_in_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    model = folder_of({"model_type": "gpt2", "n_embd": 8, "n_head": 1, "n_layer": 1, "vocab_size": 9}, tmp_path)
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(SpecError, match=r"it has vocab\.json, of which transformers makes"):
        model.sample(prompt="A")
    (tmp_path / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n")
    with pytest.raises(SpecError, match="a pointer of Git LFS"):
        model.to_torch()
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(SpecError, match="E0598"):
        nnspec.load(tmp_path)


@pytest.mark.parametrize("name", ["someone/gpt-2.5", "https://huggingface.co/someone/gpt-2.5", "HF://someone/gpt-2.5"])
def test_the_name_of_a_model_on_the_hub_is_told_as_an_address(name: str) -> None:
    with pytest.raises(SpecError, match=r"a model of the Hub is named hf://someone/gpt-2\.5"):
        nnspec.load(name)
    with pytest.raises(SpecError, match=r"check the path\s*\Z"):
        nnspec.load("someone/gpt.nn")
