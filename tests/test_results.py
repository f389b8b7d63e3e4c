"""Several results are several results: of `Split`, of a block, of a group; an LSTM's value is its sequence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import nnspec
from nnspec.diagnostics import SpecError

BLOCKS = """
block Merge: a, b { a - b }
block Two { output sum = _ + 1; output double = _ * 2 }
"""


def load(tmp_path: Path, body: str) -> nnspec.Model:
    """A model with this body."""
    path = tmp_path / "model.nn"
    path.write_text(f"{BLOCKS}\nmodel M {{\n  input x: float[N, 4, 8]\n  {body}\n}}\n", encoding="utf-8")
    return nnspec.load(path)


X = torch.arange(64.0).reshape(2, 4, 8)
FIRST, SECOND = X[:, :2], X[:, 2:]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("parts = _ -> Split(2)\n output y = parts[0] - parts[1]", FIRST - SECOND),
        ("parts: Split(2)\n parts[-1] - parts[-2]", SECOND - FIRST),
        ("parts: Chunk(2, dim = 1)\n parts.0 - parts.1", FIRST - SECOND),
        ("a, b = _ -> Split(2)\n a - b", FIRST - SECOND),
        ("Split(2) -> Merge", FIRST - SECOND),
        ("Split(2) -> _[1]", SECOND),
        ("Split(2)\n _[0] - _[1]", FIRST - SECOND),
        ("Split(2) -> Concat(dim = 1)", X),
        ("parts: Split(4)\n parts[1:3] -> Concat(dim = 1)", X[:, 1:3]),
        ("parts: Split(4)\n for part in parts { part -> [N, 1, 8] }\n _ * len(parts)", X[:, 3:] * 4),
        ("parts: Split(2)\n parts[0][:, 1]", X[:, 1]),
        ("Two -> Merge", 1 - X),
        ("two: Two\n two[1] - two.sum", X - 1),
        ("two: Two\n x * 3 -> two -> Merge", 1 - 3 * X),
        ("{ Split(2) } -> Merge", FIRST - SECOND),
        ("g: { Split(2) }\n g[1] - g[0]", SECOND - FIRST),
        ("concat { Split(2) ; _ }", torch.cat([FIRST, SECOND, X], 1)),
    ],
)
def test_several_results_go_on_together_and_are_chosen_by_number_or_name(
    tmp_path: Path, body: str, expected: torch.Tensor
) -> None:
    assert torch.equal(load(tmp_path, body).to_torch()(X), expected)


def test_a_model_that_ends_with_several_results_gives_them_all(tmp_path: Path) -> None:
    first, second = load(tmp_path, "Split(2)").to_torch()(X)
    assert torch.equal(first, FIRST) and torch.equal(second, SECOND)


def test_the_value_of_a_recurrent_layer_is_its_sequence(tmp_path: Path) -> None:
    made = load(tmp_path, "rnn: LSTM(3)\n output y = rnn -> Linear(2)\n output last = rnn.state")
    assert [str(type) for type in made.program.main.output_types] == ["[N, 4, 2]", "[1, 4, 3]"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("Split(2) -> ReLU", "E0209"),
        ("Split(2) -> Split(2)", "E0209"),
        ("Two -> Linear(3)", "E0209"),
        ("output y = Split(2)", "E0211"),
        ("parts: Split(2)\n parts + 1", "E0211"),
        ("parts: Split(2)\n parts + parts", "E0211"),
        ("parts: Split(2)\n -parts", "E0211"),
        ("parts: Split(2)\n relu(parts)", "E0211"),
        ("parts: Split(2)\n (parts, x) -> Concat", "E0211"),
        ("parts: Split(2)\n (x, mask = parts) -> MultiheadAttention(2)", "E0211"),
        ("parts: Split(2)\n Linear(parts)", "E0211"),
        ("parts: Split(2)\n [N, 2, 8]", "E0211"),
        ("residual { Split(2) }", "E0211"),
        ("parts: Split(2)\n parts[2]", "E0212"),
        ("parts: Split(2)\n parts[-3]", "E0212"),
        ("parts: Split(2)\n parts[0, 1]", "E0212"),
        ("parts: Split(2)\n parts[true]", "E0212"),
        ("parts: Split(2)\n parts.2", "E0226"),
        ("a, b, c = _ -> Split(2)\n a", "E0209"),
    ],
)
def test_several_results_where_one_is_needed_are_a_mistake(tmp_path: Path, body: str, code: str) -> None:
    with pytest.raises(SpecError) as error:
        load(tmp_path, body)
    (mistake,) = [each.diagnostic for each in error.value.found]
    assert mistake.code == code
    assert mistake.span is not None and mistake.help
