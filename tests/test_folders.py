"""Folders of families and heads through the commands of a user; beside transformers where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file

import nnspec
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
