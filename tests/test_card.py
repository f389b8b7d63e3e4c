"""`nnspec card`: what the folder of a run tells, as Markdown, and lines for what only a person knows."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nnspec.cli.main import main

SPEC = """model Digits {
  input image: float[N, 1, 8, 8]
  output logits = Flatten -> Linear(10)
}

train {
  data    = digits
  augment = [random_shift(1)]
  loss    = cross_entropy(logits, label)
  metrics = [accuracy(logits, label)]
  epochs  = 2
  batch   = 256
}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    (folder / "digits.nn").write_text(SPEC)
    result = run("train", str(folder / "digits.nn"), "--runs", str(folder), "--name", "one", "--quiet")
    assert result.exit_code == 0, result.output
    return folder / "one"


def test_a_card_tells_network_numbers_data_recipe_spec_and_files(trained: Path) -> None:
    result = run("card", str(trained))
    assert result.exit_code == 0, result.output
    card = result.stdout
    titles = [line for line in card.splitlines() if line.startswith("## ")]
    assert titles == [f"## {each}" for each in "Use Network Numbers Data Training Spec Files Licence".split()]
    settings = json.loads((trained / "run.json").read_text())
    weights = (trained / "best.safetensors").read_bytes()
    for line in (
        "nnspec predict one --input FILE",
        "| input `image` | `float[N, 1, 8, 8]` |",
        "| trainable parameters | 650 |",
        "| multiply-accumulates | 640 a sample |",
        "| data | `digits` |",
        "| augmented by | `[random_shift(pixels = 1)]` |",
        "| samples | 1,797 |",
        f"| SHA-256 | `{settings['data']}` |",
        "| epochs | 2 of 2 |",
        "| `batch` | `256` |",
        "| `seed` | `0` |",
        f"| `best.safetensors` | {len(weights):,} | `{sha256(weights).hexdigest()}` |",
    ):
        assert line in card.splitlines()
    assert f"```nn\n{SPEC}```\n" in card
    assert card.count("**To be filled in:**") == 3 and "license: other  # to be filled in" in card


def test_an_evaluation_is_told_where_it_is_given(trained: Path, tmp_path: Path) -> None:
    assert run("evaluate", str(trained), "-o", str(tmp_path)).exit_code == 0
    file = tmp_path / "card.md"
    result = run("card", str(trained), "--evaluation", str(tmp_path / "evaluation.json"), "-o", str(file))
    assert result.stdout == f"{file}: the card of {trained}; 3 lines of it are to be filled in\n"
    card = file.read_text()
    evaluation = json.loads((tmp_path / "evaluation.json").read_text())
    assert "On digits, its validation part: 359 samples." in card
    assert f"| macro_f1 | {evaluation['comparisons'][0]['macro_f1']:.4f} |" in card
    assert sum(line.startswith(f"| {digit} |") for line in card.splitlines() for digit in range(10)) == 10


def test_what_is_no_run_or_no_evaluation_is_refused(trained: Path, tmp_path: Path) -> None:
    result = run("card", str(tmp_path))
    assert result.exit_code == 1 and result.stderr.startswith("error[E")
    (tmp_path / "other.json").write_text("{}")
    result = run("card", str(trained), "--evaluation", str(tmp_path / "other.json"), "-o", str(tmp_path / "card.md"))
    assert result.exit_code == 1 and result.stderr.startswith("error[E0456]: ")
    assert not (tmp_path / "card.md").exists()
