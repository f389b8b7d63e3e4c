"""Weights as they are published: read without a rename, or through the `rename` lines of a spec; what does not fit is told."""

from __future__ import annotations

import json
import math
import pickle
import re
import shlex
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from reference.recipe import value
from reference.records import record
from safetensors.torch import load_file, save_file

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.weights.renames import captured, own_key
from nnspec.weights.source import WeightSource

NET = """
model Net(width = 4) {
  rename "net.*" -> "*"
  rename "*.gamma" -> "*.weight"
  rename "*.position_ids" -> ""
  input x: float[N, 3]
  first: Linear(width) -> ReLU
  last: Linear(2)
}
"""
State = dict[str, torch.Tensor]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["weights", *map(str, arguments)], catch_exceptions=False)


def by_recipe(keys: Iterable[tuple[str, list[int], str]]) -> State:
    """A state_dict with the numbers that tests/reference/recipe.py gives for these keys and shapes."""
    return {
        key: value(key, shape, stream).float() if dtype == "float32" else torch.zeros(shape, dtype=torch.int64)
        for stream, (key, shape, dtype) in enumerate(keys)
    }


def published(name: str) -> list[tuple[str, list[int], str]]:
    """The keys, shapes and element types of a record; a tied key is in the file once."""
    found = record(name)
    entries = [(entry[0], entry[1], entry[2] if len(entry) > 2 else "float32") for entry in found["state_dict"]]
    return [entry for entry in entries if entry[0] not in found["tied"]]


def of_model(model: nnspec.Model) -> list[tuple[str, list[int], str]]:
    """The keys of a model that is too small for a record."""
    state = model.to_torch().state_dict()
    return [(key, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for key, tensor in state.items()]


def outline(path: Path, keys: Iterable[tuple[str, list[int], str]]) -> None:
    """A safetensors file of zeros in its full size that takes no room on the disk: its end is a hole."""
    header, end = {}, 0
    for key, shape, dtype in keys:
        size = math.prod(shape) * (4 if dtype == "float32" else 8)
        kind = "F32" if dtype == "float32" else "I64"
        header[key] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)


def filled(model: nnspec.Model, state: State) -> State:
    """What a module holds after loading by torch itself, strictly but for keys that are tied."""
    module = model.to_torch()
    missing, unexpected = module.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}
    return module.state_dict()


def assert_loads(model: nnspec.Model, path: WeightSource, expected: State) -> None:
    found = model.to_torch(path).state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def refused(model: nnspec.Model, path: WeightSource) -> str:
    with pytest.raises(SpecError) as caught:
        model.to_torch(path)
    assert caught.value.diagnostics[0].code in ("E0707", "E0708")
    return str(caught.value)


@pytest.fixture
def model() -> nnspec.Model:
    return nnspec.loads(NET)


@pytest.fixture
def state(model: nnspec.Model) -> State:
    return by_recipe(of_model(model))


# --- published files


@pytest.mark.parametrize("name", ["resnet18", "gpt2", "bert_base", "vit_b_16"])
def test_every_key_of_a_published_file_fits_without_a_rename(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    keys = published(name)
    outline(path, keys)
    comparison = nnspec.load({"bert_base": "bert"}.get(name, name)).compare_weights(path)
    assert comparison.sound
    assert comparison.count("fits") == len(keys)
    assert not any(row.published for row in comparison.rows)


def test_resnet18_gets_the_numbers_of_a_published_file(tmp_path: Path) -> None:
    state = by_recipe(published("resnet18"))
    save_file(state, tmp_path / "resnet18.safetensors")
    model = nnspec.load("resnet18")
    assert_loads(model, tmp_path / "resnet18.safetensors", filled(model, state))


TINY = {
    "gpt2": {"layers": 2, "width": 8, "heads": 2, "vocab": 11, "context": 6},
    "bert": {"layers": 2, "width": 8, "heads": 2, "vocab": 11, "context": 6},
    "densenet": {"depths": [2, 1], "growth": 4, "H": 64, "W": 64},
}


def spelt_as_published(name: str, state: State) -> State:
    """The keys as the files of the first release have them, with what those hold beside the weights."""
    if name == "gpt2":
        state = {key.removeprefix("transformer."): tensor for key, tensor in state.items() if key != "lm_head.weight"}
        return {**state, "h.0.attn.bias": torch.ones(1, 1, 6, 6), "h.1.attn.masked_bias": torch.tensor(-1e4)}
    if name == "bert":
        spelling = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
        for ours, theirs in spelling.items():
            state = {key.replace(ours, theirs): tensor for key, tensor in state.items()}
        state = {f"bert.{key}": tensor for key, tensor in state.items()}
        return {**state, "bert.embeddings.position_ids": torch.arange(6)[None]}
    return {re.sub(r"(norm|conv)(\d)\.", r"\1.\2.", key) if "layer" in key else key: x for key, x in state.items()}


@pytest.mark.parametrize("name", list(TINY))
def test_old_spellings_are_read_through_the_rename_lines_of_the_spec(name: str, tmp_path: Path) -> None:
    model = nnspec.load(name, settings=TINY[name])
    state = by_recipe(of_model(model))
    if name == "gpt2":
        state["lm_head.weight"] = state["transformer.wte.weight"]
    old = spelt_as_published(name, state)
    assert set(old) - set(state)
    save_file(old, tmp_path / "old.safetensors")
    assert_loads(model, tmp_path / "old.safetensors", filled(model, state))


@pytest.mark.parametrize("name", ["bert", "bert_for_pretraining"])
def test_the_file_of_bert_base_uncased_is_read_with_its_heads_and_without(name: str, tmp_path: Path) -> None:
    spelling = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    keys = [("bert.embeddings.position_ids", [1, 512], "int64")]
    for key, shape, dtype in published("bert_base_pretraining"):
        for ours, theirs in spelling.items():
            key = key.replace(ours, theirs)
        keys.append((key, shape, dtype))
    outline(tmp_path / "model.safetensors", keys)
    comparison = nnspec.load(name).compare_weights(tmp_path / "model.safetensors")
    heads = sum(key.startswith("cls.") for key, _, _ in keys) if name == "bert" else 0
    assert comparison.sound
    assert comparison.count("passed over") == 1 + heads
    assert comparison.count("fits") == len(keys) - 1 - heads


# --- the rename lines


def test_a_star_stands_for_any_run_of_characters() -> None:
    assert captured("*.norm.*", "a.b.norm.1.weight") == ["a.b", "1.weight"]
    assert captured("a.*.b.*.c", "a.1.b.2.b.3.c") == ["1", "2.b.3"]
    assert captured("*", "") == [""]
    assert captured("abc*bcd", "abcd") is None
    assert captured("a.b", "a.b") == [] and captured("a.b", "a.bc") is None


def test_the_lines_are_applied_in_order_until_the_key_is_one_of_the_models() -> None:
    rules = (("net.*", "*"), ("*.gamma", "*.weight"), ("*.ids", ""))
    own = {"norm.weight", "net.kept"}
    assert own_key("net.norm.gamma", rules, own) == "norm.weight"
    assert own_key("net.kept", rules, own) == "net.kept"
    assert own_key("net.a.ids", rules, own) == ""
    assert own_key("net.b.gamma", rules, own) is None


def test_a_model_inside_another_renames_below_its_label(state: State, tmp_path: Path) -> None:
    outer = nnspec.loads(NET + "\nmodel Outer { input x: float[N, 3]; body: Net; head: Linear(5) }", "Outer")
    state = by_recipe(of_model(outer))
    old = {key.replace("body.", "body.net.").replace("first.weight", "first.gamma"): x for key, x in state.items()}
    save_file(old, tmp_path / "old.safetensors")
    assert_loads(outer, tmp_path / "old.safetensors", state)


def test_the_onnx_export_reads_through_the_rename_lines(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    save_file({f"net.{key}": x for key, x in state.items()}, tmp_path / "old.safetensors")
    save_file(state, tmp_path / "own.safetensors")
    old, own = (model.to_onnx(tmp_path / f"{name}.safetensors") for name in ("old", "own"))
    assert old.graph.initializer == own.graph.initializer


def test_renames_survive_the_json_form(model: nnspec.Model) -> None:
    again = nnspec.from_json(model.to_json())
    assert again.program == model.program
    assert again.program.main.renames[0] == ("net.*", "*")
    damaged = model.to_json().replace('["net.*","*"]', '["net.*","**"]')
    with pytest.raises(SpecError, match="differ in their"):
        nnspec.from_json(damaged)


def test_two_keys_of_a_file_that_mean_one_are_told(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    save_file({**state, "net.first.gamma": torch.zeros(4, 3)}, tmp_path / "w.safetensors")
    assert "twice: net.first.gamma; first.weight is first.weight already" in refused(model, tmp_path / "w.safetensors")


# --- files


def test_missing_unexpected_and_other_shapes_are_told_by_the_library(
    model: nnspec.Model, state: State, tmp_path: Path
) -> None:
    del state["last.bias"]
    state |= {"last.baas": torch.zeros(2), "first.bias": torch.zeros(5)}
    save_file(state, tmp_path / "w.safetensors")
    text = refused(model, tmp_path / "w.safetensors")
    assert "missing: last.bias [2]; the file has last.baas" in text
    assert "not in the model: last.baas [2]" in text
    assert "first.bias is [5] in the file, [4] in the model" in text
    assert "2 keys agree" in text


def test_an_index_of_shards_is_read(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    parts = {"1.safetensors": ["first.weight", "last.bias"], "2.safetensors": ["first.bias", "last.weight"]}
    for file, keys in parts.items():
        save_file({key: state[key] for key in keys}, tmp_path / file)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {key: file for file, keys in parts.items() for key in keys}}))
    assert_loads(model, index, state)
    (tmp_path / "2.safetensors").unlink()
    assert "there is no such file" in refused(model, index)


def test_a_torch_checkpoint_is_read(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    torch.save({"epoch": 1, "state_dict": state}, tmp_path / "w.pt")
    assert_loads(model, tmp_path / "w.pt", state)


class Code:
    """What a hostile checkpoint holds: reading it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_with_code_is_refused_and_does_not_run(model: nnspec.Model, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    (tmp_path / "w.pt").write_bytes(pickle.dumps({"first.weight": Code(trace)}, protocol=2))
    torch.save({"first.weight": Code(trace)}, tmp_path / "zip.pt")
    for name in ("w.pt", "zip.pt"):
        assert "E0707" in refused(model, tmp_path / name)
    assert not trace.exists()


def test_damaged_files_are_refused(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(state, path)
    whole = path.read_bytes()
    for content in (b"", whole[:20], whole[:-4], b"\xff" * 64):
        path.write_bytes(content)
        assert "cannot read the weights" in refused(model, path)


def test_weights_are_copied_into_a_module_of_another_precision(
    model: nnspec.Model, state: State, tmp_path: Path
) -> None:
    save_file(state, tmp_path / "w.safetensors")
    module = model.to_torch().double()
    model.load_weights(module, tmp_path / "w.safetensors")
    assert all(torch.equal(module.state_dict()[key], state[key].double()) for key in state)


# --- the command


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.nn").write_text(NET)
    return tmp_path


def test_check_is_short_where_everything_fits(spec: Path, state: State) -> None:
    save_file({f"net.{key}": tensor for key, tensor in state.items()}, "w.safetensors")
    result = run("check", "net.nn", "w.safetensors")
    assert (result.exit_code, result.stdout) == (0, "w.safetensors: 4 fit; it can be loaded into Net\n")
    assert run("check", "net.nn", "w.safetensors", "--all").stdout.splitlines() == [
        "key           verdict  model   file    note",
        "first.weight  fits     [4, 3]  [4, 3]  net.first.weight in the file",
        "first.bias    fits     [4]     [4]     net.first.bias in the file",
        "last.weight   fits     [2, 4]  [2, 4]  net.last.weight in the file",
        "last.bias     fits     [2]     [2]     net.last.bias in the file",
        "w.safetensors: 4 fit; it can be loaded into Net",
    ]


def test_check_lists_what_does_not_fit(spec: Path, state: State) -> None:
    del state["last.weight"]
    save_file({**state, "lst.weight": torch.zeros(2, 4), "a.position_ids": torch.zeros(1)}, "w.safetensors")
    result = run("check", "net.nn", "w.safetensors", "--set", "width=5")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "key           verdict     model   file    note",
        "first.weight  shape       [5, 3]  [4, 3]",
        "first.bias    shape       [5]     [4]",
        "last.weight   missing     [2, 5]          the file has lst.weight",
        "lst.weight    unexpected          [2, 4]",
        "w.safetensors: 2 of another shape, 1 missing, 1 fit, 1 passed over, 1 unexpected; it cannot be loaded into Net",
    ]
    found = json.loads(run("check", "net.nn", "w.safetensors", "--json").stdout)
    assert found["sound"] is False
    assert [row["verdict"] for row in found["keys"]] == ["fits", "fits", "missing", "fits", "passed over", "unexpected"]


def test_check_of_a_file_that_cannot_be_read_is_a_diagnostic(spec: Path) -> None:
    result = run("check", "net.nn", "none.safetensors")
    assert result.exit_code == 1 and "E0707" in result.stderr and result.stdout == ""


def test_convert_writes_the_models_own_keys(spec: Path, state: State) -> None:
    torch.save({f"net.{key}": tensor for key, tensor in state.items()}, "w.pt")
    assert run("convert", "net.nn", "w.pt", "own.safetensors").stdout == "own.safetensors: 4 tensors of Net\n"
    written = load_file("own.safetensors")
    assert set(written) == set(state) and all(torch.equal(written[key], state[key]) for key in state)
    assert run("convert", "net.nn", "w.pt", "own.pt").exit_code == 2


# --- prefixes of training


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.model.", "model._orig_mod.", "backbone."]
)
def test_keys_with_the_prefix_of_what_trained_them_are_read_and_it_is_said(prefix: str, tmp_path: Path) -> None:
    model = nnspec.loads(NET.replace('  rename "net.*" -> "*"\n', ""))
    state = by_recipe(of_model(model))
    torch.save({"state_dict": {prefix + key: x for key, x in state.items()}}, tmp_path / "a.ckpt")
    assert_loads(model, tmp_path / "a.ckpt", state)
    (tmp_path / "m.nn").write_text(NET)
    result = run("check", tmp_path / "m.nn", tmp_path / "a.ckpt")
    assert result.exit_code == 0
    notes = model.export_onnx(tmp_path / "m.onnx", tmp_path / "a.ckpt", verify=False).notes
    assert any("its keys are read without `" in note for note in notes)
    assert prefix == "net.model." or "its keys are read without `" in result.output


def test_averaged_weights_are_read_without_their_counter(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    averaged = torch.optim.swa_utils.AveragedModel(model.to_torch())
    averaged.module.load_state_dict(state)
    torch.save(averaged.state_dict(), tmp_path / "a.pt")
    assert_loads(model, tmp_path / "a.pt", state)


def test_other_keys_beside_a_prefix_are_refused_and_passed_over_under_partial(tmp_path: Path) -> None:
    model = nnspec.loads(NET)
    state = by_recipe(of_model(model))
    stored = {f"transformer.{key}": x for key, x in state.items()} | {"lm_head.weight": torch.zeros(2, 2)}
    save_file(stored, tmp_path / "a.safetensors")
    text = refused(model, tmp_path / "a.safetensors").replace("\n", " ")
    assert "not in the model: lm_head.weight" in text
    assert "--partial (in a recipe: partial = true) passes over" in text and 'rename "lm_head.*" -> ""' in text
    with pytest.warns(UserWarning, match="read without `transformer.`, .* 1 of its keys are not the model's"):
        assert_loads(model, nnspec.WeightChoice(tmp_path / "a.safetensors", partial=True), state)
    mended = NET.replace("  input", '  rename "lm_head.*" -> ""\n  input')
    assert_loads(nnspec.loads(mended), tmp_path / "a.safetensors", state)


def test_partial_asks_for_every_key_of_the_model(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    del state["last.bias"]
    with pytest.raises(SpecError, match=r"missing: last\.bias"):
        model.to_torch(nnspec.WeightChoice(state, partial=True))
    text = refused(model, state)
    assert 'drop = ["last"]' in text.replace("\n", " ") and 'rename "THEIRS" -> "OURS"' in text.replace("\n", " ")


HEADED = "model M {\n  input x: float[N, 3]\n  bert.first: Linear(4)\n  bert.last: Linear(2)\n}"


def test_a_prefix_that_the_model_has_and_the_file_has_not_is_added_and_it_is_said(tmp_path: Path) -> None:
    model = nnspec.loads(HEADED)
    state = by_recipe(of_model(model))
    base = {key.removeprefix("bert."): x for key, x in state.items()}
    save_file(base, tmp_path / "a.safetensors")
    with pytest.warns(UserWarning, match="read with `bert.` before them, which models of transformers with a head"):
        assert_loads(model, tmp_path / "a.safetensors", state)
    torch.save({"state_dict": {f"model._orig_mod.{key}": x for key, x in base.items()}}, tmp_path / "a.ckpt")
    with pytest.warns(UserWarning, match="with `bert.` in the place of `model.`"):
        assert_loads(model, tmp_path / "a.ckpt", state)


def test_of_two_networks_in_a_file_none_is_taken_in_silence(tmp_path: Path) -> None:
    model = nnspec.loads(HEADED)
    state = by_recipe(of_model(model))
    both = {f"{who}.{key}": x for who in ("teacher", "student") for key, x in state.items()}
    text = refused(model, both).replace("\n", " ")
    assert "its keys begin in several ways" in text
    assert 'rename "teacher.*" -> "*" or rename "student.*" -> "*"' in text
    one = HEADED.replace("  input", '  rename "student.*" -> "*"; rename "teacher.*" -> ""\n  input')
    assert nnspec.loads(one).compare_weights(both).sound


def test_of_several_state_dicts_in_a_file_the_one_that_is_taken_is_named(
    model: nnspec.Model, state: State, tmp_path: Path
) -> None:
    averaged = {key: x + 1 for key, x in state.items()}
    torch.save({"model": state, "ema": averaged, "optimizer": {"state": {}}, "epoch": 3}, tmp_path / "a.pt")
    found = model.compare_weights(tmp_path / "a.pt")
    assert found.note == "its tensors are those under model, and not those under ema"
    torch.save({"model": state, "epoch": 3}, tmp_path / "a.pt")
    assert model.compare_weights(tmp_path / "a.pt").note is None


def test_an_index_of_torch_files_is_read(model: nnspec.Model, state: State, tmp_path: Path) -> None:
    for number, keys in enumerate((["first.weight", "last.bias"], ["first.bias", "last.weight"])):
        torch.save({key: state[key] for key in keys}, tmp_path / f"{number}.bin")
    places = {"first.weight": "0.bin", "last.bias": "0.bin", "first.bias": "1.bin", "last.weight": "1.bin"}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}))
    assert_loads(model, tmp_path / "pytorch_model.bin.index.json", state)


FAMILY = """
model Net(width = 4, layers = 2, classes = 3) {
  input x: float[N, 5]
  body: Linear(width) -> h: layers x { Linear(width) -> ReLU } -> head: Linear(classes)
}
model Wide = Net(width = 6, layers = 3)
"""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 6, "layers": 3}, "--model Wide"),
        ({"classes": 7}, "--set classes=7"),
        ({"layers": 4, "width": 8}, "--set width=8 --set layers=4"),
        ({}, "--partial"),
        ({"classes": 7, "width": 4}, "--set classes=7"),
    ],
)
def test_check_prints_the_command_that_fits_and_it_does(
    settings: dict[str, int], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.nn").write_text(FAMILY)
    state = by_recipe(of_model(nnspec.load("net.nn", "Net", settings=settings)))
    if words == "--partial":
        state["other.weight"] = torch.zeros(1)
    save_file({f"module.{key}": x for key, x in state.items()}, "w.safetensors")
    result = run("check", "net.nn", "w.safetensors")
    assert result.exit_code == 1
    command = result.stdout.splitlines()[-1].removeprefix("it fits with: ")
    assert command == f"nnspec weights check net.nn w.safetensors {words}"
    again = CliRunner().invoke(main, shlex.split(command)[1:], catch_exceptions=False)
    assert again.exit_code == 0, again.output


def test_check_prints_no_command_where_none_fits(spec: Path, state: State) -> None:
    save_file({**state, "last.weight": torch.zeros(9)}, "w.safetensors")
    assert "it fits with" not in run("check", "net.nn", "w.safetensors").output


def test_the_commands_that_take_weights_say_how_they_read_them(spec: Path, state: State) -> None:
    save_file({**{f"module.{key}": x for key, x in state.items()}, "loss.weight": torch.zeros(1)}, "w.safetensors")
    np.save("x.npy", np.zeros((2, 3), np.float32))
    for words in ("predict net.nn --input x.npy", "export net.nn --onnx m.onnx --no-verify", "verify net.nn m.onnx"):
        arguments = [*words.split(), "--weights", "w.safetensors"]
        assert CliRunner().invoke(main, arguments).exit_code == 1
        result = CliRunner().invoke(main, [*arguments, "--partial"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert "its keys are read without `module.`" in result.output
        assert "1 of its keys are not the model's, and passed over: loss.weight" in result.output
    assert CliRunner().invoke(main, ["predict", "net.nn", "--input", "x.npy", "--partial"]).exit_code == 2


def test_a_prefix_of_the_models_own_stays(tmp_path: Path) -> None:
    model = nnspec.loads("model M {\n  input x: float[N, 3]\n  module.first: Linear(4)\n}")
    state = by_recipe(of_model(model))
    save_file(state, tmp_path / "a.safetensors")
    assert_loads(model, tmp_path / "a.safetensors", state)
    assert model.compare_weights(tmp_path / "a.safetensors").note is None


def test_a_part_starts_anew_beside_weights_with_a_prefix(tmp_path: Path) -> None:
    spec = """
    model C(classes = 10) {
      input image: float[N, 1, 8, 8]
      Flatten -> body: Linear(4) -> ReLU
      output logits = head: Linear(classes)
    }
    train { data = digits }
    """
    state = {f"module.{key}": x for key, x in by_recipe(of_model(nnspec.loads(spec, settings={"classes": 3}))).items()}
    save_file(state, tmp_path / "a.safetensors")
    (tmp_path / "m.nn").write_text(spec.replace("digits", 'digits\n      weights = "a.safetensors"\n      drop = head'))
    assert nnspec.load(tmp_path / "m.nn").train(runs=tmp_path, quiet=True, epochs=1).history


def test_a_recipe_passes_over_another_head_and_trains_its_own_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = """
    model C(classes = 10) {
      input image: float[N, 1, 8, 8]
      Flatten -> body: { Linear(4) -> ReLU -> Linear(4) -> ReLU }
      output logits = head: Linear(classes)
    }
    train { data = digits ; epochs = 1 ; weights = "a.safetensors" ; drop = head }
    """
    state = by_recipe(of_model(nnspec.loads(spec)))
    kept = {f"module.{key}": x for key, x in state.items() if key.startswith("body.")}
    save_file({**kept, "module.cls.weight": torch.zeros(3, 4)}, tmp_path / "a.safetensors")
    (tmp_path / "m.nn").write_text(spec)
    model = nnspec.load(tmp_path / "m.nn")
    with pytest.raises(SpecError, match="partial = true"):
        model.train(runs=tmp_path, quiet=True)
    model.train(runs=tmp_path, partial=True)
    assert "are not the model's, and passed over: cls.weight" in " ".join(capsys.readouterr().out.split())


def test_averages_that_are_all_that_a_checkpoint_has_are_read_and_others_are_named(tmp_path: Path) -> None:
    model = nnspec.loads("model M {\n  input x: float[N, 4]\n  fc: Linear(2)\n}")
    state = model.to_torch().state_dict()
    torch.save({"ema": state, "epoch": 3}, tmp_path / "a.pt")
    assert model.compare_weights(tmp_path / "a.pt").note == "its tensors are those under ema"
    torch.save({"model": state, "ema": state, "optimizer": {"state": {}}}, tmp_path / "a.pt")
    found = model.compare_weights(tmp_path / "a.pt")
    assert found.sound and found.note == "its tensors are those under model, and not those under ema"


def test_the_lines_that_read_parts_of_other_names_are_told_and_do(tmp_path: Path) -> None:
    text = "model M {{\n{}  input x: float[N, 4]\n  layers: 3 x Linear(4) -> norm: LayerNorm -> head: Linear(2)\n}}"
    model = nnspec.loads(text.format(""))
    called = {"layers": "blocks", "head": "classifier", "norm": "norm"}
    state = {".".join([called[key.split(".")[0]], *key.split(".")[1:]]): tensor.clone()
             for key, tensor in model.to_torch().state_dict().items()}  # fmt: skip
    save_file({**state, "more.weight": torch.zeros(4)}, tmp_path / "a.safetensors")
    advice = model.compare_weights(tmp_path / "a.safetensors").advice
    lines = ('rename "blocks.*" -> "layers.*"', 'rename "classifier.*" -> "head.*"')
    assert advice is not None and all(line in advice for line in lines)
    save_file(state, tmp_path / "a.safetensors")
    assert (
        nnspec.loads(text.format("".join(f"  {line}\n" for line in lines)))
        .compare_weights(tmp_path / "a.safetensors")
        .sound
    )
    alike = {f"{name}.weight": torch.zeros(4, 4) for name in ("a", "b")}
    save_file({**{key: value for key, value in state.items() if not key.startswith("blocks.1.")}, **alike},
              tmp_path / "a.safetensors")  # fmt: skip
    assert 'rename "a.*"' not in str(model.compare_weights(tmp_path / "a.safetensors").advice)


def test_both_beginnings_of_a_key_are_named(tmp_path: Path) -> None:
    model = nnspec.loads("model M {\n  input x: float[N, 4]\n  fc: Linear(2)\n}")
    state = {f"module._orig_mod.{key}": tensor.clone() for key, tensor in model.to_torch().state_dict().items()}
    save_file(state, tmp_path / "a.safetensors")
    note = model.compare_weights(tmp_path / "a.safetensors").note
    assert note is not None and "without `module.`" in note and "without `_orig_mod.`" in note
