"""Folders as the Hub has them: each is a model by itself, and writes and says what transformers makes of it.

The folders and `expected.json` were written by tests/hub/make.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file, save_file

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.infer.language import Language
from nnspec.infer.predictions import Prediction
from nnspec.kinds import kind_of
from nnspec.sample.rules import ruled
from tests.hub_server import serving

pytest.importorskip("tokenizers", reason="tokenizers are read with the extra hub")

HERE = Path(__file__).parent / "hub"
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text())
PROMPTS: list[str] = EXPECTED["prompts"]
WRITERS = ["gpt2", "qwen2", "t5", "bart"]
ENCODERS = ("t5", "bart")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def prompted(name: str, prompt: str) -> tuple[str, ...]:
    return ("--source" if name in ENCODERS else "--prompt", prompt)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that may be changed."""
    shutil.copytree(HERE / "gpt2", tmp_path / "gpt2")
    return tmp_path / "gpt2"


# --- the same tokens as transformers


@pytest.mark.parametrize("name", WRITERS)
def test_the_likeliest_tokens_are_those_of_transformers(name: str) -> None:
    for prompt, tokens in zip(PROMPTS, EXPECTED[name], strict=True):
        arguments = ["--length", 24, "--temperature", 0, "--json"]
        result = run("sample", HERE / name, *prompted(name, prompt), *arguments)
        (text,) = json.loads(result.stdout)
        assert text["tokens"] == tokens
        assert text["ended"] or len(tokens) == 24


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("onnx", [False, True], ids=["PyTorch", "onnxruntime"])
def test_prompts_of_several_lengths_are_written_side_by_side_as_each_alone(name: str, onnx: bool) -> None:
    model = nnspec.load(HERE / name)
    given: dict[str, Any] = {"source": PROMPTS} if name in ENCODERS else {"prompt": PROMPTS}
    texts = model.sample(**given, length=24, temperature=0, onnx=onnx)
    assert [list(text.tokens) for text in texts] == EXPECTED[name]
    assert all(text.startswith("" if name in ENCODERS else prompt) for text, prompt in zip(texts, PROMPTS, strict=True))


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_is_exported_for_decoding_by_one_command_and_its_file_writes_the_same(
    name: str, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    result = run("export", HERE / name, "--cache", "--onnx", file, "--no-verify")
    assert result.exit_code == 0, result.output
    result = run("sample", file, *prompted(name, PROMPTS[1]), "--length", 24, "--temperature", 0, "--json")
    assert json.loads(result.stdout)[0]["tokens"] == EXPECTED[name][1]


def test_a_conversation_is_written_by_the_template_of_the_model(tmp_path: Path) -> None:
    asked = EXPECTED["conversation"]
    arguments = ("--length", 24, "--temperature", 0, "--json")
    result = run("sample", HERE / "qwen2", "--chat", "--system", "Be short.", "--prompt", "Is it good?", *arguments)
    (text,) = json.loads(result.stdout)
    assert text["tokens"] == asked["tokens"] and not text["text"].startswith("<|im_start|>")
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Is it good?"}]
    (tmp_path / "said.json").write_text(json.dumps(messages))
    result = run("sample", HERE / "qwen2", "--messages", tmp_path / "said.json", *arguments)
    assert json.loads(result.stdout) == [text]
    answer = nnspec.load(HERE / "qwen2").sample(messages=messages, length=24, temperature=0)
    assert [(str(each), list(each.tokens)) for each in answer] == [(text["text"], text["tokens"])]


def shares(predictions: list[Prediction]) -> list[dict[str, float]]:
    """The probabilities of each text by the names of the classes."""
    return [{each.name: each.value for each in one.answers["logits"].found} for one in predictions]


@pytest.mark.parametrize("settings", [{}, {"masked": True, "segments": True}], ids=["by length", "with a mask"])
def test_texts_of_several_lengths_are_classified_as_transformers_does(settings: dict[str, Any]) -> None:
    found = shares(nnspec.load(HERE / "bert", settings=settings).predict(texts=PROMPTS))
    assert [pytest.approx(each, abs=1e-5) for each in EXPECTED["bert"]] == found


def test_a_classifier_predicts_and_exports_by_one_command_each(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(PROMPTS))
    result = run("predict", HERE / "bert", "--input", tmp_path / "texts.txt", "--json")
    likeliest = [max(each, key=lambda name: each[name]) for each in EXPECTED["bert"]]
    assert [each["logits"]["class"] for each in json.loads(result.stdout)["predictions"]] == likeliest
    assert run("export", HERE / "bert", "--onnx", tmp_path / "m.onnx", "--no-verify").exit_code == 0
    found = shares(nnspec.predict(tmp_path / "m.onnx", texts=PROMPTS))
    assert [pytest.approx(each, abs=1e-5) for each in EXPECTED["bert"]] == found


# --- what is stored with the model


def test_tokens_are_chosen_as_the_folder_says_and_it_is_said() -> None:
    greedy = run("sample", HERE / "gpt2", "--prompt", "A", "--length", 5)
    assert "the likeliest token is taken each time, as is stored with the model" in greedy.stderr
    drawn = run("sample", HERE / "qwen2", "--prompt", "A", "--length", 5)
    assert "drawn at temperature 0.7, top_k 20, top_p 0.8, as is stored with the model" in drawn.stderr
    asked = run("sample", HERE / "qwen2", "--prompt", "A", "--length", 5, "--temperature", 0)
    assert "note" not in asked.stderr


def test_the_length_and_what_is_not_followed_come_from_the_folder(folder: Path) -> None:
    stored = {"eos_token_id": 0, "max_new_tokens": 3, "num_beams": 4, "length_penalty": 2.0}
    (folder / "generation_config.json").write_text(json.dumps(stored))
    result = run("sample", folder, "--prompt", "A", "--json")
    assert len(json.loads(result.stdout)[0]["tokens"]) == 3
    assert "stored with the model and not followed: num_beams = 4" in result.stderr
    (folder / "generation_config.json").write_text('{"eos_token_id": 0, "max_length": 7}')
    result = run("sample", folder, "--prompt", "A", "--json")
    assert len(json.loads(result.stdout)[0]["tokens"]) == 6


def test_scores_are_ruled_as_stored() -> None:
    scores = torch.tensor([1.0, -2.0, 3.0, 0.5, 0.0]).numpy()
    rules = Language(repetition_penalty=2.0, suppressed=(4,), end=(0,), least_new=2)
    assert ruled(scores, rules, [2, 1], 1, 9).tolist() == [-torch.inf, -4.0, 1.5, 0.5, -torch.inf]
    rules = Language(no_repeat_ngram=2, forced_last=(3,), suppressed_first=(0,))
    assert ruled(scores, rules, [2, 1, 2], 1, 9).tolist() == [1.0, -torch.inf, 3.0, 0.5, 0.0]
    assert ruled(scores, rules, [2], 0, 9).tolist()[0] == -torch.inf
    assert ruled(scores, rules, [2, 0], 1, 2).argmax() == 3
    assert ruled(scores, Language(forced_first=1), [0], 0, 9).argmax() == 1


def test_a_token_before_each_text_is_added_where_the_configuration_asks_for_it(folder: Path) -> None:
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "add_bos_token": True}))
    model = nnspec.load(folder)
    (alone,) = model.sample(prompt="A", length=4, temperature=0)
    (written,) = nnspec.load(HERE / "gpt2").sample(prompt="<|endoftext|>A", length=4, temperature=0)
    assert alone.tokens == written.tokens


def test_older_folders_have_their_special_tokens_and_template_elsewhere(tmp_path: Path) -> None:
    shutil.copytree(HERE / "qwen2", tmp_path / "old")
    template = (tmp_path / "old" / "chat_template.jinja").read_text()
    (tmp_path / "old" / "chat_template.jinja").unlink()
    config = {"chat_template": [{"name": "default", "template": template}, {"name": "tool_use", "template": "no"}]}
    (tmp_path / "old" / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "old" / "special_tokens_map.json").write_text('{"eos_token": {"content": "<|im_end|>"}}')
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Is it good?"}]
    (answer,) = nnspec.load(tmp_path / "old").sample(messages=messages, length=24, temperature=0)
    assert list(answer.tokens) == EXPECTED["conversation"]["tokens"]


# --- a folder is a model wherever a model is taken


def test_the_kinds_of_paths(tmp_path: Path) -> None:
    assert [kind_of(path) for path in (HERE / "gpt2", "hf://a/b", "m.onnx", "resnet50", "m.nn", tmp_path)] == [
        "hub", "hub", "onnx", "spec", "spec", "run",
    ]  # fmt: skip


def test_the_commands_take_a_folder_for_a_model(tmp_path: Path) -> None:
    model = HERE / "gpt2"
    assert "GPT2LMHeadModel" in run("summary", model).stdout
    assert run("check", model).stdout == f"{model}: GPT2LMHeadModel is sound\n"
    assert "<svg" in run("draw", model).stdout
    assert 'from "zoo/gpt2.nn"' in run("show", model).stdout
    assert run("import", model).stdout == run("show", model).stdout
    assert "it can be loaded into GPT2LMHeadModel" in run("weights", "check", model).stdout
    assert "class" in run("export", model, "--torch", tmp_path / "m.py").stdout
    file = tmp_path / "m.onnx"
    assert "equals PyTorch" in run("export", model, "--onnx", file).stdout
    assert run("verify", model, file, "--trials", 1).exit_code == 0
    assert run("diff", model, model).exit_code == 0


def test_in_python_a_folder_is_a_model_with_its_weights(tmp_path: Path) -> None:
    model = nnspec.load(HERE / "t5")
    assert model.weights == HERE / "t5"
    assert torch.equal(
        *(each.state_dict()["shared.weight"] for each in (model.to_torch(), model.to_torch(HERE / "t5")))
    )
    spec = nnspec.loads(model.text)
    assert spec.weights is None and not torch.equal(spec.to_torch().state_dict()["shared.weight"],
                                                    model.to_torch().state_dict()["shared.weight"])  # fmt: skip
    with pytest.raises(nnspec.SpecError, match="no weights of its own"):
        spec.sample(prompt="A")


def test_the_weights_of_a_folder_go_with_a_spec_and_a_tokenizer_with_weights(folder: Path) -> None:
    (folder / "m.nn").write_text(run("show", folder).stdout)
    asked = ("--prompt", "A", "--length", 24, "--json", "--temperature", 0)
    result = run("sample", folder / "m.nn", "--weights", folder, *asked)
    assert json.loads(result.stdout)[0]["tokens"] == EXPECTED["gpt2"][1]
    weights = ("--weights", folder / "model.safetensors")
    assert "E1004" in run("sample", folder / "m.nn", *weights, *asked).stderr
    for tokenizer in (folder, folder / "tokenizer.json"):
        result = run("sample", folder / "m.nn", *weights, "--tokenizer", tokenizer, *asked)
        tokens = json.loads(result.stdout)[0]["tokens"]
        assert tokens[:8] == EXPECTED["gpt2"][1][:8]
    run("export", folder / "m.nn", "--cache", "--onnx", folder / "m.onnx", *weights, "--no-verify")
    result = run("sample", folder / "m.onnx", "--tokenizer", folder, *asked)
    assert json.loads(result.stdout)[0]["tokens"] == tokens


def test_check_finds_what_is_wrong_in_a_folder(folder: Path) -> None:
    (folder / "generation_config.json").write_text('{"eos_token_id": "end"}')
    assert "E0580" in run("check", folder).stderr
    (folder / "generation_config.json").write_text("{}")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "n_layer": 3}))
    assert "E0708" in run("check", folder).stderr
    (folder / "model.safetensors").unlink()
    assert run("check", folder).exit_code == 0  # a configuration alone is a network
    result = run("export", folder, "--onnx", folder / "m.onnx")
    assert result.exit_code == 1 and "E0581" in result.stderr


def test_a_pickle_in_a_folder_is_never_more_than_tensors(folder: Path) -> None:
    tensors = {key: tensor.clone() for key, tensor in nnspec.load(folder).to_torch().state_dict().items()}
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    assert (
        json.loads(run("sample", folder, "--prompt", "A", "--length", 24, "--json").stdout)[0]["tokens"]
        == (EXPECTED["gpt2"][1])
    )
    torch.save({**tensors, "extra": Path("code")}, folder / "pytorch_model.bin")
    assert "E0707" in run("sample", folder, "--prompt", "A").stderr


def classifier(folder: Path, kind: str, **config: Any) -> nnspec.Model:
    """A small network of a configuration, with weights that are drawn."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": kind, **config}))
    model = nnspec.load(folder)
    drawn = nnspec.loads(model.text).to_torch().state_dict()
    save_file({key: tensor.clone() for key, tensor in drawn.items()}, folder / "model.safetensors")
    return model


def test_pictures_are_normalised_as_the_folder_says(tmp_path: Path) -> None:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    names = {"id2label": {"1": "dog", "0": "cat"}, "architectures": ["ViTForImageClassification"]}
    model = classifier(tmp_path / "vit", "vit", **sizes, **names, image_size=32, patch_size=16)
    means = {"do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.25, 0.125]}
    picture = np.random.default_rng(0).random((1, 3, 32, 32), np.float32)
    plain = model.to_torch()
    (tmp_path / "vit" / "preprocessor_config.json").write_text(json.dumps(means))
    mean, std = (torch.tensor(means[key]).view(1, 3, 1, 1) for key in ("image_mean", "image_std"))
    with torch.no_grad():
        wanted = plain.eval()((torch.from_numpy(picture) - mean) / std).softmax(-1)[0].tolist()
    (found,) = model.predict(inputs={"image": picture})
    values = {each.name: each.value for each in found.answers["logits"].found}
    assert values == {"cat": pytest.approx(wanted[0], abs=1e-5), "dog": pytest.approx(wanted[1], abs=1e-5)}


@pytest.mark.parametrize(
    ("problem", "labels", "kind"),
    [("multi_label_classification", 3, "labels"), ("regression", 1, "numbers"), (None, 1, "numbers")],
)
def test_scores_are_what_the_configuration_says(problem: str | None, labels: int, kind: str, tmp_path: Path) -> None:
    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "intermediate_size": 8,
        "vocab_size": 9,
    }
    names = {"id2label": {str(number): f"name {number}" for number in range(labels)}, "problem_type": problem}
    model = classifier(tmp_path / "m", "bert", **sizes, **names, architectures=["BertForSequenceClassification"])
    (found,) = model.predict(inputs={"tokens": np.array([[1, 2, 3]])})
    assert found.answers["logits"].kind == kind and len(found.answers["logits"].found) == labels


@pytest.mark.slow
def test_a_folder_is_trained_on_from_its_weights_and_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    np.savez("a.npz", tokens=random.integers(5, 107, (32, 6)), label=random.integers(0, 3, 32))
    model = nnspec.load(HERE / "bert")
    first = model.evaluate(data="a.npz")
    trained = model.train("a.npz", epochs=1, quiet=True, optimizer="SGD(lr = 1e-9)", validation=0.5)
    kept = load_file(trained.best_weights)
    torch.testing.assert_close(kept["classifier.weight"], model.to_torch().state_dict()["classifier.weight"])
    assert run("evaluate", HERE / "bert", "--data", "a.npz").exit_code == 0 and first.samples == 32


# --- templates of strangers


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ raise_exception('no system') }}",
        "{% include '/etc/passwd' %}",
        "{% for a in range(3000) %}{% for b in range(3000) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(x = 'aaaaaaaa') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x = 'aaaaaaaa') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x = 'aaaaaaaa') %}{% for a in range(60) %}{% set y %}{{ n.x }}{{ n.x }}{% endset %}"
        "{% set n.x = y %}{% endfor %}",
        "{{ 'a' * 10000000000 }}",
        "{{ 'aaaaaaaaaaaaaaaaaaaaa'.replace('a', 'b' * 4000000) }}",
        "{{ 9 ** 9999999 }}",
        "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{% for",
    ],
)
def test_a_template_that_does_what_it_must_not_is_refused(template: str) -> None:
    pytest.importorskip("jinja2", reason="templates are rendered with the extra hub")
    from nnspec.hub.template import rendered

    with pytest.raises(SpecError, match="E0583"):
        rendered(Language(template=template), [{"role": "user", "content": "Hi"}], "m")


def test_templates_have_what_those_of_the_hub_use() -> None:
    pytest.importorskip("jinja2", reason="templates are rendered with the extra hub")
    from nnspec.hub.template import rendered

    template = (
        "{{ bos_token }}{% set ns = namespace(n = 0) %}{% for m in messages %}{% if loop.index0 > 1 %}{% break %}{% endif %}"
        "{% set ns.n = ns.n + 1 %}{{ m['role'] ~ ': ' + m.content | trim }}{{ m.content.split(' ')[-1].upper() }};"
        "{% endfor %}{{ ns.n }} {{ messages | map(attribute = 'role') | join(', ') }} {{ {'a': '<'} | tojson }}"
        "{% if tools is not none %}no{% endif %}{% generation %}g{% endgeneration %}{{ 'x' if add_generation_prompt }}"
    )
    language = Language(template=template, names={"bos_token": "<s>"})
    messages = [{"role": "user", "content": " a b"}, {"role": "assistant", "content": "c"}]
    assert rendered(language, messages, "m") == '<s>user: a bB;assistant: cC;2 user, assistant {"a": "<"}gx'


# --- addresses


def at(address: str, home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command of a process that knows the Hub at an address, and has a cache of its own."""
    pytest.importorskip("huggingface_hub", reason="addresses are fetched with the extra hub")
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(home), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-m", "nnspec", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_an_address_is_fetched_without_code_or_pickles_and_used_again_without_a_network(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("modeling_gpt2.py", "pytorch_model.bin", "training_args.bin"):
        (folder / name).write_text("raise SystemExit")
    asked = ("weights", "check", "hf://someone/gpt@main")
    with serving("someone/gpt", folder) as hub:
        result = at(hub.address, tmp_path / "home", *asked)
    assert "it can be loaded into GPT2LMHeadModel" in result.stdout, result.stderr
    assert any(path.endswith("model.safetensors") for path in hub.asked)
    assert not any(path.endswith((".py", ".bin")) for path in hub.asked)
    again = at(hub.address, tmp_path / "home", *asked)  # nobody answers there any more
    assert again.stdout == result.stdout, again.stderr


@pytest.mark.slow
def test_a_summary_fetches_the_configuration_only_and_what_is_not_there_is_told(folder: Path, tmp_path: Path) -> None:
    with serving("someone/gpt", folder) as hub:
        result = at(hub.address, tmp_path / "home", "summary", "hf://someone/gpt")
        assert result.stdout.startswith("GPT2LMHeadModel"), result.stderr
        assert not any(path.endswith(("model.safetensors", "tokenizer.json")) for path in hub.asked)
        assert "there is no such model" in at(hub.address, tmp_path / "home", "summary", "hf://someone/other").stderr
        assert "no such branch" in at(hub.address, tmp_path / "home", "summary", "hf://someone/gpt@old").stderr
        asked = ("sample", "hf://someone/gpt", "--prompt", "A", "--length", 24, "--json")
        assert json.loads(at(hub.address, tmp_path / "home", *asked).stdout)[0]["tokens"] == EXPECTED["gpt2"][1]
