"""Many pictures are predicted some at a time, with the answers that they have together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnspec
from nnspec.infer import portions

MODEL = """
model Small {
  input image: float[N, 3, 8, 8]
  Conv2d(4, 3) -> ReLU -> GlobalAvgPool2d -> Flatten
  output logits = Linear(5)
}
"""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    from PIL import Image

    random = np.random.default_rng(0)
    for index in range(7):
        Image.fromarray(random.integers(0, 255, (9, 9, 3), np.uint8)).save(tmp_path / f"{index}.png")
    return tmp_path


def test_portions_change_no_answer(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = nnspec.loads(MODEL)
    weights = model.to_torch().state_dict()
    together = model.predict(weights, pictures)
    monkeypatch.setattr(portions, "PORTION", 3)
    session = model.session(weights)
    groups = portions.by_portion(session, [(None, pictures)])
    assert [len(group.given) for group in groups] == [3, 3, 1]
    apart = model.predict(weights, pictures)
    assert [each.sample for each in apart] == [each.sample for each in together] == [f"{n}.png" for n in range(7)]
    for one, other in zip(apart, together, strict=True):
        found, wanted = one.answers["logits"].found, other.answers["logits"].found
        assert [each.name for each in found] == [each.name for each in wanted]
        assert [each.value for each in found] == pytest.approx([each.value for each in wanted], rel=1e-6)


def test_what_is_no_picture_among_many_is_told(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "PORTION", 3)
    model = nnspec.loads(MODEL)
    (pictures / "5.png").write_text("no picture")
    with pytest.raises(nnspec.SpecError, match=r"5\.png"):
        model.predict(model.to_torch().state_dict(), pictures)
