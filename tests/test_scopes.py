"""How long names live, what they may stand for, and the shapes that any rank has."""

from __future__ import annotations

import pytest
import torch

import nnspec
from nnspec.diagnostics import Diagnostic, SpecError

BLOCKS = """
block Normed(scale = 1.0) { [..., D]; gain = Parameter([D], init = scale); _ * gain }
block Ends { [N, ..., D]; Linear(D) }
block Flat { [...]; Tanh }
block Grow { [N, D]; for i in 1..2 { [N, D2]; Linear(2 * D2) } }
"""


def model(body: str, inputs: str = "input x: float[N, 8]") -> nnspec.Model:
    """A model with these blocks and this body."""
    return nnspec.loads(f"{BLOCKS}\nmodel M(deep = true) {{\n  {inputs}\n  {body}\n}}\n")


def told(body: str, inputs: str = "input x: float[N, 8]") -> Diagnostic:
    """The first mistake in a model with this body."""
    with pytest.raises(SpecError) as error:
        model(body, inputs)
    return error.value.found[0].diagnostic


def width(made: nnspec.Model) -> int:
    """The size of the last dimension of its output."""
    return int(str(made.program.main.output_types[0].shape[-1]))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("if deep { n = 3 } else { n = 4 }\n Linear(n)", 3),
        ("for i in 1..3 { n = 2 * i }\n Linear(n + i)", 9),
        ("n = 1\n for i in 1..3 { n = n + i }\n Linear(n)", 7),
        ("n = 2\n g: { n = 5; Linear(n) } -> Linear(3)", 3),
        ("n = 2\n g: { Linear(n) }", 2),
        ("n = [2, 3]\n for k in n { Linear(k) }", 3),
        ("h = x -> Linear(3)\n h = h -> Linear(5)\n h", 5),
        ("x = x -> Linear(3)\n x", 3),
        ("for i in 1..2 { [N, D]; Linear(2 * D) }", 32),
        ("for i in 1..2 { for j in 1..2 { [N, D]; Linear(D + j) } }", 14),
        ("for i in 1..2 { [N, D]; Linear(2 * D) }\n [N, D]\n Linear(D + 1)", 33),
        ("Grow", 32),
        ("Linear(4 if deep else 5)", 4),
        ("n = 4 if not deep else 6 if N == N else 7\n Linear(n)", 6),
        ("y = (x -> Linear(3)) if deep else x\n y", 3),
        ("unit = Linear(3) if deep else Tanh\n _ -> unit", 3),
        ("seen = none if deep else x\n if seen == none { Linear(2) }", 2),
        ("output y = x + 1\n y -> Linear(3)\n output z = _ -> Linear(5)", 8),
        ("n = 3; n = n + 1\n Linear(n)", 4),
    ],
)
def test_names_live_as_in_python(body: str, expected: int) -> None:
    assert width(model(body)) == expected


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("for i in 1..2 { [N, D] }\n Linear(D)", "E0201", "`D`"),
        ("g: { n = 3; Linear(n) }\n Linear(n)", "E0201", "`n`"),
        ("n = 1\n g: { n = 2; Linear(n) }\n Linear(n)", "E0250", "`n`"),
        ("n = 1\n g: { n = 2; Linear(n) } -> Linear(n)", "E0250", "`n`"),
        ("n = 8\n n = Parameter([n])\n _ * n", "E0249", "the number 8"),
        ("[N, D]\n D = x -> Linear(D)\n D", "E0249", "`D`"),
        ("for i in 1..2 { i = x }", "E0249", "`i`"),
        ("output N = x", "E0249", "`N`"),
        ("y = x if x > 0 else 0", "E0211", "a truth value"),
        ("if x > 0 { Tanh }", "E0211", "a truth value"),
        ("[..., ..., D]", "E0220", "a second"),
        ("[N, M, ..., D]", "E0204", "[N, M, ..., D]"),
        ("[..., 9]", "E0204", "9"),
        ("Linear([..., 3])", "E0220", "`...`"),
        ('"enc.1"', "E0201", "enc.1"),
        ("_ + RMSNorm", "E0211", "a layer"),
    ],
)
def test_names_that_do_not_are_refused(body: str, code: str, words: str) -> None:
    found = told(body)
    assert (found.code, words in found.message) == (code, True)


def test_a_name_that_ended_with_a_group_says_so() -> None:
    assert "ends with the group" in (told("g: { h = _ -> Linear(3); h -> Tanh }\n h -> ReLU").help or "")


def test_the_condition_of_a_model_says_how_elements_are_chosen() -> None:
    assert "where(condition, a, b)" in (told("y = x if x > 0 else -x").help or "")


def test_an_input_has_a_known_number_of_dimensions() -> None:
    assert told("Tanh", "input x: float[..., 8]").code == "E0220"


@pytest.mark.parametrize("shape", ["8", "N, 8", "N, T, 8", "N, 3, T, 8"])
def test_a_block_takes_any_rank(shape: str) -> None:
    made = model("Normed(2.0) -> Flat", f"input x: float[{shape}]")
    given = torch.randn(*[8 if size == "8" else 3 for size in shape.split(", ")])
    torch.testing.assert_close(made.to_torch()(given), (2 * given).tanh())
    if shape != "8":
        assert model("Ends", f"input x: float[{shape}]").summary().trainable == 72


def test_what_is_not_chosen_is_not_built() -> None:
    made = model("a: (Linear(3) if deep else Linear(5))\n y = x if deep else (x -> Linear(7))\n _ + (y -> Linear(3))")
    assert made.summary().trainable == 2 * 27


STEPS = """
model M {
  input x: float[T, N, 8]
  for i in 0..2 { "rnn.{i}": LSTM(8) -> "drop-{i}": Tanh }
  mean = "rnn.0".state + "rnn.{2}".state
  output y = ("drop-{0}", "rnn.2") -> Concat(dim = -1)
  output z = (mean -> "out put": Linear(3)) + 1
  output w = x -> "rnn.{1}" -> 2 x "rnn.1"
  output v = x + "rnn.1"
}
"""


def test_a_string_is_the_label_that_it_spells() -> None:
    module, x = nnspec.loads(STEPS).to_torch(), torch.randn(5, 3, 8)
    one, two, three = module.rnn
    a, (h0, _) = one(x)
    b, _ = two(a.tanh())
    c, (h2, _) = three(b.tanh())
    y, z, w, v = module(x)
    torch.testing.assert_close(y, torch.cat([a.tanh(), c], -1))
    torch.testing.assert_close(z, getattr(module, "out put")(h0 + h2) + 1)
    torch.testing.assert_close(w, two(two(two(x)[0])[0])[0])
    torch.testing.assert_close(v, x + b)


def test_a_dimension_of_a_block_has_the_bound_of_the_one_outside_though_it_has_its_name() -> None:
    model = nnspec.loads(
        "block Cut { [_, T, _]; table = Buffer(zeros([64])) ; _[:, :, 0] + table[:T] }\n"
        "model M { input x: float[N, T <= 64, 4]; Cut }\n"
    )
    assert str(model.program.main.output_types[0]) == "[N, T]"
