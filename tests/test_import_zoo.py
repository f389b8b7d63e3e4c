"""The round trip: a spec becomes PyTorch, that is imported, and the result computes the same from the same weights."""

from __future__ import annotations

import pytest

from tests.reference.outline import Outline
from tests.round_trip import back, entries, loaded

QUICK = ("zoo/espcn.nn", "zoo/vae.nn", "zoo/gru_regression.nn")
SLOW = (
    "zoo/squeezenet.nn", "zoo/mnasnet.nn", "zoo/dcgan_generator.nn", "zoo/dcgan_discriminator.nn", "zoo/unet.nn",
    "zoo/seq2seq.nn", "zoo/softmax_regression.nn", "zoo/ae_conv.nn", "zoo/vae_conv.nn", "zoo/dinov2.nn",
)  # fmt: skip


def comes_back(name: str) -> None:
    """Check the round trip of a spec."""
    model = loaded(entries()[name])
    outline = Outline()
    before, after = outline.of(model.program), outline.of(back(model))
    assert before == after, outline.difference(before, after)


@pytest.mark.parametrize("name", QUICK)
def test_a_spec_comes_back_through_pytorch(name: str) -> None:
    comes_back(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_larger_specs_come_back_through_pytorch(name: str) -> None:
    comes_back(name)
