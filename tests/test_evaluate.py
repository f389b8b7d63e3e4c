"""`nnspec evaluate`, `nnspec predict` and the test part of a run: the figures of the run, by PyTorch and by ONNX."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import nnspec
from nnspec.cli.main import main

DIGITS = """
model Digits {
  input image: float[N, 1, 8, 8]
  output logits = Conv2d(6, 3) -> BatchNorm2d -> ReLU -> Flatten -> Dropout(0.2) -> head: Linear(10)
}
train {
  data       = digits
  validation = 0.2
  test       = 0.1
  stratify   = true
  metrics    = [accuracy(logits, label), mean_iou(logits, label)]
  epochs     = 2
  batch      = 50
}
"""


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, [*arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec, a run of it, and its ONNX file."""
    folder = tmp_path_factory.mktemp("digits")
    (folder / "digits.nn").write_text(DIGITS)
    trained = nnspec.load(folder / "digits.nn").train(runs=folder / "runs", name="one", quiet=True)
    nnspec.load(folder / "digits.nn").export_onnx(folder / "digits.onnx", trained.best_weights, verify=False)
    return folder


def best(folder: Path) -> dict[str, float]:
    """The row of the best epoch of a run, as it is written."""
    lines = [line.split(",") for line in (folder / "metrics.csv").read_text().splitlines()]
    rows = [dict(zip(lines[0], map(float, line), strict=True)) for line in lines[1:]]
    return max(rows, key=lambda row: row["accuracy"])


def test_the_figures_of_the_best_weights_are_those_of_the_run_to_the_last_digit(digits: Path) -> None:
    row = best(digits / "runs" / "one")
    found = nnspec.evaluate(digits / "runs" / "one")
    assert found.figures == {name: row[f"validation_{name}" if name == "loss" else name] for name in found.figures}
    assert list(found.figures) == ["loss", "accuracy", "mean_iou"] and found.samples == 359
    by_spec = nnspec.load(digits / "digits.nn").evaluate(digits / "runs" / "one" / "best.safetensors")
    assert by_spec.figures == found.figures
    told = json.loads((digits / "runs" / "one" / "test.json").read_text())
    tested = nnspec.evaluate(digits / "runs" / "one", part="test")
    assert {name: told[name] for name in tested.figures} == tested.figures and told["samples"] == 180


def test_an_onnx_file_gives_the_same_figures_alone_and_as_its_run(digits: Path) -> None:
    found = nnspec.evaluate(digits / "runs" / "one")
    alone = nnspec.evaluate(digits / "digits.onnx")  # which knows its recipe, and digits need no path
    as_run = nnspec.evaluate(digits / "runs" / "one", onnx=digits / "digits.onnx")
    for other in (alone, as_run):
        assert other.samples == found.samples
        assert other.figures == pytest.approx(found.figures, rel=1e-5)
        assert [each.whole["accuracy"] for each in other.comparisons] == [
            each.whole["accuracy"] for each in found.comparisons
        ]


def test_the_command_prints_figures_and_writes_what_it_finds(digits: Path, tmp_path: Path) -> None:
    shown = run("evaluate", str(digits / "runs" / "one"), "-o", str(tmp_path / "report"), "--top", "2", "--worst", "6")
    lines = shown.stdout.splitlines()
    assert "on digits, its validation part: 359 samples" in lines[0]
    row = best(digits / "runs" / "one")
    assert lines[1].startswith(f"loss {row['validation_loss']:.4f}  accuracy {row['accuracy']:.4f}")
    assert any(line.split()[:1] == ["9"] for line in lines) and any("top_2" in line for line in lines)
    report = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    (compared,) = report["comparisons"]
    assert [each["name"] for each in compared["rows"]] == list("0123456789")
    assert sum(map(sum, compared["confusion"])) == 359
    losses = [each["loss"] for each in report["worst"]]
    assert len(losses) == 6 and losses == sorted(losses, reverse=True)
    for name in ("worst.png", "confusion.png"):
        with Image.open(tmp_path / "report" / name) as picture:
            assert picture.size > (100, 100)
    assert json.loads(run("evaluate", str(digits / "runs" / "one"), "--json").stdout)["figures"] == report["figures"]


def pictures(folder: Path, classes: tuple[str, ...], count: int, seed: int) -> None:
    draws = np.random.default_rng(seed)
    for shade, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            noise = draws.integers(0, 40, (8, 8), dtype=np.uint8) + np.uint8(200 * (name == "white"))
            Image.fromarray(noise).save(folder / name / f"{shade}{index}.png")


def test_folders_bring_three_parts_and_other_data_is_read_by_the_classes_of_training(tmp_path: Path) -> None:
    for seed, (part, count) in enumerate((("train", 12), ("val", 4), ("test", 3))):
        pictures(tmp_path / "set" / part, ("black", "white"), count, seed)
    pictures(tmp_path / "white_only", ("white",), 5, 9)
    text = "model P {\n  input image: float[N, 1, 8, 8]\n  output logits = Flatten -> Linear(2)\n}\n"
    trained = nnspec.loads(text).train(runs=tmp_path, name="run", quiet=True, epochs=2, data=str(tmp_path / "set"))
    assert json.loads((tmp_path / "run" / "test.json").read_text())["samples"] == 6
    own = nnspec.evaluate(tmp_path / "run")
    assert own.samples == 8
    nnspec.loads(text).export_onnx(tmp_path / "p.onnx", trained.best_weights, verify=False)
    alone = nnspec.evaluate(tmp_path / "p.onnx", data=tmp_path / "set", part="validation")
    assert alone.samples == 8 and alone.figures == pytest.approx(own.figures, rel=1e-5)
    shutil.rmtree(tmp_path / "set" / "val")  # what is left is validated on, and is its test part all the same
    tested = nnspec.evaluate(tmp_path / "run", data=tmp_path / "set")
    assert (tested.samples, tested.part) == (6, "test")
    found = nnspec.evaluate(tmp_path / "run", data=tmp_path / "white_only")
    assert found.samples == 5 and found.part == "all"
    (compared,) = found.comparisons
    assert [row.figures["samples"] for row in compared.rows] == [0, 5]  # by the name of the folder, not its place
    assert {each.name.partition("/")[0] for each in found.worst} == {"white"}
    said = nnspec.predict(tmp_path / "run", tmp_path / "white_only" / "white")
    assert [each.sample for each in said] == [f"0{index}.png" for index in range(5)]
    assert {each.label for each in said} <= {"black", "white"}
    result = run("predict", str(trained.folder), "--input", str(tmp_path / "white_only" / "white"), "--json")
    (first, *_) = json.loads(result.stdout)["predictions"]
    assert first["sample"] == "00.png" and sum(first["logits"]["probabilities"].values()) == pytest.approx(1)
    pictures(tmp_path / "other", ("grey", "white"), 2, 3)
    with pytest.raises(nnspec.SpecError, match="the model does not know grey"):
        nnspec.evaluate(tmp_path / "run", data=tmp_path / "other")


HOUSES = """
model Houses(towns = 4) {
  input town: int[N]
  input size: float[N, 1]
  both = (town -> Embedding(towns, 3), size) -> Concat(dim = 1) -> Linear(8) -> ReLU
  output numbers = both -> Linear(2)
  output logits = both -> Linear(2)
}
train {
  data    = table("houses", target = ["price", "age"], label = "kind", without = ["id"], rare = 2, missing = "median")
  loss    = mse(numbers, target) + cross_entropy(logits, label)
  metrics = [mae(numbers, target), accuracy(logits, label)]
  epochs  = 2
  batch   = 8
}
"""


def test_tables_have_several_targets_rare_categories_missing_values_and_files_for_parts(tmp_path: Path) -> None:
    draws, folder = random.Random(0), tmp_path / "houses"
    folder.mkdir()

    def write(name: str, rows: int, towns: list[str]) -> None:
        lines = ["id,town,size,price,age,kind"]
        for index in range(rows):
            size = "" if index == 3 else f"{draws.random():.3f}"
            kind = draws.choice(["flat", "villa"])
            lines.append(f"{index},{draws.choice(towns)},{size},{draws.random():.3f},{draws.randint(1, 90)},{kind}")
        (folder / name).write_text("\n".join(lines) + "\n")

    write("train.csv", 60, ["Ulm", "Bonn"])
    with (folder / "train.csv").open("a") as file:
        file.write("99,Rarely,0.5,0.5,10,flat\n")
    write("val.csv", 10, ["Ulm", "Newly"])
    write("test.csv", 7, ["Bonn"])
    (tmp_path / "h.nn").write_text(HOUSES)
    trained = nnspec.load(tmp_path / "h.nn").train(runs=tmp_path, name="run", quiet=True)
    found = nnspec.evaluate(trained.folder)
    assert found.samples == 10 and json.loads((trained.folder / "test.json").read_text())["samples"] == 7
    numbers, kinds = sorted(found.comparisons, key=lambda each: each.kind, reverse=True)
    assert [row.name for row in numbers.rows] == ["price", "age"] and numbers.field == "target"
    assert [row.name for row in kinds.rows] == ["flat", "villa"]
    assert found.figures["mae"] == pytest.approx(numbers.whole["mae"], rel=1e-5)
    assert found.worst[0].name.startswith("val.csv, row ")
    nnspec.load(tmp_path / "h.nn").export_onnx(tmp_path / "h.onnx", trained.best_weights, verify=False)
    alone = nnspec.evaluate(tmp_path / "h.onnx", data=folder / "val.csv")  # read by the columns that the file knows
    assert alone.samples == 10 and alone.figures == pytest.approx(found.figures, rel=1e-5)
    (tmp_path / "new.csv").write_text("town,size\nUlm,0.5\nNowhere,\n")
    first, second = nnspec.predict(trained.folder, tmp_path / "new.csv")
    assert second.sample == "new.csv, row 3"
    assert [each.name for each in first.answers["numbers"].found] == ["price", "age"]
    assert first.label in ("flat", "villa")


REVIEWS = """
model Reviews(words = 40) {
  input tokens: int[N, T]
  input lengths: int[N]
  table = tokens -> Embedding(words, 12)
  outs, state = (table, lengths = lengths) -> GRU(12, batch_first = true)
  output logits = state[0] -> Linear(2)
}
train {
  data      = texts("reviews.jsonl", text = "review", label = "mood", length = 6)
  epochs    = 6
  batch     = 16
  optimizer = Adam(lr = 2e-2)
}
"""


def test_labelled_texts_reach_recurrent_layers_with_their_lengths(tmp_path: Path) -> None:
    draws = random.Random(0)
    lines = []
    for index in range(120):
        mood = draws.choice(["good", "bad"])
        words = [draws.choice(["great", "fine"] if mood == "good" else ["awful", "dull"])]
        words += draws.choices("a film with some plot".split(), k=draws.randint(0, 6))
        part = "test" if index < 10 else "val" if index < 30 else "train"
        lines.append(json.dumps({"review": " ".join(words), "mood": mood, "part": part, "stars": 3}))
    (tmp_path / "reviews.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "r.nn").write_text(REVIEWS.replace("length = 6", 'length = 6, part = "part"'))
    trained = nnspec.load(tmp_path / "r.nn").train(runs=tmp_path, name="run", quiet=True)
    found = nnspec.evaluate(trained.folder)
    assert found.samples == 20 and float(found.figures["accuracy"] or 0) > 0.9
    assert nnspec.evaluate(trained.folder, part="test").samples == 10
    alone = nnspec.predict(trained.folder, texts=["great film"])
    together = nnspec.predict(trained.folder, texts=["great film", "a dull film with some plot and more"])
    assert together[0].sample == "great film" and [each.label for each in together] == ["good", "bad"]
    first, second = (each[0].answers["logits"].found[0].value for each in (alone, together))
    assert first == pytest.approx(second, abs=1e-6)  # what fills it up does not reach it
    (tmp_path / "new.jsonl").write_text('{"review": "great film"}\n{"review": "awful"}\n')
    from_file = nnspec.predict(trained.folder, tmp_path / "new.jsonl")
    assert from_file[0].answers == alone[0].answers and from_file[1].sample == "new.jsonl, line 2"
    (tmp_path / "more.jsonl").write_text('{"review": "dull film"}\n{"review": "fine"}\n')
    named = nnspec.predict(trained.folder, {"tokens": tmp_path / "new.jsonl"})
    assert [each.answers for each in named] == [each.answers for each in from_file]
    command = ["predict", str(trained.folder), "--input", f"tokens={tmp_path / 'new.jsonl'}"]
    both = CliRunner().invoke(main, [*command, "--input", f"tokens={tmp_path / 'more.jsonl'}", "--json"])
    assert both.exit_code == 0, both.output
    assert len(json.loads(both.stdout)["predictions"]) == 4


def test_a_path_or_a_share_holds_out_and_other_files_have_the_numbers_of_training(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,kind\n" + "".join(f"{n},{'pq'[n % 2]}\n" for n in range(20)))
    (tmp_path / "b.csv").write_text("x,kind\n1,q\n3,q\n5,q\n")
    text = 'model T {\n  input features: float[N, 1]\n  output logits = Linear(2)\n}\ntrain { data = table("a.csv") }\n'
    (tmp_path / "t.nn").write_text(text)
    trained = nnspec.load(tmp_path / "t.nn").train(
        runs=tmp_path, name="run", quiet=True, epochs=1, validation=str(tmp_path / "b.csv"), test=0.25
    )
    found = nnspec.evaluate(trained.folder)
    assert found.samples == 3 and [row.figures["samples"] for row in found.comparisons[0].rows] == [0, 3]
    assert nnspec.evaluate(trained.folder, part="test").samples == 5
    assert nnspec.evaluate(trained.folder, part="all").samples == 23


def test_data_in_python_is_judged_on_where_a_run_cannot_know_it(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    data = {"image": draws.random((40, 1, 8, 8), dtype=np.float32), "label": draws.integers(0, 2, 40)}
    model = nnspec.loads("model M {\n  input image: float[N, 1, 8, 8]\n  output logits = Flatten -> Linear(2)\n}")
    trained = model.train(data, runs=tmp_path, name="run", quiet=True, epochs=1)
    with pytest.raises(nnspec.SpecError, match="E0693"):
        nnspec.evaluate(trained.folder)
    found = nnspec.evaluate(trained.folder, data=data, part="validation")
    assert found.figures["loss"] == trained.history[0]["validation_loss"]
