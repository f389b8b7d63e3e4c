"""Weights that no output depends on are told, wherever they sit."""

from __future__ import annotations

from pathlib import Path

import pytest

import nnspec

BLOCKS = """
block Pair { output a = _ -> one: Linear(8); output b = _ -> two: Linear(8) }
block Ignores: x, y { x * 2 }
block Inner { dead = _ -> d: Linear(8); c: Linear(8) }
block Deep { i: Inner }
block Step: element, hidden {
  dead = element -> d: Linear(3)
  (element, hidden) -> Add -> c: Linear(8)
  output result = _
  output hidden = result
}
"""
HEAD = "input x: float[N, 8]\n  input s: float[T, N, 8]\n  x"


def told(tmp_path: Path, body: str) -> list[str]:
    """The steps that are told of a model with this body."""
    path = tmp_path / "model.nn"
    path.write_text(f"{BLOCKS}\nmodel M {{\n  {HEAD}\n  {body}\n}}\n", encoding="utf-8")
    found = [each.diagnostic for each in nnspec.load(path).found]
    assert {each.code for each in found} <= {"W0225"}
    assert all(each.span for each in found)
    return [each.message.split()[-1] for each in found]


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("dead = _ -> b: Linear(8)", ["b"]),
        ("dead = _ + (_ -> b: Linear(8))", ["b"]),
        ("a: Linear(8)\n h = a -> b: Linear(8)\n h2 = h -> c: Linear(8) -> ReLU\n output y = a", ["b", "c"]),
        ("p: Pair\n output y = p.a", ["p.two"]),
        ("d: Linear(8)\n (x, d) -> Ignores", ["d"]),
        ("i: Inner", ["i.d"]),
        ("3 x Deep", ["0.i.d"]),
        ("g: { h: Linear(8); q = x -> k: Linear(8) -> Tanh }", ["g.k"]),
        ("residual { a: Linear(8); dead = _ -> b: Linear(8) }", ["b"]),
        ("3 x { x -> Linear(8) }", ["0"]),  # only the last of them counts
        ("(each s, carry x) -> step: scan Step\n output y = step.result", ["step.d"]),
        ("training { a: Linear(8) -> ReLU }\n ReLU", ["a"]),
        ("i: Inner\n output y = x", ["i"]),
        ('for k in 1..3 { x -> "h{k}": Linear(8) }\n _', ["h1"]),
        ("dead = Parameter([8])", ["dead"]),
    ],
)
def test_weights_that_no_output_depends_on_are_told(tmp_path: Path, body: str, steps: list[str]) -> None:
    assert told(tmp_path, body) == steps


@pytest.mark.parametrize(
    "body",
    [
        "p: Pair\n q = x -> p\n output y = p.a + q[1]",
        "a: Linear(8)\n b = x -> a\n output y = b",
        "e: Linear(8)\n output y = x -> f: Linear(8, weight = e.weight)",
        "training { output aux = a: Linear(8) }\n ReLU",
        "training { a: Linear(8) }\n ReLU",
        'for k in 1..3 { "h{k}": Linear(8) }',
        "3 x Linear(8)",
        "backbone: Deep\n output y = backbone.i.d",
        "output scale = sum(_ -> a: Linear(8))\n output y = x",
    ],
)
def test_weights_that_are_needed_once_are_not_told(tmp_path: Path, body: str) -> None:
    assert [step for step in told(tmp_path, body) if step != "backbone.i.c"] == []


def test_no_network_of_the_zoo_has_weights_that_do_nothing(repository: Path) -> None:
    for path in sorted((repository / "specs").glob("*.nn")):
        found = [each.diagnostic for each in nnspec.load(path).found]
        assert [each.message for each in found if each.code == "W0225"] == []
