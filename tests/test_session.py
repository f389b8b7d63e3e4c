"""`Session` and `nnspec predict` beyond pictures: tables, texts, batches, providers, values that stay on the device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.infer import providers
from nnspec.infer.predictions import predictions
from nnspec.infer.session import Session

TABLE = 'model M {\n  input features: float[N, 3]\n  output logits = fc: Linear(2)\n}\ntrain {\n  data = table("d.csv")\n}\n'
LANGUAGE = "model L {\n  input tokens: int[N, T]\n  output logits = Embedding(5, 4) -> head: Linear(4)\n}\n"
PAIR = "model P {\n  input a: float[N, k]\n  input b: float[N, k]\n  output s = a + b\n  output p = a * b\n}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predict(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["predict", *arguments])


def exported(text: str, **metadata: Any) -> Session:
    """A model in m.onnx with weights that are numbers in order, and this metadata."""
    model = nnspec.loads(text)
    arrays = {
        key: np.arange(tensor.numel(), dtype=np.float32).reshape(tensor.shape) / 10
        for key, tensor in model.to_torch().state_dict().items()
    }
    if arrays:
        save_file(arrays, "m.safetensors", {f"nnspec.{key}": json.dumps(value) for key, value in metadata.items()})
    model.export_onnx("m.onnx", "m.safetensors" if arrays else None, verify=False)
    return Session("m.onnx")


def test_rows_of_a_table_are_given_by_name_and_treated_as_in_training() -> None:
    Path("m.nn").write_text(TABLE)
    rows = [f"{width},{colour},{kind}" for width, colour, kind in
            [(1.5, "red", "a"), (2.5, "blue", "b"), (3.5, "red", "a"), (4.5, "blue", "b")] * 3]  # fmt: skip
    Path("d.csv").write_text("\n".join(["width,colour,kind", *rows]))
    trained = nnspec.load("m.nn").train(runs="runs", quiet=True, epochs=1)
    Path("new.csv").write_text("id,colour,width\n7,red,1.5\n8,green,4\n")
    result = predict("m.nn", "--weights", str(trained.last_weights), "--input", "new.csv", "--output", "y.npz")
    assert result.exit_code == 0, result.output
    mean, std = (json.loads(trained_metadata(trained.last_weights)[f"nnspec.{key}"]) for key in ("mean", "std"))
    raw = np.array([[1.5, 0, 1], [4, 0, 0]])  # width, colour=blue, colour=red
    model = nnspec.load("m.nn")
    network, plain = (model.to_torch(trained.last_weights, normalize=each).eval() for each in (True, False))
    with torch.no_grad(), np.load("y.npz") as written:
        wanted = network(torch.from_numpy(raw).float()).numpy()
        normal = plain(torch.from_numpy((raw - mean) / std).float()).numpy()
        np.testing.assert_allclose(normal, wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(written["logits"], wanted, rtol=1e-5, atol=1e-6)
    assert result.stdout.splitlines()[1].startswith("  new.csv, row 2  ")


def trained_metadata(path: Any) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        return dict(file.metadata())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "it has no column c; it has a, b"),
        ("a,b,c\n1,2,x\n", "c in row 2 is 'x', no finite number"),
        ("a,b,c\n1,2,3\n1,2\n", "row 3 has 2 values, and there are 3 columns"),
        ("a,b,b\n1,2,3\n", "it needs a line of different names"),
        ("a,b,c\n", "and at least one row"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(text: str, reason: str) -> None:
    exported(TABLE.split("train")[0], columns=["a", "b", "c"])
    Path("x.csv").write_text(text)
    result = predict("m.onnx", "--input", "x.csv")
    assert result.exit_code == 1 and "E0803" in result.stderr and reason in result.stderr


def test_without_stored_names_all_columns_are_taken_in_order() -> None:
    exported(TABLE.split("train")[0])
    Path("x.csv").write_text("p,q,r\n1,2,3\n")
    assert predict("m.onnx", "--input", "x.csv", "--output", "y.json").exit_code == 0
    np.testing.assert_allclose(json.loads(Path("y.json").read_text())["outputs"]["logits"], [[0.8, 2.7]], rtol=1e-6)
    Path("x.csv").write_text("p,q\n1,2\n")
    assert "it has 2 columns, and features takes 3" in predict("m.onnx", "--input", "x.csv").stderr


def tokens_of(*arguments: str) -> list[int]:
    """Which rows of the embedding the model has looked up: the first numbers of its rows count in fours."""
    model = nnspec.loads("model E {\n  input tokens: int[N, T]\n  output y = tokens + 0\n}")
    session = Session("m.onnx")
    path = Path("e.onnx")
    import onnx

    proto = model.to_onnx()
    for key, value in session.metadata.items():
        if key not in ("nnspec.model", "nnspec.below"):
            proto.metadata_props.add(key=key, value=value)
    onnx.save(proto, path)
    result = predict(str(path), *arguments, "--output", "t.json")
    assert result.exit_code == 0, result.output
    return json.loads(Path("t.json").read_text())["outputs"]["y"]


def test_texts_become_numbers_by_the_characters_of_training() -> None:
    exported(LANGUAGE, classes=["a", "b", "c", " "])
    assert tokens_of("--text", "abc a") == [[0, 1, 2, 3, 0]]
    Path("x.txt").write_text("ab\ncc\n\n")
    assert tokens_of("--input", "tokens=x.txt", "--text", "tokens=ba") == [[0, 1], [2, 2], [1, 0]]
    result = predict("m.onnx", "--text", "axb")
    assert "E0811" in result.stderr and "does not know the character 'x'" in result.stderr
    result = predict("m.onnx", "--text", "a", "--text", "ab")
    assert "E0812" in result.stderr and "from 1 to 2 tokens" in result.stderr


def test_the_next_character_is_told_for_each_text() -> None:
    exported(LANGUAGE, classes=["a", "b", "c", " "])
    result = predict("m.onnx", "--text", "ab", "--top", "2")
    assert result.stdout.splitlines()[0].startswith("logits  float32 [1, 2, 4]")
    assert [line.split("  ")[-1] for line in result.stdout.splitlines()[1:]] == ["' '", "c"]


def test_texts_become_numbers_by_counted_words_and_are_padded() -> None:
    special = ["<padding>", "<start>", "<end>", "<rare>"]
    exported(LANGUAGE, vocabularies={"tokens": [*special, "the", "cat"]})
    assert tokens_of("--text", "the cat", "--text", "dog") == [[4, 5], [3, 0]]
    exported(LANGUAGE, vocabularies={"tokens": [*special, " ", "a"]})
    assert tokens_of("--text", "a a") == [[5, 4, 5]]


def test_texts_become_numbers_by_the_tokenizer_of_training() -> None:
    tokenizer = Tokenizer(models.WordLevel({"the": 0, "cat": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    exported(LANGUAGE, tokenizer=tokenizer.to_str())
    assert tokens_of("--text", "cat the dog") == [[1, 0, 2]]
    special = ["<padding>", "<start>", "<end>", "<rare>"]
    exported(LANGUAGE, tokenizer=tokenizer.to_str(), vocabularies={"tokens": [*special, "the", "cat", "?"]})
    assert tokens_of("--text", "cat the", "--text", "the") == [[5, 4], [4, 0]]
    exported(LANGUAGE, tokenizer="no tokenizer")
    assert "E0808" in predict("m.onnx", "--text", "cat").stderr


def test_a_model_without_a_vocabulary_takes_no_text() -> None:
    exported(LANGUAGE)
    result = predict("m.onnx", "--text", "cat")
    assert result.exit_code == 1 and "E0810" in result.stderr and "stored without a vocabulary" in result.stderr


def test_files_for_one_input_are_a_batch_and_batches_are_computed_in_parts() -> None:
    exported("model I {\n  input image: float[N, 1, 2, 2]\n  output y = image * 2\n}")
    Path("many").mkdir()
    for index in range(5):
        Image.new("L", (2, 2), 51 * index).save(f"many/{index}.png")
    assert predict("m.onnx", "--input", "many", "--input", "many/4.png", "--output", "y.npy").exit_code == 0
    whole = np.load("y.npy")
    np.testing.assert_allclose(whole[:, 0, 0, 0], [0, 0.4, 0.8, 1.2, 1.6, 1.6], rtol=1e-6)
    assert (
        predict("m.onnx", "--input", "many", "--input", "many/4.png", "--batch", "4", "--output", "y.npy").exit_code
        == 0
    )
    np.testing.assert_array_equal(np.load("y.npy"), whole)


def test_bound_values_stay_on_the_device_and_outputs_can_be_inputs() -> None:
    session = exported(PAIR)
    a, b = np.full((2, 3), 2.0, np.float32), np.full((2, 3), 3.0, np.float32)
    bound = session.bind({"a": a, "b": torch.from_numpy(b)})
    first = bound.run()
    assert isinstance(first["s"], onnxruntime.OrtValue) and first["s"].device_name() == "cpu"
    bound.put(a=first["s"])
    second = bound.arrays()
    assert second["s"].tolist() == [[8.0] * 3] * 2 and second["p"].tolist() == [[15.0] * 3] * 2
    assert first["s"].numpy().tolist() == [[5.0] * 3] * 2, "the outputs of a run are not written over by the next"
    with pytest.raises(SpecError, match="E0804"):
        bound.put(a=np.zeros((2, 3, 1)))
    with pytest.raises(SpecError, match="E0805"):
        bound.put(c=a)
    with pytest.raises(SpecError, match="E0805"):
        session.bind({"a": a})
    with pytest.raises(SpecError, match="E0806"):
        bound.put(a=np.zeros((5, 3)))
        bound.run()


def test_auto_says_what_it_has_chosen() -> None:
    session = exported(PAIR)
    assert session.provider == "cpu" and Session("m.onnx", "auto").provider in ("cpu", "cuda")
    np.savez("x.npz", a=np.ones((1, 2)), b=np.ones((1, 2)))
    assert "provider: " in predict("m.onnx", "--input", "x.npz").stderr
    assert predict("m.onnx", "--input", "x.npz", "--provider", "cpu").stderr == ""


def test_a_provider_that_onnxruntime_leaves_out_in_silence_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    exported(PAIR)
    every = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(providers.ort, "get_available_providers", lambda: every)
    plain = providers.open_session
    monkeypatch.setattr(providers, "open_session", lambda model, name, **options: plain(model, **options))
    for name, library in (("cuda", "cuDNN"), ("tensorrt", "TensorRT")):
        with pytest.raises(SpecError, match="E0802") as caught:
            Session("m.onnx", name)
        assert "onnxruntime could not load it" in str(caught.value) and library in str(caught.value)
    assert Session("m.onnx", "auto").provider == "cpu"


@pytest.mark.parametrize("name", ["cuda", "tensorrt", "tpu"])
def test_a_provider_that_is_not_there_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exported(PAIR)
    monkeypatch.setattr(providers.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(SpecError, match="E0802"):
        Session("m.onnx", name)


def test_classes_with_their_probabilities_are_values_too() -> None:
    outputs = {"logits": np.log([[0.2, 0.8], [0.5, 0.5]]), "other": np.zeros((2, 7))}
    found = predictions(outputs, ["a", "b"], {"nnspec.classes": '["no", "yes"]'}, top=1)
    assert [each.label for each in found] == ["yes", "no"] and [each.sample for each in found] == ["a", "b"]
    assert found[0].answers["logits"].found[0].value == pytest.approx(0.8)
    assert predictions({"other": np.zeros((1, 7))}, ["a"], {})[0].answers == {}


def test_a_model_whose_inputs_are_called_by_no_text_is_refused() -> None:
    whole = (
        nnspec.loads("model M {\n  input image: float[N, 2]\n  output y = Linear(2)\n}").to_onnx().SerializeToString()
    )
    with pytest.raises(SpecError, match="E0801"):
        Session(whole.replace(b"image", b"im\xed\xa0e"))
