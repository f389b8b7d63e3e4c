"""`nnspec format`: one canonical way, stable, with the same meaning and every comment kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from nnspec.cli.main import main
from nnspec.diagnostics import Sink, Source
from nnspec.formatting import format_text
from nnspec.formatting.lexemes import Lexeme, lexemes
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse

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


def _tree(text: str) -> object:
    sink = Sink()
    file = parse(Source("t", text), sink)
    sink.raise_errors()
    return _without_places(file.declarations)


def _without_places(node: object) -> object:
    if isinstance(node, tuple):
        return tuple(map(_without_places, node))
    if isinstance(node, t.Node):
        names = [name for name in node.record_fields if name not in ("start", "end", "documentation")]
        return type(node).__name__, *(_without_places(getattr(node, name)) for name in names)
    return node


def _disturbed(text: str, chance: random.Random) -> str:
    """The same text with other space between its pieces, and comments at the ends of lines."""
    made = ""
    before: Lexeme | None = None
    for piece in lexemes(text):
        words = before is not None and (before.text[-1] + piece.text[0]).replace("_", "a").isalnum()
        may_touch = not words or piece.spaces == 0
        tight = piece.spaces == 0 and before is not None and "." in (before.text, piece.text)
        joined = tight or (piece.spaces == 0 and before is not None and (before.text[-1] + piece.text[0]).isalnum())
        if piece.kind == "end" and (before is None or before.kind != "comment") and chance.random() < 0.1:
            made += f"  #{chance.choice(['', ' why', '!'])}{chance.randint(0, 99)}"
        made += "" if joined else " " * chance.choice([0, 1, 1, 2, 5] if may_touch else [1, 2, 5])
        made += piece.text + ("\n" if piece.kind == "end" and chance.random() < 0.1 else "")
        before = piece
    return made


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_any_space_is_brought_into_form_and_changes_no_meaning(path: Path) -> None:
    chance = random.Random(path.stem)
    text = path.read_text()
    for _ in range(4):
        given = _disturbed(text, chance)
        made = format_text(given)
        assert format_text(made) == made
        assert _tree(made) == _tree(given) == _tree(text)
        comments = [["".join(x.text.split()) for x in lexemes(each) if x.kind == "comment"] for each in (given, made)]
        assert comments[0] == comments[1]


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
