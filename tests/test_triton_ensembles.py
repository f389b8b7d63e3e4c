"""`export --triton --ensemble`: pictures as bytes go in, probabilities come out, by steps that Triton connects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.torch import save_file
from triton_rules import broken
from triton_server import Server

import nnspec
from nnspec.cli.main import main

PICTURES = """
model Net {
  input image: float[N, 3, 6, 5]
  input shift: float[N]
  Conv2d(4, 3) -> ReLU -> GlobalAvgPool2d -> Flatten
  output features = _
  output logits = Linear(2)
  output moved = shift * 2
}
"""
LABELS = "model Tags {\n  input x: float[N, 3]\n  output tags = Linear(4)\n}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def exported(text: str, *further: str, **metadata: object) -> Result:
    Path("net.nn").write_text(text)
    torch.manual_seed(0)
    state = {key: value.detach().clone() for key, value in nnspec.loads(text).to_torch().state_dict().items()}
    save_file(state, "w.safetensors", {f"nnspec.{key}": json.dumps(value) for key, value in metadata.items()})
    arguments = ["export", "net.nn", "--weights", "w.safetensors", "--triton", "served", "--ensemble", *further]
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("normalised", [True, False], ids=["in the model", "before the model"])
def test_bytes_of_a_picture_give_the_probabilities_that_predict_gives(normalised: bool) -> None:
    statistics = {"mean": {"image": [0.5, 0.4, 0.3]}, "std": {"image": [0.2, 0.2, 0.1]}}
    further = [] if normalised else ["--no-normalize"]
    outputs = {"logits": {"kind": "classes", "field": "animal", "scores": "logits"}}
    result = exported(PICTURES, *further, classes=["cat", "dog"], outputs=outputs, **statistics)
    assert result.exit_code == 0, result.output
    assert "served/Net_ensemble runs Net_pixels, Net, Net_scores: image, shift -> " in result.stdout
    assert broken(Path("served")) == []
    pixels = np.random.default_rng(1).integers(0, 256, (2, 6, 5, 3), np.uint8)
    shift = np.ones((2, 1), np.float32)
    given = Server(Path("served")).infer("Net_ensemble", {"image": pixels, "shift": shift})
    assert {name: value.shape for name, value in given.items()} == {
        "features": (2, 4), "moved": (2, 1), "logits.probabilities": (2, 2), "logits.class": (2, 1)
    }  # fmt: skip
    assert Path("served/Net_ensemble/labels.txt").read_text() == "cat\ndog\n"
    model = nnspec.load("net.nn").export_onnx("net.onnx", "w.safetensors")
    for index, picture in enumerate(pixels):
        Image.fromarray(picture).save("picture.png")
        (said,) = nnspec.predict(model.path, {"image": "picture.png", "shift": np.ones(1, np.float32)})
        shares = {each.name: each.value for each in said.answers["logits"].found}
        found = dict(zip(("cat", "dog"), given["logits.probabilities"][index].tolist(), strict=True))
        assert found == pytest.approx(shares, abs=1e-5)
        assert said.label == ["cat", "dog"][given["logits.class"][index, 0]]


def test_labels_hold_each_by_itself() -> None:
    result = exported(LABELS, outputs={"tags": {"kind": "labels", "field": "tags", "scores": "logits"}})
    assert result.exit_code == 0, result.output
    server = Server(Path("served"))
    x = np.array([[1, -2, 3]], np.float32)
    (scores,), (shares,) = (list(server.infer(name, {"x": x}).values()) for name in ("Tags", "Tags_ensemble"))
    np.testing.assert_allclose(shares, 1 / (1 + np.exp(-scores)), rtol=1e-5)
    assert sorted(server.configs) == ["Tags", "Tags_ensemble", "Tags_scores"]


def test_what_breaks_the_rules_of_an_ensemble_is_found() -> None:
    exported(PICTURES, classes=["cat", "dog"])
    file = Path("served/Net_ensemble/config.pbtxt")
    text = file.read_text()
    for old, new, rule in (
        ('"Net_pixels"', '"Other"', "no model Other"),
        ('value: "image.numbers"', 'value: "image"', "written twice"),
        ('key: "pixels"', 'key: "bytes"', "other inputs or outputs"),
        ("TYPE_UINT8", "TYPE_FP32", "TYPE_UINT8"),
        ("max_batch_size: 8", "max_batch_size: 9", "smaller batches"),
        ('{ key: "features" value: "features" }', '{ key: "features" value: "none" }', "not both written and read"),
    ):
        assert old in text
        file.write_text(text.replace(old, new))
        assert any(rule in each for each in broken(Path("served"))), rule


def test_where_there_is_nothing_to_do_nothing_is_written() -> None:
    result = exported("model Net {\n  input x: float[N, 3]\n  output y = Linear(2)\n}\n")
    assert result.exit_code == 1 and result.stderr.startswith(
        "error[E0455]: Net has no use for an ensemble: it takes no"
    )
    assert list(Path("served").iterdir()) == []
    result = exported("model Net {\n  input x: float[2, 3]\n  output logits = Linear(2)\n}\n")
    assert result.exit_code == 1 and "do not all begin with samples" in result.stderr
    assert CliRunner().invoke(main, ["export", "net.nn", "--onnx", "n.onnx", "--ensemble"]).exit_code == 2
