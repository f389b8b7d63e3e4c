"""`check` of a `train` block: every name, shape and part, without its data; what it calls sound is trained."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import SpecError

MODEL = """
model M(classes = 10) {
  input image: float[N, 1, 8, 8]
  output logits = Flatten -> hidden: Linear(16) -> ReLU -> head: Linear(classes)
}
"""


def codes(model: str, **recipe: str) -> list[str]:
    """What `check` says of a model with this recipe."""
    block = "\n".join(f"  {key} = {value}" for key, value in recipe.items())
    try:
        return [found.diagnostic.code for found in nnspec.loads(f"{model}\ntrain {{\n{block}\n}}\n").check()]
    except SpecError as error:
        return [found.code for found in error.diagnostics]


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        ({"loss": "cross_entropy(logit, label)"}, "E0201"),
        ({"metrics": "[accuracy(logits, lable)]"}, "E0201"),
        ({"loss": "mse(logits, image)"}, "E0205"),
        ({"loss": "logits"}, "E0603"),
        ({"metrics": "[accuracy]"}, "E0603"),
        ({"loss": "mean(image)"}, "E0630"),
        ({"freeze": "[hidden]", "loss": "mean(detach(logits))"}, "E0630"),
        ({"sample": "logits"}, "E0211"),
        ({"freeze": "[hidde]"}, "E0616"),
        ({"freeze": "[hidden, head]"}, "E0616"),
        ({"rates": '[["hiddn", 0.1]]'}, "E0616"),
        ({"drop": "[hed]"}, "E0616"),
        ({"augment": "[random_crop(4)]"}, "E0612"),
        ({"data": "iris"}, "E0612"),
        ({"data": 'glyphs(characters = "abcdefghijkl")'}, "E0613"),
        ({"cache_features": "true", "freeze": "[head]"}, "E0626"),
        ({"cache_features": "true", "freeze": "[hidden]", "thaw": "1"}, "E0626"),
        ({"optimizer": "SGD(nesterov = true)"}, "E0206"),
        ({"weights": '"absent.safetensors"'}, "W0270"),
        ({"data": 'images("absent")'}, "W0270"),
    ],
)
def test_a_mistake_in_a_recipe_is_found_without_its_data(recipe: dict[str, str], code: str) -> None:
    assert codes(MODEL, **recipe) == [code]


def test_a_frozen_part_is_no_reason_to_learn() -> None:
    two = MODEL.replace("-> head:", "-> middle: Linear(8)\n  output code = middle\n  output other = middle -> head:")
    assert codes(two, loss="mean(code)", freeze="[hidden, middle]") == ["E0630"]
    assert codes(two, loss="mean(code)", freeze="[hidden]") == []


def test_mistakes_of_all_kinds_are_told_at_once() -> None:
    found = codes(MODEL, data="digits", optimizer="Adm", loss="mse(logit, labell)", freeze="[body]", epochs="0")
    assert sorted(found) == ["E0201", "E0201", "E0206", "E0602", "E0616"]


@pytest.mark.parametrize(
    ("input", "recipe"),
    [
        ("image: float[N, 784]", {"data": "glyphs"}),
        ("features: float[N, 4]", {"data": "iris"}),
        ("features: float[N, 7]", {"data": 'table("people.csv")'}),
        ("image: float[N, 3, H, W]", {"data": 'images("folder")', "loss": "mean(logits)"}),
        ("anything: float[N, 5]", {"data": 'arrays("some.npz")', "loss": "mse(logits, wanted)"}),
        ("source: int[N, S]", {"data": 'parallel("lines.tsv")', "loss": "mean(logits)"}),
    ],
)
def test_what_only_the_data_knows_is_no_mistake(input: str, recipe: dict[str, str]) -> None:
    first = (
        "Embedding(30, 4) -> Mean(dim = 1)"
        if "int" in input
        else "Flatten"
        if "H" not in input
        else "Mean(dim = [2, 3])"
    )
    model = f"model M {{\n  input {input}\n  output logits = {first} -> Linear(10)\n}}"
    assert set(codes(model, **recipe)) <= {"W0270"}


def test_the_names_in_a_file_of_arrays_are_known(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", image=np.zeros((4, 8, 8), np.uint8), kind=np.zeros(4, np.int64))
    spec = tmp_path / "m.nn"
    block = 'train {\n  data = arrays("d.npz")\n  loss = cross_entropy(logits, kin)\n}\n'
    spec.write_text(MODEL + block)
    with pytest.raises(SpecError, match="nothing here is called `kin`"):
        nnspec.load(spec).check()
    spec.write_text(MODEL + block.replace("kin)", "kind)"))
    assert nnspec.load(spec).check() == []


def test_one_unknown_array_gives_no_cascade_in_phases() -> None:
    text = """
model Critic { input x: float[N, 4]; output score = Linear(1) }
train Game {
  data = arrays("absent.npz")
  phase judge {
    slope = mean(x -> critic: Critic)
    loss = slope
  }
  phase artist { loss = nothing(x) + mean(x -> critic) }
}
"""
    with pytest.raises(SpecError) as caught:
        nnspec.loads(text).check()
    assert [found.code for found in caught.value.diagnostics if found.severity == "error"] == ["E0201"]


def test_settings_reach_the_recipe_and_the_model(tmp_path: Path) -> None:
    spec = tmp_path / "m.nn"
    spec.write_text(MODEL + "train { epochs = 1 }\n")
    good = CliRunner().invoke(main, ["check", str(spec), "--set", "classes=12", "--set", "epochs=3"])
    assert (good.exit_code, good.stdout) == (0, f"{spec}: M is sound\n")
    bad = CliRunner().invoke(main, ["check", str(spec), "--set", "classes=5", "--set", "loss=mse(logit, 0)"])
    assert bad.exit_code == 1 and "--set loss" in bad.stderr and "did you mean `logits`" in bad.stderr


def test_training_tells_what_check_tells_before_it_reads_data(tmp_path: Path) -> None:
    spec = tmp_path / "m.nn"
    spec.write_text(MODEL + 'train {\n  data = images("absent")\n  loss = cross_entropy(logits, lable)\n}\n')
    with pytest.raises(SpecError, match="nothing here is called `lable`"):
        nnspec.load(spec).train(runs=tmp_path / "runs", quiet=True)


def test_every_model_of_a_file_is_checked_where_none_is_named(tmp_path: Path) -> None:
    wrong = "model B { input x: float[N, T, 28]; output y = x -> LSTM(28, 12) }"
    (tmp_path / "two.nn").write_text(f"model A {{ input x: float[N, 4]; Linear(2) }}\n{wrong}\n")
    path = str(tmp_path / "two.nn")
    done = CliRunner().invoke(main, ["check", path])
    assert done.exit_code == 1 and "LSTM infers its 28 features" in done.output
    assert CliRunner().invoke(main, ["check", path, "--model", "A"]).output == f"{path}: A is sound\n"
    (tmp_path / "two.nn").write_text("model A(n) { input x: float[N, 4]; Linear(n) }\nmodel B = A(3)\nmodel C = A(4)\n")
    assert CliRunner().invoke(main, ["check", path, "--model", "B"]).exit_code == 0


def test_files_and_folders_are_checked_and_told_to_other_programs(tmp_path: Path) -> None:
    (tmp_path / "good.nn").write_text(MODEL)
    (tmp_path / "parts.nn").write_text("block B { Linear(3) }\n")
    (tmp_path / "bad.nn").write_text("model M {\n  input x: float[N, 4]\n  output y = Lnear(3)\n}\n")
    run = CliRunner().invoke
    found = run(main, ["check", str(tmp_path)])
    assert found.exit_code == 1 and "good.nn: M is sound" in found.stdout and "Lnear" in found.stderr
    assert "parts.nn" not in found.stderr  # its blocks are for others to import
    assert run(main, ["check", str(tmp_path / "parts.nn")]).exit_code == 1  # as a model it is none
    bad = str(tmp_path / "bad.nn")
    notes = run(main, ["check", bad, "--format", "github"])
    assert notes.stdout.startswith(f"::error title=E0201,file={bad},line=3,endLine=3,col=14,endColumn=19::")
    assert "%0A" in notes.stdout and notes.stdout.count("\n") == 1
    log = json.loads(run(main, ["check", str(tmp_path), "--format", "sarif"]).stdout)
    (told,) = log["runs"][0]["results"]
    assert (log["version"], told["ruleId"], told["level"]) == ("2.1.0", "E0201", "error")
    assert told["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
    assert [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]] == ["E0201"]
    assert [each["code"] for each in json.loads(run(main, ["check", bad, "--json"]).stdout)] == ["E0201"]
    sound = run(main, ["check", str(tmp_path / "good.nn"), "--format", "sarif"])
    assert sound.exit_code == 0 and json.loads(sound.stdout)["runs"][0]["results"] == []
