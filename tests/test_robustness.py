"""Whatever the input, `nnspec check` answers with exit code 0, or with diagnostics and exit code 1; never otherwise.

No test measures time: what would take for ever does not end.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.diagnostics.render import render

LENET = """\
# LeNet-5, about.
model LeNet(classes = 10) {
  input image: float[N, 1, 28, 28]
  features: {
    Conv2d(6, 5, padding = 2) -> Tanh -> AvgPool2d(2)
    residual { Conv2d(6, 3, padding = 1) } skip { Conv2d(6, 1) }
  }
  require classes > 1, "at least {2} classes"
  for i in 1..2 { "unit{i}": { 2 x Conv2d(6, 1) } }
  if classes != 10 { ReLU } else { concat(dim = 1) { _ ; Tanh } }
  Flatten -> [N, 12 * 14 * 14]
  hidden = _ -> fc1: Linear(84) -> ReLU
  output logits = hidden * 0.5 + 1 -> _[:, 0:84] -> fc2: Linear(classes)
}
"""
BLOCKS = """\
block Unit(width, act = ReLU): x, extra? { x -> conv: Conv2d(width, [3, 3], padding = 1) -> act }
model Net = Inner(3)
model Inner(n) {
  input a: float[N, 3, 2*h, W <= 64]
  widths = [4, 2 ** 3, -1 + 9]
  for w, k in [[4, 1], [8, 3]] { Unit(w) -> Unit(k, act = Tanh) }
  training { aux = _ -> Flatten(2) }
  output y = _
}
"""
TEXTS = (LENET, BLOCKS)
_TOKEN = re.compile(r"\w+|->|\.\.|\*\*|//|[<>=!]=|\s+|.", re.DOTALL)


def answer(text: str) -> str:
    """What is said of a text: "" if it is sound. Everything but a SpecError is a bug and comes through."""
    try:
        nnspec.loads(text)
    except SpecError as error:
        assert error.found
        shown = render(error.found)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
        json.dumps([item.diagnostic.to_json(item.chain) for item in error.found])
        return shown
    return ""


def model(body: str, shape: str = "N, 4") -> str:
    """A model with this body."""
    return f"model M {{\n  input x: float[{shape}]\n{body}\n}}\n"


@pytest.mark.parametrize("text", TEXTS, ids=["lenet", "blocks"])
def test_the_texts_that_are_damaged_below_are_sound(text: str) -> None:
    assert answer(text) == ""


@pytest.mark.parametrize("text", TEXTS, ids=["lenet", "blocks"])
def test_every_beginning_of_a_spec_is_answered(text: str) -> None:
    for length in range(len(text) - 2):
        shown = answer(text[:length])
        complete = length in _ends(text)
        assert shown or complete, text[:length]


def _ends(text: str) -> set[int]:
    """The lengths at which a beginning ends behind a whole model."""
    return {match.end() + more for match in re.finditer(r"^(}|model \w+ = .*)$", text, re.MULTILINE) for more in (0, 1)}


@settings(max_examples=250, derandomize=True, deadline=None)
@given(st.data())
def test_damaged_tokens_are_answered(data: st.DataObject) -> None:
    tokens = _TOKEN.findall(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(tokens) - 1))
        other = data.draw(st.integers(0, len(tokens) - 1))
        damage = data.draw(st.sampled_from(["delete", "double", "swap", "replace"]))
        if damage == "delete" and len(tokens) > 1:
            del tokens[index]
        elif damage == "double":
            tokens.insert(index, tokens[index])
        elif damage == "swap":
            tokens[index], tokens[other] = tokens[other], tokens[index]
        else:
            tokens[index] = tokens[other]
    answer("".join(tokens))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_answered(text: str) -> None:
    assert answer(text)
    answer(model(text))


def test_random_bytes_are_answered(tmp_path: Path) -> None:
    generator = random.Random(2)
    path = tmp_path / "random.nn"
    for size in (1, 10, 1000, 100_000):
        path.write_bytes(generator.randbytes(size))
        result = CliRunner().invoke(main, ["check", str(path)], catch_exceptions=False)
        assert result.exit_code == 1
        assert "error[E01" in result.stderr


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"\0" * 100, b"\r\r\r", b"# " + b"x" * 10_000])
def test_files_without_a_model_are_answered(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "empty.nn"
    path.write_bytes(data)
    result = CliRunner().invoke(main, ["check", str(path)], catch_exceptions=False)
    assert result.exit_code == 1
    assert "error[E01" in result.stderr


def test_a_folder_and_a_missing_file_are_answered(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.nn"):
        result = CliRunner().invoke(main, ["check", str(path)], catch_exceptions=False)
        assert result.exit_code == 1
        assert "error[E0105]" in result.stderr


def test_wrong_usage_has_exit_code_2(tmp_path: Path) -> None:
    for arguments in (["--set", "x"], ["--input", "x=axb"], ["--limit", "bits=3"], ["--limit", "size=many"]):
        assert CliRunner().invoke(main, ["check", str(tmp_path), *arguments]).exit_code == 2


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "lenet.nn"
    path.write_bytes(b"\xef\xbb\xbf" + LENET.replace("\n", newline).encode())
    assert nnspec.load(path).program.main.values == nnspec.loads(LENET).program.main.values


HOSTILE = {
    "endless loop": (model("for i in 1..1000000000 { a = i }"), "E0216"),
    "loops in loops": (model("for i in 1..1000000000 { for j in 1..1000000000 { } }"), "E0216"),
    "long work in a loop": (model("for i in 1..1000000000 { a = 0" + " + 1" * 3000 + " }"), "E0216"),
    "doubled string": (model('a = "ab"\nfor i in 1..100 { a = a + a }'), "E0212"),
    "doubled list": (model("a = [1]\nfor i in 1..100 { a = a + a }"), "E0212"),
    "doubled size": (model("a = N\nfor i in 1..100 { a = a * (a + 1) }"), "E0212"),
    "power": (model("a = 10 ** 999999999999"), "E0212"),
    "recursion": ("block A(n) {\n  A(n + 1)\n}\n" + model("A(1)"), "E0215"),
    "recursion in a circle": ("block A { B }\nblock B { A }\n" + model("A"), "E0215"),
    "a tree of blocks": (
        "block A(n, k) {\n  if n > 0 { A(n - 1, 2 * k) -> A(n - 1, 2 * k + 1) } else { ReLU }\n}\n" + model("A(50, 1)"),
        "E0216",
    ),
    "a repeat of changing shapes": (model("1000000000 x { Conv2d(1, 3) }", "N, 1, H, W"), "E0216"),
    "huge shape": (model("ReLU", "N, 99999999999"), "E0216"),
    "huge layer": (model("Linear(99999999999)"), "E0206"),
    "huge flatten": (model("Flatten", "N, 2000000000, 2000000000"), "E0216"),
    "long number": (model("Linear(" + "9" * 100_000 + ")"), "E0107"),
    "long name": (model("A" * 100_000), "E0201"),
    "long string": (model('Linear("' + "A" * 100_000 + '")'), "E0206"),
    "long path": (model("x" + ".a" * 15_000), "E0226"),
    "many tokens": (model("ReLU\n" * 30_000), "E0106"),
    "many brackets": (model("(" * 10_000), "E0106"),
    "many bodies": (model("{" * 10_000), "E0106"),
    "many interpolations": (model('"' + "{i}" * 50_000 + '": ReLU'), "E0106"),
    "many lone braces": (model('"' + "{" * 50_000 + '": ReLU'), "E0108"),
    "many broken declarations": ("model A {\n }}\n" * 20_000, "E0101"),
    "many unknown names": (model("Foo\n" * 5000), "E0201"),
    "right to left": (model("ReLU \u202e"), "E0103"),
    "import of a zero byte": ('import A from "a\0.nn"\n', "E0217"),
}


@pytest.mark.parametrize(("text", "code"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_specs_end_with_a_diagnostic(text: str, code: str) -> None:
    shown = answer(text)
    assert f"error[{code}]" in shown
    assert len(shown) < 60_000


LARGE = {
    "a sum of many terms": model("x" + " + 1" * 3000),
    "a long chain": model("x" + " -> ReLU" * 3000),
    "many else ifs": model("if false { ReLU }" + " else if false { ReLU }" * 2000),
    "deep parentheses": model("(" * 62 + "x" + ")" * 62),
    "deep groups": model("{" * 61 + "ReLU" + "}" * 61),
    "a million repeats": model("1000000 x { Linear(4) -> ReLU }"),
    "a billion repeats": model("1000000000 x ReLU"),
    "shared recursion": "block A(n) {\n if n > 0 { A(n - 1) -> A(n - 1) } else { Linear(4) }\n}\n" + model("A(60)"),
    "deep groups in deep recursion": "block A(n) {\n  if n > 0 { "
    + "{ residual { " * 25
    + "A(n - 1)"
    + " } }" * 25
    + " } else { Linear(4) }\n}\n"
    + model("A(60)"),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_large_specs_are_sound(text: str) -> None:
    assert answer(text) == ""


def test_a_limit_is_raised_by_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "deep.nn"
    path.write_text(model("(" * 100 + "x" + ")" * 100))
    assert CliRunner().invoke(main, ["check", str(path)]).exit_code == 1
    assert CliRunner().invoke(main, ["check", str(path), "--limit", "nesting=200"]).exit_code == 0
