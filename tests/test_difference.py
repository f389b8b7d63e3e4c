"""`nnspec diff`: what changes from a model to another one, as text and as a picture."""

from __future__ import annotations

import subprocess
from pathlib import Path

from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.difference.keys import _folded
from tests.reference.drawing import Drawing

BEFORE = """
model Small {
  input image: float[N, 1, 28, 28]
  conv1: Conv2d(16, 3, padding = 1) -> ReLU -> MaxPool2d(2)
  conv2: Conv2d(32, 3, padding = 1) -> ReLU -> MaxPool2d(2)
  Flatten
  output logits = fc: Linear(10)
}
"""
AFTER = """
model Small {
  input image: float[N, 1, 28, 28]
  stem: Conv2d(16, 5, padding = 2) -> BatchNorm2d -> ReLU -> MaxPool2d(2)
  residual { conv2: Conv2d(16, 3, padding = 1) -> ReLU }
  Flatten
  output logits = fc: Linear(10)
}
"""
TOLD = """\
Small
  parameters            20,490 -> 34,138  (+13,648, +66.6%)
  multiply-accumulates  1,031,744 -> 796,544  (-235,200, -22.8%)
  keys                  6 -> 11  (+5, +83.3%)

steps
  ~ conv1 -> stem: Conv2d  (kernel_size 3 -> 5; padding 1 -> 2; parameters 160 -> 416; \
multiply-accumulates 112,896 -> 313,600)
  + 1: BatchNorm2d
  ~ conv2: Conv2d  (out_channels 32 -> 16; [N, 32, 14, 14] -> [N, 16, 14, 14]; parameters 4,640 -> 2,320; \
multiply-accumulates 903,168 -> 451,584)
  ~ 5: ReLU  ([N, 32, 14, 14] -> [N, 16, 14, 14])
  - 5: MaxPool2d
  + add: Add
  ~ 6: Flatten  ([N, 1568] -> [N, 3136])
  ~ fc: Linear  (parameters 15,690 -> 31,370; multiply-accumulates 15,680 -> 31,360)

keys
  + stem.weight [16, 1, 5, 5]
  + stem.bias [16]
  + 1.weight [16]
  + 1.bias [16]
  + 1.running_mean [16]
  + 1.running_var [16]
  + 1.num_batches_tracked []
  - conv1.weight [16, 1, 3, 3]
  - conv1.bias [16]
  ~ conv2.weight [32, 16, 3, 3] -> [16, 16, 3, 3]
  ~ conv2.bias [32] -> [16]
  ~ fc.weight [10, 1568] -> [10, 3136]"""


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["diff", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_steps_counts_and_keys_that_change_are_told():
    found = nnspec.loads(BEFORE).diff(nnspec.loads(AFTER))
    assert str(found) == TOLD
    assert not found.same


def test_what_is_the_same_has_no_difference():
    assert str(nnspec.load("resnet50").diff(nnspec.load("resnet50"))) == "ResNet50: no difference"
    other = nnspec.loads(BEFORE.replace("logits", "scores"))
    assert "outputs" in str(nnspec.loads(BEFORE).diff(other))


def test_a_repeat_that_is_longer_is_one_change_and_its_keys_are_ranges():
    told = run("resnet50", "resnet101")
    assert "~ 1: Bottleneck  (5 x -> 22 x; parameters 5,585,920 -> 24,578,048; " in told
    assert "  + layer3.6..22.conv1.weight [256, 1024, 1, 1]\n" in told
    assert "- " not in told.partition("steps")[2]


def test_two_settings_of_one_file_are_compared():
    told = run("gpt2", "--to", "layers=24")
    assert "layers                12 -> 24" in told
    assert "transformer.h.12..23.attn.c_attn.weight" in told
    assert "no difference" in run("gpt2", "--set", "layers=3", "--to", "layers=3")


def test_two_models_of_one_file_are_compared():
    assert run("zoo/resnet.nn", "--model", "ResNet18", "--to-model", "ResNet34").startswith("ResNet18 -> ResNet34\n")


def test_revisions_are_compared_with_all_that_they_import(tmp_path, monkeypatch):
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "part.nn").write_text("block Part(width) { Linear(width) -> ReLU }\n")
    text = 'import Part from "part.nn"\nmodel Net {\n  input x: float[N, 4]\n  output y = Part(8)\n}\n'
    (folder / "net.nn").write_text(text)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    (folder / "part.nn").write_text("block Part(width) { Linear(width) -> GELU }\n")
    git("commit", "-q", "-a", "-m", "two")
    (folder / "net.nn").write_text(text.replace("8", "9"))
    monkeypatch.chdir(tmp_path)
    told = run("HEAD~1:models/net.nn", "HEAD:models/net.nn")
    assert "- 1: ReLU" in told
    assert "+ 1: GELU" in told
    monkeypatch.chdir(folder)
    assert "width 8 -> 9" in run("HEAD:./net.nn", "net.nn")
    assert "width 8 -> 9" in run("HEAD:models/net.nn", "net.nn")


def test_the_changes_are_drawn_side_by_side(tmp_path):
    (tmp_path / "before.nn").write_text(BEFORE)
    (tmp_path / "after.nn").write_text(AFTER)
    run(str(tmp_path / "before.nn"), str(tmp_path / "after.nn"), "-o", str(tmp_path / "changes.svg"))
    text = Path(tmp_path / "changes.svg").read_text()
    drawing = Drawing(text)
    assert list(drawing.faults()) == []
    marks = [area.name for area in drawing.texts if area.name in ("new", "gone", "changed")]
    assert {mark: marks.count(mark) for mark in marks} == {"changed": 10, "gone": 1, "new": 1}
    assert text.count("marked-new") > 1, "the sum, which has no room for a word"


def test_keys_with_consecutive_numbers_are_one():
    keys = [(f"a.{i}.b.{j}", "[1]") for i in (0, 1, 3) for j in (0, 1)]
    assert list(_folded(keys)) == ["a.0..1.b.0..1 [1]", "a.3.b.0..1 [1]"]
    assert list(_folded([("a.0.b.0", ""), ("a.1.b.1", "")])) == ["a.0.b.0 ", "a.1.b.1 "]
