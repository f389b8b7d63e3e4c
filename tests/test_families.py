"""Configurations of transformers' families against what transformers made of them, as `tests/families.py` recorded it.

The weights are made of their published keys by a formula; a record has the number of keys and parameters, and outputs.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.huggingface.known import KNOWN
from nnspec.ir.state import state_dict, totals
from tests.families import RECORD, run, spec
from tests.family_cases import PUBLISHED, SMALL, example, filled

RECORDED = json.loads(RECORD.read_text())
# One class of each family, each class of one.
QUICK = {
    next(name for name in RECORDED if SMALL[name.split("/")[0]]["model_type"] == kind): None
    for kind in KNOWN
    if kind not in ("mt5", "gemma3")  # those of others, in other files
} | {name: None for name in RECORDED if name.split("/")[0] in ("llama", "roberta")}


def same(name: str, folder: Path) -> None:
    case, architecture = name.split("/")
    model = spec(SMALL[case], folder, architecture)
    entries = list(state_dict(model.program))
    assert len(entries) == RECORDED[name]["keys"]
    assert totals(model.program)[model.program.entry].parameters == RECORDED[name]["parameters"]
    given = example(model, SMALL[case].get("pad_token_id"))
    found = run(model, filled(model), given)
    for key, numbers in RECORDED[name]["outputs"].items():
        ours = found[key]
        if "mask" in given and ours.shape[:2] == given["mask"].shape:
            ours = ours[given["mask"].bool()]
        picked = ours.flatten()[:: max(1, ours.numel() // 3)][:4]
        torch.testing.assert_close(picked, torch.tensor(numbers, dtype=torch.float64), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", QUICK)
def test_a_family_gives_the_numbers_of_transformers(name: str, tmp_path: Path) -> None:
    same(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RECORDED if name not in QUICK])
def test_every_class_gives_the_numbers_of_transformers(name: str, tmp_path: Path) -> None:
    same(name, tmp_path)


@pytest.mark.parametrize("name", ["Llama-3.1-8B", "gemma-2-9b", "ModernBERT-base", "flan-t5-base", "whisper-large-v3"])
def test_a_published_configuration_has_its_published_count(name: str, tmp_path: Path) -> None:
    configuration, architecture = PUBLISHED[name]
    model = spec(configuration, tmp_path, architecture)
    counts = {"Llama-3.1-8B": 8_030_261_248, "gemma-2-9b": 9_241_705_984, "ModernBERT-base": 149_655_232,
              "flan-t5-base": 247_577_856, "whisper-large-v3": 1_543_490_560}  # fmt: skip
    assert totals(model.program)[model.program.entry].parameters == counts[name]


def test_what_is_written_is_in_the_canonical_form(tmp_path: Path) -> None:
    for name in ("deepseek_v3", "gemma3_text", "swin", "bart", "bert"):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(SMALL[name]))
        text = CliRunner().invoke(main, ["import", str(path)], catch_exceptions=False).stdout
        assert nnspec.format(text) == text
        assert all(len(line) <= 120 for line in text.splitlines())


def test_published_files_with_other_keys_are_read(tmp_path: Path) -> None:
    from nnspec.weights.renames import own_key, rules

    model = spec(SMALL["gpt2"], tmp_path, "GPT2LMHeadModel")
    own = {entry.key for entry in state_dict(model.program)}
    for theirs, ours in (("h.0.attn.bias", ""), ("wte.weight", "transformer.wte.weight"),
                         ("transformer.h.1.ln_1.weight", "transformer.h.1.ln_1.weight")):  # fmt: skip
        assert own_key(theirs, rules(model.program), own) == ours


def test_an_ignored_option_and_a_head_of_choice(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**SMALL["llama"], "wings": 2, "quantization_config": {"bits": 4}}))
    refused = CliRunner().invoke(main, ["import", str(path)])
    assert refused.exit_code == 1 and refused.output.count("error[E0570]") == 2
    assert "is of quantised weights" in refused.output and "--ignore quantization_config" in refused.output
    taken = CliRunner().invoke(main, ["import", str(path), "--ignore", "wings", "--ignore", "quantization_config",
                                      "--head", "question-answering"])  # fmt: skip
    assert taken.exit_code == 0 and "model LlamaForQuestionAnswering {" in taken.stdout


COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers")


@pytest.mark.parametrize("kind", ["gpt2", "llama", "opt", "vit", "bert", "t5", "bart", "gpt_neox", "falcon", "mamba"])
def test_the_only_layer_has_a_number_in_its_keys_as_the_first_of_two(kind: str) -> None:
    usual = next(each for each in SMALL.values() if each["model_type"] == kind)
    one, two = (
        {entry.key for entry in state_dict(nnspec.from_config({**usual, **dict.fromkeys(fields, count)}).program)}
        for count in (1, 2)
        for fields in [[each for each in COUNTS if each in usual]]
    )
    assert one < two


@pytest.mark.parametrize("kind", ["qwen2", "qwen2_moe", "qwen3", "qwen3_moe"])
def test_a_window_of_zero_is_none_where_no_windows_are_used(kind: str) -> None:
    usual = next(each for each in SMALL.values() if each["model_type"] == kind)
    assert nnspec.from_config({**usual, "sliding_window": 0, "use_sliding_window": False})
    with pytest.raises(SpecError, match="so that a token sees nothing"):
        layers = ["sliding_attention"] * usual["num_hidden_layers"]
        nnspec.from_config({**usual, "sliding_window": 0, "use_sliding_window": True, "layer_types": layers})
