"""What a recipe freezes, as `nnspec summary` tells it."""

import pytest

import nnspec
from nnspec import SpecError

TEXT = """
block Body(width) { [N, D] ; a: Linear(width) -> ReLU -> b: Linear(D) }
model M { input image: float[N, 1, 8, 8]
  Flatten
  body: { stem: Linear(8) -> norm: BatchNorm1d
    layers: 3 x Body(4) }
  for i in 0..2 { "blocks.{i}": Linear(8) }
  own: Parameter([8], trainable = false)
  scaled = _ * own
  output logits = scaled -> head: Linear(10)
}
train { data = digits ; loss = cross_entropy(logits, label) ; FREEZE }
"""


def rows(freeze: str) -> tuple[dict[str, tuple[str, int]], nnspec.summary.Summary]:
    """The notes and the trainable parameters of the rows, by path."""
    summary = nnspec.loads(TEXT.replace("FREEZE", freeze)).summary()
    return {str(row.path): (", ".join(row.notes), row.trainable) for row in summary.rows}, summary


def test_rows_say_what_the_recipe_freezes_and_totals_follow() -> None:
    found, summary = rows("freeze = [body.stem, body.layers]")
    body = 64 * 8 + 8 + 3 * (2 * 32 + 12)
    assert found["body"] == ("partly frozen by the recipe", 16)
    assert found["body.stem"] == ("frozen by the recipe", 0)
    assert found["body.norm"] == ("", 16)
    assert found["body.layers.0"] == ("frozen by the recipe", 0)
    assert found["body.layers.0.a"] == ("frozen by the recipe", 0)
    assert found["own"] == ("frozen", 0)
    assert found["head"] == ("", 90)
    assert (summary.frozen, summary.trainable) == (body + 8, summary.parameters - body - 8)
    assert "stem: Linear (frozen by the recipe)" in str(summary)


def test_parts_that_are_thawed_later_and_parts_of_repeats_are_told() -> None:
    found, summary = rows('freeze = ["body.layers.1", "blocks.0", "blocks.1", "blocks.2"] ; thaw = 3')
    assert found["body.layers.0"] == ("partly frozen by the recipe for 3 epochs", 2 * 76)
    assert found["body.layers.0.a"] == ("", 36)
    assert found["blocks.0"] == ("frozen by the recipe for 3 epochs", 0)
    assert summary.frozen == 76 + 3 * 72 + 8


def test_training_freezes_as_many() -> None:
    model = nnspec.load("examples/transfer_digits.nn")
    module, summary = model.to_torch(), model.summary()
    frozen = sum(weight.numel() for name, weight in module.named_parameters() if not name.startswith("classifier"))
    assert summary.frozen == frozen


def test_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match="`stems` is no part of the model"):
        rows("freeze = [stems]")


def test_without_freeze_the_recipe_is_not_read() -> None:
    assert rows("epochs = nonsense")[1].frozen == 8
