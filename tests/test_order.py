"""`order`: labels stand in the `state_dict` where a spec says, not where their steps run."""

from __future__ import annotations

import pytest
import torch

import nnspec
from nnspec.ir.state import state_dict, totals

SPEC = """
model Net {{
  input x: float[N, 4]
  {order}
  table = Parameter([4])
  first: Linear(3)
  parts.0: Linear(5) -> parts.1: Linear(6)
  stack: 2 x Linear(6)
  _[:, :4] + table
  output y = last: Linear(2)
}}
"""


def keys(order: str) -> list[str]:
    """The modules of the keys, in order, after checking that PyTorch has the same ones in the same order."""
    model = nnspec.loads(SPEC.format(order=order))
    found = [entry.key for entry in state_dict(model.program)]
    assert list(model.to_torch().state_dict()) == found
    assert nnspec.from_json(model.to_json()).program == model.program
    return list(dict.fromkeys(key.removesuffix(".weight").removesuffix(".bias") for key in found))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("", ["table", "first", "parts.0", "parts.1", "stack.0", "stack.1", "last"]),
        ("order last", ["table", "last", "first", "parts.0", "parts.1", "stack.0", "stack.1"]),
        ("order last, parts", ["table", "last", "parts.0", "parts.1", "first", "stack.0", "stack.1"]),
        ("order parts.1, first", ["table", "parts.1", "parts.0", "first", "stack.0", "stack.1", "last"]),
        ('for i in 0..1 { order "parts.{1 - i}" }', ["table", "parts.1", "parts.0", "first", "stack.0", "stack.1", "last"]),
        ("order stack\n  order first", ["table", "stack.0", "stack.1", "first", "parts.0", "parts.1", "last"]),
    ],
)  # fmt: skip
def test_what_is_named_comes_first_and_own_parameters_before_it(order: str, expected: list[str]) -> None:
    assert keys(order) == expected


def test_the_order_changes_neither_counts_nor_results() -> None:
    plain, ordered = (nnspec.loads(SPEC.format(order=order)) for order in ("", "order last, parts.1"))
    assert totals(plain.program)[plain.program.entry] == totals(ordered.program)[ordered.program.entry]
    first, second = plain.to_torch().double(), ordered.to_torch().double()
    second.load_state_dict(first.state_dict())
    x = torch.rand(3, 4, dtype=torch.float64)
    assert torch.equal(first(x), second(x))


@pytest.mark.parametrize(
    ("value", "expected"), [("32 * 1.4", 48), ("16 * 0.35", 8), ("24 * 0.35", 8), ("40 * 1.1", 48), ("1", 8)]
)
def test_scaled_widths_are_rounded_as_the_papers_do(value: str, expected: int) -> None:
    model = nnspec.loads(f"model Net {{\n  input x: float[N, 4]\n  Linear(divisible({value}, 8))\n}}")
    assert str(model.program.main.output_types[0]) == f"[N, {expected}]"


def test_the_order_may_name_steps_that_an_if_leaves_out() -> None:
    text = """
    model M(gate = true) {
      input x: float[N, 4]
      order last, extra, first
      first: Linear(4)
      if gate { extra: Linear(4) }
      last: Linear(4)
    }
    """
    keys = [list(nnspec.loads(text, settings={"gate": gate}).to_torch().state_dict()) for gate in (True, False)]
    assert [list(dict.fromkeys(key.split(".")[0] for key in each)) for each in keys] == [
        ["last", "extra", "first"],
        ["last", "first"],
    ]
    with pytest.raises(nnspec.SpecError, match="E0201"):
        nnspec.loads(text.replace("last, extra", "last, other"))
