"""`nnspec format`: one canonical way, stable, with the same meaning and every comment kept."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.formatting import format_text
from tests.fuzz.formats import comments, disturbed, tree

ROOT = Path(__file__).parent.parent
SPECS = sorted([*(ROOT / "specs").rglob("*.nn"), *(ROOT / "examples").glob("*.nn")])

CASES = {
    "spaces around signs": (
        "model  M(a=1,b = [ 1,2 ]){\n input x:float[N,a*2]\n -x**2+a  ->  f:Linear( 3,bias=false )\n}",
        "model M(a = 1, b = [1, 2]) {\n  input x: float[N, a * 2]\n  -x ** 2 + a -> f: Linear(3, bias = false)\n}\n",
    ),
    "paths, slices and repetitions": (
        "block B : x , mask ? {\n2  x C(1)\na . 0 . 3x3:D\nx[ : , 1 : -1,a + 1 : b ]\nfor i in 1 .. 3{E ;F}\n}",
        "block B: x, mask? {\n  2 x C(1)\n  a.0.3x3: D\n  x[:, 1 : -1, a + 1 : b]\n  for i in 1..3 { E ; F }\n}\n",
    ),
    "what an author sets below something stays so": (
        "model M {\n  a: Linear(10)  -> ReLU\n  bb: Linear(9)  -> Tanh # one\n  c: Linear(8)\n}\n",
        "model M {\n  a: Linear(10) -> ReLU\n  bb: Linear(9) -> Tanh  # one\n  c: Linear(8)\n}\n",
    ),
    "a longer name moves its neighbours": (
        "train {\n  data      = digits\n  learning_schedule  = cosine\n}\n",
        "train {\n  data              = digits\n  learning_schedule = cosine\n}\n",
    ),
    "lines that go on": (
        "model M(\na = 1, b = 2\n) {\nx\n-> Linear(3)\nBlock(a,\nb)\nresidual {\nLinear(2)\n} skip {\nLinear(2)\n}\n}",
        "model M(\n  a = 1, b = 2\n) {\n  x\n    -> Linear(3)\n  Block(a,\n        b)\n  residual {\n    Linear(2)\n"
        "  } skip {\n    Linear(2)\n  }\n}\n",
    ),
    "blank lines": (
        "\n\n# a net\nmodel M {\n\n  input x: float[N]\n\n\n\n  #a comment\n  Linear(2)\n\n}\n\n\n",
        "# a net\nmodel M {\n  input x: float[N]\n\n  # a comment\n  Linear(2)\n}\n",
    ),
    "a table of numbers": (
        "model M {\n  t = [\n    [ 1,  20],\n  [300,   4],\n  ]\n}\n",
        "model M {\n  t = [\n    [ 1,  20],\n    [300,   4],\n  ]\n}\n",
    ),
    "line ends of other systems": ("model M {\r\n\tLinear( 2 )\r\n}", "model M {\n  Linear(2)\n}\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_text_has_one_canonical_form(name: str) -> None:
    text, expected = CASES[name]
    assert format_text(text) == expected
    assert format_text(expected) == expected


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_specs_that_come_with_nnspec_are_formatted(path: Path) -> None:
    text = path.read_text()
    assert format_text(text) == text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_any_space_is_brought_into_form_and_changes_no_meaning(path: Path) -> None:
    text = path.read_text()
    given = disturbed(text, Random(path.stem))
    made = format_text(given)
    assert format_text(made) == made
    assert tree(made) == tree(given) == tree(text)
    assert comments(made) == comments(given)


def test_what_comes_to_stand_in_one_column_is_aligned_together() -> None:
    text = "train {\n  epochs     = 2\n  batch     = 7\n   seed\t=145\n split  =\t0\n}\n"
    assert format_text(text) == "train {\n  epochs = 2\n  batch  = 7\n  seed   = 145\n  split  = 0\n}\n"


def test_a_comment_above_a_block_documents_it_wherever_it_begins() -> None:
    text = "  #  A net.\n\t# Of one layer.\n model M { input x: float[N, 2] ; Linear(2) }\n"
    for given in (text, format_text(text)):
        assert nnspec.loads(given).program.main.documentation == "A net.\nOf one layer."


def test_files_folders_and_standard_input_are_formatted(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / ".hidden").mkdir()
    wrong, right = "model M {\n    Linear( 2 )\n}\n", "model M {\n  Linear(2)\n}\n"
    for name in ("a.nn", "inner/b.nn", ".hidden/c.nn"):
        (tmp_path / name).write_text(wrong)
    (tmp_path / "d.nn").write_text(right)
    run = CliRunner().invoke
    checked = run(main, ["format", "--check", str(tmp_path)])
    assert checked.exit_code == 1 and "would format" in checked.stderr and (tmp_path / "a.nn").read_text() == wrong
    shown = run(main, ["format", "--diff", str(tmp_path / "a.nn")])
    assert shown.exit_code == 0 and "+  Linear(2)" in shown.stdout and (tmp_path / "a.nn").read_text() == wrong
    done = run(main, ["format", str(tmp_path)])
    assert done.exit_code == 0 and done.stderr.count("formatted") == 3
    assert (tmp_path / "a.nn").read_text() == (tmp_path / "inner" / "b.nn").read_text() == right
    assert (tmp_path / ".hidden" / "c.nn").read_text() == wrong
    assert run(main, ["format", "--check", str(tmp_path)]).exit_code == 0
    piped = run(main, ["format", "-"], input=wrong)
    assert piped.exit_code == 0 and piped.stdout == right


def test_a_text_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.nn"
    path.write_text("model M {\n  Linear(2\n}\n")
    good = tmp_path / "n.nn"
    good.write_text("model M {\n    Linear(2)\n}\n")
    found = CliRunner().invoke(main, ["format", str(path), str(good)])
    assert found.exit_code == 1 and "error[E" in found.stderr
    assert path.read_text() == "model M {\n  Linear(2\n}\n" and good.read_text() == "model M {\n    Linear(2)\n}\n"
    assert CliRunner().invoke(main, ["format", str(tmp_path / "none.nn")]).exit_code == 1
