"""A module that is applied again to inputs of other sizes computes with these, or is refused before it runs."""

from __future__ import annotations

import pytest
import torch

import nnspec
from nnspec import SpecError

MODEL = """\
block B { [N, T, D]; BODY }
model M {
  input a: float[N, 4, 3]
  input b: float[N, 5, 3]
  p = a -> t: B
  q = b -> t
  output y = (p -> Mean(1)) + (q -> Mean(1))
}
"""


@pytest.mark.parametrize(
    "body",
    [
        "Linear(D) -> Reshape([N, D, T]) -> Transpose(1, 2)",
        "{ Linear(D) -> _ * T }",
        "Linear(D) -> Dropout(0.1 * T)",
        "Linear(D) -> { Linear(D) -> Dropout(0.1 * T) }",
    ],
)
def test_numbers_of_the_first_application_are_not_those_of_the_second(body: str) -> None:
    model = nnspec.loads(MODEL.replace("BODY", body))
    for refuse in (model.check, model.torch_source):
        with pytest.raises(SpecError, match="E0301"):
            refuse()


def test_steps_without_numbers_take_any_size() -> None:
    model = nnspec.loads(MODEL.replace("BODY", "Linear(D) -> MultiheadAttention(1)"))
    assert model.check() == []
    module, a, b = model.to_torch().eval(), torch.rand(2, 4, 3), torch.rand(2, 5, 3)
    expected = module.t(a).mean(1) + module.t(b).mean(1)
    torch.testing.assert_close(module(a, b), expected)
