"""What networks over sequences need of the language: ties to a Parameter, orders of keys, values kept along a repeat."""

from __future__ import annotations

import pytest
import torch

import nnspec
from nnspec.ir.state import state_dict, totals

TIED = """
block Head(table) {
  bias = Parameter([7])
  decoder: Linear(7, weight = table, bias = bias)
}
model A {
  input tokens: int[N, T]
  shared.weight: Parameter([7, 4], init = ["normal", 0.0, 1.0])
  table = _
  tokens -> words: Embedding(7, 4, weight = table) -> head: Head(table = table)
}
"""

MASKED = """
block Step: x, seen? {
  [N, D]
  if seen == none { Linear(D) } else { _ * seen -> Linear(D) }
}
model A {
  input given: float[N, 4]
  keep = cast(given > 0.0, "float")
  given -> first: Step(seen = keep)
  3 x Step(seen = keep)
}
"""


def test_a_weight_is_tied_to_a_parameter_and_counted_once() -> None:
    model = nnspec.loads(TIED)
    keys = {entry.key: entry.tied_to for entry in state_dict(model.program)}
    assert keys == {
        "shared.weight": None,
        "words.weight": "shared.weight",
        "head.bias": None,
        "head.decoder.weight": "shared.weight",
        "head.decoder.bias": "head.bias",
    }
    assert totals(model.program)[model.program.entry].parameters == 7 * 4 + 7
    module = model.to_torch()
    assert list(module.state_dict()) == list(keys)
    assert module.head.decoder.bias is module.head.bias and module.words.weight is module.shared.weight
    assert "_ = " not in model.torch_source()


def test_a_parameter_of_another_shape_cannot_be_tied() -> None:
    with pytest.raises(nnspec.SpecError, match="bias"):
        nnspec.loads(TIED.replace("Parameter([7])", "Parameter([8])"))


def test_a_value_given_to_every_application_of_a_repeat_survives_the_loop() -> None:
    model = nnspec.loads(MASKED)
    module = model.to_torch()
    x = torch.randn(5, 4)
    wanted, keep = x, (x > 0).float()
    for step in module.children():
        (linear,) = step.children()
        wanted = linear(wanted * keep)
    torch.testing.assert_close(module(x), wanted)


def test_a_mistake_in_what_stands_in_for_an_absent_input_is_told_once() -> None:
    text = "block B: x, m? { if m == none { m = _ -> Wrong }\n x + m }\nmodel A { input x: float[N, 4]; B }"
    with pytest.raises(nnspec.SpecError) as found:
        nnspec.loads(text)
    assert str(found.value).count("error[") == 1
